import numpy as np
import pytest
from PIL import Image

from tests.made.numbered_videos import numbered_frame, numbers, write_video
from tgan.data.files import entries
from tgan.data.packed.prepare import prepare
from tgan.data.videos.folder import VideoFolder
from tgan.data.videos.frame_files import frame_files
from tgan.data.videos.frames import Fitter
from tgan.data.videos.sources import find_sources


def write_frames(folder, numbers_of_files, name="frame_{}.png", **size):
    folder.mkdir(parents=True, exist_ok=True)
    for frame, number in enumerate(numbers_of_files):
        Image.fromarray(numbered_frame(frame, **size)).save(folder / name.format(number))


def read(source):
    return numbers(map(Fitter(16), source.read().frames))


def test_numbered_pictures_of_a_folder_are_a_video_in_the_order_of_their_numbers(tmp_path):
    root = tmp_path / "v"
    write_frames(root / "jump" / "video0", range(1, 21))
    write_frames(root / "wave" / "video1", [f"{n:05d}" for n in range(17)], "{}.jpg")
    scan = find_sources([root], labels="folders", frame_rate=12.5)
    assert [(s.name, s.label, s.num_frames) for s in scan.sources] == [
        ("v/jump/video0", "jump", 20),
        ("v/wave/video1", "wave", 17),
    ]
    assert read(scan.sources[0]) == list(range(20)) and scan.notes == []
    assert scan.sources[0].read().fps == 12.5
    assert scan.account().counts == {"taken": 37}
    with pytest.raises(ValueError, match="lies in no class folder"):
        find_sources([root / "jump"], labels="folders")


def test_gaps_are_told_and_a_step_is_none(tmp_path):
    write_frames(tmp_path / "a", [0, 5, 10, 15, 20])
    write_frames(tmp_path / "b", [1, 2, 3, 7, 8, 12])
    scan = find_sources([tmp_path])
    ((name, text),) = scan.notes
    assert name.endswith("/b")
    assert text == "no frames between 3 and 7, and 1 more gap; the others follow one another"
    assert read(scan.sources[1]) == list(range(6))
    # Numbers that are times take no memory.
    write_frames(tmp_path / "c", [10**15, 10**15 + 1, 10**17])
    assert [video.gaps for video in frame_files(list(entries(tmp_path / "c")))] == [
        ((10**15 + 1, 10**17),)
    ]


def test_several_videos_in_one_folder_have_their_beginnings_as_names(tmp_path):
    root = tmp_path / "v"
    write_frames(root, range(3), "cat_{}.png")
    write_frames(root, range(4), "dog-{}.png")
    write_frames(root / "7", range(5), "{}.png")
    scan = find_sources([root])
    assert [(s.name, s.num_frames) for s in scan.sources] == [
        ("v/7", 5),
        ("v/cat", 3),
        ("v/dog", 4),
    ]


def test_what_is_no_video(tmp_path):
    """Strips, as MoCoGAN's data set has them, photographs, a single picture."""
    for number in range(3):
        strip = np.concatenate([numbered_frame(n, width=16, height=16) for n in range(20)], axis=1)
        (tmp_path / "strips").mkdir(exist_ok=True)
        Image.fromarray(strip).save(tmp_path / "strips" / f"{number}.png")
    (tmp_path / "photos").mkdir()
    for number in range(4):
        Image.new("RGB", (40 + number, 31)).save(tmp_path / "photos" / f"IMG_{number}.jpg")
    write_frames(tmp_path / "one", [1])
    scan = find_sources([tmp_path])
    assert [(s.relative, s.num_frames) for s in scan.sources] == [
        (f"strips/{number}.png", 20) for number in range(3)
    ]
    assert scan.account().ignored == {"pictures that are no video": 1}
    ((name, reason),) = scan.skipped
    assert name.endswith("/photos")
    assert reason == "pictures of different sizes (40x31, 42x31) are no video"


def test_frames_twice_as_wide_as_high_are_no_strips_of_two(tmp_path):
    write_frames(tmp_path, range(18), width=64, height=32)
    (source,) = find_sources([tmp_path]).sources
    assert source.num_frames == 18 and read(source) == list(range(18))
    # Unless that is what they are said to be.
    assert len(find_sources([tmp_path], strips=True).sources) == 18


def test_a_broken_frame_is_named_and_videos_beside_it_are_taken(tmp_path):
    root = tmp_path / "v"
    write_frames(root / "a", range(16))
    write_frames(root / "b", range(16))
    (root / "b" / "frame_9.png").write_bytes(b"no picture")
    index = prepare(root, tmp_path / "out", resolution=16, workers=1).index
    assert [video.source for video in index.videos] == ["v/a"]
    assert index.skipped == [
        ("v/b", "frame 9, 'frame_9.png': not a picture that Pillow can open"),
    ]
    assert index.files == {"taken": 16, "skipped": 16}


def test_clips_of_an_unpacked_folder_read_only_their_own_frames(tmp_path, monkeypatch):
    write_frames(tmp_path / "a", range(40), width=16, height=16)
    clips = VideoFolder(tmp_path, num_frames=4, resolution=16, stride=2, keep_bytes=0)
    opened = []
    path_open = Image.open
    monkeypatch.setattr(Image, "open", lambda path: opened.append(path) or path_open(path))
    assert numbers(clips.clip(0, 10)) == [10, 12, 14, 16]
    assert [path.name for path in opened] == [f"frame_{n}.png" for n in (10, 12, 14, 16)]


def test_a_frame_that_has_changed_begins_a_new_packing(tmp_path):
    write_frames(tmp_path / "v" / "a", range(16))
    prepare(tmp_path / "v", tmp_path / "out", resolution=16, workers=1)
    Image.new("RGB", (64, 48)).save(tmp_path / "v" / "a" / "frame_7.png")
    with pytest.raises(ValueError, match="or files changed since"):
        prepare(tmp_path / "v", tmp_path / "out", resolution=16, workers=1)


def test_a_frame_of_another_size_is_told(tmp_path):
    write_frames(tmp_path / "v" / "a", range(20))
    write_frames(tmp_path / "v" / "b", range(20))
    Image.new("RGB", (30, 30)).save(tmp_path / "v" / "b" / "frame_7.png")
    found = prepare(tmp_path / "v", tmp_path / "out", resolution=16, workers=1)
    assert ["sizes" in video.remarks for video in found.index.videos] == [False, True]
    assert any("1 video whose frames have several sizes" in line for line in found.remarks)


@pytest.mark.parametrize(
    "name",
    [
        "aachen_000000_{:06d}_leftImg8bit.png",
        "frame ({}).png",
        "{:06d}_rgb.png",
        "{:04d}_resized.jpg",
        "{:04d}ms.png",
        "frame{:04d}.jpg.png",
    ],
)
def test_the_number_that_counts_may_stand_anywhere(tmp_path, name):
    root = tmp_path / "v"
    for number in range(17):
        (root / "a").mkdir(parents=True, exist_ok=True)
        Image.fromarray(numbered_frame(number)).save(root / "a" / name.format(number + 5))
    (source,) = find_sources([root]).sources
    assert source.name == "v/a" and read(source) == list(range(17))


def test_of_several_numbers_that_differ_the_last_one_counts_frames(tmp_path):
    for camera in (1, 2):
        write_frames(tmp_path / "v", range(17), f"cam{camera}_t{{}}_left.png")
    scan = find_sources([tmp_path / "v"])
    assert [(s.name, s.num_frames) for s in scan.sources] == [("v/cam1_t", 17), ("v/cam2_t", 17)]
    assert read(scan.sources[1]) == list(range(17))


def test_a_frame_that_is_there_twice_is_a_problem(tmp_path):
    root = tmp_path / "v"
    write_frames(root / "a", [f"{number:04d}" for number in range(16)], "{}.png")
    write_frames(root / "a", [4, 5], "{}.png")
    write_frames(root / "b", range(16))
    scan = find_sources([root])
    assert [s.name for s in scan.sources] == ["v/b"]
    assert scan.skipped == [("v/a", "frame 4 is there twice: '0004.png', '4.png'")]
    assert scan.account().counts == {"taken": 16, "skipped": 18}


def test_a_recording_in_two_formats(tmp_path):
    """One that goes on in another format is one video; the same frames in two formats are two."""
    write_frames(tmp_path / "v" / "on", range(10), "{:03d}.png")
    for number in range(10, 20):
        path = tmp_path / "v" / "on" / f"{number:03d}.bmp"
        Image.fromarray(numbered_frame(number)).save(path)
    write_frames(tmp_path / "v" / "twice", range(8), "{:03d}.png")
    write_frames(tmp_path / "v" / "twice", range(8), "{:03d}.bmp")
    scan = find_sources([tmp_path / "v"])
    assert [(s.name, s.num_frames) for s in scan.sources] == [
        ("v/on", 20),
        ("v/twice.bmp", 8),
        ("v/twice.png", 8),
    ]
    assert read(scan.sources[0]) == list(range(20))


def test_pictures_beside_videos_are_no_frames(tmp_path):
    """Posters and photographs; a strip may be one, too, and is told."""
    root = tmp_path / "v"
    root.mkdir()
    for number in range(3):
        write_video(root / f"v{number:02d}.mp4", 20)
    write_frames(root, [f"{number:02d}" for number in range(17)], "v{}.jpg")
    Image.new("RGB", (128, 64)).save(root / "still.png")
    Image.new("RGB", (1024, 64)).save(root / "banner.png")
    scan = find_sources([root])
    assert [s.name for s in scan.sources] == [
        "v/banner.png",
        *(f"v/v{number:02d}.mp4" for number in range(3)),
    ]
    assert scan.notes == [("v/banner.png", "a picture beside videos, taken as 16 frames")]
    assert scan.account().ignored == {
        "pictures that are no video": 17,
        "pictures beside videos": 1,
    }
