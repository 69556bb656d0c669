"""Learn which symmetry data has, by learning how weights are shared: vec(W) = U v.

The package of the book *Learning Symmetries*, after Zhou, Knowles, Finn:
Meta-Learning Symmetries by Reparameterization (ICLR 2021).
"""

from .batch import TaskBatch
from .checkpoint import CheckpointError
from .convolution import conv1d_matrix, group_convolution_matrix, principal_angles
from .engines import CellFailed, WorkersLost
from .equivariance import equivariance_error
from .evaluation import MetaTestResult, meta_test
from .groups import (
    FiniteGroup,
    alternating,
    cyclic,
    dihedral,
    direct_product,
    permutation_group,
    quaternion,
    small_groups,
    symmetric,
)
from .history import Diverged, History
from .inner import GradientDescent, InnerLoop
from .layers import LocallyConnected1d, UnfoldConv2d
from .learner import MetaLearner
from .losses import mean_squared_error
from .low_rank import LowRank1d
from .multitask import multitask_train
from .provenance import provenance
from .recorded import (
    escnn_kernel_basis,
    paper_table,
    recorded_benchmarks,
    recorded_results,
)
from .reparameterize import adapted_parameters, reparameterize, symmetry_matrices
from .report import table_markdown, table_text
from .representations import (
    Representation,
    direct_sum,
    intertwiner_basis,
    intertwiner_dimension,
    permutation_representation,
    regular,
    reynolds,
    trivial,
)
from .reproduction import reproduce
from .results import Results, ResultsError
from .ridge import Ridge
from .steerable import steerable_kernels
from .steerable_tasks import SteerableConv2d
from .sweep import Sweep, sweep
from .symmetry import DenseSymmetry, KroneckerSymmetry, SymmetryMatrix
from .tasks import Joint, TaskDistribution
from .training import meta_train

__version__ = "0.1.0"

__all__ = [
    "CellFailed",
    "CheckpointError",
    "DenseSymmetry",
    "Diverged",
    "FiniteGroup",
    "GradientDescent",
    "History",
    "InnerLoop",
    "Joint",
    "KroneckerSymmetry",
    "LocallyConnected1d",
    "LowRank1d",
    "MetaLearner",
    "MetaTestResult",
    "Representation",
    "Results",
    "ResultsError",
    "Ridge",
    "SteerableConv2d",
    "Sweep",
    "SymmetryMatrix",
    "TaskBatch",
    "TaskDistribution",
    "UnfoldConv2d",
    "WorkersLost",
    "adapted_parameters",
    "alternating",
    "conv1d_matrix",
    "cyclic",
    "dihedral",
    "direct_product",
    "direct_sum",
    "equivariance_error",
    "escnn_kernel_basis",
    "group_convolution_matrix",
    "intertwiner_basis",
    "intertwiner_dimension",
    "mean_squared_error",
    "meta_test",
    "meta_train",
    "multitask_train",
    "paper_table",
    "permutation_group",
    "permutation_representation",
    "principal_angles",
    "provenance",
    "quaternion",
    "recorded_benchmarks",
    "recorded_results",
    "regular",
    "reparameterize",
    "reproduce",
    "reynolds",
    "small_groups",
    "steerable_kernels",
    "sweep",
    "symmetric",
    "symmetry_matrices",
    "table_markdown",
    "table_text",
    "trivial",
]
