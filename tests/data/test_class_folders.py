from tgan.data.class_folders import class_folders, splits_of


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
