"""A trained run: its networks, configuration and data, loaded when they are needed."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from tgan.config import Config
from tgan.config.data_sets import DATA_SETS
from tgan.config.names import OWN
from tgan.config.sizes import check_size
from tgan.constraints import Constraint
from tgan.data.clips import ClipSource
from tgan.data.datasets import open_dataset, open_held_out, open_like
from tgan.data.own.source import as_source
from tgan.data.views import view_of
from tgan.lookup import counted
from tgan.models.conditions import Conditioning, conditioning_of
from tgan.models.resized import Resized
from tgan.runs.build import (
    build_constraint,
    build_critic,
    build_generator,
    classes_of,
    critic_example,
)
from tgan.runs.classifying import Classifier, check_classifies, probabilities_of
from tgan.runs.conditioning import (
    SampleConditions,
    check_takes_pictures,
    class_conditions,
    picture_conditions,
)
from tgan.runs.loading import (
    CRITIC,
    check_critic,
    fitting_table,
    generator_table,
    generator_tensors,
)
from tgan.runs.logged import read_metrics
from tgan.runs.parts import Parts, own_source
from tgan.runs.pretrained import holds_pretrained, read_pretrained
from tgan.sampling.decoding import latent_size
from tgan.sampling.latents import decode
from tgan.sampling.plans import Plan, Samples, Sums, Walks
from tgan.system.device import pick_device
from tgan.system.files import at_home
from tgan.system.memory import check_memory
from tgan.training.checkpoint import CHECKPOINTS, Checkpoint, find_checkpoint
from tgan.training.run_dir import METRICS
from tgan.training.state import load_network

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    import tgan

HELD_OUT, TRAIN = "held-out", "train"
# Parts that may come from Python, and the groups of settings that say so.
_SETTINGS = {
    "source": "data",
    "generator": "generator",
    "critic": "critic",
    "constraint": "constraint",
}


class NeedsPictures(ValueError):
    """A run that starts from pictures was to be sampled from without any."""


class TrainedRun:
    """A trained GAN. Nothing is read before it is needed, and each thing once.

    Example:
        >>> run = tgan.load("runs/demo")
        >>> clips = run.sample(range(16))  # uint8 (16, T, H, W, C)
        >>> tgan.save(clips, "samples.mp4")

    Attributes:
        path: the run directory, checkpoint or exported folder that it was loaded from.
        config: its settings.
        classes: names of the classes that it is conditioned on, or that its critic learned; none
            for most runs.
        fps: frames per second of the data; None where they have no rate, or it is not known.
        step: generator updates made; None for an exported folder, which does not say.
        checkpoint: what it is loaded from; None for an exported folder.
        weights: `average` or `generator`: which weights the generator has.
        device: where its networks are.
    """

    def __init__(
        self,
        path: Path,
        config: Config,
        *,
        classes: Sequence[str],
        checkpoint: Checkpoint | None = None,
        weights: str = "generator",
        device: str = "cpu",
        parts: Parts | None = None,
        fps: float | None = None,
    ) -> None:
        self.path, self.config, self.classes = path, config, list(classes)
        self.checkpoint, self.weights, self.device = checkpoint, weights, device
        self.step = None if checkpoint is None else checkpoint.step
        self.fps = fps
        self._parts = parts or Parts()

    @cached_property
    def generator(self) -> nn.Module:
        """The generator, in inference mode.

        Raises:
            ValueError: it came from Python and was not handed over, or is not finite.
        """
        generator = self._own("generator", lambda: build_generator(self.config, self.classes))
        if self.checkpoint is not None:
            tensors = generator_tensors(self.checkpoint, self.weights)
            load_network(generator, tensors, name=self.weights)
        return generator.eval().to(self.device)

    @cached_property
    def critic(self) -> nn.Module:
        """The critic with its constraint, in inference mode.

        Raises:
            ValueError: there is none, or it came from Python and was not handed over.
        """
        if self.checkpoint is None or CRITIC not in self.checkpoint.tensors:
            raise ValueError(f"'{self.path}' has no critic")
        if self._parts.critic is None:
            check_critic(self.checkpoint)
        critic = self._own("critic", lambda: build_critic(self.config, self.classes))
        constraint = self._own("constraint", lambda: build_constraint(self.config.constraint))
        constraint.attach(critic, critic_example(self.config, self.classes))
        load_network(critic, self.checkpoint.tensors[CRITIC], name=CRITIC)
        return critic.eval().to(self.device)

    @cached_property
    def classifier(self) -> nn.Module:
        """Maps clips (N, C, T, H, W) in [-1, 1] to probabilities (N, K) of `classes`.

        Raises:
            ValueError: its critic learned no classes; as `critic`.
        """
        check_classifies(self)
        return Classifier(self.critic)

    @cached_property
    def data(self) -> ClipSource:
        """The clips that it was trained on.

        Raises:
            ValueError: they are no longer there, have other classes than they had, came from
                Python and were not handed over, or this is an exported folder and they were not.
        """
        if self.checkpoint is None and self._parts.source is None:
            raise ValueError(
                f"'{self.path}' is an exported folder, which does not say what clips it was "
                "trained on: take the run, or a checkpoint of it"
            )
        source = self._own("source", lambda: open_dataset(self.config.data))
        if self.config.conditional and classes_of(source, self.config) != self.classes:
            raise ValueError(
                f"the classes of the clips that '{self.path}' was trained on are "
                f"{', '.join(source.labels)} now; they were {', '.join(self.classes)}"
            )
        return source

    @cached_property
    def held_out(self) -> ClipSource | None:
        """Clips that training never saw; None where there are none."""
        if self._parts.held_out is not None or self.config.data.name == OWN:
            return self._parts.held_out
        return open_held_out(self.config.data)

    @property
    def is_of_one_picture(self) -> bool:
        """Whether it learnt one picture, by a pyramid, which makes images of any size."""
        return self.config.generator.name == "pyramid"

    @property
    def conditioning(self) -> Conditioning:
        """What its networks receive beside a sample."""
        return conditioning_of(self.config, self.classes)

    @property
    def conditions(self) -> ClipSource | None:
        """The clips that conditions of samples are drawn from; None for an unconditional run.

        Classes are as frequent as in training; pictures are those of held-out clips if there are
        any.
        """
        if self.config.data.input is not None:
            return self.held_out or self.data
        return self.data if self.config.conditional else None

    @property
    def metrics(self) -> dict[str, np.ndarray]:
        """What training logged: `step` and every metric, float64 arrays of the same length.

        NaN where a metric was not measured at a step. `pandas.DataFrame(run.metrics)` is a table.

        Raises:
            ValueError: there is no log, or it is damaged.
        """
        return read_metrics(self._log_folder(), METRICS)

    def clips(self, which: str | Path) -> ClipSource:
        """Real clips of the sizes of this run: `train`, `held-out`, or those of a folder.

        Raises:
            ValueError: the run has no held-out clips, or there are none at that path.
        """
        if which == TRAIN:
            return self.data
        if which != HELD_OUT:
            return open_like(self.config.data, str(which))
        if self.held_out is None:
            raise ValueError(
                f"'{self.path}' has no held-out clips (data.held_out_path): name a folder, or "
                f"'{TRAIN}' for the clips that it was trained on"
            )
        return self.held_out

    def sample(
        self,
        seeds: Iterable[int],
        *,
        label: str | Sequence[str] | None = None,
        pictures: str | ClipSource | None = None,
        size: tuple[int, int] | None = None,
        batch_size: int = 16,
    ) -> np.ndarray:
        """Samples (N, T, H, W, C), uint8, one per seed; each depends on its seed alone.

        Args:
            seeds: non-negative integers.
            label: a class, or several in turn; all classes of a conditional run by default.
            pictures: whose input pictures are taken in turn, for a run with `data.input`: clips, a
                folder, or `train` or `held-out` for what the run itself was trained on and not.
                They can be left out where these are built in, or were handed over.
            size: height and width, for a pyramid (`tgan.models.pyramid`), which makes any; by
                default those of its picture.
            batch_size: samples generated at once.

        Raises:
            ValueError: a label, pictures or a size that the run cannot use.
        """
        plan = Samples(list(seeds))
        return self._draw(plan, label=label, pictures=pictures, size=size, batch_size=batch_size)

    def classify(self, clips: Any) -> np.ndarray:
        """Probabilities of classes, float32 (N, K), by a critic that learned them.

        Columns are in the order of `classes`; of a video the clip in its middle counts.

        Args:
            clips: of the sizes of this run: an array (N, T, H, W, C) or (N, H, W, C), uint8, or
                whatever else `tgan.train` takes for a source; `train`, `held-out` or a folder, as
                `clips` takes them.

        Raises:
            ValueError: its critic learned no classes, or clips of another size.
        """
        classifier, data = self.classifier, self.config.data
        is_named = isinstance(clips, str | Path)
        source = self.clips(clips) if is_named else as_source(clips, num_frames=data.num_frames)
        expected = (data.num_frames, data.resolution, data.resolution, data.channels)
        if tuple(source.shape) != expected:
            raise ValueError(
                f"clips are {tuple(source.shape)} (T, H, W, C); '{self.path}' takes {expected}"
            )
        return probabilities_of(classifier, source, device=self.device)

    def slow_motion(
        self,
        seeds: Iterable[int],
        factor: int,
        *,
        label: str | Sequence[str] | None = None,
        batch_size: int = 16,
    ) -> np.ndarray:
        """Samples of `(T - 1) * factor + 1` frames, whose fast latents are interpolated in time.

        Raises:
            ValueError: the generator has no fast latents; as `sample`.

        Source: Saito et al. 2017.
        """
        plan = Samples(list(seeds))
        return self._draw(plan, label=label, factor=factor, batch_size=batch_size)

    def walk(
        self,
        seeds: Iterable[int],
        steps: int,
        *,
        path: str = "slerp",
        label: str | Sequence[str] | None = None,
        batch_size: int = 16,
    ) -> np.ndarray:
        """Samples on the way from each seed's latent to the next: (pairs * steps, T, H, W, C).

        Args:
            steps: samples between two seeds, both ends included.
            path: `slerp`, along the arc, or `lerp`, the straight line.
            label: a class for each walk in turn.

        Raises:
            ValueError: fewer than two seeds or steps; as `sample`.
        """
        plan = Walks(list(seeds), steps, path)
        return self._draw(plan, label=label, batch_size=batch_size)

    def arithmetic(
        self,
        groups: Sequence[tuple[int, Sequence[int]]],
        *,
        label: str | None = None,
        batch_size: int = 16,
    ) -> np.ndarray:
        """What the mean latent of each group of seeds decodes to, and last their signed sum.

        Args:
            groups: a sign, 1 or -1, and seeds: `[(1, [3, 5, 8]), (-1, [1, 2, 9]), (1, [4, 6])]`.

        Returns:
            uint8 (len(groups) + 1, T, H, W, C).

        Raises:
            ValueError: as `sample`.

        Source: Radford et al. 2016 (DCGAN), section 6.3.2.
        """
        plan = Sums([(sign, list(seeds)) for sign, seeds in groups])
        return self._draw(plan, label=label, batch_size=batch_size)

    def condition(
        self,
        plan: Plan,
        *,
        label: str | Sequence[str] | None = None,
        pictures: str | ClipSource | None = None,
    ) -> SampleConditions:
        """The conditions of a plan's samples; arguments as for `sample`.

        Raises:
            ValueError: a class or pictures for a run that takes none, unknown ones, or a plan
                that such a run has no use for.
        """
        if self.is_of_one_picture and not isinstance(plan, Samples):
            raise ValueError(
                f"'{self.path}' is of one picture: it has samples and animations of noise, but no "
                "walks and no sums of latents"
            )
        if label is not None and not self.config.conditional:
            raise ValueError(f"label {label!r}: samples of '{self.path}' have no classes")
        if pictures is not None and self.config.data.input is None:
            raise ValueError(f"pictures {pictures!r}: '{self.path}' takes no input pictures")
        if self.config.conditional:
            labels = [label] if isinstance(label, str) else label
            return class_conditions(plan, self.classes, labels)
        if self.config.data.input is None:
            return SampleConditions()
        check_takes_pictures(plan)
        source = pictures or self._pictures()
        if isinstance(source, str | Path):
            source = self.clips(source)
        return picture_conditions(plan, source, self.conditioning)

    def shape(
        self, *, factor: int = 1, size: tuple[int, int] | None = None
    ) -> tuple[int, int, int, int]:
        """(T, H, W, C) of its samples.

        Args:
            factor: of slow motion.
            size: as of `sample`.

        Raises:
            ValueError: a size that the generator cannot make.
        """
        data = self.config.data
        sides: tuple[int, int] = (data.resolution, data.resolution)
        if size is not None or self.is_of_one_picture:
            sides = self._generator_at(size).size  # type: ignore[assignment]
        return ((data.num_frames - 1) * factor + 1, *sides, data.channels)

    def decode(
        self,
        plan: Plan,
        conditions: SampleConditions,
        *,
        factor: int = 1,
        size: tuple[int, int] | None = None,
        batch_size: int = 16,
    ) -> Iterator[np.ndarray]:
        """Yield the videos (T, H, W, C), uint8, of a plan, one after the other.

        Raises:
            ValueError: a batch of them is larger than the memory, or as `shape`.
        """
        count = min(batch_size, len(plan))
        pixels = math.prod(self.shape(factor=factor, size=size))
        # As float32, with the generator's last map beside it.
        check_memory(8 * count * pixels, counted(count, "sample"))
        generator = self._generator_at(size)
        return decode(
            generator,
            plan.latents(latent_size(generator, self.config.generator)),
            condition=conditions.tensors,
            factor=factor,
            batch_size=batch_size,
        )

    def view(self, clips: np.ndarray) -> np.ndarray:
        """Pictures of samples or clips (N, T, H, W, C), uint8, that `tgan.show` and `save` take.

        They are returned as they are, but for levels, whose tiles are painted.
        """
        return view_of(self.config.data)(clips)

    def evaluate(self, **settings: Any) -> "tgan.Scores":
        """Measure samples against real clips; arguments as for `tgan.evaluate`."""
        import tgan

        return tgan.evaluate(self, **settings)

    def plot(self) -> "Figure":
        """Losses, critic gap and distances over steps, as a matplotlib figure.

        Raises:
            ValueError: there is no log, or matplotlib is not installed.
        """
        from tgan.runs.curves import plot_metrics

        return plot_metrics(self.metrics, title=self.path.name)

    def __repr__(self) -> str:
        frames, side, channels = (
            getattr(self.config.data, name) for name in ("num_frames", "resolution", "channels")
        )
        facts = [
            repr(str(self.path)),
            "exported" if self.step is None else f"step {self.step:,}",
            f"{self.config.generator.name} generator ({self.weights})",
            "one picture" if self.is_of_one_picture else f"clips {frames}x{side}x{side}x{channels}",
        ]
        if self.classes:
            facts.append(counted(len(self.classes), "class", "classes"))
        return f"TrainedRun({', '.join(facts)})"

    def _pictures(self) -> ClipSource:
        """The pictures that samples start from if nobody names others.

        What lies at a path, and what is fetched, is opened only for who names it: the path is
        that of whoever trained the run.
        """
        data = self.config.data
        is_own = data.name == OWN or self._parts.source is not None
        if is_own or (DATA_SETS[data.name].is_built_in and data.path is data.held_out_path is None):
            return self.held_out or self.data
        raise NeedsPictures(
            f"'{self.path}' starts from pictures: name some, a folder or .npz file, or "
            f"'{HELD_OUT}' or '{TRAIN}' for those that the run names"
        )

    def _own(self, name: str, build: Callable[[], Any]) -> Any:
        """A part that was handed over, copied if it is a network, or else what `build` makes.

        Raises:
            ValueError: the configuration says that it came from Python, and it was not handed over.
        """
        is_own = getattr(self.config, _SETTINGS[name]).name == OWN
        if is_own and getattr(self._parts, name) is None:
            raise ValueError(
                f"the {_SETTINGS[name]} of '{self.path}' came from Python: hand it over again, as "
                f"tgan.load(path, {name}=...)"
            )
        return self._parts.copy_of(name, build)

    def _generator_at(self, size: tuple[int, int] | None) -> nn.Module:
        """The generator, or one for another size of samples, with the same weights."""
        if size is None:
            return self.generator
        check_size(size)
        if not self.is_of_one_picture:
            side = self.config.data.resolution
            raise ValueError(
                f"size {size[0]}x{size[1]}: '{self.path}' makes {side}x{side} alone; others are "
                "made by a pyramid (data.name picture)"
            )
        return Resized(self.generator, size)

    def _draw(
        self,
        plan: Plan,
        *,
        label: str | Sequence[str] | None,
        pictures: str | ClipSource | None = None,
        batch_size: int,
        **decoding: Any,
    ) -> np.ndarray:
        """All videos of a plan, (N, T, H, W, C)."""
        conditions = self.condition(plan, label=label, pictures=pictures)
        videos = self.decode(plan, conditions, batch_size=batch_size, **decoding)
        return np.stack(list(videos))

    def _log_folder(self) -> Path:
        """The run directory, also of a checkpoint that lies in one."""
        place = self.path.absolute()
        for folder in (place, place.parents[1] if place.parent.name == CHECKPOINTS else place):
            if (folder / METRICS).is_file():
                return folder
        raise ValueError(
            f"'{self.path}' has no {METRICS}: a run directory has one from step log.every "
            f"({self.config.log.every}) on"
        )


def load(
    path: str | Path,
    *,
    weights: str = "auto",
    device: str = "auto",
    source: Any = None,
    labels: Sequence[Any] | None = None,
    held_out: Any = None,
    generator: nn.Module | None = None,
    critic: nn.Module | None = None,
    constraint: Constraint | None = None,
) -> TrainedRun:
    """The trained run in a run directory (its newest checkpoint), a checkpoint or an export.

    Args:
        weights: of the generator: `average` (the running mean), `generator`, or `auto`: the mean
            if there is one.
        device: `cpu`, `cuda`, ...; `auto` takes an accelerator if there is one.
        source, labels, held_out, generator, critic, constraint: what the run got from Python, as
            for `tgan.train`.

    Raises:
        ValueError: nothing of the kind there, a damaged checkpoint, no such weights, or a device
            that cannot be used.
    """
    path, device = Path(at_home(path)), pick_device(device)
    if holds_pretrained(path):
        if weights != "auto":
            raise ValueError(f"weights {weights}: '{path}' has one generator; leave them out")
        found = read_pretrained(path)
        parts = Parts(
            generator=found.generator,
            source=own_source(source, found.config.data.num_frames, labels=labels, any_side=True),
            held_out=own_source(held_out, found.config.data.num_frames, any_side=True),
        )
        return TrainedRun(
            path,
            found.config,
            classes=found.classes,
            device=device,
            parts=parts,
            fps=found.fps,
        )
    # Lengths of clips are in the checkpoint, the network that it is to fit may be among the parts.
    handed = Parts(generator=generator, critic=critic, constraint=constraint)
    checkpoint = find_checkpoint(path, needs=lambda c: [fitting_table(c, weights, handed)])
    config = checkpoint.settings
    parts = replace(
        handed,
        source=own_source(source, config.data.num_frames, labels=labels, any_side=True),
        held_out=own_source(held_out, config.data.num_frames, any_side=True),
    )
    return TrainedRun(
        path,
        config,
        classes=checkpoint.classes,
        checkpoint=checkpoint,
        weights=generator_table(checkpoint, weights),
        device=device,
        parts=parts,
        fps=checkpoint.fps,
    )
