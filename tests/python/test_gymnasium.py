"""Our copies of Gymnasium's tasks against Gymnasium itself.

The same start state and the same actions go through Gymnasium's environment and through
`mjirl env trace`; states, observations, rewards and termination must agree over the whole trajectory.
Both run the same MuJoCo on models whose compiled numbers are the same, so what may differ is the last
operations of observation and reward: 1e-9, in chaotic motion too.
"""

import csv
import json
import os
import pathlib
import subprocess

import gymnasium
import mujoco
import numpy as np
import pytest

MJIRL = os.environ["MJIRL"]  # path of the program
MODELS = pathlib.Path(__file__).parents[2] / "envs" / "models"
STEPS = 200
STARTS = 20
TOLERANCE = 1e-9

TASKS = {
    "inverted_pendulum": "InvertedPendulum-v5",
    "inverted_double_pendulum": "InvertedDoublePendulum-v5",
    "reacher": "Reacher-v5",
    "pusher": "Pusher-v5",
    "swimmer": "Swimmer-v5",
    "hopper": "Hopper-v5",
    "half_cheetah": "HalfCheetah-v5",
    "walker2d": "Walker2d-v5",
    "ant": "Ant-v5",
    "humanoid": "Humanoid-v5",
    "humanoid_standup": "HumanoidStandup-v5",
}
TERMINATING = ("inverted_pendulum", "inverted_double_pendulum", "hopper", "walker2d", "ant", "humanoid")


def trace(folder, task, qpos, qvel, actions):
    """Runs `mjirl env trace`; columns by name prefix."""
    init, acts, out = folder / "init.json", folder / "actions.csv", folder / "out.csv"
    init.write_text(json.dumps({"qpos": list(qpos), "qvel": list(qvel)}))
    acts.write_text("".join(",".join("%.17g" % a for a in row) + "\n" for row in actions))
    subprocess.run(
        [MJIRL, "env", "trace", task, "--init", init, "--actions", acts, "--out", out, "--json"],
        check=True,
        capture_output=True,
    )
    with open(out, newline="") as file:
        rows = list(csv.reader(file))
    header, table = rows[0], np.array(rows[1:], dtype=float)
    return {
        name: table[:, [i for i, h in enumerate(header) if h.rstrip("0123456789") == name]]
        for name in ("step", "qpos", "qvel", "obs", "reward", "terminated")
    }


def reference(env, qpos, qvel, actions):
    """The same through Gymnasium, stepping on after termination; the state is set as in its reset."""
    bare = env.unwrapped
    mujoco.mj_resetData(bare.model, bare.data)
    bare.set_state(qpos, qvel)
    rows = [(bare.data.qpos.copy(), bare.data.qvel.copy(), bare._get_obs(), 0.0, False)]
    for action in actions:
        obs, reward, terminated, _, _ = bare.step(action)
        rows.append((bare.data.qpos.copy(), bare.data.qvel.copy(), obs, reward, terminated))
    columns = [np.array(c, dtype=float) for c in zip(*rows)]
    return dict(zip(("qpos", "qvel", "obs", "reward", "terminated"), columns))


def random_start(rng, task, env, start):
    """From the reset noise to well beyond it, so that limits, clips and termination are met."""
    model = env.unwrapped.model
    size = (0.005, 0.05, 0.2, 0.5)[start % 4]
    if task == "reacher":
        qpos = np.concatenate([rng.uniform(-2.9, 2.9, 2), rng.uniform(-0.2, 0.2, 2)])
        return qpos, np.concatenate([rng.uniform(-5, 5, 2), np.zeros(2)])
    if task == "inverted_pendulum":
        return rng.uniform(-0.1, 0.1, model.nq), rng.uniform(-0.3, 0.3, model.nv)
    if task == "inverted_double_pendulum":
        return rng.uniform(-size, size, model.nq), rng.normal(0, 4 * size, model.nv)
    if task == "pusher":
        arm = model.jnt_range[:7]
        object_at = rng.uniform([-0.3, -0.2], [0, 0.2])
        qpos = np.concatenate([rng.uniform(0.6 * arm[:, 0], 0.6 * arm[:, 1]), object_at, np.zeros(2)])
        return qpos, np.concatenate([rng.normal(0, size, 7), np.zeros(4)])
    qpos = env.unwrapped.init_qpos + rng.uniform(-size, size, model.nq)
    qvel = rng.normal(0, 4 * size, model.nv)
    if start == STARTS - 1:  # an impact hard enough for all limits on speeds and forces
        up = model.jnt_qposadr[0] + 2 if model.jnt_type[0] == mujoco.mjtJoint.mjJNT_FREE else 1
        qvel[up] = -12
    return qpos, qvel


def random_actions(rng, task, env, start):
    """Some go beyond the bounds, to be clipped."""
    high = env.action_space.high.astype(float)
    scale = 0.05 if task == "inverted_pendulum" else (0.05, 0.5, 1, 1.3)[start // 4 % 4]
    return rng.uniform(-scale, scale, (STEPS, len(high))) * high


def agree(got, want, what):
    np.testing.assert_allclose(got, want, rtol=TOLERANCE, atol=TOLERANCE, err_msg=what)


@pytest.mark.parametrize("task", TASKS)
def test_trajectories(tmp_path, task):
    env = gymnasium.make(TASKS[task])
    seen = {"terminated": set(), "speed": 0, "obs": 0, "contact": 0}
    for start in range(STARTS):
        rng = np.random.default_rng([start, len(task)])
        qpos, qvel = random_start(rng, task, env, start)
        actions = random_actions(rng, task, env, start)
        want = reference(env, qpos, qvel, actions)
        got = trace(tmp_path, task, qpos, qvel, actions)
        assert len(got["step"]) == STEPS + 1
        for name in ("qpos", "qvel", "obs"):
            agree(got[name], want[name], f"{name} from start {start}")
        for name in ("reward", "terminated"):
            agree(got[name][:, 0], want[name], f"{name} from start {start}")
        seen["terminated"] |= set(want["terminated"])
        seen["speed"] = max(seen["speed"], np.abs(want["qvel"]).max())
        seen["obs"] = max(seen["obs"], np.abs(want["obs"]).max())
        if task.startswith("humanoid"):
            forces = want["obs"][:, -78:]
            seen["contact"] = max(seen["contact"], 5e-7 * np.square(forces).sum(axis=1).max())
    # rules that the trajectories do not meet would not be tested
    assert seen["terminated"] == ({0.0, 1.0} if task in TERMINATING else {0.0})
    if task in ("inverted_double_pendulum", "hopper", "walker2d"):
        assert seen["speed"] > 10  # the observation's clip
    if task.startswith("humanoid"):
        assert seen["contact"] > 10  # the limit of the contact cost


@pytest.mark.parametrize("task", TASKS)
def test_described_as_gymnasium(task):
    """Sizes, control step and horizon."""
    env = gymnasium.make(TASKS[task])
    model = env.unwrapped.model
    out = subprocess.run([MJIRL, "env", "check", task, "--json"], check=True, capture_output=True)
    info = json.loads(out.stdout)
    assert (info["nq"], info["nv"], info["nu"]) == (model.nq, model.nv, model.nu)
    assert info["horizon"] == env.spec.max_episode_steps
    observation = info["observation"]
    size = observation if isinstance(observation, int) else len(observation)
    assert size == env.observation_space.shape[0]
    listed = subprocess.run([MJIRL, "env", "list", "--json"], check=True, capture_output=True)
    ours = {t["name"]: t for t in json.loads(listed.stdout)["tasks"]}[task]
    assert ours["frame_skip"] == env.unwrapped.frame_skip


# What the physics reads. Friction is missing for models without contacts, sizes are in the boxes.
FIELDS = """qpos0 qpos_spring body_parentid body_pos body_quat body_ipos body_iquat body_mass
body_subtreemass body_inertia body_invweight0 body_gravcomp jnt_type jnt_pos jnt_axis jnt_stiffness
jnt_range jnt_limited jnt_margin jnt_solref jnt_solimp dof_damping dof_armature dof_frictionloss
dof_invweight0 dof_M0 geom_type geom_bodyid geom_pos geom_quat geom_rbound geom_aabb geom_contype
geom_conaffinity geom_condim geom_priority geom_solmix geom_solref geom_solimp geom_margin geom_gap
tendon_invweight0 tendon_length0 wrap_prm actuator_trnid actuator_gear actuator_gainprm
actuator_biasprm actuator_ctrlrange actuator_ctrllimited actuator_forcelimited""".split()
OPTIONS = """timestep integrator solver iterations tolerance ls_iterations gravity density viscosity wind
cone jacobian impratio noslip_iterations""".split()


@pytest.mark.parametrize("task", TASKS)
def test_compiled_models(task):
    """The models are the same numbers, up to the last bit of a quaternion."""
    ours = mujoco.MjModel.from_xml_path(str(MODELS / f"{task}.xml"))
    theirs = gymnasium.make(TASKS[task]).unwrapped.model
    contacts = ("geom_friction",) if task not in ("reacher", "inverted_pendulum") else ()
    for name in (*FIELDS, *contacts):
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), rtol=3e-16, atol=0, err_msg=name
        )
    for name in OPTIONS:
        np.testing.assert_array_equal(getattr(ours.opt, name), getattr(theirs.opt, name), err_msg=name)
    assert ours.stat.meaninertia == theirs.stat.meaninertia
