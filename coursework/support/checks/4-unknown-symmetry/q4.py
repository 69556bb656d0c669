from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_shifts(name_group, my_group):
    from msr.coursework import unchanged
    shifts = [[(i + s) % 8 for i in range(8)] for s in range(8)]
    assert unchanged(name_group, shifts) == 'C8', 'the shifts of 8 positions form C8'
    even = [[(i + s) % 8 for i in range(8)] for s in range(0, 8, 2)]
    assert unchanged(name_group, even) == 'C4', 'the even shifts form C4'
    names = ('C4', 'C2xC2', 'C8', 'C4xC2', 'C2xC2xC2', 'D4', 'Q8')
    assert my_group in names, f"my_group should be one of {', '.join(names)}"

