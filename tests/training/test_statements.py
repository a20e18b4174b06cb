"""Checkpoints whose files are whole but wrong: each is one line, and passed over."""

import json

import pytest
import torch

from tests.made.checkpoints import rewrite
from tgan.training.checkpoint import directory_of, find_checkpoint, load_checkpoint, save_checkpoint
from tgan.training.tables import Damaged

DEEP = 5000


@pytest.fixture
def path(tmp_path):
    """The newer of two checkpoints."""
    for step in (1, 2):
        save_checkpoint(
            directory_of(tmp_path, step),
            {"generator": {"a": torch.arange(6.0)}},
            step=step,
            num_videos=5,
            config="objective: hinge\n",
            classes=["wave", "bend"],
        )
    return directory_of(tmp_path, 2)


def assert_passed_over(path, message):
    """It is refused by its path in one line, and its run goes on from the one before."""
    with pytest.raises(Damaged, match=message) as error:
        dict(load_checkpoint(path).tensors)
    assert len(str(error.value).splitlines()) == 1 and path.name in str(error.value)
    with pytest.warns(UserWarning, match="passing over a damaged checkpoint.*step_00000002"):
        assert find_checkpoint(path.parents[1]).step == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "no whole number 'step'"),
        ("null", "no whole number 'step'"),
        ("{}", "no whole number 'step'"),
        ('{"step": true, "num_videos": 5}', "'step'"),
        ('{"step": "3", "num_videos": 5}', "'step'"),
        ('{"step": -1, "num_videos": 5}', "'step'"),
        ('{"step": 3.0, "num_videos": 5}', "'step'"),
        (f'{{"step": 1{"0" * 30}, "num_videos": 5}}', "'step'"),
        (f'{{"step": 1{"0" * 5000}, "num_videos": 5}}', "no JSON"),
        ('{"step": 3}', "'num_videos'"),
        ('{"step": 3, "num_videos": NaN}', "'num_videos'"),
        ('{"step": 3, "num_videos": 5, "classes": "wave"}', "classes are no list of different"),
        ('{"step": 3, "num_videos": 5, "classes": null}', "classes are no list"),
        ('{"step": 3, "num_videos": 5, "classes": {"a": 1}}', "classes are no list"),
        ('{"step": 3, "num_videos": 5, "classes": ["a", 1]}', "classes are no list"),
        ('{"step": 3, "num_videos": 5, "classes": ["a", ""]}', "classes are no list"),
        ('{"step": 3, "num_videos": 5, "classes": ["a", "a"]}', "classes are no list"),
        ("{", "'state.json' is no JSON"),
        ("[" * DEEP, "'state.json' is nested too deep"),
        ('{"a":' * DEEP, "'state.json' is nested too deep"),
    ],
)
def test_facts(path, text, message):
    rewrite(path, "state.json", text)
    assert_passed_over(path, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'config.yaml' is empty"),
        (" \n\n", "'config.yaml' is empty"),
        ("[]", "has to be a group of settings"),
        ("hinge", "has to be a group of settings"),
        ("data: 3", "'config.yaml': data has to be a group"),
        ("data: null", "data has to be a group"),
        ("train: {steps: !!python/name:os.system }", "is not valid YAML"),
        ("!!python/object/apply:os.system ['true']", "is not valid YAML"),
        ("train: !mine {steps: 3}", "is not valid YAML"),
        ("train: {steps: [", "is not valid YAML"),
        ("train: {steps: three}", "train.steps: 'three' is not a whole number"),
        ("train: {steps: {a: b}}", "train.steps has to be a single value"),
        ("data: {resolution: 100000000}", "data.resolution"),
        ("nothing: 3", "unknown setting 'nothing'"),
        ("3: 4", "unknown setting '3'"),
        ("objective: &a [*a]", "config.yaml"),
        ("[" * DEEP, "nested too deep"),
        ("{a: " * DEEP, "nested too deep"),
        ("- - - " * DEEP, "nested too deep"),
        ("#" * 300_000, "is longer than"),
    ],
)
def test_configuration(path, text, message):
    rewrite(path, "config.yaml", text)
    assert_passed_over(path, message)


def test_aliases_of_aliases_are_not_written_out(path):
    """A text of 500 characters that stands for 10^9 items."""
    lines = ["- &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"- &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    rewrite(path, "config.yaml", "\n".join(lines))
    assert_passed_over(path, "has to be a group of settings")


def test_a_configuration_that_is_no_text(path):
    rewrite(path, "config.yaml", "objective: hinge\n")
    content = b"objective: \xff\xfe"
    (path / "config.yaml").write_bytes(content)
    reseal(path, "config.yaml", content)
    assert_passed_over(path, "'config.yaml' is no text")


def reseal(path, name, content):
    """Let the manifest say the hash of what a file holds now."""
    import hashlib

    manifest = json.loads((path / "manifest.json").read_text())
    manifest["sha256"][name] = hashlib.sha256(content).hexdigest()
    (path / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda sums: [], "does not list its files"),
        (lambda sums: None, "does not list its files"),
        (lambda sums: "abc", "does not list its files"),
        (lambda sums: list(sums), "does not list its files"),
        (lambda sums: sums | {"config.yaml": 3}, "does not list its files"),
        (lambda sums: sums | {"config.yaml": "0" * 63}, "does not list its files"),
        (lambda sums: sums | {"config.yaml": None}, "does not list its files"),
        (lambda sums: sums | {"../x.safetensors": "0" * 64}, "names no file"),
        (lambda sums: sums | {"/etc/x.safetensors": "0" * 64}, "names no file"),
        (lambda sums: sums | {"a/x.safetensors": "0" * 64}, "names no file"),
        (lambda sums: sums | {"a\\x.safetensors": "0" * 64}, "names no file"),
        (lambda sums: sums | {"x\0.safetensors": "0" * 64}, "names no file"),
        (lambda sums: sums | {"..": "0" * 64}, "names no file"),
        (lambda sums: sums | {"x" * 900 + ".safetensors": "0" * 64}, "is missing"),
        (
            lambda sums: sums | {"\x1b[31m.safetensors": "0" * 64},
            r"x1b\[31m.safetensors",
        ),
    ],
)
def test_manifest(path, change, message):
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["sha256"] = change(manifest["sha256"])
    (path / "manifest.json").write_text(json.dumps(manifest))
    assert_passed_over(path, message)


def test_a_manifest_that_is_nested_or_endless(path):
    (path / "manifest.json").write_text("[" * DEEP)
    assert_passed_over(path, "'manifest.json' is nested too deep")
    with (path / "manifest.json").open("r+b") as file:
        file.truncate(2**41)
    assert_passed_over(path, "is larger than")


def test_a_loaded_checkpoint_never_downloads(path):
    text = "data: {name: torchvision, dataset: MNIST, download: true, num_frames: 1, channels: 1}"
    rewrite(path, "config.yaml", text)
    found = load_checkpoint(path)
    assert found.config == text and found.settings.data.dataset == "MNIST"
    assert found.settings.data.download is False
