"""Which array of the authors' snapshots goes where in our networks, and how large these are.

Source: the names and shapes of pfnet-research/tgan, `models/`.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tgan.config.sizes import TEMPORAL_DOUBLINGS
from tgan.models import VideoCritic, VideoGenerator
from tgan.models.layers import BatchNorm
from tgan.runs.official.archives import Arrays

# Our tensors of a layer, and theirs.
_KERNEL = {"weight": "W", "bias": "b"}
_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "avg_mean", "running_var": "avg_var"}
# How often a batch norm was fine-tuned, which the authors never do.
COUNTER = "N"


class Architecture(NamedTuple):
    """What a snapshot's networks are made with.

    Attributes:
        sizes: of a clip: num_frames, resolution, channels.
        generator, critic: settings of `VideoGenerator` and `VideoCritic` beside the sizes, by the
            names that configurations use too.
    """

    sizes: dict[str, int]
    generator: dict[str, int]
    critic: dict[str, int]

    def blank_networks(self) -> tuple[VideoGenerator, VideoCritic]:
        """The networks without memory for weights; no random numbers are drawn."""
        # Of the initialisations, this one does nothing on the meta device the fastest.
        inits = {"temporal_init": "uniform", "image_init": "uniform"}
        with torch.device("meta"):
            generator = VideoGenerator(**self.generator, **self.sizes, **inits)
            return generator, VideoCritic(**self.critic, **self.sizes, init="uniform")


class Slot(NamedTuple):
    """Where one of the authors' arrays goes.

    Attributes:
        key: the name in our network's table of tensors, or None if it has no place there.
        shape: of the authors' array.
    """

    key: str | None
    shape: tuple[int, ...]


def parts_of(generator: VideoGenerator, critic: VideoCritic) -> dict[str, nn.Module]:
    """Our networks by the authors' files."""
    return {"gen": generator.temporal, "vgen": generator.image, "vdis": critic}


def layout_of(architecture: Architecture) -> dict[str, dict[str, Slot]]:
    """Every array of a snapshot by its name, for each file."""
    generator, critic = architecture.blank_networks()
    links = _links(len(critic.convs))
    layout: dict[str, dict[str, Slot]] = {}
    for file, network in parts_of(generator, critic).items():
        slots = layout[file] = {}
        for layer, link in links[file].items():
            module = network.get_submodule(layer)
            tensors = {f"{layer}.{t}": value for t, value in module.state_dict().items()}
            slots |= {_their_name(link, key): _slot(key, value) for key, value in tensors.items()}
            if not tensors:
                # The authors' critic has a first batch norm, which it never applies.
                width, shift = critic.convs[0].out_channels, critic.norms[1].bias is not None
                spare = BatchNorm(width, shift=shift).state_dict()
                slots |= {_their_name(link, key): Slot(None, (width,)) for key in spare}
            if link.startswith("bn"):
                slots[f"{link}/{COUNTER}"] = Slot(None, ())
    return layout


def their_arrays(generator: VideoGenerator, critic: VideoCritic) -> dict[str, Arrays]:
    """Our tensors under the authors' names, for each file.

    Raises:
        ValueError: a tensor that the authors' networks do not have, or of no dtype of theirs.
    """
    links = _links(len(critic.convs))
    arrays: dict[str, Arrays] = {}
    for file, network in parts_of(generator, critic).items():
        arrays[file] = {}
        for key, tensor in network.state_dict().items():
            layer = key.rpartition(".")[0]
            if layer not in links[file]:
                raise ValueError(f"the authors' networks have no '{key}'")
            if tensor.dtype not in (torch.float32, torch.float64):
                raise ValueError(f"'{key}' is of {tensor.dtype}, not float32 or float64")
            name, shape = _their_name(links[file][layer], key), _slot(key, tensor).shape
            arrays[file][name] = tensor.detach().cpu().reshape(shape).numpy()
    return arrays


def _links(doublings: int) -> dict[str, dict[str, str]]:
    """The authors' links by our layers, for each file."""
    return {
        "gen": _numbered("deconvs", "dc", TEMPORAL_DOUBLINGS + 1)
        | _numbered("norms", "bn", TEMPORAL_DOUBLINGS),
        "vgen": {"slow": "l0s", "fast": "l0f", "norm_slow": "bn0s", "norm_fast": "bn0f"}
        | _numbered("deconvs", "dc", doublings, first=1)
        | _numbered("norms", "bn", doublings, first=1)
        | {"last": f"dc{doublings + 1}"},
        "vdis": _numbered("convs", "c", doublings)
        | _numbered("norms", "bn", doublings)
        | {"last": f"c{doublings}"},
    }


def _numbered(ours: str, theirs: str, count: int, *, first: int = 0) -> dict[str, str]:
    return {f"{ours}.{i}": f"{theirs}{i + first}" for i in range(count)}


def _their_name(link: str, key: str) -> str:
    tensor = key.rpartition(".")[2]
    return f"{link}/{(_NORM if link.startswith('bn') else _KERNEL)[tensor]}"


def _slot(key: str, tensor: Tensor) -> Slot:
    """Their critic ends with a 2-D convolution of the one frame that is left; ours is 3-D."""
    shape = tuple(tensor.shape)
    if key == "last.weight" and len(shape) == 5 and shape[2] == 1:
        shape = shape[:2] + shape[3:]
    return Slot(key, shape)
