"""`mjirl demos info` against NumPy: coverage, smoothness, duplicates."""

import json
import os
import pathlib
import subprocess

import h5py
import numpy as np
import pytest

MJIRL = os.environ["MJIRL"]
MAKE = pathlib.Path(os.environ["MJIRL_BUILD"]) / "tests" / "demos" / "demos_make_dataset"
EPISODES = 6
DT = 0.02  # reacher: 2 steps of 0.01 s


def mjirl(*args):
    done = subprocess.run([MJIRL, *map(str, args), "--json"], capture_output=True, text=True)
    assert done.returncode == 0, (args, done.stdout, done.stderr)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("survey") / "data"
    subprocess.run([MAKE, "reacher", path, str(EPISODES), "3"], check=True)
    return path


@pytest.fixture(scope="module")
def rows(folder):
    with h5py.File(folder / "data/main_data.hdf5") as file:
        parts = {p["name"]: p for p in json.loads(file["mjirl/state_parts"][()])}
        qvel = slice(parts["qvel"]["offset"], parts["qvel"]["offset"] + parts["qvel"]["size"])
        episodes = [file[f"episode_{i}"] for i in range(EPISODES)]
        return [{"x": e["observations"][()], "u": e["actions"][()],
                 "speed": np.linalg.norm(e["infos/state"][:, qvel], axis=1)} for e in episodes]


def sparc(speed, dt):
    """From the formula (equations 6 to 8 of the paper), by NumPy's transform."""
    size = 1 << int(np.ceil(np.log2(len(speed))) + 4)
    amplitude = np.abs(np.fft.rfft(speed, size))
    amplitude /= amplitude.max()
    frequency = np.arange(len(amplitude)) / (dt * size)
    inside = np.flatnonzero((frequency <= 10) & (amplitude >= 0.05))
    f, a = frequency[inside[0]:inside[-1] + 1], amplitude[inside[0]:inside[-1] + 1]
    return -np.sum(np.hypot(np.diff(f) / (f[-1] - f[0]), np.diff(a)))


def test_columns_are_numpys(folder, rows):
    info = mjirl("demos", "info", folder)
    for key, name in (("observations", "x"), ("actions", "u")):
        joined = np.concatenate([e[name] for e in rows])
        assert len(info[key]) == joined.shape[1]
        for i, entry in enumerate(info[key]):
            column = joined[:, i]
            for q, of in ((0.05, "q05"), (0.5, "median"), (0.95, "q95")):
                assert entry[of] == np.quantile(column, q, method="lower"), (key, i, of)
            assert entry["min"] == column.min() and entry["max"] == column.max()
            # Sums in another order: rounding of some thousand terms.
            assert entry["mean"] == pytest.approx(column.mean(), rel=1e-10, abs=1e-12)
            assert entry["std"] == pytest.approx(column.std(), rel=1e-10, abs=1e-12)
    assert len({entry["name"] for entry in info["observations"]}) == 10
    assert sum(c["episodes"] for c in info["conditions"]) == EPISODES


def test_smoothness_is_numpys(folder, rows):
    info = mjirl("demos", "info", folder)
    joined = np.concatenate([e["u"] for e in rows])
    steps = np.concatenate([np.diff(e["u"], axis=0) for e in rows])
    ratio = (steps**2).mean(0) / joined.var(0)
    for i, entry in enumerate(info["actions"]):
        assert entry["roughness"] == pytest.approx(ratio[i], rel=1e-10)
        assert entry["saturated"] == (np.abs(joined[:, i]) >= 1).mean()
    assert info["roughness"] == pytest.approx(ratio.mean(), rel=1e-10)
    assert info["roughness"] == pytest.approx(2, abs=0.4)  # these actions are independent noise
    lengths = [sparc(e["speed"], DT) for e in rows]
    assert info["sparc_mean"] == pytest.approx(np.mean(lengths), rel=1e-9)
    assert info["sparc_min"] == pytest.approx(min(lengths), rel=1e-9)
    assert info["repeated_actions"] == 0


def test_duplicates(folder, tmp_path):
    info = mjirl("demos", "info", folder)
    assert (info["duplicate_episodes"], info["duplicate_actions"], info["first_duplicate"]) == (0, 0, -1)
    mjirl("demos", "merge", folder, folder, "--out", tmp_path / "twice")
    info = mjirl("demos", "info", tmp_path / "twice")
    assert (info["duplicate_episodes"], info["duplicate_actions"]) == (EPISODES, 0)
    assert (info["first_duplicate"], info["duplicate_of"]) == (EPISODES, 0)
    with h5py.File(tmp_path / "changed.hdf5", "w") as out, h5py.File(folder / "data/main_data.hdf5") as file:
        for i in range(3):  # other observations, the same actions; then stuck ones
            source = file["episode_0"]
            out[f"episode_{i}/observations"] = source["observations"][()] + 0.01 * i
            out[f"episode_{i}/actions"] = source["actions"][()] if i < 2 else np.ones_like(source["actions"])
    mjirl("demos", "import", tmp_path / "changed.hdf5", "--task", "reacher", "--out", tmp_path / "copies")
    info = mjirl("demos", "info", tmp_path / "copies")
    assert (info["duplicate_episodes"], info["duplicate_actions"]) == (0, 1)
    assert (info["first_duplicate"], info["duplicate_of"]) == (1, 0)
    assert info["sparc_mean"] is None
    assert info["repeated_actions"] == pytest.approx(1 / 3)
    assert info["saturated"] > 0.3
