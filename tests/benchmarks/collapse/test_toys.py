import pytest

from tgan.benchmarks.collapse.cures import CURES
from tgan.benchmarks.collapse.parts import PARTS
from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.collapse.toys.part import Toys
from tgan.benchmarks.collapse.toys.section import section_of
from tgan.benchmarks.page.tables import cells_of
from tgan.benchmarks.toys import toygan

PLAN = Plan({name: CURES[name] for name in ("plain", "unrolled")}, seeds=2, quick=True)
RESULT = {"modes": 8, "good": 0.5, "reverse_kl": 0.1, "transport": 0.3, "seconds": 2.0}


@pytest.mark.parametrize("name", CURES)
def test_every_cure_trains_and_is_judged(name, tmp_path, monkeypatch):
    # An exact distance takes longer than these runs.
    monkeypatch.setattr(toygan, "transport", lambda samples, fresh: 1.0)
    job = Toys().jobs(Plan({name: CURES[name]}, seeds=1, quick=True), {})[0]
    found = Toys().run(job, tmp_path)
    assert found.keys() == RESULT.keys() and found["transport"] > 0
    assert (tmp_path / "samples.png").is_file()


def test_section_has_means_with_their_errors_beside_what_was_published():
    results = {
        "toys/ring/plain/seed_0": RESULT,
        "toys/ring/plain/seed_1": RESULT | {"modes": 6},
        "toys/ring/unrolled/seed_0": RESULT,
        "toys/ring/unrolled/seed_1": {"failed": "critic_loss is nan"},
    }
    section = section_of(PLAN, results)
    (table,) = section.tables
    cells = cells_of(table)
    (modes, *_, diverged, published) = cells["plain GAN"]
    # Half of the difference of two values.
    assert (modes.text, modes.spread) == ("7", "(± 1.0)")
    assert diverged.text == "0 of 2" and published.text.startswith("6.3 ± 0.5, 98 %, 0.45")
    assert [cell.text for cell in cells["unrolled, 5 updates"]][-2] == "1 of 2"
    assert [cell.text for cell in cells["the mixture itself"]][0] == "8"
    assert {clip.path for clip in section.clips} == {
        f"jobs/toys/ring/{name}/seed_0/samples.png" for name in ("plain", "unrolled")
    }


@pytest.mark.parametrize("name", PARTS)
def test_a_part_has_jobs_of_its_name_and_a_section_before_any_is_done(name):
    plan = Plan(PLAN.cures, quick=True, config="data: {name: stacked_digits}")
    jobs = PARTS[name]().jobs(plan, {})
    assert jobs and all(job.name.startswith(f"{name}/") for job in jobs)
    assert not PARTS[name]().section(PLAN, {}).tables
