"""Fingerprints of clips: whether those that a run goes on with are those that it was trained on."""

import hashlib
import json

import numpy as np

from tgan.data.clips import ClipSource
from tgan.data.replaced import UNREADABLE

# Clips that are looked at where a source has no fingerprint of its own.
_SAMPLES = 16


def fingerprint(source: ClipSource) -> str | None:
    """Compute a SHA-256 of clips, or of samples of them; None where clips change by themselves.

    It takes well under a second for 100,000 videos. A source has its own way, `fingerprint()`;
    otherwise the number of videos, their classes, and the first clips of some of them count.

    Example:
        >>> fingerprint(open_clips("data/actions", num_frames=16, resolution=64))[:8]
        '5e6f3f02'
    """
    own = getattr(source, "fingerprint", None)
    return _of_samples(source) if own is None else own()


def _of_samples(source: ClipSource) -> str:
    digest = hashlib.sha256()
    names = list(getattr(source, "names", []))
    labels = [source.label(index) for index in range(len(source))] if source.labels else []
    about = [list(source.shape), len(source), list(source.labels), labels, names]
    digest.update(json.dumps(about, default=int).encode())
    places = np.linspace(0, len(source) - 1, min(_SAMPLES, len(source))).astype(int)
    for index in places.tolist():
        try:
            clip = source.clip(index, 0)
        except UNREADABLE:
            clip = np.empty(0, np.uint8)
        digest.update(np.ascontiguousarray(clip).tobytes())
    return digest.hexdigest()
