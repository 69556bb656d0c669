from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_one_number(adapt):
    import torch
    from msr.coursework import close, unchanged
    one = torch.ones(1, dtype=torch.float64)
    X = one[:, None]
    close(unchanged(adapt, 0 * one, X, one, 0.25, 1), 0.5 * one, 'The loss is (w - 1)^2, whose derivative at 0 is -2.')

