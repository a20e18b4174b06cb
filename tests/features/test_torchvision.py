from urllib.error import URLError

import pytest
import torch
from torchvision.models.video import MC3_18_Weights, mc3_18

from tgan.data.pixels import normalise
from tgan.features import load_features


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Random weights of the smallest network, in a file as torchvision's are."""
    path = tmp_path_factory.mktemp("weights") / "mc3_18.pth"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.save(mc3_18().state_dict(), path)
    return path


@torch.no_grad()
def test_outputs_are_torchvisions_own(weights):
    network = load_features("mc3_18", weights)
    reference = mc3_18()
    reference.load_state_dict(torch.load(weights, weights_only=True))
    clips = torch.randint(256, (2, 4, 64, 64, 3), dtype=torch.uint8)
    batch = MC3_18_Weights.KINETICS400_V1.transforms()(clips.movedim(-1, 2))
    expected = reference.eval()(batch)
    video = normalise(clips)
    torch.testing.assert_close(network.probabilities(video), expected.softmax(1))
    features = network(video)
    assert features.shape == (2, network.size) == (2, 512)
    torch.testing.assert_close(reference.fc(features), expected)
    assert (len(network.labels), network.labels[0]) == (400, "abseiling")
    assert "Kinetics" not in network.name and network.protocol["source"] == "mc3_18.pth"


def test_weights_that_cannot_be_downloaded(monkeypatch, tmp_path):
    def fails(*arguments, **options):
        raise URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fails)
    with pytest.raises(ValueError) as error:
        load_features("r3d_18")
    message = str(error.value)
    assert message.startswith(
        "features 'r3d_18': the weights could not be downloaded (no route to host); get https://"
    )
    assert f"put it at '{tmp_path}/hub/checkpoints/r3d_18-" in message and "\n" not in message


def test_a_download_is_checked_and_used_from_the_cache(monkeypatch, tmp_path, weights):
    calls = []

    def copies(url, target, prefix, progress):
        calls.append(prefix)
        with open(target, "wb") as file:  # noqa: PTH123
            file.write(weights.read_bytes())

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", copies)
    first, second = load_features("mc3_18"), load_features("mc3_18")
    assert len(calls) == 1 and len(calls[0]) == 8
    assert calls[0] in MC3_18_Weights.DEFAULT.url
    assert first.protocol == second.protocol


def test_other_files_are_refused(tmp_path, weights):
    with pytest.raises(ValueError, match="features 'mc3_18': no file 'gone.pth'"):
        load_features("mc3_18", "gone.pth")
    with pytest.raises(ValueError, match="holds another network's weights"):
        load_features("r3d_18", weights)
    (tmp_path / "x.pth").write_text("hello")
    with pytest.raises(ValueError, match="x.pth' holds no weights that can be read"):
        load_features("mc3_18", tmp_path / "x.pth")
