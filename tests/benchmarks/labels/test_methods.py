"""Methods of the comparison: what each is told, and that it learns from it."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from tests.runs.test_semi_supervised import tiny
from tgan.benchmarks.labels.methods import METHODS, logistic
from tgan.benchmarks.labels.part import Classifiers, Run, job_of, parts_of
from tgan.config.reading import parse_config
from tgan.data.few_labels import labelled_part
from tgan.data.own.source import as_source
from tgan.data.subset import Subset


def config(steps=2, **data):
    experiment = tiny(steps=steps)
    experiment.data.label_draw = 0
    for name, value in data.items():
        setattr(experiment.data, name, value)
    return experiment


def half_black(count):
    """Pictures whose upper (class a) or lower half is bright, under noise."""
    rng = np.random.default_rng(count)
    pixels = rng.integers(0, 100, (count, 16, 16, 1), np.uint8)
    classes = np.arange(count) % 2
    for picture, label in zip(pixels, classes, strict=True):
        picture[8 * label : 8 * label + 8] += 100
    return as_source(pixels, labels=np.array(["a", "b"])[classes]), classes


# A GAN with shifts beside the plain one is slow.
NAMES = [
    pytest.param(name, marks=pytest.mark.slow) if name == "gan_shifts" else name for name in METHODS
]


@pytest.mark.parametrize("name", NAMES)
def test_every_method_guesses_classes_as_a_function_of_its_settings(name, tmp_path):
    pictures, _ = half_black(30)
    others, classes = half_black(40)
    told = config(steps=30, num_labels=4)
    guessed = METHODS[name](told, pictures, others, tmp_path / "a")
    assert guessed.shape == (40,) and (guessed == classes).mean() > 0.8
    again = METHODS[name](told, pictures, others, tmp_path / "b")
    np.testing.assert_array_equal(guessed, again)


@pytest.mark.parametrize("name", NAMES)
def test_no_method_learns_from_classes_that_it_is_not_told(name, tmp_path):
    """The other labels may be any: guesses stay."""
    pictures, _ = half_black(30)
    others, _ = half_black(40)
    told = config(steps=3, num_labels=4)
    first = METHODS[name](told, pictures, others, tmp_path / "a")

    class Renamed(Subset):
        """The same pictures, where those of which nobody is told are all of class a."""

        def label(self, index):
            return super().label(index) if index in known else 0

    chosen = labelled_part(pictures, 4, draw=0)
    known = set(chosen.indices)

    # The draw itself depends on the numbers of each class.
    def same_draw(source, count=None, *, draw=0):
        return Subset(source, chosen.indices)

    renamed = Renamed(pictures, range(30))
    with pytest.MonkeyPatch.context() as patch:
        for module in ("tgan.benchmarks.labels.methods", "tgan.runs.build"):
            patch.setattr(f"{module}.labelled_part", same_draw)
        second = METHODS[name](told, renamed, others, tmp_path / "b")
    np.testing.assert_array_equal(first, second)


def test_logistic_regression_is_scikit_learns_on_pixels(tmp_path):
    digits = load_digits()
    pictures, others = parts_of(config(resolution=8), chooses=False)
    told = config(resolution=8, num_labels=50, label_draw=2)
    guessed = logistic(told, pictures, others, tmp_path)
    part = labelled_part(pictures, 50, draw=2)
    # scikit-learn's own numbers, 0 to 16, of the first five sixths.
    rows = [pictures.indices[index] for index in part.indices]
    assert [part.label(k) for k in range(50)] == digits.target[rows].tolist()
    x = np.round(digits.data * 255 / 16) / 255
    model = LogisticRegression(max_iter=10_000).fit(x[rows], digits.target[rows])
    held_out = [1498 + index for index in others.indices]
    np.testing.assert_array_equal(guessed, model.predict(x[held_out]))


def test_choosing_sees_nothing_of_what_is_reported_on():
    experiment = config()
    pictures, others = parts_of(experiment, chooses=False)
    fewer, validation = parts_of(experiment, chooses=True)
    assert (len(pictures), len(others)) == (1498, 299)
    assert len(fewer) + len(validation) == 1498
    seen = {validation.clip(k).tobytes() for k in range(len(validation))}
    reported = {others.clip(k).tobytes() for k in range(len(others))}
    trained = {fewer.clip(k).tobytes() for k in range(len(fewer))}
    assert not seen & reported and not seen & trained


def test_a_job_says_all_and_finds_its_data_elsewhere(tmp_path):
    job = job_of(Run("gan", 20, 3), config(path="/somewhere/digits"), chooses=False)
    assert job.name == "classifiers/gan/labels_20/draw_3"
    assert job.places == {"path": "/somewhere/digits"} and "somewhere" not in str(job.settings)
    experiment = parse_config(job.settings["config"])
    assert (experiment.data.num_labels, experiment.data.label_draw) == (20, 3)
    assert experiment.train.seed == 3


def test_errors_are_counted(monkeypatch, tmp_path):
    def first_wrong(config, pictures, others, folder):
        return np.array([(others.label(k) + (k < 7)) % 10 for k in range(len(others))])

    monkeypatch.setattr(Classifiers, "methods", {"first_wrong": first_wrong})
    job = job_of(Run("first_wrong", 20, 0), config(), chooses=False)
    result = Classifiers().run(job, tmp_path)
    assert (result["wrong"], result["of"]) == (7, 299)
