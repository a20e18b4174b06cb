import importlib

import pytest

from tgan.benchmarks.clipping.parts import PARTS
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import CORE
from tgan.config import Config
from tgan.config.reading import dump_config


@pytest.mark.parametrize("name", PARTS)
def test_a_part_has_jobs_of_its_name_and_a_section_before_any_is_done(name):
    plan = Plan(dump_config(Config()), CORE, quick=True)
    part = PARTS[name]()
    jobs = part.jobs(plan, {})
    assert jobs and all(job.name.startswith(f"{name}/") for job in jobs)
    section = part.section(plan, {})
    assert section.title and section.text and not section.tables


@pytest.mark.parametrize("name", PARTS)
def test_a_worker_finds_the_class_of_a_part(name):
    kind = type(PARTS[name]())
    assert isinstance(getattr(importlib.import_module(kind.__module__), kind.__name__)(), kind)
