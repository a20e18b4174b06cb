"""Scores of a run of one picture, and what changed pictures score."""

import numpy as np
import pytest

from tests.made.one_picture import picture_config, write_picture
from tgan.evaluation.one_picture import PICTURE_CONTROLS, measure_picture, squares
from tgan.runs.picture import PictureEditor
from tgan.runs.train import fit_run, prepare_run
from tgan.runs.trained import load


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("picture")
    picture = write_picture(folder / "picture.png", 32, 48)
    config = picture_config(picture, **{"data.resolution": 48})
    fit_run(*prepare_run(config, folder / "run"))
    return load(folder / "run")


def test_scores_are_those_of_the_samples(run):
    scores = measure_picture(run, 4, seed=2)
    made = run.sample(range(2_000_008, 2_000_012))[:, 0].astype(np.float64)
    picture = PictureEditor(run).picture.astype(np.float64)
    assert scores.deviation == pytest.approx(
        made.std(0, ddof=1).mean() / picture.std(ddof=1), rel=1e-6
    )
    error = PictureEditor(run).remade() - picture
    assert scores.remade == pytest.approx(np.square(error).mean() ** 0.5)
    assert len(scores.distances) == 4 and min(scores.distances) > 0
    found = scores.as_json()["single_frechet_random64"]
    assert found["mean"] == pytest.approx(np.mean(scores.distances))


def test_controls_rank_by_how_much_of_the_picture_is_left(run):
    controls = measure_picture(run, 2).controls
    assert list(controls) == list(PICTURE_CONTROLS)
    assert controls["itself"] == pytest.approx(0, abs=1e-6)
    order = ("itself", "squares16", "squares8", "squares4", "pixels")
    values = [controls[name] for name in order]
    assert values == sorted(values) and values[1] > 1e-3
    assert controls["blurred"] > 1e-4 and controls["grainy"] > 1e-4


@pytest.mark.parametrize("side", [1, 4, 5])
def test_squares_are_moved_whole(side):
    picture = np.random.default_rng(0).integers(0, 256, (17, 22, 3), np.uint8)
    found = squares(side)(picture)

    def cells(image):
        rows, columns = image.shape[0] // side, image.shape[1] // side
        return sorted(
            image[r * side : (r + 1) * side, c * side : (c + 1) * side].tobytes()
            for r in range(rows)
            for c in range(columns)
        )

    assert found.shape == (17 // side * side, 22 // side * side, 3)
    assert cells(found) == cells(picture) and not np.array_equal(found, picture[: len(found)])


def test_two_samples_are_needed(run):
    with pytest.raises(ValueError, match="samples 1 are below 2"):
        measure_picture(run, 1)
