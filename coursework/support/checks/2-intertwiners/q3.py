from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_two_elements(project):
    import torch
    import msr
    from msr.coursework import close, unchanged
    rho = msr.regular(msr.cyclic(2)).matrices.double()
    W = torch.tensor([[2.0, 4.0], [0.0, 0.0]], dtype=torch.float64)
    expected = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
    close(unchanged(project, rho, rho, W), expected, 'Intertwiners of C2 have the form [[a, b], [b, a]].')

