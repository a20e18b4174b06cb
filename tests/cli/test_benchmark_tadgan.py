"""`tgan benchmark-tadgan`: mistakes in one line, and a run on simulated series."""

import pytest

from tgan.cli import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "--seeds 0 is below 1"),
        (["--methods", "pca,contxt"], "unknown method 'contxt' (did you mean 'context'?)"),
        (["--sets", "nasdaq"], "unknown set 'nasdaq'"),
        (["--sets", "nab", "--data", "nowhere"], "has no combined_windows.json"),
        (["--sets", "robot", "--only", "x/*"], "no series SET/SERIES matches 'x/*'"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, arguments, message):
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as stop:
        main(["benchmark-tadgan", "--out", str(out), *arguments])
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1 and not out.exists()


def test_a_run(tmp_path, capsys):
    arguments = ["--sets", "robot", "--only", "robot/seed-0", "--methods", "constant_median,pca"]
    main(["benchmark-tadgan", "--out", str(tmp_path / "out"), *arguments])
    told = capsys.readouterr().out
    assert "1 series of robot; methods: constant_median, pca" in told
    assert "| pca | " in told and (tmp_path / "out" / "tables.md").read_text() in told
