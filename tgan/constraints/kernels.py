"""What a reparametrisation has to find in a critic before it can bound it."""

from torch import nn

from tgan.models.affine import AFFINE


def affine_modules(critic: nn.Module) -> list[nn.Module]:
    """The linear layers and convolutions of a critic, in which all its kernels have to be.

    Raises:
        ValueError: it has a kernel elsewhere, which would go without a bound.
    """
    found = [module for module in critic.modules() if isinstance(module, AFFINE)]
    known = {id(module.weight) for module in found}
    for name, parameter in critic.named_parameters():
        if parameter.ndim >= 2 and id(parameter) not in known:
            owner = critic.get_submodule(name.rpartition(".")[0])
            if isinstance(owner, nn.RNNBase):
                raise ValueError(
                    f"critic weight '{name}' is of a recurrent layer, which cannot be "
                    "reparametrised; a gradient penalty, weight_clip or svc can be set instead, "
                    "of which none certifies it"
                )
            raise ValueError(
                f"critic weight '{name}' is in no linear layer or convolution; only kernels of "
                f"{', '.join(module.__name__ for module in AFFINE)} can be reparametrised"
            )
    return found
