import textwrap
from dataclasses import asdict
from pathlib import Path

import pytest

from tgan.config import Config, validate
from tgan.experiment import experiment_parser, parse_config, read_experiment
from tgan.training.run_dir import dump_config

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))


def read(*argv):
    return read_experiment(experiment_parser("test", "", ""), argv)[0]


def written(tmp_path, text):
    path = tmp_path / "settings.yaml"
    path.write_text(textwrap.dedent(text))
    return f"--config={path}"


def test_defaults_are_valid():
    assert asdict(read()) == asdict(Config())


def test_options_override_files_and_files_override_defaults(tmp_path):
    file = written(tmp_path, "train: {steps: 7, seed: 3}\ncritic_optimizer: {lr: 1e-4}")
    config = read(file, "--train.steps=9")
    assert (config.train.steps, config.train.seed, config.critic_optimizer.lr) == (9, 3, 1e-4)
    assert config.train.batch_size == Config().train.batch_size


def test_a_dumped_configuration_reads_back_equal():
    config = read("--train.ema_decay=0.99", "--log.milestones=[5, 6]", "--data.path=x")
    assert parse_config(dump_config(config)) == config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_is_valid(path):
    read(f"--config={path}", "--data.path=anywhere")
    assert path.read_text().startswith("# ")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--train.stpes=3"], "unknown setting 'train.stpes' (did you mean 'train.steps'?)"),
        (["--train.steps=many"], "train.steps: 'many' is not int"),
        (["--constraint.name=svd"], "'svd' is not one of none, weight_clip, svc"),
        (["--data.resolution=60"], "data.resolution 60 is not a power of two"),
        (["--data.num_frames=17"], "data.num_frames 17 is not a multiple of 16"),
        (["--data.name=videos"], "data.path is missing"),
        (["--train.n_critic=5"], "needs train.schedule alternating"),
        (["--train.batch_size=0"], "train.batch_size 0 is below 1"),
        (["--train.ema_decay=1.5"], "train.ema_decay 1.5 is not between 0 and 1"),
        (["--critic_optimizer.lr=0"], "critic_optimizer.lr 0.0 is not positive"),
        (["--constraint.interval=0"], "constraint.interval 0 is not positive"),
        (["--config=nothing.yaml"], "nothing.yaml"),
        (["extra"], "extra"),
    ],
)
def test_mistakes_are_named_in_one_line(argv, message):
    with pytest.raises(ValueError) as error:
        read(*argv)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_all_problems_are_listed_at_once():
    config = Config()
    config.data.resolution, config.train.batch_size = 60, 0
    with pytest.raises(ValueError, match="batch_size 0.*resolution 60"):
        validate(config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train: {learning_rate: 3}", "unknown setting 'train.learning_rate'"),
        ("data: [", "YAML|parsing|Problems"),
        ("train: !!python/object/apply:os.system ['true']", "python/object"),
        ("train: {steps: 1.5}", "train.steps: '1.5' is not int"),
    ],
)
def test_broken_files_are_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(written(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "data: {class_path: trap.Trap}",
        "train: {steps: {class_path: trap.Trap}}",
        "objective: {class_path: trap.Trap}",
        'data: {"class\\x5fpath": trap.Trap}',
        "class_path: trap.Trap",
    ],
)
def test_a_configuration_can_import_nothing(tmp_path, monkeypatch, text):
    (tmp_path / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\nclass Trap: ...")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError):
        read(written(tmp_path, text))
    for option in ("--data.class_path=trap.Trap", '--data={"class_path": "trap.Trap"}'):
        with pytest.raises(ValueError, match="class_path"):
            read(option)
    assert not (tmp_path / "sprung").exists()
