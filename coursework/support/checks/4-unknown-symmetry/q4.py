from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_shifts(largest_group, my_group, cannot_tell):
    from msr.coursework import as_permutations, unchanged
    shifts = [[(i + s) % 5 for i in range(5)] for s in range(5)]
    found = as_permutations(unchanged(largest_group, shifts), 5)
    assert found == shifts, 'only the 5 shifts of a circle of 5 commute with all convolutions on it'
    names = ('C4', 'C2 x C2', 'C8', 'C2 x C4', 'C2 x C2 x C2', 'D4', 'Q8')
    assert my_group in names, f"my_group should be one of {', '.join(names)}"
    number = len(as_permutations(cannot_tell, 4))
    assert 0 < number < 24, f'cannot_tell should have fewer than 24 elements, got {number}'

