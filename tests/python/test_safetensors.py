"""Tensor files against the official safetensors package, both ways."""

import json
import struct

import numpy
import pytest
import safetensors
import safetensors.numpy

import base_peer


def show(path):
    """Name -> array, read by our program; and the metadata entry `kind`."""
    dtypes = {"F32": numpy.float32, "F64": numpy.float64, "I64": numpy.int64, "U8": numpy.uint8}
    *rows, kind = base_peer.lines("show", path)
    arrays = {}
    for row in rows:
        name, dtype, shape, data = row.split(" ")
        sizes = [int(size) for size in shape.split(",") if size]
        arrays[name] = numpy.frombuffer(bytes.fromhex(data), dtypes[dtype]).reshape(sizes)
    return arrays, kind.removeprefix("kind=")


def test_official_package_reads_ours(tmp_path):
    path = tmp_path / "ours.safetensors"
    base_peer.lines("save", path)
    arrays = safetensors.numpy.load_file(path)
    expected = {
        "u8": numpy.array([1, 2, 255], numpy.uint8),
        "f32": numpy.array([[0.5, -1, 2], [3, 4, 5]], numpy.float32),
        "f64": numpy.array([1e300, -0.1]),
        "i64": numpy.array(-7),
        "none": numpy.zeros((0, 3), numpy.float32),
    }
    assert arrays.keys() == expected.keys()
    for name, array in expected.items():
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape
        assert numpy.array_equal(arrays[name], array)
    with safetensors.safe_open(path, "numpy") as file:
        assert file.metadata() == {"kind": "test", "text": 'é "quoted"'}


def test_ours_is_deterministic_and_aligned(tmp_path):
    for name in ("a", "b"):
        base_peer.lines("save", tmp_path / name)
    data = (tmp_path / "a").read_bytes()
    assert data == (tmp_path / "b").read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    assert size % 8 == 0
    header = json.loads(data[8:8 + size])
    widths = {"F32": 4, "F64": 8, "I64": 8, "U8": 1}
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["data_offsets"][0] % widths[entry["dtype"]] == 0


def test_we_read_the_official_packages(tmp_path):
    random = numpy.random.default_rng(0)
    arrays = {
        "w": random.normal(size=(3, 4, 2)).astype(numpy.float32),
        "x": random.normal(size=(5,)),
        "n": random.integers(-2**62, 2**62, size=(2, 2)),
        "b": random.integers(0, 255, size=(7,)).astype(numpy.uint8),
        "scalar": numpy.array(2.5),
        "zero": numpy.zeros((3, 0)),
    }
    path = tmp_path / "theirs.safetensors"
    safetensors.numpy.save_file(arrays, path, {"kind": "theirs", "a": "ü\n"})
    ours, kind = show(path)
    assert kind == "theirs" and ours.keys() == arrays.keys()
    for name, array in arrays.items():
        assert ours[name].dtype == array.dtype and ours[name].shape == array.shape
        assert numpy.array_equal(ours[name], array)


def test_back_and_forth(tmp_path):
    ours = tmp_path / "ours"
    theirs = tmp_path / "theirs"
    base_peer.lines("save", ours)
    safetensors.numpy.save_file(safetensors.numpy.load_file(ours), theirs, {"kind": "test"})
    for (name, array), (name_back, back) in zip(sorted(show(ours)[0].items()),
                                                sorted(show(theirs)[0].items()), strict=True):
        assert name == name_back and numpy.array_equal(array, back)


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def file_bytes(header, data):
    text = json.dumps(header).encode() if isinstance(header, dict) else header
    return struct.pack("<Q", len(text)) + text + data


HOSTILE = {
    "gap": file_bytes({"a": {**ENTRY, "data_offsets": [4, 12]}}, bytes(12)),
    "leftover": file_bytes({"a": ENTRY}, bytes(9)),
    "truncated": file_bytes({"a": ENTRY}, bytes(7)),
    "overlap": file_bytes({"a": ENTRY, "b": {**ENTRY, "data_offsets": [4, 12]}}, bytes(12)),
    "size": file_bytes({"a": {**ENTRY, "shape": [3]}}, bytes(8)),
    "overflow": file_bytes({"a": {**ENTRY, "shape": [2**53, 2**12]}}, b""),
    "dtype": file_bytes({"a": {**ENTRY, "dtype": "F33"}}, bytes(8)),
    "huge header": struct.pack("<Q", 2**60) + b"{}",
    "not utf-8": file_bytes(b'{"\xff":1}', b""),
    "empty": b"",
    "short": b"\0\0\0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_both_refuse(tmp_path, name):
    path = tmp_path / "hostile"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(safetensors.SafetensorError):
        safetensors.numpy.load_file(path)
    done = base_peer.run("show", path)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(str(path)) and "; " in done.stderr
    assert done.stderr.count("\n") == 1
