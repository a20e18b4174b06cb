"""Work of a training step: its products and sums, and how many this machine can do."""

import time
from itertools import repeat

import torch
from torch.utils.flop_counter import FlopCounterMode

from tgan.benchmarks.step.sizes import Sizes
from tgan.benchmarks.step.timing import make_networks, make_task, random_latents, random_videos
from tgan.data.pixels import normalise
from tgan.training.steps import Batch

DTYPES = {"no": torch.float32, "bf16": torch.bfloat16}
# Clips that are enough to count by; the work grows as the batch.
_FEW = 2
_SIDE, _REPEATS = 2048, 5


def count_flops(sizes: Sizes) -> float:
    """Products and sums in convolutions and matrices of one step, padding included."""
    few = Sizes(**vars(sizes) | {"batch": _FEW})
    task = make_task(*make_networks(few))
    batch = Batch(normalise(random_videos(few)))
    with FlopCounterMode(display=False) as counter:
        task.step(0, repeat(batch), repeat(random_latents(few)))
    return counter.get_total_flops() * sizes.batch / _FEW


def measure_peak(mixed_precision: str, threads: int) -> float:
    """Products and sums per second of the best of a few products of large matrices."""
    torch.set_num_threads(threads)
    matrix = torch.randn(_SIDE, _SIDE).to(DTYPES[mixed_precision])
    seconds = []
    for _ in range(_REPEATS + 1):
        begin = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - begin)
    return 2 * _SIDE**3 / min(seconds)
