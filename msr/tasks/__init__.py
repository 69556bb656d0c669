"""Tasks: batches of them, and the distributions that they come from."""

from .batch import TaskBatch
from .distribution import Split, TaskDistribution
from .joint import Joint
from .letters import Letters
from .low_rank_1d import LowRank1d
from .omniglot import Omniglot
from .patches import ShuffledPatches
from .ring_winds import RingWinds
from .seeded import SeededTasks
from .span_tasks import SpanTasks
from .steerable_conv2d import SteerableConv2d

__all__ = [
    "Joint",
    "Letters",
    "LowRank1d",
    "Omniglot",
    "RingWinds",
    "SeededTasks",
    "ShuffledPatches",
    "SpanTasks",
    "Split",
    "SteerableConv2d",
    "TaskBatch",
    "TaskDistribution",
]
