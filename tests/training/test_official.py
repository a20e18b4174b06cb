"""Our networks and our step against what the authors' own program computed (recorded)."""

import json

import numpy as np
import pytest
import torch

from tgan.constraints import SingularValueClip
from tgan.losses import OBJECTIVES
from tgan.models import VideoCritic, VideoGenerator
from tgan.training.steps import Batch, Player, simultaneous_step


@pytest.fixture
def reference(shared):
    return shared("reference/official_tgan")


def load_norm(norm, arrays, name):
    state = {"weight": "gamma", "running_mean": "avg_mean", "running_var": "avg_var"}
    state |= {"bias": "beta"} if norm.bias is not None else {}
    norm.load_state_dict({k: torch.tensor(arrays[f"{name}/{v}"]) for k, v in state.items()})


def load_kernel(layer, arrays, name):
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(arrays[f"{name}/W"]).view_as(layer.weight))
        if layer.bias is not None:
            layer.bias.copy_(torch.tensor(arrays[f"{name}/b"]))


def load_networks(directory, iteration, dtype):
    """Our generator and critic with the weights of one of the authors' snapshots."""
    temporal, image, critic = (
        np.load(directory / f"{name}_iter_{iteration}.npz") for name in ("gen", "vgen", "vdis")
    )
    ours = VideoGenerator(
        z_slow=temporal["dc0/W"].shape[0],
        z_fast=temporal["dc4/W"].shape[1],
        temporal_width=temporal["dc0/W"].shape[1],
        width=image["dc1/W"].shape[0],
        channels=image["dc5/W"].shape[1],
    ).to(dtype)
    our_critic = VideoCritic(width=critic["c0/W"].shape[0], channels=critic["c0/W"].shape[1])
    our_critic.to(dtype)
    for i, layer in enumerate(ours.temporal.deconvs):
        load_kernel(layer, temporal, f"dc{i}")
    for i, norm in enumerate(ours.temporal.norms):
        load_norm(norm, temporal, f"bn{i}")
    for layer, norm, name in (
        (ours.image.slow, ours.image.norm_slow, "0s"),
        (ours.image.fast, ours.image.norm_fast, "0f"),
    ):
        load_kernel(layer, image, f"l{name}")
        load_norm(norm, image, f"bn{name}")
    for i, (layer, norm) in enumerate(zip(ours.image.deconvs, ours.image.norms, strict=True), 1):
        load_kernel(layer, image, f"dc{i}")
        load_norm(norm, image, f"bn{i}")
    load_kernel(ours.image.last, image, "dc5")
    for i, layer in enumerate(our_critic.convs):
        load_kernel(layer, critic, f"c{i}")
        if i:
            load_norm(our_critic.norms[i], critic, f"bn{i}")
    load_kernel(our_critic.last, critic, "c4")
    return ours, our_critic


@torch.no_grad()
def test_official_outputs_in_inference_mode(reference):
    generator, critic = (n.eval() for n in load_networks(reference, 0, torch.float32))
    recorded = np.load(reference / "forward.npz")
    z = torch.tensor(recorded["z"])
    np.testing.assert_allclose(generator.temporal(z), recorded["z_fast"], atol=1e-5)
    np.testing.assert_allclose(generator(z).transpose(1, 2), recorded["video"], atol=1e-5)
    real = (torch.tensor(recorded["real"]).float() - 128) / 128
    score = critic(real.transpose(1, 2))
    np.testing.assert_allclose(score, recorded["score"].flatten(), rtol=1e-5)


def test_official_training_trace(reference):
    directory = reference / "trace_float64"
    trace = json.loads((directory / "trace.json").read_text())
    inputs = np.load(directory / "trace_inputs.npz")
    networks = load_networks(directory, 0, torch.float64)
    players = [
        Player(
            n,
            n,
            torch.optim.RMSprop(n.parameters(), lr=5e-5),
            torch.amp.GradScaler("cpu", enabled=False),
        )
        for n in networks
    ]
    clip = SingularValueClip(interval=trace["config"]["svc_every"])
    for update, (logged, real, z) in enumerate(
        zip(trace["log"], inputs["real"], inputs["z"], strict=True), 1
    ):
        real = Batch(((torch.tensor(real).double() - 128) / 128).transpose(1, 2))
        terms = simultaneous_step(
            *players, OBJECTIVES["wasserstein"], clip, real=real, z=torch.tensor(z), update=update
        )
        assert terms["generator_loss"].item() == pytest.approx(logged["loss_gen"], rel=1e-9)
        assert terms["critic_loss"].item() == pytest.approx(logged["loss_dis"], rel=1e-9)
    for ours, theirs in zip(
        networks, load_networks(directory, len(trace["log"]), torch.float64), strict=True
    ):
        for name, value in theirs.state_dict().items():
            np.testing.assert_allclose(ours.state_dict()[name], value, atol=1e-8, err_msg=name)
