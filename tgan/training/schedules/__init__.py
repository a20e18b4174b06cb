"""Schedules: the orders in which critic and generator are updated, by name."""

from dataclasses import fields

from tgan.config import TrainConfig
from tgan.lookup import look_up
from tgan.training.schedules.base import Alternating, Schedule, Simultaneous
from tgan.training.schedules.evolutionary import Evolutionary
from tgan.training.schedules.unrolled import Unrolled

SCHEDULES: dict[str, type[Schedule]] = {
    "simultaneous": Simultaneous,
    "alternating": Alternating,
    "unrolled": Unrolled,
    "evolutionary": Evolutionary,
}


def make_schedule(train: TrainConfig) -> Schedule:
    """The schedule that `train.schedule` names, with its settings.

    Raises:
        ValueError: no such schedule.
    """
    kind = look_up(SCHEDULES, train.schedule, kind="schedule")
    return kind(**{field.name: getattr(train, field.name) for field in fields(kind) if field.init})
