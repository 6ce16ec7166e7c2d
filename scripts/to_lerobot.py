"""Converts a dataset of mjirl to a LeRobot v3 dataset, by LeRobot's own library.

    python3 -m venv lerobot && lerobot/bin/pip install lerobot==0.4.4 h5py "numpy<2.4"
    lerobot/bin/python scripts/to_lerobot.py DIR OUT [--repo-id NAME] [--task TEXT] [--check]

One frame a control step: `observation.state` (the observation before the action), `action` (raw, as
the policy gave it), `next.reward`, `next.done` and, where they are known, `next.success` and
`observation.physics` (the full physics state). LeRobot keeps numbers as float32, except the physics
state, which stays float64 in the file (LeRobot's loader hands it out as float32); the last
observation of an episode, log-densities, residuals, seeds and labels have no place there. Frames a
second are the task's control steps a second, rounded, as LeRobot wants a whole number.
"""

import argparse
import json
import pathlib
import re

import h5py
import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset


def control_rate(file):
    """Control steps a second, from the recorded times."""
    parts = {p["name"]: p["offset"] for p in json.loads(file["mjirl/state_parts"][()])}
    time = file["episode_0/infos/state"][:, parts["time"]]
    return max(1, round(1 / np.diff(time).mean()))


def features(file, names):
    episode = file["episode_0"]
    table = {
        "observation.state": {"dtype": "float32", "shape": (episode["observations"].shape[1],), "names": names},
        "action": {"dtype": "float32", "shape": (episode["actions"].shape[1],), "names": None},
        "next.reward": {"dtype": "float32", "shape": (1,), "names": None},
        "next.done": {"dtype": "bool", "shape": (1,), "names": None},
    }
    if "success" in episode.attrs:
        table["next.success"] = {"dtype": "bool", "shape": (1,), "names": None}
    if "infos/state" in episode:
        width = episode["infos/state"].shape[1]
        table["observation.physics"] = {"dtype": "float64", "shape": (width,), "names": None}
    return table


def frames(episode, table, task):
    steps = len(episode["actions"])
    columns = {
        "observation.state": episode["observations"][:steps].astype(np.float32),
        "action": episode["actions"][()].astype(np.float32),
        "next.reward": episode["rewards"][()].astype(np.float32)[:, None],
        "next.done": np.arange(steps)[:, None] == steps - 1,
    }
    if "next.success" in table:
        columns["next.success"] = columns["next.done"] & bool(episode.attrs["success"])
    if "observation.physics" in table:
        columns["observation.physics"] = episode["infos/state"][:steps]
    for t in range(steps):
        yield {**{name: column[t] for name, column in columns.items()}, "task": task}


def episodes(file):
    count = sum(re.fullmatch(r"episode_\d+", name) is not None for name in file)
    return [file[f"episode_{i}"] for i in range(count)]


def convert(source, out, repo_id, task):
    metadata = json.loads((source / "data" / "metadata.json").read_text())
    with h5py.File(source / "data" / "main_data.hdf5") as file:
        table = features(file, metadata.get("mjirl_observation"))
        fps = control_rate(file) if "observation.physics" in table else 50
        dataset = LeRobotDataset.create(repo_id=repo_id, root=out, fps=fps, features=table, use_videos=False)
        for episode in episodes(file):
            for frame in frames(episode, table, task or metadata["mjirl_task"]):
                dataset.add_frame(frame)
            dataset.save_episode()
        dataset.finalize()


def check(source, out, repo_id):
    """Reads the new dataset back and compares every number."""
    dataset = LeRobotDataset(repo_id, root=out)
    rows = dataset.hf_dataset.with_format(None)
    at = 0
    with h5py.File(source / "data" / "main_data.hdf5") as file:
        for number, episode in enumerate(episodes(file)):
            for t, action in enumerate(episode["actions"][()].astype(np.float32)):
                item = dataset[at]
                assert item["episode_index"] == number and item["frame_index"] == t
                np.testing.assert_array_equal(item["action"], action)
                np.testing.assert_array_equal(item["observation.state"], episode["observations"][t].astype(np.float32))
                np.testing.assert_array_equal(item["next.reward"], episode["rewards"][t].astype(np.float32))
                assert bool(item["next.done"]) == (t == len(episode["actions"]) - 1)
                if "observation.physics" in item:  # float64 in the file, float32 out of the loader
                    np.testing.assert_array_equal(rows[at]["observation.physics"], episode["infos/state"][t])
                at += 1
    assert at == len(dataset)
    print(f"{at} frames compared")


def main():
    parser = argparse.ArgumentParser(description="Converts a dataset of mjirl to LeRobot v3.")
    parser.add_argument("source", type=pathlib.Path, help="dataset of mjirl")
    parser.add_argument("out", type=pathlib.Path, help="new folder")
    parser.add_argument("--repo-id", default="mjirl/demonstrations", help="name of the dataset on the hub")
    parser.add_argument("--task", help="what is done, in words (the task's name)")
    parser.add_argument("--check", action="store_true", help="read it back and compare")
    arguments = parser.parse_args()
    convert(arguments.source, arguments.out, arguments.repo_id, arguments.task)
    if arguments.check:
        check(arguments.source, arguments.out, arguments.repo_id)


main()
