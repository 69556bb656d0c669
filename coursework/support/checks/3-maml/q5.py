from otter.test_files import test_case

OK_FORMAT = False

name = "q5"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_linear(finite_differences):
    import torch
    from msr.coursework import close, unchanged
    slope = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)
    close(unchanged(finite_differences, lambda w: slope.to(w) @ w, 0 * slope), slope, 'The function is linear: its gradient is its slope.', what='the gradient')

