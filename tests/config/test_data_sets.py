from dataclasses import replace

import pytest

from tgan.config import Config, DataConfig
from tgan.config.data_sets import DATA_SETS, special_settings
from tgan.config.validation import validate
from tgan.data.datasets import DATASETS


def test_every_data_set_has_facts_and_a_function_that_opens_it():
    assert list(DATASETS) == list(DATA_SETS)


def test_the_facts_name_settings_that_there_are():
    for facts in DATA_SETS.values():
        assert set(facts.settings) <= vars(DataConfig()).keys()
        assert set(facts.channels) <= {1, 3, 4}


def test_special_settings_name_all_their_owners():
    assert special_settings()["crops"] == ["images", "rgbd"]
    assert special_settings()["dataset"] == ["torchvision"]
    assert "path" not in special_settings()


def test_a_configuration_of_python_with_an_unknown_data_set_is_refused():
    with pytest.raises(ValueError, match="unknown data.name 'vidoes' .did you mean 'videos'"):
        validate(Config(data=DataConfig(name="vidoes")))


def test_conditional_runs_need_clips_of_one_class():
    several = Config(conditional=True, data=DataConfig(num_digits=2))
    with pytest.raises(ValueError, match="data.num_digits 2 have several: set it to 1"):
        validate(several)
    one = replace(several, data=DataConfig(num_digits=1))
    validate(one)
