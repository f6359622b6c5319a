"""Training: one loop for all models whose parameters follow gradients.

:func:`train` climbs an objective (:mod:`lvmlib.objectives`) in stages of a learning rate each; its run can be
kept in a folder, interrupted, and gone on with bit for bit.
"""

from lvmlib.training.averaging import WeightAverage
from lvmlib.training.checkpoint import CheckpointError, load_weights
from lvmlib.training.guarded_step import TrainingError
from lvmlib.training.log import EpochRecord, read_log
from lvmlib.training.loop import TrainingResult, train
from lvmlib.training.parallel import Objective, process_group
from lvmlib.training.precision import products_in_bfloat16
from lvmlib.training.presentation import BinarizedAfresh, Presentation
from lvmlib.training.stages import Schedule, Stage, iwae_stages

__all__ = [
    "BinarizedAfresh",
    "CheckpointError",
    "EpochRecord",
    "Objective",
    "Presentation",
    "Schedule",
    "Stage",
    "TrainingError",
    "TrainingResult",
    "WeightAverage",
    "iwae_stages",
    "load_weights",
    "process_group",
    "products_in_bfloat16",
    "read_log",
    "train",
]
