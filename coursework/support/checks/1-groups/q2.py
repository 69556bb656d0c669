from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 2
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_one_exchange(permutation_matrices):
    import torch
    from msr.coursework import as_tensor, close, unchanged
    action = torch.tensor([[0, 1, 2], [1, 0, 2]])
    expected = torch.tensor([[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 1, 0], [1, 0, 0], [0, 0, 1]]])
    close(unchanged(permutation_matrices, action), expected, 'These are the identity and the exchange of points 0 and 1.')
    cycle = unchanged(permutation_matrices, torch.tensor([[1, 2, 0]]))
    close(as_tensor(cycle)[0] @ torch.tensor([1.0, 0.0, 0.0]).double(), torch.tensor([0.0, 1.0, 0.0]), 'The action [1, 2, 0] moves point 0 to point 1.', what='the matrix of [1, 2, 0] times the vector of point 0')

