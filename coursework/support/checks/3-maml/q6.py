from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_no_step(sharing_gradient):
    import torch
    from msr.coursework import close, unchanged
    U = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    v = torch.tensor([2.0], dtype=torch.float64)
    data = (torch.tensor([[1.0, 1.0]], dtype=torch.float64), torch.tensor([[1.0]], dtype=torch.float64))
    close(unchanged(sharing_gradient, U, v, data, data, 0.0), torch.tensor([[4.0], [4.0]]), 'With lr = 0 the filter stays: W = [[2, 0]], the output is 2, the target 1.', what='the gradient')

