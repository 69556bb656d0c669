from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 4
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_shifts(commuting_permutations, my_symmetries, pairs_only):
    import msr
    from msr.coursework import as_permutations, as_tensor, unchanged
    group = msr.cyclic(8)
    basis = msr.group_convolution_matrix(group).double()
    found = unchanged(commuting_permutations, basis)
    found = as_permutations(found)
    shifts = sorted(([(i + s) % 8 for i in range(8)] for s in range(8)))
    assert found == shifts, f'convolution on a circle of 8 commutes with its 8 shifts only: {len(found)} are found, {sum((p in shifts for p in found))} of them shifts'
    assert list(range(8)) in as_permutations(my_symmetries), 'the identity commutes with everything: it should be in my_symmetries'
    assert len(as_tensor(pairs_only, 'pairs_only')) == 64, 'pairs_only should have 64 rows, one for each entry of a matrix'

