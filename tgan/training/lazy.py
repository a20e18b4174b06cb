"""Lazy regularisation: a penalty that is paid by itself, after every few updates of the critic.

StyleGAN2 (Karras et al. 2020), appendix B.
"""

from torch.optim import Optimizer

# What an optimiser calls the decays of its running means: Adam's, RMSProp's, and either's momentum.
_DECAYS = ("betas", "alpha", "momentum")


def share_of(interval: int) -> float:
    """What is left of each step of an optimiser where one in `interval` + 1 is a penalty's.

    Example:
        >>> share_of(4)
        0.8
    """
    return interval / (interval + 1)


def slow_down(optimizer: Optimizer, share: float) -> None:
    """Have an optimiser go as far, and forget as much, in 1 / `share` times as many steps.

    The learning rate is multiplied by `share`, and the decays of running means are raised to its
    power. The paper says so of Adam; RMSProp's running mean, which it does not speak of, is Adam's
    second one.
    """
    for group in optimizer.param_groups:
        group["lr"] *= share
        for name in _DECAYS:
            if name in group:
                decays = group[name]
                several = isinstance(decays, tuple | list)
                group[name] = tuple(d**share for d in decays) if several else decays**share
