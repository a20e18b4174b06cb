import copy
import dataclasses
import os
import random
import signal
import threading

import numpy as np
import pytest
import torch
from torch import nn

from tests.conftest import make_tiny_config
from tests.made.checkpoints import assert_same_checkpoints
from tgan.cli import main
from tgan.config import DataConfig
from tgan.config.reading import dump_config, parse_config
from tgan.constraints import Constraint, SingularValueClip
from tgan.losses import Objective
from tgan.runs.train import fit_run, prepare_run, train
from tgan.runs.trained import load
from tgan.system.device import pick_device
from tgan.training.checkpoint import find_checkpoint
from tgan.training.recorder import Recorder


class Generator(nn.Module):
    """A generator of the user's own, with buffers beside its parameters; of 2 classes or none."""

    def __init__(self, *, classes=0, side=32):
        super().__init__()
        self.side = side
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Linear(16, 16 * 16))
        self.of_class = nn.Embedding(classes, 8) if classes else None

    def forward(self, z, labels=None):
        if self.of_class is not None:
            z = z + self.of_class(labels)
        coarse = self.layers(z).reshape(len(z), 1, 16, 4, 4)
        size = (16, self.side, self.side)
        return torch.tanh(nn.functional.interpolate(coarse, size=size, mode="nearest"))


class Critic(nn.Module):
    """A critic of the user's own; of 2 classes or none."""

    def __init__(self, *, classes=0):
        super().__init__()
        self.conv = nn.Conv3d(1, 4, (16, 4, 4), 4)
        self.linear = nn.Linear(4, 1 + classes)

    def forward(self, video, labels=None):
        features = nn.functional.leaky_relu(self.conv(video), 0.2).mean((2, 3, 4))
        scores = self.linear(features)
        picked = scores[:, 0]
        return picked if labels is None else picked + scores.gather(1, 1 + labels[:, None])[:, 0]


@dataclasses.dataclass(frozen=True)
class Bounded(Constraint):
    """A constraint of the user's own: every parameter within a bound, after every update."""

    bound: float = 0.01

    def project(self, critic, updates):
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.clamp_(-self.bound, self.bound)


def own_networks(**settings):
    torch.manual_seed(0)
    return {"generator": Generator(**settings), "critic": Critic()}


def hinge():
    """The two losses of the objective called hinge, written down once more."""
    return (
        lambda real, fake: torch.relu(1 - real).mean() + torch.relu(1 + fake).mean(),
        lambda real, fake: -fake.mean(),
    )


PARTS = {
    "none": dict,
    "generator": lambda: {"generator": own_networks()["generator"]},
    "critic": lambda: {"critic": own_networks()["critic"], "constraint": "weight_clip"},
    "objective": lambda: {"objective": hinge()},
    "constraint": lambda: {"constraint": Bounded()},
    "all": lambda: {**own_networks(), "objective": hinge(), "constraint": Bounded()},
}
HANDED_OVER = ("generator", "critic", "constraint")


def tiny(**changes):
    config = make_tiny_config()
    config.constraint.name, config.constraint.interval = "weight_clip", None
    # Samples that differ by more than rounding.
    config.generator.image_init = "he_normal"
    return dataclasses.replace(config, **changes)


def files(run_dir, *names):
    return [(run_dir / name).read_bytes() for name in names]


def assert_same_runs(a, b):
    assert_same_checkpoints(find_checkpoint(a), find_checkpoint(b))
    assert files(a, "metrics.jsonl") == files(b, "metrics.jsonl")


def test_it_does_what_the_command_does_bit_for_bit(tmp_path, capsys):
    config = make_tiny_config()
    config.log.preview_every = 2
    (tmp_path / "config.yaml").write_text(dump_config(config))
    command = ["train", "--config", str(tmp_path / "config.yaml"), "--run-dir"]
    main([*command, str(tmp_path / "command"), "--train.seed=3", "--objective=hinge"])
    capsys.readouterr()
    run = train(
        tmp_path / "config.yaml", run_dir=tmp_path / "call", objective="hinge", **{"train.seed": 3}
    )
    # Whoever calls it prints what is worth saying.
    assert capsys.readouterr().out == ""
    assert_same_runs(tmp_path / "command", tmp_path / "call")
    names = ["config.yaml", "previews/step_00000004.mp4"]
    assert files(tmp_path / "command", *names) == files(tmp_path / "call", *names)
    assert run.path == tmp_path / "call" and run.step == 4 and run.config.train.seed == 3
    assert run.config.objective == "hinge"
    stored = find_checkpoint(run.path).tensors["generator"]
    assert all(torch.equal(stored[key], t.cpu()) for key, t in run.generator.state_dict().items())


def test_a_file_an_object_and_settings_are_the_same_experiment(tmp_path):
    config = make_tiny_config()
    config.train.steps = 2
    (tmp_path / "config.yaml").write_text(dump_config(config))
    before = dump_config(config)
    first = train(config, run_dir=str(tmp_path / "object"))
    second = train(str(tmp_path / "config.yaml"), run_dir=tmp_path / "file")
    third = train(make_tiny_config(), run_dir=tmp_path / "settings", **{"train.steps": 2})
    assert dump_config(config) == before
    assert first.config == second.config == third.config
    for run in (second, third):
        assert_same_runs(first.path, run.path)


@pytest.mark.parametrize("parts", PARTS)
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tmp_path, parts):
    make = PARTS[parts]
    whole = train(tiny(), run_dir=tmp_path / "whole", **make())
    train(tiny(), run_dir=tmp_path / "parts", **make(), **{"train.steps": 2})
    resumed = train(tiny(), run_dir=tmp_path / "parts", resume="auto", **make())
    assert whole.step == resumed.step == 4
    assert_same_runs(whole.path, resumed.path)
    np.testing.assert_array_equal(whole.sample(range(3)), resumed.sample(range(3)))
    # And another branch, from a checkpoint in the middle.
    middle = tmp_path / "whole" / "checkpoints" / "step_00000002"
    branch = train(tiny(), run_dir=tmp_path / "branch", resume=str(middle), **make())
    assert_same_checkpoints(branch.checkpoint, whole.checkpoint)


@pytest.mark.parametrize("parts", PARTS)
def test_the_configuration_says_what_came_from_python(tmp_path, parts):
    made = PARTS[parts]()
    run = train(tiny(), run_dir=tmp_path, **made, **{"train.steps": 1})
    own = {name: part for name, part in made.items() if not isinstance(part, str)}
    config = run.config
    says = {name: getattr(config, name).name for name in HANDED_OVER}
    says["objective"] = config.objective
    assert {name for name, value in says.items() if value == "own"} == own.keys()
    text = (tmp_path / "config.yaml").read_text()
    assert text == run.checkpoint.config and parse_config(text) == config
    origins = [line for line in text.splitlines() if line.startswith("# own ")]
    kinds = {"generator": "Generator", "critic": "Critic", "constraint": "Bounded"}
    kinds["objective"] = f"hinge.<locals>.<lambda>, {__name__}.hinge.<locals>.<lambda>"
    assert sorted(origins) == sorted(f"# own {name}: {__name__}.{kinds[name]}" for name in own)


@pytest.mark.parametrize("name", HANDED_OVER)
def test_load_asks_for_what_came_from_python(tmp_path, name):
    made = PARTS["all"]()
    trained = train(tiny(), run_dir=tmp_path, **made)
    handed = {key: part for key, part in made.items() if key in HANDED_OVER and key != name}
    run = load(tmp_path, device="cpu", **handed)
    message = f"the {name} of '{tmp_path}' came from Python: .* as tgan.load.path, {name}=...."
    with pytest.raises(ValueError, match=message):
        getattr(run, "generator" if name == "generator" else "critic")
    # All else is there.
    if name != "generator":
        np.testing.assert_array_equal(run.sample(range(2)), trained.sample(range(2)))
    assert run.step == 4 and len(run.metrics["step"]) == 4


def test_what_is_handed_over_again_gets_the_weights_of_the_run(tmp_path):
    trained = train(tiny(), run_dir=tmp_path, **PARTS["all"]())
    torch.manual_seed(99)
    others = {"generator": Generator(), "critic": Critic(), "constraint": Bounded()}
    before = copy.deepcopy(others["generator"].state_dict())
    run = load(tmp_path, device="cpu", **others)
    np.testing.assert_array_equal(run.sample(range(3)), trained.sample(range(3)))
    assert run.generator is not others["generator"] and not run.generator.training
    videos = torch.rand(2, 1, 16, 32, 32)
    assert torch.equal(run.critic(videos), trained.critic.cpu()(videos))
    state = others["generator"].state_dict()
    assert all(torch.equal(state[key], value) for key, value in before.items())
    with pytest.raises(ValueError, match="the checkpoint's generator does not fit.*'of_class"):
        load(tmp_path, device="cpu", generator=Generator(classes=2)).generator  # noqa: B018


def test_resuming_without_what_came_from_python_is_refused(tmp_path):
    train(tiny(), run_dir=tmp_path, **PARTS["all"](), **{"train.steps": 1})
    with pytest.raises(ValueError) as error:
        train(tiny(), run_dir=tmp_path, resume="auto")
    for text in (
        "constraint.name was 'own' and is 'weight_clip'",
        "critic.name was 'own' and is 'conv3d'",
        "generator.name was 'own' and is 'tgan'",
        "objective was 'own' and is 'wasserstein'",
    ):
        assert text in str(error.value)


def test_the_users_modules_are_copied_and_left_alone(tmp_path):
    networks = own_networks()
    networks["generator"].layers[1].eval()
    networks["critic"].conv.bias.requires_grad_(False)
    before = copy.deepcopy(networks)
    run = train(tiny(), run_dir=tmp_path, **networks)
    for name, network in networks.items():
        state = network.state_dict()
        assert all(torch.equal(state[k], v) for k, v in before[name].state_dict().items())
        assert [part.training for part in network.modules()] == [
            part.training for part in before[name].modules()
        ]
        assert all(parameter.grad is None for parameter in network.parameters())
    trained = run.generator.state_dict()
    assert not torch.equal(trained["layers.0.weight"].cpu(), networks["generator"].layers[0].weight)


def test_training_starts_from_the_users_weights(tmp_path):
    networks = own_networks()
    # Steps too small for any float32.
    still = {f"{name}_optimizer.lr": 1e-30 for name in networks}
    run = train(tiny(), run_dir=tmp_path, **networks, constraint=Constraint(), **still)
    for name, network in networks.items():
        found = dict(getattr(run, name).cpu().named_parameters())
        for key, value in network.named_parameters():
            torch.testing.assert_close(found[key], value, rtol=0, atol=1e-20)


@pytest.mark.parametrize("schedule", ["simultaneous", "alternating"])
def test_an_objective_of_ones_own_trains_as_one_of_that_name(tmp_path, schedule):
    settings = {"train.schedule": schedule, "critic.batch_norm": False}
    named = train(tiny(), run_dir=tmp_path / "named", objective="hinge", **settings)
    for number, objective in enumerate((hinge(), list(hinge()), Objective(*hinge()))):
        run = train(tiny(), run_dir=tmp_path / str(number), objective=objective, **settings)
        assert run.config.objective == "own"
        assert_same_checkpoints(named.checkpoint, run.checkpoint)


def test_a_constraint_instance_trains_as_one_of_that_name(tmp_path):
    settings = {"constraint.interval": 2}
    named = train(make_tiny_config(), run_dir=tmp_path / "named", constraint="svc", **settings)
    config = dataclasses.replace(make_tiny_config(), constraint=tiny().constraint)
    own = train(config, run_dir=tmp_path / "own", constraint=SingularValueClip(interval=2))
    assert (named.config.constraint.name, own.config.constraint.name) == ("svc", "own")
    assert_same_checkpoints(named.checkpoint, own.checkpoint)
    other = train(config, run_dir=tmp_path / "other", constraint=SingularValueClip(interval=3))
    critics = [run.checkpoint.tensors["critic"]["last.weight"] for run in (own, other)]
    assert not torch.equal(*critics)


def test_a_constraint_of_ones_own_holds(tmp_path):
    run = train(tiny(), run_dir=tmp_path, constraint=Bounded(0.002))
    largest = max(parameter.abs().max().item() for parameter in run.critic.parameters())
    assert largest == pytest.approx(0.002)


def own_clips(count=6, *, side=32):
    """Clips of noise (count, 16, side, side, 1), each about as bright as its number says."""
    noise = np.random.default_rng(0).integers(0, 60, (count, 16, side, side, 1), np.uint8)
    return noise + np.arange(count, dtype=np.uint8)[:, None, None, None, None] * 30


def test_clips_of_ones_own_are_trained_on_and_asked_for(tmp_path):
    clips, held_out = own_clips(), own_clips(3)
    given = {"source": clips, "held_out": held_out}
    settings = {"log.distance_clips": 3}
    whole = train(tiny(), run_dir=tmp_path / "whole", **given, **settings)
    train(tiny(), run_dir=tmp_path / "parts", **given, **settings, **{"train.steps": 2})
    parts = train(tiny(), run_dir=tmp_path / "parts", resume="auto", **given, **settings)
    assert_same_checkpoints(whole.checkpoint, parts.checkpoint)
    assert whole.config.data.name == "own" and whole.checkpoint.num_videos == len(clips)
    assert np.isfinite(whole.metrics["frechet_pooled192"]).sum() == 2
    run = load(tmp_path / "whole", device="cpu")
    np.testing.assert_array_equal(run.sample(range(2)), whole.sample(range(2)))
    with pytest.raises(ValueError, match="the data of .* came from Python: .*, source=...."):
        run.data  # noqa: B018
    assert run.held_out is None
    run = load(tmp_path / "whole", device="cpu", **given)
    for source, array in ((run.data, clips), (run.held_out, held_out)):
        assert len(source) == len(array)
        np.testing.assert_array_equal(source.clip(2, 0), array[2])


def test_held_out_clips_are_as_long_as_those_to_train_on(tmp_path):
    networks, longer = own_networks(), np.repeat(own_clips(3), 2, axis=1)
    settings = {"train.batch_size": 3, "train.steps": 1, "generator.z_slow": 8}
    given = {"source": own_clips(), "held_out": longer, **networks}
    run = train(run_dir=tmp_path / "run", **given, **settings)
    assert run.data.shape == run.held_out.shape == (16, 32, 32, 1)


@pytest.mark.parametrize("shape", [(3, 16, 16, 16, 1), (3, 16, 32, 32, 3)])
def test_held_out_clips_of_another_shape_are_refused(tmp_path, shape):
    held_out = np.zeros(shape, np.uint8)
    with pytest.raises(ValueError, match="held-out clips are .*; those to train on are .16, 32"):
        train(tiny(), run_dir=tmp_path / "run", source=own_clips(), held_out=held_out)
    assert not (tmp_path / "run").exists()


def test_classes_of_ones_own_clips_condition_a_run(tmp_path):
    labels = ["dark", "light"] * 3
    run = train(tiny(), run_dir=tmp_path, source=own_clips(), labels=labels, conditional=True)
    assert run.classes == run.data.labels == ["dark", "light"]
    again = load(tmp_path, device="cpu")
    one, other = (again.sample([0], label=name) for name in labels[:2])
    assert (one != other).any()
    with pytest.raises(ValueError, match="the classes of the data are a, b; those of .* are dark"):
        others = {"source": own_clips(), "labels": ["a", "b"] * 3, "conditional": True}
        train(tiny(), run_dir=tmp_path, resume="auto", **others)
    with pytest.raises(ValueError, match="needs data with classes"):
        train(tiny(), run_dir=tmp_path / "none", source=own_clips(), conditional=True)


def test_own_networks_may_have_any_resolution(tmp_path):
    data = {"data.resolution": 24}
    with pytest.raises(ValueError, match="data.resolution 24 is not 4 or 5 times a power of two"):
        train(tiny(), run_dir=tmp_path / "run", **data)
    run = train(tiny(), run_dir=tmp_path / "run", **own_networks(side=24), **data)
    assert run.sample([0]).shape == (1, 16, 24, 24, 1)


class Wrapped(nn.Module):
    """A generator with a part of the name that a running mean has, too."""

    def __init__(self):
        super().__init__()
        self.module = own_networks()["generator"]

    def forward(self, z):
        return self.module(z)


@pytest.mark.parametrize("decay", [None, 0.5])
def test_a_part_of_an_own_network_may_have_any_name(tmp_path, decay):
    plain = train(
        tiny(), run_dir=tmp_path / "plain", **own_networks(), **{"train.ema_decay": decay}
    )
    networks = own_networks() | {"generator": Wrapped()}
    run = train(tiny(), run_dir=tmp_path / "run", **networks, **{"train.ema_decay": decay})
    assert run.weights == ("generator" if decay is None else "average")
    np.testing.assert_array_equal(run.sample(range(2)), plain.sample(range(2)))


def test_own_networks_receive_classes(tmp_path, labelled_videos):
    data = DataConfig(name="videos", path=str(labelled_videos), resolution=32, channels=1)
    config = tiny(conditional=True, data=data)
    torch.manual_seed(0)
    networks = {"generator": Generator(classes=2), "critic": Critic(classes=2)}
    run = train(config, run_dir=tmp_path / "run", **networks)
    assert run.classes == ["down", "right"]
    one, other = (run.sample([0], label=name) for name in run.classes)
    assert (one != other).any()
    # One that takes no classes is refused, in one line.
    plain = nn.Sequential(nn.Flatten(), nn.Linear(16 * 32 * 32, 1), nn.Flatten(0))
    with pytest.raises(ValueError, match="the critic .*Sequential. on inputs .* fails: ") as error:
        train(config, run_dir=tmp_path / "other", **networks | {"critic": plain})
    assert "\n" not in str(error.value) and not (tmp_path / "other").exists()


class Fixed(nn.Module):
    """Gives one and the same thing, whatever it is called with."""

    def __init__(self, output):
        super().__init__()
        self.weight, self.output = nn.Parameter(torch.ones(1)), output

    def forward(self, *inputs):
        return self.output


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"generator": Generator(side=16)},
            "Generator) on inputs [(2, 8)] gives (2, 1, 16, 16, 16), not (2, 1, 16, 32, 32)",
        ),
        ({"generator": Fixed(torch.zeros(2, 3))}, "Fixed) on inputs [(2, 8)] gives (2, 3), not"),
        ({"generator": Fixed(None)}, "gives NoneType, not (2, 1, 16, 32, 32)"),
        ({"generator": nn.Linear(9, 3)}, "Linear) on inputs [(2, 8)] fails: mat1 and mat2"),
        (
            {"critic": Fixed(torch.zeros(2, 1))},
            "Fixed) on inputs [(2, 1, 16, 32, 32)] gives (2, 1), not (2,)",
        ),
        ({"critic": nn.Conv3d(3, 1, 4)}, "the critic (torch.nn.modules.conv.Conv3d) on inputs"),
        ({"critic": lambda video: video}, "critic <function"),
        ({"objective": (1, 2)}, "objective (1, 2): a name, a tgan.losses.Objective, or a pair"),
        ({"objective": lambda real, fake: fake.mean()}, "or a pair of functions"),
        ({"objective": "hnge"}, "objective: 'hnge' is not one of"),
        ({"constraint": "svd"}, "constraint.name: 'svd' is not one of"),
        (
            {"constraint": "wgan_gp", "critic.batch_norm": False, "constraint.maximum": 3},
            "constraint 'wgan_gp' has no setting 'maximum'; it has: interval, weight",
        ),
        (
            {"constraint": "spectral_norm", "constraint.interval": 3},
            "constraint 'spectral_norm' takes no interval, 3 here: those that can rest between "
            "updates of the critic are weight_clip, svc, svc_certified, wgan_gp",
        ),
    ],
)
def test_parts_that_do_not_fit_are_one_clear_line(tmp_path, parts, message):
    with pytest.raises(ValueError) as error:
        train(tiny(), run_dir=tmp_path / "run", **parts)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("train.stpes", "unknown setting 'train.stpes' (did you mean 'train.steps'?)"),
        ("generatr", "unknown setting 'generatr' (did you mean 'generator'?)"),
        ("contraint", "unknown setting 'contraint' (did you mean 'constraint'?)"),
        ("batch_size", "unknown setting 'batch_size' (did you mean 'train.batch_size'?)"),
        ("steps", "unknown setting 'steps'"),
        ("data", "'data' is a group of settings: data.name, data.path"),
    ],
)
def test_unknown_keywords_are_named_with_what_is_near(tmp_path, name, message):
    with pytest.raises(ValueError) as error:
        train(tiny(), run_dir=tmp_path / "run", **{name: 3})
    assert message in str(error.value) and not (tmp_path / "run").exists()


def test_a_directory_with_a_run_is_kept(tmp_path):
    train(tiny(), run_dir=tmp_path, **{"train.steps": 1})
    before = files(tmp_path, "metrics.jsonl", "config.yaml")
    with pytest.raises(ValueError, match="already holds a run$"):
        train(tiny(), run_dir=tmp_path)
    assert files(tmp_path, "metrics.jsonl", "config.yaml") == before


def test_runs_in_one_process_do_not_disturb_each_other(tmp_path):
    def first(name):
        return train(tiny(), run_dir=tmp_path / name, objective="hinge")

    def other(name):
        more = {"train.mixed_precision": "bf16", "train.seed": 5, "critic.batch_norm": False}
        return train(tiny(), run_dir=tmp_path / name, constraint="spectral_norm", **more)

    a, b = first("a"), other("b")
    random.seed(1), np.random.seed(1), torch.manual_seed(1)  # noqa: NPY002
    states = random.getstate(), torch.random.get_rng_state()
    sampled = a.sample(range(2))
    assert_same_runs(other("d").path, b.path)
    assert_same_runs(first("c").path, a.path)
    assert random.getstate() == states[0] and torch.equal(torch.random.get_rng_state(), states[1])
    np.testing.assert_array_equal(a.sample(range(2)), sampled)
    assert a.generator.state_dict().keys() != b.critic.state_dict().keys()


def test_a_run_that_was_set_up_outlasts_another_one(tmp_path):
    expected = train(tiny(), run_dir=tmp_path / "expected")
    run, checkpoint = prepare_run(tiny(), tmp_path / "waiting")
    train(tiny(), run_dir=tmp_path / "other", **{"train.seed": 5})
    fit_run(run, checkpoint)
    assert_same_runs(tmp_path / "waiting", expected.path)


def test_training_in_a_thread_is_the_same(tmp_path):
    expected = train(tiny(), run_dir=tmp_path / "expected")
    thread = threading.Thread(target=lambda: train(tiny(), run_dir=tmp_path / "thread"))
    thread.start()
    thread.join(120)
    assert_same_runs(tmp_path / "thread", expected.path)


def test_a_start_that_fails_can_be_tried_again_in_the_same_directory(tmp_path, monkeypatch):
    expected = train(tiny(), run_dir=tmp_path / "expected")

    def fail(*_, **__):
        raise torch.OutOfMemoryError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr("tgan.training.gan.GANTask.step", fail)
        with pytest.raises(MemoryError):
            train(tiny(), run_dir=tmp_path / "again")
    assert_same_runs(train(tiny(), run_dir=tmp_path / "again").path, expected.path)


@pytest.mark.parametrize(
    "where",
    ["tgan.constraints.Constraint.attach", "tgan.training.gan.GANTask.load_tensors"],
    ids=["attach", "resume"],
)
def test_lack_of_memory_before_the_first_step_is_a_line_that_says_what_needs_less(
    tmp_path, monkeypatch, where
):
    train(tiny(), run_dir=tmp_path / "run", **{"train.steps": 1})

    def fail(*_, **__):
        raise RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED\nmore")

    monkeypatch.setattr(where, fail)
    with pytest.raises(MemoryError) as told:
        train(tiny(), run_dir=tmp_path / "run", resume="auto")
    assert str(told.value) == (
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED (a smaller train.batch_size needs less)"
    )


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_training_on_a_named_device_is_that_of_the_device(tmp_path, device, monkeypatch):
    monkeypatch.delenv("ACCELERATE_TORCH_DEVICE", raising=False)
    run = train(tiny(), run_dir=tmp_path / device, device=device)
    assert run.device == (device if device == "cpu" else pick_device("auto"))
    assert "ACCELERATE_TORCH_DEVICE" not in os.environ


def test_a_device_that_there_is_not_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match="device 'cuda:99' cannot be used"):
        train(tiny(), run_dir=tmp_path / "run", device="cuda:99")
    assert not (tmp_path / "run").exists()


def test_ctrl_c_saves_and_returns_what_was_trained(tmp_path, monkeypatch):
    whole = train(tiny(), run_dir=tmp_path / "whole")
    original = Recorder.report

    def interrupt(self, step, terms, **others):
        original(self, step, terms, **others)
        if step == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "report", interrupt)
        run = train(tiny(), run_dir=tmp_path / "parts")
    assert 0 < run.step < 4 and run.sample([0]).any()
    resumed = train(tiny(), run_dir=tmp_path / "parts", resume="auto")
    assert_same_runs(resumed.path, whole.path)


def test_a_finished_run_is_returned_as_it_is(tmp_path):
    run = train(tiny(), run_dir=tmp_path)
    before = files(tmp_path, "metrics.jsonl", "config.yaml")
    again = train(tiny(), run_dir=tmp_path, resume="auto")
    assert again.step == 4 and files(tmp_path, "metrics.jsonl", "config.yaml") == before
    np.testing.assert_array_equal(again.sample(range(2)), run.sample(range(2)))
