"""Runs that somebody else made: opened without a download, a write or a read outside of them."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import make_tiny_config
from tests.made.audit import audited, outside
from tests.made.checkpoints import rewrite
from tgan.cli import main
from tgan.config import CriticConfig, DataConfig, GeneratorConfig, TrainConfig
from tgan.config.reading import dump_config
from tgan.data.pictures import torchvision_sets
from tgan.runs.build import build_critic, build_generator
from tgan.runs.train import train
from tgan.runs.trained import NeedsPictures, load
from tgan.training.checkpoint import directory_of, find_checkpoint, save_checkpoint

TORCHVISION = {"name": "torchvision", "dataset": "MNIST", "download": True}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(5):
        pixels = rng.integers(0, 256, (16, 16), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Whoever asks torchvision to fetch something is found out before it does."""
    opened = torchvision_sets._open

    def refuse(make, name, root, download, **split):
        assert not download, "a download was asked for"
        return opened(make, name, root, download, **split)

    monkeypatch.setattr(torchvision_sets, "_open", refuse)


def translator_config(**data):
    config = make_tiny_config()
    return dataclasses.replace(
        config,
        data=DataConfig(
            **{"resolution": 16, "num_frames": 1, "channels": 1, "input": "grey"} | data
        ),
        generator=GeneratorConfig(name="translator", z_slow=8, width=16),
        critic=CriticConfig(width=4),
        train=TrainConfig(steps=2, batch_size=4),
    )


def make_run(run_dir, config, *, step=3, change=lambda tables: tables):
    """A run of one checkpoint with fresh weights, as if it had been trained."""
    tables = {"generator": build_generator(config), "critic": build_critic(config)}
    tables = {name: network.state_dict() for name, network in tables.items()}
    save_checkpoint(
        directory_of(run_dir, step),
        change(tables),
        step=step,
        num_videos=5,
        config=dump_config(config),
    )
    return run_dir


@pytest.mark.parametrize(
    "data",
    [
        TORCHVISION,
        {"name": "images"},
        {"name": "digits", "held_out_path": "there"},
    ],
    ids=["torchvision", "images", "held out"],
)
def test_who_samples_names_the_pictures_and_nothing_else_is_opened(
    tmp_path, pictures, data, capsys
):
    """The run names a folder that is not there, and asks for a download."""
    away = tmp_path / "away"
    data = {**data, "held_out_path": str(away)} if "held_out_path" in data else data
    run_dir = make_run(tmp_path / "run", translator_config(**{"path": str(away)} | data))
    if data["name"] == "digits":
        run_dir = make_run(tmp_path / "other", translator_config(**data))
    before = sorted(tmp_path.rglob("*"))
    with audited() as found:
        run = load(run_dir, device="cpu")
        with pytest.raises(NeedsPictures, match="starts from pictures: name some, a folder or"):
            run.sample([0])
        samples = run.sample([0, 1], pictures=str(pictures))
        with pytest.raises(SystemExit) as status:
            main(["generate", str(run_dir), "--out", str(tmp_path / "x.png"), "--device", "cpu"])
    assert samples.shape == (2, 1, 16, 16, 1) and run.config.data.download is False
    assert status.value.code == 2
    error = capsys.readouterr().err
    assert "for those that the run names, by --input" in error and error.count("\n") == 1
    # What the command names is `x.png`, beside which it tries whether it may write.
    assert not [each for each in outside(found, run_dir, pictures) if each[0] != "write"]
    assert sorted(tmp_path.rglob("*")) == before
    arguments = ["--input", str(pictures), "--device", "cpu"]
    main(["generate", str(run_dir), "--out", str(tmp_path / "x.png"), *arguments])
    assert (tmp_path / "x.png").is_file() and not away.exists()


def test_a_run_that_was_trained_with_a_download_says_what_is_missing(tmp_path):
    config = translator_config(**TORCHVISION, path=str(tmp_path / "away"))
    run = load(make_run(tmp_path / "run", config), device="cpu")
    for pictures in ("train", "held-out"):
        with pytest.raises(ValueError, match="MNIST is not in '.*away', or not whole"):
            run.sample([0], pictures=pictures)
    assert not (tmp_path / "away").exists()


def test_built_in_pictures_need_no_name(tmp_path):
    run = load(make_run(tmp_path / "run", translator_config(name="digits")), device="cpu")
    with audited() as found:
        assert run.sample([0]).shape == (1, 1, 16, 16, 1)
    assert not [each for each in outside(found, tmp_path) if each[0] != "read"]


def test_an_exported_folder_needs_pictures_too(tmp_path, pictures):
    run_dir = make_run(tmp_path / "run", translator_config(name="digits"))
    main(["export", str(run_dir), "--out", f"{tmp_path / 'exported'}/"])
    run = load(tmp_path / "exported", device="cpu")
    with pytest.raises(NeedsPictures):
        run.sample([0])
    assert run.sample([0], pictures=str(pictures)).shape == (1, 1, 16, 16, 1)


@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
def test_data_that_are_neither_file_nor_folder_are_not_opened(tmp_path, kind):
    place = {"pipe": tmp_path / "pipe", "device": "/dev/zero", "socket": tmp_path / "socket"}[kind]
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        import socket

        socket.socket(socket.AF_UNIX).bind(str(place))
    for name in ("moving_digits", "videos"):
        config = make_tiny_config()
        config.data.name, config.data.path = name, str(place)
        run = load(make_run(tmp_path / name, config), device="cpu")
        with pytest.raises(ValueError, match=f"'{place}' is neither a file nor a folder"):
            run.data  # noqa: B018


def test_a_generator_that_the_configuration_makes_larger_is_refused_by_its_header(tmp_path):
    """A width of 65,536 would take 228 GB; the checkpoint before is loaded instead."""
    config = make_tiny_config()
    run_dir = make_run(tmp_path, config)
    make_run(tmp_path, config, step=4)
    config.generator.width = config.generator.temporal_width = 65_536
    rewrite(directory_of(run_dir, 4), "config.yaml", dump_config(config))
    with pytest.warns(UserWarning, match="passing over .*step_00000004.*there and .* here"):
        assert load(run_dir, device="cpu").step == 3
    with pytest.raises(ValueError, match="generator does not fit this configuration"):
        load(directory_of(run_dir, 4), device="cpu")
    with pytest.raises(ValueError, match="the generator of these settings takes .* GB of memory"):
        build_generator(config)


def test_a_critic_that_the_configuration_makes_larger_is_refused_by_its_header(tmp_path):
    config = make_tiny_config()
    run_dir = make_run(tmp_path, config)
    config.critic.width = 65_536
    rewrite(directory_of(run_dir, 3), "config.yaml", dump_config(config))
    run = load(run_dir, device="cpu")
    assert run.sample([0]).shape == (1, 16, 32, 32, 1)
    with pytest.raises(ValueError, match="the checkpoint's critic does not fit this"):
        run.critic  # noqa: B018
    with pytest.raises(ValueError, match="the checkpoint's critic does not fit this"):
        train(config, run_dir=run_dir, resume="auto", **{"train.steps": 4})
    with pytest.raises(ValueError, match="the critic of these settings takes .* GB of memory"):
        build_critic(config)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("key", ["last.bias", "last.weight"])
def test_weights_that_are_not_finite_are_refused_by_table_and_tensor(tmp_path, key, value, capsys):
    def spoil(tables):
        name = next(name for name in tables["generator"] if name.endswith(key))
        tensor = tables["generator"][name] = tables["generator"][name].clone()
        tensor.view(-1)[-1] = value
        return {**tables, "average": {f"module.{n}": t for n, t in tables["generator"].items()}}

    run_dir = make_run(tmp_path / "run", make_tiny_config(), change=spoil)
    commands = [
        ["generate", str(run_dir), "--out", str(tmp_path / "x.mp4")],
        ["generate", str(run_dir), "--out", str(tmp_path / "x.mp4"), "--weights", "generator"],
        ["export", str(run_dir), "--out", f"{tmp_path / 'exported'}/"],
        ["evaluate", str(run_dir), "--json", str(tmp_path / "x.json"), "--samples", "2"]
        + ["--metrics", "kid_pixels"],
    ]
    for command in commands:
        with pytest.raises(SystemExit) as status:
            main(command)
        error = capsys.readouterr().err
        table = "generator" if "generator" in command else "average"
        assert f"the checkpoint's {table} is not finite: '" in error and key in error
        assert error.count("\n") == 1 and status.value.code == 2
    with pytest.raises(ValueError, match="is not finite"):
        load(run_dir, device="cpu").sample([0])
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_link_in_a_run_is_not_written_through(tmp_path):
    """A stranger's run whose log leads to a file of the user's, or whose previews do."""
    config = make_tiny_config()
    run_dir = train(config, run_dir=tmp_path / "run").path
    for name in ("metrics.jsonl", "previews", "config.yaml", "tracking"):
        copy = shutil.copytree(run_dir, tmp_path / f"copy of {name}")
        place = tmp_path / f"mine {name}"
        place.write_text("mine") if "." in name else place.mkdir()
        shutil.rmtree(copy / name, ignore_errors=True)
        (copy / name).unlink(missing_ok=True)
        (copy / name).symlink_to(place)
        with pytest.raises(ValueError, match=f"{name}' is a link out of"):
            train(config, run_dir=copy, resume="auto", **{"train.steps": 5})
        assert place.read_text() == "mine" if place.is_file() else not list(place.iterdir())
    with pytest.raises(ValueError, match="has no metrics.jsonl|is a link out of"):
        load(tmp_path / "copy of metrics.jsonl", device="cpu").metrics  # noqa: B018
    # A run that is a link as a whole is the user's own arrangement.
    (tmp_path / "linked").symlink_to(run_dir)
    assert train(config, run_dir=tmp_path / "linked", resume="auto", **{"train.steps": 5}).step == 5


def test_an_optimiser_of_another_kind_is_refused_before_the_first_step(tmp_path):
    config = make_tiny_config()
    run_dir = train(config, run_dir=tmp_path / "run").path
    checkpoint = find_checkpoint(run_dir)
    good = {name: dict(checkpoint.tensors[name]) for name in checkpoint.tensors}
    table = good["generator_optimizer"]
    first = "0.square_avg"
    cases = [
        ({**table, "x.y": torch.zeros(1)}, "'x.y', of no parameter"),
        ({**table, "99.step": torch.tensor(1.0)}, "'99.step', of no parameter"),
        ({**table, "²": torch.tensor(1.0)}, "of no parameter"),
        ({**table, first: torch.zeros(3)}, "does not fit: '0.square_avg' is .3,. there and"),
        ({**table, first: table[first] / 0}, "optimiser is not finite: '0.square_avg'"),
        ({**table, "0.more": table[first].clone()}, "holds .*'0.more'|'more'.* are needed"),
        ({k: v for k, v in table.items() if k != "0.step"}, "'square_avg' for parameter 0; sq"),
    ]
    for number, (changed, message) in enumerate(cases):
        other = tmp_path / str(number)
        save_checkpoint(
            directory_of(other, 4),
            good | {"generator_optimizer": changed},
            step=4,
            num_videos=checkpoint.num_videos,
            config=checkpoint.config,
        )
        with pytest.raises(ValueError, match=message):
            train(config, run_dir=other, resume="auto", **{"train.steps": 5})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[]", "line 2 of .* is no table of numbers with a step"),
        ("{}", "line 2 of .* is no table"),
        ('{"step": "3"}', "line 2 of .* is no table"),
        ('{"step": 3, "loss": [1]}', "line 2 of .* is no table"),
        ('{"step": 3, "loss": null}', "line 2 of .* is no table"),
        (f'{{"step": 1{"0" * 400}}}', "line 2 of .* is no table"),
        ("{", "line 2 of .* is no JSON"),
        ("[" * 9000, "line 2 of .* is nested too deep"),
    ],
)
def test_a_damaged_log_is_named_by_its_line(tmp_path, line, message):
    run_dir = make_run(tmp_path / "run", make_tiny_config())
    log = run_dir / "metrics.jsonl"
    log.write_text(f'{{"step": 1, "loss": 2.5}}\n{line}\n{{"step": 4}}\n')
    with pytest.raises(ValueError, match=message):
        load(run_dir, device="cpu").metrics  # noqa: B018
    # A last line that was cut short is what a crash leaves.
    log.write_text('{"step": 1, "loss": 2.5}\n{"step": 4, "lo')
    metrics = load(run_dir, device="cpu").metrics
    assert {name: values.tolist() for name, values in metrics.items()} == {
        "step": [1],
        "loss": [2.5],
    }


def test_samples_larger_than_memory_are_refused_before_any_is_made(tmp_path):
    config = make_tiny_config()
    run = load(make_run(tmp_path / "run", config), device="cpu")
    run.config.data.resolution = run.config.data.num_frames = 4096
    with pytest.raises(ValueError, match="16 samples takes .* GB of memory"):
        run.sample(range(100))


def test_facts_of_another_run_do_not_change_the_samples(tmp_path):
    """What a checkpoint says of itself beside its weights has no say in what they make."""
    run_dir = make_run(tmp_path / "run", make_tiny_config())
    expected = load(run_dir, device="cpu").sample([3])
    path = directory_of(run_dir, 3)
    facts = json.loads((path / "state.json").read_text())
    rewrite(path, "state.json", json.dumps(facts | {"step": 9, "more": ["new"]}))
    found = load(run_dir, device="cpu")
    assert found.step == 9
    np.testing.assert_array_equal(found.sample([3]), expected)
