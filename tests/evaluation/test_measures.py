import numpy as np
import pytest

from tests.made.stand_ins import FrameRows, Rows, Sign
from tgan.evaluation.measures import (
    KINDS,
    Measure,
    Named,
    build_measures,
    every_frame,
    mean_frame,
    one_frame_each,
    parse_metric,
)

NETWORKS = ["c3d", "i3d", "pooled192", "efficientnet_lite0"]


def test_names_say_kind_and_network():
    assert parse_metric("frechet_efficientnet_lite0", NETWORKS) == Named(
        "frechet", "efficientnet_lite0"
    )
    assert parse_metric("inception_score_c3d", NETWORKS).kind == "inception_score"
    assert parse_metric("acd_color", NETWORKS).network == "color"


def test_published_names_keep_to_the_published_protocol():
    fvd = parse_metric("fvd", NETWORKS)
    assert (fvd.kind, fvd.network, fvd.samples, fvd.frames) == ("frechet", "i3d", 2048, 16)
    score = parse_metric("inception_score_ucf101", NETWORKS)
    assert (score.network, score.samples, score.needs_real) == ("c3d", 4 * 9984, False)


@pytest.mark.parametrize("name", ["", "fid", "frechet", "frechet_", "frechet_i3", "pooled192"])
def test_other_names_are_refused_with_the_choices(name):
    with pytest.raises(
        ValueError, match="unknown metric .* choose from gam, nearest, fvd"
    ) as error:
        parse_metric(name, NETWORKS)
    assert "efficientnet_lite0" in str(error.value) and "class_histogram" in str(error.value)


def test_features_of_frames_are_arranged_as_each_kind_needs():
    features = np.arange(2 * 3 * 2).reshape(2, 3, 2)
    assert every_frame(features, 0).tolist() == features.reshape(6, 2).tolist()
    assert mean_frame(features, 0).tolist() == [[2, 3], [8, 9]]
    # Clips 4 and 5 give frames 4 % 3 and 5 % 3.
    assert one_frame_each(features, 4).tolist() == [[2, 3], [10, 11]]


def measure(name, network, samples=100, frames=4) -> Measure:
    (made,) = build_measures([name], {network.name: network}, samples=samples, frames=frames)
    return made


@pytest.mark.parametrize(
    ("name", "network", "message"),
    [
        ("acd_rows", Rows(), "one vector per clip"),
        ("inception_score_rows", Rows(), "tells no classes apart"),
        ("class_histogram_rows", Rows(), "tells no classes apart"),
        ("frechet_rows", Rows(9000), "has 9000 dimensions"),
    ],
)
def test_networks_that_do_not_fit_a_kind_are_refused(name, network, message):
    with pytest.raises(ValueError, match=message):
        measure(name, network)


def published(name, network_name, frames):
    network = Sign()
    network.name = network_name
    return Measure(name, parse_metric(name, NETWORKS), network, samples=50, frames=frames)


def test_published_metrics_need_their_frames_and_take_their_samples():
    assert published("fvd", "i3d", 16).samples == 2048
    score = published("inception_score_ucf101", "c3d", 16)
    assert score.samples == 39936 and score.metric.fake.group == 9984
    with pytest.raises(ValueError, match="takes 16 frames and these clips have 32: .* frechet_i3d"):
        published("fvd", "i3d", 32)


def test_protocol_goes_with_the_number():
    made = measure("frechet_rows", Rows(), samples=50)
    values = np.random.default_rng(0).normal(size=(50, 3))
    made.add(values, values + 1, 0)
    name, found = made.result()
    assert name == "frechet_rows" and found["value"] == pytest.approx(3)
    assert found["protocol"] == {
        "kind": "frechet",
        "network": Rows.protocol,
        "dimensions": 3,
        "samples": 50,
    }


def test_a_projected_distance_has_another_name():
    made = published("fvd", "i3d", 16)
    made.metric = KINDS["frechet"].make(Rows(50), 40)
    values = np.random.default_rng(0).normal(size=(40, 50))
    made.metric.add(values, values)
    name, found = made.result()
    assert name == "frechet_i3d_projected4" and "40 feature vectors" in found["warning"]


def test_every_kind_makes_a_metric_with_a_state():
    for name in KINDS:
        network = FrameRows() if name == "acd" else Sign()
        made = measure(f"{name}_{network.name}", network)
        assert made.metric.state()
