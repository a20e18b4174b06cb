import re
import textwrap
from dataclasses import asdict
from pathlib import Path

import pytest

from tgan.config import Config
from tgan.config.reading import (
    dump_config,
    experiment_parser,
    flat_settings,
    parse_config,
    read_experiment,
)
from tgan.config.validation import validate

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


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


def test_bounds_of_depth_are_stored_with_the_run():
    options = ["--data.name=rgbd", "--data.channels=4", "--data.num_frames=1", "--data.path=x"]
    config = read(*options, "--data.depth_bounds=[700, 9900.5]")
    assert parse_config(dump_config(config)).data.depth_bounds == [700, 9900.5]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_is_valid(path):
    read(f"--config={path}", "--data.path=anywhere")
    assert path.read_text().startswith("# ")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--train.stpes=3"], "unknown setting 'train.stpes' (did you mean 'train.steps'?)"),
        (["--train.steps=many"], "train.steps: 'many' is not a whole number"),
        (["--train=5"], "'train' is a group of settings: train.steps, train.batch_size, train.sch"),
        (["--critic"], "'critic' is a group of settings: critic.name, critic.width"),
        (["--train.augment=foo"], "'foo' is not a list of any of translation, flip, colour, cuto"),
        (["--train.augment=flip"], "cutout, such as [flip]"),
        (["--log.trackers=foo"], "'foo' is not a list of any of tensorboard, wandb, trackio, such"),
        (["--critic_optimizer.betas=3"], "'3' is not a list of 2 numbers, such as [0.5, 0.9]"),
        (
            ["--data.classes=[7]"],
            "data.classes: '7' is not a list of names, such as [\"0\"",
        ),
        (["--log.milestones=5"], "'5' is not a list of whole numbers, such as [1000, 5000]"),
        (["--data.depth_bounds=7"], "data.depth_bounds: '7' is not null or a list of numbers"),
        (["--log.fps=fast"], "log.fps: 'fast' is not a number"),
        (["--conditional=maybe"], "conditional: 'maybe' is not true or false"),
        (["--data.path=[3]", "--train.ema_decay=x"], "train.ema_decay: 'x' is not null or a num"),
        (["--constraint.name=svd"], "'svd' is not one of none, weight_clip, svc"),
        (["--data.resolution=60"], "data.resolution 60 is not 4 or 5 times a power of two"),
        (["--data.num_frames=0"], "data.num_frames 0 is below 1"),
        (["--data.name=digits"], "data.num_frames 16 is not 1: data.name digits are single frames"),
        (["--data.channels=4"], "data.channels 4 is not 1 or 3, as data.name moving_digits ne"),
        (["--data.name=rgbd"], "data.channels 3 is not 4, as data.name rgbd needs"),
        (["--data.name=rgbd"], "data.path is missing: name a folder of rgbd"),
        (["--data.name=shapes3d"], "data.num_frames 16 is not 1: data.name shapes3d are single"),
        (["--data.crops=3"], "data.crops needs data.name images or rgbd"),
        (["--data.crops=-1"], "data.crops -1 is below 0"),
        (["--data.depth_bounds=[1, 2]"], "data.depth_bounds needs data.name rgbd"),
        (["--data.depth_holes=fill"], "data.depth_holes needs data.name rgbd"),
        (["--data.depth_holes=drop"], "'drop' is not one of keep, fill"),
        (["--data.depth_bounds=[5, 5]"], "data.depth_bounds [5.0, 5.0] has to be [near, far]"),
        (["--data.depth_bounds=[1, 2, 3]"], "has to be [near, far]"),
        (["--data.depth_bounds=[1, .inf]"], "data.depth_bounds [1.0, inf] has to be"),
        (["--data.labels_key=kind"], "data.labels_key needs data.name images"),
        (["--data.name=images", "--data.num_frames=1"], "name a folder of images"),
        (["--data.name=videos"], "data.path is missing"),
        (["--data.name=torchvision", "--data.num_frames=1"], "data.dataset is missing: name one"),
        (["--data.name=torchvision", "--data.dataset=MNIST"], "torchvision are single frames"),
        (["--data.dataset=MNIST"], "data.dataset needs data.name torchvision"),
        (["--data.download=true"], "data.download needs data.name torchvision"),
        (["--data.name=torchvision", "--data.dataset=MNITS"], "'MNITS' (did you mean 'MNIST'?); c"),
        (["--train.n_critic=5"], "needs train.schedule alternating"),
        (["--train.batch_size=0"], "train.batch_size 0 is below 1"),
        (["--run-dri=x"], "unknown setting 'run-dri'"),
        (["--config"], "--config '' cannot be read"),
        (["--critic_optimizer.lr=.nan"], "critic_optimizer.lr nan is not positive"),
        (["--constraint.maximum=.inf"], "constraint.maximum inf is not positive and finite"),
        (["--critic_optimizer.alpha=7"], "critic_optimizer.alpha 7.0 is not in [0, 1)"),
        (["--critic_optimizer.betas=[2, 0.9]"], "critic_optimizer.betas (2.0, 0.9) are not"),
        (["--log.milestones=[-5]"], "log.milestones -5 is below 1"),
        (["--log.distance_clips=1"], "log.distance_clips 1 is too few: 0 for none, or at least 2"),
        (["--generator.width=1000000000000"], "generator.width 1000000000000 is above 65536"),
        (["--train.steps=0"], "train.steps 0 is below 1"),
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


def test_every_setting_has_a_type_that_can_be_told_in_words():
    parser = experiment_parser("test", "", "")
    parser.add_argument("--how-many", type=int | None)
    for name in flat_settings(asdict(Config())).keys() - {"data.path", "data.held_out_path"}:
        with pytest.raises(ValueError) as error:
            read(f"--{name}={{1: [x]}}")
        assert name in str(error.value) and not re.search(r"typing|<class|\w\[", str(error.value))
    with pytest.raises(ValueError, match="^--how-many 'x' is not a whole number$"):
        read_experiment(parser, ["--how-many=x"])


def test_all_problems_are_listed_at_once():
    config = Config()
    config.data.resolution, config.train.batch_size = 60, 0
    with pytest.raises(ValueError, match="batch_size 0.*resolution 60"):
        validate(config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train: {learning_rate: 3}", "settings.yaml: unknown setting 'train.learning_rate'"),
        ("trian: {steps: 3}", "unknown setting 'trian' (did you mean 'train'?)"),
        ("data: [", "settings.yaml is not valid YAML"),
        ("train: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("train: {steps: 1.5}", "train.steps: '1.5' is not a whole number"),
        ("train: {steps: null}", "train.steps: 'None' is not a whole number"),
        ("train: {steps: [3]}", "train.steps: '[3]' is not a whole number"),
        ("train: {steps: {a: 3}}", "train.steps has to be a single value"),
        ("train: null", "train has to be a group of settings, not None"),
        ("data: []", "data has to be a group of settings, not []"),
        ("objective: null", "objective: 'None' is not one of wasserstein"),
        ("log: {trackers: null}", "log.trackers"),
        ("[1, 2]", "a configuration has to be a group of settings, not [1, 2]"),
        ("hello", "a configuration has to be a group of settings, not 'hello'"),
        ("a: &a [*a]", "unknown setting 'a'"),
        ("data: &a {x: *a}", "unknown setting 'data.x'"),
        ("log: {milestones: &a [*a]}", "log.milestones has to be a single value or a list"),
    ],
)
def test_broken_files_are_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(ValueError) as error:
        read(written(tmp_path, text))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "{}"])
def test_an_empty_file_leaves_the_defaults(tmp_path, text):
    assert asdict(read(written(tmp_path, text))) == asdict(Config())


def test_of_files_and_options_the_later_wins(tmp_path):
    file = written(tmp_path, "train: {steps: 7}")
    assert read("--train.steps=9", file).train.steps == 7
    assert read(file, "--train.steps=9").train.steps == 9
    assert read("--config", file.partition("=")[2]).train.steps == 7


TRAPS = [
    "data: {class_path: trap.Trap}",
    "train: {steps: {class_path: trap.Trap}}",
    "objective: {class_path: trap.Trap}",
    'data: {"class\\x5fpath": trap.Trap}',
    "class_path: trap.Trap",
    "data: trap.Trap",
    "objective: trap.Trap",
    "train: {steps: trap.Trap}",
    "data.class_path: trap.Trap",
    "data: {class_path: trap.Trap, init_args: {}}",
    "log: {trackers: [trap.Trap]}",
]
TRAP_OPTIONS = [
    "--data.class_path=trap.Trap",
    '--data={"class_path": "trap.Trap"}',
    "--data=trap.Trap",
    "--train.steps=trap.Trap",
    '--train.steps={"class_path": "trap.Trap"}',
    "--data.help=trap.Trap",
]


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """A module that leaves a mark when it is imported; returns the mark's path."""
    (tmp_path / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\nclass Trap: ...")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "sprung"


@pytest.mark.parametrize("text", TRAPS)
def test_a_file_can_import_nothing(tmp_path, trap, text):
    for attempt in (lambda: read(written(tmp_path, text)), lambda: parse_config(text)):
        with pytest.raises(ValueError):
            attempt()
    assert not trap.exists()


@pytest.mark.parametrize("option", TRAP_OPTIONS)
def test_an_option_can_import_nothing(trap, option):
    with pytest.raises(ValueError):
        read(option)
    assert not trap.exists()


def test_the_trap_would_spring(trap):
    __import__("trap")
    assert trap.exists()
