"""Trajectories to and from imitation 1.0.1, by its own loader and writer.

    MJIRL=build/release/cli/mjirl MJIRL_BUILD=build/release python3 tests/python/check_imitation.py FOLDER

Not part of the test run, as imitation brings PyTorch (some 6 GB): it goes to an environment in
FOLDER, which is kept.
"""

import pathlib
import subprocess
import sys
import tempfile

import peer

peer.enter("imitation", "imitation==1.0.1", "mujoco<3.2", "setuptools<70", "imageio", "h5py")

import datasets  # noqa: E402
import h5py  # noqa: E402
import numpy as np  # noqa: E402
from imitation.data import serialize, types  # noqa: E402

CONVERT = pathlib.Path(__file__).parents[2] / "scripts" / "from_imitation.py"
TASKS = ("reacher", "inverted_pendulum", "half_cheetah")
SAME = ("observations", "actions", "rewards", "terminations", "infos/state", "infos/action_log_probs")


def episodes(file):
    return [file[f"episode_{i}"] for i in range(sum(name.startswith("episode_") for name in file))]


def exported(path, trajectories):
    """What `mjirl demos export` wrote is what imitation loads."""
    with h5py.File(path) as file:
        assert len(trajectories) == len(episodes(file))
        for ours, theirs in zip(episodes(file), trajectories):
            for name, array in (("observations", theirs.obs), ("actions", theirs.acts), ("rewards", theirs.rews)):
                assert array.dtype == np.float64
                np.testing.assert_array_equal(ours[name][()], array, err_msg=name)
            assert theirs.terminal == ours["terminations"][-1]


def imported(path, back, names):
    with h5py.File(path) as a, h5py.File(back / "data" / "main_data.hdf5") as b:
        assert len(episodes(a)) == len(episodes(b))
        for x, y in zip(episodes(a), episodes(b)):
            for name in names:
                np.testing.assert_array_equal(x[name][()], y[name][()], err_msg=name)


def check(task, folder):
    path = peer.make(folder / task, task)
    export = folder / f"{task}.npz"
    peer.mjirl("demos", "export", folder / task, "--format", "npz", "--out", export)
    trajectories = serialize.load(export)
    exported(path, trajectories)
    peer.mjirl("demos", "import", export, "--task", task, "--out", folder / f"{task}-back")
    imported(path, folder / f"{task}-back", SAME)

    # imitation's own files, folders of the library datasets, with and without rewards.
    for kind in ("rewards", "plain"):
        theirs = folder / f"{task}-{kind}"
        plain = [types.Trajectory(t.obs, t.acts, t.infos, t.terminal) for t in trajectories]
        serialize.save(theirs, trajectories if kind == "rewards" else plain)
        subprocess.run([sys.executable, CONVERT, theirs, f"{theirs}.npz"], check=True)
        back = folder / f"{task}-{kind}-back"
        report = peer.mjirl("demos", "import", f"{theirs}.npz", "--task", task, "--out", back)
        lost = {line.split(":")[0] for line in report["lost"]}
        assert lost == {"states", "log-densities"} | ({"rewards"} if kind == "plain" else set()), lost
        imported(path, back, SAME[:3] if kind == "rewards" else SAME[:2])
    print(f"{task}: {len(trajectories)} trajectories equal both ways", flush=True)


def main():
    datasets.disable_progress_bars()
    peer.versions("imitation", "numpy", "torch", "datasets")
    with tempfile.TemporaryDirectory() as folder:
        for task in TASKS:
            check(task, pathlib.Path(folder))


main()
