from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 4
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_two_elements(intertwiners):
    import torch
    import msr
    from msr.coursework import same_span, unchanged
    rho = msr.regular(msr.cyclic(2)).matrices.double()
    expected = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    same_span(unchanged(intertwiners, rho, rho), expected, 'Intertwiners of C2 have the form [[a, b], [b, a]].')

