"""Feature networks: what clips look like to a network that was trained on something else."""

from collections.abc import Callable
from pathlib import Path

from tgan.features.base import Classifier, FeatureNetwork
from tgan.features.c3d import C3D_TABLE
from tgan.features.classifier import ClassifierFeatures, FrameClassifierFeatures
from tgan.features.efficientnet import EfficientNetFeatures
from tgan.features.i3d import I3DFeatures
from tgan.features.torchscript import TorchScriptFeatures
from tgan.features.torchvision import TORCHVISION_TABLE
from tgan.features.transnet import TransNetFeatures
from tgan.features.videomae import VideoMAEFeatures
from tgan.features.vjepa import VJEPAFeatures
from tgan.lookup import look_up

__all__ = ["FEATURES", "Classifier", "FeatureNetwork", "load_features"]

# Each takes (path, device=...); `None` as a path means the weights that a package brings.
FEATURES: dict[str, Callable[..., FeatureNetwork]] = {
    "efficientnet_lite0": EfficientNetFeatures,
    "transnetv2": TransNetFeatures,
    "classifier": ClassifierFeatures,
    "frame_classifier": FrameClassifierFeatures,
    "i3d": I3DFeatures,
    "vjepa": VJEPAFeatures,
    "videomae": VideoMAEFeatures,
    "custom": TorchScriptFeatures,
    **C3D_TABLE,
    **TORCHVISION_TABLE,
}


def load_features(
    name: str, path: str | Path | None = None, *, device: str = "cpu"
) -> FeatureNetwork:
    """The feature network `name` on `device`, with the weights at `path`.

    Raises:
        ValueError: no such network, a package that is not installed, or a file that is missing or
            holds something else.
    """
    return look_up(FEATURES, name, kind="features")(path, device=device)
