"""A run of levels from training to samples, exports and scores."""

import json

import imageio.v3 as iio
import numpy as np
import pytest
import torch

import tgan
from tests.made.level_runs import train_levels
from tgan.anomaly.images.pictures import check_scores_pictures
from tgan.cli import main
from tgan.config.tiles import TileSet
from tgan.data.tiles.text import parse_level
from tgan.levels.making import LevelMaker

TILES = TileSet.of()


def levels_in(folder):
    return {path.name: parse_level(path.read_text(), TILES) for path in sorted(folder.iterdir())}


def test_previews_are_pictures_with_a_legend(level_run):
    image = iio.imread(level_run.path / "previews" / "step_00000001.png")
    assert image.shape[-1] == 3
    found = {tuple(pixel) for pixel in image.reshape(-1, 3).tolist()}
    assert found >= {tile.colour for tile in TILES.tiles}


def test_samples_are_written_as_text_levels(level_run, tmp_path, capsys):
    main(["generate", str(level_run.path), "--out", f"{tmp_path}/levels/", "--seeds", "3,7"])
    found = levels_in(tmp_path / "levels")
    assert list(found) == ["seed_000003.txt", "seed_000007.txt"]
    expected = LevelMaker(level_run).of_seeds([3, 7])
    np.testing.assert_array_equal(list(found.values()), expected)


def test_samples_are_written_as_a_picture_and_as_planes(level_run, tmp_path):
    run, options = str(level_run.path), ("--seeds", "0-3", "--scale", "4", "--grid", "2x2")
    main(["generate", run, "--out", f"{tmp_path}/sheet.png", *options])
    image = iio.imread(tmp_path / "sheet.png")
    levels = LevelMaker(level_run).of_seeds(range(4))
    colours = np.array([tile.colour for tile in TILES.tiles], np.uint8)
    # The fourth level is right below; each has a gap of a pixel behind it.
    corner = image[4 * 15 :: 4, 4 * 17 :: 4][:14, :16]
    np.testing.assert_array_equal(corner, colours[levels[3]])
    assert image.shape[1] == 2 * 4 * 17 and image.shape[0] > 2 * 4 * 15
    main(["generate", run, "--out", f"{tmp_path}/planes.npy", "--seeds", "0-3"])
    np.testing.assert_array_equal(np.load(tmp_path / "planes.npy"), level_run.sample(range(4)))
    for name, more in (("walk.mp4", ["--seeds", "1,2", "--walk", "3"]),):
        main(["generate", run, "--out", f"{tmp_path}/{name}", *more])
        assert (tmp_path / name).stat().st_size > 0
    main(["generate", run, "--out", f"{tmp_path}/sum.png", "--arithmetic", "1,2 - 3 + 4"])
    assert iio.imread(tmp_path / "sum.png").shape[-1] == 3


def test_pictures_of_samples_are_shown_from_python(level_run):
    samples = level_run.sample(range(2))
    with pytest.raises(ValueError, match="clips of shape .2, 1, 16, 16, 10"):
        tgan.show(samples)
    assert "2 images, 15x17x3" in repr(tgan.show(level_run.view(samples)))


def test_an_exported_folder_knows_its_tiles_and_window(level_run, tmp_path):
    main(["export", str(level_run.path), "--out", f"{tmp_path}/mine/"])
    again = tgan.load(tmp_path / "mine", device="cpu")
    assert again.config.data.name == "levels" and again.config.data.window == [14, 16]
    np.testing.assert_array_equal(again.sample([5]), level_run.sample([5]))
    main(["generate", str(tmp_path / "mine"), "--out", f"{tmp_path}/levels/", "--seeds", "5"])
    (level,) = levels_in(tmp_path / "levels").values()
    np.testing.assert_array_equal(level, LevelMaker(level_run).of_seeds([5])[0])


def test_an_exported_file_says_what_its_channels_are(level_run, tmp_path):
    main(["export", str(level_run.path), "--out", f"{tmp_path}/mine.pt2"])
    card = json.loads((tmp_path / "mine.pt2.json").read_text())
    planes = card["outputs"]["videos"]
    assert [tile["character"] for tile in planes["tiles"]] == list(TILES.characters)
    assert planes["window"] == [14, 16] and planes["tiles"][1]["solid"]
    latent = torch.zeros(3, 6)
    samples = torch.export.load(tmp_path / "mine.pt2").module()(latent)
    assert samples.shape == (3, 10, 1, 16, 16)


def test_tiles_of_ones_own_travel_with_the_run(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "a.txt").write_text("~~~~~~~~~~\n" * 12 + "~~~~##~~~~\n" + "##########\n" * 3)
    own = {"data.tiles": ["~ air", "# stone solid #808080"], "data.channels": 2}
    run = train_levels(
        tmp_path / "run", **own, **{"data.path": str(folder), "data.window": [16, 8]}
    )
    (folder / "a.txt").unlink()
    main(["generate", str(run.path), "--out", f"{tmp_path}/levels/", "--seeds", "1"])
    lines = (tmp_path / "levels" / "seed_000001.txt").read_text().split()
    assert len(lines) == 16 and all(len(line) == 8 and set(line) <= set("~#") for line in lines)
    main(["export", str(run.path), "--out", f"{tmp_path}/mine/"])
    assert tgan.load(tmp_path / "mine").config.data.tiles == own["data.tiles"]


def test_training_goes_on_bit_for_bit(level_run, tmp_path):
    whole = train_levels(tmp_path / "whole", **{"train.steps": 2})
    train_levels(tmp_path / "parts")
    parts = train_levels(tmp_path / "parts", resume="auto", **{"train.steps": 2})
    for name, value in whole.generator.state_dict().items():
        assert torch.equal(value, parts.generator.state_dict()[name]), name


def test_evaluation_measures_tiles_and_refuses_colours(level_run, tmp_path):
    scores = tgan.evaluate(
        level_run,
        samples=8,
        progress=False,
        metrics=["kid_tiles", "diversity_pixels", "nearest"],
        picture=tmp_path / "nearest.png",
    )
    assert {"kid_tiles", "diversity_pixels", "nearest"} <= set(scores)
    assert iio.imread(tmp_path / "nearest.png").shape[-1] == 3
    with pytest.raises(ValueError, match="'pooled32' looks at colours, and levels have none; cho"):
        tgan.evaluate(level_run, samples=8, metrics=["frechet_pooled32"])
    with pytest.raises(ValueError, match="'efficientnet_lite0' looks at colours"):
        tgan.evaluate(level_run, samples=8, metrics=["frechet_efficientnet_lite0"])


def test_the_default_metrics_of_levels_can_be_measured(level_run):
    scores = tgan.evaluate(level_run, samples=8, progress=False)
    assert "diversity_tiles" in scores and "diversity_pixels" in scores


def test_detectors_of_anomalies_refuse_levels(level_run):
    with pytest.raises(ValueError, match="is a run of levels; anomalies are scored in pictures"):
        check_scores_pictures(level_run)


def test_levels_are_measured_from_the_command_line(level_run, tmp_path, capsys):
    out = tmp_path / "scores.json"
    main(["levels", "measure", str(level_run.path), "--samples", "8", "--json", str(out)])
    found = json.loads(out.read_text())
    assert list(found["shares"]) == ["samples", "repaired", "training", "independent", "held-out"]
    assert found["shares"]["training"] == {
        **{"playable": 1, "whole_pipes": 1, "new": 0, "different": 1, "known_patterns": 1},
    }
    repaired = found["shares"]["repaired"]
    assert repaired["playable"] == repaired["whole_pipes"] == 1
    printed = capsys.readouterr().out
    assert "playable" in printed and "100.0%" in printed


def test_levels_are_searched_from_the_command_line(level_run, tmp_path, capsys):
    search = ["levels", "search", str(level_run.path), "--evaluations", "20", "--levels", "2"]
    search += ["--property", "count:X=9", "--property", "linearity=1", "--repair"]
    for name in ("a", "b"):
        main([*search, "--out", str(tmp_path / name)])
    names = ["latents.npy", "level_000.txt", "level_001.txt", "results.json", "sheet.png"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == names
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    results = json.loads((tmp_path / "a" / "results.json").read_text())
    level = parse_level((tmp_path / "a" / "level_001.txt").read_text(), TILES)
    assert results["levels"][1]["distances"]["count:X=9"] == abs((level == 1).sum() - 9)
    assert np.load(tmp_path / "a" / "latents.npy").shape == (2, 6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--property", "count:Q=1"], "'Q' is no tile; choose from - X"),
        (["--property", "linearity=0", "--jump", "4"], "--jump '4'; rows and columns are needed"),
        (["--property", "linearity=0", "--method", "grid"], "unknown method 'grid'"),
        ([], "the following arguments are required: --property"),
    ],
)
def test_mistakes_end_in_one_line(level_run, tmp_path, capsys, options, message):
    with pytest.raises(SystemExit) as end:
        main(["levels", "search", str(level_run.path), "--out", f"{tmp_path}/out", *options])
    error = capsys.readouterr().err
    assert end.value.code == 2 and message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_played_is_refused_with_the_remedy(level_run, tmp_path, capsys):
    # An untrained generator makes noise, in which a walker of such jumps comes nowhere.
    search = ["levels", "search", str(level_run.path), "--property", "count:X=0"]
    search += ["--evaluations", "4", "--jump", "1x1", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit):
        main(search)
    assert "none of 4 levels can be played" in (error := capsys.readouterr().err)
    assert error.endswith("of the way: more --evaluations, or --repair\n")
    main([*search, "--without-rules"])
    main([*search, "--repair", "--overwrite"])


def test_a_run_of_pictures_makes_no_levels(tmp_path):
    pictures = {"data.name": "digits", "data.channels": 1, "data.window": None}
    run = train_levels(tmp_path / "run", **pictures)
    with pytest.raises(ValueError, match="is a run of data.name digits; one of levels is needed"):
        LevelMaker(run)


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("-X\n-\n", {}, "line 2 has 1 tile and line 1 has 2"),
        ("-Q\n", {}, "line 1, column 2: 'Q' is no tile"),
        (None, {}, "has no level"),
        ("-X\n", {}, "has 1 row of 2 tiles; a window of 14x16"),
        ("-X\n", {"data.channels": 9}, "data.channels 9 is not 10: the built-in tiles are 10"),
    ],
)
def test_bad_levels_are_refused_before_training(tmp_path, text, settings, message):
    folder = tmp_path / "own"
    folder.mkdir()
    if text is not None:
        (folder / "a.txt").write_text(text)
    with pytest.raises(ValueError) as error:
        train_levels(tmp_path / "run", **{"data.path": str(folder)} | settings)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "run" / "checkpoints").exists()
