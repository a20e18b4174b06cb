import numpy as np
import pytest

from tests.made.stand_ins import FrameRows, Rows, Sign
from tgan.evaluation.kinds import KINDS, Kind, mean_frame
from tgan.evaluation.measures import (
    Measure,
    Named,
    build_measures,
    default_metrics,
    parse_metric,
    parse_metrics,
)
from tgan.evaluation.networks import PLAIN

NETWORKS = ["c3d", "i3d", "pooled192", "efficientnet_lite0", "vjepa", "videomae"]


def test_names_say_kind_and_network():
    assert parse_metric("frechet_efficientnet_lite0", NETWORKS) == Named(
        "frechet", "efficientnet_lite0"
    )
    assert parse_metric("inception_score_c3d", NETWORKS).kind == "inception_score"
    assert parse_metric("acd_color", NETWORKS).network == "color"


def test_published_names_keep_to_the_published_protocol():
    fvd = parse_metric("fvd", NETWORKS)
    assert (fvd.kind, fvd.network, fvd.samples, fvd.frames) == ("frechet", "i3d", 2048, 16)
    jedi, cd_fvd = (parse_metric(name, NETWORKS) for name in ("jedi", "cd_fvd"))
    assert (jedi.kind, jedi.network, jedi.samples, jedi.frames) == ("mmd2", "vjepa", 5000, 16)
    assert (cd_fvd.kind, cd_fvd.network) == ("frechet", "videomae")
    assert (cd_fvd.samples, cd_fvd.frames) == (2048, 16)
    score = parse_metric("inception_score_ucf101", NETWORKS)
    assert (score.network, score.samples, score.needs_real) == ("c3d", 4 * 9984, False)


@pytest.mark.parametrize("name", ["", "fid", "frechet", "frechet_", "frechet_i3", "pooled192"])
def test_other_names_are_refused_with_the_choices(name):
    with pytest.raises(
        ValueError, match="unknown metric .* choose from gam, nearest, fvd"
    ) as error:
        parse_metric(name, NETWORKS)
    assert "efficientnet_lite0" in str(error.value) and "class_histogram" in str(error.value)


def measure(name, network, samples=100, frames=4) -> Measure:
    (made,) = build_measures([name], {network.name: network}, samples=samples, frames=frames)
    return made


@pytest.mark.parametrize(
    ("name", "network", "message"),
    [
        ("acd_rows", Rows(), "one vector per clip"),
        ("inception_score_rows", Rows(), "tells no classes apart"),
        ("class_histogram_rows", Rows(), "tells no classes apart"),
        ("stable_class_sign", Sign(), "one vector per clip"),
        ("stable_class_frame_rows", FrameRows(), "tells no classes apart"),
        ("frechet_rows", Rows(9000), "has 9000 dimensions and this takes 8192: ask for kid"),
        ("mmd2_rows", Rows(9000), "has 9000 dimensions"),
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


class Shift:
    """How much brighter samples are than real clips, over the features of any network."""

    def __init__(self):
        self.sums, self.count = np.zeros(2), 0

    def add(self, real, fake):
        self.sums += [real.mean(1).sum(), fake.mean(1).sum()]
        self.count += len(fake)

    def result(self):
        return {"value": float(self.sums[1] - self.sums[0]) / self.count}

    def state(self):
        return {"sums": self.sums, "count": np.array(self.count)}

    def load_state(self, state):
        self.sums, self.count = state["sums"].copy(), int(state["count"])


def test_a_metric_of_ones_own_reads_the_network_in_its_name():
    found = parse_metrics([("shift_of_my_c3d", Shift()), "kid_c3d"], [*NETWORKS, "my_c3d"])
    assert found["kid_c3d"] == Named("kid", "c3d")
    assert (found["shift_of_my_c3d"].kind, found["shift_of_my_c3d"].network) == (
        "shift_of",
        "my_c3d",
    )


def test_metrics_of_ones_own_are_used_afresh_each_time():
    own, network = Shift(), {"rows": Rows()}
    values = np.random.default_rng(0).normal(size=(10, 3))
    for _ in range(2):
        (made,) = build_measures([("shift_rows", own)], network, samples=10, frames=4)
        made.add(values, values + 2, 0)
        name, found = made.result()
        assert name == "shift_rows" and found["value"] == pytest.approx(2)
        assert found["protocol"]["kind"] == "shift" and found["protocol"]["samples"] == 10
    assert own.count == 0


def test_a_kind_of_ones_own_is_told_the_network_and_the_number_of_samples():
    seen = []
    kind = Kind(lambda network, n: seen.append((network.name, n)) or Shift(), mean_frame)
    network = {"frame_rows": FrameRows()}
    (made,) = build_measures([("shift_frame_rows", kind)], network, samples=7, frames=4)
    made.add(np.zeros((7, 4, 3)), np.ones((7, 4, 3)), 0)
    assert seen == [("frame_rows", 7)] and made.result()[1]["value"] == 1


class Nothing(Shift):
    def result(self):
        return 3.0


class NoState:
    add = result = None


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (("frechet_i3d", Shift()), "'frechet_i3d' is one of the package's"),
        (("gam", Shift()), "'gam' is one of the package's"),
        (("shift", Shift()), "'shift' has to end in the network that it reads"),
        (("shift_i3d", NoState()), "has no state, load_state"),
        (("shift_i3d", Shift), "is a class; hand over an object"),
        (3, "3 is no metric"),
        (("shift_i3d",), "is no metric"),
    ],
)
def test_what_is_no_metric_is_refused(metric, message):
    with pytest.raises(ValueError, match=message):
        parse_metrics([metric], NETWORKS)


def test_a_result_without_a_value_is_refused():
    made = build_measures([("x_rows", Nothing())], {"rows": Rows()}, samples=7, frames=4)[0]
    with pytest.raises(ValueError, match="metric 'x_rows': its result has no 'value': 3.0"):
        made.result()


def test_defaults_need_no_weights_and_fit_the_clips():
    assert default_metrics(16)[0] == "frechet_pooled192" and default_metrics(16)[-1] == "acd_color"
    assert "kid_pooled32" in default_metrics(1) and "acd_color" not in default_metrics(1)
    networks = {named.network for named in parse_metrics(default_metrics(1), PLAIN).values()}
    assert networks == {"pooled32", "pixels"}
