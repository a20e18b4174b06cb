"""Files of cells as instruments, spreadsheets and data sets write them."""

import pytest

from tgan.anomaly.series.data.reading import read_series
from tgan.anomaly.series.data.tables import CsvForm

TIMES = [1396310400 + 600 * k for k in range(3)]  # From 2014-04-01 on.
VALUES = [[1.5, -2], [2.5, 3], [0.25, 1e3]]


@pytest.fixture
def read(tmp_path):
    def read(text, encoding="utf-8", **options):
        path = tmp_path / "x.csv"
        path.write_bytes(text.encode(encoding))
        return read_series(path, **options)

    return read


def table(delimiter, decimal, ending="\n"):
    rows = [["timestamp", "load", "heat"]]
    rows += [[str(time), *map(str, row)] for time, row in zip(TIMES, VALUES, strict=True)]
    return "".join(delimiter.join(row).replace(".", decimal) + ending for row in rows)


FORMS = [
    (";", ".", "';' between cells"),
    (";", ",", "';' between cells, decimal commas"),
    ("\t", ".", "tabs between cells"),
    ("\t", ",", "tabs between cells, decimal commas"),
    ("|", ".", "'|' between cells"),
    ("   ", ".", "spaces between cells"),
]


@pytest.mark.parametrize(("delimiter", "decimal", "note"), FORMS)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiter_and_decimal_mark_are_found_and_told(read, delimiter, decimal, note, ending):
    with pytest.warns(UserWarning, match="is read with") as told:
        found = read(table(delimiter, decimal, ending))
    assert [str(one.message).split(" is read with ")[1] for one in told] == [note]
    assert found.timestamps.tolist() == TIMES and found.values.tolist() == VALUES
    assert found.names == ("load", "heat")


@pytest.mark.parametrize(("delimiter", "decimal", "note"), [*FORMS, (",", ".", "")])
@pytest.mark.filterwarnings("error")
def test_what_is_given_is_not_told(read, delimiter, decimal, note):
    form = CsvForm(delimiter=delimiter[0], decimal=decimal)
    assert read(table(delimiter, decimal), form=form).values.tolist() == VALUES


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.filterwarnings("ignore:.* is read with letters as Latin-1")
def test_names_of_any_encoding(read, encoding):
    found = read("timestamp,Temperatur (°C)\n1,2\n", encoding=encoding)
    assert found.names == ("Temperatur (°C)",)


@pytest.mark.filterwarnings("ignore:.* is read with")
@pytest.mark.parametrize(
    ("text", "names", "values"),
    [
        ("sep=;\ntimestamp;x\n1;2\n", ["x"], [[2]]),
        ("# logger 7\n\n# metres\ntimestamp,x\n1,2\n", ["x"], [[2]]),
        # A delimiter ends each line, and a spreadsheet leaves empty rows.
        ("timestamp;x;;\n1;2;;\n;;;\n;;;\n", ["x"], [[2]]),
        ("timestamp,x\n1,2,\n2,3,\n", ["x"], [[2], [3]]),
        ('timestamp,x\n1,"1,234.5"\n2,3\n', ["x"], [[1234.5], [3]]),
        ('timestamp,x\n1,"1,5"\n2,3\n', ["x"], [[1.5], [3]]),
        ("timestamp;x\n1;0,125\n2;1,250\n", ["x"], [[0.125], [1.25]]),
        ("timestamp;x\n1;?\n2;-\n3;7\n", ["x"], [[float("nan")], [float("nan")], [7]]),
        ("2014-04-01,2.5,3\n2014-04-02,3,4\n", ["column2", "column3"], [[2.5, 3], [3, 4]]),
        ("3.5\n1.5\n2.5\n", ["column1"], [[3.5], [1.5], [2.5]]),
        # A cell may hold another delimiter, where not every line does.
        ("timestamp,x,kind\n1,2,3\n", ["x", "kind"], [[2, 3]]),
        ("timestamp,a|b\n1,2\n", ["a|b"], [[2]]),
    ],
)
def test_tables_of_many_makers(read, text, names, values):
    found = read(text)
    assert list(found.names) == names
    assert str(found.values.tolist()) == str([list(map(float, row)) for row in values])


def test_a_file_without_names_is_told_and_one_of_numbers_as_names_refused(read):
    with pytest.warns(UserWarning, match="is read with no line of names"):
        read("2014-04-01,2.5\n2014-04-02,3\n")
    text = "0,1,2\n5,6,7\n6,8,9\n"
    with pytest.raises(ValueError, match="like samples, or like names that are numbers; .* header"):
        read(text)
    found = read(text, timestamp="0", form=CsvForm(header=True))
    assert found.names == ("1", "2") and found.timestamps.tolist() == [5, 6]
    found = read(text, timestamp="column1", form=CsvForm(header=False))
    assert found.names == ("column2", "column3") and found.timestamps.tolist() == [0, 5, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time;a|b\n1;2|3\n2;3|4\n", r"separated by ';' or '\|'; say which by delimiter"),
        ("timestamp;x\n1;1,234\n2;2,345\n", "comma in '1,234' .* between thousands; .* decimal"),
        ("timestamp;x\n1;1,5\n2;2.5\n", "comma in '1,5' .* say which by decimal"),
        ("timestamp,x\n1,2,5\n2,3,5\n", "line 2 of .* has 3 cells; the header has 2"),
        ("# a\ntimestamp,x\n1,2\n3\n", "line 4 of .* has 1 cells; the header has 2"),
        (";;\n1;2;3\n", "has no header"),
        ('timestamp,x\n1,"2\n2,3\n', "line 3 of .*, column 'x': '2 2,3' is not a number"),
        ("timestamp;x\n;\n;\n", "has no rows"),
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_is_refused_in_a_line(read, text, message):
    with pytest.raises(ValueError, match=message) as refused:
        read(text)
    assert "\n" not in str(refused.value)


def test_labels_among_the_values_are_told_unless_they_are_named(read, recwarn):
    text = "timestamp,x,is_anomaly,fault_current\n1,2,0,0.5\n2,3,1,1\n"
    assert read(text, values=["x", "is_anomaly"]).names == ("x", "is_anomaly") and not recwarn
    assert read(text).names == ("x", "is_anomaly", "fault_current")
    [told] = recwarn
    assert str(told.message).endswith("is read with is_anomaly as values, which look like labels")


@pytest.mark.filterwarnings("ignore:.* is read with")
def test_thousands_are_read_as_they_are_said(read):
    text = "timestamp;x\n1;1,234\n2;2,345\n"
    assert read(text, form=CsvForm(decimal=",")).values[:, 0].tolist() == [1.234, 2.345]
    assert read(text, form=CsvForm(decimal=".")).values[:, 0].tolist() == [1234, 2345]
    with pytest.raises(ValueError, match="line 2 .*'1.5' is not a number"):
        read("timestamp;x\n1;1.5\n", form=CsvForm(decimal=","))


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"decimal": ";"}, "unknown decimal ';'"),
        ({"unit": "weeks"}, "unknown unit 'weeks'; choose from s ms us ns min h d"),
        ({"delimiter": ";;"}, "a delimiter is one character, not ';;'"),
        ({"delimiter": '"'}, "a delimiter is one character"),
        ({"delimiter": ",", "decimal": ","}, "commas cannot be both"),
        ({"every": 0}, "interval of 0 seconds"),
    ],
)
def test_forms_that_cannot_be(form, message):
    with pytest.raises(ValueError, match=message):
        CsvForm(**form)
