from tgan.data.class_folders import class_folders, doubtful, splits_of


def test_a_class_is_the_folder_below_the_one_that_is_searched():
    paths = ["jump/deep/0.mp4", "wave/1.mp4", "2.mp4"]
    assert class_folders(paths) == ["jump", "wave", None] and splits_of(paths) == []


def test_folders_of_splits_are_no_classes():
    paths = ["train/jump/0.mp4", "Val/wave/1.mp4", "train/wave/2.mp4"]
    assert class_folders(paths) == ["jump", "wave", "wave"] and splits_of(paths) == ["Val", "train"]
    assert class_folders(["train/0.mp4", "test/jump/1.mp4"]) == [None, "jump"]


def test_a_class_may_be_called_like_a_split():
    paths = ["train/0.mp4", "bus/1.mp4"]
    assert class_folders(paths) == ["train", "bus"] and splits_of(paths) == []
    assert class_folders([]) == [] and splits_of([]) == []


def test_classes_that_look_alike_are_told():
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    labels = [decomposed, "jump", composed, "Jump", "wave", "wave ", "run", "ran"]
    assert dict(doubtful(labels)) == {
        first: f"is a class beside '{other}': they differ in case, blanks or coding of accents"
        for first, other in ((decomposed, composed), ("Jump", "jump"), ("wave", "wave "))
    }
    assert list(doubtful(["run", "ran"])) == []


def test_classes_called_like_nothing_are_told():
    told = [label for label, _ in doubtful(["nanny", " NaN", "run", "None", "#N/A"])]
    assert told == [" NaN", "#N/A", "None"]


def test_splits_may_be_named_at_more_length():
    paths = ["train_256/cat/0.mp4", "val_256/dog/1.mp4", "Test set/cat/2.mp4"]
    assert class_folders(paths) == ["cat", "dog", "cat"]
    assert class_folders(["train_station/0.mp4", "test/1.mp4"]) == ["train_station", "test"]
