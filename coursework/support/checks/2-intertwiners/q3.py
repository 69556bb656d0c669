from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_two_elements(project):
    import itertools
    import torch
    import msr
    from msr.coursework import as_tensor, close, unchanged
    rho = msr.regular(msr.cyclic(2)).matrices.double()
    W = torch.tensor([[2.0, 4.0], [0.0, 0.0]], dtype=torch.float64)
    expected = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
    close(unchanged(project, rho, rho, W), expected, 'Intertwiners of C2 have the form [[a, b], [b, a]].')
    group = msr.symmetric(3)
    rho_in = msr.regular(group).matrices.double()
    rho_out = msr.permutation_representation(group, list(itertools.permutations(range(3)))).matrices.double()
    W = torch.arange(18.0).reshape(3, 6).double().square()
    P = as_tensor(unchanged(project, rho_in, rho_out, W))
    assert P.shape == W.shape, f'expected shape {tuple(W.shape)}, got {tuple(P.shape)}'
    for g in range(6):
        close(P @ rho_in[g], rho_out[g] @ P, 'Found with S3, 6 inputs and 3 outputs: it does not commute.', what='the projected matrix, after a group element,')

