import numpy as np
import pytest
import torch

from tests.made.stand_ins import FrameRows, Sign
from tgan.evaluation.kinds import KINDS, every_frame, mean_frame, of_one_frame, one_frame_each


def test_features_of_frames_are_arranged_as_each_kind_needs():
    features = np.arange(2 * 3 * 2).reshape(2, 3, 2)
    assert every_frame(features, 0).tolist() == features.reshape(6, 2).tolist()
    assert mean_frame(features, 0).tolist() == [[2, 3], [8, 9]]
    # Clips 4 and 5 give frames 4 % 3 and 5 % 3.
    assert one_frame_each(features, 4).tolist() == [[2, 3], [10, 11]]
    video = torch.arange(2 * 3).view(2, 1, 3, 1, 1)
    assert of_one_frame(video, 4).tolist() == [[[[[1]]]], [[[[5]]]]]


@pytest.mark.parametrize("name", KINDS)
def test_a_state_of_every_kind_can_be_gone_on_from(name):
    kind, network = KINDS[name], FrameRows() if KINDS[name].needs_frames else Sign()
    rng = np.random.default_rng(0)
    shape = (20, 4, 3) if kind.needs_frames else (20, 2) if kind.reads_classes else (20, 3)
    batches = [rng.random((2, *shape)) for _ in "ab"]
    # The first samples are all alike.
    batches[0][1] *= 0.1
    whole, first, rest = (kind.make(network, 40) for _ in range(3))
    for batch in batches:
        whole.add(*batch)
    first.add(*batches[0])
    rest.load_state(first.state())
    rest.add(*batches[1])
    assert rest.result() == whole.result() != first.result()
