import pytest

from tests.made.level_runs import train_levels


@pytest.fixture(scope="session")
def level_run(tmp_path_factory):
    return train_levels(tmp_path_factory.mktemp("levels") / "run")
