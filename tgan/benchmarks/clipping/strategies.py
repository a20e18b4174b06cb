"""The arms: what is compared, and the three settings that each is tuned over."""

from dataclasses import dataclass
from typing import Any

from tgan.lookup import look_up

# Every arm is given as many trials as every other.
TRIALS = 3
_RATES = tuple(
    {"generator_optimizer.lr": rate, "critic_optimizer.lr": rate} for rate in (3e-4, 1e-3, 3e-3)
)
_BOUNDS = tuple({"constraint.maximum": bound} for bound in (0.01, 0.03, 0.1))


@dataclass(frozen=True)
class Arm:
    """One strategy, as it is declared to the benchmark.

    Attributes:
        title: for tables.
        constraint: settings of `tgan.config.ConstraintConfig`.
        batch_norm: whether the critic has batch norms.
        objective: a key of `tgan.losses.OBJECTIVES`.
        trials: dotted settings, of which the best is chosen; `TRIALS` of them.
    """

    title: str
    constraint: dict[str, Any]
    batch_norm: bool
    objective: str = "wasserstein"
    trials: tuple[dict[str, Any], ...] = _RATES

    def settings(self) -> dict[str, Any]:
        """Dotted settings of an experiment that this arm fixes."""
        named = {f"constraint.{name}": value for name, value in self.constraint.items()}
        return {"objective": self.objective, "critic.batch_norm": self.batch_norm} | named


CORE = {
    "none": Arm("no constraint", {"name": "none"}, False),
    "none_bn": Arm("no constraint, batch norm", {"name": "none"}, True),
    "weight_clip": Arm("weight clipping", {"name": "weight_clip"}, False, trials=_BOUNDS),
    "weight_clip_bn": Arm(
        "weight clipping, batch norm", {"name": "weight_clip"}, True, trials=_BOUNDS
    ),
    "svc": Arm("SVC", {"name": "svc"}, False),
    "svc_bn": Arm("SVC, batch norm (the paper)", {"name": "svc"}, True),
    "svc_certified": Arm("certified SVC", {"name": "svc_certified"}, False),
    "spectral_norm": Arm("spectral norm", {"name": "spectral_norm"}, False),
    "spectral_norm_bn": Arm("spectral norm, batch norm", {"name": "spectral_norm"}, True),
    "wgan_gp": Arm("gradient penalty (WGAN-GP)", {"name": "wgan_gp"}, False),
}
OTHERS = {
    "svc_plain_gains": Arm(
        "SVC, batch norm, gains free", {"name": "svc", "clips_gains": False}, True
    ),
    "spectral_norm_conv": Arm(
        "spectral norm of the convolution", {"name": "spectral_norm_conv"}, False
    ),
    "wgan_lp": Arm("one-sided gradient penalty", {"name": "wgan_lp"}, False),
    "dragan": Arm("DRAGAN", {"name": "dragan"}, False, "non_saturating"),
    "r1": Arm("R1", {"name": "r1"}, False, "non_saturating"),
    "r3gan": Arm("R1 + R2, relativistic (R3GAN)", {"name": "r1_r2"}, False, "relativistic"),
    "hinge_sn": Arm("spectral norm, hinge (SN-GAN)", {"name": "spectral_norm"}, False, "hinge"),
    "orthonormal": Arm("orthonormal regularisation", {"name": "orthonormal"}, False),
    "parseval": Arm("Parseval", {"name": "parseval"}, False),
    "aol": Arm("almost orthogonal layers", {"name": "aol"}, False),
}
ARMS = CORE | OTHERS


def arms_named(names: str) -> dict[str, Arm]:
    """The arms of a comma-separated list; `core` and `all` stand for many.

    Raises:
        ValueError: no such arm; the message lists the choices.
    """
    chosen: dict[str, Arm] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        group = {"core": CORE, "all": ARMS}.get(name)
        chosen |= group if group else {name: look_up(ARMS, name, kind="strategy")}
    if not chosen:
        raise ValueError("no strategy was named; choose from " + ", ".join(["core", "all", *ARMS]))
    return chosen
