"""Networks in checkpoints: which table is taken, and whether it fits before it is read."""

from collections.abc import Mapping

from torch import Tensor

from tgan.config.names import OWN
from tgan.lookup import look_up
from tgan.models.outline import outline
from tgan.runs.build import critic_maker, generator_maker
from tgan.runs.parts import Parts
from tgan.system.tensor_files import Claims, size_of
from tgan.training.checkpoint import Checkpoint
from tgan.training.state import check_same
from tgan.training.tables import Damaged

GENERATOR, AVERAGE, CRITIC = "generator", "average", "critic"
# Before the names in a running mean, which has a counter beside them.
_INSIDE = "module."


def generator_table(checkpoint: Checkpoint, weights: str) -> str:
    """The table of a checkpoint that holds the wanted weights of the generator.

    Raises:
        ValueError: there is none.
    """
    names = [name for name in (AVERAGE, GENERATOR) if name in checkpoint.tensors]
    choices = {"auto": names[0], **{name: name for name in names}}
    return look_up(choices, weights, kind="weights")


def generator_tensors(checkpoint: Checkpoint, table: str) -> dict[str, Tensor]:
    """The tensors of the generator in a table."""
    return _plain(checkpoint.tensors[table], table)


def fitting_table(checkpoint: Checkpoint, weights: str, parts: Parts) -> str:
    """As `generator_table`, where it is of the generator that the configuration describes.

    Only headers are read.

    Raises:
        ValueError: there is no such table; `Damaged` if it is another generator's.
    """
    table = generator_table(checkpoint, weights)
    if parts.generator is not None or checkpoint.settings.generator.name == OWN:
        return table
    claims: Claims = _plain(checkpoint.tensors.claims(table), table)
    try:
        expected = outline(generator_maker(checkpoint.settings, checkpoint.classes))
        check_same(claims, expected, name=table)
    except ValueError as error:
        raise Damaged(f"checkpoint '{checkpoint.path}' cannot be used: {error}") from None
    return table


def check_critic(checkpoint: Checkpoint) -> None:
    """Refuse a checkpoint whose configuration describes a larger critic than there is.

    A constraint adds to the tensors of a critic, so names are compared only when it is built.

    Raises:
        ValueError: it does.
    """
    config = checkpoint.settings
    if OWN in (config.critic.name, config.constraint.name):
        return
    there = size_of(checkpoint.tensors.claims(CRITIC))
    here = size_of(outline(critic_maker(config, checkpoint.classes)))
    if here > there:
        raise ValueError(
            f"the checkpoint's critic does not fit this configuration: it has {there:,} bytes of "
            f"numbers there and {here:,} here"
        )


def check_networks(checkpoint: Checkpoint | None, parts: Parts | None) -> None:
    """Check both networks of a checkpoint that training goes on from, before they are built.

    Raises:
        ValueError: one does not fit, or there is none.
    """
    if checkpoint is None:
        return
    parts = parts or Parts()
    fitting_table(checkpoint, GENERATOR, parts)
    if parts.critic is None and CRITIC in checkpoint.tensors:
        check_critic(checkpoint)


def _plain(tensors: Mapping, table: str) -> dict:
    """A table under the generator's own names."""
    if table != AVERAGE:
        return dict(tensors)
    names = (name for name in tensors if name.startswith(_INSIDE))
    return {name.removeprefix(_INSIDE): tensors[name] for name in names}
