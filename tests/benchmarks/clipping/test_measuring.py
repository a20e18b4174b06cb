from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.measuring import measure_controls
from tgan.benchmarks.clipping.video.jobs import DISTANCE, DIVERSITY

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"


def test_controls_are_told_apart(tmp_path):
    found = measure_controls(
        EXPERIMENT, {DISTANCE: 200, DIVERSITY: 16}, ["real", "frozen", "noise"]
    )
    distances = [found[name][DISTANCE]["value"] for name in ("real", "frozen", "mean", "noise")]
    assert distances == sorted(distances) and distances[3] > 10 * distances[0]
    assert found["mean"][DIVERSITY]["value"] == 0
