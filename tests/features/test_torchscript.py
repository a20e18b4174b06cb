import hashlib

import pytest
import torch
from torch import Tensor, nn

from tgan.features import load_features


class PerClip(nn.Module):
    def forward(self, video: Tensor) -> Tensor:
        assert video.shape[1] == 3 and video.dtype == torch.float32
        return video.mean((3, 4)).flatten(1)[:, :7]


class PerFrame(nn.Module):
    def forward(self, video: Tensor) -> Tensor:
        return video.mean((3, 4)).transpose(1, 2)


class Wrong(nn.Module):
    def forward(self, video: Tensor) -> Tensor:
        return video.mean((3, 4))


class Two(nn.Module):
    def forward(self, video: Tensor) -> tuple[Tensor, Tensor]:
        return video, video


class Images(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, video: Tensor) -> Tensor:
        return self.conv(video)


def saved(network: nn.Module, folder):
    path = folder / "network.pt"
    torch.jit.script(network).save(path)
    return path


def test_a_network_of_clips(tmp_path):
    path = saved(PerClip(), tmp_path)
    network = load_features("custom", path)
    assert (network.name, network.size, network.per_frame) == ("custom", 7, False)
    assert network.protocol["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert network.protocol["source"] == "network.pt"
    video = torch.rand(2, 3, 9, 5, 5) * 2 - 1
    assert torch.equal(network(video), PerClip()(video))
    grey = video[:, :1]
    assert torch.equal(network(grey), network(grey.expand(-1, 3, -1, -1, -1)))
    assert not network(video.requires_grad_()).requires_grad


def test_a_network_of_frames(tmp_path):
    network = load_features("custom", saved(PerFrame(), tmp_path))
    assert (network.size, network.per_frame) == (3, True)
    assert network(torch.zeros(5, 3, 11, 8, 8)).shape == (5, 11, 3)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Wrong(), r"maps \(2, 3, 16, 64, 64\) to \(2, 3, 16\); \(2, D\) or \(2, 16, D\) is needed"),
        (Two(), "returns a tuple, not a tensor"),
        (Images(), r"failed on videos \(2, 3, 16, 64, 64\): .*Expected 3D .* input to conv2d"),
    ],
    ids=["shape", "tuple", "images"],
)
def test_another_signature_is_refused_in_one_line(tmp_path, network, message):
    with pytest.raises(ValueError, match=message) as error:
        load_features("custom", saved(network, tmp_path))
    assert "\n" not in str(error.value) and "network.pt" in str(error.value)


def test_other_files_are_refused_in_one_line(tmp_path):
    (tmp_path / "text.pt").write_text("hello")
    torch.save({"weight": torch.zeros(2)}, tmp_path / "state.pt")
    for name in ("text.pt", "state.pt"):
        with pytest.raises(ValueError, match=f"{name}' is no TorchScript file: ") as error:
            load_features("custom", tmp_path / name)
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="features 'custom' need a path: a TorchScript file"):
        load_features("custom")
