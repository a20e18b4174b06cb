"""Our networks and our step against what the authors' own program computed (recorded).

TGAN_OFFICIAL_REFERENCE names another recording, of whatever sizes: all come from its files.
"""

import json
import re
import shutil
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from tests.made import official_reference as module
from tests.made.official_reference import VARIABLE, official_reference
from tests.truths.official import record
from tgan.config import OptimizerConfig
from tgan.constraints import SingularValueClip
from tgan.data.pixels import normalise
from tgan.losses import OBJECTIVES
from tgan.models.activations import LEAKY_SLOPE
from tgan.models.layers import BATCH_NORM_EPS, BATCH_NORM_MOMENTUM
from tgan.runs.build import build_optimizer
from tgan.runs.official import load_official, official_iterations
from tgan.training.gan import GANTask
from tgan.training.steps import Batch, Critic, Learner


@dataclass(frozen=True)
class WatchedClip(SingularValueClip):
    """Notes the largest singular value of each kernel, by LAPACK, before it clips."""

    before: dict[int, list[float]] = field(default_factory=dict)

    def project(self, critic, updates):
        if updates % self.interval == 0:
            kernels = [layer.weight.detach().flatten(1) for layer in (*critic.convs, critic.last)]
            self.before[updates] = [torch.linalg.matrix_norm(k, 2).item() for k in kernels]
        super().project(critic, updates)


class Trace:
    """A recorded training run of the authors' program."""

    def __init__(self, directory):
        self.directory = directory / "trace_float64"
        recorded = json.loads((self.directory / "trace.json").read_text())
        self.config, self.log = recorded["config"], recorded["log"]
        inputs = np.load(self.directory / "trace_inputs.npz")
        self.real, self.z = torch.tensor(inputs["real"]), torch.tensor(inputs["z"])
        self.first, *_, self.last = official_iterations(self.directory)
        assert self.last - self.first == len(self.log) == len(self.real) == len(self.z)

    def replay(self, *, schedule="simultaneous", clip=None, steps=None):
        """Our networks, the clip, and the terms of every step, from the trace's own inputs."""
        networks = load_official(self.directory, iteration=self.first)
        clip = clip or WatchedClip(interval=self.config["svc_every"])
        generator, critic = networks
        rules = {"objective": OBJECTIVES["wasserstein"], "constraint": clip}
        task = GANTask(
            Learner(generator, self._optimizer(generator)),
            Critic(critic, self._optimizer(critic), **rules),
            schedule=schedule,
        )
        reals = (Batch(normalise(r.movedim(2, -1), torch.float64)) for r in self.real)
        latents = iter(self.z if schedule == "simultaneous" else self.z.repeat_interleave(2, 0))
        terms = [task.step(step, reals, latents) for step in range(steps or len(self.log))]
        return networks, clip, terms

    def _optimizer(self, network):
        text = self.config["optimizer"]
        name, settings = text.split("(")[0], dict(re.findall(r"(\w+)=([-+.\de]+)", text))
        numbers = {key: float(value) for key, value in settings.items()}
        return build_optimizer(OptimizerConfig(name=name.lower(), **numbers), network)

    def losses(self, steps=None):
        """What was logged: (steps, 2), of generator and critic."""
        return np.array([[entry["loss_gen"], entry["loss_dis"]] for entry in self.log[:steps]])


def losses_of(terms):
    return np.array([[t["generator_loss"].item(), t["critic_loss"].item()] for t in terms])


def assert_same_states(networks, others, *, atol):
    for ours, theirs in zip(networks, others, strict=True):
        assert ours.state_dict().keys() == theirs.state_dict().keys()
        for name, value in theirs.state_dict().items():
            np.testing.assert_allclose(
                ours.state_dict()[name], value, rtol=0, atol=atol, err_msg=name
            )


@torch.no_grad()
def test_official_outputs_in_inference_mode():
    reference = official_reference()
    generator, critic = (network.eval() for network in load_official(reference))
    recorded = {name: torch.tensor(a) for name, a in np.load(reference / "forward.npz").items()}
    dtype = next(generator.parameters()).dtype
    z = recorded["z"].to(dtype)
    real = normalise(recorded["real"].movedim(2, -1), dtype)
    for ours, theirs in (
        (generator.temporal(z), recorded["z_fast"]),
        (generator(z), recorded["video"].transpose(1, 2)),
        (critic(real), recorded["score"].flatten()),
    ):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_official_training_trace():
    trace = Trace(official_reference())
    networks, clip, terms = trace.replay()
    np.testing.assert_allclose(losses_of(terms), trace.losses(), rtol=1e-7)
    logged = {
        update: entry["sigma_max_before"]
        for update, entry in enumerate(trace.log, 1)
        if "sigma_max_before" in entry
    }
    assert clip.before.keys() == logged.keys()
    for update, sigmas in logged.items():
        np.testing.assert_allclose(clip.before[update], sigmas, rtol=1e-7)
    assert_same_states(networks, load_official(trace.directory, iteration=trace.last), atol=1e-7)


def test_official_constants_are_ours():
    config = Trace(official_reference()).config
    eps, decay = map(float, re.findall(r"\d[-+.\de]*", config["bn"]))
    assert (eps, decay) == pytest.approx((BATCH_NORM_EPS, 1 - BATCH_NORM_MOMENTUM))
    assert config["leaky_relu_slope"] == LEAKY_SLOPE


def test_official_trace_tells_other_ways_of_training_apart():
    trace = Trace(official_reference())
    interval = trace.config["svc_every"]
    ways = {"critic first": {"schedule": "alternating"}}
    if interval < len(trace.log):
        ways["gains not clipped"] = {
            "clip": SingularValueClip(interval=interval, clips_gains=False)
        }
        ways["clipped later"] = {"clip": SingularValueClip(interval=interval + 1)}
    steps = min(interval + 1, len(trace.log))
    for way, settings in ways.items():
        _, _, terms = trace.replay(steps=steps, **settings)
        errors = np.abs(losses_of(terms) / trace.losses(steps) - 1)
        assert errors.max() > 1e-5, way


@pytest.fixture(scope="module")
def literal(tmp_path_factory):
    """A recording of another program, of sizes that all differ."""
    directory = tmp_path_factory.mktemp("literal")
    sizes = {"z_slow": 7, "z_fast": 5, "temporal": 24, "width": 48, "critic": 6, "channels": 1}
    settings = {"batch": 3, "iterations": 5, "svc_every": 2, "first": 10}
    record(directory, **sizes, **settings, lr=3e-4, alpha=0.95, eps=1e-7)
    return directory


@pytest.mark.parametrize(
    "check",
    [
        test_official_outputs_in_inference_mode,
        test_official_training_trace,
        test_official_constants_are_ours,
        test_official_trace_tells_other_ways_of_training_apart,
    ],
)
def test_official_checks_take_recordings_of_other_sizes(literal, monkeypatch, check):
    monkeypatch.setenv(VARIABLE, str(literal))
    check()


@pytest.mark.parametrize("what", ["loss", "sigma", "weight", "average"])
def test_official_checks_notice_a_millionth(literal, monkeypatch, tmp_path, what):
    directory = shutil.copytree(literal, tmp_path / "changed")
    monkeypatch.setenv(VARIABLE, str(directory))
    log_path, weights_path = (
        directory / "trace_float64" / name for name in ("trace.json", "vdis_iter_15.npz")
    )
    recorded, arrays = json.loads(log_path.read_text()), dict(np.load(weights_path))
    entry = recorded["log"][-2]
    if what == "loss":
        entry["loss_dis"] *= 1 + 1e-6
    elif what == "sigma":
        entry["sigma_max_before"][2] *= 1 + 1e-6
    else:
        arrays["c2/W" if what == "weight" else "bn3/avg_mean"].flat[-1] += 1e-6
    log_path.write_text(json.dumps(recorded))
    np.savez(weights_path, **arrays)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        test_official_training_trace()


def test_official_reference_that_is_named_but_missing_fails(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "missing"))
    with pytest.raises(pytest.fail.Exception, match=f"{VARIABLE} names .*missing"):
        official_reference()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert official_reference() == tmp_path
    with pytest.raises(ValueError, match="no snapshot"):
        test_official_outputs_in_inference_mode()
    with pytest.raises(FileNotFoundError, match="trace.json"):
        test_official_training_trace()


def test_official_reference_that_is_not_named_is_the_shared_one(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(module, "DEFAULT", tmp_path)
    assert official_reference() == tmp_path
    monkeypatch.setattr(module, "DEFAULT", tmp_path / "absent")
    with pytest.raises(pytest.skip.Exception, match="not here"):
        official_reference()
