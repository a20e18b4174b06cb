"""A run made of a snapshot of the authors' program."""

from pathlib import Path

from tgan.config import Config, CriticConfig, DataConfig, GeneratorConfig
from tgan.config.reading import dump_config, parse_config
from tgan.runs.official.snapshot import Snapshot, read_official
from tgan.system.files import check_writable, write_whole
from tgan.training.checkpoint import CONFIG, directory_of, save_checkpoint
from tgan.training.run_dir import check_no_run

# A snapshot does not say what it was trained on, so whoever reads data has to name them.
UNKNOWN_DATA = {"name": "videos", "path": "unknown"}


def import_official(
    directory: str | Path, run_dir: str | Path, *, iteration: int | None = None
) -> Snapshot:
    """Write a run directory that holds the networks of a snapshot; `tgan.load` reads it.

    Args:
        directory: where the snapshots lie: `gen_iter_K.npz`, `vgen_iter_K.npz` and
            `vdis_iter_K.npz`.
        iteration: K; None takes the newest whole snapshot.

    Returns:
        What was read.

    Raises:
        ValueError: no such snapshot, arrays that are no TGAN's, or a run that is there already.
    """
    directory, run_dir = Path(directory), Path(run_dir)
    check_writable(run_dir / CONFIG)
    check_no_run(run_dir)
    snapshot = read_official(directory, iteration)
    sizes, of_generator, of_critic = snapshot.architecture
    config = Config(
        data=DataConfig(**UNKNOWN_DATA, **sizes),
        generator=GeneratorConfig(**of_generator),
        critic=CriticConfig(**of_critic),
    )
    text = _origin(directory, snapshot.iteration) + dump_config(config)
    parse_config(text, source=f"snapshot in '{directory}'")
    networks = zip(("generator", "critic"), snapshot.networks(), strict=True)
    save_checkpoint(
        directory_of(run_dir, snapshot.iteration),
        {name: network.state_dict() for name, network in networks},
        step=snapshot.iteration,
        num_videos=0,
        config=text,
    )
    write_whole(run_dir / CONFIG, lambda part: part.write_bytes(text.encode()))
    return snapshot


def _origin(directory: Path, iteration: int) -> str:
    """Comment lines for the run's configuration, since most of its settings mean nothing."""
    return (
        f"# Networks of the authors' snapshot {iteration} in {str(directory)!r}.\n"
        "# It tells sizes, generator and critic, not its data; all other settings are defaults.\n"
    )
