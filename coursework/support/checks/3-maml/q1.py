from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 2
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_at_the_minimum(gradient):
    import torch
    from msr.coursework import close, unchanged
    X = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    y = torch.tensor([1.0, 2.0], dtype=torch.float64)
    close(unchanged(gradient, y, X, y), torch.zeros(2), 'The model fits these targets exactly.', what='the gradient')

