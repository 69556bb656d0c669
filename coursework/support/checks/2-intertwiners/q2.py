from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 4
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_two_elements(symmetry_matrix):
    import torch
    import msr
    from msr.coursework import close, unchanged
    expected = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    close(unchanged(symmetry_matrix, msr.cyclic(2).table), expected, 'On C2 the layer is [[a, b], [b, a]] for the filter (a, b).')

