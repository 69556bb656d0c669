from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_signs(is_representation):
    import torch
    import msr
    from msr.coursework import unchanged
    table = msr.cyclic(2).table
    sign = torch.tensor([[[1.0]], [[-1.0]]])
    assert unchanged(is_representation, table, sign), '1 and -1 represent C2'
    double = torch.tensor([[[1.0]], [[2.0]]])
    assert not unchanged(is_representation, table, double), '2 times 2 is not 1'
    S3 = msr.symmetric(3)
    regular = msr.regular(S3).matrices.double()
    assert unchanged(is_representation, S3.table, regular), 'the regular representation of S3 is one'
    assert not unchanged(is_representation, S3.table, regular.mT.clone()), 'the transposed matrices multiply in the opposite order'

