"""Strategies that keep a critic Lipschitz, and the three settings that each is tuned over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tgan.lookup import look_up

# Every strategy is given as many trials as every other.
TRIALS = 3
_RATES = tuple(
    {"generator_optimizer.lr": rate, "critic_optimizer.lr": rate} for rate in (3e-4, 1e-3, 3e-3)
)
_BOUNDS = tuple({"constraint.maximum": bound} for bound in (0.01, 0.03, 0.1))


@dataclass(frozen=True)
class Strategy:
    """A constraint with the critic and the objective that go with it.

    Attributes:
        title: for tables.
        constraint: settings of `tgan.config.ConstraintConfig`.
        batch_norm: whether the critic has batch norms.
        critic: further settings of `tgan.config.CriticConfig`.
        objective: a key of `tgan.losses.OBJECTIVES`.
        trials: dotted settings, of which the best is chosen; `TRIALS` of them.
    """

    title: str
    constraint: dict[str, Any]
    batch_norm: bool
    objective: str = "wasserstein"
    trials: tuple[dict[str, Any], ...] = _RATES
    critic: dict[str, Any] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """The dotted settings of an experiment that this strategy fixes."""
        named = {f"constraint.{name}": value for name, value in self.constraint.items()}
        named |= {f"critic.{name}": value for name, value in self.critic.items()}
        return {"objective": self.objective, "critic.batch_norm": self.batch_norm} | named


CORE = {
    "none": Strategy("no constraint", {"name": "none"}, False),
    "none_bn": Strategy("no constraint, batch norm", {"name": "none"}, True),
    "weight_clip": Strategy("weight clipping", {"name": "weight_clip"}, False, trials=_BOUNDS),
    "weight_clip_bn": Strategy(
        "weight clipping, batch norm", {"name": "weight_clip"}, True, trials=_BOUNDS
    ),
    "svc": Strategy("SVC", {"name": "svc"}, False),
    "svc_bn": Strategy("SVC, batch norm (the paper)", {"name": "svc"}, True),
    "svc_certified": Strategy("certified SVC", {"name": "svc_certified"}, False),
    "spectral_norm": Strategy("spectral norm", {"name": "spectral_norm"}, False),
    "spectral_norm_bn": Strategy("spectral norm, batch norm", {"name": "spectral_norm"}, True),
    "wgan_gp": Strategy("gradient penalty (WGAN-GP)", {"name": "wgan_gp"}, False),
}
OTHERS = {
    "wgan_gp_every4": Strategy(
        "gradient penalty, every 4th update", {"name": "wgan_gp", "interval": 4}, False
    ),
    "wgan_gp_every16": Strategy(
        "gradient penalty, every 16th update", {"name": "wgan_gp", "interval": 16}, False
    ),
    "svc_plain_gains": Strategy(
        "SVC, batch norm, gains free", {"name": "svc", "clips_gains": False}, True
    ),
    "spectral_norm_conv": Strategy(
        "spectral norm of the convolution", {"name": "spectral_norm_conv"}, False
    ),
    "wgan_lp": Strategy("one-sided gradient penalty", {"name": "wgan_lp"}, False),
    "dragan": Strategy("DRAGAN", {"name": "dragan"}, False, "non_saturating"),
    "r1": Strategy("R1", {"name": "r1"}, False, "non_saturating"),
    "r3gan": Strategy("R1 + R2, relativistic (R3GAN)", {"name": "r1_r2"}, False, "relativistic"),
    "hinge_sn": Strategy(
        "spectral norm, hinge (SN-GAN)", {"name": "spectral_norm"}, False, "hinge"
    ),
    "orthonormal": Strategy("orthonormal regularisation", {"name": "orthonormal"}, False),
    "parseval": Strategy("Parseval", {"name": "parseval"}, False),
    "aol": Strategy("almost orthogonal layers", {"name": "aol"}, False),
}
STRATEGIES = CORE | OTHERS


def unconstrained(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A strategy's settings without its constraint: the same networks and losses to compare."""
    kept = {n: value for n, value in settings.items() if not n.startswith("constraint.")}
    return kept | {"constraint.name": "none"}


def strategies_named(names: str) -> dict[str, Strategy]:
    """The strategies of a comma-separated list; `core` and `all` stand for many.

    Raises:
        ValueError: no such strategy; the message lists the choices.
    """
    chosen: dict[str, Strategy] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        group = {"core": CORE, "all": STRATEGIES}.get(name)
        chosen |= group if group else {name: look_up(STRATEGIES, name, kind="strategy")}
    if not chosen:
        raise ValueError(
            "no strategy was named; choose from " + ", ".join(["core", "all", *STRATEGIES])
        )
    return chosen
