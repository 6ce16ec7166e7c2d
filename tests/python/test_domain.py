"""A task in a changed world is MuJoCo's own model with the same fields edited: trajectories of `env trace`
and of mujoco's Python stay equal to the last bit."""

import json
import os
import pathlib
import subprocess

import h5py
import minari
import mujoco
import numpy as np
import pytest

MJIRL = os.environ["MJIRL"]
TASKS = pathlib.Path(__file__).parents[2] / "envs" / "tasks"
STEPS = 60


def scale_dofs(m, array, joint, s):
    dof = m.jnt_dofadr[m.joint(joint).id]
    array[dof] *= s


def heavy(m):
    m.body_mass *= 1.5
    m.body_inertia *= 1.5
    mujoco.mj_setConst(m, mujoco.MjData(m))


def heavy_foot(m):
    m.body_mass[m.body("foot").id] *= 2.5
    m.body_inertia[m.body("foot").id] *= 2.5
    mujoco.mj_setConst(m, mujoco.MjData(m))


def slippery(m):
    m.geom_friction *= 0.25


def stiff_joints(m):
    for joint in ("hip", "knee"):
        scale_dofs(m, m.dof_damping, joint, 3.0)
    m.dof_armature *= 2.0
    mujoco.mj_setConst(m, mujoco.MjData(m))


def moon(m):
    m.opt.gravity *= 0.165


def weak(m):
    m.actuator_gainprm[:, :3] *= 0.7
    m.actuator_biasprm[:, :3] *= 0.7


def lame(m):
    i = m.actuator("hip").id
    m.actuator_group[i] = 30
    m.opt.disableactuator = 1 << 30


def locked(m):
    dof = m.jnt_dofadr[m.joint("ankle").id]
    m.dof_frictionloss[dof] = 1e6
    m.dof_solimp[dof, :2] = 0.9999


CASES = {
    "none": ({}, lambda m: None),
    "mass": ({"mass": 1.5}, heavy),
    "one mass": ({"mass": {"body": "foot", "scale": 2.5}}, heavy_foot),
    "friction": ({"friction": {"geom": "*", "scale": 0.25}}, slippery),
    "damping": ({"damping": {"joint": ["hip", "knee"], "scale": 3}, "armature": 2}, stiff_joints),
    "gravity": ({"gravity": 0.165}, moon),
    "gain": ({"gain": 0.7}, weak),
    "actuator": ({"disable": {"actuator": "hip"}}, lame),
    "joint": ({"disable": {"joint": "ankle"}}, locked),
}


def bundled(name):
    task = json.loads((TASKS / f"{name}.json").read_text())
    task["model"] = str(TASKS / task["model"])
    return task


def trace(folder, task, qpos, qvel, actions):
    (folder / "task.json").write_text(json.dumps(task))
    (folder / "s.json").write_text(json.dumps({"qpos": list(qpos), "qvel": list(qvel)}))
    np.savetxt(folder / "a.csv", actions, fmt="%.17g", delimiter=",")
    subprocess.run(
        [MJIRL, "env", "trace", "task.json", "--init", "s.json", "--actions", "a.csv", "--out", "o.csv"],
        check=True,
        cwd=folder,
        capture_output=True,
    )
    return np.loadtxt(folder / "o.csv", delimiter=",", skiprows=1)


@pytest.mark.parametrize("case", CASES)
def test_equals_edited_model(tmp_path, case):
    domain, edit = CASES[case]
    task = bundled("hopper") | {"domain": domain}
    m = mujoco.MjModel.from_xml_path(task["model"])
    m.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    edit(m)
    rng = np.random.default_rng(3)
    actions = rng.uniform(-1, 1, (STEPS, m.nu))
    d = mujoco.MjData(m)
    d.qpos[:] = m.qpos0 + rng.uniform(-0.05, 0.05, m.nq)
    d.qvel[:] = rng.uniform(-0.05, 0.05, m.nv)
    rows = trace(tmp_path, task, d.qpos, d.qvel, actions)
    mujoco.mj_forward(m, d)
    want = [np.concatenate([d.qpos, d.qvel])]
    contacts = 0
    for action in actions:
        d.ctrl[:] = action
        mujoco.mj_step(m, d, task["frame_skip"])
        contacts += d.ncon
        want.append(np.concatenate([d.qpos, d.qvel]))
    assert contacts > 0  # friction was at work
    np.testing.assert_array_equal(rows[:, 1 : 1 + m.nq + m.nv], np.array(want))


def test_changes_change_something(tmp_path):
    """Each of the cases has a trajectory of its own: none of the changes is lost."""
    task = bundled("hopper")
    m = mujoco.MjModel.from_xml_path(task["model"])
    rng = np.random.default_rng(4)
    actions = rng.uniform(-1, 1, (STEPS, m.nu))
    ends = {
        tuple(trace(tmp_path, task | {"domain": domain}, m.qpos0, np.zeros(m.nv), actions)[-1])
        for domain, _ in CASES.values()
    }
    assert len(ends) == len(CASES)


def test_setting_reaches_into_the_domain(tmp_path):
    """--set domain.gravity=… is the member of the JSON."""
    task = bundled("hopper")
    m = mujoco.MjModel.from_xml_path(task["model"])
    actions = np.zeros((20, m.nu))
    moon_rows = trace(tmp_path, task | {"domain": {"gravity": 0.165}}, m.qpos0, np.zeros(m.nv), actions)
    subprocess.run(
        [MJIRL, "env", "trace", "hopper", "--set", "domain.gravity=0.165", "--init", "s.json", "--actions", "a.csv"]
        + ["--out", "p.csv"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
    )
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "p.csv", delimiter=",", skiprows=1), moon_rows)


def test_drawn_worlds_are_in_the_dataset(tmp_path):
    """An episode's attribute `world` and the file's list of factors are enough to build its world in MuJoCo's
    Python, where its applied actions give its states again, bit for bit. Minari opens the file."""
    domain = {"mass": {"body": "*", "scale": [0.5, 2], "each": True}, "damping": 1.5, "gain": [0.5, 1.5]}
    subprocess.run(
        [MJIRL, "expert", "reacher", "--set", f"domain={json.dumps(domain)}", "--out", "drawn", "-n", "5"]
        + ["--set", "expert.restarts=1", "--set", "expert.iterations=1", "--threads", "1"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
    )
    assert len(list(minari.MinariDataset(str(tmp_path / "drawn" / "data")))) == 5
    worlds = set()
    with h5py.File(tmp_path / "drawn" / "data" / "main_data.hdf5") as file:
        factors = json.loads(file["mjirl/world_factors"][()])
        parts = {p["name"]: slice(p["offset"], p["offset"] + p["size"])
                 for p in json.loads(file["mjirl/state_parts"][()])}
        skip = json.loads(file["mjirl/task.json"][()])["frame_skip"]
        for i in range(5):
            m = mujoco.MjModel.from_xml_string(file["mjirl/model.xml"][()].decode())
            m.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
            m.dof_damping *= 1.5
            episode = file[f"episode_{i}"]
            for factor, value in zip(factors, episode.attrs["world"], strict=True):
                assert factor["low"] <= value <= factor["high"]
                kind, _, name = factor["name"].partition(" ")
                if kind == "mass":
                    m.body_mass[m.body(name).id] *= value
                    m.body_inertia[m.body(name).id] *= value
                else:
                    assert factor["name"] == "gain"
                    m.actuator_gainprm[:, :3] *= value
                    m.actuator_biasprm[:, :3] *= value
            worlds.add(tuple(episode.attrs["world"]))
            d = mujoco.MjData(m)
            mujoco.mj_setConst(m, d)
            mujoco.mj_resetData(m, d)
            states = episode["infos/state"][()]
            for name in ("qpos", "qvel", "qacc_warmstart"):
                getattr(d, name)[:] = states[0, parts[name]]
            for t, action in enumerate(episode["infos/applied_actions"]):
                d.ctrl[:] = action
                for _ in range(skip):
                    mujoco.mj_step(m, d)
                np.testing.assert_array_equal(d.qpos, states[t + 1, parts["qpos"]])
                np.testing.assert_array_equal(d.qvel, states[t + 1, parts["qvel"]])
    assert len(worlds) == 5

    data = tmp_path / "drawn" / "data"
    metadata = json.loads((data / "metadata.json").read_text())
    del metadata["mjirl_crc32c"]  # not damaged, but changed
    (data / "metadata.json").write_text(json.dumps(metadata))
    for world, part in (
        (np.ones(3), "attribute world of episode_2 has 3 factors, not 5"),
        (np.array([1, -0.5, 1, 1, 1]), "attribute world of episode_2 has the factor -0.5; give 0 to 1e+06"),
        (np.array([1, np.nan, 1, 1, 1]), "has the factor nan"),
        (["heavy"] * 5, "attribute world of episode_2 is not a list of numbers"),
        (np.ones(5000), "damaged"),
    ):
        with h5py.File(data / "main_data.hdf5", "r+") as file:
            file["episode_2"].attrs["world"] = world
        done = subprocess.run([MJIRL, "demos", "info", "drawn"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 1 and part in done.stderr, done.stderr
