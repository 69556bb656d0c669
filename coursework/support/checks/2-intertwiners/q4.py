from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 4
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_two_elements(intertwiners):
    import torch
    import msr
    from msr.coursework import as_tensor, close, same_span, unchanged
    rho = msr.regular(msr.cyclic(2)).matrices.double()
    expected = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    same_span(unchanged(intertwiners, rho, rho), expected, 'Intertwiners of C2 have the form [[a, b], [b, a]].')
    invariant = msr.trivial(msr.cyclic(2)).matrices.double()
    U = unchanged(intertwiners, rho, invariant)
    same_span(U, torch.ones(2, 1), 'Invariant linear maps of two entries: [a, a].')
    close(as_tensor(U).square().sum(0), torch.ones(1), 'Columns should have length 1.', what='the squared length of the column')

