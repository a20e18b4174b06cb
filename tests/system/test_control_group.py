import sys

from tgan.system.control_group import memory_of_group


def group(folder, *, limit, used=0, cache=0, second=True):
    """The files of a group, of the second version or the first."""
    names = (
        ("memory.max", "memory.current", "inactive_file")
        if second
        else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cache}\n")


def seen(tmp_path, text):
    (tmp_path / "groups").write_text(text)
    return memory_of_group(tmp_path / "groups", tmp_path / "mounted")


def test_the_least_limit_of_all_groups_around_a_process_counts(tmp_path):
    mounted = tmp_path / "mounted"
    group(mounted / "job" / "step", limit="max")
    group(mounted / "job", limit=8000, used=5000, cache=1000)
    group(mounted, limit=9000, used=8500, cache=100)
    group(tmp_path, limit=1)
    assert seen(tmp_path, "0::/job/step\n") == (8000, 600)


def test_groups_of_the_first_version_are_read(tmp_path):
    group(tmp_path / "mounted" / "memory" / "job", limit=7000, used=200, cache=300, second=False)
    assert seen(tmp_path, "5:cpu,cpuacct:/\n4:memory:/job\n0::/\n") == (7000, 7000)


def test_a_container_whose_own_group_is_elsewhere_has_the_limit_of_what_is_mounted(tmp_path):
    group(tmp_path / "mounted", limit=6000, used=1000)
    assert seen(tmp_path, "0::/docker/abc\n") == (6000, 5000)


def test_without_limits_there_are_none(tmp_path):
    assert memory_of_group(tmp_path / "no", tmp_path) == (sys.maxsize, sys.maxsize)
    group(tmp_path / "mounted", limit="max")
    assert seen(tmp_path, "0::/\n") == (sys.maxsize, sys.maxsize)
