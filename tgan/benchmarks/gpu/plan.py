"""The measurements of the first hour, each by itself: one that fails leaves the others."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tgan.benchmarks.clipping.cost.clip_cost import SHAPES
from tgan.benchmarks.gpu.setting import Setting, default_kernels
from tgan.constraints import CertifiedSingularValueClip, Constraint, Parseval
from tgan.linalg import clip_singular_values
from tgan.linalg.clipping import CLIP_METHODS, FOLLOWING_METHODS
from tgan.runs.build import critic_example
from tgan.runs.train import train

# Rows of a table by the name of what they say.
Rows = list[dict[str, Any]]
PRECISIONS: dict[str, dict[str, Any]] = {
    "float32": {"train__tf32": False},
    "TF32": {},
    "bf16": {"train__mixed_precision": "bf16"},
    "fp16": {"train__mixed_precision": "fp16"},
    "TF32, deterministic": {"train__deterministic": True},
    "TF32, recorded": {"train__cuda_graph": True},
    "bf16, recorded": {"train__mixed_precision": "bf16", "train__cuda_graph": True},
}
# Those that other devices refuse.
ON_CUDA = ("fp16", "TF32, recorded", "bf16, recorded")
BATCHES = (32, 128)
CERTIFIED: dict[str, Constraint] = {
    "svc_certified": CertifiedSingularValueClip(),
    "parseval": Parseval(),
}
SIZES: dict[str, dict[str, Any]] = {
    "16x64x64": {},
    "32x128x128": {"data__resolution": 128, "data__num_frames": 32},
}
DEMO = Path(__file__).parents[3] / "configs" / "demo.yaml"


def products(setting: Setting) -> Rows:
    """Products of matrices of 2,048 rows, by type."""
    size, rows = 64 if setting.quick else 2048, []
    for kind in (torch.float32, torch.float64, torch.bfloat16, torch.complex64):
        matrix = torch.randn(size, size, device=setting.device).to(kind)
        seconds = setting.seconds(lambda matrix=matrix: matrix @ matrix, times=5)
        work = (8 if kind.is_complex else 2) * size**3
        rows.append({"type": str(kind).removeprefix("torch."), "TFLOP/s": work / seconds / 1e12})
    return rows


def steps(setting: Setting) -> Rows:
    """Seconds per step of the paper's networks, without a constraint."""
    rows = []
    for batch in BATCHES:
        for name, precision in PRECISIONS.items():
            if name in ON_CUDA and torch.device(setting.device).type != "cuda":
                continue
            step = setting.task(setting.config(train__batch_size=batch, **precision))
            taken = setting.seconds(step, times=setting.steps, before=setting.before)
            rows.append({"batch": len(step.real), "precision": name, "seconds per step": taken})
    return rows


def idle(setting: Setting) -> Rows:
    """What part of ten steps the GPU computes nothing, and how many operations it takes."""
    on_cuda = torch.device(setting.device).type == "cuda"
    ways = {"launched": False} | ({"recorded": True} if on_cuda else {})
    return [{"steps": name} | _idle(setting, recorded) for name, recorded in ways.items()]


def _idle(setting: Setting, recorded: bool) -> dict[str, float]:
    step = setting.task(setting.config(train__cuda_graph=recorded))
    for _ in range(setting.before):
        step()
    kinds = [torch.profiler.ProfilerActivity.CPU]
    kinds += [torch.profiler.ProfilerActivity.CUDA] if torch.cuda.is_available() else []
    count = 2 if setting.quick else 10
    with torch.profiler.profile(activities=kinds) as profile:
        setting.wait()
        begin = time.perf_counter()
        for _ in range(count):
            step()
        setting.wait()
        taken = time.perf_counter() - begin
    on_gpu = [e for e in profile.events() if e.device_type == torch.autograd.DeviceType.CUDA]
    busy = sum(event.time_range.elapsed_us() for event in on_gpu) / 1e6
    return {"idle": 1 - busy / taken, "operations per step": len(on_gpu) / count}


def projections(setting: Setting) -> Rows:
    """Seconds of a projection of the paper's critic, on the device and on the CPU."""
    shapes, rows = SHAPES[:1] if setting.quick else SHAPES, []
    for device in dict.fromkeys((setting.device, "cpu")):
        there = replace(setting, device=device)
        kernels = [1.03 * torch.randn(shape, device=device) / shape[1] ** 0.5 for shape in shapes]
        work: dict[str, Callable[[], object]] = {
            f"svc, {method}": partial(_clip, kernels, method)
            for method in CLIP_METHODS
            if method not in FOLLOWING_METHODS
        }
        for name, constraint in CERTIFIED.items():
            config = there.config(critic__batch_norm=False)
            critic = there.task(config).task.critic.module
            constraint.attach(critic, critic_example(config, device=torch.device(device)))
            work[name] = partial(constraint.project, critic, 1)
        for name, project in work.items():
            seconds = there.seconds(project, times=3)
            rows.append({"projection": name, "on": device, "seconds": seconds})
    return rows


def _clip(kernels: Sequence[Tensor], method: str) -> None:
    for kernel in kernels:
        clip_singular_values(kernel, method=method)


def memory(setting: Setting) -> Rows:
    """The peak of a step's memory at two sizes, and the largest batch that doubling finds."""
    rows = []
    for name, size in SIZES.items():
        for precision in ("float32", "bf16"):
            settings = size | PRECISIONS[precision]
            step = setting.task(setting.config(**settings))
            peak = setting.peak(lambda step=step: [step() for _ in range(2)])
            row = {"clips": name, "precision": precision, "batch": len(step.real), "bytes": peak}
            rows.append(row | {"largest batch": _largest_batch(setting, settings)})
    return rows


def _largest_batch(setting: Setting, settings: Mapping[str, Any]) -> int | None:
    """By doubling, in steps of which one no longer fits; None where memory is not a GPU's."""
    if torch.device(setting.device).type != "cuda":
        return None
    batch = 32
    while True:
        try:
            step = setting.task(setting.config(**{**settings, "train__batch_size": 2 * batch}))
            step()
            step()
        except torch.OutOfMemoryError:
            return batch
        batch *= 2


def demo(setting: Setting) -> Rows:
    """The demo: what it takes, and how far its samples are from held-back clips."""
    rows = []
    for device in dict.fromkeys((setting.device, "cpu")):
        settings: dict[str, Any] = {
            "log.preview_every": 0,
            "log.critic_every": 0,
            "log.trackers": [],
        }
        settings |= {"train.steps": 2, "log.distance_clips": 0} if setting.quick else {}
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            run = train(DEMO, run_dir=Path(folder) / "run", device=device, **settings)
            seconds = time.perf_counter() - begin
            samples = 16 if setting.quick else 1024
            scores = run.evaluate(metrics="frechet_pooled192", samples=samples)
        values = {name: score.value for name, score in scores.items()}
        rows.append({"on": device, "seconds": seconds, **values})
    return rows


PLAN: dict[str, Callable[[Setting], Rows]] = {
    "products of matrices": products,
    "steps": steps,
    "idle": idle,
    "projections": projections,
    "memory": memory,
    "demo": demo,
}


def measure(setting: Setting) -> Iterator[tuple[str, Rows]]:
    """All of `PLAN`, one after the other; of what fails there is a row that says why."""
    for name, work in PLAN.items():
        with default_kernels():
            try:
                yield name, work(setting)
            except (RuntimeError, ValueError, ArithmeticError) as error:
                yield name, [{"failed": (str(error) or type(error).__name__).splitlines()[0]}]
