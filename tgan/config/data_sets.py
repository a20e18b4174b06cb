"""Data sets by name, and the facts about each that settings are checked against.

A new data set is one row here, its name in `tgan.config.names`, and its function in
`tgan.data.datasets.DATASETS`. Nothing here imports torch, so that mistakes are named before
anything heavy is loaded.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataFacts:
    """What holds for all clips of a data set, whatever else its settings say.

    Attributes:
        channels: the numbers of channels that its clips can have; none where they are no colours,
            and other settings say how many there are.
        single_frames: whether its clips are images.
        needs_path: whether `data.path` has to name a file or folder.
        is_built_in: whether its clips are made here, without files, where no path is named.
        settings: members of `DataConfig` that not every data set has.
    """

    channels: tuple[int, ...] = (1, 3, 4)
    single_frames: bool = True
    needs_path: bool = False
    is_built_in: bool = False
    settings: tuple[str, ...] = ()

    @property
    def are_pictures(self) -> bool:
        """Whether channels are colours, and transparency or depth."""
        return bool(self.channels)


DATA_SETS: dict[str, DataFacts] = {
    "moving_digits": DataFacts(channels=(1, 3), single_frames=False, is_built_in=True),
    "videos": DataFacts(channels=(1, 3), single_frames=False, needs_path=True),
    "images": DataFacts(needs_path=True, settings=("labels_key", "crops", "pixel_bounds")),
    "picture": DataFacts(needs_path=True),
    "rgbd": DataFacts(
        channels=(4,), needs_path=True, settings=("crops", "depth_bounds", "depth_holes")
    ),
    "torchvision": DataFacts(settings=("dataset", "download")),
    "digits": DataFacts(is_built_in=True),
    "stacked_digits": DataFacts(channels=(3,), is_built_in=True),
    "shapes3d": DataFacts(is_built_in=True),
    "levels": DataFacts(channels=(), is_built_in=True, settings=("tiles", "window")),
    "own": DataFacts(single_frames=False),
}

# The classes of torchvision that `torchvision` data can be, and the argument by which each is
# asked for its training or its test split.
TORCHVISION_SETS: dict[str, str] = {
    "MNIST": "train",
    "FashionMNIST": "train",
    "KMNIST": "train",
    "USPS": "train",
    "CIFAR10": "train",
    "CIFAR100": "train",
    "SVHN": "split",
    "STL10": "split",
    "GTSRB": "split",
}


def special_settings() -> dict[str, list[str]]:
    """List each setting that not every data set has, with the data sets that have it."""
    names = dict.fromkeys(name for facts in DATA_SETS.values() for name in facts.settings)
    return {
        name: [data for data, facts in DATA_SETS.items() if name in facts.settings]
        for name in names
    }
