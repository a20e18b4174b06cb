"""What a constraint refuses before it changes a critic."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrize import is_parametrized

from tgan.models.affine import AffineLayer, unbounded_part
from tgan.models.batch_view import BatchView
from tgan.models.layers import BatchNorm


def refuse_mixing(critic: nn.Module, reason: str) -> None:
    """Do nothing for a critic that scores samples one by one: as `refuse_batch_norm`, and no view.

    Args:
        reason: as for `refuse_batch_norm`; it goes on after "a view of its batch", too.

    Raises:
        ValueError: it has a batch norm, or sees its batch otherwise (`tgan.models.batch_view`).
    """
    refuse_batch_norm(critic, reason)
    for name, module in critic.named_modules():
        if isinstance(module, BatchView):
            raise ValueError(
                f"critic layer '{name}' is a view of its batch, {reason}; set critic.sees_batch "
                "none"
            )


def refuse_batch_norm(critic: nn.Module, reason: str) -> None:
    """Do nothing for a critic without batch norms, ours or PyTorch's.

    Norms that look at one sample at a time (instance, layer, group) pass: they do not mix samples,
    though they bound no gradient either.

    Args:
        reason: why a batch norm cannot be there, a clause that goes on after "a batch norm".

    Raises:
        ValueError: it has one; the message names it, the reason and the setting.
    """
    for name, module in critic.named_modules():
        if isinstance(module, BatchNorm | _BatchNorm):
            raise ValueError(
                f"critic layer '{name}' is a batch norm, {reason}; set critic.batch_norm false"
            )


def refuse_unbounded(critic: nn.Module, layers: list[AffineLayer]) -> None:
    """Do nothing for a critic that the norms of its affine layers bound, as far as can be seen.

    Args:
        layers: all that it calls, from `affine_layers`.

    Raises:
        ValueError: it has a part of another kind, or weights that are computed from others; the
            message names it.
    """
    if (part := unbounded_part(critic, layers)) is not None:
        raise ValueError(
            f"critic part {part} is no linear layer or convolution that is called as a module, nor "
            "an activation of slope at most 1: nothing bounds it"
        )
    for layer in layers:
        if is_parametrized(layer.module):
            raise ValueError(f"critic weight '{layer.name}.weight' is computed from others already")
