"""Modules that have moved: their old names go on working for a release, with a warning."""

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

# Below `tgan`; what lies inside a package that is named here has moved along with it.
MOVED = {
    "allocator": "system.memory",
    "anomaly.encoder": "anomaly.images.encoder",
    "anomaly.pca": "anomaly.images.pca",
    "anomaly.pictures": "anomaly.images.pictures",
    "anomaly.scores": "anomaly.images.scores",
    "anomaly.sheet": "anomaly.images.sheet",
    "augment": "training.augment",
    "build": "runs.build",
    "compat": "runs.official",
    "conditions": "models.conditions",
    "data.archive": "data.videos.archive",
    "data.crops": "data.pictures.crops",
    "data.decode": "data.videos.decode",
    "data.depth": "data.pictures.depth",
    "data.digits": "data.made.digits",
    "data.folder": "data.videos.folder",
    "data.frames": "data.videos.frames",
    "data.images": "data.pictures.images",
    "data.index": "data.packed.index",
    "data.labels": "data.videos.labels",
    "data.raycast": "data.made.raycast",
    "data.rgbd": "data.pictures.rgbd",
    "data.seek": "data.videos.seek",
    "data.selection": "data.videos.selection",
    "data.shapes3d": "data.made.shapes3d",
    "data.sources": "data.videos.sources",
    "data.strips": "data.videos.strips",
    "data.torchvision_sets": "data.pictures.torchvision_sets",
    "data.toy": "data.made.toy",
    "datasets": "data.datasets",
    "device": "system.device",
    "evaluation.copies": "evaluation.nearest",
    "evaluation.report": "evaluation.scores",
    "evaluation.swap": "evaluation.gam",
    "experiment": "config.reading",
    "export": "runs.export",
    "features.parts": "data.labelled",
    "features.training": "training.classifier",
    "files": "system.files",
    "latents": "sampling.latents",
    "noise": "rng.noise",
    "packing": "data.packed",
    "pixels": "data.pixels",
    "pretrained": "runs.pretrained",
    "sample_folder": "media.sample_folder",
    "sheet": "media.sum_sheet",
    "sizes": "config.sizes",
    "tadgan": "anomaly.series",
    "tadgan.autoencoders": "anomaly.series.networks.autoencoders",
    "tadgan.baselines": "anomaly.series.baselines",
    "tadgan.components": "anomaly.series.networks.components",
    "tadgan.critics": "anomaly.series.networks.critics",
    "tadgan.errors": "anomaly.series.scoring.reconstruction_errors",
    "tadgan.fidelity": "anomaly.series.scoring.reconstruction_errors",
    "tadgan.forecaster": "anomaly.series.baselines.forecaster",
    "tadgan.inference": "anomaly.series.networks.inference",
    "tadgan.intervals": "anomaly.series.scoring.intervals",
    "tadgan.layers": "anomaly.series.networks.layers",
    "tadgan.matrix_profile": "anomaly.series.baselines.matrix_profile",
    "tadgan.measures": "anomaly.series.scoring.reconstruction",
    "tadgan.networks": "anomaly.series.networks.tables",
    "tadgan.reading": "anomaly.series.data.reading",
    "tadgan.reconstructor": "anomaly.series.baselines.base",
    "tadgan.robot": "anomaly.series.data.robot",
    "tadgan.scores": "anomaly.series.scoring.scores",
    "tadgan.scoring": "anomaly.series.scoring.settings",
    "tadgan.series": "anomaly.series.data.series",
    "tadgan.sets": "anomaly.series.data.sets",
    "tadgan.settings": "anomaly.series.training.settings",
    "tadgan.steps": "anomaly.series.training.steps",
    "tadgan.streaming": "anomaly.series.data.streaming",
    "tadgan.task": "anomaly.series.training.task",
    "tadgan.times": "anomaly.series.data.times",
    "tadgan.training": "anomaly.series.training.loop",
    "tadgan.wheels": "anomaly.series.data.wheels",
    "tadgan.writing": "anomaly.series.data.writing",
    "validation": "config.validation",
    "video": "media.video",
    "words": "lookup",
}


def new_name(name: str) -> str | None:
    """Where the module `name` lies now, or None if it has not moved."""
    room, _, old = name.partition(".")
    if room != "tgan":
        return None
    if old in MOVED:
        return f"tgan.{MOVED[old]}"
    package, _, module = old.rpartition(".")
    return f"tgan.{MOVED[package]}.{module}" if package in MOVED else None


def moved_names(module: str, places: Mapping[str, str]) -> Callable[[str], object]:
    """A `__getattr__` for a module whose names have left it, or have others now.

    Args:
        module: its own name.
        places: where each of its old names is now: a module, or `module:new_name`.
    """

    def get(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        place, _, new = places[name].partition(":")
        now = f"{new} in" if new else "in"
        warnings.warn(f"{name} is {now} {place} now", DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module(place), new or name)

    return get


class _Finder(MetaPathFinder, Loader):
    """Finds a module that has moved, and hands out the one at its new place."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return None if new_name(name) is None else ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        new = new_name(spec.name)
        assert new is not None, f"{spec.name} has not moved"
        module = importlib.import_module(new)
        warnings.warn(f"{spec.name} is {new} now", DeprecationWarning, stacklevel=2)
        if hasattr(module, "__path__"):
            return _stand_in(spec.name, module)
        # The import system is about to overwrite what a module knows of itself.
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None, "a module that is being imported has a spec"
        module.__spec__ = module.__spec__.loader_state or module.__spec__


def _stand_in(name: str, package: ModuleType) -> ModuleType:
    """A package under its old name, with its old submodules and the members of the new one.

    It is another object, since the import system makes old submodules its attributes, and
    submodules of other contents may have the same names at the new place.
    """

    def get(member: str) -> object:
        old = f"{name}.{member}"
        is_submodule = old.removeprefix("tgan.") in MOVED
        return importlib.import_module(old) if is_submodule else getattr(package, member)

    module = ModuleType(name, package.__doc__)
    module.__path__ = []
    module.__getattr__ = get  # type: ignore[method-assign]
    return module


def install() -> None:
    """Have old names found; before the finder of files, which would load a second copy."""
    sys.meta_path.insert(0, _Finder())
