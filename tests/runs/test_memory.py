from functools import partial
from types import SimpleNamespace

import pytest

from tests.conftest import make_tiny_config
from tests.made.forked import in_a_copy
from tgan.runs import memory
from tgan.runs.build import build_run
from tgan.runs.memory import check_step_memory
from tgan.runs.train import prepare_run, warnings_of
from tgan.system import precision
from tgan.training import footprint

peak_of_step = partial(in_a_copy, footprint.peak_of_step)


@pytest.fixture(autouse=True)
def counted_in_a_copy(monkeypatch):
    monkeypatch.setattr(memory, "peak_of_step", peak_of_step)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return build_run(make_tiny_config(), tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def needed(run):
    return peak_of_step(run.task, *memory._batches(run))


def there(monkeypatch, most, free):
    monkeypatch.setattr(memory, "memory_of", lambda device: (most, free))
    monkeypatch.setattr(memory, "SMALL", 0)


def test_a_step_that_cannot_fit_is_refused_in_one_line_before_anything_is_written(
    tmp_path, monkeypatch, needed
):
    there(monkeypatch, needed - 1, needed - 1)
    with pytest.raises(ValueError) as raised:
        prepare_run(make_tiny_config(), tmp_path / "run")
    line = str(raised.value)
    assert line.startswith("a training step takes 0.0 GB of memory at once and there are 0.0 GB;")
    assert "lower train.batch_size (4) or data.resolution (32)" in line and "\n" not in line
    assert line.endswith("set train.checkpoint_activations true")
    assert not (tmp_path / "run").exists()


def test_a_step_that_may_not_fit_is_warned_of_and_taken(tmp_path, monkeypatch, needed):
    there(monkeypatch, 10 * needed, memory.MARGIN * needed - 1)
    run, _ = prepare_run(make_tiny_config(), tmp_path / "run")
    (line,) = (line for line in warnings_of(run, None) if "memory" in line)
    assert line.startswith("warning: a training step takes 0.0 GB of memory at once, and up to")
    there(monkeypatch, 10 * needed, memory.MARGIN * needed + 1)
    assert check_step_memory(run) is None


@pytest.mark.parametrize("has_bf16", [False, True])
def test_auto_is_counted_as_what_it_stands_for(tmp_path, monkeypatch, has_bf16):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: has_bf16)
    config = make_tiny_config()
    config.train.mixed_precision = "auto"
    run, seen = build_run(config, tmp_path / "run"), []
    there(monkeypatch, 10**12, 10**12)
    monkeypatch.setattr(memory, "peak_of_step", lambda *_, half: seen.append(half) or 0)
    assert check_step_memory(run) is None
    assert seen == [has_bf16]


def test_what_is_known_to_be_small_or_cannot_be_counted_is_let_pass(tmp_path, monkeypatch, needed):
    run = build_run(make_tiny_config(), tmp_path / "run")
    there(monkeypatch, needed - 1, 1)
    monkeypatch.setattr(memory, "SMALL", 1)
    assert check_step_memory(run) is None
    monkeypatch.setattr(memory, "SMALL", 0)
    with pytest.raises(ValueError):
        check_step_memory(run)
    monkeypatch.setattr(memory, "memory_of", lambda device: (None, None))
    assert check_step_memory(run) is None
    there(monkeypatch, needed - 1, 1)

    def by_value(*_, **__):
        raise RuntimeError("this network looks at numbers")

    monkeypatch.setattr(memory, "peak_of_step", by_value)
    assert check_step_memory(run) is None


def test_batches_have_the_sizes_of_a_step(run):
    real, z = memory._batches(run)
    assert real.samples.shape == (4, 1, 16, 32, 32) and z.shape == (4, 8)
    assert real.condition == () and real.samples.device.type == z.device.type == "meta"
    conditional = SimpleNamespace(config=make_tiny_config(), classes=["a", "b"], task=run.task)
    conditional.config.conditional = True
    real, _ = memory._batches(conditional)
    assert [label.shape for label in real.condition] == [(4,)]
