"""The authors' networks and update once more, literally and slowly, to record at any sizes.

It shares no line with the package: two backward passes, SVD by NumPy, the slow
latent repeated for every frame. Names and layout of the recording are the authors' recording's.
"""

import json

import numpy as np
import torch
from torch.nn import functional as F

EPS, DECAY, SLOPE = 2e-5, 0.9, 0.2


class Program:
    """The authors' three networks as tables of arrays by their names."""

    def __init__(self, *, z_slow, z_fast, temporal, width, critic, channels, dtype, seed):
        self.rng = np.random.default_rng(seed)
        self.dtype, self.z_slow = dtype, z_slow
        lengths = [z_slow, temporal, temporal // 2, temporal // 4, temporal // 4, z_fast]
        images = [width >> i for i in range(5)]
        videos = [channels, *(critic << i for i in range(4))]
        gen, vgen, vdis = self.tables = {"gen": {}, "vgen": {}, "vdis": {}}.values()
        for i, (before, after) in enumerate(zip(lengths, lengths[1:], strict=False)):
            self._kernel(gen, f"dc{i}", (before, after, 4 if i else 1), after)
        for i, size in enumerate(lengths[1:-1]):
            self._norm(gen, f"bn{i}", size, shift=False)
        for name, size in (("0s", z_slow), ("0f", z_fast)):
            self._kernel(vgen, f"l{name}", (width // 2 * 16, size))
            self._norm(vgen, f"bn{name}", width // 2 * 16, shift=True)
        for i in range(1, 5):
            self._kernel(vgen, f"dc{i}", (images[i - 1], images[i], 4, 4))
            self._norm(vgen, f"bn{i}", images[i], shift=True)
        self._kernel(vgen, "dc5", (images[4], channels, 3, 3), channels)
        for i in range(4):
            self._kernel(vdis, f"c{i}", (videos[i + 1], videos[i], 4, 4, 4), videos[i + 1])
            self._norm(vdis, f"bn{i}", videos[i + 1], shift=False)
        self._kernel(vdis, "c4", (1, videos[4], 4, 4), 1)

    def _normal(self, *shape):
        return torch.tensor(self.rng.standard_normal(shape), dtype=self.dtype)

    def _kernel(self, table, name, shape, bias=None):
        # He's deviation: singular values of the critic's kernels pass the bound.
        table[f"{name}/W"] = self._normal(*shape) * (2 / np.prod(shape[1:])) ** 0.5
        if bias:
            table[f"{name}/b"] = 0.1 * self._normal(bias)

    def _norm(self, table, name, size, *, shift):
        table[f"{name}/gamma"] = 1 + 0.1 * self._normal(size)
        table |= {f"{name}/beta": 0.1 * self._normal(size)} if shift else {}
        table[f"{name}/avg_mean"] = 0.1 * self._normal(size)
        table[f"{name}/avg_var"] = 1 + self._normal(size).abs()

    def temporal(self, z, train):
        table, *_ = self.tables
        h = z[:, :, None]
        for i in range(5):
            stride = 2 if i else 1
            kernel, bias = table[f"dc{i}/W"], table[f"dc{i}/b"]
            h = F.conv_transpose1d(h, kernel, bias, stride, stride - 1)
            h = F.relu(batch_norm(h, table, f"bn{i}", train)) if i < 4 else torch.tanh(h)
        return h

    def images(self, z, z_fast, train):
        """(N, T, C, H, W)."""
        _, table, _ = self.tables
        count, _, frames = z_fast.shape
        slow = torch.cat([row.repeat(frames, 1) for row in z])
        fast = torch.cat([row.T for row in z_fast])
        maps = [
            F.relu(batch_norm(latent @ table[f"l{name}/W"].T, table, f"bn{name}", train))
            for name, latent in (("0s", slow), ("0f", fast))
        ]
        h = torch.cat([m.view(count * frames, -1, 4, 4) for m in maps], 1)
        for i in range(1, 5):
            h = F.conv_transpose2d(h, table[f"dc{i}/W"], None, 2, 1)
            h = F.relu(batch_norm(h, table, f"bn{i}", train))
        images = torch.tanh(F.conv_transpose2d(h, table["dc5/W"], table["dc5/b"], 1, 1))
        return images.view(count, frames, *images.shape[1:])

    def score(self, video, train):
        """Scores (N, 1, 1, 1) of videos (N, T, C, H, W)."""
        *_, table = self.tables
        h = video.transpose(1, 2)
        for i in range(4):
            h = F.conv3d(h, table[f"c{i}/W"], table[f"c{i}/b"], 2, 1)
            h = F.leaky_relu(batch_norm(h, table, f"bn{i}", train) if i else h, SLOPE)
        return F.conv2d(h[:, :, 0], table["c4/W"], table["c4/b"])

    def save(self, directory, iteration):
        for file, table in zip(("gen", "vgen", "vdis"), self.tables, strict=True):
            arrays = {name: value.detach().numpy() for name, value in table.items()}
            counters = {
                name.replace("gamma", "N"): np.array(0) for name in table if "gamma" in name
            }
            np.savez(directory / f"{file}_iter_{iteration}.npz", **arrays, **counters)


def batch_norm(x, table, name, train):
    shape = [1, -1] + [1] * (x.ndim - 2)
    mean, variance = table[f"{name}/avg_mean"], table[f"{name}/avg_var"]
    if train:
        axes = [0, *range(2, x.ndim)]
        count = x.numel() // x.shape[1]
        batch_mean, batch_variance = x.mean(axes), x.var(axes, correction=0)
        with torch.no_grad():
            mean.copy_(DECAY * mean + (1 - DECAY) * batch_mean)
            unbiased = batch_variance * count / (count - 1)
            variance.copy_(DECAY * variance + (1 - DECAY) * unbiased)
        mean, variance = batch_mean, batch_variance
    normal = (x - mean.view(shape)) / torch.sqrt(variance.view(shape) + EPS)
    y = normal * table[f"{name}/gamma"].view(shape)
    return y + table[f"{name}/beta"].view(shape) if f"{name}/beta" in table else y


def record(directory, *, batch, iterations, svc_every, first=0, lr, alpha, eps, **sizes):
    """Write a recording: outputs in inference mode in float32, and a training trace in float64."""
    program = Program(**sizes, dtype=torch.float32, seed=1)
    program.save(directory, first)
    z = torch.tensor(program.rng.uniform(-1, 1, (batch, program.z_slow)), dtype=torch.float32)
    real = program.rng.integers(0, 256, (batch, 16, sizes["channels"], 64, 64), np.uint8)
    z_fast = program.temporal(z, False)
    video, score = program.images(z, z_fast, False), program.score(scaled(real).float(), False)
    np.savez(directory / "forward.npz", z=z, z_fast=z_fast, video=video, real=real, score=score)

    program = Program(**sizes, dtype=torch.float64, seed=2)
    folder = directory / "trace_float64"
    folder.mkdir()
    program.save(folder, first)
    reals = program.rng.integers(0, 256, (iterations, *real.shape), np.uint8)
    latents = program.rng.uniform(-1, 1, (iterations, *z.shape))
    np.savez(folder / "trace_inputs.npz", real=reals, z=latents)
    update = Updater(program, lr=lr, alpha=alpha, eps=eps, svc_every=svc_every)
    log = [
        update(number, scaled(real), torch.tensor(z))
        for number, (real, z) in enumerate(zip(reals, latents, strict=True), 1)
    ]
    program.save(folder, first + iterations)
    config = {
        "iterations": iterations,
        "svc_every": svc_every,
        "optimizer": f"RMSprop(lr={lr}, alpha={alpha}, eps={eps})",
        "bn": f"eps {EPS}, decay {DECAY}",
        "leaky_relu_slope": SLOPE,
    }
    (folder / "trace.json").write_text(json.dumps({"config": config, "log": log}))


def scaled(real):
    return (torch.tensor(real).double() - 128) / 128


def gradients(loss, values):
    return torch.autograd.grad(loss, values, retain_graph=True, allow_unused=True)


class Updater:
    """Generator, then critic, from one forward pass; then the clipping."""

    def __init__(self, program, *, lr, alpha, eps, svc_every):
        self.program, self.svc_every = program, svc_every
        self.lr, self.alpha, self.eps = lr, alpha, eps
        self.of_generator, self.of_critic = (
            [value for table in tables for name, value in table.items() if "/avg" not in name]
            for tables in (list(program.tables)[:2], list(program.tables)[2:])
        )
        self.squares = {
            value: torch.zeros_like(value) for value in (*self.of_generator, *self.of_critic)
        }
        for value in self.squares:
            value.requires_grad_()

    def __call__(self, number, real, z):
        fake = self.program.images(z, self.program.temporal(z, True), True)
        of_fake, of_real = self.program.score(fake, True), self.program.score(real, True)
        loss_gen, loss_dis = -of_fake.mean(), of_fake.mean() - of_real.mean()
        # The critic's bn0 takes no part, so it has no gradient.
        pairs = [
            *zip(self.of_generator, gradients(loss_gen, self.of_generator), strict=True),
            *zip(self.of_critic, gradients(loss_dis, self.of_critic), strict=True),
        ]
        with torch.no_grad():
            for value, gradient in pairs:
                if gradient is not None:
                    self._rmsprop(value, gradient)
            entry = {"loss_gen": loss_gen.item(), "loss_dis": loss_dis.item()}
            if number % self.svc_every == 0:
                entry["sigma_max_before"] = self._clip()
        return entry

    def _rmsprop(self, value, gradient):
        square = self.squares[value]
        square.copy_(self.alpha * square + (1 - self.alpha) * gradient**2)
        value.sub_(self.lr * gradient / (square.sqrt() + self.eps))

    def _clip(self):
        *_, table = self.program.tables
        largest = []
        for i in range(5):
            kernel = table[f"c{i}/W"]
            u, s, v = np.linalg.svd(kernel.reshape(len(kernel), -1).numpy(), full_matrices=False)
            kernel.copy_(torch.tensor(u * np.minimum(s, 1) @ v).view_as(kernel))
            largest.append(s[0].item())
        for i in range(4):
            gain, bound = table[f"bn{i}/gamma"], table[f"bn{i}/avg_var"].sqrt()
            gain.copy_(torch.maximum(torch.minimum(gain, bound), 0.01 * bound))
        return largest
