"""Datasets written in C, read by Minari 0.5.4 as it is published, by h5py, and by MuJoCo's Python.

Values must be equal bit for bit: a dataset is a copy, not a computation. What robomimic's
SequenceDataset asks of a file is checked here by structure; check_robomimic.py runs it.
"""

import json
import os
import pathlib
import subprocess

import h5py
import minari
import mujoco
import numpy as np
import pytest

MAKE = pathlib.Path(os.environ["MJIRL_BUILD"]) / "tests" / "demos" / "demos_make_dataset"
EPISODES = 6
SEED = 11
TASKS = {"reacher": "mjirl/reacher/random-v0", "inverted_pendulum": "mjirl/inverted_pendulum/random-v2"}


def make(folder, task, *options):
    subprocess.run([MAKE, task, folder, str(EPISODES), str(SEED), *options], check=True)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A Minari root with one dataset of each task; its name follows from the folder."""
    folder = tmp_path_factory.mktemp("minari")
    for task, name in TASKS.items():
        make(folder / name, task)
    os.environ["MINARI_DATASETS_PATH"] = str(folder)
    return folder


@pytest.fixture(params=TASKS)
def task(request):
    return request.param


@pytest.fixture
def dataset(root, task):
    return minari.load_dataset(TASKS[task])


@pytest.fixture
def file(root, task):
    with h5py.File(root / TASKS[task] / "data" / "main_data.hdf5", "r") as handle:
        yield handle


def test_minari_version():
    assert minari.__version__ == "0.5.4"


def test_minari_values(dataset, file):
    assert dataset.total_episodes == EPISODES
    assert dataset.total_steps == sum(len(e) for e in dataset)
    for i, episode in enumerate(dataset.iterate_episodes()):
        group = file[f"episode_{i}"]
        steps = len(episode)
        assert episode.id == i
        assert episode.observations.shape == (steps + 1, *dataset.observation_space.shape)
        assert episode.actions.shape == (steps, *dataset.action_space.shape)
        for name in ("observations", "actions", "rewards", "terminations", "truncations"):
            np.testing.assert_array_equal(getattr(episode, name), group[name][()])
        assert episode.observations.dtype == episode.actions.dtype == np.float64
        assert episode.terminations.dtype == episode.truncations.dtype == bool
        assert not episode.terminations[:-1].any() and not episode.truncations[:-1].any()
        assert episode.terminations[-1] != episode.truncations[-1]
        assert episode.infos["state"].shape[0] == steps + 1
        assert episode.infos["action_log_probs"].shape == (steps,)


def test_minari_repr_filter_sample(dataset):
    assert "observations=ndarray" in repr(dataset[0]) and "state" in repr(dataset[0])
    good = dataset.filter_episodes(lambda e: e.rewards.sum() > np.median([x.rewards.sum() for x in dataset]))
    assert 0 < good.total_episodes < EPISODES
    assert good.total_steps == sum(len(e) for e in good)
    assert len(list(dataset.sample_episodes(3))) == 3
    assert dataset.spec.dataset_id == dataset.id


def test_minari_metadata(dataset, task):
    metadata = dataset.storage.metadata
    assert metadata["algorithm_name"] == "random actions"
    assert metadata["mjirl_task"] == task
    assert len(metadata["mjirl_observation"]) == dataset.observation_space.shape[0]
    assert np.isinf(dataset.observation_space.high).all() and np.isinf(dataset.observation_space.low).all()
    bound = {"reacher": 1, "inverted_pendulum": 3}[task]
    assert (dataset.action_space.high == bound).all() and (dataset.action_space.low == -bound).all()
    for i, attributes in enumerate(dataset.storage.get_episode_metadata(range(EPISODES))):
        assert attributes["seed"] == SEED and attributes["id"] == i
        assert attributes["total_steps"] == len(dataset[i])
        assert attributes["rewards_sum"] == pytest.approx(dataset[i].rewards.sum(), rel=1e-12)
        assert attributes.get("label") == ("first" if i == 0 else None)


def test_minari_lists_and_combines(root):
    local = minari.list_local_datasets()
    assert set(TASKS.values()) <= set(local)
    assert set(TASKS.values()) <= set(minari.list_local_datasets(latest_version=True))
    ours = minari.load_dataset(TASKS["reacher"])
    both = minari.combine_datasets([ours, ours], "both-v0")
    assert both.total_episodes == 2 * EPISODES
    np.testing.assert_array_equal(both[EPISODES].actions, ours[0].actions)
    np.testing.assert_array_equal(both[EPISODES].infos["state"], ours[0].infos["state"])


def test_robomimic_structure(file, task):
    """What SequenceDataset and get_dataset_info.py of robomimic 0.3 and 0.5 read."""
    data = file["data"]
    environment = json.loads(data.attrs["env_args"])
    assert environment["env_name"] == task and environment["type"] == environment["env_type"] == 2
    assert environment["env_kwargs"] == {}
    assert data.attrs["total"] == sum(data[d].attrs["num_samples"] for d in data)
    assert sorted(int(name[5:]) for name in data) == list(range(EPISODES))
    for i in range(EPISODES):
        demo, episode = data[f"demo_{i}"], file[f"episode_{i}"]
        steps = demo.attrs["num_samples"]
        assert steps == episode.attrs["total_steps"]
        np.testing.assert_array_equal(demo["next_obs/flat"][()], demo["obs/flat"][1:])
        np.testing.assert_array_equal(demo["dones"][()], [0] * (steps - 1) + [1])
        assert demo["actions"].shape == episode["actions"].shape
        assert np.abs(demo["actions"][()]).max() <= 1
        bound = {"reacher": 1, "inverted_pendulum": 3}[task]
        applied = episode["infos/applied_actions"][()]
        np.testing.assert_array_equal(applied, np.clip(episode["actions"][()], -bound, bound))
        np.testing.assert_allclose(demo["actions"][()] * bound, applied, rtol=0, atol=1e-15)
        # Hard links: one array under two names, not a copy.
        for ours, theirs in (("observations", "obs/flat"), ("rewards", "rewards"), ("infos/state", "states")):
            assert episode[ours] == demo[theirs]
        assert mujoco.MjModel.from_xml_string(demo.attrs["model_file"]).nu == applied.shape[1]


def test_opens_as_robomimic_does(root, task):
    path = root / TASKS[task] / "data" / "main_data.hdf5"
    with h5py.File(path, "r", swmr=True, libver="latest") as handle:
        assert len(handle["data"]) == EPISODES


def test_states_and_actions_are_aligned(file):
    """Row t of the state and the applied action of step t give row t + 1, in MuJoCo's own Python.

    The model is the one kept in the file. 1e-12: the text of a model gives its numbers back to the
    last digit, but MuJoCo derives some of them again.
    """
    origin = file["mjirl"]
    task = json.loads(origin["task.json"][()])
    model = mujoco.MjModel.from_xml_string(origin["model.xml"][()].decode())
    data = mujoco.MjData(model)
    parts = {p["name"]: slice(p["offset"], p["offset"] + p["size"]) for p in json.loads(origin["state_parts"][()])}
    for i in range(EPISODES):
        episode = file[f"episode_{i}"]
        states, actions = episode["infos/state"][()], episode["infos/applied_actions"][()]
        assert states.shape[1] == max(p.stop for p in parts.values())
        for t, action in enumerate(actions):
            data.time = states[t, parts["time"]][0]
            data.qpos[:] = states[t, parts["qpos"]]
            data.qvel[:] = states[t, parts["qvel"]]
            data.qacc_warmstart[:] = states[t, parts["qacc_warmstart"]]
            data.ctrl[:] = action
            mujoco.mj_step(model, data, task["frame_skip"])
            np.testing.assert_allclose(data.qpos, states[t + 1, parts["qpos"]], rtol=0, atol=1e-12)
            np.testing.assert_allclose(data.qvel, states[t + 1, parts["qvel"]], rtol=0, atol=1e-12)
            assert data.time == pytest.approx(states[t + 1, parts["time"]][0], abs=1e-12)


def test_platform_names_no_machine(file):
    platform = json.loads(file["mjirl/platform"][()])
    assert platform["mujoco"] == mujoco.mj_versionString()
    assert set(platform) == {"machine", "cpu", "flags", "libc", "mujoco"}


def test_equal_seeds_give_equal_files(tmp_path):
    for name in ("a", "b"):
        make(tmp_path / name, "reacher")
    for name in ("main_data.hdf5", "metadata.json"):
        assert (tmp_path / "a/data" / name).read_bytes() == (tmp_path / "b/data" / name).read_bytes()


def test_no_timestamps(file):
    """Every object was created without times: they would make equal data differ."""

    def check(_, thing):
        info = h5py.h5o.get_info(thing.id)
        assert (info.mtime, info.atime, info.ctime, info.btime) == (0, 0, 0, 0)

    file.visititems(check)
