import json
import re
import textwrap
import warnings
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import get_type_hints

import pytest

from tgan.config import Config
from tgan.config.reading import (
    RENAMED,
    RETIRED,
    differences,
    dump_config,
    experiment_parser,
    flat_settings,
    make_config,
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


def whole_numbers(group=Config, prefix=""):
    """Names of the settings that are whole numbers."""
    for name, kind in get_type_hints(group).items():
        if is_dataclass(kind):
            yield from whole_numbers(kind, f"{prefix}{name}.")
        elif kind in (int, int | None):
            yield prefix + name


@pytest.mark.parametrize("name", sorted({*whole_numbers()} - {"train.seed"}))
def test_no_whole_number_but_a_seed_is_without_end(name):
    with pytest.raises(ValueError, match=rf"{name} {10**30} is above \d"):
        read(f"--{name}={10**30}")


def test_bounds_of_pixels_are_two_numbers_of_images():
    options = ["--data.name=images", "--data.num_frames=1", "--data.path=x"]
    config = read(*options, "--data.pixel_bounds=[-1.5, 4095]")
    assert parse_config(dump_config(config)).data.pixel_bounds == [-1.5, 4095]
    for bounds in ("[1, 1]", "[1]", "[0, .inf]"):
        with pytest.raises(ValueError, match="data.pixel_bounds .* low < high"):
            read(*options, f"--data.pixel_bounds={bounds}")
    with pytest.raises(ValueError, match="data.pixel_bounds needs data.name images"):
        read("--data.pixel_bounds=[0, 1]")


def test_a_configuration_lies_at_home(tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    written(tmp_path, "train: {steps: 7}")
    assert read("--config=~/settings.yaml").train.steps == 7
    assert make_config("~/settings.yaml").train.steps == 7


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
        (["--train.augment=foo"], "'foo' is not a list of any of translation, shift, flip, colo"),
        (["--train.augment=flip"], "cutout, such as [flip]"),
        (["--log.trackers=foo"], "'foo' is not a list of any of tensorboard, wandb, trackio, such"),
        (["--critic_optimizer.betas=3"], "'3' is not a list of 2 numbers, such as [0.5, 0.9]"),
        (
            ["--data.classes=[7]"],
            "data.classes: '7' is not a list of names, such as [\"0\"",
        ),
        (["--log.milestones=5"], "'5' is not a list of whole numbers, such as [14, 28]"),
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
        (["--data.workers=1025"], "data.workers 1025 is above 1024"),
        (["--data.stride=9999999"], "data.stride 9999999 is above 1000000"),
        (["--data.timeout=-1"], "data.timeout -1.0 is negative or not finite"),
        (["--data.timeout=.inf"], "data.timeout inf is negative or not finite"),
        (["--data.keep_gb=-1"], "data.keep_gb -1.0 is negative or not finite"),
        (["--data.max_bad_share=1.5"], "data.max_bad_share 1.5 is not in [0, 1]"),
        (["--data.changed=no"], "data.changed: 'no' is not one of warn, refuse"),
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
        (["--train.unroll=-1"], "train.unroll -1 is below 0"),
        (["--train.unroll=1001"], "train.unroll 1001 is above 1000"),
        (["--critic.packs=0"], "critic.packs 0 is below 1"),
        (["--critic.packs=3"], "train.batch_size 32 is no multiple of critic.packs 3"),
        (["--critic.packs=2", "--conditional=true"], "packs 2 and conditional true exclude each"),
        (["--critic.packs=2", "--data.input=edges"], "packs 2 and data.input edges exclude each"),
        (["--critic.packs=2", "--critic.name=own"], "packs 2 does nothing for critic.name own"),
        (["--critic.sees_batch=deviation", "--critic.name=own"], "deviation does nothing for cr"),
        (
            ["--critic.sees_batch=deviation", "--train.batch_size=1"],
            "sees_batch deviation compares samples of a batch, and train.batch_size 1 is one",
        ),
        (
            ["--critic.sees_batch=discrimination", "--train.batch_size=4", "--critic.packs=4"],
            "train.batch_size 4 with critic.packs 4 that are scored as one is one",
        ),
        (["--critic.sees_batch=all"], "'all' is not one of none, discrimination, deviation"),
        (["--train.feature_matching_weight=-1"], "weight -1.0 is negative or not finite"),
        (
            ["--objective=feature_matching", "--train.feature_matching_weight=0"],
            "train.feature_matching_weight 0 leaves the generator nothing to minimise",
        ),
        (
            ["--train.mutations=[]"],
            "train.mutations is empty: name one or more of minimax, non_sat",
        ),
        (["--train.mutations=[ls]"], "train.mutations: 'ls' is not a list of any of minimax, "),
        (
            ["--train.mutations=[minimax, non_saturating, minimax]"],
            "train.mutations [minimax, non_saturating, minimax] has minimax more than once",
        ),
        (["--train.survivors=0"], "train.survivors 0 is below 1"),
        (
            ["--train.survivors=4"],
            "train.survivors 4 is above 3, the children that train.mutations",
        ),
        (["--train.diversity_weight=-1"], "train.diversity_weight -1.0 is negative or not finite"),
        (
            ["--train.schedule=evolutionary"],
            "objective wasserstein does not go with train.schedule evolutionary, whose mutations "
            "and fitness take scores as log-odds; choose minimax or non_saturating",
        ),
        (["--train.n_critic=5"], "needs train.schedule alternating"),
        (["--train.batch_size=0"], "train.batch_size 0 is below 1"),
        (["--run-dri=x"], "unknown setting 'run-dri'"),
        (["--config"], "the configuration '' cannot be read"),
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


@pytest.mark.parametrize(("name", "passes"), [("deconv3d", True), ("own", False)])
def test_activations_are_recomputed_where_there_is_something_cheap(name, passes):
    config = Config()
    config.generator.name, config.train.checkpoint_activations = name, True
    if passes:
        validate(config)
    else:
        with pytest.raises(ValueError, match="does nothing for generator.name own; it is for tg"):
            validate(config)


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


# A value of each renamed setting that is not its default, and what else it needs.
TRANSLATOR = {"data.name": "digits", "data.num_frames": 1, "generator.name": "translator"}
OLD = {
    "given": ("grey", TRANSLATOR),
    "train.reconstruction": (0.5, {**TRANSLATOR, "data.input": "edges"}),
}


def value_of(config, name):
    return flat_settings(asdict(config))[name]


def ways_of_reading(tmp_path, settings):
    """The same settings as options, as options of two words each, as a file, and in Python."""
    path = tmp_path / "old.yaml"
    nested: dict = {}
    for name, value in settings.items():
        group, _, last = name.rpartition(".")
        (nested.setdefault(group, {}) if group else nested)[last] = value
    path.write_text(json.dumps(nested))
    pairs = [(f"--{name}", str(value)) for name, value in settings.items()]
    yield lambda: read(*("=".join(pair) for pair in pairs))
    yield lambda: read(*(word for pair in pairs for word in pair))
    yield lambda: read(f"--config={path}")
    yield lambda: make_config(path)
    yield lambda: make_config(None, settings)


@pytest.mark.parametrize("old", RENAMED)
def test_a_renamed_setting_works_under_its_old_name_with_a_warning(tmp_path, old):
    (value, others), new = OLD[old], RENAMED[old]
    current = make_config(None, {**others, new: value})
    assert value_of(current, new) == value != value_of(Config(), new)
    for reading in ways_of_reading(tmp_path, {**others, old: value}):
        with pytest.warns(UserWarning, match=f"^'{old}' is '{new}' now$"):
            assert reading() == current
    for reading in ways_of_reading(tmp_path, {**others, new: value}):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert reading() == current


def test_of_an_old_and_a_new_name_the_later_counts():
    options = [f"--{name}={value}" for name, value in TRANSLATOR.items()]
    for names, expected in (
        (["--given=grey", "--data.input=edges"], "edges"),
        (["--data.input=edges", "--given=grey"], "grey"),
    ):
        with pytest.warns(UserWarning, match="'given' is"):
            assert read(*options, *names).data.input == expected


@pytest.mark.parametrize("name", RETIRED)
def test_a_retired_setting_is_left_out_with_a_warning_where_it_said_something(tmp_path, name):
    for value, warned in ((["up", "down"], True), ([], False)):
        settings = {name: value, "train.steps": 7}
        as_text = {name: json.dumps(value), "train.steps": 7}
        *options, _, _ = ways_of_reading(tmp_path, as_text)
        *_, as_file, in_python = ways_of_reading(tmp_path, settings)
        for reading in (*options[:2], as_file, in_python):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                assert reading() == make_config(None, {"train.steps": 7})
            message = f"'{name}' is no setting any more: {RETIRED[name]}"
            assert [str(warning.message) for warning in caught] == [message] * warned


def test_a_stored_configuration_of_version_0_1_is_read_without_a_word():
    data = {"name": "digits", "num_frames": 1, "labels": ["0", "1"]}
    settings = {"given": "edges", "data": data, "generator": {"name": "translator"}}
    text = json.dumps(settings | {"train": {"reconstruction": 3.0}})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config = parse_config(text)
    assert (config.data.input, config.train.l1_weight) == ("edges", 3.0)
    assert not hasattr(config.data, "labels")


def test_a_mistake_under_an_old_name_is_named_by_the_new_one():
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="^data.input: 'edge' is"):
        read("--given=edge")


def test_settings_in_python_change_a_base_and_leave_it_alone(tmp_path):
    base = make_config(None, {"train.steps": 7, "critic_optimizer.betas": (0.1, 0.2)})
    assert (base.train.steps, base.critic_optimizer.betas) == (7, (0.1, 0.2))
    before = dump_config(base)
    changes = {"train.seed": 3, "log.milestones": [5, 6], "train.ema_decay": None}
    changed = make_config(base, {**changes, "data.path": tmp_path, "conditional": False})
    assert dump_config(base) == before and (changed.train.steps, changed.train.seed) == (7, 3)
    assert changed.log.milestones == [5, 6] and changed.data.path == str(tmp_path)
    found = differences(asdict(base), asdict(changed))
    assert sorted(found) == [
        f"data.path was None and is '{tmp_path}'",
        "log.milestones was [] and is [5, 6]",
        "train.seed was 0 and is 3",
    ]
    (tmp_path / "base.yaml").write_text(before)
    for path in (tmp_path / "base.yaml", str(tmp_path / "base.yaml")):
        assert make_config(path) == base and make_config(path, changes).train.seed == 3
    assert make_config() == Config()


@pytest.mark.parametrize(
    ("base", "settings", "message"),
    [
        (None, {"train.stpes": 3}, "unknown setting 'train.stpes' (did you mean 'train.steps'?)"),
        (None, {"steps": 3}, "unknown setting 'steps'"),
        (None, {"train": {"steps": 3}}, "'train' is a group of settings: train.steps, train.bat"),
        (None, {"train.steps": "many"}, "train.steps: 'many' is not a whole number"),
        (None, {"train.steps": [{}]}, "settings: train.steps has to be a single value or a list"),
        (None, {"train.steps": 0}, "train.steps 0 is below 1"),
        (None, {"config": "x.yaml"}, "unknown setting 'config'"),
        ("nothing.yaml", {}, "the configuration 'nothing.yaml' cannot be read: No such file"),
    ],
)
def test_mistakes_in_python_are_named_in_one_line(base, settings, message):
    with pytest.raises(ValueError) as error:
        make_config(base, settings)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert "--" not in str(error.value)


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
    name, _, value = option.removeprefix("--").partition("=")
    with pytest.raises(ValueError):
        make_config(None, {name: value})
    assert not trap.exists()


def test_the_trap_would_spring(trap):
    __import__("trap")
    assert trap.exists()


def test_differences_are_named_with_both_values():
    old = {"a": {"b": 1, "c": [1, 2]}, "d": "x", "gone": 0.5}
    new = {"new": True, "d": "y", "a": {"b": 2, "c": (1, 2)}}
    assert differences(old, old) == differences(old, old | {"nothing": None}) == []
    assert differences(old, new) == [
        "a.b was 1 and is 2",
        "d was 'x' and is 'y'",
        "gone was 0.5 and is None",
        "new was None and is True",
    ]


def test_long_values_are_cut_in_differences():
    (text,) = differences({"text": "a" * 500}, {"text": "b" * 500})
    assert text.startswith("text was 'aaa") and " and is 'bbb" in text and len(text) < 200


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("train: {steps: 1}\nlog: {every: 2}\ntrain: {batch_size: 2}\n", "train", 3),
        ("train:\n  steps: 1\n  seed: 2\n  steps: 3\n", "steps", 4),
    ],
)
def test_a_name_that_stands_twice_in_a_file_is_refused(tmp_path, text, name, line):
    path = tmp_path / "twice.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"'{name}' stands more than once .*line {line},"):
        make_config(path)
