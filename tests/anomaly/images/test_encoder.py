import dataclasses
import json

import numpy as np
import pytest
import torch

from tgan.anomaly.images.encoder import (
    EncoderFacts,
    NoEncoder,
    TrainedEncoder,
    load_encoder,
    weights_hash,
)
from tgan.anomaly.images.encoder_training import fit_encoder
from tgan.data.pictures.images import ImageClips
from tgan.data.pixels import to_bytes
from tgan.models import ImageDeconvGenerator, VideoCritic
from tgan.sampling.decoding import seed_latents

SIZES = {"resolution": 8, "channels": 1, "num_frames": 1}
FACTS = EncoderFacts(
    **{"generator": "", "latent_size": 4, "resolution": 8, "channels": 1, "width": 8},
    **{"steps": 1, "batch_size": 1, "learning_rate": 1.0, "kappa": 1.0, "seed": 0},
    **{"pictures": 1, "loss": 0.0},
)


@pytest.fixture
def networks():
    torch.manual_seed(0)
    generator = ImageDeconvGenerator(z_slow=4, width=8, image_init="he_normal", **SIZES)
    return generator.eval(), VideoCritic(width=4, batch_norm=False, **SIZES).eval()


@pytest.fixture
def source(networks):
    """Pictures that the generator makes, so that latents for them exist."""
    with torch.no_grad():
        made = networks[0](seed_latents(range(64), 4) * 0.5)
    return ImageClips(to_bytes(made).numpy()[:, 0])


@pytest.mark.parametrize(("resolution", "channels"), [(8, 1), (16, 3), (80, 4)])
def test_latents_are_bounded_and_depend_on_every_corner(resolution, channels):
    facts = dataclasses.replace(FACTS, resolution=resolution, channels=channels, width=2)
    encoder = facts.build().eval()
    pictures = torch.zeros(2, channels, 1, resolution, resolution)
    with torch.no_grad():
        before = encoder(pictures)
        assert before.shape == (2, 4) and encoder(pictures * 0 + 50).abs().max() <= 1
        for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
            changed = pictures.clone()
            changed[0, :, :, corner[0], corner[1]] = 3
            after = encoder(changed)
            assert (after[0] != before[0]).any() and (after[1] == before[1]).all()


def test_training_learns_to_invert_and_leaves_the_gan_as_it_was(networks, source):
    before = [weights_hash(network) for network in networks]
    options = {"batch_size": 16, "learning_rate": 2e-3, "seed": 1}
    losses = []
    encoder = FACTS.build()
    last = fit_encoder(encoder, *networks, source, steps=150, report=losses.append, **options)
    assert len(losses) == 150 and not encoder.training
    assert last == pytest.approx(np.mean(losses[-15:])) and last < 0.3 * losses[0]
    assert [weights_hash(network) for network in networks] == before
    again, other = FACTS.build(), FACTS.build()
    short = {"steps": 3, **options}
    first = FACTS.build()
    fit_encoder(first, *networks, source, **short)
    fit_encoder(again, *networks, source, **short)
    fit_encoder(other, *networks, source, **short | {"seed": 2})
    assert weights_hash(first) == weights_hash(again) != weights_hash(other)


def test_a_saved_encoder_comes_back_for_its_own_generator_alone(networks, tmp_path):
    generator, _ = networks
    encoder = FACTS.build().eval()
    facts = dataclasses.replace(FACTS, generator=weights_hash(generator))
    path = TrainedEncoder(encoder, facts).save(tmp_path)
    names = sorted(file.name for file in path.iterdir())
    assert names == ["encoder.json", "encoder.safetensors"]
    assert len({file.stat().st_mode for file in path.iterdir()}) == 1
    loaded = load_encoder(tmp_path, generator)
    pictures = torch.rand(2, 1, 1, 8, 8)
    torch.testing.assert_close(loaded.network(pictures), encoder(pictures), rtol=0, atol=0)
    assert loaded.facts == facts and not loaded.network.training
    with torch.no_grad():
        next(generator.parameters()).view(-1)[0] += 1e-3
    with pytest.raises(NoEncoder, match="inverts another generator than"):
        load_encoder(tmp_path, generator)
    facts = dataclasses.replace(FACTS, generator=weights_hash(generator))
    with pytest.raises(ValueError, match="encoder' is there already"):
        TrainedEncoder(encoder, facts).save(tmp_path)
    TrainedEncoder(encoder, facts).save(tmp_path, overwrite=True)
    load_encoder(tmp_path, generator)
    assert [file.name for file in tmp_path.iterdir()] == ["encoder"]


def test_a_hash_is_of_names_buffers_and_values(networks):
    generator, _ = networks
    before = weights_hash(generator)
    assert before == weights_hash(generator) and len(before) == 64
    buffer = next(generator.buffers())
    buffer.view(-1)[0] += 1e-3
    assert weights_hash(generator) != before


def test_what_is_no_encoder_is_refused(networks, tmp_path):
    generator, _ = networks
    with pytest.raises(NoEncoder, match="has no encoder"):
        load_encoder(tmp_path, generator)
    facts = dataclasses.replace(FACTS, generator=weights_hash(generator))
    path = TrainedEncoder(FACTS.build(), facts).save(tmp_path)
    (path / "encoder.json").write_text(json.dumps({"width": 3}))
    with pytest.raises(ValueError, match="does not describe an encoder"):
        load_encoder(tmp_path, generator)
    for changed in ({"width": 10**9}, {"width": "8"}, {"resolution": 60}, {"channels": True}):
        described = dataclasses.asdict(facts) | changed
        (path / "encoder.json").write_text(json.dumps(described))
        with pytest.raises(ValueError, match="does not describe an encoder"):
            load_encoder(tmp_path, generator)
    for text in ("[]", "[" * 9000, "{"):
        (path / "encoder.json").write_text(text)
        with pytest.raises(ValueError, match="encoder.json' is (no JSON|nested too deep)"):
            load_encoder(tmp_path, generator)
    # A width that asks for 91 GB is compared with the file first.
    large = dataclasses.replace(facts, width=65_536)
    TrainedEncoder(FACTS.build(), large).save(tmp_path, overwrite=True)
    with pytest.raises(ValueError, match="another network's weights"):
        load_encoder(tmp_path, generator)
    wider = dataclasses.replace(facts, width=16)
    TrainedEncoder(FACTS.build(), wider).save(tmp_path, overwrite=True)
    with pytest.raises(ValueError, match="another network's weights"):
        load_encoder(tmp_path, generator)
