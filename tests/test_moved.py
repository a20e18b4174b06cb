"""Old import paths go on for a release, and name the new ones."""

import importlib
import subprocess
import sys
from types import ModuleType

import pytest
import torch

from tests.conftest import make_tiny_config
from tgan._moved import MOVED, new_name
from tgan.runs.train import train


@pytest.mark.parametrize("old", [*MOVED, "tadgan.detector", "packing.pack", "compat.snapshot"])
def test_an_old_name_is_the_very_module_or_package_at_the_new_place(old):
    sys.modules.pop(f"tgan.{old}", None)
    new = new_name(f"tgan.{old}")
    with pytest.warns(DeprecationWarning, match=f"tgan.{old} is {new} now"):
        module = importlib.import_module(f"tgan.{old}")
    found = importlib.import_module(new)
    if hasattr(found, "__path__"):
        own = {
            name: value
            for name, value in vars(found).items()
            if not name.startswith("__") and not isinstance(value, ModuleType)
        }
        assert {name: getattr(module, name) for name in own} == own
        assert module.__doc__ == found.__doc__
    else:
        assert module is found
        assert module.__spec__.name == module.__name__ == new


def test_old_submodules_do_not_hide_new_ones_of_the_same_names():
    # In a process of its own, where nothing is imported yet.
    code = (
        "import tgan.tadgan.scoring as old, tgan.tadgan.training\n"
        "import tgan.anomaly.series.scoring.scores as new\n"
        "from tgan.tadgan import networks, scoring, training\n"
        "import tgan.anomaly.series as series\n"
        "names = [one.__name__.removeprefix('tgan.anomaly.series.')\n"
        "    for one in (old, new, scoring, training, networks, series.scoring, series.training)]\n"
        "assert names == ['scoring.settings', 'scoring.scores', 'scoring.settings',\n"
        "    'training.loop', 'networks.tables', 'scoring', 'training'], names"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_module_under_its_old_name_can_be_reloaded():
    # In a process of its own: what is loaded anew is no longer what other modules have imported.
    code = (
        "import importlib\n"
        "import tgan.data.decode as module\n"
        "assert importlib.reload(module) is module"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_names_that_have_not_moved_are_left_alone():
    assert new_name("tgan.models.critic") is new_name("numpy.config") is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("tgan.no_such_module")


def test_sampling_hands_on_what_its_old_module_had():
    with pytest.warns(DeprecationWarning, match=r"tgan\.sampling\.decoding"):
        from tgan.sampling import sample_videos
    assert sample_videos is importlib.import_module("tgan.sampling.decoding").sample_videos
    with pytest.raises(ImportError):
        from tgan.sampling import no_such_name  # noqa: F401


@pytest.mark.parametrize(
    ("old", "name", "new"),
    [
        ("tgan.data.pictures.images", "open_digits", "tgan.data.made.digits"),
        ("tgan.data.videos.frames", "with_channels", "tgan.data.channels"),
    ],
)
def test_a_name_that_has_left_its_module_is_found_from_there(old, name, new):
    with pytest.warns(DeprecationWarning, match=f"{name} is in {new} now"):
        found = getattr(importlib.import_module(old), name)
    assert found is getattr(importlib.import_module(new), name)
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        importlib.import_module(old).no_such_name  # noqa: B018


def test_a_name_that_was_renamed_is_what_has_the_new_one():
    from tgan.anomaly.images import scores

    with pytest.warns(DeprecationWarning, match=r"Scored is MethodScores in tgan\.anomaly\.images"):
        assert scores.Scored is scores.MethodScores


def test_the_package_itself_uses_no_old_name():
    modules = "runs.pretrained, tgan.runs.train, tgan.cli.generate, tgan.cli.benchmark_clipping"
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:tgan", "-c", f"import tgan.{modules}"],
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr


def test_networks_are_still_loaded_the_old_way(tmp_path):
    run = train(make_tiny_config(), run_dir=tmp_path, **{"train.steps": 1})
    with pytest.warns(DeprecationWarning, match=r"load_generator is in tgan\.runs\.old now"):
        from tgan.build import load_generator
    with pytest.warns(DeprecationWarning, match=r"load_critic is in tgan\.runs\.old now"):
        from tgan.build import load_critic
    for load, expected in ((load_generator, run.generator), (load_critic, run.critic)):
        network, config = load(tmp_path)
        assert config == run.config and not network.training
        pairs = zip(network.state_dict().values(), expected.state_dict().values(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
