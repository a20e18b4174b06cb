import dataclasses
import shutil
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
import torch

from tgan.cli import main
from tgan.config import (
    Config,
    ConstraintConfig,
    CriticConfig,
    DataConfig,
    GeneratorConfig,
    OptimizerConfig,
    TrainConfig,
)
from tgan.config.reading import experiment_parser, read_experiment
from tgan.constraints import CONSTRAINTS
from tgan.data.datasets import open_dataset
from tgan.data.pixels import normalise
from tgan.losses import OBJECTIVES
from tgan.models import CRITICS, GENERATORS
from tgan.models.conditions import PICTURES, conditioning_of
from tgan.models.stages import recomputed
from tgan.runs.build import (
    build_constraint,
    build_critic,
    build_generator,
    build_optimizer,
    build_run,
    build_task,
    classes_of,
    critic_example,
)
from tgan.runs.trained import load
from tgan.training.processes import make_accelerator
from tgan.training.state import flatten_optimizer, load_optimizer
from tgan.training.steps import Batch

CONFIGS = Path(__file__).parents[2] / "configs"
OF_IMAGES = {"dcgan", "translator", "pyramid"}


@pytest.fixture
def conditional(tiny_config, labelled_videos):
    data = DataConfig(name="videos", path=str(labelled_videos), resolution=32)
    return dataclasses.replace(tiny_config, conditional=True, data=data)


@pytest.mark.parametrize(
    ("group", "name", "setting", "value"),
    [
        ("generator", "deconv3d", "z_fast", 3),
        ("generator", "videogan", "slow_in_image", False),
    ],
)
def test_a_setting_of_another_architecture_is_refused(tiny_config, group, name, setting, value):
    generator = type(tiny_config.generator)(name=name, width=16, **{setting: value})
    config = dataclasses.replace(tiny_config, generator=generator)
    with pytest.raises(ValueError, match=f"{group} '{name}' has no setting '{setting}'; it has: z"):
        build_generator(config)


def test_a_setting_of_another_constraint_is_refused_until_it_is_taken_back():
    message = "'wgan_gp' has no setting 'maximum'; it has: interval, weight$"
    with pytest.raises(ValueError, match=message):
        build_constraint(ConstraintConfig(name="wgan_gp", maximum=5))
    arguments = ["--constraint.name", "wgan_gp", "--constraint.maximum", "5"]
    parser = experiment_parser("", "", "")
    config, _ = read_experiment(parser, [*arguments, "--constraint.maximum", "null"])
    assert build_constraint(config.constraint) == CONSTRAINTS["wgan_gp"]()


@pytest.mark.parametrize("name", sorted(GENERATORS.keys() - OF_IMAGES))
@pytest.mark.parametrize("is_conditional", [False, True])
def test_generators_of_videos_are_built_from_their_own_settings(conditional, name, is_conditional):
    generator = type(conditional.generator)(name=name, z_slow=8, width=16)
    config = dataclasses.replace(conditional, generator=generator, conditional=is_conditional)
    # Classes are of no consequence to an unconditional generator.
    network, z = build_generator(config, ["down", "right"]), torch.rand(2, 8)
    condition = (torch.tensor([0, 1]),) if is_conditional else ()
    assert network(z, *condition).shape == (2, 3, 16, 32, 32)
    assert type(network) is GENERATORS[name]


@pytest.mark.parametrize("is_conditional", [False, True])
def test_images_are_clips_of_one_frame(is_conditional):
    data = DataConfig(name="digits", resolution=16, channels=1, num_frames=1)
    generator = GeneratorConfig(name="dcgan", width=16)
    config = Config(data=data, generator=generator, conditional=is_conditional)
    classes = classes_of(open_dataset(data), config) if is_conditional else []
    condition = (torch.tensor([0, 9]),) if is_conditional else ()
    images = build_generator(config, classes)(torch.rand(2, 100), *condition)
    assert images.shape == (2, 1, 1, 16, 16)
    critic = build_critic(config, classes)
    assert critic(images, *condition).shape == (2,)
    example = critic_example(config, classes)
    assert len(example) == 1 + is_conditional and critic(*example).shape == (1,)


@pytest.mark.parametrize("picture", PICTURES)
def test_networks_that_start_from_a_picture_are_built(picture):
    data = DataConfig(name="digits", resolution=16, channels=3, num_frames=1, input=picture)
    generator = GeneratorConfig(name="translator", width=16)
    config = Config(data=data, generator=generator)
    condition = conditioning_of(config).prior(open_dataset(data), range(2))
    images = build_generator(config)(torch.rand(2, 100), *condition)
    assert images.shape == (2, 3, 1, 16, 16)
    assert build_critic(config)(images, *condition).shape == (2,)
    assert build_critic(config)(*critic_example(config)).shape == (1,)


def test_a_projecting_critic_is_built():
    data = DataConfig(name="digits", resolution=16, channels=1, num_frames=1)
    critic = CriticConfig(conditioning="projection", width=8)
    config = Config(conditional=True, data=data, critic=critic)
    network = build_critic(config, classes_of(open_dataset(data), config))
    assert network.convs[0].in_channels == 1 and network.embedding.weight.shape == (10, 16)


def test_every_architecture_has_an_initialisation_of_its_own():
    deviations = {}
    for name in GENERATORS:
        data = DataConfig(num_frames=1 if name in OF_IMAGES else 16)
        data.input = "edges" if name == "translator" else None
        generator = GeneratorConfig(name=name, width=64)
        network = build_generator(Config(data=data, generator=generator))
        kernels = [p for p in network.parameters() if p.ndim in (4, 5)]
        deviations[name] = kernels[-2].std().item()
    assert deviations["tgan"] == pytest.approx(0.01 / 3**0.5, rel=0.1)
    assert deviations["videogan"] == pytest.approx(0.01, rel=0.1)
    assert deviations["dcgan"] == pytest.approx(0.02, rel=0.1)
    assert deviations["pyramid"] == pytest.approx(0.02, rel=0.1)
    assert deviations["translator"] == pytest.approx(0.02, rel=0.1)
    assert deviations["deconv3d"] > 0.02


def test_a_conditional_run_takes_its_classes_from_the_data(conditional, tmp_path):
    run = build_run(conditional, tmp_path)
    assert run.classes == ["down", "right"] and run.conditioning.num_labels == 2
    assert run.config == conditional
    critic = run.task.critic.module
    assert type(critic) is CRITICS["conv3d"] and critic.num_labels == 2
    for build in (build_generator, build_critic):
        with pytest.raises(ValueError, match="needs the names of the classes"):
            build(conditional)


def test_labelled_data_alone_make_no_conditional_gan(conditional, tmp_path):
    config = dataclasses.replace(conditional, conditional=False)
    run = build_run(config, tmp_path)
    assert run.classes == [] and run.source.labels == ["down", "right"]
    generator = run.task.generator.module
    assert generator(torch.rand(2, 8)).shape == (2, 3, 16, 32, 32)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"constraint": ConstraintConfig(name="wgan_gp")}, "wgan_gp differentiates the critic tw"),
        ({"generator": GeneratorConfig(name="videogan", width=16)}, "videogan does not train in"),
        ({}, None),
    ],
)
def test_what_overflows_in_fp16_is_refused(tiny_config, changes, message):
    config = dataclasses.replace(tiny_config, critic=CriticConfig(batch_norm=False), **changes)
    # The accelerator has no say in this, and a CPU could not be asked for fp16.
    accelerator = make_accelerator(mixed_precision="no")
    build_task(config, accelerator)
    config.train.mixed_precision = "fp16"
    if message is None:
        build_task(config, accelerator)
    else:
        with pytest.raises(ValueError, match=f"{message}.*; choose bf16 or no"):
            build_task(config, accelerator)


@pytest.mark.parametrize("name", ["adam", "rmsprop"])
def test_adam_is_fused_on_some_kinds_of_devices_and_does_the_same(name, monkeypatch):
    """RMSProp has no such form."""
    optimizers, networks = [], []
    for kinds in ((), ("cpu",)):
        monkeypatch.setattr("tgan.system.device._FUSING", kinds)
        torch.manual_seed(0)
        networks.append(torch.nn.Linear(5, 3).double())
        optimizers.append(build_optimizer(OptimizerConfig(name=name), networks[-1]))
        for step in range(1, 4):
            networks[-1](torch.arange(5.0).double() * step).square().sum().backward()
            optimizers[-1].step()
            optimizers[-1].zero_grad()
    assert [bool(o.defaults.get("fused")) for o in optimizers] == [False, name == "adam"]
    weights = [list(network.parameters()) for network in networks]
    torch.testing.assert_close(*weights, rtol=1e-12, atol=1e-12)
    # Tables of either go on with the other.
    for one, other in (optimizers, optimizers[::-1]):
        tables = flatten_optimizer(one)
        load_optimizer(other, tables)
        found = flatten_optimizer(other)
        assert all(torch.equal(found[key], value) for key, value in tables.items())


@pytest.mark.parametrize(("schedule", "survivors"), [("simultaneous", 1), ("evolutionary", 2)])
def test_memory_that_checkpoints_need_is_counted(
    tiny_config, tmp_path, monkeypatch, schedule, survivors
):
    """Adam adds two tables, RMSProp one, a running mean one of the generator alone.

    Of generators that survive each has its own.
    """
    tiny_config.train.schedule, tiny_config.train.survivors = schedule, survivors
    tiny_config.train.ema_decay = 0.9
    tiny_config.generator_optimizer.name = "adam"
    tiny_config.log.keep_last, tiny_config.log.milestones = 2, [5]
    generator, critic = build_generator(tiny_config), build_critic(tiny_config)
    sizes = [sum(t.nbytes for t in n.state_dict().values()) for n in (generator, critic)]
    needed = (sizes[0] * (3 * survivors + 1) + sizes[1] * 2) * 4
    usage = type(shutil.disk_usage(tmp_path))
    for free, fits in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: usage(0, 0, free))
        if fits:
            build_run(tiny_config, tmp_path / "run")
        else:
            with pytest.raises(ValueError, match=f"need about {needed / 1e6:.0f} MB in '.*run'"):
                build_run(tiny_config, tmp_path / "run")


def test_videos_without_classes_are_refused(conditional, tmp_path, labelled_videos):
    source = str(labelled_videos.parent / "videos")
    out = tmp_path / "plain"
    main(["prepare", source, "--out", str(out), "--resolution", "32", "--workers", "1"])
    for path in (source, str(out)):
        conditional.data.path = path
        with pytest.raises(ValueError, match="needs data with classes, and not all of"):
            build_run(conditional, tmp_path / "run")


def train(config_argv, run_dir, *more):
    main(["train", "--run-dir", str(run_dir), *config_argv, *more])


@pytest.fixture
def argv(labelled_videos):
    settings = ["conditional=true", "data.name=videos", f"data.path={labelled_videos}"]
    settings += ["data.resolution=32", "generator.z_slow=8", "generator.z_fast=8"]
    settings += ["generator.temporal_width=8", "generator.width=16", "critic.width=4"]
    settings += ["train.batch_size=4", "train.steps=2", "log.trackers=[]"]
    settings += ["log.preview_every=0", "log.critic_every=0"]
    return [f"--{setting}" for setting in settings]


def test_a_conditional_run_remembers_its_classes_and_goes_on(argv, tmp_path, capsys):
    train(argv, tmp_path / "run")
    train([*argv, "--train.steps=3"], tmp_path / "run", "--resume=auto")
    run = load(tmp_path / "run", device="cpu")
    assert run.classes == ["down", "right"] and run.config.train.steps == 3
    critic = run.critic
    with torch.no_grad():
        video = run.generator(torch.rand(2, 8), torch.tensor([0, 1]))
        scores = critic(video, torch.tensor([0, 1]))
    assert scores.shape == (2,) and not critic.training
    assert not torch.equal(scores, critic(video, torch.tensor([1, 0])))


def test_a_conditional_run_does_not_go_on_with_other_classes(
    argv, tmp_path, labelled_videos, capsys
):
    train(argv, tmp_path / "run")
    one_class = tmp_path / "one"
    source = labelled_videos.parent / "videos"
    (one_class / "left").mkdir(parents=True)
    for number in (0, 1):
        link = one_class / "left" / f"{number}.png"
        link.symlink_to(source / "down" / f"{number}.png")
    packed = tmp_path / "packed"
    command = ["prepare", str(one_class), "--out", str(packed), "--labels", "folders"]
    main([*command, "--resolution", "32", "--workers", "1"])
    capsys.readouterr()
    with pytest.raises(SystemExit):
        train([*argv, f"--data.path={packed}"], tmp_path / "run", "--resume=auto")
    error = capsys.readouterr().err
    assert "the classes of the data are left; those of" in error and "down, right" in error


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*gan_*.yaml")), ids=lambda path: path.stem)
def test_configurations_of_images_build_networks_that_fit_each_other(path):
    parser = experiment_parser("test", "", "")
    config, _ = read_experiment(parser, [f"--config={path}", "--data.path=anywhere"])
    config = dataclasses.replace(config, conditional=False)
    build_constraint(config.constraint).attach(critic := build_critic(config), None)
    images = build_generator(config)(torch.randn(2, config.generator.z_slow))
    side = config.data.resolution
    assert images.shape == (2, config.data.channels, 1, side, side)
    assert critic(images).shape == (2,)


def image_config(objective, constraint):
    """Digits at 16x16, with a critic that the constraint takes."""
    data = DataConfig(name="digits", resolution=16, channels=1, num_frames=1)
    return Config(
        objective=objective,
        data=data,
        generator=GeneratorConfig(name="dcgan", z_slow=8, width=16),
        critic=CriticConfig(width=8, batch_norm=constraint in ALLOW_BATCH_NORM),
        constraint=ConstraintConfig(name=constraint),
        train=TrainConfig(batch_size=4),
    )


@pytest.mark.parametrize(
    ("schedule", "constraint"),
    [("simultaneous", "svc"), ("simultaneous", "wgan_gp"), ("alternating", "r1")],
)
def test_recomputed_activations_change_no_bit_of_what_is_trained(schedule, constraint):
    tables = []
    for recomputes in (False, True):
        config = image_config("wasserstein", constraint)
        config.train.schedule, config.train.ema_decay = schedule, 0.5
        config.train.checkpoint_activations = recomputes
        task = build_task(config, make_accelerator(mixed_precision="no"))
        rng = torch.Generator().manual_seed(0)
        for step in range(2):
            reals = (Batch(torch.rand(4, 1, 1, 16, 16, generator=rng)) for _ in range(9))
            latents = (torch.rand(4, 8, generator=rng) for _ in range(9))
            task.step(step, reals, latents)
        assert (task.generator.module.stream.stage is recomputed) == recomputes
        tables.append(task.tensors())
    for name, table in tables[0].items():
        for key, value in table.items():
            assert torch.equal(tables[1][name][key], value), (name, key)


ALLOW_BATCH_NORM = (
    *("none", "weight_clip", "svc", "spectral_norm", "spectral_norm_conv"),
    *("orthonormal", "parseval"),
)
PAIRS = [("wasserstein", name) for name in CONSTRAINTS]
PAIRS += [(name, "none") for name in OBJECTIVES if name != "wasserstein"]


@pytest.mark.parametrize(("objective", "constraint"), PAIRS)
def test_images_are_trained_under_every_objective_and_constraint(objective, constraint):
    config = image_config(objective, constraint)
    task = build_task(config, make_accelerator(mixed_precision="no"))
    before = {key: value.clone() for key, value in task.generator.module.state_dict().items()}
    source = open_dataset(config.data)
    real = normalise(torch.from_numpy(np.stack([source.clip(k, 0) for k in range(4)])))
    for step in range(2):
        terms = task.step(step, repeat(Batch(real)), repeat(torch.rand(4, 8) * 2 - 1))
        assert all(torch.isfinite(term) for term in terms.values())
    after = task.generator.module.state_dict()
    assert not torch.equal(before["last.weight"], after["last.weight"])
