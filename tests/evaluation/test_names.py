from tgan.evaluation.controls import CONTROLS
from tgan.evaluation.names import CONTROL_NAMES, LIMITS
from tgan.evaluation.streams import SEEDS_EACH


def test_names_are_those_of_their_tables():
    assert list(CONTROL_NAMES) == list(CONTROLS)


def test_no_two_seeds_of_an_evaluation_share_a_sample():
    assert 2 * LIMITS["samples"][1] <= SEEDS_EACH
