"""Generative adversarial networks for video, after TGAN (Saito et al., ICCV 2017).

    import tgan

    run = tgan.train("configs/demo.yaml", run_dir="runs/demo")
    tgan.show(run.sample(range(16)))

Importing the package is cheap: what it hands out is resolved on first use, and nothing here
imports torch, so that the command line can answer `--help`, check a configuration or prepare
videos without paying for it.
"""

import importlib

from tgan import _moved

__version__ = "0.1.0"

# What the package hands out, and the module that has it.
_FACADE = {
    "Config": "tgan.config",
    "ImageDetector": "tgan.anomaly.images.detector",
    "PictureEditor": "tgan.runs.picture",
    "Scores": "tgan.evaluation.scores",
    "TadGANDetector": "tgan.anomaly.series.detector",
    "TrainedRun": "tgan.runs.trained",
    "constrain": "tgan.constraints.constrain",
    "evaluate": "tgan.evaluation.evaluate",
    "load": "tgan.runs.trained",
    "save": "tgan.media.show",
    "show": "tgan.media.show",
    "train": "tgan.runs.train",
}
__all__ = ["__version__", *_FACADE]

_moved.install()


def __getattr__(name: str) -> object:
    if name not in _FACADE:
        raise AttributeError(f"module 'tgan' has no attribute '{name}'")
    value = getattr(importlib.import_module(_FACADE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_FACADE})
