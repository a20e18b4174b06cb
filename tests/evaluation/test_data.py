from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.made.stand_ins import Videos
from tests.made.video_runs import write_noise
from tgan.config import Config, DataConfig
from tgan.evaluation.data import RealData, as_clips, check_unseen, open_real
from tgan.runs.trained import TrainedRun

SIZES = DataConfig(resolution=32, num_frames=8, stride=2, channels=1)


def run_of(**data):
    """A run, of whose checkpoint nothing but its step is asked."""
    checkpoint = SimpleNamespace(step=3)
    return TrainedRun(
        Path("run"), Config(data=DataConfig(**data)), classes=[], checkpoint=checkpoint
    )


def test_paths_and_sources_are_taken_as_they_are():
    source = Videos()
    assert as_clips(source) is source
    assert as_clips(Path("a/b")) == "a/b" and as_clips("held-out") == "held-out"


def test_without_a_run_every_name_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_noise(Path("held-out"), 2)
    found = open_real("held-out", SIZES)
    assert found.about() == {"kind": "folder", "from": "held-out", "videos": 2}
    assert found.sizes == {"frames": 8, "stride": 2, "height": 32, "width": 32, "channels": 1}
    with pytest.raises(ValueError, match="train"):
        open_real("train", SIZES)


def test_clips_of_a_run_say_where_they_come_from(tmp_path):
    folder = str(write_noise(tmp_path / "videos", 2))
    for data, place in (
        ({"name": "digits", "num_frames": 1, "resolution": 16, "channels": 1}, "digits"),
        ({"name": "videos", "path": folder, "held_out_path": folder, "resolution": 32}, folder),
    ):
        run = run_of(**data)
        for kind, source in (("train", run.data), ("held-out", run.held_out)):
            found = open_real(kind, run.config.data, run)
            assert found.source is source and (found.kind, found.place) == (kind, place)


def test_the_same_clips_are_known_under_two_names():
    one, other = Videos(), Videos()
    assert RealData(one, "folder", "a", 1).is_same(RealData(other, "held-out", "a", 1))
    assert not RealData(one, "train", "digits", 1).is_same(RealData(other, "held-out", "digits", 1))
    assert RealData(one, "own", "Videos", None).is_same(RealData(one, "train", "a", 1))
    assert not RealData(one, "own", "Videos", None).is_same(RealData(other, "own", "Videos", None))


def test_unseen_clips_are_none_of_training_and_have_the_classes_of_the_run():
    run = run_of()
    run.config.conditional, run.classes = True, ["a", "b"]
    run.data = Videos(labels=["a", "b"])
    check_unseen(RealData(Videos(labels=["a", "b"]), "folder", "x", 1), run)
    for source, message in (
        (run.data, "was not trained on"),
        (Videos(labels=["b", "a"]), "classes, a, b; those of the real clips are b, a"),
        (Videos(), "those of the real clips are none"),
    ):
        with pytest.raises(ValueError, match=message):
            check_unseen(RealData(source, "folder", "x", 1), run)
