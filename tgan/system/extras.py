"""Packages that are not always installed."""

import importlib.util


def require(*packages: str, extra: str, purpose: str) -> None:
    """Raise a ValueError that says what to install unless all packages are there.

    Args:
        extra: the optional dependencies of this package that bring them.
        purpose: what needs them, in the plural.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise ValueError(f"{purpose} need {package}: pip install 'tgan-video[{extra}]'")
