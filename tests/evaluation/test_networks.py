import numpy as np
import pytest
import torch

from tests.made.stand_ins import FrameRows, FrameSign, Normal, Rows, Sign
from tgan.evaluation.networks import PLAIN, check_network, load_networks, network_names
from tgan.metrics.pooled import pooled_features

VIDEO = Normal()(0, 2)


@pytest.mark.parametrize("name", PLAIN)
def test_own_networks_keep_their_promises(name):
    frames = 1 if name == "pooled32" else 4
    side = 16 if name == "motion" else 8
    network = PLAIN[name]((frames, side, side, 1))
    check_network(network, VIDEO[:, :, :frames].repeat(1, 1, 1, side // 8, side // 8))
    assert network.name == name and network.protocol["name"] == name


@pytest.mark.parametrize(
    "network", [Rows(), FrameRows(), Sign(), FrameSign()], ids=lambda n: n.name
)
def test_sound_networks_pass(network):
    check_network(network, VIDEO)


def test_pooled_features_are_those_of_the_bytes():
    clip = np.random.default_rng(0).integers(0, 256, (2, 4, 8, 8, 1), np.uint8)
    video = (torch.from_numpy(clip).movedim(-1, 1).float() - 128) / 128
    features = PLAIN["pooled192"]((4, 8, 8, 1))(video)
    np.testing.assert_array_equal(features.numpy(), pooled_features(clip))


def test_clips_and_images_have_pooled_features_of_their_own():
    for name, frames, other in (("pooled192", 1, "pooled32"), ("pooled32", 4, "pooled192")):
        message = f"{name} cannot take clips of {frames} frames: their network is {other}"
        with pytest.raises(ValueError, match=message):
            PLAIN[name]((frames, 8, 8, 1))


def test_distance_of_pixels_is_a_root_mean_square():
    a, b = PLAIN["pixels"]((4, 8, 8, 1))(torch.stack([VIDEO[0] * 0, VIDEO[0] * 0 + 0.5]))
    assert (a - b).norm().item() == pytest.approx(0.5)


class Fails(Rows):
    name = "fails"

    def __call__(self, video):
        raise RuntimeError("shapes do not match\nCPU stack")


class Flat(Rows):
    name = "flat"

    def __call__(self, video):
        return video.flatten(1)


class Whole(Rows):
    name = "whole"

    def __call__(self, video):
        return super().__call__(video).long()


class Unsure(Sign):
    name = "unsure"

    def probabilities(self, video):
        return super().probabilities(video) / 2


class OfClips(FrameSign):
    name = "of_clips"

    def probabilities(self, video):
        return super().probabilities(video).mean(1)


class Nameless:
    size, per_frame = 3, False


class Untold(Rows):
    protocol = {"name": np.float32}


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Nameless(), "Nameless has no 'name'"),
        (Fails(), "'fails' on clips (2, 1, 4, 8, 8) fails: CPU stack"),
        (Flat(), "gives shape (2, 256), not (2, 3)"),
        (Whole(), "not a tensor of floats"),
        (Unsure(), "do not sum to 1"),
        (OfClips(), "gives shape (2, 2), not (2, 4, 2)"),
        (Untold(), "its protocol: Object of type type is not JSON"),
    ],
    ids=["nameless", "fails", "flat", "whole", "unsure", "of_clips", "untold"],
)
def test_a_network_of_the_wrong_signature_is_named_in_one_line(network, message):
    with pytest.raises(ValueError) as error:
        check_network(network, VIDEO)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_networks_are_loaded_once_and_paths_must_have_a_taker():
    loaded = load_networks(["pixels", "pooled192", "pixels"], (4, 8, 8, 1))
    assert list(loaded) == ["pixels", "pooled192"] and loaded["pixels"].size == 256
    with pytest.raises(ValueError, match="network 'i3d', which no metric asks for"):
        load_networks(["pixels"], (4, 8, 8, 1), paths={"i3d": "x.pt"})
    with pytest.raises(ValueError, match="network 'pixels'"):
        load_networks(["pixels"], (4, 8, 8, 1), paths={"pixels": "x.pt"})


def test_networks_of_ones_own_are_taken_as_they_are():
    mine = Rows()
    loaded = load_networks(["mine", "pixels"], (4, 8, 8, 1), paths={"mine": mine})
    assert loaded["mine"] is mine and list(loaded) == ["mine", "pixels"]
    for name in ("pixels", "other"):
        with pytest.raises(ValueError, match=f"object for network '{name}', which no metric"):
            load_networks(["mine", "pixels"], (4, 8, 8, 1), paths={"mine": mine, name: mine})


def test_the_colour_of_objects_is_for_its_own_metric_only():
    assert "color" not in network_names() and "pooled192" in network_names()
