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
    close(unchanged(averaged, x), torch.tensor([[1.0, 2.0]]), 'Found with C2 exchanging two entries, f(x) = (x_0, 0) and x = (2, 4): the average has half of each entry.')
    rho = msr.regular(msr.cyclic(3)).matrices.double()
    keep = torch.tensor([0.0, 1.0, 0.0]).double()
    averaged = unchanged(symmetrize, lambda x: x.roll(1, 1) * keep.to(x), rho, rho)
    close(averaged(torch.tensor([[3.0, 6.0, 9.0]]).double()), torch.tensor([[3.0, 1.0, 2.0]]), 'Found with C3 shifting three entries, and a map that writes x_0 to place 1 and 0 elsewhere.')

