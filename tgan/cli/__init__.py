"""The `tgan` command: picks a subcommand, imports only that, and turns mistakes into one line."""

import argparse
import codecs
import importlib
import io
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from tgan import __version__
from tgan.lookup import did_you_mean
from tgan.system.files import at_home

COMMANDS = {
    "train": "train a GAN on videos, or on the built-in moving digits",
    "prepare": "pack videos into memory-mapped shards that training reads fast",
    "generate": "write sampled videos from a training run",
    "picture": "repaint, enlarge, animate and measure, by a run of one picture",
    "export": "write a generator as a file (pt2, ONNX) or a folder (safetensors)",
    "evaluate": "measure samples against real clips, or two runs against each other",
    "classify": "guess classes by a critic that learned them from few labels",
    "plot": "draw losses, critic gap and distances of a run over its steps",
    "import-official": "make a run out of a snapshot of the authors' program",
    "train-classifier": "train a small network to tell your videos' classes apart, for evaluate",
    "train-encoder": "train an encoder of pictures for a run's generator, for detect",
    "detect": "score how abnormal pictures or series are for what was trained on normal ones",
    "levels": "measure levels of games that a run makes, or search for some",
    "benchmark-step": "time the training step against a baseline script",
    "benchmark-reading": "time the reading of videos beside PyAV's own loop",
    "benchmark-labels": "compare a semi-supervised GAN with classifiers of the same few labels",
    "benchmark-tadgan": "compare detectors of anomalies in series on labelled ones",
    "benchmark-clipping": "compare strategies that keep a critic Lipschitz, and write a report",
    "benchmark-collapse": "compare cures for mode collapse, where modes can be counted",
}
# What helps on a command line against errors of the library, by the name of their class.
REMEDIES = {
    "HoldsRun": "; name another directory, or go on with it by tgan train --resume auto",
    "ThereAlready": "; --overwrite replaces it",
    "NeedsPictures": ", by --input",
    "Unplayable": ": more --evaluations, or --repair",
}
# What takes less memory, by command.
SMALLER = dict.fromkeys(
    ["generate", "evaluate", "train-classifier", "train-encoder"], "a smaller --batch-size"
)


class Parser(argparse.ArgumentParser):
    """An argument parser that reports a mistake in one line and exits with status 2."""

    def error(self, message: str) -> NoReturn:
        fail(f"{self.prog}: {message} (see --help)", status=2)

    def add_weights(self) -> None:
        """Add `--weights`, as `tgan.load` takes it."""
        self.add_argument(
            "--weights",
            choices=["auto", "generator", "average"],
            default="auto",
            help="the generator's own, or their running mean (default: the mean if there is one)",
        )


def fail(message: str, *, status: int) -> NoReturn:
    """End the program with one line on standard error."""
    # Written at once, so that lines of several processes do not mix.
    print(" ".join(message.split()) + "\n", end="", file=sys.stderr)
    sys.exit(status)


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the console script: `tgan COMMAND [ARGUMENTS]`."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] in ("-h", "--help"):
        print(_help())
    elif argv[0] in ("-V", "--version"):
        print(f"tgan {__version__}")
    elif argv[0] not in COMMANDS:
        choices = ", ".join(COMMANDS)
        near = did_you_mean(argv[0], COMMANDS)
        fail(f"tgan: no command '{argv[0]}'{near}; choose from {choices}", status=2)
    else:
        run(argv[0], argv[1:])


def run(command: str, argv: Sequence[str] | None = None) -> None:
    """Run one subcommand, and end with one line instead of a traceback.

    The status is 2 for a mistake of the user's (`ValueError`, a missing file), 1 for what goes
    wrong later (a full disk, too little memory, numbers that are not finite), 130 for Ctrl-C.
    """
    # Late: other ways in need nothing of it.
    from tgan.system.memory import told_as_memory

    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    print_any_text()
    module = importlib.import_module(f"tgan.cli.{command.replace('-', '_')}")
    arguments = [_at_home(each) for each in (sys.argv[1:] if argv is None else argv)]
    try:
        with told_as_memory(SMALLER.get(command, "")):
            module.main(arguments)
    except (ValueError, FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        remedy = REMEDIES.get(type(error).__name__, "")
        fail(f"tgan {command}: {error}{remedy}", status=2)
    except (OSError, ArithmeticError, MemoryError) as error:
        fail(f"tgan {command}: {error}", status=1)
    except KeyboardInterrupt:
        fail(f"tgan {command}: interrupted", status=130)


def _at_home(argument: str) -> str:
    """An argument with the home folder for `~/`, which shells leave as it is behind `=`."""
    head, equals, value = argument.partition("=")
    if not argument.startswith("--"):
        head, equals, value = "", "", argument
    is_of_home = value == "~" or value.startswith(("~/", f"~{os.sep}"))
    return head + equals + (at_home(value) if is_of_home else value)


def print_any_text() -> None:
    """Have every text printed: bytes of names that are no UTF-8 as they are, the rest escaped."""
    codecs.register_error("tgan", _encoded_anyhow)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="tgan")


def _encoded_anyhow(error: UnicodeError) -> tuple[str | bytes, int]:
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(error)


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "usage: tgan COMMAND [ARGUMENTS]",
            "",
            "Generative adversarial networks for video.",
            "",
            *lines,
            "",
            "`tgan COMMAND --help` shows a command's arguments and examples.",
        ]
    )
