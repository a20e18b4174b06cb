"""Networks: generators map latents to samples, critics map samples to scores."""

from tgan.models.critic import VideoCritic
from tgan.models.tgan import ImageGenerator, TemporalGenerator, VideoGenerator

GENERATORS = {"tgan": VideoGenerator}
CRITICS = {"conv3d": VideoCritic}

__all__ = [
    "CRITICS",
    "GENERATORS",
    "ImageGenerator",
    "TemporalGenerator",
    "VideoCritic",
    "VideoGenerator",
]
