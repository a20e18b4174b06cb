"""Steps on a GPU: they wait for nothing, and compute what a CPU computes."""

import pytest
import torch

from tests.cuda.conftest import no_waiting
from tests.cuda.tasks import Batches, make_task, numbers
from tests.made.stand_ins import Videos
from tests.made.tape import TapeRecorder
from tgan.constraints import CONSTRAINTS
from tgan.models.conditions import OnClass
from tgan.training.footprint import peak_of_step
from tgan.training.graphs import WARM_UP, CudaRecorder, Graphs, directly
from tgan.training.streams import RealBatches, latent_batches

NO_NORM = {"critic__batch_norm": False}
# Those that need a critic without batch norms, by the kind of what they do.
OF_SAMPLES = [name for name in CONSTRAINTS if "gp" in name or name in ("wgan_lp", "dragan")]
OTHERS = ["orthonormal", "weight_clip", "svc", "spectral_norm"]


@pytest.mark.parametrize("schedule", ["simultaneous", "alternating"])
@pytest.mark.parametrize("constraint", ["none", *OF_SAMPLES, "r1", *OTHERS])
def test_a_step_waits_for_nothing_but_projections(gpu, constraint, schedule):
    settings = NO_NORM if constraint in OF_SAMPLES or constraint == "r1" else {}
    task = make_task(gpu, constraint__name=constraint, train__schedule=schedule, **settings)
    object.__setattr__(task.critic.constraint, "project", lambda *_: None)
    batches = Batches(gpu)
    for number in range(2):
        batches.step(task, number)
    with no_waiting(gpu):
        batches.step(task, 2)


@pytest.mark.parametrize(
    "settings",
    [
        {"train__augment": ["translation", "shift", "flip", "colour", "cutout"]},
        {"train__cross_entropy_weight": 1.0, "data__name": "own"},
        {"train__ema_decay": 0.9},
        {"conditional": True, "data__name": "own"},
        {"conditional": True, "data__name": "own", "critic__conditioning": "projection"},
        {"train__mixed_precision": "bf16"},
    ],
)
def test_nor_does_it_with_more_in_it(gpu, settings):
    task = make_task(gpu, **settings)
    condition = (torch.tensor([0, 1, 1, 0]),) if "conditional" in settings else ()
    batches = Batches(gpu, condition)
    for number in range(2):
        batches.step(task, number)
    with no_waiting(gpu):
        batches.step(task, 2)


@pytest.mark.parametrize("precision, close", [("no", 1e-4), ("bf16", 2e-2)])
def test_the_first_steps_are_those_of_a_cpu(gpu, precision, close):
    terms = []
    for device in (torch.device("cpu"), gpu):
        task = make_task(device, train__mixed_precision=precision, train__tf32=False)
        batches = Batches(device)
        steps = (batches.step(task, number) for number in range(2))
        terms.append([{name: value.item() for name, value in step.items()} for step in steps])
    for here, there in zip(*terms, strict=True):
        for name, value in here.items():
            assert there[name] == pytest.approx(value, rel=close, abs=close)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
@pytest.mark.parametrize("constraint", ["svc", "wgan_gp", "aol"])
def test_deterministic_kernels_give_the_same_bits(gpu, constraint, optimizer):
    settings = {"train__deterministic": True, "constraint__name": constraint}
    settings |= NO_NORM if constraint != "svc" else {}
    settings |= {f"{player}_optimizer__name": optimizer for player in ("generator", "critic")}
    found = []
    for _ in range(2):
        task, batches = make_task(gpu, **settings), Batches(gpu)
        for number in range(6):
            batches.step(task, number)
        found.append(numbers(task))
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("precision", ["no", "bf16", "fp16"])
@pytest.mark.parametrize("schedule", ["simultaneous", "alternating"])
@pytest.mark.parametrize("constraint", ["none", "svc", "wgan_gp", "spectral_norm"])
def test_recorded_steps_are_those_that_are_launched(gpu, constraint, schedule, precision):
    """To the bit, with kernels that give the same bits; projections come between."""
    if precision == "fp16" and (gpu.type != "cuda" or constraint == "wgan_gp"):
        pytest.skip("fp16 needs a GPU, and no second derivatives")
    settings = {"train__deterministic": True, "train__mixed_precision": precision}
    settings |= {"constraint__name": constraint, "train__schedule": schedule}
    settings |= {"train__augment": ["translation", "colour"]}
    settings |= NO_NORM if constraint == "wgan_gp" else {}
    recorder = {"cuda": CudaRecorder, "cpu": TapeRecorder}[gpu.type]
    found = []
    for launch in (directly, Graphs(recorder(gpu))):
        task, batches = make_task(gpu, **settings), Batches(gpu)
        task.launch, terms = launch, []
        for number in range(2 * WARM_UP):
            batches.z *= 0.9
            terms.append(batches.step(task, number))
        found.append((terms, numbers(task)))
    torch.testing.assert_close(*found, rtol=0, atol=0)


def test_a_recorded_step_waits_for_nothing(gpu):
    task = make_task(gpu, train__cuda_graph=gpu.type == "cuda", train__ema_decay=0.9)
    batches = Batches(gpu)
    for number in range(WARM_UP + 2):
        batches.step(task, number)
    with no_waiting(gpu):
        batches.step(task, WARM_UP + 2)


def test_a_step_takes_the_memory_that_is_counted(gpu):
    if gpu.type != "cuda":
        pytest.skip("PyTorch counts memory on GPUs alone")
    task, batches = make_task(gpu), Batches(gpu)
    counted = peak_of_step(make_task(torch.device("cpu")), batches.real, batches.z)
    for number in range(3):
        torch.cuda.reset_peak_memory_stats()
        batches.step(task, number)
    assert torch.cuda.max_memory_allocated() < 1.3 * counted


def test_fp16_skips_an_overflow_and_recovers(gpu):
    if gpu.type != "cuda":
        pytest.skip("fp16 needs a GPU")
    task, batches = make_task(gpu, train__mixed_precision="fp16"), Batches(gpu)
    batches.step(task, 0)
    before = [parameter.clone() for parameter in task.critic.module.parameters()]
    batches.real.samples.mul_(1e30)
    batches.step(task, 1)
    after = list(task.critic.module.parameters())
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    batches = Batches(gpu)
    for number in range(2, 200):
        terms = batches.step(task, number)
    assert all(torch.isfinite(value) for value in terms.values())
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_batches_that_are_sent_while_the_gpu_computes_arrive_whole(gpu):
    """In the order of a CPU, and the host waits for none of them."""
    busy = torch.rand(2048, 2048, device=gpu)
    streams = []
    for device in (gpu, torch.device("cpu")):
        shared = {"batch_size": 4, "seed": 0, "device": device}
        reals = RealBatches(Videos(labels=["a", "b"]), OnClass(2), **shared)
        streams.append((reals, latent_batches(8, **shared)))
    found = []
    for reals, latents in streams:
        found.append([])
        # Whatever is fetched first may take new memory of the host, which is waited for.
        next(reals), next(latents)
        for _ in range(20):
            with no_waiting(gpu):
                for _ in range(3):
                    busy = busy @ busy
                reals.fetch(2)
                (samples, (labels,)), z = next(reals), next(latents)
            found[-1].append((samples, labels, z))
    for here, there in zip(*found, strict=True):
        assert all(torch.equal(a.cpu(), b) for a, b in zip(here, there, strict=True))
