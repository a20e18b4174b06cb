"""`tgan import-official`: make a run out of a snapshot of the authors' program."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tgan.cli import Parser
from tgan.config import Config, CriticConfig, DataConfig, GeneratorConfig
from tgan.system.files import check_writable

EXAMPLES = """\
examples:
  tgan import-official results/ucf101 --out runs/official
  tgan import-official results/ucf101 --iteration 100000 --out runs/official
  tgan generate runs/official --out samples.mp4
"""
# A snapshot does not tell its data, so whatever would read them must be told.
UNKNOWN_DATA = {"name": "videos", "path": "unknown"}


def main(argv: Sequence[str]) -> None:
    """Parse arguments, read and check the snapshot, write a run directory."""
    arguments = _parser().parse_args(argv)
    directory, out = Path(arguments.directory), Path(arguments.out)
    check_writable(out / "config.yaml")

    # Only now the heavy imports: mistakes above are answered at once.
    from tgan.config.reading import dump_config, parse_config
    from tgan.runs.official import read_official
    from tgan.system.files import write_whole
    from tgan.training.checkpoint import CHECKPOINTS, CONFIG, directory_of, save_checkpoint
    from tgan.training.run_dir import METRICS

    if any((out / name).exists() for name in (CONFIG, METRICS, CHECKPOINTS)):
        raise ValueError(f"'{out}' already holds a run; name another --out")
    snapshot = read_official(directory, arguments.iteration)
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
        directory_of(out, snapshot.iteration),
        {name: network.state_dict() for name, network in networks},
        step=snapshot.iteration,
        num_videos=0,
        config=text,
    )
    write_whole(out / CONFIG, lambda part: part.write_text(text))

    count = sum(map(len, snapshot.arrays.values()))
    print(f"read iteration {snapshot.iteration} of {directory}: {count} arrays, {snapshot.dtype}")
    for name, settings in snapshot.architecture._asdict().items():
        print(f"{name}: {', '.join(f'{key} {value}' for key, value in settings.items())}")
    print(out)


def _origin(directory: Path, iteration: int) -> str:
    """What the run's configuration says of itself, since most of its settings mean nothing."""
    return (
        f"# Networks of the authors' snapshot {iteration} in {str(directory)!r}.\n"
        "# It tells sizes, generator and critic, not its data; all other settings are defaults.\n"
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="tgan import-official",
        description="Make a run out of a snapshot of the authors' program (pfnet-research/tgan): "
        "gen_iter_K.npz, vgen_iter_K.npz and vdis_iter_K.npz. Chainer is not needed.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", metavar="DIR", help="where the snapshots lie")
    parser.add_argument("--iteration", type=int, help="K (default: the newest whole snapshot)")
    parser.add_argument("--out", required=True, help="run directory to write")
    return parser
