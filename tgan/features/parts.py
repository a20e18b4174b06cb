"""Which labelled videos train the small classifier, and which tell how good it is."""

from tgan.data.clips import ClipSource
from tgan.data.subset import Subset

# Of the videos of every class, one in six is held out.
HELD_OUT_SHARE = 6


def split(source: ClipSource) -> tuple[Subset, Subset]:
    """All labelled videos but the sixth, twelfth, ... of each class, and those.

    A class of fewer than six videos gives its last one.

    Raises:
        ValueError: fewer than two classes, or a class with a single video.
    """
    kept: list[int] = []
    held_out: list[int] = []
    for name, indices in zip(source.labels, _indices_by_class(source), strict=True):
        if len(indices) < 2:
            raise ValueError(
                f"the class '{name}' has {len(indices)} videos long enough: two are needed, one to"
                " train and one to hold out"
            )
        last = min(HELD_OUT_SHARE, len(indices)) - 1
        for place, index in enumerate(indices):
            (held_out if place % HELD_OUT_SHARE == last else kept).append(index)
    labels = list(source.labels)
    return Subset(source, kept, labels), Subset(source, held_out, labels)


def whole(source: ClipSource, labels: list[str]) -> Subset:
    """All labelled videos of a source, its classes counted as in `labels`.

    Raises:
        ValueError: fewer than two classes, no video with a label, or a class that is not among
            `labels`.
    """
    unknown = sorted(set(source.labels) - set(labels))
    if unknown:
        choices = ", ".join(labels)
        raise ValueError(f"held-out videos of a class '{unknown[0]}'; the classes are {choices}")
    indices = [index for of_class in _indices_by_class(source) for index in of_class]
    return Subset(source, indices, labels)


def _indices_by_class(source: ClipSource) -> list[list[int]]:
    """The videos of each class; those without a label are in none."""
    classes: list[list[int]] = [[] for _ in source.labels]
    for index in range(len(source)):
        label = source.label(index)
        if label is not None:
            classes[label].append(index)
    if len(classes) < 2 or not any(classes):
        raise ValueError(
            f"{len(classes)} classes of videos: two are needed, such as from the videos of each"
            " class in a folder of their own, prepared with labels 'folders'"
        )
    return classes
