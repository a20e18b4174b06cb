import pytest

from tgan.benchmarks.step.layers import LayerTime, table, time_layers
from tgan.benchmarks.step.sizes import Sizes
from tgan.benchmarks.step.work import count_flops, measure_peak

TINY = Sizes(batch=2, generator_width=16, critic_width=2, threads=1)


def test_all_large_layers_are_timed():
    layers = time_layers(TINY, "bf16")
    shapes = {layer.name: layer.shape for layer in layers}
    assert shapes["deconvs.0"] == (32, 16, 4, 4) and shapes["last"] == (32, 1, 64, 64)
    assert shapes["critic.convs.3"] == (2, 8, 2, 8, 8)
    assert all(0 < time < 1e4 for layer in layers for time in (*layer.plain, *layer.ours))
    lines = table(layers).splitlines()
    assert len(lines) == len(layers) + 2 and "critic.convs.3" in lines[-2]


def test_the_table_adds_up():
    layers = [LayerTime("a", (1,), (1.0, 2.0), (0.5, 1.0)), LayerTime("b", (1,), (3, 4), (1, 1))]
    assert table(layers).splitlines()[-1].split() == ["sum", "10.0", "3.5"]


def test_work_grows_as_the_batch_and_the_rate_is_of_this_machine():
    few, many = count_flops(TINY), count_flops(Sizes(**vars(TINY) | {"batch": 4}))
    assert few > 0 and many == pytest.approx(2 * few)
    assert 1e8 < measure_peak("no", 1) < 1e14
