"""Meta-learning: a model that adapts to tasks, its training and its test."""

from .callbacks import CSVLog, TensorBoardLog, TrainingState
from .checkpoint import load_weights
from .evaluation import MetaTestResult, accuracy, meta_test
from .export import adapted_model
from .gradcheck import GradcheckReport, gradcheck
from .history import History
from .learner import MetaLearner
from .multitask import multitask_train
from .training import meta_train

__all__ = [
    "CSVLog",
    "GradcheckReport",
    "History",
    "MetaLearner",
    "MetaTestResult",
    "TensorBoardLog",
    "TrainingState",
    "accuracy",
    "adapted_model",
    "gradcheck",
    "load_weights",
    "meta_test",
    "meta_train",
    "multitask_train",
]
