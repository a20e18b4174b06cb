"""The numbers of a run: whether losses, gradients and weights are finite, and where they ceased.

A step is watched without waiting for its device: losses and the norms of gradients and weights stay
on it, and the first that are not finite are kept there until somebody looks, which happens now and
then, and before anything is saved. Then the last steps are taken again, watched layer by layer.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

import torch
from torch import Tensor
from torch.optim import Optimizer

from tgan.config import LogConfig
from tgan.system.progress import write
from tgan.training.control import gathered
from tgan.training.diagnosis import Diagnosis, Finding
from tgan.training.ranks import first_difference
from tgan.training.replay import first_fault
from tgan.training.run import Run
from tgan.training.state import Tensors
from tgan.training.steps import Batch, Terms

# Steps between two looks, and between two copies of the state, where logs ask for others.
MOST_BETWEEN_LOOKS, LEAST_BETWEEN_COPIES = 50, 25


class Health:
    """Watches the steps of a run.

    Args:
        first_step: that the run starts at.

    Example:
        >>> with watching(run, first_step=0) as health:
        ...     for step in range(100):
        ...         health.check(step)
        ...         terms = health.step(step, reals, latents)
    """

    def __init__(self, run: Run, *, first_step: int) -> None:
        self._run, self._first = run, first_step
        device = run.accelerator.device
        self._learners = {"critic": run.task.critic, "generator": run.task.generator}
        self._parameters: dict[str, list[Tensor]] = {
            name: list(learner.module.parameters()) for name, learner in self._learners.items()
        }
        # Whether all was finite so far, for how many steps, and the norms of the last such step or
        # of the first that was not so.
        self._alive = torch.ones((), dtype=torch.bool, device=device)
        self._survived = torch.zeros((), dtype=torch.long, device=device)
        self._norms: Tensor | None = None
        # Names of losses, and whether the step that was kept failed before it gave them.
        self._losses: list[str] = []
        self._lost = False
        self._zero = torch.zeros((), device=device)
        self._gradients: dict[str, Tensor] = {}
        self._copy: dict[str, Tensors] = {}
        self._copied_at = first_step
        self._handles = [
            learner.optimizer.register_step_pre_hook(partial(self._note_gradients, name))
            for name, learner in self._learners.items()
        ]

    def step(self, step: int, reals: Iterator[Batch], latents: Iterator[Tensor]) -> Terms:
        """Take a step of the task, watched; no one waits for its numbers here.

        Raises:
            ArithmeticError: it failed since its numbers are not finite.
        """
        self._gradients = {}
        try:
            terms = self._run.task.step(step, reals, latents)
        except (ArithmeticError, RuntimeError, ValueError):
            # A singular value decomposition, say, refuses what is not finite.
            self._observe({})
            if self._alive:
                raise
            if self._run.accelerator.num_processes == 1 or self._is_shared():
                self._look(step + 1)
            # Other processes may be elsewhere.
            bad = self._first + int(self._survived) + 1
            self._report(bad, [self._run.accelerator.process_index], replays=False)
        self._observe(terms)
        return terms

    def check(self, step: int, *, always: bool = False) -> None:
        """Look at all steps before `step`, if that is due; every process calls it at the same one.

        Raises:
            ArithmeticError: something was not finite, or processes have different weights.
        """
        if not always and not is_due(step, self._run.config.log):
            return
        self._look(step)
        tables = self._run.task.tensors()
        if self._run.accelerator.num_processes > 1 and self._run.config.train.check_ranks:
            self._compare(step, tables)
        if step == self._first or step - self._copied_at >= LEAST_BETWEEN_COPIES:
            self._copy, self._copied_at = _copied(tables, self._copy), step

    def _look(self, step: int) -> None:
        """Wait for all steps before `step`, in all processes, and end the run if one was bad."""
        survived = gathered(int(self._survived))
        if min(survived) < step - self._first:
            ranks = [rank for rank, steps in enumerate(survived) if steps == min(survived)]
            self._report(self._first + min(survived) + 1, ranks)

    def _is_shared(self) -> bool:
        """Whether the critic's gradients, which are the same in all processes, are not finite.

        Then its constraint refuses its weights in all of them.
        """
        gradients = self._gradients.get("critic", self._zero)
        return not bool(torch.isfinite(gradients).all())

    def close(self) -> None:
        """Leave the optimisers as they were."""
        for handle in self._handles:
            handle.remove()

    @torch.no_grad()
    def _note_gradients(self, name: str, optimizer: Optimizer, *_: Any) -> None:
        """Take the norms of gradients that an optimiser is about to use.

        Those of a step that fp16 skips never come here. Of several updates in a step the largest
        counts, and NaN counts as larger than all.
        """
        gradients = [self._zero if p.grad is None else p.grad for p in self._parameters[name]]
        norms = torch.stack(torch._foreach_norm(gradients)).float()
        before = self._gradients.get(name)
        self._gradients[name] = norms if before is None else torch.maximum(before, norms)

    @torch.no_grad()
    def _observe(self, terms: Terms) -> None:
        """Note whether the step that was just taken is finite, on the device.

        Args:
            terms: nothing of a step that failed.
        """
        # A lazy penalty is not paid in every step.
        self._losses += [name for name in terms if name not in self._losses]
        losses = [terms.get(name, self._zero) for name in self._losses]
        if not terms and self._alive:
            self._lost = True
        weights = [weight for each in self._parameters.values() for weight in each]
        gradients = [
            self._gradients.get(name, self._zero.expand(len(each)))
            for name, each in self._parameters.items()
        ]
        scalars = torch.stack([*torch._foreach_norm(weights), *losses]).float()
        norms = torch.cat([*gradients, scalars])
        before = norms if self._norms is None else self._norms
        before = torch.cat([before, norms.new_zeros(len(norms) - len(before))])
        self._norms = torch.where(self._alive, norms, before)
        self._alive = self._alive & torch.isfinite(norms).all()
        self._survived = self._survived + self._alive

    def _recorded(self) -> dict[str, dict[str, float]]:
        """The norms that were kept, by kind and name, in the order in which a step makes them."""
        norms = iter([] if self._norms is None else self._norms.tolist())
        keys = {
            name: [key for key, _ in learner.module.named_parameters()]
            for name, learner in self._learners.items()
        }
        gradients, weights = (
            {f"{what} of the {name}": {key: next(norms) for key in keys[name]} for name in keys}
            for what in ("gradients", "weights")
        )
        losses = {name: next(norms) for name in self._losses}
        return {"losses": {} if self._lost else losses} | gradients | weights

    def _compare(self, step: int, tables: dict[str, Tensors]) -> None:
        if (found := first_difference(tables)) is not None:
            raise ArithmeticError(
                f"processes no longer train the same networks at step {step}: {found}; nothing "
                "was saved since. train.check_ranks false goes on all the same"
            )

    def _report(self, step: int, ranks: list[int], *, replays: bool = True) -> NoReturn:
        """Find where the first number of a step was not finite, write it down, and end the run.

        Args:
            replays: whether the step is taken again, by all processes.
        """
        run, recorded = self._run, self._recorded()
        found: Finding | None = None
        seen = dict.fromkeys(ranks, (recorded, found))
        if replays:
            if run.accelerator.is_main_process:
                steps = f"taking steps {self._copied_at + 1} to {step} again to find where"
                write(f"not all numbers are finite at step {step}: {steps}", file=sys.stderr)
            found = first_fault(run, self._copy, first_step=self._copied_at, step=step)
            seen = dict(enumerate(gathered((recorded, found))))
        # One process's numbers soon are those of all: the first of all is told.
        orders = {rank: one.order for rank, (_, one) in seen.items() if one is not None}
        if orders:
            ranks = [rank for rank, order in orders.items() if order == min(orders.values())]
        recorded, found = seen[ranks[0]]
        start = self._copied_at if replays else None
        diagnosis = Diagnosis(step, ranks, recorded, found, replayed_from=start)
        raise ArithmeticError(diagnosis.write(run))


def is_due(step: int, log: LogConfig) -> bool:
    """Whether the numbers are looked at before `step`: before whatever is written, at least."""
    intervals = (log.every, log.preview_every, log.critic_every, log.checkpoint_every)
    due = any(step % every == 0 for every in (*intervals, MOST_BETWEEN_LOOKS) if every)
    return due or step in log.milestones


@contextmanager
def watching(run: Run, *, first_step: int) -> Iterator[Health]:
    """Watch a run from `first_step` on."""
    health = Health(run, first_step=first_step)
    try:
        yield health
    finally:
        health.close()


@torch.no_grad()
def _copied(tables: dict[str, Tensors], old: dict[str, Tensors]) -> dict[str, Tensors]:
    """A copy of tables of tensors, in the memory of an older one where that fits."""
    copy: dict[str, Tensors] = {}
    for name, table in tables.items():
        kept = old.get(name, {})
        fits = kept.keys() == table.keys()
        copy[name] = (
            kept if fits else {key: torch.empty_like(value) for key, value in table.items()}
        )
        torch._foreach_copy_(list(copy[name].values()), list(table.values()))
    return copy
