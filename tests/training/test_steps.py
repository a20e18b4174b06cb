import copy
from itertools import repeat

import pytest
import torch

from tgan.config import TrainConfig
from tgan.constraints import Constraint, SingularValueClip
from tgan.losses import OBJECTIVES
from tgan.models import VideoCritic, VideoGenerator
from tgan.rng.noise import Noise
from tgan.training.auxiliary import auxiliary_losses
from tgan.training.gan import GANTask
from tgan.training.steps import (
    Batch,
    Critic,
    Learner,
    alternating_step,
    critic_step,
    generator_step,
    simultaneous_step,
)


def make_learners(generator, critic, *, scalers=(None, None), optimizers=None, **rules):
    optimizers = optimizers or [
        torch.optim.RMSprop(module.parameters(), lr=1e-3) for module in (generator, critic)
    ]
    rules.setdefault("objective", "wasserstein")
    rules.setdefault("constraint", Constraint())
    rules["objective"] = OBJECTIVES[rules["objective"]]
    return (
        Learner(generator, optimizers[0], scaler=scalers[0]),
        Critic(critic, optimizers[1], scaler=scalers[1], **rules),
    )


def make_networks(*, batch_norm=True):
    torch.manual_seed(0)
    generator = VideoGenerator(
        z_slow=6,
        z_fast=5,
        resolution=32,
        channels=1,
        temporal_width=8,
        width=16,
        image_init="he_normal",
    )
    critic = VideoCritic(channels=1, resolution=32, width=4, batch_norm=batch_norm)
    return generator.double(), critic.double()


def inputs(count=1):
    generator = torch.Generator().manual_seed(1)
    reals = [torch.rand(3, 1, 16, 32, 32, generator=generator).double() for _ in range(count)]
    latents = [torch.rand(3, 6, generator=generator).double() for _ in range(count + 1)]
    return reals, latents


class Gradients:
    """An optimiser that keeps what it was given and changes nothing."""

    def __init__(self, module):
        self.module, self.seen = module, []

    def step(self):
        self.seen.append([p.grad.clone() for p in self.module.parameters()])

    def zero_grad(self):
        self.module.zero_grad()


def auxiliary_of(name, **settings):
    """What a generator pays beside an objective, by default."""
    return auxiliary_losses(TrainConfig(**settings), OBJECTIVES[name])


def gradients_of(step, generator, critic, *, objective, constraint=None, **arguments):
    optimizers = [Gradients(generator), Gradients(critic)]
    rules = {"objective": objective, "constraint": constraint or Constraint()}
    learners = make_learners(generator, critic, optimizers=optimizers, **rules)
    arguments["auxiliary"] = auxiliary_of(objective)
    terms = step(*learners, noise=Noise(0), **arguments)
    return [optimizer.seen for optimizer in optimizers], terms


def once(real, z):
    """What one simultaneous step takes."""
    return {"reals": [Batch(real)], "latents": [z], "noise": Noise(0), "update": 1}


def loss_of_generator(objective, critic, *, real, fake):
    """Its name and value: of scores, or the distance of mean features."""
    if objective.generator is not None:
        return "generator_loss", objective.generator(critic(real), critic(fake))
    at_real, at_fake = (critic.features(samples).mean(0) for samples in (real, fake))
    return "feature_matching", (at_real - at_fake).square().mean()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_simultaneous_gradients_are_those_of_two_separate_losses(name):
    objective = OBJECTIVES[name]
    generator, critic = make_networks()
    (real,), latents = inputs()
    plain_generator, plain_critic = copy.deepcopy(generator), copy.deepcopy(critic)
    fake = plain_generator(latents[0])
    fake_scores, real_scores = plain_critic(fake), plain_critic(real)
    term, of_both = loss_of_generator(objective, plain_critic, real=real, fake=fake)
    losses = objective.critic(real_scores, fake_scores), of_both
    of_critic = torch.autograd.grad(losses[0], list(plain_critic.parameters()), retain_graph=True)
    of_generator = torch.autograd.grad(losses[1], list(plain_generator.parameters()))

    (generator_seen, critic_seen), terms = gradients_of(
        simultaneous_step,
        generator,
        critic,
        objective=name,
        reals=[Batch(real)],
        latents=latents[:1],
        update=1,
    )
    torch.testing.assert_close(critic_seen, [list(of_critic)], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(generator_seen, [list(of_generator)], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(terms["critic_loss"], losses[0].detach())
    torch.testing.assert_close(terms[term], losses[1].detach())
    assert len(terms) == 3
    torch.testing.assert_close(
        terms["critic_gap"], (real_scores.mean() - fake_scores.mean()).detach()
    )


@pytest.mark.parametrize(("batch_norm", "passes"), [(False, 1), (True, 2)])
def test_real_and_fake_samples_are_scored_at_once_where_they_do_not_mix(batch_norm, passes):
    """And so are the terms and the gradients of a critic that does not tell whether it mixes."""
    (real,), latents = inputs()
    seen, found = [], []
    for tells in (True, False):
        generator, critic = make_networks(batch_norm=batch_norm)
        critic.register_forward_pre_hook(lambda critic, args: seen.append(len(args[0])))
        optimizers = [Gradients(generator), Gradients(critic)]
        network = critic if tells else torch.nn.Sequential(critic)
        learners = make_learners(generator, network, optimizers=optimizers)
        fake = generator(latents[0]).detach()
        terms = critic_step(learners[1], real=Batch(real), fake=fake, noise=Noise(0), update=1)
        found.append((terms, optimizers[1].seen))
    assert seen == [6 // passes] * passes + [3, 3]
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)


def test_conditions_and_augmentations_go_with_their_samples():
    (real,), _ = inputs()
    critic = VideoCritic(channels=1, resolution=32, width=4, batch_norm=False, num_labels=3)
    (_, learner) = make_learners(torch.nn.Linear(1, 1), critic.double())
    learner.augment = lambda samples, noise: samples * noise.uniform((3, 1, 1, 1, 1), samples)
    batch, fake = Batch(real, (torch.tensor([2, 0, 1]),)), 1 - real
    together = learner.scores(batch, fake, Noise(5))
    noise = Noise(5)
    apart = [learner.score(critic, x, batch.condition, noise) for x in (fake, real)]
    torch.testing.assert_close(list(together), apart[::-1], rtol=1e-12, atol=1e-12)
    assert (together[0] != together[1]).all()


class HalfSquaredOutput(Constraint):
    """A penalty on scores and on weights, to see where its gradient goes."""

    def penalty(self, critic, score, real, fake, noise):
        assert not fake.requires_grad
        return score(fake).square().mean() / 2 + critic.last.weight.square().sum()


@pytest.mark.parametrize("name", ["wasserstein", "hinge"])
def test_a_penalty_reaches_the_critic_and_not_the_generator(name):
    (real,), latents = inputs()
    seen = {}
    for constraint in (Constraint(), HalfSquaredOutput()):
        generator, critic = make_networks(batch_norm=False)
        seen[type(constraint)], terms = gradients_of(
            simultaneous_step,
            generator,
            critic,
            objective=name,
            constraint=constraint,
            reals=[Batch(real)],
            latents=latents[:1],
            update=1,
        )
    torch.testing.assert_close(seen[Constraint][0], seen[HalfSquaredOutput][0])
    generator, critic = make_networks(batch_norm=False)
    penalty = HalfSquaredOutput().penalty(
        critic, critic, real, generator(latents[0]).detach(), Noise(0)
    )
    extra = torch.autograd.grad(penalty, list(critic.parameters()))
    for plain, with_penalty, more in zip(
        *seen[Constraint][1], *seen[HalfSquaredOutput][1], extra, strict=True
    ):
        torch.testing.assert_close(with_penalty, plain + more)
    torch.testing.assert_close(terms["penalty"], penalty.detach())


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("step", [simultaneous_step, generator_step])
def test_the_generator_pays_for_its_distance_from_real_samples(step, name):
    """Its gradient is that of both terms, its critic's stays, and both terms are reported."""
    (real,), latents = inputs()
    arguments = once(real, latents[0])
    if step is generator_step:
        arguments = {"real": Batch(real), "z": latents[0], "noise": Noise(0)}
    seen, terms = {}, {}
    for weight in (0.0, 3.0):
        generator, critic = make_networks(batch_norm=False)
        optimizers = [Gradients(generator), Gradients(critic)]
        learners = make_learners(generator, critic, optimizers=optimizers, objective=name)
        auxiliary = auxiliary_of(name, l1_weight=weight)
        terms[weight] = step(*learners, **arguments, auxiliary=auxiliary)
        seen[weight] = [optimizer.seen for optimizer in optimizers]
    generator, _ = make_networks(batch_norm=False)
    distance = 3 * (generator(latents[0]) - real).abs().mean()
    torch.testing.assert_close(terms[3.0]["l1"], distance.detach())
    assert "l1" not in terms[0.0] and terms[0.0] == {n: terms[3.0][n] for n in terms[0.0]}
    extra = torch.autograd.grad(distance, list(generator.parameters()))
    for plain, both, more in zip(*seen[0.0][0], *seen[3.0][0], extra, strict=True):
        torch.testing.assert_close(both, plain + more, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(seen[0.0][1], seen[3.0][1])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_critic_step_leaves_the_generator_alone_and_vice_versa(name):
    (real,), latents = inputs()
    generator, critic = make_networks()
    before = copy.deepcopy(generator.state_dict()), copy.deepcopy(critic.state_dict())
    learners = make_learners(generator, critic, objective=name)
    arguments = {"real": Batch(real), "noise": Noise(0)}
    fake = generator(latents[0]).detach()
    critic_step(learners[1], fake=fake, update=1, **arguments)
    arguments["auxiliary"] = auxiliary_of(name)
    parameters = dict(generator.named_parameters())
    assert all(torch.equal(before[0][k], p) for k, p in parameters.items())
    assert all(p.grad is None for p in generator.parameters())
    assert not torch.equal(before[1]["last.weight"], critic.last.weight)

    after = copy.deepcopy(critic.state_dict())
    generator_step(*learners, z=latents[0], **arguments)
    assert all(torch.equal(after[k], p) for k, p in critic.named_parameters())
    assert all(p.grad is None and p.requires_grad for p in critic.parameters())
    assert not torch.equal(before[0]["image.last.weight"], generator.image.last.weight)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_generator_step_improves_its_loss(name):
    (real,), latents = inputs()
    learners = make_learners(*make_networks(batch_norm=False), objective=name)
    arguments = {"real": Batch(real), "z": latents[0], "noise": Noise(0)}
    arguments["auxiliary"] = auxiliary_of(name)
    losses = [sum(generator_step(*learners, **arguments).values()) for _ in range(4)]
    assert losses[-1] < losses[0]


def test_alternating_takes_fresh_batches_and_counts_critic_updates():
    counted = []

    class Count(Constraint):
        def project(self, critic, updates):
            counted.append(updates)

    reals, latents = inputs(3)
    real_stream, latent_stream = map(Batch, reals), iter(latents)
    terms = alternating_step(
        *make_learners(*make_networks(), constraint=Count()),
        reals=real_stream,
        latents=latent_stream,
        noise=Noise(0),
        update=7,
    )
    assert counted == [7, 8, 9]
    assert list(real_stream) == [] and list(latent_stream) == []
    # Neither a penalty nor a distance is paid, and so neither is there.
    assert terms.keys() == {"critic_loss", "generator_loss", "critic_gap"}
    assert not any(t.requires_grad for t in terms.values())


@pytest.mark.parametrize(
    ("schedule", "n_critic", "latents"),
    [
        ("simultaneous", 1, 1),
        ("alternating", 1, 2),
        ("alternating", 3, 4),
    ],
)
def test_a_task_takes_as_many_batches_as_its_schedule_needs(schedule, n_critic, latents):
    task = GANTask(*make_learners(*make_networks()), schedule=schedule, n_critic=n_critic)
    assert (task.reals_per_step, task.latents_per_step) == (n_critic, latents)
    reals, draws = inputs(n_critic + 1)
    real_stream, latent_stream = map(Batch, reals), iter([*draws, draws[0]])
    task.step(0, real_stream, latent_stream)
    assert len(list(real_stream)) == 1 and len(list(latent_stream)) == n_critic + 3 - latents


@pytest.mark.parametrize("name", ["wasserstein", "non_saturating"])
def test_loss_scales_cancel_out(name):
    (real,), latents = inputs()
    weights = []
    for scales in ((1.0, 1.0), (64.0, 1024.0)):
        generator, critic = make_networks()
        scalers = [torch.amp.GradScaler("cpu", init_scale=s) for s in scales]
        learners = make_learners(generator, critic, scalers=scalers, objective=name)
        simultaneous_step(*learners, **once(real, latents[0]))
        weights.append([p.detach() for m in (generator, critic) for p in m.parameters()])
    torch.testing.assert_close(weights[0], weights[1], rtol=1e-9, atol=1e-12)


def test_an_overflow_skips_that_learner_and_its_projection_only():
    (real,), latents = inputs()
    generator, critic = make_networks()
    scalers = [torch.amp.GradScaler("cpu", init_scale=scale) for scale in (4.0, 2.0**127)]
    huge = real.float().double() * 1e200
    with torch.no_grad():
        critic.last.weight.mul_(1e150)
    before = copy.deepcopy(dict(critic.named_parameters()))
    rules = {"objective": "least_squares", "constraint": SingularValueClip(interval=1)}
    learners = make_learners(generator, critic, scalers=scalers, **rules)
    fake = generator(latents[0]).detach()
    critic_step(learners[1], real=Batch(huge), fake=fake, noise=Noise(0), update=1)
    assert all(torch.equal(before[k], p) for k, p in critic.named_parameters())
    assert learners[1].scaler.get_scale() < 2.0**127
    assert learners[0].scaler.get_scale() == 4.0


class Seen(torch.nn.Module):
    """A network that keeps the labels it was called with."""

    def __init__(self, size):
        super().__init__()
        self.linear, self.labels = torch.nn.Linear(size, 1), []

    def forward(self, x, labels):
        self.labels.append(labels)
        return self.linear(x)


class AtFakes(Constraint):
    def penalty(self, critic, score, real, fake, noise):
        return score(fake).sum() * 0


@pytest.mark.parametrize("name", ["wasserstein", "relativistic"])
@pytest.mark.parametrize("schedule", ["simultaneous", "alternating"])
def test_every_call_of_a_conditional_gan_receives_the_classes_of_its_reals(name, schedule):
    generator, critic = Seen(2), Seen(1)
    task = GANTask(
        *make_learners(generator, critic, objective=name, constraint=AtFakes()),
        schedule=schedule,
        n_critic=2 if schedule == "alternating" else 1,
    )
    classes = [torch.tensor([0, 1, 2]), torch.tensor([2, 1, 1])]
    task.step(0, iter(Batch(torch.rand(3, 1), (c,)) for c in classes), repeat(torch.rand(3, 2)))
    used = classes[: task.reals_per_step]
    calls = {"simultaneous": [1], "alternating": [1, 2]}[schedule]
    assert len(generator.labels) == calls[-1] + (schedule == "alternating")
    assert all(any(seen is c for c in used) for seen in generator.labels + critic.labels)
    # Reals, fakes and the penalty; then the generator's own pass, with reals if relativistic.
    own = 0 if schedule == "simultaneous" else 2 if name == "relativistic" else 1
    assert len(critic.labels) == 3 * len(used) + own
    assert generator.labels[-1] is used[-1] and critic.labels[-1] is used[-1]
