from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 4
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_no_step(meta_gradient):
    import torch
    from msr.coursework import close, unchanged
    X = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]], dtype=torch.float64)
    y = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    w = torch.zeros(2, dtype=torch.float64)
    close(unchanged(meta_gradient, w, (X, 0 * y), (X, y), 0.0), torch.tensor([-1.0, -2.0]), 'With a step size of 0 nothing adapts: what is the gradient of the query loss?', what='the meta-gradient')

