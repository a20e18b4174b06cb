import pytest
import torch
from torch import Tensor, nn

from tgan.data.pixels import normalise
from tgan.features import load_features


class StandIn(nn.Module):
    """Checks what it is given as the real file's users give it, and returns 400 numbers."""

    def forward(self, x: Tensor, rescale: bool, resize: bool, return_features: bool) -> Tensor:
        assert rescale and resize and return_features
        assert x.dtype == torch.uint8 and x.ndim == 5 and x.shape[1] == 3
        if x.shape[2] < 9:
            raise RuntimeError("input image (T: 1 H: 7 W: 7) smaller than kernel size")
        mean = x.float().mean((3, 4)).flatten(1)
        return torch.cat([mean, torch.zeros(x.shape[0], 400 - mean.shape[1])], 1)


class OtherSize(nn.Module):
    def forward(self, x: Tensor, rescale: bool, resize: bool, return_features: bool) -> Tensor:
        return torch.zeros(x.shape[0], 399)


class OtherArguments(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros(x.shape[0], 400)


@pytest.fixture
def saved(tmp_path):
    def save(network: nn.Module):
        path = tmp_path / "i3d_torchscript.pt"
        torch.jit.script(network).save(path)
        return path

    return save


def test_bytes_go_in_channels_first(saved):
    network = load_features("i3d", saved(StandIn()))
    assert (network.name, network.size, network.per_frame) == ("i3d", 400, False)
    clips = torch.randint(256, (2, 10, 6, 6, 3), dtype=torch.uint8)
    features = network(normalise(clips))
    assert features.shape == (2, 400)
    # Channel by channel, frame by frame.
    expected = clips.float().mean((2, 3)).transpose(1, 2).flatten(1)
    torch.testing.assert_close(features[:, :30], expected)


def test_values_outside_the_range_are_clamped_and_grey_is_repeated(saved):
    network = load_features("i3d", saved(StandIn()))
    assert network(torch.full((1, 1, 10, 4, 4), 1.0))[0, :30].eq(255).all()
    assert network(torch.full((1, 1, 10, 4, 4), -1.1))[0, :30].eq(0).all()


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (OtherSize(), r"to \(2, 399\): no i3d_torchscript.pt, which gives \(2, 400\)"),
        (OtherArguments(), r"failed on videos .*expected at most 2 argument"),
    ],
    ids=["size", "arguments"],
)
def test_another_network_is_refused_in_one_line(saved, network, message):
    with pytest.raises(ValueError, match=message) as error:
        load_features("i3d", saved(network))
    assert "\n" not in str(error.value)


def test_too_short_clips_are_refused_in_one_line(saved):
    network = load_features("i3d", saved(StandIn()))
    with pytest.raises(
        ValueError, match=r"failed on videos \(2, 3, 8, 64, 64\): .*kernel"
    ) as error:
        network(torch.zeros(2, 3, 8, 64, 64))
    assert "\n" not in str(error.value)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(ValueError, match="features 'i3d' need a path: the file i3d_torchscript.pt"):
        load_features("i3d")
    with pytest.raises(ValueError, match="features 'i3d': no file '.*gone.pt'"):
        load_features("i3d", tmp_path / "gone.pt")
