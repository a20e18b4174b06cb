import json

import pytest

from tgan.data.videos.lists import read_list, read_splits


def pairs(path, **options):
    return [(row.file, row.label) for row in read_list(path, **options)]


def write(tmp_path, text, name="list.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "a.mp4,jump\nb c.mp4,wave\n",
        "video_path,label\na.mp4,jump\nb c.mp4,wave\n",
        "label;File\njump;a.mp4\nwave;b c.mp4\n",
        "a.mp4\tjump\nb c.mp4\twave\n",
        "clip,start,class_name,end\na.mp4,0,jump,9\nb c.mp4,1,wave,8\n",
        '\ufeff"a.mp4","jump"\r\n"b c.mp4","wave"\r\n\r\n',
        "id, file_name, text\n1, a.mp4, jump\n2, b c.mp4, wave\n",
    ],
)
def test_tables_of_every_kind(tmp_path, text):
    assert pairs(write(tmp_path, text)) == [("a.mp4", "jump"), ("b c.mp4", "wave")]


def test_tables_of_the_fields_data_sets(tmp_path):
    slowfast = write(tmp_path, "/data/k400/abc.mp4 0\n/data/k400/x_y.mp4 17\n")
    assert pairs(slowfast) == [("/data/k400/abc.mp4", "0"), ("/data/k400/x_y.mp4", "17")]
    kinetics = write(
        tmp_path,
        'label,youtube_id,time_start,time_end,split\n"playing, indoors",-3B32,5,15,train\n'
        "yoga,x_9,100,110,train\n",
    )
    assert pairs(kinetics) == [
        ("-3B32_000005_000015", "playing, indoors"),
        ("x_9_000100_000110", "yoga"),
    ]
    something = [{"id": "78687", "template": "Holding [something]", "label": "holding potato"}]
    path = write(tmp_path, json.dumps(something), "train.json")
    assert pairs(path) == [("78687", "Holding [something]")]
    assert pairs(path, columns=("id", "label")) == [("78687", "holding potato")]
    nested = {"-3B32": {"annotations": {"label": "yoga", "segment": [1, 2]}, "subset": "train"}}
    assert pairs(write(tmp_path, json.dumps(nested), "k.json")) == [("-3B32", "yoga")]
    assert pairs(write(tmp_path, '{"a.mp4": "jump", "b.mp4": 3}', "m.json")) == [
        ("a.mp4", "jump"),
        ("b.mp4", "3"),
    ]
    lines = '{"file_name": "a.mp4", "label": "jump"}\n\n{"file_name": "b.mp4", "label": "wave"}\n'
    found = pairs(write(tmp_path, lines, "metadata.jsonl"))
    assert found == [("a.mp4", "jump"), ("b.mp4", "wave")]


def test_columns_by_name_and_by_number(tmp_path):
    path = write(tmp_path, "Clip Name,Verb,Noun\na.mp4,open,door\nb.mp4,close,box\n")
    assert pairs(path, columns=("clip name", "noun")) == [("a.mp4", "door"), ("b.mp4", "box")]
    bare = write(tmp_path, "0,a.mp4,open\n1,b.mp4,close\n", "bare.csv")
    assert pairs(bare, columns=("2", "3")) == [("a.mp4", "open"), ("b.mp4", "close")]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a.mp4\n", {}, "line 1: expected 'file,label', got 'a.mp4'"),
        ("a.mp4,jump\nb.mp4,\n", {}, "line 2: expected 'file,label', got 'b.mp4,'"),
        ("a.mp4,0,9,jump\n", {}, "columns, say which of several are meant"),
        ("path,x,y\na.mp4,1,2\n", {}, "no column of its heading 'path,x,y' is known to name cla"),
        ("file,label\n", {}, "no videos listed"),
        (
            "file,label\na,b\n",
            {"columns": ("file", "verb")},
            "no column 'verb'; it has file",
        ),
        ("a,b\n", {"columns": ("1", "3")}, "line 1: expected 'file,label', got 'a,b'"),
    ],
)
def test_lists_that_say_nothing(tmp_path, text, options, message):
    with pytest.raises(ValueError, match=message):
        read_list(write(tmp_path, text), **options)


@pytest.mark.parametrize(
    ("text", "message"),
    [("[1]", "entry 1 names no file and class: '1'"), ("{", "is not JSON"), ("3", "is no list of")],
)
def test_json_that_says_nothing(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_list(write(tmp_path, text, "a.json"))


def test_lists_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match="cannot read .*gone.csv: No such file"):
        read_list(tmp_path / "gone.csv")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="cannot read .*a.csv: not UTF-8 text"):
        read_list(tmp_path / "a.csv")


def test_hmdb51_lists(tmp_path):
    """Their codes: 1 is the training part, 2 the test part, 0 is neither."""
    path = write(tmp_path, "a_h_0.avi 1 \nb_h_1.avi 2 \nc.avi 0 \n", "brush_hair_test_split1.txt")
    train = read_splits([path.with_name(f"{path.name}#train")])
    assert [(row.file, row.label) for row in train] == [("a_h_0.avi", "brush_hair")]
    test = read_splits([path.with_name(f"{path.name}#test")])
    assert [row.file for row in test] == ["b_h_1.avi"]
    assert [row.file for row in read_splits([path])] == ["a_h_0.avi", "b_h_1.avi"]
    with pytest.raises(ValueError, match="'#val' is no part; choose from #train, #test"):
        read_splits([path.with_name(f"{path.name}#val")])
