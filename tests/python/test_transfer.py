"""Demonstrations from and for other programs, through `mjirl demos import` and `export`.

Files of other programs are made here by hand, with h5py and NumPy alone, as those programs write
them. Copies must be equal bit for bit; what the task computes of states may differ by rounding.
"""

import json
import os
import pathlib
import subprocess

import h5py
import minari
import numpy as np
import pytest

MJIRL = os.environ["MJIRL"]
MAKE = pathlib.Path(os.environ["MJIRL_BUILD"]) / "tests" / "demos" / "demos_make_dataset"
EPISODES = 8


def mjirl(*args, code=0):
    done = subprocess.run([MJIRL, *map(str, args), "--json"], capture_output=True, text=True)
    assert done.returncode == code, (args, done.stdout, done.stderr)
    return json.loads(done.stdout) if code == 0 else done.stderr


def take_in(source, folder, task="reacher", *options):
    report = mjirl("demos", "import", source, "--task", task, "--out", folder, *options)
    return report, h5py.File(folder / "data" / "main_data.hdf5")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("minari")
    subprocess.run([MAKE, "reacher", folder / "mjirl/reacher/random-v0", str(EPISODES), "5"], check=True)
    os.environ["MINARI_DATASETS_PATH"] = str(folder)
    return folder


@pytest.fixture(scope="module")
def ours(root):
    return root / "mjirl/reacher/random-v0"


@pytest.fixture(scope="module")
def file(ours):
    with h5py.File(ours / "data" / "main_data.hdf5") as handle:
        yield handle


@pytest.fixture(scope="module")
def parts(file):
    return {p["name"]: slice(p["offset"], p["offset"] + p["size"]) for p in json.loads(file["mjirl/state_parts"][()])}


def episodes(file):
    return [file[f"episode_{i}"] for i in range(sum(name.startswith("episode_") for name in file))]


def same(a, b, *names):
    assert len(episodes(a)) == len(episodes(b))
    for x, y in zip(episodes(a), episodes(b)):
        for name in names:
            np.testing.assert_array_equal(x[name][()], y[name][()], err_msg=name)


def lost(report):
    return {line.split(":")[0] for line in report["lost"]}


def derived(report):
    return {line.split(":")[0] for line in report["derived"]}


ALL = ("observations", "actions", "rewards", "terminations", "infos/state", "infos/residuals",
       "infos/action_log_probs", "infos/applied_actions")


# ---------------------------------- Round trips -------------------------------------------------


def test_minari_round_trip(root, ours, file, tmp_path):
    """Through Minari's own writer: combine_datasets copies what Minari knows of."""
    data = minari.load_dataset("mjirl/reacher/random-v0")
    minari.combine_datasets([data], "copied-v0")
    report, back = take_in(root / "copied-v0", tmp_path / "back")
    assert report["format"] == "minari" and report["lost"] == []
    same(file, back, *ALL)
    for x, y in zip(episodes(file), episodes(back)):
        assert x.attrs["condition"] == y.attrs["condition"]


def test_npz_round_trip(ours, file, tmp_path):
    mjirl("demos", "export", ours, "--format", "npz", "--out", tmp_path / "a.npz")
    report, back = take_in(tmp_path / "a.npz", tmp_path / "back")
    assert report["lost"] == [] and report["derived"] == []
    same(file, back, *ALL)
    for x, y in zip(episodes(file), episodes(back)):
        assert dict(x.attrs) == dict(y.attrs)


def test_d4rl_round_trip(ours, file, tmp_path):
    mjirl("demos", "export", ours, "--format", "d4rl", "--out", tmp_path / "a.hdf5")
    report, back = take_in(tmp_path / "a.hdf5", tmp_path / "back")
    assert report["lost"] == [] and derived(report) == {"residuals", "conditions"}
    same(file, back, *ALL)


def test_robomimic_round_trip(ours, file, tmp_path):
    mjirl("demos", "export", ours, "--format", "robomimic", "--out", tmp_path / "a.hdf5")
    report, back = take_in(tmp_path / "a.hdf5", tmp_path / "back")
    assert lost(report) == {"raw actions", "log-densities"}
    same(file, back, "observations", "rewards", "infos/state", "infos/residuals", "infos/applied_actions")


# ---------------------------------- What others read --------------------------------------------


def test_npz_is_what_imitation_reads(ours, file, tmp_path):
    """The steps of imitation.data.serialize.load 1.0.1 on its legacy .npz."""
    mjirl("demos", "export", ours, "--format", "npz", "--out", tmp_path / "a.npz")
    data = np.load(tmp_path / "a.npz", allow_pickle=False)
    count = len(data["indices"])
    obs = np.split(data["obs"], data["indices"] + np.arange(count) + 1)
    acts = np.split(data["acts"], data["indices"])
    infos = np.split(data["infos"], data["indices"])
    rews = np.split(data["rews"], data["indices"])
    assert len(obs) == len(acts) == len(data["terminal"]) == EPISODES
    for i, episode in enumerate(episodes(file)):
        np.testing.assert_array_equal(obs[i], episode["observations"][()])
        np.testing.assert_array_equal(acts[i], episode["actions"][()])
        np.testing.assert_array_equal(rews[i], episode["rewards"][()])
        assert len(infos[i]) == len(acts[i]) and rews[i].dtype == np.float64
        assert data["terminal"][i] == episode["terminations"][-1]


def test_csv(ours, file, tmp_path):
    mjirl("demos", "export", ours, "--format", "csv", "--out", tmp_path / "a.csv")
    table = np.genfromtxt(tmp_path / "a.csv", delimiter=",", names=True)
    for i, episode in enumerate(episodes(file)):
        rows = table[table["episode"] == i]
        assert list(rows["step"]) == list(range(len(episode["observations"])))
        for k in range(episode["observations"].shape[1]):
            np.testing.assert_array_equal(rows[f"obs{k}"], episode["observations"][:, k])
        np.testing.assert_array_equal(rows["reward"][:-1], episode["rewards"][()])
        assert np.isnan(rows["act0"][-1]) and np.isnan(rows["reward"][-1])


def test_d4rl_layout(ours, file, tmp_path):
    mjirl("demos", "export", ours, "--format", "d4rl", "--out", tmp_path / "a.hdf5")
    with h5py.File(tmp_path / "a.hdf5") as flat:
        steps = sum(len(e["actions"]) for e in episodes(file))
        for name in ("observations", "next_observations", "actions", "rewards", "terminals", "timeouts",
                     "infos/qpos", "infos/qvel", "infos/action_log_probs"):
            assert len(flat[name]) == steps, name
        assert (flat["terminals"][()] | flat["timeouts"][()]).sum() == EPISODES
        assert flat["terminals"].dtype == bool


# ---------------------------------- Less than everything ----------------------------------------


def test_robosuite(file, parts, tmp_path):
    with h5py.File(tmp_path / "demo.hdf5", "w") as out:
        for i, e in enumerate(episodes(file)):
            demo = out.create_group(f"data/demo_{i + 1}")
            states = e["infos/state"][:-1]
            demo["states"] = np.concatenate([states[:, parts[p]] for p in ("time", "qpos", "qvel")], axis=1)
            demo["actions"] = e["infos/applied_actions"][()]
            demo.attrs["model_file"] = "<mujoco/>"
    report, back = take_in(tmp_path / "demo.hdf5", tmp_path / "back")
    assert report["format"] == "robosuite"
    assert lost(report) == {"states", "raw actions", "log-densities"}
    assert derived(report) == {"observations", "rewards", "residuals", "conditions"}
    assert report["state_error"] < 1e-9  # reacher has no contacts: the warm start matters little
    for x, y in zip(episodes(file), episodes(back)):
        assert x.attrs["condition"] == y.attrs["condition"]
        np.testing.assert_allclose(y["observations"], x["observations"][()], rtol=0, atol=1e-9)
        # The task's reward sees the raw action, which this file does not have.
        near = np.all(x["actions"][()] == x["infos/applied_actions"][()], axis=1)
        np.testing.assert_allclose(y["rewards"][near], x["rewards"][near], rtol=0, atol=1e-9)


def test_d4rl_without_next_observations(file, tmp_path):
    with h5py.File(tmp_path / "flat.hdf5", "w") as out:
        for name, key in (("observations", "observations"), ("actions", "actions"), ("rewards", "rewards")):
            rows = [e[key][: len(e["actions"])] for e in episodes(file)]
            out[name] = np.concatenate(rows).astype(np.float32)
        out["terminals"] = np.concatenate([e["terminations"][()] for e in episodes(file)])
        out["timeouts"] = np.concatenate([e["truncations"][()] for e in episodes(file)])
    report, back = take_in(tmp_path / "flat.hdf5", tmp_path / "back")
    assert lost(report) == {"states", "last steps", "log-densities"}
    for x, y in zip(episodes(file), episodes(back)):
        np.testing.assert_array_equal(y["observations"], x["observations"][:-1].astype(np.float32).astype(float))
        assert len(y["actions"]) == len(x["actions"]) - 1


@pytest.mark.parametrize("what", ["observations", "states"])
def test_alone(what, file, tmp_path):
    with h5py.File(tmp_path / "alone.hdf5", "w") as out:
        for i, e in enumerate(episodes(file)):
            if what == "observations":
                out[f"episode_{i}/observations"] = e["observations"][()]
            else:
                out[f"data/demo_{i}/states"] = e["infos/state"][()]
    report, back = take_in(tmp_path / "alone.hdf5", tmp_path / "back")
    assert {"actions", "rewards"} <= lost(report)
    assert not back["mjirl"].attrs["has_action"] and not back["mjirl"].attrs["has_reward"]
    if what == "observations":
        same(file, back, "observations")
    else:
        same(file, back, "infos/state")
    error = mjirl("train", "--task", "reacher", "--demos", tmp_path / "back", "--out", tmp_path / "run", code=1)
    assert "hold no actions" in error


def test_qpos_and_qvel_of_minari(file, parts, tmp_path):
    """A Minari dataset with a Dict observation and infos/qpos, infos/qvel, as its kitchen has them."""
    with h5py.File(tmp_path / "main_data.hdf5", "w") as out:
        for i, e in enumerate(episodes(file)):
            group = out.create_group(f"episode_{i}")
            group["observations/observation"] = e["observations"][()]
            group["actions"] = e["actions"][()]
            group["infos/qpos"] = e["infos/state"][:, parts["qpos"]]
            group["infos/qvel"] = e["infos/state"][:, parts["qvel"]]
    report, back = take_in(tmp_path / "main_data.hdf5", tmp_path / "back")
    assert any("is a group" in line for line in report["lost"])
    for x, y in zip(episodes(file), episodes(back)):
        np.testing.assert_allclose(y["observations"], x["observations"][()], rtol=0, atol=1e-9)
        np.testing.assert_allclose(y["rewards"], x["rewards"][()], rtol=0, atol=1e-9)


def test_compressed_npz_with_python_objects(file, tmp_path):
    """As imitation itself saved them: deflated, infos as pickled objects."""
    steps = [len(e["actions"]) for e in episodes(file)]
    np.savez_compressed(
        tmp_path / "a.npz",
        obs=np.concatenate([e["observations"][()] for e in episodes(file)]),
        acts=np.asfortranarray(np.concatenate([e["actions"][()] for e in episodes(file)])),
        infos=np.array([{}] * sum(steps)),
        terminal=np.zeros(EPISODES, bool),
        indices=np.cumsum(steps)[:-1],
    )
    report, back = take_in(tmp_path / "a.npz", tmp_path / "back")
    assert lost(report) == {"states", "log-densities", "rewards"}
    same(file, back, "observations", "actions")


# ---------------------------------- Official layouts, with gaps ---------------------------------
# As the formats' own pages and writers have them; what is left out is named by the test's name.


def plain_states(episode, parts, rows):
    """robosuite's rows: time, qpos, qvel."""
    return np.concatenate([episode["infos/state"][rows][:, parts[p]] for p in ("time", "qpos", "qvel")], axis=1)


def near(x, y):
    """Observations by the task. Without actions no step leads to a state, so that the fingertip (the last
    two entries) is that of the state; Gymnasium's is a physics step of 10 ms at below 1 m/s behind."""
    want = x["observations"][: len(y["observations"])]
    np.testing.assert_allclose(y["observations"][:, :8], want[:, :8], rtol=0, atol=1e-9)
    known = "actions" in y and y.file["mjirl"].attrs.get("has_action", True)
    np.testing.assert_allclose(y["observations"][:, 8:], want[:, 8:], rtol=0, atol=1e-9 if known else 1e-2)


def robomimic_file(path, file, parts, with_actions=True, with_rewards=True):
    """robomimic's low_dim.hdf5 of robosuite: observations by several keys, states, model, env_args."""
    with h5py.File(path, "w") as out:
        data = out.create_group("data")
        data.attrs["env_args"] = json.dumps({"env_name": "Reacher", "type": 1, "env_kwargs": {}})
        for i, e in enumerate(episodes(file)):
            demo, steps = data.create_group(f"demo_{i}"), len(e["actions"])
            demo.attrs["num_samples"], demo.attrs["model_file"] = steps, "<mujoco/>"
            demo["states"] = plain_states(e, parts, slice(0, steps))
            for view, first in (("obs", 0), ("next_obs", 1)):
                rows = e["observations"][first : first + steps]
                demo[f"{view}/joints"], demo[f"{view}/target"] = rows[:, :4], rows[:, 4:]
            demo["dones"] = np.eye(1, steps, steps - 1, dtype=np.int64)[0]
            if with_actions:
                demo["actions"] = e["infos/applied_actions"][()]
            if with_rewards:
                demo["rewards"] = e["rewards"][()]
        data.attrs["total"] = sum(len(e["actions"]) for e in episodes(file))
        out["mask/train"] = np.array([f"demo_{i}".encode() for i in range(EPISODES - 2)])
        out["mask/valid"] = np.array([f"demo_{i}".encode() for i in range(EPISODES - 2, EPISODES)])


def test_robomimic_of_several_keys(file, parts, tmp_path):
    robomimic_file(tmp_path / "low_dim.hdf5", file, parts)
    report, back = take_in(tmp_path / "low_dim.hdf5", tmp_path / "back")
    assert report["format"] == "robomimic"
    assert lost(report) == {"observations", "states", "raw actions", "log-densities"}
    assert derived(report) == {"observations", "residuals", "conditions"}
    same(file, back, "rewards", "infos/applied_actions")
    for x, y in zip(episodes(file), episodes(back)):
        assert len(y["observations"]) == len(x["observations"])
        near(x, y)
    assert len(back["mask/train"]) == EPISODES - 2 and len(back["mask/valid"]) == 2


def test_robomimic_without_rewards(file, parts, tmp_path):
    robomimic_file(tmp_path / "low_dim.hdf5", file, parts, with_rewards=False)
    report, back = take_in(tmp_path / "low_dim.hdf5", tmp_path / "back")
    assert "rewards" in derived(report) and "rewards" not in lost(report)
    for x, y in zip(episodes(file), episodes(back)):
        unclipped = np.all(x["actions"][()] == x["infos/applied_actions"][()], axis=1)
        np.testing.assert_allclose(y["rewards"][unclipped], x["rewards"][unclipped], rtol=0, atol=1e-9)


def test_robomimic_of_states_only(file, parts, tmp_path):
    robomimic_file(tmp_path / "low_dim.hdf5", file, parts, with_actions=False, with_rewards=False)
    report, back = take_in(tmp_path / "low_dim.hdf5", tmp_path / "back")
    assert {"actions", "rewards"} <= lost(report) and not back["mjirl"].attrs["has_action"]
    for x, y in zip(episodes(file), episodes(back)):
        assert len(y["observations"]) == len(x["observations"]) - 1  # no action leads to the last one
        near(x, y)


def test_minari_of_applied_actions_only(file, tmp_path):
    with h5py.File(tmp_path / "main_data.hdf5", "w") as out:
        for i, e in enumerate(episodes(file)):
            for name in ("observations", "rewards", "terminations", "truncations", "infos/applied_actions"):
                out[f"episode_{i}/{name}"] = e[name][()]
            out[f"episode_{i}"].attrs["total_steps"] = len(e["actions"])
    report, back = take_in(tmp_path / "main_data.hdf5", tmp_path / "back")
    assert lost(report) == {"states", "raw actions", "log-densities"}
    same(file, back, "observations", "rewards", "terminations", "infos/applied_actions")
    for x, y in zip(episodes(file), episodes(back)):
        np.testing.assert_array_equal(y["actions"], x["infos/applied_actions"][()])


@pytest.mark.parametrize("states", [False, True])
def test_minari_without_rewards(states, file, tmp_path):
    """Rewards come from the task where states let it compute them, and are lost elsewhere."""
    with h5py.File(tmp_path / "main_data.hdf5", "w") as out:
        for i, e in enumerate(episodes(file)):
            for name in ("observations", "actions", "terminations", *(["infos/state"] if states else [])):
                out[f"episode_{i}/{name}"] = e[name][()]
    report, back = take_in(tmp_path / "main_data.hdf5", tmp_path / "back")
    assert ("rewards" in derived(report)) == states and ("rewards" in lost(report)) == (not states)
    assert back["mjirl"].attrs["has_reward"] == states
    same(file, back, "observations", "actions")
    if states:
        same(file, back, "rewards", "infos/residuals")


def d4rl_file(path, file, names):
    with h5py.File(path, "w") as out:
        for name, rows in names.items():
            out[name] = np.concatenate([rows(e) for e in episodes(file)])
        out["timeouts"] = np.concatenate([e["truncations"][()] for e in episodes(file)])
        out["metadata/algorithm"] = np.bytes_("SAC")


def test_d4rl_of_gym_mujoco(file, parts, tmp_path):
    """halfcheetah-medium-v2 and its kin: float32, next_observations, infos/qpos and qvel."""
    d4rl_file(tmp_path / "v2.hdf5", file, {
        "observations": lambda e: e["observations"][:-1].astype(np.float32),
        "next_observations": lambda e: e["observations"][1:].astype(np.float32),
        "actions": lambda e: e["actions"][()].astype(np.float32),
        "rewards": lambda e: e["rewards"][()].astype(np.float32),
        "terminals": lambda e: e["terminations"][()],
        "infos/qpos": lambda e: e["infos/state"][:-1, parts["qpos"]],
        "infos/qvel": lambda e: e["infos/state"][:-1, parts["qvel"]],
        "infos/action_log_probs": lambda e: e["infos/action_log_probs"][()].astype(np.float32),
    })
    report, back = take_in(tmp_path / "v2.hdf5", tmp_path / "back")
    assert lost(report) == {"states"} and report["state_error"] < 1e-6  # of actions as float32
    for x, y in zip(episodes(file), episodes(back)):
        for name in ("observations", "actions", "rewards", "infos/action_log_probs"):
            np.testing.assert_array_equal(y[name], x[name][()].astype(np.float32).astype(float), err_msg=name)


def test_d4rl_of_states_only(file, parts, tmp_path):
    """Neither actions nor rewards: observations with qpos and qvel, as in data of motion capture."""
    d4rl_file(tmp_path / "states.hdf5", file, {
        "observations": lambda e: e["observations"][:-1],
        "infos/qpos": lambda e: e["infos/state"][:-1, parts["qpos"]],
        "infos/qvel": lambda e: e["infos/state"][:-1, parts["qvel"]],
    })
    report, back = take_in(tmp_path / "states.hdf5", tmp_path / "back")
    assert {"actions", "rewards", "states"} <= lost(report)
    for x, y in zip(episodes(file), episodes(back)):
        np.testing.assert_array_equal(y["observations"], x["observations"][:-1])
        np.testing.assert_array_equal(y["infos/state"][:, parts["qpos"]], x["infos/state"][:-1, parts["qpos"]])


def test_robosuite_of_states_only(file, parts, tmp_path):
    """Names that leave out numbers, as robosuite's failed demonstrations do, keep their order."""
    numbers = [1, 2, 10, 3, 20, 11, 30, 100]
    with h5py.File(tmp_path / "demo.hdf5", "w") as out:
        data = out.create_group("data")
        data.attrs.update({"date": "1 2 2024", "time": "3:4:5", "repository_version": "1.4.1", "env": "Reacher"})
        for number, e in zip(numbers, episodes(file)):
            demo = data.create_group(f"demo_{number}")
            demo.attrs["model_file"] = "<mujoco/>"
            demo["states"] = plain_states(e, parts, slice(None))
    report, back = take_in(tmp_path / "demo.hdf5", tmp_path / "back")
    assert report["format"] == "robosuite" and {"actions", "rewards"} <= lost(report)
    order = sorted(range(EPISODES), key=lambda i: numbers[i])
    for i, y in zip(order, episodes(back)):
        near(episodes(file)[i], y)


def test_npz_of_observations_only(file, tmp_path):
    """Without actions `indices` alone say where an episode ends."""
    rows = [e["observations"][()] for e in episodes(file)]
    np.savez(tmp_path / "a.npz", obs=np.concatenate(rows), indices=np.cumsum([len(r) - 1 for r in rows])[:-1])
    report, back = take_in(tmp_path / "a.npz", tmp_path / "back")
    assert {"actions", "rewards", "states"} <= lost(report) and not back["mjirl"].attrs["has_action"]
    same(file, back, "observations")


# ---------------------------------- Changes -----------------------------------------------------


def test_masks_are_what_robomimic_reads(ours, tmp_path):
    result = mjirl("demos", "split", ours, "--valid", "25", "--out", tmp_path / "split")
    assert result["train"] + result["valid"] == EPISODES
    with h5py.File(tmp_path / "split/data/main_data.hdf5") as out:
        # As SequenceDataset does with filter_by_attribute.
        names = {key: [n.decode("utf-8") for n in np.array(out[f"mask/{key}"][:])] for key in ("train", "valid")}
        assert sorted(names["train"] + names["valid"]) == sorted(out["data"])
        assert len(names["valid"]) == result["valid"]


def test_merge_filter_trim_delete_undo(ours, tmp_path):
    assert mjirl("demos", "merge", ours, ours, "--out", tmp_path / "both")["episodes"] == 2 * EPISODES
    assert mjirl("demos", "check", tmp_path / "both")["differing"] == 0
    assert mjirl("demos", "filter", tmp_path / "both", "--where", "episode<5", "--where", "label=first")["episodes"] == 1
    assert mjirl("demos", "undo", tmp_path / "both")["episodes"] == 2 * EPISODES
    assert mjirl("demos", "delete", tmp_path / "both", "--episodes", "0-9")["episodes"] == 2 * EPISODES - 10
    result = mjirl("demos", "trim", tmp_path / "both", "--steps", "10-29", "--out", tmp_path / "cut")
    assert result["steps"] == 20 * result["episodes"]
    assert mjirl("demos", "check", tmp_path / "cut")["differing"] == 0
    assert "no episode" in mjirl("demos", "filter", ours, "--where", "label=none", "--out", tmp_path / "none", code=1)
    assert "there is no episode 99" in mjirl("demos", "delete", ours, "--episodes", "99", code=1)
    assert not (tmp_path / "none").exists()


# ---------------------------------- Strangers' files --------------------------------------------


@pytest.mark.parametrize("filters", [{"compression": "gzip"}, {"shuffle": True, "compression": "gzip"}, {"fletcher32": True}])
def test_usual_filters(filters, file, tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as out:
        for i, e in enumerate(episodes(file)):
            for name in ("observations", "actions", "rewards"):
                out.create_dataset(f"episode_{i}/{name}", data=e[name][()], **filters)
    _, back = take_in(tmp_path / "a.hdf5", tmp_path / "back")
    same(file, back, "observations", "actions", "rewards")


def test_hostile(file, tmp_path):
    def refused(part):
        error = mjirl("demos", "import", tmp_path / "bad.hdf5", "--task", "reacher", "--out", tmp_path / "no", code=1)
        assert part in error and len(error.splitlines()) <= 3, error
        assert not (tmp_path / "no").exists()

    with h5py.File(tmp_path / "bad.hdf5", "w") as out:
        out["episode_0/observations"] = h5py.ExternalLink("/etc/passwd", "/")
        out["episode_0/actions"] = h5py.SoftLink("/episode_0/actions")
    refused("neither observations")
    with h5py.File(tmp_path / "bad.hdf5", "w") as out:
        out.create_dataset("episode_0/observations", (1 << 40, 10), "f8", chunks=(1 << 10, 10), compression="gzip")
    refused("is declared with")
    with h5py.File(tmp_path / "bad.hdf5", "w") as out:
        out["episode_0/observations"] = np.full((3, 10), np.nan)
        out["episode_0/actions"] = np.zeros((2, 2))
    refused("not finite")
    with h5py.File(tmp_path / "bad.hdf5", "w") as out:
        out["episode_0/observations"] = np.zeros((9, 10))
        out["episode_0/actions"] = np.zeros((2, 2))
    refused("9 rows of observations")
    with h5py.File(tmp_path / "bad.hdf5", "w") as out:
        out["episode_0/observations"] = np.array(["text"] * 3, dtype="S4")
        out["episode_0/actions"] = np.zeros((2, 2), dtype=[("a", "f8"), ("b", "i4")])
    refused("neither observations")
    (tmp_path / "bad.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 40)
    refused("cannot be read")
