import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest
import torch

from tests.made.official_reference import official_reference
from tgan.cli import run
from tgan.models import VideoCritic, VideoGenerator
from tgan.runs.official import load_official, official_iterations, save_official
from tgan.runs.trained import load
from tgan.training.checkpoint import find_checkpoint

SIZES = {"resolution": 32, "channels": 1}


def import_official(*argv):
    run("import-official", [str(argument) for argument in argv])


def save(directory, iteration, *, seed=0, **settings):
    """A snapshot of small networks whose every number is its own."""
    torch.manual_seed(seed)
    sizes = SIZES | settings
    networks = (
        VideoGenerator(
            z_slow=4, z_fast=6, temporal_width=8, width=16, image_init="he_normal", **sizes
        ),
        VideoCritic(width=2, shift=True, **sizes),
    )
    for network in networks:
        for name, value in network.state_dict().items():
            if "norm" in name:
                value.uniform_(0.5, 1.5)
    save_official(directory, iteration, *networks)


@pytest.fixture
def directory(tmp_path):
    for iteration in (5, 20):
        save(tmp_path / "theirs", iteration, seed=iteration)
    return tmp_path / "theirs"


@pytest.mark.parametrize(("options", "iteration"), [([], 20), (["--iteration", 5], 5)])
def test_the_run_has_the_networks_of_the_snapshot(tmp_path, capsys, directory, options, iteration):
    import_official(directory, *options, "--out", tmp_path / "run")
    printed = capsys.readouterr().out.splitlines()
    assert f"iteration {iteration} of {directory}" in printed[0] and "float32" in printed[0]
    assert printed[1:] == [
        "sizes: num_frames 16, resolution 32, channels 1",
        "generator: z_slow 4, z_fast 6, temporal_width 8, width 16, temporal_shift False, "
        "image_shift True",
        "critic: width 2, shift True",
        str(tmp_path / "run"),
    ]
    generator, critic = (n.eval() for n in load_official(directory, iteration=iteration))
    ours = load(tmp_path / "run", device="cpu")
    z = torch.rand(2, 4)
    video = generator(z)
    assert torch.equal(ours.generator(z), video)
    assert torch.equal(ours.critic(video), critic(video))
    checkpoint = find_checkpoint(tmp_path / "run")
    assert checkpoint.step == ours.step == iteration
    assert (tmp_path / "run" / "config.yaml").read_text() == checkpoint.config
    assert checkpoint.config.startswith(f"# Networks of the authors' snapshot {iteration} in ")
    # Not the default, moving digits, against which nobody wants it measured.
    assert (ours.config.data.name, ours.config.data.path) == ("videos", "unknown")


def test_official_snapshot_is_imported_and_sampled(tmp_path):
    reference = official_reference()
    import_official(reference, "--out", tmp_path / "run")
    recorded = np.load(reference / "forward.npz")
    ours = load(tmp_path / "run", device="cpu")
    with torch.no_grad():
        video = ours.generator(torch.tensor(recorded["z"]).float()).transpose(1, 2)
    np.testing.assert_allclose(video, recorded["video"], rtol=0, atol=1e-5)
    run("generate", [str(tmp_path / "run"), "--out", str(tmp_path / "a.png"), "--seeds", "0-1"])
    side, frames = ours.config.data.resolution, ours.config.data.num_frames
    picture = iio.imread(tmp_path / "a.png")
    assert picture.shape[0] % (2 * side) == 0 and picture.shape[1] % (frames * side) == 0
    assert picture.std() > 1


def test_float64_snapshots_keep_their_numbers(tmp_path):
    reference = official_reference() / "trace_float64"
    import_official(reference, "--out", tmp_path / "run")
    newest = official_iterations(reference)[-1]
    generator, critic = load_official(reference, iteration=newest)
    tensors = find_checkpoint(tmp_path / "run").tensors
    for name, network in (("generator", generator), ("critic", critic)):
        assert all(torch.equal(tensors[name][k], v) for k, v in network.state_dict().items())
    ours = load(tmp_path / "run", device="cpu").generator
    z = torch.rand(1, generator.image.slow.in_features)
    torch.testing.assert_close(ours(z), generator.float().eval()(z))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            ["{theirs}", "--iteration", "7", "--out", "{tmp}/run"],
            "7 in '{theirs}'; there are 5, 20",
        ),
        (["{theirs}", "--iteration", "x", "--out", "{tmp}/run"], "--iteration"),
        (["{theirs}", "--iteration", "-5", "--out", "{tmp}/run"], "there are 5, 20"),
        (["{tmp}/nothing", "--out", "{tmp}/run"], "no directory '{tmp}/nothing'"),
        (["{tmp}", "--out", "{tmp}/run"], "no snapshot (gen_iter_K.npz, vgen_iter_K.npz, vdis_"),
        (["{theirs}"], "--out"),
        (["{theirs}", "--out", "{theirs}/gen_iter_5.npz"], "Not a directory"),
        (["{tmp}/colours", "--out", "{tmp}/run"], "channels"),
        (["{tmp}/damaged", "--out", "{tmp}/run"], "'c1/W' of '{tmp}/damaged/vdis_iter_5.npz'"),
        (["{tmp}/partial", "--out", "{tmp}/run"], "'{tmp}/partial/vgen_iter_5.npz' is missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_mistakes_end_with_one_line_and_status_2(tmp_path, capsys, directory, argv, message):
    save(tmp_path / "colours", 5, channels=4)
    for name in ("damaged", "partial"):
        save(tmp_path / name, 5)
    (tmp_path / "partial" / "vgen_iter_5.npz").unlink()
    path = tmp_path / "damaged" / "vdis_iter_5.npz"
    arrays = dict(np.load(path))
    np.savez(path, **arrays | {"c1/W": arrays["c1/W"][:, :1]})
    before = sorted(tmp_path.rglob("*"))
    names = {"theirs": directory, "tmp": tmp_path}
    with pytest.raises(SystemExit) as exit_:
        import_official(*(a.format(**names) for a in argv))
    errors = capsys.readouterr().err.strip().splitlines()
    assert exit_.value.code == 2
    assert len(errors) == 1 and message.format(**names) in errors[0]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("held", ["config.yaml", "metrics.jsonl", "checkpoints"])
def test_a_directory_that_holds_a_run_is_refused(tmp_path, capsys, directory, held):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / held).write_text("precious")
    with pytest.raises(SystemExit):
        import_official(directory, "--out", tmp_path / "run")
    assert f"'{tmp_path / 'run'}' already holds a run" in capsys.readouterr().err
    assert [path.read_text() for path in (tmp_path / "run").iterdir()] == ["precious"]


def test_torch_is_not_loaded_for_help_or_for_a_mistake_in_the_arguments(tmp_path):
    code = "import sys; sys.modules['torch'] = None; from tgan.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "import-official"]
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True)
    assert shown.returncode == 0 and "examples:" in shown.stdout
    (tmp_path / "file").touch()
    refused = subprocess.run(
        [*command, str(tmp_path), "--out", str(tmp_path / "file")], capture_output=True, text=True
    )
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
