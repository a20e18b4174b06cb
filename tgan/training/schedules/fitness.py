"""Fitness of a generator in the eyes of a critic: quality, and diversity."""

import torch
from torch import Tensor
from torch.nn.utils.parametrize import cached

from tgan.models.distributed import mean_over_processes
from tgan.rng.noise import Noise
from tgan.training.learners import Batch, Critic
from tgan.training.schedules.apart import apart


def fitness(critic: Critic, *, real: Batch, fake: Tensor, noise: Noise) -> tuple[Tensor, Tensor]:
    """How real fakes look to a critic, and how little it would learn from them.

    Quality is the mean probability, from 0 to 1, that the critic gives to fakes of being real.
    Diversity is minus the logarithm of the norm of the gradient of the critic's loss in all its
    weights: a generator whose samples come to lie in one place is told apart at a stroke. Means and
    gradients are those of the global batch. The critic, its gradients and its running statistics
    stay as they are.

    Args:
        critic: whose scores are log-odds.
        fake: (N, ...), without a graph, under the condition of the real samples.

    Returns:
        Quality and diversity, scalars without a graph.

    Source: Wang et al. 2018, F_q and F_d as printed; their PyTorch code adds the logarithm.
    """
    judge, weights = apart(critic, {}), [p for p in critic.module.parameters() if p.requires_grad]
    with cached():
        real_scores, fake_scores = judge.scores(real, fake, noise)
        loss = critic.objective.critic(real_scores, fake_scores)
    gradients = torch.autograd.grad(loss, weights, materialize_grads=True)
    norms = torch._foreach_norm([mean_over_processes(gradient) for gradient in gradients])
    norm = torch.linalg.vector_norm(torch.stack(norms))
    quality = mean_over_processes(fake_scores.detach().sigmoid().mean())
    return quality, -norm.clamp(min=torch.finfo(norm.dtype).tiny).log()
