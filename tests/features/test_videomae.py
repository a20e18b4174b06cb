import hashlib

import numpy as np
import pytest
import torch

from tests.features.test_vjepa import encoder_shapes, randomly
from tests.truths.vit import Truth, bilinear
from tgan.data.pixels import normalise
from tgan.features import load_features
from tgan.features.videomae import FILE, GIANT, VideoMAEFeatures, places
from tgan.features.vit import Sizes, VideoTransformer

TINY = Sizes(width=12, depth=2, heads=3, hidden=20, patch=4, frames=4, side=8)


def published_shapes(s: Sizes, classes=174) -> dict:
    """Names and shapes in the published file: no places, and no bias of keys."""
    found = {}
    for key, shape in encoder_shapes(s).items():
        if key.endswith("qkv.bias"):
            block = key.removesuffix("qkv.bias")
            found |= {f"{block}q_bias": (s.width,), f"{block}v_bias": (s.width,)}
        elif key != "pos_embed":
            found[f"fc_{key}" if key.startswith("norm.") else key] = shape
    return found | {"head.weight": (classes, s.width), "head.bias": (classes,)}


STATE = randomly(published_shapes(TINY), 0)


@pytest.fixture
def path(tmp_path):
    torch.save({"module": STATE}, tmp_path / FILE)
    return tmp_path / FILE


def place_table(count, width):
    """Loops over the formula."""
    table = np.empty((count, width))
    for place in range(count):
        for column in range(width):
            angle = place / 10000 ** (2 * (column // 2) / width)
            table[place, column] = np.cos(angle) if column % 2 else np.sin(angle)
    return table


def expected(clip) -> np.ndarray:
    """Features (12,) of bytes (T, H, W, 3), in NumPy."""
    truth = Truth(STATE, heads=3)

    def taken(x, name):
        queries, keys, values = np.split(x @ truth.state[f"{name}.qkv.weight"].T, 3, axis=1)
        return (
            queries + truth.state[f"{name}.q_bias"],
            keys,
            values + truth.state[f"{name}.v_bias"],
        )

    pixels = bilinear(np.moveaxis(clip.astype(np.float64) / 255, -1, 0), TINY.side)
    tokens = truth.patches(pixels)
    tokens = tokens + place_table(*tokens.shape)
    for index in range(TINY.depth):
        tokens = truth.block(tokens, f"blocks.{index}", taken)
    return truth.norm(tokens.mean(0), "fc_norm")


def test_features_are_those_of_a_literal_computation(path):
    network = VideoMAEFeatures(path, sizes=TINY)
    clips = np.random.default_rng(2).integers(0, 256, (3, 4, 10, 6, 3), np.uint8)
    features = network(normalise(torch.from_numpy(clips)))
    assert features.shape == (3, network.size) == (3, 12)
    np.testing.assert_allclose(features, [expected(clip) for clip in clips], rtol=1e-4, atol=1e-5)
    assert network.protocol["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_places_are_sines_and_cosines():
    np.testing.assert_allclose(places(50, 8), place_table(50, 8), atol=1e-6)


def test_the_published_network_is_a_giant_one_of_2048_tokens():
    assert GIANT.tokens == 2048
    with torch.device("meta"):
        state = VideoTransformer(GIANT).state_dict()
    assert {key: tuple(t.shape) for key, t in state.items()} == encoder_shapes(GIANT)
    # As the package cd-fvd builds it.
    numbers = sum(int(np.prod(shape)) for shape in published_shapes(GIANT).values())
    assert numbers == 1_011_855_918


def test_what_cannot_be_used_is_told_in_one_line(path, tmp_path):
    with pytest.raises(ValueError, match=f"features 'videomae' need a path: the file {FILE}"):
        load_features("videomae")
    with pytest.raises(ValueError, match="no file '.*gone.pth', which should be the file vit_g"):
        load_features("videomae", tmp_path / "gone.pth")
    with pytest.raises(ValueError, match="holds another network's weights: 'patch_embed"):
        load_features("videomae", path)
    torch.save({"module": {k: t for k, t in STATE.items() if "v_bias" not in k}}, path)
    with pytest.raises(ValueError, match="holds another network's weights: 'blocks.0.attn.qkv.bi"):
        VideoMAEFeatures(path, sizes=TINY)


@pytest.mark.slow
def test_features_are_those_of_the_package(tmp_path):
    reason = "no package cd-fvd"
    package = pytest.importorskip("cdfvd.third_party.VideoMAEv2.videomaev2_finetune", reason=reason)
    preparing = pytest.importorskip("cdfvd.third_party.VideoMAEv2.utils", reason=reason)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = package.VisionTransformer(
            patch_size=14,
            embed_dim=48,
            depth=3,
            num_heads=4,
            mlp_ratio=48 / 11,
            qkv_bias=True,
            norm_layer=lambda width: torch.nn.LayerNorm(width, eps=1e-6),
            num_classes=174,
            all_frames=16,
            tubelet_size=2,
            use_mean_pooling=True,
        ).eval()
        for parameter in network.parameters():
            parameter.data.add_(torch.randn_like(parameter), alpha=0.1)
    torch.save({"module": network.state_dict()}, tmp_path / FILE)
    sizes = Sizes(width=48, depth=3, heads=4, hidden=int(48 * 48 / 11), patch=14)
    clips = np.random.default_rng(0).integers(0, 256, (2, 16, 50, 64, 3), np.uint8)
    with torch.no_grad():
        told = network.forward_features(preparing.preprocess_videomae(clips))
    found = VideoMAEFeatures(tmp_path / FILE, sizes=sizes)(normalise(torch.from_numpy(clips)))
    torch.testing.assert_close(found, told, rtol=1e-4, atol=1e-4)
