import zlib

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tgan.features import load_features
from tgan.features.c3d import C3D, SIZES, preprocess, read_mean, read_weights
from tgan.features.weights import fill


def made_again(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The recorded network's parameter `name`, in Chainer's names."""
    rng = np.random.RandomState(zlib.crc32(name.encode()))  # noqa: NPY002
    if name.endswith("/b"):
        return (rng.standard_normal(shape) * 0.01).astype(np.float32)
    scale = np.sqrt(2 / np.prod(shape[1:])) * (0.01 if name == "conv1a/W" else 1)
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def chainer_name(name: str) -> str:
    return name.replace(".weight", "/W").replace(".bias", "/b")


def recorded_input() -> torch.Tensor:
    rng = np.random.RandomState(0)  # noqa: NPY002
    return torch.from_numpy(rng.randint(0, 256, (2, 3, 16, 112, 112)).astype(np.float32) - 100)


def shapes() -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {name: tuple(p.shape) for name, p in C3D().state_dict().items()}


def test_outputs_are_those_recorded_from_the_authors_program(shared):
    recorded = np.load(shared("reference/c3d/c3d_forward.npz"))
    state = {
        name: torch.from_numpy(made_again(chainer_name(name), shape))
        for name, shape in shapes().items()
    }
    network = fill(C3D().to("meta"), state, path="recorded").eval()
    with torch.no_grad():
        found = network(recorded_input())
    found["pool1_mean"] = found["pool1"].mean((2, 3, 4))
    assert set(SIZES) | {"pool1_mean"} == set(recorded.files)
    for name in recorded.files:
        assert_close(found[name], recorded[name])


@torch.no_grad()
def test_the_first_layers_are_those_recorded(shared):
    recorded = np.load(shared("reference/c3d/c3d_forward.npz"))
    network = C3D().to("meta")
    weight, bias = (
        torch.from_numpy(made_again(f"conv1a/{key}", shape))
        for key, shape in (("W", (64, 3, 3, 3, 3)), ("b", (64,)))
    )
    network.conv1a = fill(network.conv1a, {"weight": weight, "bias": bias}, path="recorded")
    pooled = network.pool1(network.conv1a(recorded_input()).relu())
    assert_close(pooled.mean((2, 3, 4)), recorded["pool1_mean"])


def assert_close(found: torch.Tensor, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    error = np.abs(found.numpy() - expected).max()
    assert error < 1e-4 * np.abs(expected).max()


def cubic(x: float) -> float:
    """OpenCV's kernel (INTER_CUBIC), a = -0.75."""
    a, x = -0.75, abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def cubic_matrix(before: int, after: int) -> np.ndarray:
    """The resize of one axis, written out: pixel centres meet, the border repeats, no smoothing."""
    matrix = np.zeros((after, before))
    for row in range(after):
        place = (row + 0.5) * before / after - 0.5
        for tap in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
            matrix[row, min(max(tap, 0), before - 1)] += cubic(place - tap)
    return matrix


@pytest.mark.parametrize("side", [16, 64, 128, 200])
def test_preprocessing_is_the_authors(side):
    rng = np.random.default_rng(0)
    # A generator's output need not be whole bytes, and cubic resizing leaves their range.
    video = rng.uniform(-1, 1, (2, 3, 16, side, side)).astype(np.float32)
    mean = rng.uniform(80, 120, (3, 16, 128, 128)).astype(np.float32)
    matrix = cubic_matrix(side, 128)
    resized = matrix @ (video.astype(np.float64) * 128 + 128) @ matrix.T
    expected = (resized[:, ::-1] - mean)[..., 8:120, 8:120]
    found = preprocess(torch.from_numpy(video), torch.from_numpy(mean)).numpy()
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_the_matrix_above_is_opencvs():
    """cv2.resize(arange(16, dtype="f").reshape(4, 4) ** 2, (6, 3), interpolation=INTER_CUBIC)"""
    recorded = [
        [1.288548, 2.091724, 4.117711, 6.419322, 10.861979, 14.012377],
        [32.87153, 39.09375, 49.98611, 58.59722, 71.90625, 80.47569],
        [131.2693, 142.9106, 162.66931, 177.58994, 199.76534, 213.75383],
    ]
    squares = np.arange(16.0).reshape(4, 4) ** 2
    found = cubic_matrix(4, 3) @ squares @ cubic_matrix(4, 6).T
    np.testing.assert_allclose(found, recorded, rtol=1e-5)


def test_grey_is_repeated_and_another_number_of_frames_refused():
    mean = torch.zeros(3, 16, 128, 128)
    grey = torch.rand(1, 1, 16, 32, 32)
    assert torch.equal(preprocess(grey, mean), preprocess(grey.expand(-1, 3, -1, -1, -1), mean))
    with pytest.raises(ValueError, match="C3D takes clips of 16 frames and these have 8"):
        preprocess(grey[:, :, :8], mean)


@pytest.fixture
def mean_file(tmp_path):
    mean = np.random.default_rng(0).uniform(0, 255, 3 * 16 * 128 * 171)
    np.savez(tmp_path / "mean2.npz", mean=mean)
    return tmp_path / "mean2.npz"


def test_the_means_middle_is_used(mean_file):
    flat = np.load(mean_file)["mean"].astype(np.float32)
    expected = flat.reshape(3, 1, 16, 128, 171)[:, 0, :, :, 21:149]
    np.testing.assert_array_equal(read_mean(mean_file), expected)


@pytest.mark.parametrize("prefix", ["", "model/", "updater/model:main/"])
def test_chainers_names_are_understood(tmp_path, prefix):
    arrays = {"conv1a/W": np.ones((2, 3)), "conv1a/b": np.zeros(2), "fc8/W": np.ones((1, 1))}
    np.savez(tmp_path / "c3d.npz", **{prefix + name: value for name, value in arrays.items()})
    state = read_weights(tmp_path / "c3d.npz")
    assert {name: tuple(value.shape) for name, value in state.items()} == {
        "conv1a.weight": (2, 3),
        "conv1a.bias": (2,),
        "fc8.weight": (1, 1),
    }


def test_mistakes_end_in_one_line(tmp_path, mean_file):
    folder = mean_file.parent

    def message(path):
        with pytest.raises(ValueError, match="c3d") as error:
            load_features("c3d", path)
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "need as path a folder that holds c3d.npz or c3d.safetensors, and" in message(None)
    assert "is no folder" in message(mean_file)
    assert "holds no c3d.npz or c3d.safetensors" in message(folder)
    (folder / "c3d.npz").write_text("hello")
    assert "c3d.npz' is no .npz file" in message(folder)
    assert "pickle" not in message(folder)
    np.savez(folder / "c3d.npz", x=np.array([{"a": 1}], dtype=object))
    assert "c3d.npz' is no .npz file that can be read" in message(folder)
    np.savez(folder / "c3d.npz", **{"conv1a/W": np.zeros((64, 3, 3, 3, 3))})
    assert "holds another network's weights: 'conv1a.bias' is missing there" in message(folder)
    np.savez(mean_file, mean=np.zeros((3, 128, 171)))
    with pytest.raises(ValueError, match=r"the array 'mean' is \(3, 128, 171\), not of"):
        read_mean(mean_file)
    mean_file.unlink()
    assert "holds no mean2.npz" in message(folder)


@pytest.mark.slow
def test_a_folder_makes_a_classifier(mean_file):
    state = {name: torch.zeros(shape) for name, shape in shapes().items()}
    state["fc8.bias"][7] = 5
    state["fc7.bias"] += 2
    save_file(state, mean_file.with_name("c3d.safetensors"))
    network = load_features("c3d", mean_file.parent)
    video = torch.rand(2, 3, 16, 32, 32) * 2 - 1
    assert (network.name, network.size, len(network.labels)) == ("c3d_fc7", 4096, 101)
    assert torch.equal(network(video), torch.full((2, 4096), 2.0))
    probabilities = network.probabilities(video)
    assert probabilities.shape == (2, 101)
    assert (probabilities.argmax(1) == 7).all()
    assert len(network.protocol["sha256"]) == len(network.protocol["mean_sha256"]) == 64
