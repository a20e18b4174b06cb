"""Networks: generators map latents to samples, critics map samples to scores."""

from tgan.models.critic import VideoCritic
from tgan.models.dcgan import ImageDeconvGenerator
from tgan.models.deconv3d import Deconv3dGenerator, TwoStreamGenerator
from tgan.models.images import ImageGenerator, SmoothImageGenerator
from tgan.models.patch import PatchCritic
from tgan.models.pyramid import PyramidGenerator
from tgan.models.tgan import TemporalGenerator, VideoGenerator
from tgan.models.translator import ImageTranslator

GENERATORS = {
    "tgan": VideoGenerator,
    "deconv3d": Deconv3dGenerator,
    "videogan": TwoStreamGenerator,
    "dcgan": ImageDeconvGenerator,
    "translator": ImageTranslator,
    "pyramid": PyramidGenerator,
}
CRITICS = {"conv3d": VideoCritic, "patch": PatchCritic}

__all__ = [
    "CRITICS",
    "GENERATORS",
    "Deconv3dGenerator",
    "ImageDeconvGenerator",
    "ImageGenerator",
    "ImageTranslator",
    "PatchCritic",
    "PyramidGenerator",
    "SmoothImageGenerator",
    "TemporalGenerator",
    "TwoStreamGenerator",
    "VideoCritic",
    "VideoGenerator",
]
