from tgan.benchmarks.clipping.looks import looks
from tgan.benchmarks.clipping.strategies import CORE, STRATEGIES


def test_every_strategy_has_a_look_of_its_own_by_name_and_by_title():
    found = looks()
    assert len({found[name] for name in STRATEGIES}) == len(STRATEGIES)
    assert all(found[name] == found[each.title] for name, each in STRATEGIES.items())
    assert len({found[name].colour for name in CORE}) == 6


def test_batch_norms_show_in_the_same_colour():
    found = looks()
    assert found["svc_bn"].colour == found["svc"].colour
    assert found["svc_bn"].is_hollow and not found["svc"].is_hollow
