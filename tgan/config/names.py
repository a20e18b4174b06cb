"""Names that settings take, known without torch; tests hold each list against its table.

`own` is a part that comes from Python: the configuration says no more of it.
"""

from typing import Literal

OWN = "own"

ObjectiveName = Literal[
    "wasserstein",
    "minimax",
    "non_saturating",
    "least_squares",
    "hinge",
    "relativistic",
    "feature_matching",
    "own",
]
GeneratorName = Literal["tgan", "deconv3d", "videogan", "dcgan", "translator", "pyramid", "own"]
CriticName = Literal["conv3d", "patch", "own"]
BatchViewName = Literal["none", "discrimination", "deviation"]
ConstraintName = Literal[
    "none",
    "weight_clip",
    "svc",
    "svc_certified",
    "spectral_norm",
    "spectral_norm_conv",
    "wgan_gp",
    "wgan_lp",
    "dragan",
    "r1",
    "r1_r2",
    "orthonormal",
    "parseval",
    "aol",
    "own",
]
DataName = Literal[
    "moving_digits",
    "videos",
    "images",
    "picture",
    "rgbd",
    "torchvision",
    "digits",
    "stacked_digits",
    "shapes3d",
    "levels",
    "own",
]
ScheduleName = Literal["simultaneous", "alternating", "unrolled", "evolutionary"]
MutationName = Literal["minimax", "non_saturating", "least_squares"]
PictureName = Literal["edges", "grey", "low_resolution"]
InitialisationName = Literal[
    "he_normal", "lecun_normal", "uniform", "normal", "dcgan", "small_normal", "orthogonal"
]
