"""`tgan detect series fit` and `score` from CSV files to scores, intervals and plots."""

import csv
import inspect
import json
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest

from tgan.anomaly.series.data.reading import read_series
from tgan.anomaly.series.data.robot import robot_with_faults
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.data.writing import read_intervals, write_series
from tgan.anomaly.series.detector import TadGANDetector
from tgan.anomaly.series.presets import PRESETS
from tgan.cli import detect_series, main
from tgan.cli.series_arguments import DEFAULT_PRESET, FIT_EXAMPLES, REFERENCES

pytest.importorskip("matplotlib")
START = 1396310400  # 2014-04-01


def series_of(values, *names, first=START, step=600):
    values = np.array(values, np.float64).reshape(len(values), -1)
    times = first + step * np.arange(len(values), dtype=np.int64)
    return Series(times, values, names or ("value",))


def wave(count=240):
    rng = np.random.default_rng(0)
    return np.sin(np.arange(count) / 5) + 0.05 * rng.normal(size=count)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """CSV files, good and bad, and a detector that was fitted on one of them."""
    folder = tmp_path_factory.mktemp("series")
    odd = wave()
    odd[100:110] += 4
    missing = wave()
    missing[50:60] = np.nan
    for name, values in {"usual": wave(), "odd": odd, "missing": missing, "short": wave(9)}.items():
        write_series(folder / f"{name}.csv", series_of(values))
    write_series(folder / "constant.csv", series_of(np.ones(240)))
    write_series(folder / "nothing.csv", series_of(np.full(240, np.nan)))
    write_series(folder / "two.csv", series_of(np.stack([wave(), -wave()], 1), "a", "b"))
    late = series_of(wave())
    late.timestamps[120:] += 86400 * 3650
    write_series(folder / "late.csv", late)
    (folder / "empty.csv").write_text("")
    milliseconds = [f"{time}000,1" for time in series_of(wave()).timestamps]
    (folder / "ms.csv").write_text("\n".join(["timestamp,value", *milliseconds]))
    columns = [
        f"{datetime.fromtimestamp(time, UTC):%d.%m.%Y;%H:%M};{value}".replace(".", ",")
        for time, value in zip(series_of(wave()).timestamps, wave(), strict=True)
    ]
    columns = [row.replace(",", ".", 2) for row in columns]
    (folder / "german.csv").write_text("\n".join(["Datum;Uhrzeit;value", *columns]))
    (folder / "known.json").write_text(json.dumps([[START + 60000, START + 65400]]))
    (folder / "names.json").write_text(json.dumps({"odd.csv": [["2014-04-01", "2014-04-02"]]}))
    main(["detect", "series", "fit", str(folder / "usual.csv"), *small(folder / "detector")])
    return folder


def small(out, *options):
    return ["--out", str(out), "--steps", "1", *options]


def score(detector, series, out, *options):
    main(["detect", "series", "score", str(detector), str(series), "--out", str(out), *options])
    with (out / "scores.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_real_series_gets_what_the_api_finds(shared, tmp_path, capsys):
    path = shared("datasets/nab/data/realAdExchange/exchange-2_cpc_results.csv")
    options = ["--interval", "10800", "--steps", "3", "--seed", "1", "--combination", "product"]
    options += ["--preset", "dense"]
    main(["detect", "series", "fit", str(path), "--out", str(tmp_path / "detector"), *options])
    fitted = TadGANDetector("dense", interval=10800, steps=3, seed=1, combination="product")
    series = read_series(path)
    fitted.fit(series)
    assert f"{fitted.level_:.3f}" in capsys.readouterr().out
    any_found = False
    for reference in REFERENCES:
        out = tmp_path / reference
        rows = score(tmp_path / "detector", path, out, "--reference", reference)
        expected = fitted.score(series, reference=reference)
        found = fitted.intervals_of(expected)
        assert json.loads((out / "intervals.json").read_text()) == [list(pair) for pair in found]
        scores = [float(row["score"]) for row in rows]
        np.testing.assert_allclose(scores, expected.scores, rtol=1e-4, atol=1e-5)
        assert [int(row["timestamp"]) for row in rows] == expected.series.timestamps.tolist()
        inside = [
            any(start <= int(row["timestamp"]) <= end for start, end in found) for row in rows
        ]
        assert [row["is_abnormal"] == "1" for row in rows] == inside
        printed = capsys.readouterr().out
        assert f"{len(found)} interval" in printed
        for start, _ in found:
            assert f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%SZ}" in printed
        any_found = any_found or bool(found)
    assert any_found  # Otherwise little was compared.


def test_what_is_odd_is_found_and_compared_with_what_is_known(folder, tmp_path, capsys):
    rows = score(
        folder / "detector",
        folder / "odd.csv",
        tmp_path / "new" / "out",
        *("--labels", str(folder / "known.json"), "--reference", "training"),
    )
    names = ["timestamp", "time", "value", "value_reconstruction", "critic", "score", "is_abnormal"]
    assert list(rows[0]) == names and len(rows) == 240
    assert rows[1]["time"] == "2014-04-01T00:10:00Z"
    assert max(rows, key=lambda row: float(row["score"]))["is_abnormal"] == "1"
    written = sorted(path.name for path in (tmp_path / "new" / "out").iterdir())
    assert written == ["intervals.json", "plot.png", "scores.csv"]
    assert (tmp_path / "new" / "out" / "plot.png").stat().st_size > 10_000
    again = read_series(tmp_path / "new" / "out" / "scores.csv", values=["value"])
    np.testing.assert_allclose(again.values, read_series(folder / "odd.csv").values, rtol=1e-9)
    [(start, end)] = json.loads((tmp_path / "new" / "out" / "intervals.json").read_text())
    assert start <= START + 60000 and end >= START + 65400
    printed = capsys.readouterr().out
    assert "against 1 known: F1 1.000, precision 1.000, recall 1.000" in printed
    inside = sum(row["is_abnormal"] == "1" for row in rows)
    assert f"F1 {20 / (10 + inside):.3f}, coverage {inside / 240:.3f}" in printed


def test_gaps_are_told_and_stay_empty(folder, tmp_path, capsys):
    rows = score(folder / "detector", folder / "missing.csv", tmp_path / "out")
    assert [row["value"] == "" for row in rows] == [50 <= place < 60 for place in range(240)]
    assert all(row["value_reconstruction"] and row["score"] for row in rows)
    printed = capsys.readouterr().out
    assert "240 samples of 1 channel (value), 2014-04-01T00:00:00Z to" in printed
    assert "240 segments of 600 seconds, 4.2% empty" in printed


def test_a_lost_segment_is_warned_of_and_how_it_is_filled(folder, tmp_path):
    lines = (folder / "odd.csv").read_text().splitlines(keepends=True)
    (tmp_path / "one.csv").write_text("".join(lines[:60] + lines[61:]))
    message = r"1 of 240 segments of '.*one.csv' \(0.4%\) lack values, filled by 'linear'$"
    with pytest.warns(UserWarning, match=message):
        score(folder / "detector", tmp_path / "one.csv", tmp_path / "out")
    (tmp_path / "long.csv").write_text("".join(lines[:60] + lines[161:]))
    message = r"101 of 240 .* 'linear'; gaps of more than 100 segments \(101 values\) by means; a"
    with pytest.warns(UserWarning, match=message):
        score(folder / "detector", tmp_path / "long.csv", tmp_path / "out", "--overwrite")


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("ms.csv", [], "times in ms"),
        ("german.csv", [], "';' between cells, times from Datum and Uhrzeit, dates as day/month/"),
        (
            "german.csv",
            ["--delimiter", "semicolon", "--decimal", ",", "--timestamp", "Datum,Uhrzeit"]
            + ["--date-format", "%d.%m.%Y %H:%M"],
            "times from Datum and Uhrzeit",
        ),
    ],
)
def test_a_file_of_another_form_is_the_same_series(folder, tmp_path, name, options, told):
    expected = score(folder / "detector", folder / "usual.csv", tmp_path / "usual")
    with pytest.warns(UserWarning, match=told):
        found = score(folder / "detector", folder / name, tmp_path / "other", *options)
    same = [row["timestamp"] for row in found] == [row["timestamp"] for row in expected]
    if name == "german.csv":
        assert same
        scores = ([float(row["score"]) for row in rows] for rows in (found, expected))
        np.testing.assert_allclose(*scores, rtol=1e-5)
    else:
        assert same and len(found) == 240


def test_several_files_for_one_detector(folder, tmp_path, capsys):
    other = series_of(wave()[::-1], first=START - 10**7)
    write_series(tmp_path / "other.csv", other)
    files = [str(folder / "usual.csv"), str(tmp_path / "other.csv")]
    main(["detect", "series", "fit", *files, *small(tmp_path / "d")])
    expected = TadGANDetector(steps=1).fit([read_series(path) for path in files])
    described = json.loads((tmp_path / "d" / "detector.json").read_text())
    assert described["fitted"]["level"] == pytest.approx(expected.level_, rel=1e-5)
    assert (
        described["fitted"]["reference"]["error_mean"]
        != json.loads((folder / "detector" / "detector.json").read_text())["fitted"]["reference"][
            "error_mean"
        ]
    )
    assert capsys.readouterr().out.count("240 segments of 600 seconds") == 2
    with pytest.raises(SystemExit):
        main(["detect", "series", "fit", files[0], str(folder / "two.csv"), *small(tmp_path / "e")])
    error = capsys.readouterr().err
    assert "two.csv' has no column 'value'" in error and error.count("\n") == 1


def test_a_series_finer_than_a_second_and_a_narrow_interval(folder, tmp_path):
    rows = [f"{0.01 * k:.2f},{value!r}\n" for k, value in enumerate(wave().tolist())]
    (tmp_path / "usual.csv").write_text("time,value\n" + "".join(rows))
    odd = wave()
    odd[100:110] += 4
    rows = [f"{0.01 * k:.2f},{value!r}\n" for k, value in enumerate(odd.tolist())]
    (tmp_path / "odd.csv").write_text("time,value\n" + "".join(rows))
    main(["detect", "series", "fit", str(tmp_path / "usual.csv"), *small(tmp_path / "d")])
    described = json.loads((tmp_path / "d" / "detector.json").read_text())
    assert described["fitted"]["interval"] == 0.01 and described["fitted"]["lead"] == 0.005
    lengths = []
    for options in ([], ["--narrow"]):
        out = tmp_path / f"out{len(options)}"
        argv = tmp_path / "d", tmp_path / "odd.csv", out, "--reference", "training", *options
        found = score(*argv)
        intervals = read_intervals(out / "intervals.json")
        [(start, end)] = [pair for pair in intervals if pair[0] <= 1.09 and pair[1] >= 1]
        lengths.append(end - start)
    assert len(found) == 240 and found[1]["timestamp"] == "0.01"
    assert lengths[0] > 0.5 and 0.04 <= lengths[1] <= 0.2


def test_many_empty_segments_are_warned_of(folder, tmp_path):
    kept = [line for place, line in enumerate((folder / "usual.csv").open()) if place % 2 < 1]
    (tmp_path / "thin.csv").write_text("timestamp,value\n" + "".join(kept[1:]))
    with pytest.warns(
        UserWarning, match=r"thin.csv' \(49.8%\) lack values, .* a longer --interval"
    ):
        score(folder / "detector", tmp_path / "thin.csv", tmp_path / "out")


def test_nothing_is_overwritten_unless_asked(folder, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "plot.png").write_text("mine")
    with pytest.raises(SystemExit):
        score(folder / "detector", folder / "odd.csv", out)
    assert "is there already; --overwrite replaces it" in capsys.readouterr().err
    assert [path.read_text() for path in out.iterdir()] == ["mine"]
    score(folder / "detector", folder / "odd.csv", out, "--overwrite")
    assert (out / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_an_interrupted_score_leaves_results_as_they_were(folder, tmp_path, monkeypatch):
    score(folder / "detector", folder / "odd.csv", tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(detect_series, "write_plot", interrupted)
    for out in (tmp_path, tmp_path / "new"):
        with pytest.raises(SystemExit):
            score(folder / "detector", folder / "usual.csv", out, "--overwrite")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_window_of_a_short_series_and_fewer_numbers(tmp_path):
    write_series(tmp_path / "a.csv", series_of(wave(40)))
    options = ["--preset", "dense", "--window", "10", "--latent-size", "4", "--false-alarms", "0.5"]
    argv = ["detect", "series", "fit", str(tmp_path / "a.csv")]
    main([*argv, *small(tmp_path / "detector", *options)])
    described = json.loads((tmp_path / "detector" / "detector.json").read_text())
    assert described["settings"]["window"] == 10 and described["settings"]["latent_size"] == 4
    assert described["scoring"]["false_alarms"] == 0.5


def test_known_intervals_elsewhere_or_none(folder, tmp_path, capsys):
    (tmp_path / "elsewhere.json").write_text("[[0, 10]]")
    (tmp_path / "none.json").write_text("[]")
    argv = folder / "detector", folder / "odd.csv", tmp_path / "out", "--overwrite", "--labels"
    with pytest.warns(UserWarning, match=r"no interval of '.*elsewhere.json' lies within"):
        score(*argv, str(tmp_path / "elsewhere.json"))
    score(*argv, str(tmp_path / "none.json"))
    assert "against 0 known: 2 found falsely; coverage 0.6" in capsys.readouterr().out


def test_an_interrupted_fit_leaves_nothing(folder, tmp_path, monkeypatch, capsys):
    def interrupted(self, series, *, report):
        raise KeyboardInterrupt

    monkeypatch.setattr(TadGANDetector, "fit", interrupted)
    with pytest.raises(SystemExit) as exit_:
        main(["detect", "series", "fit", str(folder / "usual.csv"), *small(tmp_path / "new")])
    assert exit_.value.code == 130 and "interrupted" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


FIT, SCORE = ["fit", "{f}/usual.csv", "--out", "{t}/o"], ["score", "{f}/detector"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "required: ACTION"),
        (["fit", "{f}/usual.csv"], "required: --out"),
        (["fit", "{f}/none.csv", "--out", "{t}/o"], "no file"),
        (["fit", "{f}/empty.csv", "--out", "{t}/o"], "has no header"),
        (["fit", "{f}/constant.csv", "--out", "{t}/o"], "the series is constant (value)"),
        (["fit", "{f}/nothing.csv", "--out", "{t}/o"], "channel 'value' has no values"),
        ([*FIT, "--every", "1", "--timestamp", "a"], "--every says that there are no times, and"),
        ([*FIT, "--fill", "liner"], "unknown fill 'liner' (did you mean 'linear'?)"),
        ([*FIT, "--delimiter", ";;"], "a delimiter is one character, not ';;'"),
        ([*FIT, "--unit", "weeks"], "argument --unit: invalid choice: 'weeks'"),
        ([*FIT, "--date-format", "%d"], "line 2 of '{f}/usual.csv': '1396310400' is not a time"),
        ([*FIT, "--interval", "x"], "argument --interval: 'x' is no number of seconds above 0"),
        (["fit", "{f}/late.csv", "--out", "{t}/o"], "600 seconds makes 525840 segments of 240"),
        (["fit", "{f}/short.csv", "--out", "{t}/o"], "9 segments of time is too short; at least"),
        (["fit", "{f}/usual.csv", "--out", "{f}/detector"], "is not empty; name a new one"),
        ([*FIT, "--values", "valeu"], "no column 'valeu' (did you mean 'value'?)"),
        ([*FIT, "--values", "value,,"], "argument --values: 'value,,'; names with commas"),
        ([*FIT, "--interval", "0"], "argument --interval: '0' is no number of seconds above 0"),
        ([*FIT, "--interval", "1"], "1 seconds makes 143401 segments of 240 samples"),
        ([*FIT, "--interval", "9000000"], "longer than the series; its first and its last sample"),
        ([*FIT, "--steps", "0"], "argument --steps: '0' is no whole number from 1"),
        ([*FIT, "--latent-size", "0"], "argument --latent-size: '0' is no whole number from 1"),
        ([*FIT, "--false-alarms", "1"], "--false-alarms 1.0 is not between 0 and 1"),
        ([*FIT, "--smoothing", "100000"], "smoothing 100000 of scores is more than the series"),
        ([*FIT, "--window", "50"], "--window 50 needs a --hidden below it; that of context is 100"),
        ([*FIT, "--seed", "-1"], "argument --seed: '-1' is no whole number from 0"),
        ([*FIT, "--preset", "contxt"], "unknown preset 'contxt' (did you mean 'context'?)"),
        ([*FIT, "--error", "dtv"], "unknown error 'dtv' (did you mean 'dtw'?)"),
        ([*FIT, "--combination", "sum"], "unknown combination 'sum'; choose from"),
        (["score", "{f}", "{f}/odd.csv", "--out", "{t}/o"], "has no detector.json"),
        (["score", "{f}/none", "{f}/odd.csv", "--out", "{t}/o"], "has no detector.json"),
        ([*SCORE, "{f}/two.csv", "--out", "{t}/o"], "no column 'value'; choose from timestamp, a"),
        (
            [*SCORE, "{f}/two.csv", "--out", "{t}/o", "--values", "a,b"],
            "2 columns of values (a, b); the detector was fitted on 1 (value)",
        ),
        ([*SCORE, "{f}/late.csv", "--out", "{t}/o"], "600 seconds makes 525840 segments of 240"),
        ([*SCORE, "{f}/short.csv", "--out", "{t}/o"], "9 segments of time is too short; at least"),
        ([*SCORE, "{f}/nothing.csv", "--out", "{t}/o"], "channel 'value' has no values"),
        ([*SCORE, "{f}/odd.csv", "--out", "{f}/odd.csv"], "is a file; name a folder"),
        (
            [*SCORE, "{f}/odd.csv", "--out", "{t}/o", "--labels", "{f}/names.json"],
            "is not a list of intervals, [[start, end], ...]",
        ),
        ([*SCORE, "{f}/odd.csv", "--out", "{t}/o", "--reference", "x"], "invalid choice: 'x'"),
    ],
)
def test_mistakes_end_in_one_line(folder, tmp_path, capsys, argv, message):
    with pytest.raises(SystemExit) as exit_:
        main(["detect", "series", *(a.format(f=folder, t=tmp_path) for a in argv)])
    error = capsys.readouterr().err
    message = message.format(f=folder)
    assert exit_.value.code == 2 and message in error and len(error.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_damaged_detectors_are_told_apart(folder, tmp_path, capsys):
    weights = (folder / "detector" / "networks.safetensors").read_bytes()
    settings = json.loads((folder / "detector" / "detector.json").read_text())

    def changed(**fitted):
        return json.dumps(settings | {"fitted": settings["fitted"] | fitted})

    for number, (text, message) in enumerate(
        [
            ("{", "is not a detector that can be read"),
            ("[]", "is not a detector that can be read"),
            (json.dumps(settings | {"version": 9}), "its version is 9, and this program reads 1"),
            (changed(names=5), "its names are no list"),
            (json.dumps({"version": 1}), "detector.json has no 'fitted'"),
            (changed(scaler={}), "is not a detector that can be read"),
        ]
    ):
        copy = tmp_path / str(number)
        copy.mkdir()
        (copy / "networks.safetensors").write_bytes(weights)
        (copy / "detector.json").write_text(text)
        with pytest.raises(SystemExit) as exit_:
            score(copy, folder / "odd.csv", tmp_path / "o")
        error = capsys.readouterr().err
        assert exit_.value.code == 2 and message in error and len(error.splitlines()) == 1


def test_mistakes_in_series_are_found_before_heavy_imports(folder):
    argv = [
        ["fit", f"{folder}/constant.csv", "--out", f"{folder}/new"],
        ["score", f"{folder}/detector", f"{folder}/two.csv", "--out", f"{folder}/new"],
        ["fit", "--help"],
    ]
    code = (
        "import sys; from tgan.cli import main\n"
        f"for argv in {argv!r}:\n"
        "    try: main(['detect', 'series', *argv])\n"
        "    except SystemExit: pass\n"
        "    else: raise AssertionError(argv)\n"
        "assert not {'torch', 'matplotlib', 'scipy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [*map(bool, done.stderr.splitlines())] == [True, True]


def test_help_lists_every_preset_and_the_default():
    lines = [line.split()[0] for line in FIT_EXAMPLES.splitlines() if line.startswith("  ")]
    assert set(PRESETS) <= set(lines)
    parameters = inspect.signature(TadGANDetector).parameters
    assert parameters["settings"].default == DEFAULT_PRESET


def test_the_robot_is_written(tmp_path, capsys, monkeypatch):
    short = partial(robot_with_faults, minutes=20, train_minutes=1, episodes=1)
    monkeypatch.setattr(detect_series, "robot_with_faults", short)
    out = tmp_path / "robot"
    main(["detect", "series", "robot", "--out", str(out), "--seed", "3"])
    simulated = short(seed=3)
    for name, series in (("usual", simulated.train), ("faults", simulated.test)):
        read = read_series(out / f"{name}.csv")
        assert read.names == series.names
        np.testing.assert_array_equal(read.values, series.values)
    assert read_intervals(out / "known.json") == simulated.labels
    with pytest.raises(SystemExit):
        main(["detect", "series", "robot", "--out", str(out)])
    assert "is not empty" in capsys.readouterr().err


def test_settings_of_a_preset_are_replaced(tmp_path):
    rows = "".join(f"{60 * t},{np.sin(t / 3)}\n" for t in range(80))
    (tmp_path / "a.csv").write_text("timestamp,value\n" + rows)
    chosen = ["--preset", "dense", "--window", "24", "--constraint", "svc", "--smoothing", "3"]
    fit = ["detect", "series", "fit", str(tmp_path / "a.csv"), "--out", str(tmp_path / "d")]
    main([*fit, *chosen, "--hidden", "4", "--steps", "1", "--error", "area"])
    described = json.loads((tmp_path / "d" / "detector.json").read_text())
    settings = described["settings"]
    assert (settings["window"], settings["hidden"], settings["constraint"]) == (24, 4, "svc")
    assert settings["encoder"] == "dense" and settings["steps"] == 1
    assert described["scoring"]["smoothing"] == 3 and described["scoring"]["error"] == "area"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--constraint", "svd"], "unknown constraint 'svd'"),
        (["--smoothing", "0"], "argument --smoothing: '0' is no whole number from 1"),
        (["--window", "60"], "--window 60 needs a --hidden below it"),
        (["--preset", "contxt"], "unknown preset 'contxt' (did you mean 'context'?)"),
    ],
)
def test_settings_that_cannot_be_are_one_line(tmp_path, capsys, options, message):
    rows = "".join(f"{60 * t},{t % 7}\n" for t in range(150))
    (tmp_path / "a.csv").write_text("timestamp,value\n" + rows)
    fit = ["detect", "series", "fit", str(tmp_path / "a.csv"), "--out", str(tmp_path / "d")]
    with pytest.raises(SystemExit) as stop:
        main(fit + options)
    told = capsys.readouterr().err
    assert stop.value.code == 2 and message in told and told.count("\n") == 1


def test_former_names_of_options_go_on_with_a_warning(folder, tmp_path):
    fit = [
        "detect",
        "series",
        "fit",
        str(folder / "usual.csv"),
        "--steps",
        "1",
        "--config",
        "dense",
    ]
    with pytest.warns(UserWarning, match="--config is --preset now"):
        main([*fit, "--out", str(tmp_path / "old")])
    main([*fit[:-2], "--preset", "dense", "--out", str(tmp_path / "new")])
    old, new = (tmp_path / name / "detector.json" for name in ("old", "new"))
    assert old.read_text() == new.read_text() != (folder / "detector" / old.name).read_text()
    with pytest.warns(UserWarning, match="--known is --labels now"):
        argv = folder / "detector", folder / "odd.csv", tmp_path / "out"
        score(*argv, "--known", str(folder / "known.json"))
