"""Copies of batches to the device that trains, beside what it computes."""

from contextlib import nullcontext

import torch
from torch import Tensor

from tgan.system.device import upload


class Uploads:
    """Copies tensors of the host to a device: they begin at once, and nobody waits for their end.

    On CUDA they have a stream of their own, so that they do not queue behind the steps that the
    device has yet to take; what is computed with them waits for them there.

    Example:
        >>> uploads = Uploads(torch.device("cpu"))
        >>> coming = uploads.begin(torch.ones(2))
        >>> uploads.end(coming)
        (tensor([1., 1.]),)
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def begin(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Copies of `tensors` that are on their way."""
        with nullcontext() if self._stream is None else torch.cuda.stream(self._stream):
            return tuple(upload(tensor, self._device) for tensor in tensors)

    def end(self, coming: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Have all that is computed from here on wait, on the device, for what `begin` gave."""
        if self._stream is not None:
            computing = torch.cuda.current_stream(self._device)
            computing.wait_stream(self._stream)
            for tensor in coming:
                # Or its memory would be given away while it is computed with.
                tensor.record_stream(computing)
        return coming
