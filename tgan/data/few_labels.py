"""Few labels: the clips of a source whose classes training is told, balanced over the classes."""

import numpy as np

from tgan.data.clips import ClipSource
from tgan.data.subset import Subset
from tgan.rng import Stream, numpy_rng


def labelled_part(source: ClipSource, count: int | None = None, *, draw: int = 0) -> Subset:
    """Draw clips whose classes are told, as many of each class; of others they are hidden.

    Args:
        count: of these clips, a multiple of the number of classes; None takes all that have a
            class, however many of each.
        draw: which clips: a function of this number, of `count` and of the classes alone. Fewer
            labels of a draw are among its more.

    Raises:
        ValueError: fewer than two classes, a class without clips, or a count that is below the
            number of classes, no multiple of it, or more than there are clips.

    Source: Salimans et al. 2016, section 6.1: labelled digits are chosen at random, as many of
    each class.
    """
    of_class: list[list[int]] = [[] for _ in source.labels]
    for index in range(len(source)):
        label = source.label(index)
        if label is not None:
            of_class[label].append(index)
    if len(of_class) < 2:
        raise ValueError(
            f"train.cross_entropy_weight needs clips of two classes or more, and these have "
            f"{len(of_class)}: label videos when they are prepared; put images in a folder per "
            "class"
        )
    for name, indices in zip(source.labels, of_class, strict=True):
        if not indices:
            raise ValueError(f"no clip is of the class '{name}', which the critic is to learn")
    if count is None:
        return Subset(source, sorted(index for indices in of_class for index in indices))
    share = _share(count, source.labels, list(map(len, of_class)))
    chosen: list[int] = []
    for label, indices in enumerate(of_class):
        order = numpy_rng(Stream.LABELS, draw, label).permutation(len(indices))
        chosen += np.array(indices)[order[:share]].tolist()
    return Subset(source, chosen)


def _share(count: int, labels: list[str], there: list[int]) -> int:
    """How many labels each class gets."""
    share, rest = divmod(count, len(labels))
    if not share:
        raise ValueError(f"data.num_labels {count} is below the number of classes, {len(labels)}")
    if rest:
        near = f"{share * len(labels)} or {(share + 1) * len(labels)}"
        raise ValueError(
            f"data.num_labels {count} is not a multiple of the number of classes, {len(labels)}: "
            f"{near} is"
        )
    fewest = min(there)
    if share > fewest:
        raise ValueError(
            f"data.num_labels {count} is {share} of each class, and the class "
            f"'{labels[there.index(fewest)]}' has {fewest}"
        )
    return share
