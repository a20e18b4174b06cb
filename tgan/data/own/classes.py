"""Labels of clips, as numbers or as names, and the classes that they stand for."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tgan.media.layouts import to_numpy


def number_classes(
    labels: Any, names: Sequence[str] | None = None, *, count: int
) -> tuple[np.ndarray, list[str]]:
    """Number the classes of clips.

    Args:
        labels: (count,), whole numbers from 0, or names: an array, a tensor or a list.
        names: of the classes in their order. Without it the classes are the labels that occur,
            sorted; numbers become names as they are written.
        count: the number of clips.

    Returns:
        The position of each clip's class (count,), and the names of the classes.

    Raises:
        ValueError: another number of labels, a label that is neither a whole number nor a name,
            a negative one, or one that is not among `names`.

    Example:
        >>> number_classes(["wave", "bend", "wave"], count=3)
        (array([1, 0, 1]), ['bend', 'wave'])
    """
    values = _values(labels, count)
    if names is None:
        found, positions = np.unique(values, return_inverse=True)
        return positions, [str(name) for name in found]
    names = check_names(names)
    return np.array([position_of(v, names, f"clip {i}") for i, v in enumerate(values)]), names


def check_names(names: Sequence[str]) -> list[str]:
    """Return names of classes as a list of texts.

    Raises:
        ValueError: none, or one twice.
    """
    texts = [str(name) for name in names]
    twice = [name for name in texts if texts.count(name) > 1]
    if not texts or twice:
        raise ValueError(f"classes name '{twice[0]}' twice" if twice else "classes name no class")
    return texts


def position_of(label: Any, names: Sequence[str], of: str) -> int:
    """Return the position of a label, a number or a name, among the names of classes.

    Args:
        of: whose label it is, for the error.

    Raises:
        ValueError: it is not among them.
    """
    label = label.item() if hasattr(label, "item") else label
    if isinstance(label, str) and label in names:
        return names.index(label)
    if isinstance(label, int) and 0 <= label < len(names):
        return label
    few = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    raise ValueError(f"the label of {of} is {label!r}; the {len(names)} classes are {few}")


def _values(labels: Any, count: int) -> np.ndarray:
    """Labels as an array (count,) of whole numbers or of texts."""
    if not hasattr(labels, "dtype"):
        labels = [label.item() if hasattr(label, "item") else label for label in labels]
        for index, label in enumerate(labels):
            if not isinstance(label, int | str):
                raise ValueError(f"the label of clip {index} is {label!r}; {_NEEDED}")
    values = to_numpy(labels)
    if values.dtype == object:
        values = _values(values.tolist(), count)
    if values.ndim != 1:
        raise ValueError(f"labels of shape {values.shape}; {_NEEDED}, one for each clip, is needed")
    if len(values) != count:
        raise ValueError(f"{len(values)} labels for {count} clips")
    if values.dtype.kind not in "iubUT":
        raise ValueError(f"labels are {values.dtype}; {_NEEDED}")
    if values.dtype.kind == "i" and values.min() < 0:
        index = int(values.argmin())
        raise ValueError(f"the label of clip {index} is {values[index]}; {_NEEDED}")
    return values


_NEEDED = "a whole number from 0, or a name"
