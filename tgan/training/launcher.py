"""What `accelerate launch` asked for, as its environment variables tell."""

import os
from collections.abc import Mapping

from tgan.system.lifetime import end_with_parent

# Ways to train that wrap one network as a whole, which a pair of networks cannot be.
_ENGINES = ("FSDP", "DEEPSPEED", "MEGATRON_LM", "PARALLELISM_CONFIG")


def launched() -> int:
    """How many processes a launcher has started, this one among them."""
    return int(os.environ.get("WORLD_SIZE", 1))


def launched_here() -> int:
    """How many of them are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1))


def check_request(mixed_precision: str, environment: Mapping[str, str] = os.environ) -> None:
    """Do nothing for a launcher that asks for what is done.

    Args:
        mixed_precision: of the run.

    Raises:
        ValueError: it asks for what would be passed over without a word, or cannot be done.
    """
    asked = environment.get("ACCELERATE_MIXED_PRECISION", "no")
    if asked not in ("no", mixed_precision):
        raise ValueError(
            f"the launcher asks for {asked} but train.mixed_precision is {mixed_precision}; "
            "set it in the configuration"
        )
    for engine in _ENGINES:
        if environment.get(f"ACCELERATE_USE_{engine}", "false").lower() == "true":
            raise ValueError(f"the launcher asks for {engine}, which cannot train two networks")
    compiler = environment.get("ACCELERATE_DYNAMO_BACKEND", "no")
    if compiler.lower() != "no":
        raise ValueError(
            f"the launcher asks for networks compiled by {compiler}, which GAN updates cannot be; "
            "use --dynamo_backend no"
        )
    if (steps := environment.get("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "1")) != "1":
        raise ValueError(
            f"the launcher asks for gradients accumulated over {steps} steps, which a critic and "
            "a generator do not do; set train.batch_size"
        )


def shortfall(num_processes: int, environment: Mapping[str, str] = os.environ) -> str:
    """A line if the launcher was asked for several processes and started one, else nothing.

    `accelerate launch --num_processes 2` does so on a CPU. It tells the only process an address
    to meet others at, and not how many others there are.
    """
    launched = "ACCELERATE_MIXED_PRECISION" in environment
    several = "MASTER_ADDR" in environment and "WORLD_SIZE" not in environment
    if num_processes > 1 or not (launched and several):
        return ""
    return (
        "accelerate was asked for several processes but started one; "
        "on CPUs add --multi_gpu to accelerate launch"
    )


def end_with_launcher() -> None:
    """End, saving a checkpoint, when `accelerate launch` dies.

    It starts a single process as a child that would otherwise train on, and never saves for it.
    Without a launcher the parent may be a shell that is closed on purpose.
    """
    if "ACCELERATE_MIXED_PRECISION" in os.environ:
        end_with_parent()
