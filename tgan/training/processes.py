"""Everything that is asked of Accelerate: devices, processes, precision, trackers."""

import gc
import importlib.util
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import InitProcessGroupKwargs
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tgan.config import TrainConfig
from tgan.system.memory import keep_freed_memory
from tgan.training.launcher import check_request, end_with_launcher
from tgan.training.steps import Learner

Trained = TypeVar("Trained", bound=Learner)


def make_accelerator(
    *,
    mixed_precision: str = "no",
    trackers: Sequence[str] = (),
    run_dir: Path | None = None,
    timeout: float = TrainConfig.timeout,
) -> Accelerator:
    """An accelerator for this process, as the launcher's environment describes it.

    Args:
        timeout: seconds that a process waits for the others before it gives up.

    Raises:
        ValueError: fp16 where there is no CUDA device (on a CPU it would silently train in
            float32), a launcher that asks for something else or whose processes do not see each
            other, or a tracker that is not installed.
    """
    check_request(mixed_precision)
    _check_trackers(trackers)
    if mixed_precision == "fp16" and not torch.cuda.is_available():
        raise ValueError("train.mixed_precision fp16 needs a CUDA device; choose bf16 or no")
    end_with_launcher()
    # Accelerate keeps the settings of a process's first accelerator; each run has its own.
    AcceleratorState._reset_state()
    accelerator = Accelerator(
        cpu=not torch.accelerator.is_available(),
        mixed_precision=mixed_precision,
        log_with=list(trackers) or None,
        project_dir=run_dir,
        kwargs_handlers=[InitProcessGroupKwargs(timeout=timedelta(seconds=timeout))],
    )
    launched = int(os.environ.get("WORLD_SIZE", 1))
    if accelerator.num_processes != launched:
        raise ValueError(
            f"{launched} processes were launched but {accelerator.num_processes} found each other; "
            "on CPUs use `accelerate launch --multi_gpu --num_processes N`"
        )
    if accelerator.device.type == "cpu":
        keep_freed_memory()
        # Activations that die out become denormal numbers, which slow a processor down tenfold.
        torch.set_flush_denormal(True)
    return accelerator


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
    learner.network = network
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
