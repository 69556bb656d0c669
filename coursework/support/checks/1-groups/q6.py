from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 4
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_two_elements(symmetrize):
    import torch
    import msr
    from msr.coursework import close, unchanged
    rho = msr.regular(msr.cyclic(2)).matrices
    first = torch.tensor([1.0, 0.0]).to(rho)
    averaged = unchanged(symmetrize, lambda x: x * first.to(x), rho, rho)
    assert callable(averaged), 'symmetrize should return a function'
    x = torch.tensor([[2.0, 4.0]]).to(rho)
    close(unchanged(averaged, x), torch.tensor([[1.0, 2.0]]), 'Looking at the first entry, and at the second, half of each.')

