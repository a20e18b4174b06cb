"""What a constraint refuses before it changes a critic."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrize import is_parametrized

from tgan.models.affine import AffineLayer, unbounded_part
from tgan.models.batch_view import BatchView
from tgan.models.layers import BatchNorm

_MIXING = (
    ((BatchNorm, _BatchNorm), "a batch norm", "critic.batch_norm false"),
    ((BatchView,), "a view of its batch", "critic.sees_batch none"),
)


def refuse_mixing(critic: nn.Module, reason: str) -> None:
    """Do nothing for a critic without batch norms, ours or PyTorch's, and without a batch view.

    Norms that look at one sample at a time (instance, layer, group) pass: they do not mix samples,
    though they bound no gradient either.

    Args:
        reason: why neither can be there, a clause that goes on after "a batch norm".

    Raises:
        ValueError: it has one; the message names it, the reason and the setting.
    """
    for name, module in critic.named_modules():
        for kinds, what, remedy in _MIXING:
            if isinstance(module, kinds):
                raise ValueError(f"critic layer '{name}' is {what}, {reason}; set {remedy}")


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
