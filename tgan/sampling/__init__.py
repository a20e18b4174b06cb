"""From seeds to samples: latents, their arithmetic, and decoding them."""

import warnings


def __getattr__(name: str) -> object:
    """Names that this package had as a module, for a release."""
    from tgan.sampling import decoding

    if name.startswith("_") or not hasattr(decoding, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(f"{name} is in tgan.sampling.decoding now", DeprecationWarning, stacklevel=2)
    return getattr(decoding, name)
