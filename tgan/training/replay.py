"""A step taken once more, watched layer by layer, to find the first number that is not finite."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm

from tgan.training.diagnosis import Finding
from tgan.training.graphs import directly
from tgan.training.run import Run
from tgan.training.state import Tensors
from tgan.training.steps import Batch, Critic, Learner
from tgan.training.streams import streams_of


def first_fault(
    run: Run, tables: Mapping[str, Tensors], *, first_step: int, step: int
) -> Finding | None:
    """The first tensor that is not finite in the step that ends at `step`; None if all are.

    Batches, latents and noise are functions of the number of a step. The state of the run is that
    of the step afterwards.

    Args:
        tables: the state at `first_step`, as `GANTask.tensors` gave it.
    """
    watch, terms, task = _Watch(), {}, copy.copy(run.task)
    # Nothing can be watched in a recorded graph.
    task.launch = directly
    learners = {"critic": task.critic, "generator": task.generator}
    for name in learners:
        for key, value in tables[name].items():
            watch.look("weight", f"the {name}'s '{key}'", value)
    if watch.found:
        return watch.found[0]
    reals, latents = streams_of(run, first_step, max_bad_share=1.0, say=lambda line: None)
    # A constraint may refuse what is not finite before the step is over.
    with suppress(ArithmeticError, RuntimeError, ValueError):
        # Optimisers have no state, and none in the tables, before the first step.
        task.load_tensors({"generator_optimizer": {}, "critic_optimizer": {}, **tables})
        for number in range(first_step, step - 1):
            task.step(number, reals, latents)
        with watch.hooked(learners), watch.paying(task.critic):
            terms = task.step(step - 1, watch.batches(reals), watch.latents(latents))
    for name, term in terms.items():
        watch.look("loss", name, term)
    for name, learner in learners.items():
        for key, value in learner.module.named_parameters():
            watch.look("weight", f"the {name}'s '{key}' after its update", vector_norm(value))
    return watch.found[0] if watch.found else None


class _Watch:
    """Looks at tensors as they come, and keeps those that are not finite, the first one first."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self._looks = 0

    def look(self, kind: str, what: str, value: Any) -> None:
        """Look at a tensor, or at all of a sequence."""
        for tensor in _tensors(value):
            self._looks += 1
            if not torch.isfinite(tensor).all():
                kept = "nan" if torch.isnan(tensor).any() else "inf"
                self.found.append(Finding(kind, what, kept, self._looks))

    def batches(self, reals: Iterable[Batch]) -> Iterator[Batch]:
        for number, batch in enumerate(reals, 1):
            self.look("input", f"batch {number} of real samples", batch.samples)
            self.look("input", f"the condition of batch {number}", batch.condition)
            self.look("input", f"labelled samples of batch {number}", batch.labelled)
            yield batch

    def latents(self, latents: Iterable[Tensor]) -> Iterator[Tensor]:
        for z in latents:
            self.look("input", "a batch of latents", z)
            yield z

    @contextmanager
    def hooked(self, learners: Mapping[str, Learner]) -> Iterator[None]:
        """Look at what modules give and at the gradients that optimisers get."""
        with ExitStack() as stack:
            for name, learner in learners.items():
                for key, module in learner.module.named_modules():
                    hook = self._module_hook(name, key)
                    stack.callback(module.register_forward_hook(hook).remove)
                look = partial(self._look_at_gradients, learners)
                stack.callback(learner.optimizer.register_step_pre_hook(look).remove)
            yield

    @contextmanager
    def paying(self, critic: Critic) -> Iterator[None]:
        """Look at the losses of both players, and at the penalty, as they are computed."""
        objective = critic.objective
        looked_at: dict[str, Any] = {"critic": self._looked_at("critic_loss", objective.critic)}
        if objective.generator is not None:
            looked_at["generator"] = self._looked_at("generator_loss", objective.generator)
        critic.objective = replace(objective, **looked_at)
        try:
            critic.penalty = self._looked_at("penalty", critic.penalty)  # type: ignore[method-assign]
            yield
        finally:
            del critic.penalty
            critic.objective = objective

    def _looked_at(self, name: str, loss: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any) -> Any:
            value = loss(*args)
            self.look("loss", name, value)
            return value

        return watched

    def _module_hook(self, network: str, name: str) -> Callable[..., None]:
        place = f"layer '{name}'" if name else "network"

        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            weights = module.named_parameters(prefix=name) if not _is_finite(output) else ()
            for key, weight in weights:
                # It was so before the layer was asked, and is the reason.
                self.look("weight", f"the {network}'s '{key}'", vector_norm(weight))
            self.look("layer", f"the output of the {network}'s {place}", output)

        return hook

    def _look_at_gradients(self, learners: Mapping[str, Learner], *_: Any) -> None:
        """Look at all gradients that there are, from the last layer on, as they were computed."""
        for name, learner in learners.items():
            for key, parameter in reversed(list(learner.module.named_parameters())):
                if parameter.grad is not None:
                    what = f"the gradient of the {name}'s '{key}'"
                    self.look("gradient", what, vector_norm(parameter.grad))


def _tensors(value: Any) -> list[Tensor]:
    """The tensors of floating-point numbers in what a module takes or gives."""
    if isinstance(value, Tensor):
        return [value] if value.is_floating_point() else []
    several = value if isinstance(value, list | tuple) else []
    return [tensor for each in several for tensor in _tensors(each)]


def _is_finite(value: Any) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in _tensors(value))
