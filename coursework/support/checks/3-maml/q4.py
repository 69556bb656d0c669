from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_linear_loss(maml_gradient):
    import torch
    from msr.coursework import close, unchanged
    w = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    answer = unchanged(maml_gradient, lambda p, data: data * p[0].sum(), [w], 2.0, 5.0, 0.1, 3)
    assert isinstance(answer, list | tuple), 'a list of tensors, one per parameter'
    close(answer[0], torch.tensor([5.0]), 'The loss is data * w, so its derivative is the data: 2 on the support set and 5 on the query set. Inner steps do not change that of the query loss.', what='the gradient')

