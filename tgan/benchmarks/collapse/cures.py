"""Cures for mode collapse: what each changes of a plain GAN, and what was published of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tgan.lookup import look_up

# What cures change: the generator of Goodfellow et al. 2014 maximises log D(G(z)).
PLAIN = {"objective": "non_saturating", "constraint.name": "none"}


@dataclass(frozen=True)
class Cure:
    """What is changed of a plain GAN against mode collapse.

    Attributes:
        title: for tables.
        changed: dotted settings in place of those of a plain GAN.
        on_toys: further ones on points in the plane.
        published: by mixture, modes, share of good samples and reverse KL as papers have them.
    """

    title: str
    changed: Mapping[str, Any] = field(default_factory=dict)
    on_toys: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[str, str] = field(default_factory=dict)

    def settings(self) -> dict[str, Any]:
        """The dotted settings of an experiment that this cure fixes."""
        return PLAIN | dict(self.changed)


# Lin et al. 2018 (PacGAN), Table 1, and Srivastava et al. 2017 (VEEGAN), Table 1, which has no KL.
CURES = {
    "plain": Cure(
        "plain GAN",
        published={
            "ring": "6.3 ± 0.5, 98 %, 0.45 (PacGAN); 1, 99 % (VEEGAN)",
            "grid": "17.3 ± 0.8, 95 %, 0.70 (PacGAN); 3.3, 0.5 % (VEEGAN)",
        },
    ),
    "minimax": Cure("minimax loss", {"objective": "minimax"}),
    "least_squares": Cure("least squares", {"objective": "least_squares"}),
    # Gulrajani et al. 2017 have a weight of 0.1 in the plane.
    "wgan_gp": Cure(
        "gradient penalty (WGAN-GP)",
        {"objective": "wasserstein", "constraint.name": "wgan_gp", "critic.batch_norm": False},
        {"constraint.weight": 0.1},
    ),
    "spectral_norm": Cure("spectral norm", {"constraint.name": "spectral_norm"}),
    "minibatch_discrimination": Cure(
        "minibatch discrimination", {"critic.sees_batch": "discrimination"}
    ),
    "minibatch_deviation": Cure("minibatch deviation", {"critic.sees_batch": "deviation"}),
    "feature_matching": Cure("feature matching", {"objective": "feature_matching"}),
    "feature_matching_added": Cure(
        "feature matching, added", {"train.feature_matching_weight": 1.0}
    ),
    "pack2": Cure(
        "packs of 2 (PacGAN2)",
        {"critic.packs": 2},
        published={
            "ring": "7.9 ± 0.1, 96 %, 0.07 (PacGAN)",
            "grid": "23.8 ± 0.7, 91 %, 0.13 (PacGAN)",
        },
    ),
    "pack3": Cure("packs of 3 (PacGAN3)", {"critic.packs": 3}, published={"grid": "24.6 (PacGAN)"}),
    "pack4": Cure(
        "packs of 4 (PacGAN4)",
        {"critic.packs": 4},
        published={"grid": "24.8 ± 0.2, 94 %, 0.04 (PacGAN)"},
    ),
    "unrolled": Cure(
        "unrolled, 5 updates",
        {"train.schedule": "unrolled", "train.unroll": 5, "critic.batch_norm": False},
        published={"ring": "7.6, 36 % (VEEGAN)", "grid": "23.6, 16 % (VEEGAN)"},
    ),
    # Beside its three mutations alone: minimax, plain (its heuristic one), and the next row.
    "evolutionary": Cure("E-GAN", {"train.schedule": "evolutionary"}),
    "evolutionary_least_squares": Cure(
        "E-GAN's least squares alone",
        {"train.schedule": "evolutionary", "train.mutations": ["least_squares"]},
    ),
}


def cures_named(names: str) -> dict[str, Cure]:
    """The cures of a comma-separated list; `all` stands for every one.

    Raises:
        ValueError: no such cure; the message lists the choices.
    """
    chosen: dict[str, Cure] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        chosen |= CURES if name == "all" else {name: look_up(CURES, name, kind="cure")}
    if not chosen:
        raise ValueError("no cure was named; choose from " + ", ".join(["all", *CURES]))
    return chosen
