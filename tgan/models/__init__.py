"""Networks: generators map latents to samples, critics map samples to scores."""

from tgan.models.critic import VideoCritic
from tgan.models.dcgan import ImageDeconvGenerator
from tgan.models.deconv3d import Deconv3dGenerator, TwoStreamGenerator
from tgan.models.images import ImageGenerator, SmoothImageGenerator
from tgan.models.tgan import TemporalGenerator, VideoGenerator
from tgan.models.translator import ImageTranslator

GENERATORS = {
    "tgan": VideoGenerator,
    "deconv3d": Deconv3dGenerator,
    "videogan": TwoStreamGenerator,
    "dcgan": ImageDeconvGenerator,
    "translator": ImageTranslator,
}
CRITICS = {"conv3d": VideoCritic}

__all__ = [
    "CRITICS",
    "GENERATORS",
    "Deconv3dGenerator",
    "ImageDeconvGenerator",
    "ImageGenerator",
    "ImageTranslator",
    "SmoothImageGenerator",
    "TemporalGenerator",
    "TwoStreamGenerator",
    "VideoCritic",
    "VideoGenerator",
]
