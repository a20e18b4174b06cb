import errno
import json
import os
import shutil
import stat
import sys
import warnings

import pytest
import torch

from tests.made.checkpoints import rewrite
from tests.made.windows import refuse_folders_and_readers, refuse_to_delete_what_is_open
from tgan.training import checkpoint as module
from tgan.training import tables
from tgan.training.checkpoint import (
    directory_of,
    find_checkpoint,
    list_checkpoints,
    load_checkpoint,
    prune_checkpoints,
    save_checkpoint,
)

TENSORS = {
    "generator": {"a": torch.arange(6.0).view(2, 3), "n": torch.tensor(3)},
    "critic": {"w": torch.randn(2, 3, 4, 4, 4).to(memory_format=torch.channels_last_3d)},
}


def save(run_dir, step=1, tensors=TENSORS, config="objective: hinge\n", **facts):
    path = directory_of(run_dir, step)
    save_checkpoint(path, tensors, step=step, num_videos=5, config=config, **facts)
    return path


@pytest.fixture
def reads(monkeypatch):
    """Names of the files of checkpoints that are read, in order."""
    names, original = [], tables.read_verified

    def note(path, name, digests, **limits):
        names.append(name)
        return original(path, name, digests, **limits)

    monkeypatch.setattr(tables, "read_verified", note)
    return names


def test_round_trip_is_exact_and_without_pickle(tmp_path):
    found = load_checkpoint(save(tmp_path, 7))
    assert found.step == 7 and found.num_videos == 5 and found.config == "objective: hinge\n"
    assert set(found.tensors) == TENSORS.keys() and len(found.tensors) == len(TENSORS)
    for name, table in TENSORS.items():
        assert found.tensors[name].keys() == table.keys()
        assert all(torch.equal(found.tensors[name][k], v) for k, v in table.items())
    endings = {file.suffix for file in found.path.iterdir()}
    assert endings == {".safetensors", ".json", ".yaml"}


def test_files_follow_the_umask(tmp_path):
    for file in save(tmp_path).iterdir():
        assert stat.S_IMODE(file.stat().st_mode) & 0o044 == 0o044


@pytest.mark.parametrize("name", ["generator.safetensors", "config.yaml", "state.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_damage_is_found_and_named(tmp_path, name, damage):
    path = save(tmp_path) / name
    data = bytearray(path.read_bytes())
    if damage == "remove":
        path.unlink()
    else:
        data[-2] ^= 1
        path.write_bytes(data if damage == "flip" else data[:-1])
    with pytest.raises(ValueError, match=f"'{name}' is (missing|not what was written)"):
        dict(load_checkpoint(path.parent).tensors)
    with pytest.raises(ValueError, match=name):
        find_checkpoint(path.parent)


def test_a_table_is_read_and_verified_when_it_is_asked_for_and_once(tmp_path, reads):
    path = save(tmp_path)
    (path / "critic.safetensors").write_bytes(b"")
    tensors = load_checkpoint(path).tensors
    assert "critic" in tensors and "nothing" not in tensors and sorted(tensors) == sorted(TENSORS)
    assert not [name for name in reads if name.endswith(".safetensors")]
    for _ in range(3):
        assert tensors["generator"]["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert reads.count("generator.safetensors") == 1 and "critic.safetensors" not in reads
    with pytest.raises(ValueError, match="damaged: 'critic.safetensors' is not what was written"):
        tensors["critic"]
    with pytest.raises(KeyError, match="nothing"):
        tensors["nothing"]


def test_what_is_needed_decides_whether_a_checkpoint_is_whole(tmp_path, reads):
    save(tmp_path, 1)
    newest = save(tmp_path, 2)
    (newest / "critic.safetensors").unlink()
    for place in (tmp_path, newest):
        assert find_checkpoint(place, needs=lambda checkpoint: ["generator"]).step == 2
    assert "critic.safetensors" not in reads
    with pytest.warns(UserWarning, match="step_00000002' is incomplete: 'critic.safetensors' is"):
        assert find_checkpoint(tmp_path).step == 1


def test_classes_are_kept_in_their_order(tmp_path):
    assert load_checkpoint(save(tmp_path, 1)).classes == ()
    path = save(tmp_path, 2, classes=["wave", "bend", "7"])
    assert load_checkpoint(path).classes == ("wave", "bend", "7")


@pytest.mark.parametrize("labels", [[], ["down", "right"]])
def test_classes_of_version_0_1_were_among_the_settings(tmp_path, labels):
    path = save(tmp_path, config=f"data: {{labels: {json.dumps(labels)}}}\n")
    facts = json.loads((path / "state.json").read_text())
    del facts["classes"]
    rewrite(path, "state.json", json.dumps(facts))
    assert load_checkpoint(path).classes == tuple(labels)


def test_a_run_falls_back_past_a_damaged_checkpoint_but_a_path_does_not(tmp_path):
    save(tmp_path, 1)
    newest = save(tmp_path, 2)
    (newest / "critic.safetensors").write_bytes(b"")
    with pytest.warns(UserWarning, match="step_00000002"):
        assert find_checkpoint(tmp_path).step == 1
    with pytest.raises(ValueError, match="damaged"):
        find_checkpoint(newest)


def test_nothing_there_is_said(tmp_path):
    with pytest.raises(ValueError, match="no run or checkpoint"):
        find_checkpoint(tmp_path / "nothing")
    with pytest.raises(ValueError, match="no whole checkpoint"):
        find_checkpoint(tmp_path)


def test_damaged_checkpoints_do_not_push_out_whole_ones(tmp_path):
    for step in (2, 4, 6, 8):
        save(tmp_path, step)
    for step in (6, 8):
        (directory_of(tmp_path, step) / "critic.safetensors").write_bytes(b"")
    save(tmp_path, 5)
    prune_checkpoints(tmp_path, step=5, keep_last=1, milestones=[])
    assert [path.name[-1] for path in list_checkpoints(tmp_path)] == ["5", "6", "8"]
    with pytest.warns(UserWarning):
        assert find_checkpoint(tmp_path).step == 5


def test_steps_are_ordered_as_numbers(tmp_path):
    for step in (999_999_999, 100_000_000, 99_999_999):
        save(tmp_path, step)
    assert find_checkpoint(tmp_path).step == 999_999_999
    prune_checkpoints(tmp_path, step=999_999_999, keep_last=1, milestones=[])
    assert len(list_checkpoints(tmp_path)) == 1


def test_a_checkpoint_of_the_same_step_is_replaced(tmp_path):
    save(tmp_path, 1)
    path = save(tmp_path, 1, {"generator": {"a": torch.ones(2)}})
    assert load_checkpoint(path).tensors["generator"]["a"].tolist() == [1, 1]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", ["[]", "null", '{"format": 1}', '{"format": 1, "sha256": {}}'])
def test_a_manifest_of_another_shape_is_damage(tmp_path, content):
    path = save(tmp_path, 2)
    save(tmp_path, 1)
    (path / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match="step_00000002"):
        load_checkpoint(path)
    with pytest.warns(UserWarning):
        assert find_checkpoint(tmp_path).step == 1


def test_unknown_format_is_refused(tmp_path):
    path = save(tmp_path)
    manifest = json.loads((path / "manifest.json").read_text()) | {"format": 99}
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="format 99"):
        load_checkpoint(path)
    (path / "manifest.json").write_text("{")
    with pytest.raises(ValueError, match="damaged: 'manifest.json'"):
        load_checkpoint(path)


@pytest.mark.parametrize("failing", range(1, 9))
def test_a_crash_at_any_write_leaves_the_one_before(tmp_path, monkeypatch, failing):
    save(tmp_path, 1)
    calls = 0

    def crash(original):
        def wrapped(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == failing:
                raise OSError(28, "No space left on device")
            return original(*args, **kwargs)

        return wrapped

    for name in ("_save_tensors", "flush_file", "flush_folder"):
        monkeypatch.setattr(module, name, crash(getattr(module, name)))
    with pytest.raises(OSError, match="cannot write checkpoint .*step_00000002.*No space left"):
        save(tmp_path, 2)
    monkeypatch.undo()
    step = find_checkpoint(tmp_path).step
    assert step == (2 if failing == 8 else 1)  # the last flush comes after the rename
    assert not list((tmp_path / "checkpoints").glob(".*"))


@pytest.mark.skipif(sys.platform != "linux", reason="simulates Windows on Linux")
def test_checkpoints_are_written_and_replaced_where_folders_cannot_be_flushed(
    tmp_path, monkeypatch
):
    refuse_folders_and_readers(monkeypatch)
    refuse_to_delete_what_is_open(monkeypatch)
    save(tmp_path, 1)
    new = {"generator": {"a": torch.ones(2)}}
    path = save(tmp_path, 2, new)
    save(tmp_path, 2, TENSORS)
    found = find_checkpoint(tmp_path)
    assert found.step == 2 and torch.equal(
        found.tensors["generator"]["a"], TENSORS["generator"]["a"]
    )
    assert sorted(each.name for each in path.parent.iterdir()) == ["step_00000001", "step_00000002"]
    prune_checkpoints(tmp_path, step=2, keep_last=1, milestones=[])
    assert list_checkpoints(tmp_path) == [path]


@pytest.mark.parametrize("step", [2, 3])
def test_a_kill_at_any_file_operation_leaves_one_whole_checkpoint_of_the_step(tmp_path, step):
    """Of a new one of step 3 and of one that replaces that of step 2: the old one or the new."""
    save(tmp_path / "made", 1)
    save(tmp_path / "made", 2)
    new = {"generator": {"a": torch.ones(2)}}
    outcomes, operation = [], 0
    while not outcomes or outcomes[-1] != "finished":
        operation += 1
        run_dir = shutil.copytree(tmp_path / "made", tmp_path / str(operation))
        was_killed = killed_at(operation, lambda run_dir=run_dir: save(run_dir, step, new))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = find_checkpoint(run_dir)
            # Its own name finds it, too, wherever it lies.
            assert step == 3 or find_checkpoint(directory_of(run_dir, 2)).path == found.path
        is_new = found.tensors["generator"]["a"].tolist() == [1, 1]
        assert found.step == (step if is_new else 2)
        assert len(list_checkpoints(run_dir)) == (3 if is_new and step == 3 else 2)
        # Nothing that is left over keeps it from being saved again.
        path = save(run_dir, step, TENSORS)
        assert torch.equal(
            load_checkpoint(path).tensors["generator"]["a"], TENSORS["generator"]["a"]
        )
        assert not list(path.parent.glob(".*"))
        outcomes.append(
            "finished" if not was_killed else f"{'new' if is_new else 'old'} in {found.path.name}"
        )
    kinds = list(dict.fromkeys(outcomes))
    # All that can happen did, in this order.
    name, aside = f"step_{step:08d}", ".step_00000002.replaced"
    between = [] if step == 3 else [f"old in {aside}"]
    assert kinds == ["old in step_00000002", *between, f"new in {name}", "finished"]
    assert len(outcomes) >= {2: 15, 3: 8}[step]


def killed_at(number, call):
    """Whether a process that does what `call` does is killed before its file operation `number`."""
    process = os.fork()
    if not process:
        left = number

        def count(event, arguments):
            nonlocal left
            is_write = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if is_write or event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod"):
                left -= 1
                if not left:
                    os._exit(9)

        sys.addaudithook(count)
        call()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 9


def test_what_an_earlier_replacement_left_blocks_nothing(tmp_path):
    path = save(tmp_path, 2)
    aside = path.with_name(".step_00000002.replaced")
    shutil.copytree(path, aside)
    assert save(tmp_path, 2, {"generator": {"a": torch.ones(2)}}) == path
    assert list(path.parent.iterdir()) == [path]
    aside.write_text("a file")
    save(tmp_path, 2)
    assert list(path.parent.iterdir()) == [path]


def test_one_put_aside_is_pruned_as_any_other(tmp_path):
    for step in (1, 2, 3):
        save(tmp_path, step)
    path = directory_of(tmp_path, 1)
    path.rename(path.with_name(".step_00000001.replaced"))
    assert [p.name for p in list_checkpoints(tmp_path)][0] == ".step_00000001.replaced"
    prune_checkpoints(tmp_path, step=3, keep_last=1, milestones=[])
    assert [p.name for p in path.parent.iterdir()] == ["step_00000003"]


def test_a_replacement_that_fails_leaves_the_one_before(tmp_path, monkeypatch):
    save(tmp_path, 1)
    rename = module.Path.rename

    def fails(self, target):
        if self.name.endswith(".part"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(module.Path, "rename", fails)
    with pytest.raises(OSError, match="No space left"):
        save(tmp_path, 1, {"generator": {"a": torch.ones(2)}})
    assert list((tmp_path / "checkpoints").iterdir()) == [directory_of(tmp_path, 1)]
    assert len(find_checkpoint(tmp_path).tensors) == 2


@pytest.mark.parametrize(
    "name",
    ["step_²", "step_", "step_-1", "step_1e3", "step_٣", "step_3.part", "xstep_4", "step_ 5"],
)
def test_other_names_are_passed_over(tmp_path, name):
    path = save(tmp_path, 1)
    shutil.copytree(path, path.with_name(name))
    assert list_checkpoints(tmp_path) == [path] and find_checkpoint(tmp_path).path == path
    prune_checkpoints(tmp_path, step=9, keep_last=1, milestones=[])
    assert path.with_name(name).is_dir()


def test_a_file_or_a_broken_link_among_checkpoints_is_passed_over(tmp_path):
    path = save(tmp_path, 1)
    path.with_name("step_00000002").write_text("")
    path.with_name("step_00000003").symlink_to("nowhere")
    with pytest.warns(UserWarning, match="no checkpoint at"):
        assert find_checkpoint(tmp_path).path == path


def test_a_real_full_disk_is_one_clear_error(tmp_path):
    resource = pytest.importorskip("resource")
    save(tmp_path, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="cannot write checkpoint .*: File too large") as error:
            save(tmp_path, 2, {"generator": {"a": torch.zeros(10_000)}})
        assert error.value.errno == errno.EFBIG
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert find_checkpoint(tmp_path).step == 1


def test_pruning_keeps_the_last_the_milestones_and_what_has_another_name(tmp_path):
    for step in (1, 2, 3, 4, 5):
        save(tmp_path, step)
    directory_of(tmp_path, 1).rename(tmp_path / "checkpoints" / "best")
    prune_checkpoints(tmp_path, step=5, keep_last=2, milestones=[2])
    kept = [path.name for path in list_checkpoints(tmp_path)]
    assert kept == ["step_00000002", "step_00000004", "step_00000005"]
    assert load_checkpoint(tmp_path / "checkpoints" / "best").step == 1
