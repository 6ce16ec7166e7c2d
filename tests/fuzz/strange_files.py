"""HDF5 files that are sound but strange, imported one by one by the program itself: links that lead
away, cycles, arrays made of other files, types, filters and shapes that nobody asked for, sizes that
are not there. Each is refused in a sentence or taken, within bounds of memory and time.

    MJIRL=<build>/cli/mjirl python strange_files.py FILES [SEED]

Also a test: pytest runs a few (tests/python/test_strange.py).
"""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

MEMORY_MB, SECONDS = 1500, 20  # the helper may take 1 GiB beyond what the program has


def plain(rng, rows, cols):
    return np.random.default_rng(rng.randrange(1 << 30)).normal(size=(rows, cols))


def put_links(rng, group, name, folder):
    kind = rng.randrange(5)
    if kind == 0:
        group[name] = h5py.SoftLink(rng.choice(["/nowhere", "/", f"{group.name}/{name}", "/episode_0"]))
    elif kind == 1:
        group[name] = h5py.ExternalLink(rng.choice(["/etc/passwd", "/dev/zero", str(folder / "self.hdf5")]), "/")
    elif kind == 2:
        group[name] = group  # a cycle of hard links
    elif kind == 3:
        group.create_group(name)
    else:
        layout = h5py.VirtualLayout(shape=(8, 10), dtype="f8")
        layout[:] = h5py.VirtualSource(rng.choice(["/etc/passwd", "."]), "x", shape=(8, 10))
        group.create_virtual_dataset(name, layout)


def put_types(rng, group, name, folder):
    kind = rng.randrange(10)
    if kind == 0:
        group[name] = np.zeros(8, dtype=[("a", "f8"), ("b", "S9", 3)])
    elif kind == 1:
        group.create_dataset(name, (8,), dtype=h5py.vlen_dtype(np.float64))
    elif kind == 2:
        group.create_dataset(name, data=["text"] * 8, dtype=h5py.string_dtype())
    elif kind == 3:
        group.create_dataset(name, (8, 2), dtype=h5py.ref_dtype)
    elif kind == 4:
        group[name] = plain(rng, 8, 10) + 1j
    elif kind == 5:
        group[name] = np.zeros((8, 10), dtype=rng.choice(["f2", ">f8", "i1", "u8", ">i2", "?"]))
    elif kind == 6:
        group[name] = np.longdouble(plain(rng, 8, 10))
    elif kind == 7:
        group.create_dataset(name, (8,), dtype=h5py.opaque_dtype(np.dtype("datetime64[s]")))
    elif kind == 8:
        group[name] = h5py.Empty("f8")
    else:
        group.create_dataset(name, (8, 10), dtype=h5py.enum_dtype({"A": 0, "B": 1}, basetype="i4"))


def put_shapes(rng, group, name, folder):
    kind = rng.randrange(8)
    if kind == 0:
        group.create_dataset(name, (1 << 40, 10), "f8", chunks=(1 << 10, 10), compression="gzip")
    elif kind == 1:
        group.create_dataset(name, (1 << 31, 10), "f8", chunks=(1, 10))
    elif kind == 2:
        group[name] = np.zeros((2,) * rng.randrange(3, 12))
    elif kind == 3:
        group[name] = np.zeros((0, 10)) if rng.random() < 0.5 else np.zeros((8, 0))
    elif kind == 4:
        group[name] = 1.0
    elif kind == 5:
        data = plain(rng, 8, 10)
        data[rng.randrange(8), rng.randrange(10)] = rng.choice([np.nan, np.inf, -np.inf, 1e308, 1e-320])
        group[name] = data
    elif kind == 6:  # packed so well that a few bytes are a gigabyte
        group.create_dataset(name, (1 << 24, 8), "f8", chunks=(1 << 22, 8), compression="gzip", fillvalue=0)
        group[name][0] = 1
    else:
        group[name] = plain(rng, rng.randrange(1, 20), rng.randrange(1, 20))


def put_filters(rng, group, name, folder):
    options = rng.choice([{"compression": "lzf"}, {"scaleoffset": 3}, {"fletcher32": True},
                          {"shuffle": True, "compression": "gzip"}, {"chunks": (1, 1)}, {"chunks": (8, 10)}])
    dtype = "i8" if "scaleoffset" in options else "f8"
    group.create_dataset(name, data=plain(rng, 8, 10).astype(dtype), **options)


def put_strange(rng, group, name, folder):
    put = rng.choice([put_links, put_types, put_shapes, put_filters])
    try:
        put(rng, group, name, folder)
    except (ValueError, TypeError, OSError, RuntimeError):
        pass  # HDF5 cannot write such a thing in this file's format: it has one less


def put_attributes(rng, group):
    values = {"total_steps": [-1, 1 << 62, "many", np.zeros(3), 2.5, h5py.Empty("f8")],
              "condition": [-1, 99, 1 << 40, "first", 0],
              "model_file": ["<mujoco>", "x" * 60000, 3]}
    for name, some in values.items():
        group.attrs[name] = rng.choice(some)


def make(path, rng):
    """A file of one layout or the other, with a few strange members and attributes."""
    with h5py.File(path, "w", libver=rng.choice(["earliest", "latest", ("v108", "v108")])) as file:
        layout = rng.randrange(3)
        for i in range(3):
            group = (file.create_group(f"episode_{i}") if layout == 0 else
                     file.create_group(f"data/demo_{i}") if layout == 1 else file)
            for name in ("observations", "actions", "rewards", "terminations", "infos", "states", "obs",
                         "terminals", "timeouts", "dones"):
                if rng.random() < 0.3 and name not in group:
                    put_strange(rng, group, name, path.parent)
                elif rng.random() < 0.8 and name not in group and name != "infos":
                    rows, cols = (9, 10) if name in ("observations", "obs") else (8, 2)
                    group[name] = plain(rng, rows, cols) if cols != 2 or name == "actions" else np.zeros(8)
            if rng.random() < 0.3:
                put_attributes(rng, group)
            if layout == 2:
                break
        if rng.random() < 0.2:
            file["mjirl"] = rng.choice([np.zeros(3), "text"])
        deep = file
        for _ in range(rng.choice([0, 0, 0, 40, 200])):
            deep = deep.create_group("g")


def take_in(path, folder):
    """Runs the program; returns its exit code, message, seconds and peak memory in MB."""
    out = folder / "out"
    begin = time.monotonic()
    process = subprocess.Popen(
        [os.environ["MJIRL"], "demos", "import", path, "--task", "reacher", "--out", out],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if out.exists():
        subprocess.run(["rm", "-r", out], check=True)
    return process.returncode, message, time.monotonic() - begin, usage.ru_maxrss / 1024


def campaign(files, seed, folder):
    taken, slowest, largest, refusals = 0, 0.0, 0.0, set()
    for i in range(files):
        rng = random.Random(seed * 1000003 + i)
        path = folder / "strange.hdf5"
        make(path, rng)
        code, message, seconds, memory = take_in(path, folder)
        where = f"seed {seed}, file {i}: {code} {message} ({seconds:.1f} s, {memory:.0f} MB)"
        assert code in (0, 1), where
        assert code == 0 or (message.startswith("mjirl: ") and message.count("\n") <= 3), where
        assert seconds < SECONDS and memory < MEMORY_MB, where
        taken += code == 0
        slowest, largest = max(slowest, seconds), max(largest, memory)
        refusals.add(message.split(": ")[-1][:60] if message else "")
    return taken, slowest, largest, len(refusals)


if __name__ == "__main__":
    count = int(sys.argv[1])
    start = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as place:
        took, longest, most, kinds = campaign(count, start, pathlib.Path(place))
    print(f"{count} files: {took} taken, {count - took} refused in {kinds} different sentences; slowest "
          f"{longest:.1f} s, peak memory {most:.0f} MB")
