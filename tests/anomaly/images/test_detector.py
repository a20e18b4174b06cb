"""Image detectors from Python: what they take, what they refuse, and that scores are right."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

import tgan
from tests.made.image_runs import LATENT, NORMAL, SIDE, image_run
from tgan.anomaly.images.detector import DETECTORS, ImageDetector
from tgan.anomaly.images.encoder import NoEncoder, load_encoder, weights_hash
from tgan.anomaly.images.encoder_training import train_encoder
from tgan.anomaly.images.names import METHODS
from tgan.anomaly.images.scores import score_by_encoder, score_by_search
from tgan.data.made.digits import HELD_OUT_SHARE
from tgan.data.pictures.images import ImageClips

PIXELS = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 1), np.uint8)


@pytest.fixture
def run(tmp_path):
    return image_run(tmp_path / "run")


def expected_critic(run, pixels):
    """The critic's scores with their sign turned, one picture at a time."""
    scores = []
    with torch.no_grad():
        for picture in pixels:
            x = torch.from_numpy((picture.astype(np.float32) - 128) / 128)
            scores.append(-run.critic(x.movedim(-1, 0)[None, :, None]).item())
    return scores


def test_the_critic_scores_an_array(run):
    found = ImageDetector(run, ["critic"], batch_size=2).score(PIXELS)
    np.testing.assert_allclose(found.scores["critic"], expected_critic(run, PIXELS), rtol=1e-4)
    assert found.names == [*"01234"] and found.classes == [None] * 5
    assert found.reconstructions == {}


def test_a_run_may_be_named_by_its_path(tmp_path):
    sizes = {"data.resolution": 16, "data.channels": 1, "data.num_frames": 1}
    widths = {"generator.width": 8, "critic.width": 4, "train.batch_size": 4}
    names = {"data.name": "digits", "generator.name": "dcgan"}
    quiet = {"log.trackers": [], "log.preview_every": 0, "train.steps": 1}
    tgan.train(run_dir=tmp_path / "run", **sizes, **widths, **names, **quiet)
    pixels = np.random.default_rng(1).integers(0, 256, (5, 16, 16, 1), np.uint8)
    loaded = tgan.load(tmp_path / "run", device="cpu")
    for path in (tmp_path / "run", str(tmp_path / "run")):
        found = ImageDetector(path, ["critic"], device="cpu").score(pixels).scores["critic"]
        np.testing.assert_allclose(found, expected_critic(loaded, pixels), rtol=1e-4)
    with pytest.raises(ValueError, match="no run or checkpoint at '.*none'"):
        ImageDetector(tmp_path / "none")


def test_the_same_pictures_have_the_same_scores_wherever_they_come_from(run, tmp_path):
    np.savez(tmp_path / "set.npz", images=PIXELS, kind=np.array([*"aabba"]))
    folder = tmp_path / "folder"
    for number, pixels in enumerate(PIXELS):
        path = folder / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[..., 0]).save(path)
    detector = ImageDetector(run, ["critic", "pca"])
    expected = detector.score(PIXELS).scores
    for pictures in (
        PIXELS[:, None],
        torch.from_numpy(PIXELS),
        ImageClips(PIXELS),
        tmp_path / "set.npz",
        detector.open(PIXELS),
    ):
        found = detector.score(pictures).scores
        for method in ("critic", "pca"):
            np.testing.assert_array_equal(found[method], expected[method])
    found = detector.score(str(folder))
    assert found.names == ["a/0.png", "a/2.png", "a/4.png", "b/1.png", "b/3.png"]
    assert found.classes == [*"aaabb"]
    order = [0, 2, 4, 1, 3]
    np.testing.assert_allclose(found.scores["critic"], expected["critic"][order], rtol=1e-5)
    named = detector.score(tmp_path / "set.npz", labels_key="kind")
    assert named.classes == [*"aabba"]


def test_held_out_pictures_are_those_of_all_classes(run):
    found = ImageDetector(run, ["pca"]).score("held-out")
    digits = load_digits().target
    kept = len(digits) - len(digits) // HELD_OUT_SHARE
    assert found.classes == [str(digit) for digit in digits[kept:]]
    assert found.pictures.origin == "held-out"


def test_held_out_pictures_of_a_run_on_all_classes_are_the_runs_own(tmp_path):
    own = ImageClips(PIXELS)
    run = image_run(tmp_path, classes=[])
    run.held_out = own
    assert ImageDetector(run, ["critic"]).open("held-out").source is own
    run.held_out = None
    with pytest.raises(ValueError, match="holds nothing back .* name a folder"):
        ImageDetector(run, ["critic"]).score("held-out")


def test_every_method_gives_what_its_function_gives(run):
    encoder = train_encoder(run, steps=1, batch_size=4, seed=5)
    detector = ImageDetector(run, encoder=encoder, steps=3, restarts=2, seed=7)
    assert detector.methods == list(METHODS) == list(DETECTORS)
    found = detector.score(PIXELS)
    x = torch.from_numpy((PIXELS.astype(np.float32) - 128) / 128).movedim(-1, 1)[:, :, None]
    networks = run.generator, run.critic
    search = score_by_search(x, *networks, size=LATENT, steps=3, restarts=2, seed=7)
    by_encoder = score_by_encoder(x, *networks, encoder.network)
    for method, expected in (("search", search), ("encoder", by_encoder)):
        np.testing.assert_allclose(found.scores[method], expected.scores, rtol=1e-5)
        pixels = (expected.reconstructions[:, :, 0].movedim(1, -1) * 128 + 128).detach().numpy()
        made = found.reconstructions[method]
        assert made.shape == PIXELS.shape and made.dtype == np.uint8
        assert abs(made - pixels.clip(0, 255)).max() < 0.51
    assert set(found.reconstructions) == {"search", "encoder", "pca"}


def test_methods_that_need_a_critic_of_single_pictures_refuse_others(tmp_path):
    run = image_run(tmp_path)
    run.config.critic.sees_batch = "deviation"
    with pytest.raises(ValueError, match="method 'critic' needs scores of samples one by one"):
        ImageDetector(run)
    assert ImageDetector(run, ["search", "pca"]).methods == ["search", "pca"]
    run.config.critic.packs = 2
    for refused in (lambda: ImageDetector(run, ["search"]), lambda: train_encoder(run, steps=1)):
        with pytest.raises(ValueError, match="needs a critic of single samples"):
            refused()
    assert ImageDetector(run, ["pca"]).methods == ["pca"]


def test_networks_are_left_as_they_were(run):
    run.critic.train()
    hashes = [weights_hash(network) for network in (run.generator, run.critic)]
    encoder = train_encoder(run, steps=2, batch_size=4)
    ImageDetector(run, encoder=encoder, steps=2).score(PIXELS)
    assert [weights_hash(network) for network in (run.generator, run.critic)] == hashes
    assert run.critic.training and not run.generator.training
    for network in (run.generator, run.critic):
        assert all(p.requires_grad and p.grad is None for p in network.parameters())


def test_an_encoder_is_trained_saved_and_found(run):
    assert ImageDetector(run).methods == ["critic", "search", "pca"]
    losses = []
    options = {"steps": 20, "batch_size": 8, "learning_rate": 1e-3, "seed": 3}
    encoder = train_encoder(run, report=losses.append, **options)
    assert encoder.facts.loss == pytest.approx(np.mean(losses[-2:]))
    assert encoder.facts.pictures == len(run.data) and encoder.facts.width == 4
    again = train_encoder(run, **options)
    assert weights_hash(encoder.network) == weights_hash(again.network)
    assert encoder.save(run.path) == run.path / "encoder"
    assert load_encoder(run.path, run.generator).facts == encoder.facts
    saved = ImageDetector(run, steps=1)
    assert saved.methods == list(METHODS)
    given = ImageDetector(run, ["encoder"], encoder=encoder.network)
    expected = given.score(PIXELS).scores["encoder"]
    np.testing.assert_array_equal(saved.score(PIXELS).scores["encoder"], expected)


def test_an_encoder_that_is_not_there_or_of_other_weights_is_missed(run):
    with pytest.raises(NoEncoder, match="run' has no encoder$"):
        ImageDetector(run, ["encoder"])
    train_encoder(run, steps=1, batch_size=4).save(run.path)
    with torch.no_grad():
        next(run.generator.parameters()).view(-1)[0] += 1
    with pytest.raises(NoEncoder, match="inverts another generator"):
        ImageDetector(run, ["encoder"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["serach"]}, "unknown method 'serach' \\(did you mean 'search'\\?\\)"),
        ({"steps": 0}, "steps 0 is no whole number from 1"),
        ({"restarts": 0}, "restarts 0 is no whole number from 1"),
        ({"batch_size": 1.5}, "batch_size 1.5 is no whole number from 1"),
        ({"seed": -1}, "seed -1 is no whole number from 0"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
    ],
)
def test_settings_out_of_range_are_refused(run, options, message):
    with pytest.raises(ValueError, match=message) as error:
        ImageDetector(run, **options)
    assert "--" not in str(error.value)


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        (PIXELS / 255, r"clips of type float64, from 0 .* uint8 is needed: \(clips \* 255\)"),
        (PIXELS[..., 0], r"clips of shape \(5, 8, 8\)"),
        (PIXELS.transpose(0, 3, 1, 2), r"\(5, 1, 8, 8\), which looks like \(N, C, H, W\)"),
        (PIXELS[:, :4], "frames are 8 wide and 4 high; square ones are needed"),
        (PIXELS[:0], r"clips of shape \(0, 8, 8, 1\), which is empty"),
        (PIXELS.repeat(3, -1), r"ndarray are clips of shape \(1, 8, 8, 3\); .* \(1, 8, 8, 1\)"),
        (PIXELS[:, :7, :7], r"clips of shape \(1, 7, 7, 1\); '.*run' was trained on"),
        (np.stack([PIXELS, PIXELS], 1), r"ndarray are clips of shape \(2, 8, 8, 1\)"),
        (ImageClips(PIXELS.repeat(3, -1)), r"ImageClips are clips of shape \(1, 8, 8, 3\)"),
        (5, "int holds no clips"),
        ("no/such/folder", "no such file or folder"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(run, pictures, message):
    with pytest.raises(ValueError, match=message):
        ImageDetector(run, ["critic"]).score(pictures)


def test_classes_of_an_array_come_beside_it(run):
    detector = ImageDetector(run, ["critic"])
    found = detector.score(PIXELS, labels=[*"aabba"])
    assert found.classes == [*"aabba"]
    expected = roc_auc_score([0, 0, 1, 1, 0], expected_critic(run, PIXELS))
    assert found.metrics(["a"])["critic"]["auc"].value == pytest.approx(expected)
    with pytest.raises(ValueError, match="labels are for pictures in memory, not for 'held-out'"):
        detector.score("held-out", labels=[*"aabba"])


@pytest.mark.parametrize("pictures", ["held-out", PIXELS])
def test_a_key_of_labels_is_for_files_alone(run, pictures):
    with pytest.raises(ValueError, match="labels_key 'kind' is for a .npz file, not for"):
        ImageDetector(run, ["critic"]).score(pictures, labels_key="kind")


def test_runs_of_another_kind_are_refused(run):
    clips = dataclasses.replace(run.config.data, num_frames=16)
    for config, message in (
        (dataclasses.replace(run.config, data=clips), "a run of clips, with data.num_frames 16"),
        (dataclasses.replace(run.config, conditional=True), "a run with conditional true"),
    ):
        run.config = config
        for refuses in (ImageDetector, train_encoder):
            with pytest.raises(ValueError, match=message):
                refuses(run)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps 0 is below 1"),
        ({"width": 0}, "width 0 is below 1"),
        ({"learning_rate": 0.0}, "learning_rate 0.0 is not positive"),
        ({"kappa": float("nan")}, "kappa nan is not finite"),
    ],
)
def test_an_encoders_settings_out_of_range_are_refused(run, options, message):
    with pytest.raises(ValueError, match=message):
        train_encoder(run, **options)


def test_it_says_what_it_is(run):
    assert repr(ImageDetector(run, ["critic"])) == f"ImageDetector('{run.path}', ['critic'])"
    assert run.config.data.classes == NORMAL
