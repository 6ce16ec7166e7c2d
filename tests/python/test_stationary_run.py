"""A training run with stationary samplers from outside: its clone is NumPy's regression of all steps,
its densities are SciPy's, every command takes it, and what it cannot be is refused in a sentence."""

import json
import os
import pathlib
import subprocess

import h5py
import numpy as np
import pytest
import scipy.stats
from safetensors.numpy import load_file

MJIRL = os.environ["MJIRL"]
DEMOS = pathlib.Path(__file__).resolve().parents[2] / "demos" / "data" / "lq_point_mass"
TRAIN = ["train", "--task", "lq_point_mass", "--demos", DEMOS, "--set", "sampler=stationary", "--set",
         "cost_steps=5", "--set", "samples=4", "--set", "explore=2", "--set", "iterations=2", "--seed", 3]


def run(*arguments, code=0):
    done = subprocess.run([MJIRL, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


def run_json(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


@pytest.fixture(scope="module")
def demos():
    with h5py.File(DEMOS / "data" / "main_data.hdf5") as file:
        episodes = [file[f"episode_{i}"] for i in range(len([k for k in file if k[:8] == "episode_"]))]
        return {"x": np.array([e["observations"][:-1] for e in episodes]),
                "u": np.array([e["actions"][:] for e in episodes]),
                "condition": np.array([e.attrs["condition"] for e in episodes])}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stationary") / "run"
    run(*TRAIN, "--out", folder)
    return folder


def test_clone_is_the_regression_of_all_steps(tmp_path, demos):
    run(*TRAIN[:7], "--algo", "bc", "--set", "heldout=0", "--out", tmp_path / "clone")
    clone = load_file(tmp_path / "clone" / "policy.safetensors")
    for condition in clone["condition"]:
        mine = demos["condition"] == condition
        x, u = (demos[key][mine].reshape(-1, demos[key].shape[-1]) for key in "xu")
        design = np.column_stack([x, np.ones(len(x))])
        wanted = np.linalg.lstsq(design, u, rcond=None)[0].T
        K, k, sigma = (clone[f"learned/{condition}/{name}"] for name in ("K", "k", "sigma"))
        assert K.shape == (1, u.shape[1], x.shape[1])
        # the ridge, 1e-6 and 2 (nx/rows)², moves correlated gains by some thousandths
        np.testing.assert_allclose(K[0], wanted[:, :-1], rtol=0, atol=5e-3 * np.abs(wanted).max())
        np.testing.assert_allclose(k[0], wanted[:, -1], rtol=0, atol=5e-3 * np.abs(wanted).max())
        rest = u - design @ wanted.T
        freedom = len(x) - design.shape[1]
        spread = rest.T @ rest / freedom * (1 + (design.shape[1] - 1) / (len(x) - 1) + 1 / len(x))
        np.testing.assert_allclose(sigma[0], spread + 1e-4 * np.eye(len(spread)), rtol=0,
                                   atol=5e-3 * np.abs(spread).max())


def test_densities_are_scipys(trained, demos):
    policy = load_file(trained / "policy.safetensors")
    for row in run_json("score", trained, "--demos", DEMOS)["trajectories"]:
        i = row["episode"]
        K, k, sigma = (policy[f"learned/{demos['condition'][i]}/{n}"][0] for n in ("K", "k", "sigma"))
        e = demos["u"][i] - demos["x"][i] @ K.T - k
        wanted = scipy.stats.multivariate_normal.logpdf(e, cov=sigma).sum()
        assert row["log_q"] == pytest.approx(wanted, rel=1e-9)


def test_every_command_takes_it(trained, tmp_path):
    config = json.loads((trained / "config.json").read_text())["config"]
    assert config["sampler"] == "stationary"
    rows = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    for row in rows:
        assert row["log_z_laplace"] is None and row["log_z_controlled"] is None
        assert row["entropy"] is not None and row["fact3_error"] is not None
    assert run_json("eval", trained, "--episodes", 4)["normalized_return"] is not None
    assert run_json("sample", trained, "-n", 4, "--out", tmp_path / "drawn")["episodes"] == 4
    assert run_json("score", trained, "--demos", tmp_path / "drawn")["trajectories"]
    for kind in ("safetensors", "onnx"):
        assert run_json("export", trained, "--format", kind, "--out", tmp_path / kind)["bytes"] > 0
    forecast = run_json(*TRAIN, "--out", tmp_path / "dry", "--dry-run")
    assert forecast["rows_per_unknown"] > 10 and not (tmp_path / "dry").exists()


@pytest.mark.parametrize("more, sentence, code", [
    (["--algo", "maxent"], "maxent is about a model of each step", 1),
    (["--set", "control_variate=laplace"], "laplace is a model of each step", 2),
    (["--set", "sampler=steady"], "'steady' is unknown; give time_varying or stationary", 2),
    (["--set", "discount=1.5"], "out of range; give a number from 0 to 1", 2)])
def test_refusals(more, sentence, code, tmp_path):
    done = run(*TRAIN, *more, "--out", tmp_path / "none", code=code)
    assert sentence in done.stderr and done.stderr.count("\n") <= 3
    assert not (tmp_path / "none").exists()
