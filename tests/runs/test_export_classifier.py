"""A critic that learned classes, as a file: it gives what it gave here, and says what goes in."""

import json

import numpy as np
import pytest
import torch

from tests.runs.test_semi_supervised import DIGITS, tiny
from tgan.cli import main
from tgan.constraints import CONSTRAINTS
from tgan.runs.build import build_constraint, build_critic, critic_example
from tgan.runs.classifying import Classifier
from tgan.runs.export import Pt2, card_path, example_clips, export_classifier
from tgan.runs.train import train


def make(config=None, constraint="none"):
    config = config or tiny()
    config.constraint.name = constraint
    critic = build_critic(config, DIGITS)
    build_constraint(config.constraint).attach(critic, critic_example(config, DIGITS))
    return Classifier(critic).eval(), config


@pytest.mark.parametrize("constraint", ["none", "spectral_norm"])
def test_pt2_gives_exactly_the_same_probabilities(tmp_path, constraint):
    classifier, config = make(constraint=constraint)
    path = tmp_path / "c.pt2"
    export_classifier(classifier, config, path, kind="pt2", classes=DIGITS)
    loaded = torch.export.load(path).module()
    for count in (1, 3, 7):
        (clips,) = example_clips(config, count)
        with torch.no_grad():
            assert torch.equal(loaded(clips), classifier(clips))


def test_onnx_runs_elsewhere(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    classifier, config = make()
    path = tmp_path / "c.onnx"
    export_classifier(classifier, config, path, kind="onnx", classes=DIGITS)
    session = onnxruntime.InferenceSession(path)
    (clips,) = example_clips(config, 5)
    with torch.no_grad():
        expected = classifier(clips).numpy()
    (found,) = session.run(["probabilities"], {"clips": clips.numpy()})
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)


def test_the_card_says_what_goes_in_and_comes_out(tmp_path):
    classifier, config = make()
    export_classifier(classifier, config, tmp_path / "c.pt2", kind="pt2", classes=DIGITS)
    card = json.loads(card_path(tmp_path / "c.pt2").read_text())
    assert card["inputs"]["clips"]["shape"] == ["N", 1, 1, 16, 16] and card["format"] == "pt2"
    assert list(card["inputs"]) == ["clips"] and list(card["outputs"]) == ["probabilities"]
    found = card["outputs"]["probabilities"]
    assert found["shape"] == ["N", 10]
    assert found["classes"] == {str(k): name for k, name in enumerate(DIGITS)}


def test_a_file_that_gives_something_else_is_not_kept(tmp_path, monkeypatch):
    classifier, config = make()
    monkeypatch.setattr(Pt2, "open", staticmethod(lambda path: lambda x: classifier(x) * 1.1))
    with pytest.raises(ArithmeticError, match="a batch of 1: the file is off by"):
        export_classifier(classifier, config, tmp_path / "c.pt2", kind="pt2", classes=DIGITS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [name for name in CONSTRAINTS if name != "own"])
def test_every_constraint_takes_such_a_critic(name):
    """Its score stays the logarithm of the sum of exponentials of its logits."""
    classifier, config = make(constraint=name)
    (clips,) = example_clips(config, 3)
    critic = classifier.critic
    torch.testing.assert_close(critic(clips), critic.logits(clips).logsumexp(1))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(tiny(steps=1), run_dir=tmp_path_factory.mktemp("run") / "few").path


def test_the_commands_classify_and_export(run, tmp_path, capsys):
    main(["classify", str(run), "held-out", "--out", str(tmp_path / "classes.csv")])
    said, place = capsys.readouterr().out.splitlines()[-2:]
    assert place == str(tmp_path / "classes.csv")
    head, *rows = [line.split(",") for line in (tmp_path / "classes.csv").read_text().splitlines()]
    assert head == ["clip", "class", "guess", *DIGITS] and len(rows) == 299
    wrong = sum(row[1] != row[2] for row in rows)
    assert said == f"accuracy {1 - wrong / 299:.2%} ({wrong} of 299 clips wrong)"
    for row in rows[:20]:
        probabilities = list(map(float, row[3:]))
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)
        assert head[3 + int(np.argmax(probabilities))] == row[2]
    out = tmp_path / "c.pt2"
    main(["export", str(run), "--part", "classifier", "--out", str(out)])
    assert capsys.readouterr().out.splitlines() == [str(out), f"{out}.json"]
    assert torch.export.load(out).module()(torch.zeros(2, 1, 1, 16, 16)).shape == (2, 10)
    # A folder holds the generator alone, of which nothing is said about classes.
    main(["export", str(run), "--out", f"{tmp_path}/generator/"])
    assert json.loads((tmp_path / "generator/config.json").read_text())["classes"] == []


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["classify", "{run}", "held-out", "--out", "{tmp}/there.csv"], "is there already"),
        (["classify", "{run}", "{tmp}/nothing"], "no such file or folder"),
        (["classify", "{tmp}/nothing", "held-out"], "no run or checkpoint"),
        (["export", "{run}", "--part", "classifier", "--out", "{tmp}/new/"], "name a file, *.pt2"),
        (["export", "{run}", "--part", "critic", "--out", "{tmp}/c.pt2"], "invalid choice"),
    ],
)
def test_mistakes_end_in_one_line(run, tmp_path, capsys, argv, message):
    (tmp_path / "there.csv").write_text("precious")
    with pytest.raises(SystemExit) as exit_:
        main([a.format(run=run, tmp=tmp_path) for a in argv])
    error = capsys.readouterr().err
    assert exit_.value.code == 2 and message in error and len(error.splitlines()) == 1
    assert (tmp_path / "there.csv").read_text() == "precious"
