import math

import pytest
import torch

from tgan.losses import OBJECTIVES

# Others have no loss of the generator's.
OF_BOTH = [name for name, objective in OBJECTIVES.items() if objective.generator is not None]
REAL, FAKE = torch.tensor([0.5, -1.0]), torch.tensor([2.0, 0.25])


def log_sigmoid(x: float) -> float:
    return math.log(1 / (1 + math.exp(-x)))


def mean(values) -> float:
    values = list(values)
    return sum(values) / len(values)


r, f = REAL.tolist(), FAKE.tolist()
CLOSED_FORMS = {
    "wasserstein": (mean(f) - mean(r), -mean(f)),
    "minimax": (
        -mean(log_sigmoid(x) for x in r) - mean(log_sigmoid(-x) for x in f),
        mean(math.log(1 - 1 / (1 + math.exp(-x))) for x in f),
    ),
    "non_saturating": (
        -mean(log_sigmoid(x) for x in r) - mean(log_sigmoid(-x) for x in f),
        -mean(log_sigmoid(x) for x in f),
    ),
    "least_squares": (
        0.5 * mean((x - 1) ** 2 for x in r) + 0.5 * mean(x**2 for x in f),
        0.5 * mean((x - 1) ** 2 for x in f),
    ),
    "hinge": (mean(max(0, 1 - x) for x in r) + mean(max(0, 1 + x) for x in f), -mean(f)),
    "relativistic": (
        -mean(log_sigmoid(x - y) for x, y in zip(r, f, strict=True)),
        -mean(log_sigmoid(y - x) for x, y in zip(r, f, strict=True)),
    ),
}


@pytest.mark.parametrize("name", OF_BOTH)
def test_losses_match_their_closed_forms(name):
    objective = OBJECTIVES[name]
    critic, generator = CLOSED_FORMS[name]
    real = REAL if objective.relativistic else None
    assert objective.critic(REAL, FAKE).item() == pytest.approx(critic, rel=1e-6)
    assert objective.generator(real, FAKE).item() == pytest.approx(generator, rel=1e-6)


@pytest.mark.parametrize("name", OF_BOTH)
def test_zero_sum_says_whether_the_gradients_at_fakes_are_opposite(name):
    objective = OBJECTIVES[name]
    fake = torch.tensor([2.0, -3.0], requires_grad=True)  # either side of the hinge
    (of_critic,) = torch.autograd.grad(objective.critic(REAL, fake), fake)
    (of_generator,) = torch.autograd.grad(objective.generator(REAL, fake), fake)
    assert torch.allclose(of_critic, -of_generator) == objective.zero_sum


@pytest.mark.parametrize("name", OF_BOTH)
def test_losses_stay_finite_at_extreme_scores(name):
    objective = OBJECTIVES[name]
    real, fake = torch.tensor([-1e4, 1e4]), torch.tensor([1e4, -1e4])
    assert torch.isfinite(objective.critic(real, fake))
    assert torch.isfinite(objective.generator(real, fake))


def test_feature_matching_trains_the_critic_of_goodfellow_and_has_no_loss_of_scores():
    matching = OBJECTIVES["feature_matching"]
    critic, _ = CLOSED_FORMS["non_saturating"]
    assert matching.critic(REAL, FAKE).item() == pytest.approx(critic, rel=1e-6)
    assert matching.generator is None and matching.auxiliary == ("feature_matching",)
    assert not (matching.zero_sum or matching.relativistic)
    assert {*OBJECTIVES} - {*OF_BOTH} == {"feature_matching"}
