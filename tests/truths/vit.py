"""Vision transformers of clips in NumPy and float64, literally, from the files' own names.

Softmax, normalisation and GELU are written out, a patch is a slice, and heads are loops.
"""

import numpy as np
from scipy.special import erf


class Truth:
    """A network whose tensors are `state`.

    Args:
        heads: of every attention.
    """

    def __init__(self, state, *, heads):
        self.state = {key: np.asarray(value, np.float64) for key, value in state.items()}
        self.heads = heads

    def linear(self, x, name):
        return x @ self.state[f"{name}.weight"].T + self.state[f"{name}.bias"]

    def norm(self, x, name, epsilon=1e-6):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt(np.square(centred).mean(-1, keepdims=True) + epsilon)
        return scaled * self.state[f"{name}.weight"] + self.state[f"{name}.bias"]

    def mlp(self, x, name):
        hidden = self.linear(x, f"{name}.fc1")
        return self.linear(hidden * (1 + erf(hidden / np.sqrt(2))) / 2, f"{name}.fc2")

    def attend(self, queries, keys, values):
        """(M, D), (L, D) and (L, D) to (M, D)."""
        found = np.empty_like(queries)
        for head in np.split(np.arange(queries.shape[1]), self.heads):
            scores = queries[:, head] @ keys[:, head].T / np.sqrt(len(head))
            weights = np.exp(scores - scores.max(1, keepdims=True))
            found[:, head] = weights / weights.sum(1, keepdims=True) @ values[:, head]
        return found

    def patches(self, clip):
        """Tokens (L, D) of a clip (3, T, H, W), by time, height and width."""
        kernel, bias = (self.state[f"patch_embed.proj.{name}"] for name in ("weight", "bias"))
        _, _, t, h, w = kernel.shape
        frames, height, width = clip.shape[1:]
        return np.array(
            [
                (kernel * clip[:, a : a + t, b : b + h, c : c + w]).sum((1, 2, 3, 4)) + bias
                for a in range(0, frames, t)
                for b in range(0, height, h)
                for c in range(0, width, w)
            ]
        )

    def block(self, tokens, name, keys_and_values):
        """`keys_and_values` gives what attention takes of normalised tokens."""
        normed = self.norm(tokens, f"{name}.norm1")
        found = self.attend(*keys_and_values(normed, f"{name}.attn"))
        tokens = tokens + self.linear(found, f"{name}.attn.proj")
        return tokens + self.mlp(self.norm(tokens, f"{name}.norm2"), f"{name}.mlp")


def bilinear(frames, side):
    """Frames (..., H, W) at another size: half-pixel centres, the border repeated."""

    def along(x, axis):
        size = x.shape[axis]
        at = ((np.arange(side) + 0.5) * size / side - 0.5).clip(0)
        low = np.floor(at).astype(int)
        high, share = np.minimum(low + 1, size - 1), at - low
        shape = [-1 if i == axis % x.ndim else 1 for i in range(x.ndim)]
        share = share.reshape(shape)
        return np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share

    return along(along(frames, -2), -1)
