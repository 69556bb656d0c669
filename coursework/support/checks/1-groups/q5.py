from otter.test_files import test_case

OK_FORMAT = False

name = "q5"
points = 4
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_squares(symmetries, mystery_symmetries):
    import torch
    import msr
    from msr.coursework import unchanged
    rho = msr.regular(msr.cyclic(4)).matrices
    x = torch.tensor([[1.0, 2.0, 3.0, 5.0]]).to(rho)
    found = unchanged(symmetries, torch.square, rho, rho, x)
    assert [int(g) for g in found] == [0, 1, 2, 3], 'squaring every entry respects all shifts'
    assert isinstance(mystery_symmetries, list), 'mystery_symmetries should be a list'
    for g in mystery_symmetries:
        assert g in range(8), 'the elements in mystery_symmetries should be integers, 0 to 7'
    assert 0 in mystery_symmetries, 'every map is equivariant to the identity'

