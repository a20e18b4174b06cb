"""The README's commands run, at sizes that take seconds."""

import re
import shlex
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tgan.anomaly.series.data.robot import robot_with_faults
from tgan.benchmarks.clipping.truth import jobs
from tgan.cli import main
from tgan.media.video import write_video

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
TINY = [
    "--data.resolution=32",
    "--generator.width=16",
    "--generator.temporal_width=8",
    "--critic.width=4",
    "--train.batch_size=2",
    "--log.distance_clips=0",
    "--log.preview_count=1",
    "--log.critic_every=0",
]


def blocks(language: str) -> list[str]:
    """The README's code blocks in a language; commands are in none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


def commands() -> list[list[str]]:
    """Every `tgan ...` line of the README's code blocks, in order."""
    lines = "".join(blocks("")).replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("tgan ")]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A directory with the configurations, two short videos, and a run of the demo."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    for number in (0, 1):
        frames = np.random.default_rng(number).integers(0, 256, (20, 48, 64, 3), np.uint8)
        write_video(tmp_path / "my_videos" / ("waving", "bending")[number] / "a.mp4", frames)
        (tmp_path / "my_pictures").mkdir(exist_ok=True)
        Image.fromarray(frames[0]).save(tmp_path / "my_pictures" / f"{number}.png")
    train(["train", "--config", "configs/demo.yaml", "--run-dir", "runs/demo"], steps=1)
    return tmp_path


def train(command, *, steps):
    # Images have no temporal generator.
    of_videos = {"configs/demo.yaml", "configs/folder.yaml"} & set(command)
    tiny = [option for option in TINY if of_videos or "temporal" not in option]
    main([*command, *tiny, f"--train.steps={steps}"])


def test_commands_run_in_the_order_of_the_readme(home, monkeypatch):
    shorter = partial(robot_with_faults, minutes=60, train_minutes=20)
    monkeypatch.setattr("tgan.cli.detect_series.robot_with_faults", shorter)
    monkeypatch.setattr(jobs, "PROBLEMS", {"pairing": jobs.PROBLEMS["pairing"]})
    ran = set()
    for command in commands():
        ran.add(command[0])
        if command[0] == "train":
            train(command, steps=2)
        elif command[0] == "prepare":
            main([*command, "--resolution", "32"])
        elif command[0] == "evaluate":
            main([*command, "--samples", "4", "--batch-size", "2"])
        elif command[:2] == ["detect", "series"] and command[2] != "fit":
            main(command)
        elif command[0] in ("train-encoder", "detect"):
            main([*command, "--steps", "1"])
        elif command[0] == "levels":
            main([*command, "--evaluations", "4"])
        elif command[0] == "benchmark-clipping":
            if "--quick" in command:
                main([*command, "--parts", "truth", "--strategies", "svc", "--seeds", "1"])
        else:
            main(command)
    assert ran == {
        *("train", "prepare", "generate", "export", "evaluate", "benchmark-clipping"),
        *("train-encoder", "detect", "levels", "classify"),
    }
    outputs = [
        "samples.mp4",
        "grid.mp4",
        "filmstrip.png",
        "thousand.npy",
        "slow.mp4",
        "walk.mp4",
        "sum.mp4",
    ]
    for name in [
        *outputs,
        "waving.mp4",
        "digits.png",
        "translated.png",
        "scores.json",
        "bench-quick/report.html",
        "anomalies-9/metrics.json",
        "robot/found/intervals.json",
        "robot/found/plot.png",
        "sheet.png",
        "found/level_000.txt",
        "classifier.pt2",
    ]:
        assert (home / name).stat().st_size > 0
    assert len(list((home / "samples").glob("seed_*.mp4"))) == 32
    assert (home / "mine" / "model.safetensors").is_file()


def test_training_takes_the_folder_itself(home):
    config = ["--config", "configs/folder.yaml", "--data.path", "my_videos"]
    train(["train", *config, "--run-dir", "runs/unpacked"], steps=1)


def test_what_the_readme_links_to_is_there():
    links = re.findall(r"\]\(((?!http)[^)#]+)\)", README)
    assert len(links) > 8
    for link in links:
        assert (ROOT / link).exists(), link


def run_example(example: str, names: dict) -> dict:
    exec(example, names)  # noqa: S102
    return names


def test_the_example_of_a_run_in_python_runs(home):
    (example,) = (text for text in blocks("python") if "configs/demo.yaml" in text)
    pairs = (option.removeprefix("--").split("=") for option in TINY)
    tiny = {name: int(value) for name, value in pairs} | {"train.steps": 1}
    call = 'run_dir="runs/demo")'
    assert call in example
    names = run_example(example.replace(call, 'run_dir="runs/again", **tiny)'), {"tiny": tiny})
    assert f"# uint8 {names['clips'].shape}" in example and names["clips"].dtype == np.uint8
    assert (home / "samples.mp4").stat().st_size > 0


def test_the_example_of_clips_of_ones_own_runs(home):
    (example,) = (text for text in blocks("python") if "source=clips" in text)
    assert '"train.steps": 20}' in example
    names = run_example(example.replace('"train.steps": 20}', '"train.steps": 10}'), {})
    assert f"# uint8 {names['walk'].shape}" in example
    assert len(names["losses"]) == len(names["run"].metrics["step"])


def test_the_example_of_networks_and_constraints_runs():
    (example,) = (text for text in blocks("python") if "VideoGenerator(" in text)
    names = run_example(example, {})
    assert names["video"].shape == (2, 3, 16, 64, 64) and names["scores"].shape == (2,)


def test_every_python_example_is_one_of_these():
    assert len(blocks("python")) == 3
