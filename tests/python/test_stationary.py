"""Parts of the stationary methods against NumPy, and the searches of `mjirl expert` from outside."""

import json
import os
import pty
import signal
import subprocess
import time

import numpy as np
import pytest
from safetensors.numpy import load_file

import base_peer

MJIRL = os.environ["MJIRL"]
PLAN = 'expert={"method": "random_search", "iterations": 4, "directions": 4, "alive": true}'


def peer(*arguments, numbers):
    program = base_peer.build_folder() / "tests" / "policy" / "policy_peer"
    text = "\n".join(" ".join(repr(float(v)) for v in row) for row in numbers)
    done = subprocess.run([program, *map(str, arguments)], input=text, capture_output=True, text=True,
                          check=True)
    return np.array([[float(v) for v in line.split()] for line in done.stdout.splitlines()])


@pytest.mark.parametrize("last", [0.0, 2.5])
def test_advantages_are_the_matrix_product(last):
    """A = U δ with U[t, k] = (γλ)^(k − t) for k ≥ t."""
    discount, trace, n = 0.97, 0.9, 200
    reward, value = np.random.default_rng(0).standard_normal((2, n))
    delta = reward + discount * np.append(value[1:], last) - value
    power = np.arange(n)[None, :] - np.arange(n)[:, None]
    wanted = np.where(power >= 0, (discount * trace) ** np.maximum(power, 0.0), 0) @ delta
    got = peer("advantage", discount, trace, last, numbers=np.stack([reward, value], 1))[:, 0]
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12)  # sums of up to 200 terms of size 1


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_whitening_is_numpys(block):
    rows = np.random.default_rng(1).standard_normal((1000, 3)) * [1, 1e-3, 50] + [0, 1e3, -3]
    got = peer("whiten", 3, block, numbers=rows)
    np.testing.assert_allclose(got[:, 0], rows.mean(0), rtol=1e-13, atol=1e-14)
    # a mean 1e6 deviations off: 1e-16 × 1e6 of the deviation, over 1000 merges
    np.testing.assert_allclose(got[:, 1], rows.std(0), rtol=1e-8)


def expert(folder, *more, task="swimmer", check=True):
    done = subprocess.run([MJIRL, "expert", task, "--out", folder, "-n", "2", "--threads", "1", "--json",
                           *more], capture_output=True, text=True)
    assert not check or done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.returncode == 0 else done


@pytest.mark.parametrize("plan", [
    '"iterations": 80',
    '"iterations": 40, "restarts": 4, "audition": 8, "then": {"iterations": 20, "noise": 0.01, "steps": 9}',
])
def test_a_killed_search_ends_in_the_same_bytes(tmp_path, plan):
    short = ["--set", "horizon=25", "--set", PLAN.replace('"iterations": 4', plan)]
    whole = expert(tmp_path / "whole", *short)
    state = tmp_path / "killed.search"
    for wait in (0.1, 0.2, 0.4, 0.8, 1.6):  # until the signal comes after it is listened for
        child = subprocess.Popen([MJIRL, "expert", "swimmer", "--out", tmp_path / "killed", "-n", "2",
                                  "--threads", "1", *short], stderr=subprocess.DEVNULL)
        time.sleep(wait)
        child.send_signal(signal.SIGTERM)
        if child.wait() == 1:
            break
    assert child.returncode == 1 and state.exists()
    killed = expert(tmp_path / "killed", *short, "--resume")
    assert killed["env_steps"] == whole["env_steps"]
    assert not state.exists()
    for name in ("policy.safetensors", "data/main_data.hdf5"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes()


@pytest.mark.parametrize("number, wait, horizon, n", [
    (signal.SIGTERM, 0, 1000, 2),  # while the noise is settled or judged
    (signal.SIGINT, 2, 1000, 2),
    (signal.SIGTERM, 2, 50, 20000),  # while demonstrations are drawn
])
def test_a_stop_after_the_search_keeps_it(tmp_path, number, wait, horizon, n):
    plan = ["--method", "random_search", "--iterations", "0", "--set", f"horizon={horizon}"]
    state = tmp_path / "out.search"
    child = subprocess.Popen([MJIRL, "expert", "swimmer", "--out", tmp_path / "out", "--threads", "1", *plan,
                              "-n", str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not state.exists():  # the search is over when it is first saved
        assert child.poll() is None
        time.sleep(0.01)
    time.sleep(wait)
    begun = time.monotonic()
    child.send_signal(number)
    stdout, stderr = child.communicate()
    assert child.returncode == 1 and stdout == "", stderr
    assert stderr == f"mjirl: swimmer: stopped; the search is saved in {state}, --resume goes on\n"
    assert time.monotonic() - begun < 5  # two episodes; on a busy machine
    assert state.exists() and not (tmp_path / "out").exists()
    if horizon == 50:
        expert(tmp_path / "out", *plan, "--resume")
        expert(tmp_path / "whole", *plan)
        for name in ("policy.safetensors", "data/main_data.hdf5"):
            assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_the_policy_is_what_acted(tmp_path):
    """Actions of the demonstrations lie about K x + k as Σ says."""
    found = expert(tmp_path / "demos", "--set", "horizon=40", "--set", PLAN)
    assert found["method"] == "random_search" and found["judged_episodes"] == 100
    policy = load_file(tmp_path / "demos" / "policy.safetensors")
    h5py = pytest.importorskip("h5py", reason="listed in requirements.txt")
    with h5py.File(tmp_path / "demos" / "data" / "main_data.hdf5") as file:
        episode = file["episode_0"]
        x, u = episode["observations"][:-1], episode["actions"][:]
    e = u - x @ policy["expert/0/K"][0].T - policy["expert/0/k"][0]
    z = np.linalg.solve(np.linalg.cholesky(policy["expert/0/sigma"][0]), e.T)
    assert abs((z**2).mean() - 1) < 5 * np.sqrt(2 / z.size)  # mean of z.size squared normals
    again = expert(tmp_path / "again", "--set", "horizon=40", "--method", "random_search",
                   "--iterations", "0", "--policy", tmp_path / "demos" / "policy.safetensors")
    assert again["return_mean"] == pytest.approx(found["return_mean"], abs=1e-9)


@pytest.mark.parametrize("plan, part", [
    ('{"method": "climb"}', "climb"),
    ('{"method": "random_search", "kl": 1}', "kl"),
    ('{"method": "random_search", "directions": 2, "best": 3}', "best"),
    ('{"method": "natural_gradient", "discount": 1.5}', "discount"),
    ('{"method": "natural_gradient", "steps": 0}', "steps"),
    ('{"stop_return": 3}', "stop_return"),
    ('{"restarts": 2, "audition": 3}', "audition"),
    ('{"method": "random_search", "then": {"restarts": 2}}', "restarts"),
    ('{"method": "random_search", "then": {"then": {"kl": 1}}}', "kl"),
    ('{"method": "natural_gradient", "then": 3}', "then"),
    ('[1]', "expert"),
])
def test_bad_plans_are_refused(tmp_path, plan, part):
    done = expert(tmp_path / "out", "--set", "expert=" + plan, check=False)
    assert done.returncode == 1 and part in done.stderr and not (tmp_path / "out").exists()


def test_progress_names_the_part(tmp_path):
    """On a terminal the line says which search and which start is at work, and how many are left."""
    plan = '"iterations": 6, "restarts": 3, "audition": 2, "then": {"iterations": 2}'
    command = [MJIRL, "expert", "swimmer", "--out", tmp_path / "out", "-n", "2", "--threads", "1", "--set",
               "horizon=25", "--set", PLAN.replace('"iterations": 4', plan)]
    master, slave = pty.openpty()
    child = subprocess.Popen(command, stderr=slave, stdout=subprocess.DEVNULL)
    os.close(slave)
    text = b""
    try:
        while part := os.read(master, 65536):
            text += part
    except OSError:  # the child is gone
        pass
    assert child.wait() == 0
    assert b"search 1/2  start 1, 3 left  step 1/6" in text
    assert b"search 2/2  step 2/2" in text


def stages_done(state):
    return load_file(state)["place"][2] if state.exists() else 0


@pytest.mark.parametrize("task, stages", [("lq_point_mass", 1), ("reacher", 3)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_trajectory_search_ends_in_the_same_bytes(tmp_path, task, stages, number):
    short = ["--iterations", "4", "--set", "expert.restarts=2", "--set", "expert.samples=10"]
    whole = expert(tmp_path / "whole", *short, "--diagnostics", tmp_path / "whole.jsonl", task=task)
    assert not (tmp_path / "whole.search").exists()
    state = tmp_path / "killed.search"
    more = [*short, "--diagnostics", tmp_path / "killed.jsonl"]
    child = subprocess.Popen([MJIRL, "expert", task, "--out", tmp_path / "killed", "-n", "2",
                              "--threads", "1", *more], stderr=subprocess.PIPE, text=True)
    while child.poll() is None and stages_done(state) < stages:
        time.sleep(0.002)
    child.send_signal(number)
    said = child.communicate()[1]
    assert state.exists() and not (tmp_path / "killed").exists()
    if number == signal.SIGTERM:
        assert child.returncode == 1 and f"saved in {state}, --resume goes on" in said
    for other in (["--seed", "1"], ["--set", "expert.restarts=3"]):
        refused = expert(tmp_path / "killed", *more, *other, "--resume", task=task, check=False)
        assert refused.returncode == 1 and "another task, seed or settings" in refused.stderr
    killed = expert(tmp_path / "killed", *more, "--resume", task=task)
    assert killed["env_steps"] == whole["env_steps"]
    assert killed["return_mean"] == whole["return_mean"]
    assert not state.exists()
    for name in ("policy.safetensors", "data/main_data.hdf5"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes()
    told = [(tmp_path / f"{name}.jsonl").read_text().splitlines() for name in ("whole", "killed")]
    assert list(dict.fromkeys(told[1])) == told[0]  # the stage that was broken off comes twice


def test_a_trajectory_search_from_a_file_of_its_own(tmp_path):
    """--state stays; a cut file is refused and left as it is; nothing is saved of mixtures."""
    state = tmp_path / "s"
    short = ["--set", "horizon=10", "--set", "expert.restarts=2", "--iterations", "2", "--state", state]
    expert(tmp_path / "one", *short, task="lq_point_mass")
    again = expert(tmp_path / "two", *short, "--resume", task="lq_point_mass")
    assert again["env_steps"] > 0
    whole = state.read_bytes()
    for cut in (0, 7, len(whole) // 2, len(whole) - 1):
        state.write_bytes(whole[:cut])
        done = expert(tmp_path / "out", *short, "--resume", task="lq_point_mass", check=False)
        assert done.returncode == 1 and str(state) in done.stderr
        assert state.read_bytes() == whole[:cut] and not (tmp_path / "out").exists()
    for more in (["--resume"], ["--state", tmp_path / "t"]):
        done = expert(tmp_path / "out", *more, "--dynamics", "mixture", task="reacher", check=False)
        assert done.returncode in (1, 2) and "mixture" in done.stderr
    expert(tmp_path / "three", *short[:-2], "--dynamics", "mixture", task="lq_point_mass")
    assert not (tmp_path / "three.search").exists() and not (tmp_path / "t").exists()


def test_trajectory_policies_are_taken_up_again(tmp_path):
    """No search gives the same controllers and returns, a search goes on from them; what does not
    fit is refused before anything is written."""
    short = ["--set", "horizon=20", "--set", 'expert={"restarts": 2, "samples": 8}']
    found = expert(tmp_path / "found", *short, "--iterations", "3", task="lq_point_mass")
    kept = tmp_path / "found" / "policy.safetensors"
    again = expert(tmp_path / "again", *short, "--iterations", "0", "--policy", kept,
                   task="lq_point_mass")
    assert again["return_mean"] == found["return_mean"]
    one, two = (load_file(tmp_path / name / "policy.safetensors") for name in ("found", "again"))
    assert one.keys() == two.keys() and all(np.array_equal(one[key], two[key]) for key in one)
    # One step from where a search ended stays there, to what 8 trajectories tell of an optimum (seen:
    # 3e-5); one from nothing is not there yet (4e-2). On the linear task it would be, by its polish.
    arm = expert(tmp_path / "arm", *short, "--iterations", "3", task="reacher")
    one_step = ["--set", "horizon=20", "--set", 'expert={"restarts": 1, "samples": 8, "rounds": 0}',
                "--iterations", "1"]
    further = expert(tmp_path / "further", *one_step, "--policy", tmp_path / "arm" / "policy.safetensors",
                     task="reacher")
    anew = expert(tmp_path / "anew", *one_step, task="reacher")
    assert abs(further["return_mean"] - arm["return_mean"]) < 1e-3
    assert anew["return_mean"] < arm["return_mean"] - 1e-2
    expert(tmp_path / "one", *short, "--method", "random_search", "--iterations", "0",
           task="lq_point_mass")
    one_for_all = tmp_path / "one" / "policy.safetensors"
    for policy, more, words in ((kept, ["--set", "horizon=30"], "a policy of 20 steps"),
                                (one_for_all, short, "needs 4 of 20"),
                                (kept, [*short, "--initial", "pd"], "leave out --initial"),
                                (tmp_path / "none", short, "cannot open")):
        done = expert(tmp_path / "out", "--policy", policy, *more, task="lq_point_mass", check=False)
        assert done.returncode == 1 and words in done.stderr and not (tmp_path / "out").exists()


def test_resume_without_a_state(tmp_path):
    done = expert(tmp_path / "out", "--resume", "--set", PLAN, check=False)
    assert done.returncode == 1 and "out.search" in done.stderr


def test_resume_of_another_method(tmp_path):
    """The file of a search for trajectories is none of a stationary one, nor the other way round."""
    state = tmp_path / "state"
    short = ["--set", "horizon=20", "--iterations", "1", "--state", state]
    for first, second in (("trajectory", "random_search"), ("random_search", "trajectory")):
        state.unlink(missing_ok=True)
        expert(tmp_path / first, *short, "--method", first, task="lq_point_mass")
        before = state.read_bytes()
        done = expert(tmp_path / "out", *short, "--method", second, "--resume", task="lq_point_mass",
                      check=False)
        assert done.returncode == 1 and done.stderr == (
            f"mjirl: {state}: the search was begun with another task, seed or settings; give those, or "
            "leave out --resume\n")
        assert state.read_bytes() == before
