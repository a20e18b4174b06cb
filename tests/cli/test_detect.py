"""`tgan train-encoder` and `tgan detect images` from a tiny run to their files."""

import csv
import json
import shutil

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from tgan.cli import main
from tgan.data.made.digits import open_digits
from tgan.metrics.detection import detection_metrics

SMALL = [
    *("--generator.width", "8", "--critic.width", "4", "--train.batch_size", "4"),
    *("--data.num_frames", "1", "--data.resolution", "8", "--data.channels", "1"),
    *("--generator.name", "dcgan", "--generator.z_slow", "4", "--data.name", "digits"),
    *("--log.trackers", "[]", "--log.preview_every", "0", "--train.steps", "1"),
    *("--log.critic_every", "0"),
]


def train(run, *options):
    main(["train", *SMALL, *options, "--run-dir", str(run)])
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on the digits but 7, and its encoder."""
    path = tmp_path_factory.mktemp("digits") / "run"
    names = ",".join(f'"{digit}"' for digit in range(10) if digit != 7)
    train(path, "--data.classes", f"[{names}]")
    main(["train-encoder", str(path), "--steps", "2", "--batch-size", "8"])
    return path


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("good/a.png", "good/b.png", "bad/c.png"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (12, 10, 3), np.uint8)).save(path)
    return tmp_path / "pictures"


def detect(run, pictures, out, *options):
    main(["detect", "images", str(run), str(pictures), "--out", str(out), "--steps", "2", *options])
    with (out / "scores.csv").open() as file:
        return list(csv.DictReader(file))


def test_held_out_pictures_of_all_classes_are_scored_and_measured(run, tmp_path, capsys):
    normal = ",".join(str(digit) for digit in range(10) if digit != 7)
    rows = detect(run, "held-out", tmp_path / "new" / "out", "--normal", normal)
    held_out = open_digits(resolution=8, channels=1, held_out=True)
    assert list(rows[0]) == ["picture", "class", "critic", "search", "encoder", "pca"]
    assert [int(row["class"]) for row in rows] == held_out.classes.tolist()
    assert [int(row["picture"]) for row in rows] == list(range(299))
    report = json.loads((tmp_path / "new" / "out" / "metrics.json").read_text())
    sevens = held_out.classes == 7
    assert report["pictures"] == {"normal": 299 - sevens.sum(), "abnormal": sevens.sum()}
    printed = capsys.readouterr().out
    for method in ("critic", "search", "encoder", "pca"):
        scores = np.array([float(row[method]) for row in rows])
        expected = detection_metrics(scores, sevens)["auc"]
        found = report["methods"][method]["auc"]
        assert found["value"] == pytest.approx(expected.value, abs=1e-3)
        assert found["low"] == pytest.approx(expected.low, abs=1e-3)
        assert f"{method}" in printed and f"{found['value']:.3f} [" in printed
    assert iio.imread(tmp_path / "new" / "out" / "sheet.png").ndim == 3


def test_a_folder_is_scored_by_file_and_without_normal_classes_not_measured(run, folder, tmp_path):
    rows = detect(run, folder, tmp_path / "out", "--methods", "search", "pca")
    assert [row["picture"] for row in rows] == ["bad/c.png", "good/a.png", "good/b.png"]
    assert [row["class"] for row in rows] == ["bad", "good", "good"]
    assert list(rows[0])[2:] == ["search", "pca"]
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["scores.csv", "sheet.png"]
    again = detect(run, folder, tmp_path / "again", "--methods", "search", "--batch-size", "1")
    for one, other in zip(rows, again, strict=True):
        assert float(one["search"]) == pytest.approx(float(other["search"]), rel=1e-3)


def test_an_archive_names_its_classes_and_needs_no_encoder(run, tmp_path, capsys):
    pixels = np.random.default_rng(1).integers(0, 256, (5, 8, 8), np.uint8)
    np.savez(tmp_path / "set.npz", images=pixels, kind=np.array([*"aabba"]))
    bare = tmp_path / "bare"
    shutil.copytree(run, bare, ignore=shutil.ignore_patterns("encoder"))
    options = ["--labels-key", "kind", "--normal", "a"]
    rows = detect(bare, tmp_path / "set.npz", tmp_path / "out", *options)
    assert list(rows[0]) == ["picture", "class", "critic", "search", "pca"]
    assert [row["class"] for row in rows] == [*"aabba"]
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["pictures"]["abnormal"] == 2


def test_nothing_is_overwritten_unless_asked(run, folder, tmp_path, capsys):
    out = tmp_path / "out"
    detect(run, folder, out, "--methods", "critic")
    before = (out / "scores.csv").read_text()
    for command in (
        ["detect", "images", str(run), str(folder), "--out", str(out)],
        ["train-encoder", str(run), "--steps", "1"],
    ):
        with pytest.raises(SystemExit):
            main(command)
        error = capsys.readouterr().err
        assert "is there already; --overwrite replaces it" in error
        assert len(error.splitlines()) == 1
    assert (out / "scores.csv").read_text() == before
    detect(run, folder, out, "--methods", "pca", "--overwrite")
    assert (out / "scores.csv").read_text() != before


def test_an_encoder_of_a_run_that_was_trained_on_is_stale(run, folder, tmp_path, capsys):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    config = ["--config", str(copy / "config.yaml"), "--train.steps", "2", "--resume", "auto"]
    main(["train", *config, "--run-dir", str(copy)])
    with pytest.raises(SystemExit):
        detect(copy, folder, tmp_path / "out")
    error = capsys.readouterr().err
    assert "inverts another generator" in error and f"train-encoder {copy} --overwrite" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sounds"], "invalid choice: 'sounds'"),
        ([], "the following arguments are required: KIND"),
        (["images", "{run}", "{tmp}/none", "--out", "{tmp}/o"], "no such file or folder"),
        (["images", "{tmp}/none", "{folder}", "--out", "{tmp}/o"], "no run or checkpoint"),
        (["images", "{run}", "{folder}", "--out", "{folder}/good/a.png"], "is a file"),
        (
            ["images", "{run}", "{folder}", "--out", "{tmp}/o", "--methods", "pca,serach"],
            "unknown method 'serach' (did you mean 'search'?)",
        ),
        (
            ["images", "{run}", "{folder}", "--out", "{tmp}/o", "--normal", "goof"],
            "unknown normal class 'goof' (did you mean 'good'?)",
        ),
        (
            ["images", "{run}", "{folder}/good", "--out", "{tmp}/o", "--normal", "good"],
            "normal classes good: not all pictures have a class",
        ),
        (
            ["images", "{run}", "{folder}", "--out", "{tmp}/o", "--normal", "good", "bad"],
            "normal classes good, bad: all 3 pictures are normal then",
        ),
        (
            ["images", "{run}", "{folder}", "--out", "{tmp}/o", "--steps", "0"],
            "argument --steps: '0' is no whole number from 1 on",
        ),
        (
            ["images", "{run}", "held-out", "--out", "{tmp}/o", "--labels-key", "k"],
            "--labels-key is for a .npz file",
        ),
    ],
)
def test_mistakes_end_in_one_line(run, folder, tmp_path, capsys, argv, message):
    with pytest.raises(SystemExit) as exit_:
        main(["detect", *(a.format(run=run, tmp=tmp_path, folder=folder) for a in argv)])
    error = capsys.readouterr().err
    assert exit_.value.code == 2 and message in error and len(error.splitlines()) == 1
    assert not (tmp_path / "o").exists()


def test_help_writes_names_with_commas_between(capsys):
    with pytest.raises(SystemExit):
        main(["detect", "images", "--help"])
    told = capsys.readouterr().out
    assert "--normal NAME,..." in told and "--methods METHOD,..." in told


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--conditional", "true"], "run' is a run with conditional true; anomalies"),
        (
            ["--data.name", "moving_digits", "--data.num_frames", "16"]
            + ["--generator.name", "deconv3d"],
            "run' is a run of clips, with data.num_frames 16; anomalies are scored in images",
        ),
    ],
)
def test_runs_of_another_kind_are_refused(folder, tmp_path, capsys, options, message):
    other = train(tmp_path / "run", *options)
    for command in (
        ["train-encoder", str(other)],
        ["detect", "images", str(other), str(folder), "--out", str(tmp_path / "o")],
    ):
        with pytest.raises(SystemExit) as exit_:
            main(command)
        assert exit_.value.code == 2 and message in capsys.readouterr().err


def test_data_that_hold_nothing_back_say_so(folder, tmp_path, capsys):
    options = ["--data.name", "images", "--data.path", str(folder)]
    plain = train(tmp_path / "run", *options)
    with pytest.raises(SystemExit):
        detect(plain, "held-out", tmp_path / "o")
    assert "holds nothing back" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--steps", "--batch-size", "--width", "--learning-rate"])
def test_an_encoder_refuses_settings_out_of_range(run, capsys, option):
    with pytest.raises(SystemExit) as exit_:
        main(["train-encoder", str(run), option, "0"])
    error = capsys.readouterr().err
    assert exit_.value.code == 2 and option in error and "0" in error.split(option)[1]
