import numpy as np
import pytest
import torch

from tests.made.stand_ins import FrameRows, FrameSign, Normal, Rows, Sign
from tgan.evaluation.comparison import Comparison
from tgan.evaluation.measures import Measure, Named, build_measures
from tgan.metrics.frechet import GaussianStatistics, frechet_distance
from tgan.metrics.inception import inception_score
from tgan.metrics.kid import kernel_distance

NAMES = [
    "frechet_rows",
    "kid_rows",
    "diversity_rows",
    "frechet_frame_rows",
    "kid_frame_rows",
    "acd_frame_rows",
    "inception_score_sign",
    "class_histogram_sign",
]
REAL, FAKE = Normal(), Normal(0.1, 0.3)


def compare(samples=50, batch_size=8, fake=FAKE, names=NAMES):
    networks = {network.name: network for network in (Rows(), FrameRows(), Sign())}
    measures = build_measures(names, networks, samples=samples, frames=4)
    return Comparison(measures, real=REAL, fake=fake, batch_size=batch_size), networks


def run(comparison):
    for number in range(comparison.batches):
        comparison.step(number)
    return comparison.result()


def test_a_classifier_of_frames_is_asked_of_all_or_of_one_each():
    names = ["stable_class_frame_sign", "class_histogram_frame_sign"]
    measures = build_measures(names, {"frame_sign": FrameSign()}, samples=50, frames=4)
    found = run(Comparison(measures, real=REAL, fake=FAKE, batch_size=8))
    for side, clips in (("real", REAL(0, 50)), ("fake", FAKE(0, 50))):
        plus = clips[:, 0, :, 0, 0] > 0
        stable = (plus.all(1) | (~plus).all(1)).double().mean().item()
        told = found["stable_class_frame_sign"]
        assert (told["real"] if side == "real" else told)["value"] == pytest.approx(stable)
        seen = plus[torch.arange(50), torch.arange(50) % 4].sum().item()
        counts = found["class_histogram_frame_sign"]["counts"][side]
        assert counts == {"minus": 50 - seen, "plus": seen}


def frechet(a, b):
    sides = [GaussianStatistics(a.shape[1]) for _ in "ab"]
    for side, features in zip(sides, (a, b), strict=True):
        side.add(features)
    return frechet_distance(*sides)


def test_streamed_numbers_equal_those_of_all_clips_at_once():
    found = run(compare()[0])
    real, fake = REAL(0, 50), FAKE(0, 50)
    rows = [Rows()(side).double().numpy() for side in (real, fake)]
    assert found["frechet_rows"]["value"] == pytest.approx(frechet(*rows), rel=1e-9)
    each = [kernel_distance(rows[0][b : b + 5], rows[1][b : b + 5]) for b in range(0, 50, 5)]
    assert found["kid_rows"]["value"] == pytest.approx(np.mean(each), rel=1e-9)
    frames = [FrameRows()(side).double().numpy() for side in (real, fake)]
    assert found["frechet_frame_rows"]["value"] == pytest.approx(
        frechet(*(side.reshape(-1, 3) for side in frames)), rel=1e-9
    )
    chosen = [side[np.arange(50), np.arange(50) % 4] for side in frames]
    each = [kernel_distance(chosen[0][b : b + 5], chosen[1][b : b + 5]) for b in range(0, 50, 5)]
    assert found["kid_frame_rows"]["value"] == pytest.approx(np.mean(each), rel=1e-9)
    certain = Sign().probabilities(fake).double().numpy()
    each = [inception_score(certain[b : b + 12]) for b in (0, 12, 24, 36)]
    assert found["inception_score_sign"]["value"] == pytest.approx(np.mean(each), rel=1e-9)
    plus = int((fake[:, 0, 0, 0, 0] > 0).sum())
    assert found["class_histogram_sign"]["counts"]["fake"] == {"minus": 50 - plus, "plus": plus}


@pytest.mark.parametrize("batch_size", [1, 7, 50, 64])
def test_batch_size_changes_rounding_only(batch_size):
    found, expected = run(compare(batch_size=batch_size)[0]), run(compare()[0])
    for name in NAMES:
        assert found[name]["value"] == pytest.approx(expected[name]["value"], rel=1e-5), name


class FramesApart(FrameRows):
    """Says that frames do not depend on each other; counts those that it is given."""

    frames_apart, given = True, 0

    def __call__(self, video):
        self.given += len(video) * video.shape[2]
        return super().__call__(video)


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (["kid_frame_rows"], 2 * 50),
        (["frechet_frame_rows"], 2 * 50 * 4),
        (["acd_frame_rows", "kid_frame_rows"], 2 * 50 * (4 + 1)),
    ],
)
def test_a_network_is_given_the_frames_that_are_read(names, given):
    found = []
    for network in (FrameRows(), FramesApart()):
        measures = build_measures(names, {network.name: network}, samples=50, frames=4)
        found.append(run(Comparison(measures, real=REAL, fake=FAKE, batch_size=8)))
    assert network.given == given
    for name in names:
        assert found[0][name]["value"] == found[1][name]["value"]


def test_every_network_runs_once_per_side_and_batch():
    comparison, networks = compare(samples=16, names=NAMES[:6])
    run(comparison)
    assert {name: network.calls for name, network in networks.items()} == {
        "rows": 4,
        "frame_rows": 4,
        "sign": 0,
    }


def test_two_networks_of_one_name_are_told_apart():
    networks = {"one": Rows(2), "other": Rows(3)}
    names = ["frechet_one", "frechet_other"]
    measures = build_measures(names, networks, samples=50, frames=4)
    found = run(Comparison(measures, real=REAL, fake=FAKE, batch_size=8))
    rows = [
        [network(side).double().numpy() for side in (REAL(0, 50), FAKE(0, 50))]
        for network in networks.values()
    ]
    for name, sides in zip(names, rows, strict=True):
        assert found[name]["value"] == pytest.approx(frechet(*sides), rel=1e-9)


def test_every_measure_sees_its_own_number_of_samples():
    asked = {"real": [], "fake": []}

    def watched(name, clips):
        def call(first, count):
            asked[name].append((first, count))
            return clips(first, count)

        return call

    few = Measure("frechet_rows", Named("frechet", "rows"), Rows(), samples=10, frames=4)
    many = Named("inception_score", "sign", samples=28, needs_real=False)
    scores = Measure("is", many, Sign(), samples=10, frames=4)
    sides = {name: watched(name, clips) for name, clips in (("real", REAL), ("fake", FAKE))}
    comparison = Comparison([few, scores], batch_size=8, **sides)
    run(comparison)
    assert asked == {"real": [(0, 8), (8, 2)], "fake": [(0, 8), (8, 8), (16, 8), (24, 4)]}
    assert few.metric.real.count == few.metric.fake.count == 10


def test_memory_does_not_grow_with_the_number_of_samples():
    sizes = []
    for samples in (2000, 8000):
        comparison, _ = compare(samples, 400, names=["frechet_rows", "diversity_rows"])
        run(comparison)
        sizes.append({name: array.nbytes for name, array in comparison.state().items()})
    assert sizes[0] == sizes[1]


def test_a_resumed_comparison_is_the_same_bit_for_bit():
    expected, (first, _), (second, _) = run(compare()[0]), compare(), compare()
    for number in range(3):
        first.step(number)
    second.load_state(first.state())
    for number in range(3, second.batches):
        second.step(number)
    assert second.result() == expected


def test_samples_that_are_not_finite_are_an_error():
    def broken(first, count):
        return torch.full((count, 1, 4, 8, 8), float("nan"))

    with pytest.raises(ArithmeticError, match="clips 0 to 7 are not all finite"):
        run(compare(fake=broken)[0])
