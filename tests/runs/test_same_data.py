"""Data that changed since a checkpoint: told, or refused."""

import numpy as np
import pytest

from tests.conftest import make_tiny_config
from tgan.config import DataConfig
from tgan.runs.train import fit_run, prepare_run, warnings_of


@pytest.fixture(scope="module")
def trained(tmp_path_factory, labelled_videos):
    """A run of two steps on a packed folder, a copy of which it is told to read."""
    import shutil

    place = tmp_path_factory.mktemp("same_data")
    data = shutil.copytree(labelled_videos, place / "packed")
    config = make_tiny_config()
    config.data = DataConfig(name="videos", path=str(data), resolution=32)
    config.train.steps = 2
    fit_run(*prepare_run(config, place / "run"))
    return place, config


def go_on(trained, changed="warn", path=None):
    place, config = trained
    config = make_tiny_config() if config is None else config
    config.data.changed = changed
    config.data.path = str(path or place / "packed")
    return warnings_of(*prepare_run(config, place / "run", resume="auto"))


def test_the_same_data_elsewhere_are_the_same(trained, labelled_videos):
    assert go_on(trained, "refuse", labelled_videos) == []


def test_other_pixels_and_other_numbers_of_videos_are_told_or_refused(trained, tmp_path):
    import json
    import shutil

    other = shutil.copytree(trained[0] / "packed", tmp_path / "other")
    shard = other / "shard-00000.npy"
    np.save(shard, 255 - np.load(shard))
    (line,) = go_on(trained, path=other)
    assert line.startswith("warning: the data are not those that") and "as many videos" in line
    with pytest.raises(ValueError, match="the data are not those that .*step_00000002' was trai"):
        go_on(trained, "refuse", other)
    # A checkpoint of an earlier version says nothing.
    fewer = shutil.copytree(trained[0] / "packed", tmp_path / "fewer")
    content = json.loads((fewer / "index.json").read_text()) | {"format": 1}
    content = {k: v for k, v in content.items() if k not in ("sha256", "checksums")}
    last = content["videos"].pop()
    content["num_sources"] -= 1
    content["shards"][0] -= last["frames"]
    (fewer / "index.json").write_text(json.dumps(content))
    np.save(fewer / "shard-00000.npy", np.load(shard)[: -last["frames"]])
    (line,) = go_on(trained, path=fewer)
    assert line == (
        "warning: the run was trained on 5 videos and goes on with 4: clips come in another order"
    )
    with pytest.raises(ValueError, match="trained on 5 videos and goes on with 4.*data.changed"):
        go_on(trained, "refuse", fewer)
