from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 4
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_shifts(equivariance_error):
    import torch
    import msr
    from msr.coursework import close, unchanged
    rho = msr.regular(msr.cyclic(4)).matrices
    x = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 0.0, 0.0]]).to(rho)
    errors = unchanged(equivariance_error, lambda x: x.roll(1, 1), rho, rho, x)
    close(errors, torch.zeros(4), 'Shifting commutes with shifts: all errors are 0.')
    weights = torch.tensor([1.0, 0.0, 0.0, 0.0]).to(rho)
    errors = unchanged(equivariance_error, lambda x: x * weights.to(x), rho, rho, x)
    close(errors[0], 0.0, 'The identity changes nothing.', what='the error at e')
    assert float(errors[1]) > 0.1, 'a map that looks at one place only is not equivariant to shifts'
    rho = msr.regular(msr.symmetric(3)).matrices.double()
    x = torch.tensor([[1, 2, 4, 8, 16, 32], [1, 0, 0, 0, 0, 0]]).double()
    close(unchanged(equivariance_error, lambda x: x.cumsum(1), rho, rho, x), torch.tensor([0.0, 0.969, 0.552, 1.4, 1.275, 1.582]), 'Found with S3 and the running sum. What acts on rows from the right? What is summed before the root is taken? What is divided by?', what='the error', scale=50.0)

