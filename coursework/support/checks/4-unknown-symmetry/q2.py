from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_shape(space):
    import torch
    from msr.coursework import as_tensor
    basis = as_tensor(space, 'space')
    assert tuple(basis.shape) == (64, basis.shape[-1]), f'space should have shape (64, dimension), got {tuple(basis.shape)}'
    assert basis.shape[1] in range(1, 64), 'a symmetry leaves fewer than 64 dimensions'
    rank = int(torch.linalg.matrix_rank(basis, rtol=0.0001))
    assert rank == basis.shape[1], f'the columns of space are linearly dependent: {basis.shape[1]} columns of rank {rank}'

