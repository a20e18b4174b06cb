"""Cases for several processes of a run, each of which writes what it saw.

Each process calls `main`. Cells are trained as `float64_worker.py` does.
"""

import json
import math
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from tests.conftest import make_tiny_config
from tests.made.float64_worker import train_all
from tgan.config.reading import dump_config
from tgan.models.batch_norm import BatchNorm
from tgan.runs.build import accelerator_for, build_run
from tgan.runs.parts import Parts, own_source
from tgan.runs.same_data import check_data_of_ranks
from tgan.training import streams
from tgan.training.checkpoint import directory_of, save_checkpoint
from tgan.training.control import gathered
from tgan.training.health import Health
from tgan.training.processes import finish
from tgan.training.ranks import agree_on_checkpoint, first_difference
from tgan.training.run_dir import claim
from tgan.training.stopping import requests_to_stop
from tgan.training.streams import streams_of

BAD = 2


def config_of(**settings):
    config = make_tiny_config()
    config.data.resolution, config.log.every, config.log.checkpoint_every = 8, 4, 3
    for name, value in settings.items():
        setattr(config.train, name, value)
    return config


def train(run, steps: int) -> str:
    """Train so many steps; the error that ended them, if one did."""
    reals, latents = streams_of(run, 0)
    health = Health(run, first_step=0)
    try:
        for step in range(steps):
            health.check(step)
            health.step(step, reals, latents)
        health.check(steps, always=True)
    except ArithmeticError as error:
        return str(error)
    finally:
        health.close()
    return ""


def healthy(accelerator, folder):
    run = build_run(config_of(), folder, accelerator=accelerator)
    error = train(run, 4)
    return [error, first_difference(run.task.tensors())]


def bad_data(schedule, interval=100):
    """One pixel of a batch of process 1 is not a number.

    Args:
        interval: of projections, which refuse what is not finite.
    """

    def case(accelerator, folder):
        config = config_of(schedule=schedule)
        config.constraint.interval = interval
        run = build_run(config, folder, accelerator=accelerator)
        original = streams.RealBatches

        class Poisoned(original):
            def __init__(self, *args, first=0, **settings):
                super().__init__(*args, first=first, **settings)
                self.number = first

            def __next__(self):
                batch = super().__next__()
                if self.number == BAD and accelerator.process_index == 1:
                    batch.samples.view(-1)[0] = math.nan
                self.number += 1
                return batch

        streams.RealBatches = Poisoned
        try:
            return train(run, 6)
        finally:
            streams.RealBatches = original

    return case


def bad_weight(accelerator, folder):
    """A weight of process 1 is not a number from some step on."""
    run = build_run(config_of(), folder, accelerator=accelerator)
    original = run.task.step

    def step(step, reals, latents):
        if step == BAD and accelerator.process_index == 1:
            with torch.no_grad():
                run.task.critic.module.convs[0].weight.view(-1)[0] = math.nan
        return original(step, reals, latents)

    run.task.step = step
    return train(run, 6)


def drift(table, **settings):
    """Something of process 1 is off by its last bit."""

    def case(accelerator, folder):
        run = build_run(config_of(**settings), folder, accelerator=accelerator)
        original = run.task.step

        def step(step, reals, latents):
            terms = original(step, reals, latents)
            if step == BAD and accelerator.process_index == 1:
                state = run.task.tensors()[table]
                tensor = next(each for each in state.values() if each.ndim > 1)
                one = tensor.view(-1)[:1]
                one.copy_(torch.nextafter(one, one + 1))
            return terms

        run.task.step = step
        return train(run, 6)

    return case


def resume(*checkpoints, steps=(4, 4)):
    """A directory per process, with a checkpoint of a step and a weight, or none.

    Args:
        steps: that each process is to train.
    """

    def case(accelerator, folder):
        own = folder / str(accelerator.process_index)
        config = config_of(steps=steps[accelerator.process_index])
        if checkpoint := checkpoints[accelerator.process_index]:
            step, weight = checkpoint
            tables = {"generator": {"weight": torch.full((1,), weight)}}
            facts = {"step": step, "num_videos": 50, "config": dump_config(config)}
            save_checkpoint(directory_of(own, step), tables, **facts)
        accelerator.wait_for_everyone()
        try:
            found = agree_on_checkpoint(
                accelerator, config, own, lambda: claim(own, config, resume="auto")
            )
        except ValueError as error:
            return str(error)
        return found and found.step

    return case


def data(*videos):
    """Made videos of each process: how many, and the seed of their making."""

    def case(accelerator, folder):
        number, seed = videos[accelerator.process_index]
        own = np.random.default_rng(seed).integers(0, 256, (number, 16, 8, 8, 3), np.uint8)
        source = own_source(own, 16)
        run = build_run(config_of(), folder, Parts(source=source), accelerator=accelerator)
        try:
            return check_data_of_ranks(run)
        except ValueError as error:
            return str(error)

    return case


@contextmanager
def counted():
    """Collectives by name, as Python calls them; the buckets of gradients are sent beside."""
    calls = Counter()
    with ExitStack() as patches:
        for name in ("all_reduce", "all_gather", "all_gather_into_tensor", "broadcast"):
            original = getattr(dist, name)

            def call(*args, original=original, name=name, **settings):
                calls[name, "control" if settings.get("group") is not None else "step"] += 1
                return original(*args, **settings)

            patches.enter_context(mock.patch.object(dist, name, call))
        yield calls


def collectives(schedule):
    """What a step of networks with the paper's layers sends, and the decision before it."""

    def case(accelerator, folder):
        config = config_of(schedule=schedule)
        config.data.resolution = 64
        run = build_run(config, folder, accelerator=accelerator)
        reals, latents = streams_of(run, 0)
        found = []
        with requests_to_stop(accelerator) as request:
            for step in range(2):
                with counted() as calls:
                    assert not request.agreed()
                    run.task.step(step, reals, latents)
                found.append(sorted([*key, count] for key, count in calls.items()))
        return found

    return case


def batch_norms(accelerator, folder):
    """How far off statistics, outputs and gradients of norms over processes are, by kind."""
    return {
        f"{dtype} {shape} {shift} {repeats}": off(accelerator, dtype, shape, shift, repeats)
        for dtype in ("float32", "float64", "bfloat16")
        for shape in ((4, 6), (2, 6), (8, 6, 5), (8, 6, 3, 4, 5))
        for shift in (True, False)
        for repeats in (1, 4)
    }


def off(accelerator, dtype, shape, shift, repeats):
    """The largest relative error of the norm of half a batch, against PyTorch's of the whole."""
    torch.manual_seed(0)
    dtype, rank = getattr(torch, dtype), accelerator.process_index
    whole = (torch.randn(shape, dtype=torch.float64) * 0.3 + 2).to(dtype)
    weights = torch.randn(shape, dtype=torch.float64).to(dtype)
    half = slice(rank * shape[0] // 2, (rank + 1) * shape[0] // 2)
    ours = BatchNorm(shape[1], shift=shift, repeats=repeats)
    theirs = nn.BatchNorm1d(shape[1], eps=ours.eps).double()
    for number, (name, parameter) in enumerate(ours.named_parameters()):
        nn.init.uniform_(parameter, 1 + number, 2 + number)
        getattr(theirs, name).data.copy_(parameter)
    ours = ours.to(torch.float64 if dtype == torch.float64 else torch.float32)
    x = whole[half].clone().requires_grad_()
    exact = whole.double().requires_grad_()
    out = ours(x)
    repeated = exact.repeat_interleave(repeats, 0).view(repeats * shape[0], shape[1], -1)
    expected = theirs(repeated)[::repeats].view(shape)
    (out * weights[half]).sum().backward()
    (expected * weights.double()).sum().backward()
    of_weight = weights.double() * (expected - theirs.bias.view(1, -1, *[1] * (len(shape) - 2)))
    of_weight = of_weight[half].transpose(0, 1).flatten(1).sum(1) / theirs.weight
    assert out.dtype == dtype == x.grad.dtype
    pairs = [
        (out, expected[half]),
        (x.grad, exact.grad[half]),
        (ours.weight.grad, of_weight),
        (ours.running_mean, theirs.running_mean),
        (ours.running_var, theirs.running_var),
    ]
    errors = [((a.double() - b).abs().max() / b.abs().max()).item() for a, b in pairs]
    return max(gathered(max(errors)))


def kept_by_a_norm(accelerator, folder):
    """Bytes that a norm over processes keeps for its backward pass, of those of its input."""
    x = torch.randn(8, 4, 64, 64).bfloat16().requires_grad_()
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        BatchNorm(4)(x)
    return sum(t.nbytes for t in kept) / x.nbytes


CASES = {
    "collectives, simultaneous": collectives("simultaneous"),
    "collectives, alternating": collectives("alternating"),
    "batch norms": batch_norms,
    "kept by a norm": kept_by_a_norm,
    "healthy": healthy,
    "bad data, simultaneous": bad_data("simultaneous"),
    "bad data, alternating": bad_data("alternating"),
    "bad data, refused": bad_data("simultaneous", interval=1),
    "bad weight": bad_weight,
    "drift of the generator": drift("generator"),
    "drift of an optimiser": drift("critic_optimizer"),
    "drift unchecked": drift("critic", check_ranks=False),
    "resume the same": resume((3, 1.0), (3, 1.0)),
    "resume others": resume((3, 1.0), (3, 2.0)),
    "resume one": resume((3, 1.0), None),
    "resume another": resume(None, (3, 1.0)),
    "resume none": resume(None, None),
    "resume beyond": resume((9, 1.0), None),
    "other settings": resume(None, None, steps=(4, 5)),
    "same data": data((5, 1), (5, 1)),
    "more data": data((5, 1), (6, 1)),
    "other data": data((5, 1), (5, 2)),
}


def main(out: str, *cells: str) -> None:
    """Go through all cases and cells, and write what came out beside `out`."""
    accelerator = accelerator_for(config_of(), Path(out))
    seen = {}
    for number, (name, case) in enumerate(CASES.items()):
        seen[name] = case(accelerator, Path(out) / str(number))
    rank = accelerator.process_index
    Path(f"{out}.{rank}").write_text(json.dumps([accelerator.num_processes, seen]))
    train_all(accelerator, out, list(cells))
    finish(accelerator)
    assert not dist.is_initialized()
