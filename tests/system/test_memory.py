import multiprocessing

import numpy as np
import pytest

from tgan.system.memory import peak_resident


def _peaks(end):
    before = peak_resident()
    # Given back at once: what counts is what was held.
    np.ones(2**27, np.uint8)
    end.send((before, peak_resident()))


@pytest.mark.skipif(not peak_resident() > 0, reason="nothing tells of memory here")
def test_the_peak_is_what_this_process_has_held_and_not_its_parent():
    held = np.ones(2**29, np.uint8)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_peaks, args=(there,))
    process.start()
    before, after = here.recv()
    process.join()
    assert before < held.nbytes < peak_resident()
    assert 2**27 * 0.5 < after - before < 2**27 * 1.5
