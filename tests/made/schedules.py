"""What goes with which schedule, for tests of each schedule with all else."""

from tgan.constraints import CONSTRAINTS
from tgan.training.schedules import SCHEDULES

# Schedules whose critic has no constraint and no batch norm, since they differentiate its updates.
UNCONSTRAINED = ("unrolled",)
WITH_CONSTRAINTS = [name for name in SCHEDULES if name not in UNCONSTRAINED]
# Each schedule with each constraint that it takes.
PAIRS = [(name, constraint) for name in WITH_CONSTRAINTS for constraint in CONSTRAINTS]
PAIRS += [(name, "none") for name in UNCONSTRAINED]
RECORDABLE = [name for name, kind in SCHEDULES.items() if kind.is_recordable]
IN_FP16 = [name for name, kind in SCHEDULES.items() if kind.trains_in_fp16]
