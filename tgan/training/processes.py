"""Everything that is asked of Accelerate: devices, processes, precision, trackers."""

import gc
import importlib.util
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tgan.config import TrainConfig
from tgan.system.device import pick_device
from tgan.system.memory import keep_freed_memory
from tgan.system.precision import pick_precision, set_kernels
from tgan.training.control import join_control_group
from tgan.training.launcher import check_request, end_with_launcher, launched
from tgan.training.peers import arrive, meet_again, others_named
from tgan.training.steps import Learner

# Where Accelerate looks for the name of a device.
_DEVICE = "ACCELERATE_TORCH_DEVICE"
# What processes talk over, by kind of device, as Accelerate chooses it; gloo on others.
_BACKENDS = {"cuda": "nccl"}
Trained = TypeVar("Trained", bound=Learner)


def make_accelerator(
    *,
    mixed_precision: str = "no",
    trackers: Sequence[str] = (),
    run_dir: Path | None = None,
    timeout: float = TrainConfig.timeout,
    device: str = "auto",
    spares_memory: bool = False,
    tf32: bool = TrainConfig.tf32,
    deterministic: bool = TrainConfig.deterministic,
) -> Accelerator:
    """An accelerator for this process, as the launcher's environment describes it.

    Args:
        mixed_precision: a setting of `train.mixed_precision`.
        device: `auto` takes what there is; another name is that of the only process's.
        timeout: seconds that a process waits for the others before it gives up.
        spares_memory: whether memory that is freed on a CPU goes back to the system.
        tf32, deterministic: see `tgan.system.precision.set_kernels`.

    Raises:
        ValueError: fp16 where there is no CUDA device (on a CPU it would silently train in
            float32), a launcher that asks for something else or whose processes do not see each
            other, a tracker that is not installed, a device that there is not, or another process
            that refuses to start.
        ChildProcessError: another process did not come in time.
    """
    _check_trackers(trackers)
    processes = launched()
    if device != "auto" and processes > 1:
        raise ValueError(
            f"device '{device}' is for a single process; {processes} were launched, which take "
            "what the launcher gives them"
        )
    kind = torch.device(pick_device(device)).type
    mixed_precision = pick_precision(mixed_precision, kind)
    check_request(mixed_precision)
    if mixed_precision == "fp16" and kind != "cuda":
        raise ValueError("train.mixed_precision fp16 needs a CUDA device; choose bf16 or no")
    end_with_launcher()
    # cuBLAS wants to know before CUDA starts.
    set_kernels(tf32=tf32, deterministic=deterministic)
    arrive(timeout)
    # Accelerate keeps the settings of a process's first accelerator; each run has its own.
    has_group = torch.distributed.is_available() and torch.distributed.is_initialized()
    AcceleratorState._reset_state(reset_partial_state=not has_group)
    with _on(device), others_named(processes, timeout):
        meet_again(_BACKENDS.get(kind, "gloo"), timeout)
        accelerator = Accelerator(
            cpu=kind == "cpu",
            mixed_precision=mixed_precision,
            log_with=list(trackers) or None,
            project_dir=run_dir,
            kwargs_handlers=[
                InitProcessGroupKwargs(timeout=timedelta(seconds=timeout)),
                # Gradients are averaged where they are, without a copy of them.
                DistributedDataParallelKwargs(gradient_as_bucket_view=True),
            ],
        )
        join_control_group(timeout)
    if (found := accelerator.num_processes) != processes:
        raise ValueError(
            f"{processes} processes were launched but {found} found each other; "
            "on CPUs use `accelerate launch --multi_gpu --num_processes N`"
        )
    if accelerator.device.type == "cpu":
        if not spares_memory:
            keep_freed_memory()
        # Activations that die out become denormal numbers, which slow a processor down tenfold.
        torch.set_flush_denormal(True)
    return accelerator


@contextmanager
def _on(device: str) -> Iterator[None]:
    """Have an accelerator that is made here take a device."""
    before = os.environ.get(_DEVICE)
    if device != "auto":
        os.environ[_DEVICE] = device
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_DEVICE, None)
        else:
            os.environ[_DEVICE] = before


def _check_trackers(trackers: Sequence[str]) -> None:
    for name in trackers:
        if importlib.util.find_spec(name) is None:
            raise ValueError(f"log.trackers: {name} is not installed (pip install {name})")


def prepare(accelerator: Accelerator, learner: Trained) -> Trained:
    """Have a learner, whose module is on this process's device, train as the accelerator says.

    Its network is wrapped for its own loss (autocast, processes), and its losses get a scaler.
    """
    network = accelerator.prepare(learner.module)
    if isinstance(network, DistributedDataParallel):
        # Our batch norms share their statistics themselves. Copying buffers at each forward pass
        # would also break two passes before one backward (pytorch issue 175024).
        network.broadcast_buffers = False
        for parameter in learner.module.parameters():
            if parameter.requires_grad and 1 in parameter.shape:
                _keep_strides(parameter)
    learner.network, learner.precision = network, accelerator.autocast
    fp16 = accelerator.mixed_precision == "fp16"
    learner.scaler = torch.amp.GradScaler(accelerator.device.type, enabled=fp16)
    return learner


def _keep_strides(parameter: nn.Parameter) -> None:
    """Give gradients of a parameter its own strides, where an axis of one number has several.

    A kernel of one channel has its channels first and last; processes copy a gradient whose
    strides are others than the parameter's, with a warning.
    """
    parameter.register_hook(
        lambda gradient: (
            gradient.as_strided(parameter.shape, parameter.stride())
            if _same_layout(gradient, parameter)
            else gradient
        )
    )


def _same_layout(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors of one shape lie alike in memory."""
    axes = zip(one.shape, one.stride(), other.stride(), strict=True)
    return all(a == b for size, a, b in axes if size > 1)


def finish(accelerator: Accelerator) -> None:
    """Close trackers and the process group, in the order that lets processes exit cleanly."""
    accelerator.free_memory()
    gc.collect()
    accelerator.wait_for_everyone()
    accelerator.end_training()
    if accelerator.num_processes > 1:
        # Its process group is gone: the next run of this process makes another.
        AcceleratorState._reset_state(reset_partial_state=True)
