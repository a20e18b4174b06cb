"""Results of image scoring: by hand, and against scikit-learn."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import average_precision_score, roc_auc_score

from tgan.anomaly.images.pictures import Pictures
from tgan.anomaly.images.results import ImageScores, aligned, table
from tgan.anomaly.images.scores import MethodScores, residual_maps
from tgan.data.pictures.images import ImageClips

RNG = np.random.default_rng(0)
SCORES = {"critic": [0.5, -1.25, 3.0, 2.0, 1 / 3], "pca": [1.0, 2.0, 3.0, 4.0, 5.0]}
ABOUT = {"search": {"steps": 1}, "run": "runs/a", "generator": "0123"}


def scores_of(**about):
    source = ImageClips(RNG.integers(0, 256, (5, 8, 8, 1), np.uint8), **about)
    pictures = Pictures(source, "somewhere")
    methods = {"critic": MethodScores(torch.tensor(SCORES["critic"]))}
    half = pictures.tensor / 2
    maps = residual_maps(pictures.tensor, half)
    methods["pca"] = MethodScores(torch.tensor(SCORES["pca"]), half, maps)
    return ImageScores(pictures, methods, ABOUT)


@pytest.fixture
def found():
    labels = ["dog", "cat", "owl"]
    return scores_of(classes=np.array([0, 1, 0, 2, 1]), labels=labels, names=[*"abcde"])


def test_a_line_per_picture_by_hand(found, tmp_path):
    assert found.write(tmp_path / "new" / "out") == tmp_path / "new" / "out"
    assert (tmp_path / "new" / "out" / "scores.csv").read_text() == (
        "picture,class,critic,pca\n"
        "a,dog,0.5,1\nb,cat,-1.25,2\nc,dog,3,3\nd,owl,2,4\ne,cat,0.3333333,5\n"
    )
    assert sorted(file.name for file in (tmp_path / "new" / "out").iterdir()) == [
        "scores.csv",
        "sheet.png",
    ]
    assert Image.open(tmp_path / "new" / "out" / "sheet.png").mode == "RGB"


def test_pictures_without_names_are_numbered_and_without_classes_have_no_column(tmp_path):
    found = scores_of()
    found.write(tmp_path)
    rows = list(csv.reader((tmp_path / "scores.csv").open()))
    assert rows[0] == ["picture", "critic", "pca"]
    assert [row[0] for row in rows[1:]] == [*"01234"]
    assert found.classes == [None] * 5
    with pytest.raises(ValueError, match="normal classes dog: not all pictures have a class"):
        found.metrics(["dog"])


def test_metrics_are_those_of_scikit_learn(found, tmp_path):
    is_abnormal = [False, True, False, True, True]
    metrics = found.metrics(["dog"])
    for name, scores in SCORES.items():
        expected = roc_auc_score(is_abnormal, scores)
        assert metrics[name]["auc"].value == pytest.approx(expected)
        expected = average_precision_score(is_abnormal, scores)
        assert metrics[name]["average_precision"].value == pytest.approx(expected)
    found.write(tmp_path, normal=["dog"])
    report = json.loads((tmp_path / "metrics.json").read_text())
    keys = ["methods", "normal", "pictures", "interval", "search", "run", "generator", "data"]
    assert list(report) == keys
    assert report["pictures"] == {"normal": 2, "abnormal": 3} and report["normal"] == ["dog"]
    assert report["data"] == "somewhere" and report["run"] == "runs/a"
    assert report["methods"]["pca"]["auc"]["value"] == metrics["pca"]["auc"].value


def test_classes_that_there_are_not_are_named(found):
    with pytest.raises(ValueError, match=r"unknown normal class 'dgo' \(did you mean 'dog'\?\)"):
        found.metrics(["dgo"])
    with pytest.raises(ValueError, match="normal classes dog, cat, owl: all 5 pictures are normal"):
        found.metrics(["dog", "cat", "owl"])


def test_nothing_is_overwritten_unless_that_is_asked(found, tmp_path):
    (tmp_path / "sheet.png").write_text("mine")
    with pytest.raises(ValueError, match="sheet.png' is there already"):
        found.write(tmp_path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["mine"]
    found.write(tmp_path, overwrite=True)
    assert (tmp_path / "scores.csv").is_file()
    before = (tmp_path / "scores.csv").read_bytes()
    with pytest.raises(ValueError, match="unknown normal class"):
        found.write(tmp_path, normal=["dgo"], overwrite=True)
    assert (tmp_path / "scores.csv").read_bytes() == before


def test_the_repr_is_a_table(found):
    assert repr(found).splitlines() == [
        "5 pictures of somewhere",
        "method  lowest  median  highest  most abnormal",
        "critic  -1.25   0.5     3        c",
        "pca     1       3       5        e",
    ]


def test_tables_are_aligned(found):
    lines = table(found.metrics(["dog"])).splitlines()
    assert lines[0].split() == ["method", "auc", "average_precision"]
    assert lines[1].startswith("critic  0.") and "[" in lines[1]
    assert len({line.index("[") for line in lines[1:]}) == 1
    assert aligned([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc  d"
