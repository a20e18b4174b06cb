"""Growing: a generator of stages trained coarse to fine, one stage at a time (SinGAN)."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from torch import Tensor

from tgan.models.pyramid import PyramidGenerator, resize
from tgan.training.gan import GANTask
from tgan.training.rates import RateAt, constant
from tgan.training.state import Tensors
from tgan.training.steps import Batch, Critic, Learner, Terms

# Learning rates of a stage fall to this share after this part of its steps.
FALL, FALLS_AFTER = 0.1, 0.8


class GrowingTask(GANTask):
    """Trains the stages of a pyramid in turn, each for as many steps, on its one picture.

    A step updates the last stage that has begun, and the critic on images of that stage's size.
    A stage begins as a copy of the one before, which stays as it is from then on; the critic goes
    on, and the state of its optimiser begins anew. Which stages have begun is in the generator's
    own tables, so that a run that goes on for more steps begins none twice.

    Args:
        generator: of a `PyramidGenerator`.
        steps: of the whole run.
        rate_at: multiplies what the rates of each stage are: 1, and 0.1 for its last fifth.
        settings: as of `GANTask`.

    Source: Shaham et al. 2019, section 2 and supplementary section on training.
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
        scales = len(self.pyramid.stages)
        stage, rest = divmod(min(step, self._steps - 1) * scales, self._steps)
        return stage, rest / self._steps

    def _share(self, step: int) -> float:
        return FALL if self._position(step)[1] >= FALLS_AFTER else 1.0

    def _train_last_stage(self) -> None:
        last = int(self.pyramid.begun) - 1
        for number, stage in enumerate(self.pyramid.stages):
            stage.requires_grad_(number == last)

    def _at_stage(self, batch: Batch) -> Batch:
        size = self.pyramid.sizes()[int(self.pyramid.begun) - 1]
        return Batch(resize(batch.samples[:, :, 0], size)[:, :, None], batch.condition)
