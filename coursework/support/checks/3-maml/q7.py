from otter.test_files import test_case

OK_FORMAT = False

name = "q7"
points = 2
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_one_number(largest_step, my_limit):
    import torch
    from msr.coursework import as_tensor, close, unchanged
    close(unchanged(largest_step, torch.ones(1, 1, dtype=torch.float64)), 1.0, 'The loss is (w - y)^2. With a step of 1/2 it is at the minimum at once; with a step of 1 it jumps to the other side, and back.', what='the limit')
    assert as_tensor(my_limit, 'my_limit').numel() == 1, 'my_limit should be a number'

