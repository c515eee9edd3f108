"""Reading numbers from files: what is wrong is named with file, line and column."""

from __future__ import annotations

import numpy as np
import pytest

import matgrad as mg
from matgrad.cli.tables import read_array, read_table


@pytest.fixture
def file(tmp_path):
    """Writes a file and returns its path."""

    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3,4\n",
        "a;b\r\n1;2\r\n3;4",
        "a\tb\r1\t2\r\r3\t4\r",
        "\ufeffa,b\n1,2\n\n 3 , 4\n",
        '"a","b"\n"1","2"\n"3",4\n',
    ],
    ids=["commas", "semicolons", "tabs", "byte order mark", "quotes"],
)
def test_table(file, text):
    table = read_table(file(text))
    assert table.header == ["a", "b"]
    assert np.array_equal(table.numbers([0, 1]), [[1, 2], [3, 4]])
    assert table.position("b") == 1


def test_table_without_header(file):
    table = read_table(file("1,2\n3,4\n"))
    assert table.header is None
    assert np.array_equal(table.numbers([1]), [[2], [4]])
    with pytest.raises(mg.FileError, match="its first line is no header"):
        table.position("a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{} is empty"),
        ("\n\n", "{} is empty"),
        ("a,b\n", "{} has a header and no rows"),
        ("a,b\n1,2\n3\n", "{}:3:1: error: a row of 1 cells in a table of 2 columns"),
        (b"a,b\n1,\xff\n", "{} is not UTF-8 text"),
        ('a,b\n1,"2\n', "{}, line 3: unexpected end of data"),
    ],
    ids=["empty", "blank", "no rows", "ragged", "bytes", "open quote"],
)
def test_file_that_is_no_table(file, text, message):
    path = file(text)
    with pytest.raises(mg.FileError) as caught:
        read_table(path).numbers([0, 1])
    assert message.format(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,\n", "{}:3:3: error: a value is missing\n    3,\n      ^\n  in column b\n"),
        ("a,b\n1,2\n3,NA\n", "{}:3:3: error: a value is missing\n    3,NA\n      ^^\n  in column b\n"),
        ("a,b\n1,2\n\n3,nan\n", "{}:4:3: error: a value is missing"),
        ("a,b\n1,2\n3,big\n", "{}:3:3: error: 'big' is not a number\n    3,big\n      ^^^\n  in column b"),
        ("a,b\n1,inf\n", "{}:2:3: error: inf is not a finite number"),
        ('a,b\n"1",x\n', "{}:2:1: error: 'x' is not a number"),
        ("1,2\n3,x\n", "{}:2:3: error: 'x' is not a number\n    3,x\n      ^\n  in column 2"),
    ],
    ids=["empty", "NA", "nan", "text", "inf", "quoted", "no header"],
)
def test_cell_that_is_no_finite_number(file, text, message):
    path = file(text)
    table = read_table(path)
    assert table.numbers([0]).shape[1] == 1  # other columns can be used
    with pytest.raises(mg.FileError) as caught:
        table.numbers([0, 1])
    assert str(caught.value).startswith(message.format(path))


def test_column_that_is_not_there(file):
    table = read_table(file("alpha,beta,beta\n1,2,3\n"))
    with pytest.raises(mg.FileError, match=r"its columns are alpha, beta, beta\n  hint: did you mean alpha\?"):
        table.position("alpa")
    with pytest.raises(mg.FileError, match="several columns with the name beta"):
        table.position("beta")


def test_arrays(tmp_path):
    array = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "a.npy", array.astype(np.int16))
    np.savez(tmp_path / "one.npz", x=array)
    np.savez(tmp_path / "two.npz", x=array, y=2 * array)
    np.savetxt(tmp_path / "a.csv", array, delimiter=",")
    for name in ("a.npy", "one.npz", "a.csv"):
        assert np.array_equal(read_array(str(tmp_path / name), "z"), array)
    assert np.array_equal(read_array(str(tmp_path / "two.npz"), "y"), 2 * array)
    with pytest.raises(mg.FileError, match=r"has no array z\n  its arrays are x, y"):
        read_array(str(tmp_path / "two.npz"), "z")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([1.0, np.nan]), r"not finite\n  at \[1\]: nan"),
        (np.array([[1.0], [np.inf]]), r"not finite\n  at \[1, 0\]: inf"),
        (np.array(["a"]), "holds no real numbers"),
        (np.array([1j]), "holds no real numbers"),
    ],
    ids=["nan", "inf", "text", "complex"],
)
def test_array_without_finite_real_numbers(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(mg.FileError, match=message):
        read_array(str(tmp_path / "a.npy"), "a")


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(mg.FileError, match="it holds no array of numbers"):
        read_array(str(tmp_path / "a.npy"), "a")


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.csv"])
def test_missing_and_damaged_files(file, tmp_path, name):
    with pytest.raises(mg.FileError, match="No such file"):
        read_array(str(tmp_path / name), "a")
    path = file(b"\x93NUMPY\x01", name)
    with pytest.raises(mg.FileError):
        read_array(path, "a")
