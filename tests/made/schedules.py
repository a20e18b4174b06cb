"""What goes with which schedule, for tests of each schedule with all else."""

import pytest

from tgan.constraints import CONSTRAINTS
from tgan.training.schedules import SCHEDULES

# Schedules whose critic has no constraint and no batch norm, since they differentiate its updates.
UNCONSTRAINED = ("unrolled",)
WITH_CONSTRAINTS = [name for name in SCHEDULES if name not in UNCONSTRAINED]
# Each schedule with each constraint that it takes.
PAIRS = [(name, constraint) for name in WITH_CONSTRAINTS for constraint in CONSTRAINTS]
PAIRS += [(name, "none") for name in UNCONSTRAINED]
# The same, where a step of several children is minutes beside the others: all but two are slow.
_QUICK = ("none", "wgan_gp")
PAIRS_BUT_SLOW = [
    pytest.param(*pair, marks=pytest.mark.slow)
    if pair[0] == "evolutionary" and pair[1] not in _QUICK
    else pair
    for pair in PAIRS
]
RECORDABLE = [name for name, kind in SCHEDULES.items() if kind.is_recordable]
IN_FP16 = [name for name, kind in SCHEDULES.items() if kind.trains_in_fp16]
