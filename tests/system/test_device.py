"""Devices: those that there are, and one without double precision, simulated."""

import copy

import pytest
import torch

from tests.made.fake_mps import MPS, fake_mps, is_there
from tgan.constraints.orthogonal import orthogonalise
from tgan.evaluation.networks import Pixels
from tgan.linalg import clip_singular_values, conv_norm, conv_norm_upper_bound, empty_basis
from tgan.linalg.clipping import CLIP_METHODS
from tgan.sampling.latents import slerp, walk
from tgan.system.device import fuses, pick_device, usable_device, where_float64_is


def matrix(rows=6, columns=10, *, seed=0):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def test_the_stand_in_refuses_double_precision_there_alone():
    with fake_mps():
        there = matrix().to("mps")
        assert there.device == MPS and (there @ there.T).device == MPS
        assert there.cpu().device == torch.device("cpu")
        for refused in (
            lambda: there.double(),
            lambda: there.to(torch.float64),
            lambda: torch.zeros(2, dtype=torch.float64, device="mps"),
            lambda: there.new_zeros(2, dtype=torch.float64),
        ):
            with pytest.raises(TypeError, match="MPS"):
                refused()
        assert where_float64_is(there).double().dtype == torch.float64
        assert where_float64_is(matrix()).device == torch.device("cpu")


def test_the_stand_in_refuses_what_such_a_device_cannot_do():
    with fake_mps():
        there = matrix().to("mps")
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
        with pytest.raises(NotImplementedError, match="linalg_eig"):
            torch.linalg.eig(there @ there.T)
        with pytest.raises(RuntimeError, match="same device.*mm"):
            there @ matrix().T
        assert torch.linalg.eig(matrix() @ matrix().T)[0].numpy().shape == (6,)
        assert (there * torch.tensor(2.0)).device == MPS
    assert not is_there(matrix()) and matrix().device == torch.device("cpu")


def test_what_the_stand_in_computes_stays_there():
    network = torch.nn.Sequential(torch.nn.Linear(10, 4), torch.nn.BatchNorm1d(4))
    with fake_mps():
        network.to("mps")
        optimizer = torch.optim.Adam(network.parameters())
        copy.deepcopy(network)(matrix().to(MPS)).sum().backward()
        network(matrix().to(MPS)).sum().backward()
        optimizer.step()
        held = [*network.state_dict().values(), *(each.grad for each in network.parameters())]
        assert all(map(is_there, held)) and len(held) == 11
        assert not any(is_there(each.cpu()) for each in held) and all(map(is_there, held))
        assert {each.device for each in network.cpu().parameters()} == {torch.device("cpu")}


@pytest.mark.parametrize("method", CLIP_METHODS)
@pytest.mark.parametrize("maximum", [0.01, 1.0, 1e-9, 100.0])
def test_clipping_gives_what_it_gives_on_a_cpu(method, maximum):
    expected = clip_singular_values(matrix(), maximum, method=method)
    with fake_mps():
        there = matrix().to(MPS)
        found = clip_singular_values(there, maximum, method=method)
        assert found.device == MPS
        assert torch.equal(found.cpu(), expected)
        assert (found is there) == (maximum == 100.0)


def test_directions_that_are_followed_stay_on_the_device():
    basis = empty_basis(matrix(30, 40))
    expected = [clip_singular_values(matrix(30, 40), method="subspace", basis=basis)]
    expected.append(clip_singular_values(matrix(30, 40), 0.5, method="subspace", basis=basis))
    with fake_mps():
        there = matrix(30, 40).to(MPS)
        basis_there = empty_basis(there)
        assert basis_there.device == MPS
        for maximum, clipped in zip((1.0, 0.5), expected, strict=True):
            found = clip_singular_values(there, maximum, method="subspace", basis=basis_there)
            assert torch.equal(found.cpu(), clipped)
        assert torch.equal(basis_there.cpu(), basis)


def test_norms_walks_and_pixels_are_those_of_a_cpu():
    kernel = matrix(4, 3 * 4 * 4).reshape(4, 3, 4, 4)
    geometry = {"input_size": (8, 8), "stride": 2, "padding": 1}
    a, b = matrix(2, 16)
    steps = torch.linspace(0, 1, 5)

    def all_of(move):
        x, y, w = move(a), move(b), move(kernel)
        return [
            conv_norm_upper_bound(w, **geometry),
            conv_norm(move(matrix()), ()),
            orthogonalise(move(matrix()), iterations=3).cpu(),
            slerp(x, y, move(steps)).cpu(),
            walk(x, y, 4).cpu(),
            Pixels(16)(move(matrix(2, 16))).cpu(),
        ]

    expected = all_of(lambda tensor: tensor)
    with fake_mps():
        found = all_of(lambda tensor: tensor.to(MPS))
        assert slerp(a.to(MPS), b.to(MPS), steps.to(MPS)).device == MPS
    for there, here in zip(found, expected, strict=True):
        assert torch.equal(torch.as_tensor(there), torch.as_tensor(here))


@pytest.mark.parametrize("name", ["cuda:99", "mps", "meta", "gpu", "cpu:x", ""])
def test_a_device_that_there_is_not_is_refused_in_one_line(name):
    if name == "mps" and torch.backends.mps.is_available():
        pytest.skip("there is one here")
    with pytest.raises(ValueError, match="device") as error:
        pick_device(name)
    assert "\n" not in str(error.value)


def test_a_device_that_there_is_is_taken():
    assert pick_device("cpu") == "cpu" and usable_device("cpu") == torch.device("cpu")
    assert torch.device(pick_device("auto")).type in ("cpu", "cuda", "mps", "xpu")


def test_adam_is_fused_where_all_that_it_updates_is_on_a_device_that_can():
    kinds = {"cpu": torch.zeros(2), "meta": torch.zeros(2, device="meta")}
    for name, parameter in kinds.items():
        assert fuses([parameter]) is None, name
    with fake_mps():
        assert fuses([torch.zeros(2, device="mps")]) is None


def test_adam_is_not_fused_over_several_kinds_of_devices(monkeypatch):
    monkeypatch.setattr("tgan.system.device._FUSING", ("cpu",))
    here, there = torch.zeros(2), torch.zeros(2, device="meta")
    assert [fuses(each) for each in ([here], [here, here], [here, there])] == [True, True, None]
