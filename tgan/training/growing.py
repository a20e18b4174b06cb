"""Growing: a generator of stages trained coarse to fine, one stage at a time (SinGAN)."""

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from torch import Tensor

from tgan.models.pyramid import PyramidGenerator
from tgan.models.resizing import Size, resize
from tgan.training.gan import GANTask
from tgan.training.rates import RateAt, constant
from tgan.training.state import Tensors
from tgan.training.steps import Batch, Critic, Learner, Terms

# Learning rates of a stage fall to this share after this part of its steps.
FALL, FALLS_AFTER = 0.1, 0.8


class GrowingTask(GANTask):
    """Trains the stages of a pyramid in turn, each for about as long, on its one picture.

    A stage has steps in inverse proportion to its pixels, as each takes time in proportion to them.
    A step updates the last stage that has begun, and the critic on images of that stage's size.
    A stage begins as a copy of the one before, which stays as it is from then on; the critic goes
    on, and the state of its optimiser begins anew. Which stages have begun is in the generator's
    own tables, so that a run that goes on for more steps begins none twice.

    Args:
        generator: of a `PyramidGenerator`.
        steps: of the whole run.
        rate_at: multiplies what the rates of each stage are: 1, and 0.1 for its last fifth.
        settings: as of `GANTask`.

    Source: Shaham et al. 2019, section 2 and supplementary section on training, where all stages
        have as many steps.
    """

    def __init__(
        self,
        generator: Learner,
        critic: Critic,
        *,
        steps: int,
        rate_at: RateAt = constant,
        **settings: Any,
    ) -> None:
        self._steps = steps
        super().__init__(
            generator,
            critic,
            rate_at=lambda step: rate_at(step) * self._share(step),
            **settings,
        )

    @property
    def pyramid(self) -> PyramidGenerator:
        """The generator's network."""
        return self.generator.module  # type: ignore[return-value]

    def step(self, step: int, reals: Iterator[Batch], latents: Iterator[Tensor]) -> Terms:
        """As of `GANTask`, at the size of the stage that the step belongs to.

        Args:
            reals: yields the picture, as large as it is.
        """
        real = next(reals)
        if self.pyramid.begun <= self._position(step)[0]:
            self.pyramid.begin(real.samples[:, :, 0])
            self.critic.optimizer.state.clear()
        self._train_last_stage()
        return super().step(step, map(self._at_stage, chain([real], reals)), latents)

    def load_tensors(self, tensors: Mapping[str, Tensors]) -> None:
        """As of `GANTask`.

        Raises:
            ValueError: the pyramid learnt a picture of another size; as of `GANTask`.
        """
        size = self.pyramid.size
        super().load_tensors(tensors)
        if self.pyramid.size != size:
            here, there = ("x".join(map(str, sides)) for sides in (size, self.pyramid.size))
            raise ValueError(
                f"the picture is {here} (height x width); that of the checkpoint is {there}"
            )

    def _position(self, step: int) -> tuple[int, float]:
        """The stage that a step belongs to, and which share of that stage's steps went before."""
        starts = stage_starts(self.pyramid.sizes(), self._steps)
        stage = bisect(starts, step) - 1
        end = (*starts, self._steps)[stage + 1]
        return stage, (step - starts[stage]) / (end - starts[stage])

    def _share(self, step: int) -> float:
        return FALL if self._position(step)[1] >= FALLS_AFTER else 1.0

    def _train_last_stage(self) -> None:
        last = int(self.pyramid.begun) - 1
        for number, stage in enumerate(self.pyramid.stages):
            stage.requires_grad_(number == last)

    def _at_stage(self, batch: Batch) -> Batch:
        size = self.pyramid.sizes()[int(self.pyramid.begun) - 1]
        return Batch(resize(batch.samples[:, :, 0], size)[:, :, None], batch.condition)


def stage_starts(sizes: Sequence[Size], steps: int) -> list[int]:
    """The first step of each stage: all have one at least, and else as many as pixels ask for.

    Args:
        sizes: heights and widths of the stages' images.
        steps: in all, as many as stages or more.

    Example:
        >>> stage_starts([(10, 10), (10, 20), (20, 20)], 70)
        [0, 40, 60]
    """
    shares = [1 / (height * width) for height, width in sizes]
    starts = [round(steps * sum(shares[:stage]) / sum(shares)) for stage in range(len(sizes))]
    latest = steps - len(sizes)
    return [min(max(start, stage), latest + stage) for stage, start in enumerate(starts)]
