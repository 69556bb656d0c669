from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_small_tables(is_group):
    import torch
    from msr.coursework import unchanged
    addition = (torch.arange(4)[:, None] + torch.arange(4)) % 4
    assert unchanged(is_group, addition), 'addition modulo 4 is a group'
    subtraction = (torch.arange(4)[:, None] - torch.arange(4)) % 4
    assert not unchanged(is_group, subtraction), 'subtraction modulo 4 is no group: 0 - a is not a'
    doubling = torch.tensor([[0, 1, 2], [1, 0, 2], [2, 2, 2]])
    assert not unchanged(is_group, doubling), 'element 2 has no inverse here'
    shifted = (torch.arange(4)[:, None] + torch.arange(4) + 1) % 4
    assert unchanged(is_group, shifted), 'a + b + 1 modulo 4 is a group, with the identity 3'

