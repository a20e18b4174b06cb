from types import SimpleNamespace

import torch

from tgan.training.ranks import first_difference


def compared(*tables):
    """What each of some processes with these tables finds, all in one."""
    sums = []
    alone = SimpleNamespace(device=torch.device("cpu"), gather=lambda own: sums.append(own) or own)
    for of_process in tables:
        first_difference(alone, of_process)
    together = SimpleNamespace(device=torch.device("cpu"), gather=lambda _: torch.cat(sums))
    return [first_difference(together, of_process) for of_process in tables]


def test_the_order_in_which_a_table_was_read_is_no_difference():
    state = {f"{i}.{key}": torch.full((2,), i + 0.5) for i in range(12) for key in ("step", "a")}
    backwards = dict(reversed(state.items()))
    assert compared({"optimizer": state}, {"optimizer": backwards}) == [None, None]


def test_all_processes_name_the_same_difference():
    state = {f"{i}.step": torch.tensor(float(i)) for i in range(12)}
    other = dict(reversed((state | {"7.step": torch.tensor(8.0)}).items()))
    expected = "'7.step' in optimizer of process 1 is not that of process 0"
    assert compared({"optimizer": state}, {"optimizer": other}) == [expected, expected]
