"""Our copies of Gymnasium's tasks against Gymnasium itself.

The same start state and the same actions go through Gymnasium's environment and through
`mjirl env trace`; states, observations, rewards and termination must agree over the whole trajectory.
Both run the same MuJoCo, so what differs is rounding in the compiled model (our MJCF is our own) and
in the last operations of observation and reward: 1e-9, on trajectories that are not chaotic.
"""

import csv
import json
import os
import subprocess

import gymnasium
import numpy as np
import pytest

MJIRL = os.environ["MJIRL"]  # path of the program
STEPS = 200
STARTS = 20
TOLERANCE = 1e-9

TASKS = {"reacher": "Reacher-v5", "inverted_pendulum": "InvertedPendulum-v5"}


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
    """The same through Gymnasium, stepping on after termination."""
    bare = env.unwrapped
    env.reset(seed=0)
    bare.set_state(qpos, qvel)
    rows = [(qpos, qvel, bare._get_obs(), 0.0, False)]
    for action in actions:
        obs, reward, terminated, _, _ = bare.step(action)
        rows.append((bare.data.qpos.copy(), bare.data.qvel.copy(), obs, reward, terminated))
    columns = [np.array(c, dtype=float) for c in zip(*rows)]
    return dict(zip(("qpos", "qvel", "obs", "reward", "terminated"), columns))


def random_start(rng, task, env):
    """Starts well beyond the reset noise, so that limits and termination are met."""
    model = env.unwrapped.model
    if task == "reacher":
        qpos = np.concatenate([rng.uniform(-2.9, 2.9, 2), rng.uniform(-0.2, 0.2, 2)])
        qvel = np.concatenate([rng.uniform(-5, 5, 2), np.zeros(2)])
        return qpos, qvel
    return rng.uniform(-0.1, 0.1, model.nq), rng.uniform(-0.3, 0.3, model.nv)


def random_actions(rng, task, env):
    """Smooth enough to stay in play; some go beyond the bounds, to be clipped."""
    high = env.action_space.high.astype(float)
    scale = 1.3 if task == "reacher" else 0.05
    return rng.uniform(-scale, scale, (STEPS, len(high))) * high


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("start", range(STARTS))
def test_trajectory(tmp_path, task, start):
    env = gymnasium.make(TASKS[task])
    rng = np.random.default_rng([start, len(task)])
    qpos, qvel = random_start(rng, task, env)
    actions = random_actions(rng, task, env)
    want = reference(env, qpos, qvel, actions)
    got = trace(tmp_path, task, qpos, qvel, actions)
    assert len(got["step"]) == STEPS + 1
    for name in ("qpos", "qvel", "obs"):
        np.testing.assert_allclose(got[name], want[name], rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)
    for name in ("reward", "terminated"):
        np.testing.assert_allclose(got[name][:, 0], want[name], rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


def test_pendulum_terminates():
    """The starts above must cover both sides of the termination rule, or it is not tested."""
    env = gymnasium.make(TASKS["inverted_pendulum"])
    seen = set()
    for start in range(STARTS):
        rng = np.random.default_rng([start, len("inverted_pendulum")])
        qpos, qvel = random_start(rng, "inverted_pendulum", env)
        actions = random_actions(rng, "inverted_pendulum", env)
        seen |= set(reference(env, qpos, qvel, actions)["terminated"])
    assert seen == {0.0, 1.0}


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
