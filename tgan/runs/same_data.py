"""Data of a run that goes on: whether they are those that its checkpoint was trained on."""

from tgan.lookup import counted
from tgan.training.checkpoint import Checkpoint
from tgan.training.ranks import check_same
from tgan.training.run import Run


def changed_data(run: Run, checkpoint: Checkpoint | None) -> str | None:
    """Say how the data differ from those of a checkpoint; None where nothing tells that they do."""
    if checkpoint is None:
        return None
    if checkpoint.num_videos != len(run.source):
        return (
            f"the run was trained on {counted(checkpoint.num_videos, 'video')} and goes "
            f"on with {len(run.source)}: clips come in another order"
        )
    if run.data is None or checkpoint.data in (None, run.data):
        return None
    return (
        f"the data are not those that '{checkpoint.path}' was trained on: as many videos, but "
        "others, or changed ones"
    )


def check_data_of_ranks(run: Run) -> None:
    """Refuse a run whose processes, on machines of their own perhaps, would train on other clips.

    Raises:
        ValueError: in every process, if they differ.
    """
    check_same(
        run.accelerator,
        {
            "the number of its videos": len(run.source),
            "what their classes are called": list(run.source.labels),
            "the fingerprint of its videos": run.data,
        },
    )


def check_data(run: Run, checkpoint: Checkpoint | None) -> None:
    """Refuse other data than a checkpoint's where `data.changed` says so.

    Raises:
        ValueError: they differ.
    """
    changed = changed_data(run, checkpoint)
    if changed is not None and run.config.data.changed == "refuse":
        raise ValueError(f"{changed} (data.changed warn goes on with them)")
