import pytest
import torch

from tgan.benchmarks.clipping.cost.clip_cost import LAPACK, SHAPES, SPECTRA, time_clips
from tgan.linalg.clipping import CLIP_METHODS
from tgan.models import VideoCritic


@pytest.fixture(autouse=True)
def same_threads():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_shapes_are_those_of_the_paper_s_critic():
    kernels = [p for p in VideoCritic().parameters() if p.ndim >= 2]
    assert [tuple(p.flatten(1).shape) for p in kernels] == SHAPES


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_every_method_is_timed_and_held_against_the_exact_result(spectrum):
    found = time_clips(spectrum, shapes=[(40, 100), (1, 30)], rounds=2)
    assert set(found) == {LAPACK, *CLIP_METHODS}
    for name, measured in found.items():
        assert len(measured["seconds"]) == 2 and min(measured["seconds"]) > 0
        if name != LAPACK:
            assert 0 < measured["error"] < 2e-6 and abs(measured["excess"]) < 2e-6


def test_an_inexact_method_shows(monkeypatch):
    monkeypatch.setitem(CLIP_METHODS, "svd", lambda wide, maximum, basis: wide * 0.999)
    found = time_clips("mild", shapes=[(40, 100)], rounds=1)
    assert found["svd"]["error"] > 9e-4 and found["svd"]["excess"] > 1e-2
    assert found["gram"]["error"] < 2e-6
