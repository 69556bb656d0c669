from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 3
all_or_nothing = True

@test_case(points=None, hidden=False)
def test_learner(learner, seed):
    import msr
    from msr.coursework import HiddenSymmetry
    assert isinstance(learner, msr.MetaLearner), 'learner should be an msr.MetaLearner'
    result = msr.meta_test(learner, HiddenSymmetry(seed, test_tasks=100), progress=False)
    assert result.mse < 0.08, f'the error on 100 test tasks is {result.mse:.3f}, not below 0.06 on average'

