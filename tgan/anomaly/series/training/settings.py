"""Settings of a TadGAN: its networks, its objective and its training."""

import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Integral

from torch import nn

from tgan._moved import moved_names
from tgan.anomaly.series.networks.layers import HidesMiddle, Shape
from tgan.anomaly.series.networks.tables import DECODERS, ENCODERS, LATENT_CRITICS, WINDOW_CRITICS
from tgan.anomaly.series.training.steps import RECONSTRUCTION
from tgan.constraints import CONSTRAINTS, Constraint
from tgan.constraints.constrain import make_constraint
from tgan.lookup import look_up
from tgan.losses import OBJECTIVES

# Of Orion, for NAB.
PASSES = 35

__getattr__ = moved_names(__name__, {"CONFIGURATIONS": "tgan.anomaly.series.presets:PRESETS"})

_COUNTS = ("window", "channels", "latent_size", "batch_size", "n_critic")


@dataclass(frozen=True)
class TadGANSettings:
    """Settings of a TadGAN; the defaults are the published ones.

    Attributes:
        window: W, steps of a window.
        channels: C.
        hidden: steps in the middle of a window that the encoder does not see, see `HidesMiddle`.
            Reconstructions then consist of these steps alone, but for the ends of a series.
            0 for none, as published.
        latent_size: K.
        encoder, decoder, window_critic, latent_critic: names in the tables of
            `tgan.anomaly.series.networks.tables`.
        encoder_settings, decoder_settings, window_critic_settings, latent_critic_settings:
            settings of those beside the sizes above, such as `units` and `dropout`.
        objective: a name in `tgan.losses.OBJECTIVES`, of one with a loss of the generator's.
        constraint: a name in `tgan.constraints.CONSTRAINTS`, of both critics. A window critic of
            `lstm` refuses those that compute weights from others, and is not certified by any
            other: they bound matrices, not the recurrence.
        constraint_settings: its settings.
        steps: updates of encoder and decoder; None for 35 passes, see `steps_of`.
        batch_size: windows of a batch.
        n_critic: updates of either critic per update of encoder and decoder.
        reuses_last: see `tgan.anomaly.series.training.steps.cycle_step`.
        reconstruction: weight of the mean squared error.
        per_variance: whether that error is divided by the variance of the training windows, so
            that its weight has the same meaning for every signal.
        learning_rate, beta1, beta2: of the three Adam optimisers.
        critic_learning_rate: of the critics' optimisers; None for the same.
        cooldown: last share of the steps, in [0, 1], in which the learning rate falls linearly
            to 0.
        starts_from_components: whether a dense encoder and decoder start as the principal
            component analysis of the training windows, see `start_from_components`.
        bf16: whether networks compute in bfloat16 during training; weights, losses and the
            norms of gradient penalties stay in float32.

    Raises:
        ValueError: an unknown name, or a number out of its range. Networks and constraints check
            their own settings when they are built.

    Example:
        >>> settings = TadGANSettings(window=50, latent_size=8, constraint="svc")
        >>> TadGANDetector(settings).fit(normal)

    Source: Geiger et al. 2020 as its authors' Orion 0.7.1 has it.
    """

    window: int = 100
    channels: int = 1
    hidden: int = 0
    latent_size: int = 20
    encoder: str = "lstm"
    decoder: str = "lstm"
    window_critic: str = "conv"
    latent_critic: str = "mlp"
    encoder_settings: Mapping[str, float] = field(default_factory=dict)
    decoder_settings: Mapping[str, float] = field(default_factory=dict)
    window_critic_settings: Mapping[str, float] = field(default_factory=dict)
    latent_critic_settings: Mapping[str, float] = field(default_factory=dict)
    objective: str = "wasserstein"
    constraint: str = "wgan_gp"
    constraint_settings: Mapping[str, float | str | bool] = field(default_factory=dict)
    steps: int | None = None
    batch_size: int = 64
    n_critic: int = 5
    reuses_last: bool = True
    reconstruction: float = RECONSTRUCTION
    per_variance: bool = False
    learning_rate: float = 5e-4
    critic_learning_rate: float | None = None
    beta1: float = 0.9
    beta2: float = 0.999
    cooldown: float = 0.0
    starts_from_components: bool = False
    bf16: bool = False

    def __post_init__(self) -> None:
        for name in (*_COUNTS, "hidden", "steps"):
            value = getattr(self, name)
            if isinstance(value, Integral) and not isinstance(value, bool):
                # NumPy's numbers are kept as Python's, which JSON can hold.
                object.__setattr__(self, name, int(value))
        for name in _COUNTS:
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ValueError(f"{name} {value} of a TadGAN is no whole number from 1")
        if self.steps is not None and not (type(self.steps) is int and self.steps >= 0):
            raise ValueError(f"steps {self.steps} of a TadGAN are no whole number from 0")
        if not (type(self.hidden) is int and 0 <= self.hidden < self.window):
            raise ValueError(
                f"hidden {self.hidden} of a TadGAN is not in [0, {self.window}), its window"
            )
        if self.hidden and (self.window - self.hidden) % 2:
            raise ValueError(
                f"hidden {self.hidden} steps do not lie in the middle of a window of {self.window}"
            )
        for name in ("learning_rate", "critic_learning_rate", "reconstruction"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} {value} of a TadGAN is not positive")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} {getattr(self, name)} of a TadGAN is not in [0, 1)")
        if not 0 <= self.cooldown <= 1:
            raise ValueError(f"cooldown {self.cooldown} of a TadGAN is not in [0, 1]")
        if self.starts_from_components and (self.encoder, self.decoder) != ("dense", "dense"):
            raise ValueError(
                "only a dense encoder and a dense decoder start from components; "
                f"these are {self.encoder} and {self.decoder}"
            )
        with_losses = {name: each for name, each in OBJECTIVES.items() if each.generator}
        look_up(with_losses, self.objective, kind="objective")
        self.make_constraint()
        for kind, table in NETWORKS.items():
            settings = getattr(self, f"{kind}_settings")
            _check(table, getattr(self, kind), settings, kind=kind.replace("_", " "))

    @property
    def margin(self) -> int:
        """Steps on either side of the hidden ones; 0 if none are hidden."""
        return (self.window - self.hidden) // 2 if self.hidden else 0

    def learning_rate_of(self, player: str) -> float:
        """Return the learning rate of `autoencoder`, `window_critic` or `latent_critic`."""
        own = None if player == "autoencoder" else self.critic_learning_rate
        return self.learning_rate if own is None else own

    def steps_of(self, windows: int) -> int:
        """Count the updates of encoder and decoder for a number of training windows.

        Source: Orion's training for NAB, 35 passes of whole steps each; the rest of a pass is
        dropped.
        """
        if self.steps is not None:
            return self.steps
        return max(1, PASSES * (windows // (self.batch_size * self.n_critic)))

    def networks(self) -> dict[str, nn.Module]:
        """Build the four networks: `encoder`, `decoder`, `window_critic`, `latent_critic`.

        Their weights come from the global generator: seed it.

        Raises:
            ValueError: a setting of a network is out of range.
        """
        shape = Shape(self.window, self.channels, self.latent_size)
        networks = {
            kind: table[getattr(self, kind)](shape, **getattr(self, f"{kind}_settings"))
            for kind, table in NETWORKS.items()
        }
        if self.hidden:
            networks["encoder"] = HidesMiddle(
                networks["encoder"], window=self.window, hidden=self.hidden
            )
        return networks

    def make_constraint(self) -> Constraint:
        """Make a constraint for one critic, to be attached to it.

        Raises:
            ValueError: it has no such setting, or one is out of range.
        """
        return make_constraint(CONSTRAINTS, self.constraint, self.constraint_settings)


# Where each network is looked up.
NETWORKS = {
    "encoder": ENCODERS,
    "decoder": DECODERS,
    "window_critic": WINDOW_CRITICS,
    "latent_critic": LATENT_CRITICS,
}


def _check(table: Mapping, name: str, settings: Mapping, *, kind: str) -> None:
    """Raise a ValueError for an unknown name, or for a setting that its member does not have."""
    accepted = dict(inspect.signature(look_up(table, name, kind=kind)).parameters)
    accepted.pop("shape", None)
    for setting in settings:
        look_up(accepted, setting, kind=f"setting of {kind} '{name}'")
