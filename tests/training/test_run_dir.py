from tests.made.watched import SMALL
from tgan.cli import main
from tgan.training.run_dir import clear_unfinished


def test_what_a_killed_run_was_writing_is_cleared_by_the_next(tmp_path, monkeypatch):
    run_dir, outside = tmp_path / "run", tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = run_dir / "checkpoints" / ".step_00000007.part"
    folder.mkdir(parents=True)
    (run_dir / "previews").mkdir()
    files = [
        folder / "state.json",
        run_dir / ".metrics.123.part.jsonl",
        run_dir / "previews" / ".step_00000007.123.part.mp4",
    ]
    others = [run_dir / "notes.part", run_dir / ".notes", run_dir / "checkpoints" / "best.part"]
    for path in [*files, *others]:
        path.touch()
    (run_dir / ".link.part").symlink_to(outside)
    clear_unfinished(run_dir)
    assert not any(path.exists() for path in [*files, folder, run_dir / ".link.part"])
    assert all(path.exists() for path in [*others, outside / "kept"])


def test_a_run_clears_its_directory_as_it_starts(tmp_path):
    run_dir = tmp_path / "run"
    settings = ["--train.steps=1", "--log.preview_every=0", "--log.critic_every=0"]
    settings += ["--log.trackers=[]"]
    main(["train", *SMALL, *settings, f"--run-dir={run_dir}"])
    left = run_dir / "previews" / ".step_00000000.123.part.mp4"
    left.touch()
    main(["train", "--resume=auto", "--train.steps=2", f"--run-dir={run_dir}"])
    assert not left.exists()
