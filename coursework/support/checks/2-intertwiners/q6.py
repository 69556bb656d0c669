from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_cyclic(belongs, mystery_group):
    import torch
    import msr
    from msr.coursework import unchanged
    group = msr.cyclic(4)
    U = msr.group_convolution_matrix(group).double()
    assert unchanged(belongs, U, group.table), 'convolution on C4 respects C4'
    dense = torch.eye(16, dtype=torch.float64)
    assert not unchanged(belongs, dense, group.table), 'U = I says that nothing is shared: such layers respect no group'
    S3 = msr.symmetric(3)
    U = msr.group_convolution_matrix(S3).double()
    assert unchanged(belongs, U, S3.table), 'convolution on S3 respects S3'
    assert mystery_group in ('C8', 'C4xC2', 'C2xC2xC2', 'D4', 'Q8'), 'mystery_group should be one of the five names'

