import hashlib

import numpy as np
import pytest
import torch

from tests.truths.vit import Truth, bilinear
from tgan.data.pixels import normalise
from tgan.features import load_features
from tgan.features.vit import Sizes, VideoTransformer
from tgan.features.vjepa import ENCODER, HUGE, PROBE, Pooler, VJEPAFeatures

TINY = Sizes(width=12, depth=2, heads=3, hidden=20, patch=4, frames=4, side=8)
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def randomly(shapes, seed):
    rng = np.random.default_rng(seed)
    return {
        key: torch.from_numpy(rng.normal(0, 0.4, shape).astype(np.float32))
        for key, shape in shapes.items()
    }


def encoder_shapes(s: Sizes) -> dict:
    """Names and shapes in the published encoder."""
    d, h = s.width, s.hidden
    block = {
        "norm1.weight": (d,),
        "norm1.bias": (d,),
        "attn.qkv.weight": (3 * d, d),
        "attn.qkv.bias": (3 * d,),
        "attn.proj.weight": (d, d),
        "attn.proj.bias": (d,),
        "norm2.weight": (d,),
        "norm2.bias": (d,),
        "mlp.fc1.weight": (h, d),
        "mlp.fc1.bias": (h,),
        "mlp.fc2.weight": (d, h),
        "mlp.fc2.bias": (d,),
    }
    return {
        "pos_embed": (1, s.tokens, d),
        "patch_embed.proj.weight": (d, 3, s.tubelet, s.patch, s.patch),
        "patch_embed.proj.bias": (d,),
        **{f"blocks.{i}.{key}": shape for i in range(s.depth) for key, shape in block.items()},
        "norm.weight": (d,),
        "norm.bias": (d,),
    }


def probe_shapes(s: Sizes, classes=174) -> dict:
    """Names and shapes in the published probe."""
    d, h, block = s.width, s.hidden, "pooler.cross_attention_block"
    layers = {
        "norm1": (d,),
        "xattn.q": (d, d),
        "xattn.kv": (2 * d, d),
        "xattn.proj": (d, d),
        "norm2": (d,),
        "mlp.fc1": (h, d),
        "mlp.fc2": (d, h),
    }
    shapes = {"pooler.query_tokens": (1, 1, d)}
    for name, shape in layers.items():
        shapes |= {f"{block}.{name}.weight": shape, f"{block}.{name}.bias": shape[:1]}
    return shapes | {"linear.weight": (classes, d), "linear.bias": (classes,)}


ENCODER_STATE, PROBE_STATE = randomly(encoder_shapes(TINY), 0), randomly(probe_shapes(TINY), 1)


def save(folder, encoder=ENCODER_STATE, probe=PROBE_STATE, key="target_encoder"):
    """Checkpoints as they are published, with other things beside the weights."""
    wrapped = {f"module.backbone.{name}": tensor for name, tensor in encoder.items()}
    online = {name: tensor + 1 for name, tensor in wrapped.items()}
    torch.save({"encoder": online, key: wrapped, "epoch": 300, "lr": 0.1}, folder / ENCODER)
    wrapped = {f"module.{name}": tensor for name, tensor in probe.items()}
    torch.save({"classifier": wrapped, "opt": {"state": {}}, "epoch": 20}, folder / PROBE)
    return folder


def expected(clip) -> np.ndarray:
    """Features (12,) of bytes (T, H, W, 3), in NumPy."""
    pixels = bilinear(np.moveaxis(clip.astype(np.float64) / 255, -1, 0), TINY.side)
    pixels = (pixels.T - np.array(MEAN)) / np.array(DEVIATION)
    truth = Truth(ENCODER_STATE | PROBE_STATE, heads=3)
    tokens = truth.patches(pixels.T) + truth.state["pos_embed"][0]
    for index in range(TINY.depth):
        tokens = truth.block(
            tokens,
            f"blocks.{index}",
            lambda x, name: np.split(truth.linear(x, f"{name}.qkv"), 3, axis=1),
        )
    tokens = truth.norm(tokens, "norm")
    name, query = "pooler.cross_attention_block", truth.state["pooler.query_tokens"][0]
    kv = truth.linear(truth.norm(tokens, f"{name}.norm1", 1e-5), f"{name}.xattn.kv")
    found = truth.attend(truth.linear(query, f"{name}.xattn.q"), *np.split(kv, 2, axis=1))
    query = query + truth.linear(found, f"{name}.xattn.proj")
    return (query + truth.mlp(truth.norm(query, f"{name}.norm2", 1e-5), f"{name}.mlp"))[0]


def test_features_are_those_of_a_literal_computation(tmp_path):
    network = VJEPAFeatures(save(tmp_path), sizes=TINY)
    clips = np.random.default_rng(2).integers(0, 256, (3, 4, 10, 6, 3), np.uint8)
    features = network(normalise(torch.from_numpy(clips)))
    assert features.shape == (3, network.size) == (3, 12)
    np.testing.assert_allclose(features, [expected(clip) for clip in clips], rtol=1e-4, atol=1e-5)
    told = network.protocol
    assert told["sha256"] == hashlib.sha256((tmp_path / ENCODER).read_bytes()).hexdigest()
    assert told["probe_sha256"] == hashlib.sha256((tmp_path / PROBE).read_bytes()).hexdigest()


def test_the_published_network_is_a_huge_one_of_1568_tokens():
    assert HUGE.tokens == 1568
    with torch.device("meta"):
        found = VideoTransformer(HUGE).state_dict(), Pooler(HUGE).state_dict()
    encoder, probe = ({key: tuple(t.shape) for key, t in state.items()} for state in found)
    assert encoder == encoder_shapes(HUGE)
    told = {key: shape for key, shape in probe_shapes(HUGE).items() if "linear" not in key}
    assert {f"pooler.{key}": shape for key, shape in probe.items()} == told


def test_plain_tables_of_tensors_do_as_well(tmp_path):
    torch.save(ENCODER_STATE, tmp_path / ENCODER)
    torch.save(PROBE_STATE, tmp_path / PROBE)
    video = torch.rand(1, 3, 4, 8, 8)
    plain = VJEPAFeatures(tmp_path, sizes=TINY)(video)
    assert torch.equal(plain, VJEPAFeatures(save(tmp_path), sizes=TINY)(video))


def test_what_cannot_be_used_is_told_in_one_line(tmp_path):
    with pytest.raises(ValueError, match="need as path a folder that holds vith16.pth.tar and ssv"):
        load_features("vjepa")
    with pytest.raises(ValueError, match="gone' is no folder"):
        load_features("vjepa", tmp_path / "gone")
    with pytest.raises(ValueError, match="holds no vith16.pth.tar, and should be a folder"):
        load_features("vjepa", tmp_path)
    with pytest.raises(ValueError, match="'pos_embed' is .*, .* here"):
        load_features("vjepa", save(tmp_path))
    save(tmp_path, probe=randomly(probe_shapes(Sizes(8, 1, 2, 9, 4)), 0))
    with pytest.raises(ValueError, match=f"{PROBE}' holds another network's weights"):
        VJEPAFeatures(tmp_path, sizes=TINY)
    network = VJEPAFeatures(save(tmp_path), sizes=TINY)
    with pytest.raises(ValueError, match="V-JEPA takes clips of 4 frames and these have 16"):
        network(torch.zeros(1, 3, 16, 8, 8))


@pytest.mark.slow
def test_features_are_those_of_the_package(tmp_path):
    models = pytest.importorskip("vjepa.models.vision_transformer", reason="no package vjepa")
    pooling = pytest.importorskip("vjepa.models.attentive_pooler", reason="no package vjepa")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = models.vit_tiny(num_frames=16, uniform_power=True).eval()
        probe = pooling.AttentiveClassifier(embed_dim=192, num_heads=3, num_classes=174).eval()
        for network in (encoder, probe):
            for name, parameter in network.named_parameters():
                if name != "pos_embed":
                    parameter.data.add_(torch.randn_like(parameter), alpha=0.05)
    save(tmp_path, encoder.state_dict(), probe.state_dict())
    sizes = Sizes(width=192, depth=12, heads=3, hidden=768, patch=16)
    video = torch.rand(2, 3, 16, 224, 224).mul(255).round()
    mean, deviation = (torch.tensor(x).view(3, 1, 1, 1) for x in (MEAN, DEVIATION))
    with torch.no_grad():
        told = probe.pooler(encoder((video / 255 - mean) / deviation)).squeeze(1)
    found = VJEPAFeatures(tmp_path, sizes=sizes)((video - 128) / 128)
    torch.testing.assert_close(found, told, rtol=1e-4, atol=1e-4)
