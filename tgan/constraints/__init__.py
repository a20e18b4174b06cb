"""Strategies that keep a critic Lipschitz, each one class behind the same three hooks."""

from tgan.constraints.base import Constraint
from tgan.constraints.clipping import SingularValueClip, WeightClip

CONSTRAINTS = {
    "none": Constraint,
    "weight_clip": WeightClip,
    "svc": SingularValueClip,
}

__all__ = ["CONSTRAINTS", "Constraint", "SingularValueClip", "WeightClip"]
