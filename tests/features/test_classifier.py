import dataclasses
import hashlib
import json

import pytest
import torch
from safetensors.torch import save_file

from tgan.data.pixels import normalise
from tgan.features import load_features
from tgan.features.classifier import (
    ClassifierFacts,
    VideoClassifier,
    classifier_input,
    read_facts,
    write_classifier,
)

FACTS = ClassifierFacts(
    labels=["jump", "run", "träge"],
    resolution=16,
    num_frames=8,
    stride=1,
    steps=3,
    seed=0,
    data="mine",
    held_out=None,
    held_out_clips=4,
    held_out_accuracy=0.75,
)


@pytest.fixture
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return VideoClassifier(3).eval()


@pytest.fixture
def path(tmp_path, network):
    write_classifier(tmp_path / "x.safetensors", network, FACTS)
    return tmp_path / "x.safetensors"


@torch.no_grad()
def test_a_file_gives_back_the_network_and_its_facts(path, network):
    loaded = load_features("classifier", path)
    assert loaded.labels == FACTS.labels and (loaded.size, loaded.per_frame) == (256, False)
    assert read_facts(path) == FACTS
    protocol = json.loads(json.dumps(loaded.protocol))
    assert protocol["trained"]["held_out_accuracy"] == 0.75
    assert protocol["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    clips = torch.randint(256, (2, 8, 16, 16, 3), dtype=torch.uint8)
    video = normalise(clips)
    features = loaded(video)
    torch.testing.assert_close(features, network.features(video))
    expected = network(video).softmax(1)
    torch.testing.assert_close(loaded.probabilities(video), expected)
    torch.testing.assert_close(network.last(features).softmax(1), expected)


@torch.no_grad()
def test_any_size_length_and_channels(path):
    loaded = load_features("classifier", path)
    for shape in [(1, 1, 1, 40, 40), (2, 3, 20, 8, 8), (1, 3, 3, 16, 16)]:
        assert loaded(torch.zeros(shape)).shape == (shape[0], 256)
        probabilities = loaded.probabilities(torch.zeros(shape))
        torch.testing.assert_close(probabilities.sum(1), torch.ones(shape[0]))


@torch.no_grad()
def test_a_row_depends_on_its_clip_alone_and_on_the_order_of_frames(network):
    clips = torch.rand(3, 3, 8, 16, 16) * 2 - 1
    features = network.features(clips)
    torch.testing.assert_close(network.features(clips[1:2]), features[1:2])
    assert (network.features(clips.flip(2)) - features).norm() > 1e-3 * features.norm()


@torch.no_grad()
def test_a_classifier_of_pictures_reads_every_frame_by_itself(tmp_path, network):
    write_classifier(tmp_path / "x.safetensors", network, dataclasses.replace(FACTS, num_frames=1))
    loaded = load_features("frame_classifier", tmp_path / "x.safetensors")
    assert (loaded.per_frame, loaded.frames_apart, loaded.size) == (True, True, 256)
    video = normalise(torch.randint(256, (2, 4, 16, 16, 3), dtype=torch.uint8))
    features, told = loaded(video), loaded.probabilities(video)
    assert features.shape == (2, 4, 256) and told.shape == (2, 4, 3)
    for clip, frame in ((0, 0), (1, 2)):
        alone = video[clip : clip + 1, :, frame : frame + 1]
        torch.testing.assert_close(features[clip, frame], network.features(alone)[0])
        torch.testing.assert_close(told[clip, frame], network(alone).softmax(1)[0])


def test_a_classifier_of_clips_reads_no_frames(path):
    message = "tells clips of 8 frames apart and frame_classifier needs .*--num-frames 1` wrote"
    with pytest.raises(ValueError, match=message):
        load_features("frame_classifier", path)


def test_the_input_is_normalised_bytes():
    clips = torch.randint(256, (2, 3, 8, 8, 3), dtype=torch.uint8)
    torch.testing.assert_close(classifier_input(clips, 8), normalise(clips))
    assert classifier_input(clips, 20).shape == (2, 3, 3, 20, 20)


def test_other_files_are_refused(tmp_path, path):
    (tmp_path / "text.safetensors").write_text("hello")
    save_file({"x": torch.zeros(1)}, tmp_path / "plain.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "half.safetensors", {"tgan_classifier": "{}"})
    for name in ("text", "plain", "half"):
        with pytest.raises(ValueError, match=f"{name}.safetensors' is no classifier that"):
            load_features("classifier", tmp_path / f"{name}.safetensors")
    described = dataclasses.asdict(FACTS)
    for changed in ({"labels": "ab"}, {"labels": []}, {"resolution": 10**9}, {"stride": "1"}):
        text = json.dumps(described | changed)
        save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors", {"tgan_classifier": text})
        with pytest.raises(ValueError, match="describes a classifier without labels or of sizes"):
            load_features("classifier", tmp_path / "x.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors", {"tgan_classifier": "[" * 9000})
    with pytest.raises(ValueError, match="is no classifier"):
        load_features("classifier", tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match="features 'classifier' need a path: a file that `tgan tr"):
        load_features("classifier")
    network = VideoClassifier(len(FACTS.labels))
    network.last.bias.data[0] = float("nan")
    write_classifier(path, network, FACTS)
    with pytest.raises(ValueError, match="is not finite: 'last.bias' holds NaN or inf"):
        load_features("classifier", path)
    with pytest.raises(ValueError, match="holds another network's weights: 'last.weight'"):
        write_classifier(path, VideoClassifier(2), FACTS)
        load_features("classifier", path)
