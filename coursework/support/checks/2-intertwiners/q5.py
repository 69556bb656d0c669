from otter.test_files import test_case

OK_FORMAT = False

name = "q5"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_two_elements(parameters_of_layer):
    import msr
    from msr.coursework import unchanged
    rho = msr.regular(msr.cyclic(2)).matrices.double()
    count = unchanged(parameters_of_layer, rho, rho)
    assert count == 2, 'layers of C2 have the form [[a, b], [b, a]]: 2 parameters'
    S3 = msr.symmetric(3)
    regular, trivial = (msr.regular(S3).matrices, msr.trivial(S3, 2).matrices)
    count = unchanged(parameters_of_layer, regular.double(), trivial.double())
    assert count == 2, 'from the regular representation of S3 to 2 invariant outputs: each output is a multiple of the sum'

