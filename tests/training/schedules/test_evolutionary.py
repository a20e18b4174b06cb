"""E-GAN against the alternating schedule, and against a population of separate networks."""

import copy
from dataclasses import replace
from itertools import chain, count, islice

import pytest
import torch

from tests.made.point_gans import assert_same, latents, make_task, reals, task_of
from tgan.constraints import SpectralNorm
from tgan.losses import OBJECTIVES
from tgan.models.mlp import MLP, MLPCritic
from tgan.training.graphs import directly
from tgan.training.learners import Learner
from tgan.training.schedules import evolutionary
from tgan.training.schedules.evolutionary import MUTATIONS, Evolutionary
from tgan.training.schedules.individuals import taken
from tgan.training.steps import fakes_of


def moved(samples, noise):
    return samples + 0.1 * noise.uniform(samples.shape, samples)


def numbers_of(schedule, step):
    """The numbers of the latents of a step: others are the same in every schedule."""
    own = range(step * 100, step * 100 + schedule.n_critic + 1)
    return chain(own, range(step * 100 + 50, step * 100 + 49 + schedule.fresh_latents))


def take(task, steps, first=0):
    batches, terms = reals(), []
    next(islice(batches, first * task.reals_per_step, first * task.reals_per_step), None)
    for step in range(first, steps):
        terms.append(task.step(step, batches, latents(numbers_of(task.schedule, step))))
    return terms


@pytest.mark.parametrize("kind", ["plain", "batch norm", "spectral norm"])
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_one_mutation_is_the_alternating_schedule_of_its_loss_to_the_bit(mutation, kind):
    """Whatever networks keep beside their weights, and with random augmentations."""
    objective, found = replace(OBJECTIVES["non_saturating"], generator=MUTATIONS[mutation]), []
    for schedule in ("alternating", Evolutionary(n_critic=2, mutations=[mutation])):
        torch.manual_seed(0)
        generator = MLP((3, 6, 6, 2), batch_norm=True)
        critic = MLPCritic(2, width=6, depth=3, batch_norm=kind == "batch norm")
        if kind == "spectral norm":
            SpectralNorm().attach(critic, (torch.zeros(1, 2),))
        task = task_of(
            generator.double(), critic.double(), schedule, objective=objective, n_critic=2
        )
        task.critic.augment = moved
        terms = take(task, 4)
        found.append((task, terms))
    (plain, losses), (evolved, more) = found
    assert_same(plain, evolved)
    for few, many in zip(losses, more, strict=True):
        assert few == {name: many[name] for name in few}
        assert many.keys() - few.keys() == {
            "fitness/quality",
            "fitness/diversity",
            f"survived/{mutation}",
        }
        assert many[f"survived/{mutation}"] == 1


class Apart:
    """E-GAN by the book: every individual is a network of its own, with an optimiser of its own."""

    def __init__(self, task, *, mutations, weight, survivors):
        self.critic = copy.deepcopy(task.critic)
        self.parents = [copy.deepcopy((task.generator.module, task.generator.optimizer))]
        self.mutations, self.weight, self.survivors = mutations, weight, survivors
        self.history = []

    def step(self, batches, draws):
        critic, count = self.critic.module, len(self.parents)
        z, other = draws[-2:]
        for real, latent in zip(batches, draws[:-2], strict=True):
            fake = torch.empty(len(latent), 2).double()
            for place, (network, _) in enumerate(self.parents):
                # Of each round of packs the one at the parent's place.
                its = torch.arange(len(latent)) // critic.packs % count == place
                fake[its] = network(latent[its]).detach()
            self.loss(critic, real, fake).backward()
            self.critic.update()
        children = []
        for parent in self.parents:
            for name in self.mutations:
                network, optimizer = copy.deepcopy(parent)
                self.generator_loss(name, critic(network(z))).backward()
                optimizer.step()
                optimizer.zero_grad()
                critic.zero_grad()
                child = copy.deepcopy((network, optimizer))
                judge, fake = copy.deepcopy(critic), network(other).detach()
                self.loss(judge, batches[-1], fake).backward()
                gradient = torch.cat([p.grad.flatten() for p in judge.parameters()])
                fit = torch.sigmoid(critic(fake)).mean() - self.weight * gradient.norm().log()
                children.append((fit.item(), name, child))
        children.sort(key=lambda each: -each[0])
        self.parents = [child for _, _, child in children[: self.survivors]]
        self.history.append([name for _, name, _ in children[: self.survivors]])

    @staticmethod
    def loss(critic, real, fake):
        at_real, at_fake = critic(real.samples).sigmoid(), critic(fake).sigmoid()
        return -at_real.log().mean() - (1 - at_fake).log().mean()

    @staticmethod
    def generator_loss(name, scores):
        chance = scores.sigmoid()
        return {
            "minimax": (1 - chance).log(),
            "non_saturating": -chance.log(),
            "least_squares": (chance - 1) ** 2,
        }[name].mean()


@pytest.mark.parametrize(
    ("survivors", "mutations", "weight", "packs"),
    [
        (1, ("minimax", "non_saturating", "least_squares"), 0.5, 1),
        (2, ("minimax", "non_saturating", "least_squares"), 0.01, 1),
        (2, ("least_squares", "non_saturating"), 2.0, 1),
        (2, ("minimax", "non_saturating", "least_squares"), 0.01, 3),
    ],
)
def test_a_population_is_that_of_separate_networks(survivors, mutations, weight, packs):
    settings = {"mutations": mutations, "survivors": survivors}
    schedule = Evolutionary(n_critic=2, diversity_weight=weight, **settings)
    task = make_task(schedule, packs=packs)
    book = Apart(task, weight=weight, **settings)
    batches, history = reals(), []
    for step in range(6):
        now, draws = [next(batches), next(batches)], list(latents(range(step * 9, step * 9 + 4)))
        terms = task.step(step, iter(now), iter(draws))
        book.step(now, draws)
        shares = [book.history[-1].count(name) / survivors for name in mutations]
        assert [terms[f"survived/{name}"].item() for name in mutations] == shares
        history += book.history[-1]
    # Something was chosen, and not always the same.
    assert len(set(history)) > 1
    tables = task.tensors()
    for place, (network, optimizer) in enumerate(book.parents):
        name = f"generator_{place}" if place else "generator"
        torch.testing.assert_close(tables[name], network.state_dict(), rtol=1e-9, atol=1e-12)
        moments = {
            f"{number}.{key}": value
            for number, entry in optimizer.state_dict()["state"].items()
            for key, value in entry.items()
        }
        torch.testing.assert_close(tables[f"{name}_optimizer"], moments, rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(tables["critic"], book.critic.module.state_dict())


@pytest.mark.parametrize("first", [True, False])
def test_the_child_that_the_critic_believes_survives(monkeypatch, first):
    """Where the other one is driven away, and diversity does not count."""
    monkeypatch.setitem(MUTATIONS, "away", lambda real, fake: fake.mean())
    mutations = ["away", "non_saturating"] if first else ["non_saturating", "away"]
    task = make_task(Evolutionary(mutations=mutations, diversity_weight=0.0))
    # Without momentum, by which a child goes its parent's way.
    parameters = task.generator.module.parameters()
    task.generator.optimizer = torch.optim.SGD(parameters, lr=0.1)
    for terms in take(task, 5):
        assert terms["survived/non_saturating"] == 1 and terms["survived/away"] == 0


@pytest.mark.parametrize("weight", [0.0, 1e6])
def test_quality_and_diversity_count_by_the_weight(monkeypatch, weight):
    """One of the two alone decides, and does not decide as the other would."""
    fit, seen = evolutionary.fitness, []

    def watched(*given, **settings):
        seen.append(fit(*given, **settings))
        return seen[-1]

    monkeypatch.setattr(evolutionary, "fitness", watched)
    (*_, terms) = take(make_task(Evolutionary(diversity_weight=weight)), 3)
    best = [max(range(3), key=[each[of] for each in seen[-3:]].__getitem__) for of in (0, 1)]
    assert best[0] != best[1]
    (survivor,) = (name for name in MUTATIONS if terms[f"survived/{name}"])
    assert survivor == list(MUTATIONS)[best[weight > 0]]
    assert terms["fitness/quality"] == seen[-3 + best[weight > 0]][0]


def test_it_goes_on_from_its_tables_bit_for_bit():
    kind = {"survivors": 2, "diversity_weight": 0.5}
    whole, begun, resumed = (make_task(Evolutionary(**kind)) for _ in range(3))
    take(whole, 4)
    take(begun, 2)
    tables = copy.deepcopy(begun.tensors())
    assert {"generator_1", "generator_1_optimizer"} <= tables.keys()
    assert not torch.equal(
        tables["generator"]["linears.0.weight"], tables["generator_1"]["linears.0.weight"]
    )
    # As it comes from a file.
    resumed.load_tensors({name: dict(sorted(table.items())) for name, table in tables.items()})
    batches = islice(reals(), 2, None)
    for step in (2, 3):
        resumed.step(step, batches, latents(numbers_of(resumed.schedule, step)))
    assert_same(whole, resumed)


def test_before_the_first_step_there_is_one_parent():
    task = make_task(Evolutionary(survivors=2))
    tables = task.tensors()
    assert not [name for name in tables if name.startswith("generator_1")]
    task.load_tensors({"generator_optimizer": {}, "critic_optimizer": {}, **tables})
    take(task, 1)
    assert "generator_1" in task.tensors()


@pytest.mark.parametrize("name", ["generator_1", "generator_1_optimizer"])
def test_a_parent_that_is_missing_is_named(name):
    task = make_task(Evolutionary(survivors=2))
    take(task, 2)
    tables = dict(task.tensors())
    del tables[name]
    with pytest.raises(ValueError, match="generator_1"):
        task.load_tensors(tables)


def test_samples_are_of_the_fittest():
    """The network of the task is the first parent, with its buffers."""
    task = make_task(Evolutionary(survivors=3, diversity_weight=0.5))
    take(task, 3)
    before = copy.deepcopy(task.tensors())
    fakes = task.sampler.eval()(next(latents(count())))
    task.generator.module.load_state_dict(before["generator"])
    assert torch.equal(task.sampler(next(latents(count()))), fakes)
    assert len([name for name in before if name.endswith("_optimizer")]) == 4


def test_an_unknown_mutation_is_named():
    with pytest.raises(
        ValueError, match=r"unknown mutation 'ls'.*choose from least_squares, minimax, non_sat"
    ):
        Evolutionary(mutations=["ls"])


class Shifted(torch.nn.Module):
    """Latents with their classes and a number of its own added."""

    def __init__(self):
        super().__init__()
        self.shift = torch.nn.Parameter(torch.zeros(()))

    def forward(self, z, labels):
        return z + self.shift + labels[:, None]


@pytest.mark.parametrize(
    ("packs", "shifts"),
    [
        (1, [100, 200, 300, 100, 200, 300, 100, 200, 300, 100, 200, 300]),
        (2, [100, 100, 200, 200, 300, 300, 100, 100, 200, 200, 300, 300]),
        (4, [100, 100, 100, 100, 200, 200, 200, 200, 300, 300, 300, 300]),
    ],
)
def test_parents_share_the_critic_s_batch_with_its_classes_and_no_pack(packs, shifts):
    generator = Shifted()
    learner = Learner(generator, torch.optim.SGD(generator.parameters(), lr=1.0))
    parents = []
    for shift in (100.0, 200.0, 300.0):
        torch.nn.init.constant_(generator.shift, shift)
        parents.append(taken(learner))
    z, labels = torch.rand(12, 2), torch.arange(12) * 1000
    generate = fakes_of(learner, directly)
    found = evolutionary._fakes_of_all(parents, learner, generate, z, (labels,), packs=packs)
    expected = z + labels[:, None] + torch.tensor(shifts)[:, None]
    torch.testing.assert_close(found, expected)
