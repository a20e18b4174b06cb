import pytest

from tgan.data.videos.labels import Place, match
from tgan.data.videos.lists import Row

ALIKE = ["jump/0001.mp4", "wave/0007.mp4", "wave/0008.mp4"]


def found(videos, rows, root="/data/root"):
    """Classes by video, and the rows without one."""
    result = match([Place(video, root) for video in videos], [Row(f, x, "list") for f, x in rows])
    labels = {videos[position]: label for position, label in result.labels.items()}
    return labels, dict(result.missing)


def test_a_row_never_means_a_namesake_in_another_folder():
    labels, missing = found(ALIKE, [("jump/0007.mp4", "1"), ("wave/0008.mp4", "2")])
    assert labels == {"wave/0008.mp4": "2"}
    assert missing == {
        "jump/0007.mp4": "listed in list, but no such file, only 'wave/0007.mp4'",
    }
    both = [("jump/0007.mp4", "1"), ("wave/0007.mp4", "2")]
    assert found(ALIKE, both)[0] == {"wave/0007.mp4": "2"}
    # The folder that was searched has a name, too.
    flat, rows = ["0007.mp4", "0008.mp4"], [("jump/0007.mp4", "1"), ("wave/0008.mp4", "2")]
    assert found(flat, rows, "/data/wave")[0] == {"0008.mp4": "2"}


@pytest.mark.parametrize(
    "write",
    [
        "{}",
        "./{}",
        "root/{}",
        "/data/root/{}",
        "/elsewhere/videos/{}",
        "C:\\videos\\{}",
        "../root/{}",
        "videos/train/{}",
        " {} ",
    ],
)
@pytest.mark.parametrize("ending", [".mp4", ""])
def test_a_row_means_the_file_that_it_names_however_it_is_written(write, ending):
    names = ["jump/0007", "wave/0007", "wave/0008"]
    rows = [(write.format(name + ending), name) for name in names]
    if "\\" in write:
        rows = [(file.replace("/", "\\"), label) for file, label in rows]
    labels, missing = found([f"{name}.mp4" for name in names], rows)
    assert labels == {f"{name}.mp4": name for name in names} and missing == {}


def test_videos_may_lie_deeper_or_all_in_one_folder():
    rows = [("Surf/v_Surf_1.avi", "Surf"), ("Dive/v_Dive_1.avi", "Dive")]
    for videos in (["UCF/Surf/v_Surf_1.avi", "UCF/Dive/v_Dive_1.avi"],):
        assert list(found(videos, rows)[0].values()) == ["Surf", "Dive"]
    assert found(["v_Surf_1.avi", "v_Dive_1.avi"], rows)[1] == {}
    # Not where a name is listed twice: then folders tell them apart.
    labels, missing = found(["1.avi"], [("Surf/1.avi", "Surf"), ("Dive/1.avi", "Dive")])
    assert labels == {} and len(missing) == 2


def test_two_videos_that_a_row_fits_are_not_chosen_between():
    labels, missing = found(["a/1.mp4", "b/1.mp4"], [("1.mp4", "x")])
    assert labels == {} and missing == {"1.mp4": "listed in list, but 2 files have this name"}
    # One that lies just there is meant before one that lies deeper.
    assert found(["1.mp4", "b/1.mp4"], [("1.mp4", "x")])[0] == {"1.mp4": "x"}
    # A name without an ending fits two.
    labels, missing = found(["a.mp4", "a.avi"], [("a", "x")])
    assert labels == {} and "2 files" in missing["a"]


def test_lists_of_two_roots_are_not_guessed():
    rows = [("/old/jump/1.mp4", "1"), ("/other/jump/2.mp4", "2")]
    assert found(["jump/1.mp4", "jump/2.mp4"], rows)[0] == {}


def test_one_video_has_one_class():
    with pytest.raises(ValueError, match=r"list gives \./a.mp4 two labels: 'x' and 'y'"):
        found(["a.mp4"], [("a.mp4", "x"), ("./a.mp4", "y")])
    assert found(["a.mp4"], [("a.mp4", "x"), ("a.mp4", "x")])[0] == {"a.mp4": "x"}
    # Rows of a file that holds several videos mean all of them.
    assert match([Place("a.npy"), Place("a.npy")], [Row("a.npy", "x", "list")]).labels == {
        0: "x",
        1: "x",
    }
