from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_cyclic(group_convolution):
    import torch
    import msr
    from msr.coursework import close, unchanged
    table = msr.cyclic(3).table
    f = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    for shift in range(3):
        v = torch.eye(3, dtype=torch.float64)[shift]
        close(unchanged(group_convolution, table, v, f), f.roll(-shift), 'On C3, a filter with a single 1 shifts the signal.')

