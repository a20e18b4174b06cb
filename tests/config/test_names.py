from typing import get_args, get_type_hints

import pytest

from tgan.config import (
    Config,
    ConstraintConfig,
    CriticConfig,
    DataConfig,
    GeneratorConfig,
    TrainConfig,
    names,
)
from tgan.config.names import OWN
from tgan.constraints import CONSTRAINTS
from tgan.data.datasets import DATASETS
from tgan.losses import OBJECTIVES
from tgan.models import CRITICS, GENERATORS
from tgan.models.batch_view import BATCH_VIEWS
from tgan.models.conditions import PICTURES
from tgan.models.layers import INITIALISATIONS
from tgan.training.schedules import SCHEDULES
from tgan.training.schedules.evolutionary import MUTATIONS

# The members of each table, and whether a part of one's own can stand in for one.
TABLES = {
    "BatchViewName": {*BATCH_VIEWS},
    "ConstraintName": {*CONSTRAINTS, OWN},
    "CriticName": {*CRITICS, OWN},
    "DataName": {*DATASETS},
    "GeneratorName": {*GENERATORS, OWN},
    "InitialisationName": {*INITIALISATIONS},
    "ObjectiveName": {*OBJECTIVES, OWN},
    "PictureName": {*PICTURES},
    "MutationName": {*MUTATIONS},
    "ScheduleName": {*SCHEDULES},
}


def test_every_list_of_names_has_its_table():
    assert {name for name in vars(names) if name.endswith("Name")} == TABLES.keys()
    # The table of data sets says by itself what to do about one's own.
    assert OWN in DATASETS and OWN not in CONSTRAINTS


@pytest.mark.parametrize("name", TABLES)
def test_settings_know_every_member_of_a_table_and_no_other(name):
    known = get_args(getattr(names, name))
    assert len(set(known)) == len(known) and set(known) == TABLES[name]


@pytest.mark.parametrize(
    ("group", "setting", "name"),
    [
        (Config, "objective", "ObjectiveName"),
        (ConstraintConfig, "name", "ConstraintName"),
        (CriticConfig, "name", "CriticName"),
        (CriticConfig, "sees_batch", "BatchViewName"),
        (CriticConfig, "init", "InitialisationName"),
        (DataConfig, "name", "DataName"),
        (DataConfig, "input", "PictureName"),
        (GeneratorConfig, "name", "GeneratorName"),
        (GeneratorConfig, "image_init", "InitialisationName"),
        (GeneratorConfig, "temporal_init", "InitialisationName"),
        (TrainConfig, "schedule", "ScheduleName"),
    ],
)
def test_settings_take_the_names_of_their_list(group, setting, name):
    listed = getattr(names, name)
    assert get_type_hints(group)[setting] in (listed, listed | None)
