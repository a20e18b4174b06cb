"""Tables of TadGAN's networks: encoders, decoders, critics of windows and of latents.

A window is (N, C, W) in [-1, 1], a latent (N, K). The published networks (Geiger et al. 2020) are
those of the authors' Orion: `lstm` encoder and decoder, `conv` critic of windows, `mlp` critic of
latents, all initialised as by Keras. `dense` ones are not published, and cost much less on a CPU.

On the recurrent critic a constraint bounds matrices and certifies nothing: `weight_clip`, `svc`,
`parseval` and `orthonormal` treat the stacked gates (4 units, inputs) as one matrix, but gates
multiply each other and the cell adds up over time, so that the score may be steeper than any
product of those norms. Constraints that compute weights from others (`spectral_norm`,
`spectral_norm_conv`, `aol`), and `svc_certified`, refuse it.
"""

from tgan.anomaly.series.networks.autoencoders import (
    DenseDecoder,
    DenseEncoder,
    LSTMDecoder,
    LSTMEncoder,
)
from tgan.anomaly.series.networks.critics import ConvCritic, DenseCritic, LatentCritic, LSTMCritic

ENCODERS = {"lstm": LSTMEncoder, "dense": DenseEncoder}
DECODERS = {"lstm": LSTMDecoder, "dense": DenseDecoder}
WINDOW_CRITICS = {"conv": ConvCritic, "lstm": LSTMCritic, "dense": DenseCritic}
LATENT_CRITICS = {"mlp": LatentCritic}
