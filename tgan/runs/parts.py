"""Parts of an experiment that come from Python instead of its configuration."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from tgan.config import Config, ConstraintConfig
from tgan.config.names import OWN
from tgan.constraints import Constraint
from tgan.data.clips import ClipSource
from tgan.data.own.source import as_source
from tgan.losses import Objective
from tgan.models.conditions import conditioning_of
from tgan.models.modes import evaluating
from tgan.runs.classifying import Classifier

# Both losses of an objective: of real and fake scores (N,), to a scalar.
Losses = tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Any, Tensor], Tensor]]


@dataclass(frozen=True)
class Parts:
    """What a user hands over; None leaves a part to the configuration.

    Attributes:
        source, held_out: clips to train on, and clips that training never sees.
        generator: maps latents (N, generator.z_slow), and conditions, to videos
            (N, C, T, H, W) in [-1, 1].
        critic: maps videos, and conditions, to scores (N,). Real and fake videos are scored in one
            pass where it has an attribute `mixes_samples` that is false: no score depends on other
            videos of its batch. Feature matching asks it for `features` (N, K) of videos,
            train.cross_entropy_weight for `logits` (N, classes) of them.
        objective: the losses of critic and generator.
        constraint: what keeps the critic Lipschitz; it is attached when training is set up.
    """

    source: ClipSource | None = None
    held_out: ClipSource | None = None
    generator: nn.Module | None = None
    critic: nn.Module | None = None
    objective: Objective | None = None
    constraint: Constraint | None = None

    def copy_of(self, name: str, build: Callable[[], Any]) -> Any:
        """A part, copied if it is a network, so that the user's own keeps its weights.

        Args:
            build: makes it where it was not handed over.
        """
        part = getattr(self, name)
        if part is None:
            return build()
        return deepcopy(part) if isinstance(part, nn.Module) else part

    def descriptions(self) -> list[str]:
        """A line for each part that is there: `generator: my_package.MyGenerator`."""
        parts = ((f.name, getattr(self, f.name)) for f in fields(self))
        return [f"{name}: {_kind_of(part)}" for name, part in parts if part is not None]


def as_objective(losses: Objective | Losses | None) -> Objective | None:
    """An objective, or a pair of functions (critic's, generator's) as one; None as it is.

    Of a pair nothing is assumed: the generator's loss may depend on the real scores.

    Raises:
        ValueError: it is neither.
    """
    if losses is None or isinstance(losses, Objective):
        return losses
    is_pair = isinstance(losses, tuple | list) and len(losses) == 2
    if not is_pair or not all(map(callable, losses)):
        raise ValueError(
            f"objective {losses!r:.80}: a name, a tgan.losses.Objective, or a pair of functions "
            "(critic's loss, generator's loss) of real and fake scores is needed"
        )
    critic, generator = losses
    return Objective(critic=critic, generator=generator, relativistic=True)


def as_constraint(constraint: Any) -> Constraint | None:
    """A constraint as it is; None for none.

    Raises:
        ValueError: it is something else, a class of constraints, say.
    """
    if constraint is None or isinstance(constraint, Constraint):
        return constraint
    raise ValueError(
        f"constraint {constraint!r:.80}: a name, or an instance of a tgan.constraints.Constraint, "
        "is needed"
    )


def own_source(data: Any, num_frames: int | None, **settings: Any) -> ClipSource | None:
    """The user's own clips as a source, see `tgan.data.own.source.as_source`; None for none."""
    return None if data is None else as_source(data, num_frames=num_frames, **settings)


def own_settings(parts: Parts) -> dict[str, Any]:
    """The settings, by dotted name, that say `own` of the parts that come from Python.

    Sizes of clips are those of the source.
    """
    settings: dict[str, Any] = {}
    if parts.source is not None:
        frames, side, _, channels = parts.source.shape
        settings |= {"data.name": OWN, "data.path": None, "data.num_frames": frames}
        settings |= {"data.resolution": side, "data.channels": channels}
    for name in ("generator", "critic", "constraint"):
        if getattr(parts, name) is not None:
            settings[f"{name}.name"] = OWN
    if parts.constraint is not None:
        others = (f.name for f in fields(ConstraintConfig) if f.name != "name")
        settings |= {f"constraint.{name}": None for name in others}
    if parts.objective is not None:
        settings["objective"] = OWN
    return settings


def check_networks(parts: Parts, config: Config, classes: Sequence[str] = ()) -> None:
    """Try the user's own networks on two samples, in inference mode.

    Raises:
        ValueError: a network that does not run on them, or gives something of another shape.
    """
    data, size = config.data, config.generator.z_slow
    shape = (2, data.channels, data.num_frames, data.resolution, data.resolution)
    videos, labels = torch.zeros(shape), torch.zeros(2, dtype=torch.long)
    condition = conditioning_of(config, classes).of(videos, labels)
    if parts.generator is not None:
        _try(parts.generator, (torch.zeros(2, size), *condition), shape, kind="generator")
    if parts.critic is not None:
        _try(parts.critic, (videos, *condition), (2,), kind="critic")
        if config.classifies:
            _check_logits(parts.critic, videos, len(classes))


def _check_logits(critic: nn.Module, videos: Tensor, num_classes: int) -> None:
    if not hasattr(critic, "logits"):
        raise ValueError(
            f"train.cross_entropy_weight needs a critic with a method `logits` of videos, and "
            f"{type(critic).__name__} has none"
        )
    _try(Classifier(critic), (videos,), (2, num_classes), kind="critic's classifier")


@torch.no_grad()
def _try(
    module: nn.Module, inputs: tuple[Tensor, ...], shape: tuple[int, ...], *, kind: str
) -> None:
    if not isinstance(module, nn.Module):
        raise ValueError(f"{kind} {module!r:.80} is no torch.nn.Module")
    called = f"the {kind} ({_kind_of(module)}) on inputs {[tuple(x.shape) for x in inputs]}"
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    try:
        with evaluating(module):
            output = module(*(x.to(device) for x in inputs))
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"{called} fails: {reason}") from error
    if not torch.is_tensor(output) or tuple(output.shape) != shape:
        found = tuple(output.shape) if torch.is_tensor(output) else type(output).__name__
        raise ValueError(f"{called} gives {found}, not {shape}")


def _kind_of(part: object) -> str:
    if isinstance(part, Objective):
        return ", ".join(_kind_of(loss) for loss in (part.critic, part.generator))
    if hasattr(part, "__qualname__"):
        return f"{part.__module__}.{part.__qualname__}"
    return f"{type(part).__module__}.{type(part).__qualname__}"
