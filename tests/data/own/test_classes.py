import numpy as np
import pytest
import torch

from tgan.data.own.classes import check_names, number_classes, position_of


@pytest.mark.parametrize(
    "library", [list, tuple, np.array, torch.tensor, lambda numbers: [*torch.tensor(numbers)]]
)
def test_numbers_of_any_library_become_classes_in_their_order(library):
    positions, names = number_classes(library([10, 2, 2, 7]), count=4)
    assert positions.tolist() == [2, 0, 0, 1] and names == ["2", "7", "10"]


@pytest.mark.parametrize("library", [list, np.array, lambda names: np.array(names, object)])
def test_names_become_classes_in_their_order(library):
    positions, names = number_classes(library(["b", "a", "b"]), count=3)
    assert positions.tolist() == [1, 0, 1] and names == ["a", "b"]


@pytest.mark.parametrize(
    ("labels", "expected"), [([10, 2, 2], ["2", "10"]), (["b", "a", "a"], ["a", "b"])]
)
def test_columns_of_pandas_are_labels(labels, expected):
    pandas = pytest.importorskip("pandas")
    positions, names = number_classes(pandas.Series(labels), count=3)
    assert positions.tolist() == [1, 0, 0] and names == expected


def test_names_that_are_given_keep_their_order_and_need_not_occur():
    assert number_classes([2, 0, 2], ["wave", "jump", "bend"], count=3)[0].tolist() == [2, 0, 2]
    positions, names = number_classes(["jump", "wave"], ["wave", "jump", "bend"], count=2)
    assert positions.tolist() == [1, 0] and names == ["wave", "jump", "bend"]


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        ([0, 1], None, "2 labels for 3 clips"),
        ([0, 1, None], None, "the label of clip 2 is None; a whole number from 0, or a name"),
        ([0, 1.5, 1], None, "the label of clip 1 is 1.5"),
        (np.array([0, np.nan, 1]), None, "labels are float64; a whole number"),
        (np.array(["a", None, "b"], object), None, "the label of clip 1 is None"),
        ([0, -1, 1], None, "the label of clip 1 is -1"),
        (np.eye(3, dtype=int), None, r"labels of shape \(3, 3\); .* one for each clip"),
        ([0, 3, 1], ["a", "b", "c"], "the label of clip 1 is 3; the 3 classes are a, b, c"),
        ([0, -1, 1], ["a", "b", "c"], "the label of clip 1 is -1"),
        (
            ["a", "b", "x"],
            list("abcdefg"),
            "of clip 2 is 'x'; the 7 classes are a, b, c, d, e, ...",
        ),
        (["a", "a", "a"], ["a", "b", "a"], "classes name 'a' twice"),
        (["a", "a", "a"], [], "classes name no class"),
    ],
)
def test_labels_that_do_not_fit_are_named(labels, names, message):
    with pytest.raises(ValueError, match=message):
        number_classes(labels, names, count=3)


def test_a_label_is_a_number_or_a_name():
    names = check_names(["a", "b"])
    assert position_of("b", names, "x") == position_of(1, names, "x") == 1
    assert position_of(torch.tensor(1), names, "x") == position_of(np.int64(1), names, "x") == 1
    with pytest.raises(ValueError, match="the label of item 3 is 2; the 2 classes are a, b"):
        position_of(2, names, "item 3")
