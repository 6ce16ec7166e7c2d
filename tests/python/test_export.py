"""Exported costs and policies, run by ONNX's own reference evaluator and by NumPy.

The costs are compared with `mjirl score` on the bundled demonstrations, and the page docs/export.md
with the files. Needs MJIRL, the path of the program. check_export.py does the same with onnxruntime
and PyTorch.
"""

import itertools
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess

import h5py
import numpy as np
import onnx
import onnx.reference
import pytest
import safetensors
import safetensors.numpy

PROGRAM = os.environ["MJIRL"]
TRUSTING = {**os.environ, "MJIRL_TRUST_MODELS": "1"}  # the runs are this test's own
ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMOS = ROOT / "demos" / "data" / "reacher"
EPISODES, T, NX, NU, NC = 40, 50, 10, 2, 4
TINY = ["--set", "iterations=2", "--set", "samples=4", "--set", "explore=2", "--set", "cost_steps=5"]


def mjirl(*args, code=0, **more):
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL, check=False, env=TRUSTING, **more)
    assert done.returncode == code, (args, done.stdout, done.stderr)
    return done


def export(run, out, kind, *more):
    """The file as a model or as arrays with metadata, and what the program said of it."""
    said = json.loads(mjirl("export", run, "--format", kind, "--out", out, *more, "--json").stdout)
    assert list(said) == ["tensors", "bytes"]
    assert said["bytes"] == out.stat().st_size
    if kind == "onnx":
        model = onnx.load(out)
        onnx.checker.check_model(model, full_check=True)
        assert said["tensors"] == len(model.graph.initializer)
        return model
    with safetensors.safe_open(out, framework="numpy") as file:
        metadata = file.metadata()
    arrays = safetensors.numpy.load_file(out)
    assert said["tensors"] == len(arrays)
    return arrays, metadata


def train(folder, *more):
    mjirl("train", "--task", "reacher", "--demos", DEMOS, "--out", folder, *TINY, *more)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(tmp_path_factory.mktemp("export") / "run")


@pytest.fixture(scope="module")
def demos():
    """Observations without the last (N, T, nx) and raw actions."""
    with h5py.File(DEMOS / "data" / "main_data.hdf5") as file:
        episodes = [file[f"episode_{i}"] for i in range(EPISODES)]
        return (np.array([e["observations"][:-1] for e in episodes]),
                np.array([e["actions"][:] for e in episodes]))


def scores(run):
    rows = json.loads(mjirl("score", run, "--demos", DEMOS, "--json").stdout)["trajectories"]
    assert [row["episode"] for row in rows] == list(range(EPISODES))
    return np.array([row["cost"] for row in rows])


def evaluate(model, demos):
    """The cost of each step (N, T), all rows at once."""
    x, u = (a.reshape(EPISODES * T, -1).astype(np.float32) for a in demos)
    (cost,) = onnx.reference.ReferenceEvaluator(model).run(["cost"], {"x": x, "u": u})
    assert cost.dtype == np.float32
    return cost.reshape(EPISODES, T)


def formula(arrays, metadata, x, u):
    """The page's formula in double, with NumPy."""
    c = {name.removeprefix("cost."): value.astype(float) for name, value in arrays.items()}
    act = {"tanh": np.tanh, "relu": lambda s: np.maximum(s, 0),
           "softplus": lambda s: np.logaddexp(0, s)}[metadata["activation"]]
    z, v = (x - c["x_mean"]) / c["x_scale"], u / c["u_scale"]
    if metadata["input"] == "state-action":
        z = np.concatenate([z, v], -1)
    h, depth = z, int(metadata["depth"])
    for i in range(depth):
        h = act(h @ c[f"layers.{i}.weight"].T + c[f"layers.{i}.bias"])
    f = np.concatenate(([z] if metadata["identity"] == "true" else []) + ([h] if depth else []), -1)
    y = f @ c["A"].T + c["b"]
    state = 0.5 * (y * y).sum(-1) if metadata["kind"] == "quadratic" else y[..., 0]
    return state + 0.5 * (c["w"] * v * v).sum(-1)


# ---------------------------------- Costs -------------------------------------------------------

SHAPES = ((True, 2), (False, 1), (True, 1))
FAMILIES = [dict(kind=kind, activation=activation, input=read, action_penalty=("learned", "fixed")[i // 3 % 2],
                 identity=SHAPES[i % 3][0], depth=SHAPES[i % 3][1])
            for i, (activation, kind, read) in enumerate(itertools.product(
                ("tanh", "relu", "softplus"), ("quadratic", "network"), ("state", "state-action")))]
FAMILIES += [dict(kind=kind, activation="tanh", input=read, action_penalty="learned", identity=True, depth=0)
             for kind in ("quadratic", "network") for read in ("state", "state-action")]


def write_cost(folder, config, rng):
    """A cost of random parameters in the place of the run's own."""
    path = folder / "cost.safetensors"
    arrays = safetensors.numpy.load_file(path)
    nz = NX + (NU if config["input"] == "state-action" else 0)
    width, depth = (9 if config["depth"] else 0), config["depth"]
    outputs = 6 if config["kind"] == "quadratic" else 1
    shapes = {f"layers.{i}.weight": (width, width if i else nz) for i in range(depth)}
    shapes |= {f"layers.{i}.bias": (width,) for i in range(depth)}
    shapes |= {"A": (outputs, (nz if config["identity"] else 0) + width), "b": (outputs,)}
    own = {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    own["omega"] = rng.normal(0, 1, NU).astype(np.float32)
    for name in ("x_mean", "x_scale", "u_scale"):
        own[name] = arrays[name]
    full = {"nx": NX, "nu": NU, "width": width, "outputs": 6, "action_weight": 1,
            "action_weight_min": 0.01, "output_scale": 1, **config}
    safetensors.numpy.save_file(own, path, {"format": "mjirl.cost.1", "config": json.dumps(full)})


@pytest.mark.parametrize("config", FAMILIES, ids=lambda c: "-".join(map(str, c.values())))
def test_exported_cost_is_the_programs(run, demos, tmp_path, config):
    folder = shutil.copytree(run, tmp_path / "run")
    write_cost(folder, config, np.random.default_rng(5))
    model = export(folder, tmp_path / "c.onnx", "onnx")
    arrays, metadata = export(folder, tmp_path / "c.safetensors", "safetensors", "--part", "cost")
    mine, exact = evaluate(model, demos), formula(arrays, metadata, *demos)
    size = np.abs(exact).sum(1)
    # doubles on both sides, but for the order of summation and tanh
    assert (np.abs(exact.sum(1) - scores(folder)) / size).max() < 1e-12
    # some tens of float roundings of terms that are not much larger than their sum
    assert (np.abs(mine - exact) / (1 + np.abs(exact))).max() < 3e-5
    assert (np.abs(mine.astype(float).sum(1) - scores(folder)) / size).max() < 1e-5
    for key in ("kind", "activation", "input"):
        assert metadata[key] == config[key]


def test_cost_of_a_trained_run(run, demos, tmp_path):
    """What the page says of the accuracy; any number of rows, one too."""
    model = export(run, tmp_path / "c.onnx", "onnx")
    assert (model.ir_version, [(o.domain, o.version) for o in model.opset_import]) == (7, [("", 13)])
    exact = scores(run)
    assert (np.abs(evaluate(model, demos).astype(float).sum(1) - exact) / exact).max() < 1e-6
    one = {"x": demos[0][3, :1].astype(np.float32), "u": demos[1][3, :1].astype(np.float32)}
    (cost,) = onnx.reference.ReferenceEvaluator(model).run(None, one)
    assert cost.shape == (1,)
    assert cost[0] == pytest.approx(evaluate(model, demos)[3, 0], rel=1e-5)


def test_numbers_beyond_32_bits(run, tmp_path):
    for name, value in (("x_scale", 1e-60), ("x_mean", -1e60)):
        folder = shutil.copytree(run, tmp_path / name)
        path = folder / "cost.safetensors"
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata()
        arrays = safetensors.numpy.load_file(path)
        arrays[name][1] = value
        safetensors.numpy.save_file(arrays, path, metadata)
        refused("export", folder, "--format", "onnx", "--out", tmp_path / "out", part="32-bit")
        arrays, _ = export(folder, tmp_path / f"{name}.safetensors", "safetensors")
        assert arrays[f"cost.{name}"][1] == value


# ---------------------------------- Policies ----------------------------------------------------


def own_policy(run):
    return safetensors.numpy.load_file(run / "policy.safetensors")


def test_policies_are_the_runs(run, demos, tmp_path):
    model = export(run, tmp_path / "p.onnx", "onnx", "--part", "policy")
    own = own_policy(run)
    t = np.tile(np.arange(T), EPISODES)
    condition = np.repeat(np.arange(EPISODES) % NC, T)
    x = demos[0].reshape(-1, NX)
    evaluator = onnx.reference.ReferenceEvaluator(model)
    feeds = {"x": x.astype(np.float32), "t": t, "condition": condition}
    action, sigma = evaluator.run(["action", "sigma"], feeds)
    for c in range(NC):
        K, k, full = (own[f"learned/{c}/{name}"] for name in ("K", "k", "sigma"))
        rows = condition == c
        exact = np.einsum("tij,tj->ti", K[t[rows]], x[rows]) + k[t[rows]]
        # floats of terms that cancel: relative to the terms, not to their sum
        size = np.einsum("tij,tj->ti", np.abs(K[t[rows]]), np.abs(x[rows])) + np.abs(k[t[rows]])
        assert (np.abs(action[rows] - exact) / size).max() < 1e-6
        assert (np.abs(sigma[rows] - full[t[rows]]) <= 1e-6 * np.abs(full[t[rows]])).all()
    late, _ = evaluator.run(None, {**feeds, "t": t + T})
    last, _ = evaluator.run(None, {**feeds, "t": np.full_like(t, T - 1)})
    assert np.array_equal(late, last)


def test_policies_of_other_lengths_and_conditions_without_demonstrations(run, demos, tmp_path):
    """Condition 1 goes; 0 gets a stationary policy, 2 one that is longer than the horizon."""
    folder = shutil.copytree(run, tmp_path / "run")
    steps, S = {0: [0], 2: [*range(T), 3, 5], 3: range(T)}, T + 2
    all_of_it = own_policy(run)
    own = {name: value for name, value in all_of_it.items() if "/" not in name}
    for group, c, name in itertools.product(("learned", "initial"), steps, ("K", "k", "sigma")):
        own[f"{group}/{c}/{name}"] = all_of_it[f"{group}/{c}/{name}"][list(steps[c])]
    own |= {"condition": np.array([0, 2, 3]), "log_z": own["log_z"][[0, 2, 3]]}
    safetensors.numpy.save_file(own, folder / "policy.safetensors", {"format": "mjirl-policy-1"})

    arrays, _ = export(folder, tmp_path / "p.safetensors", "safetensors", "--part", "policy")
    assert arrays["condition"].tolist() == [0, 2, 3]
    assert arrays["policy.K"].shape == (3, S, NU, NX)
    for (i, c), name, t in itertools.product(enumerate(steps), ("K", "k", "sigma"), range(S)):
        there = own[f"learned/{c}/{name}"]
        assert np.array_equal(arrays[f"policy.{name}"][i, t], there[min(t, len(there) - 1)])

    model = export(folder, tmp_path / "p.onnx", "onnx", "--part", "policy")
    evaluator = onnx.reference.ReferenceEvaluator(model)
    x = demos[0][0, :3].astype(np.float32)
    action, _ = evaluator.run(None, {"x": x, "t": np.array([7, T, 7]), "condition": np.array([0, 2, 3])})
    for row, (c, t) in enumerate(((0, 0), (2, T), (3, 7))):
        exact = own[f"learned/{c}/K"][t] @ x[row] + own[f"learned/{c}/k"][t]
        assert action[row] == pytest.approx(exact, rel=1e-5, abs=1e-6)
    for missing in (1, 4):
        with pytest.raises(IndexError):
            evaluator.run(None, {"x": x[:1], "t": np.array([0]), "condition": np.array([missing])})


# ---------------------------------- The page ----------------------------------------------------


def section(title):
    page = (ROOT / "docs" / "export.md").read_text()
    return page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(text):
    return [[cell.strip() for cell in line.strip("|").split(" | ")]
            for line in text.splitlines() if re.match(r"\| (`|cost|policy)", line)]


def names(cells):
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def shapes(sizes):
    """Name -> (shape, type) by the page's table of arrays."""
    listed = {}
    for cell, shape, dtype, _ in table(section("safetensors")):
        place = tuple(sizes[word] for word in re.findall(r"\w+", shape))
        for name in names([cell]):
            layers = range(1 if name.endswith(".weight") else 0, sizes["L"]) if ".I." in name else [0]
            listed |= {name.replace(".I.", f".{i}."): (place, dtype) for i in layers}
    return listed


def test_arrays_of_the_page(run, tmp_path):
    arrays, metadata = export(run, tmp_path / "all", "safetensors")
    listed = shapes({"W": 32, "nz": NX, "O": 16, "F": NX + 32, "L": 2, "nu": NU, "nx": NX, "nc": NC,
                     "S": T})
    assert {n: (a.shape, a.dtype.name) for n, a in arrays.items()} == listed
    own = own_policy(run)
    assert np.array_equal(arrays["log_z"], own["log_z"])
    for c, name in itertools.product(range(NC), ("K", "k", "sigma")):
        assert np.array_equal(arrays[f"policy.{name}"][c], own[f"learned/{c}/{name}"])
    for part, other in (("cost", "policy."), ("policy", "cost.")):
        some, _ = export(run, tmp_path / part, "safetensors", "--part", part)
        assert set(some) == {name for name in listed if not name.startswith(other)}
    assert list(metadata) and set(metadata) == set(names(row[0] for row in table(section("Metadata"))))


def test_models_of_the_page(run, tmp_path):
    rows = table(section("ONNX"))
    sizes = {"N": "N", "nx": NX, "nu": NU}
    kinds = {"float32": onnx.TensorProto.FLOAT, "int64": onnx.TensorProto.INT64}
    for part in ("cost", "policy"):
        model = export(run, tmp_path / part, "onnx", "--part", part)
        listed = [(names([name])[0], [sizes[word] for word in re.findall(r"\w+", shape)], kinds[kind])
                  for of, name, shape, kind, _ in rows if of == part]
        found = [(v.name, [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim],
                  v.type.tensor_type.elem_type) for v in [*model.graph.input, *model.graph.output]]
        assert found == listed


def test_metadata(run, tmp_path):
    _, whole = export(run, tmp_path / "all", "safetensors")
    found = {}
    for part in ("cost", "policy"):
        model = export(run, tmp_path / part, "onnx", "--part", part)
        found[part] = {pair.key: pair.value for pair in model.metadata_props}
        assert (model.producer_name, model.producer_version) == ("mjirl", whole["mjirl_version"])
    assert {**found["cost"], **found["policy"]} == whole
    assert set(found["cost"]) - set(found["policy"]) == {
        "cost", "cost_formula", "kind", "activation", "input", "identity", "depth"}
    assert set(found["policy"]) - set(found["cost"]) == {"policy"}
    assert (whole["format"], whole["task"], whole["algo"]) == ("mjirl-export-1", "reacher", "gcl")
    assert (float(whole["dt"]), int(whole["horizon"])) == (0.02, T)
    assert json.loads(whole["condition"]) == [0, 1, 2, 3]
    assert json.loads(whole["log_z"]) == own_policy(run)["log_z"].tolist()
    observation = json.loads(whole["observation"])
    assert len(observation) == NX and observation[0] == "cos joint0"
    assert str(ROOT) not in str(whole) and str(run) not in str(whole)


def test_python_of_the_page(run, tmp_path, monkeypatch):
    (code,) = [part for part in re.findall(r"```python\n(.*?)```", section("safetensors"), re.DOTALL)
               if "torch" not in part]
    arrays, _ = export(run, tmp_path / "learned.safetensors", "safetensors")
    monkeypatch.chdir(tmp_path)
    place = {}
    exec(code, place)  # pylint: disable=exec-used
    x, rng = np.ones(NX), np.random.default_rng(1)
    drawn = np.array([place["action"](x, 80, 2, rng) for _ in range(4000)])
    K, k, sigma = (arrays[f"policy.{name}"][2, T - 1] for name in ("K", "k", "sigma"))
    # five standard errors of a mean of 4,000
    assert (np.abs(drawn.mean(0) - K @ x - k) < 5 * np.sqrt(np.diag(sigma) / 4000)).all()


# ---------------------------------- Files -------------------------------------------------------


def refused(*args, code=1, part="", **more):
    done = mjirl(*args, code=code, **more)
    assert done.stdout == ""
    assert re.fullmatch(r"mjirl: .+: .+; .+\n", done.stderr), done.stderr
    assert part in done.stderr


def test_equal_bytes_and_no_overwriting(run, tmp_path):
    for kind in ("onnx", "safetensors"):
        export(run, tmp_path / "a", kind)
        export(run, tmp_path / "b", kind)
        before = (tmp_path / "a").read_bytes()
        assert before == (tmp_path / "b").read_bytes()
        refused("export", run, "--format", kind, "--out", tmp_path / "a", part="is there already")
        assert before == (tmp_path / "a").read_bytes()
        (tmp_path / "a").unlink()
        (tmp_path / "b").unlink()


@pytest.mark.parametrize("args,code,part", [
    (["{run}", "--format", "onnx", "--out", "{tmp}/x/y.onnx"], 1, "no folder"),
    (["{run}", "--format", "onnx", "--out", "{tmp}"], 1, "folder"),
    (["{tmp}", "--format", "onnx", "--out", "{tmp}/x"], 1, "is not a run"),
    (["{demos}", "--format", "safetensors", "--out", "{tmp}/x"], 1, "is not a run"),
    (["{run}", "--format", "onnx", "--part", "all", "--out", "{tmp}/x"], 2, "one by one"),
    (["{run}", "--format", "onx", "--out", "{tmp}/x"], 2, "onnx"),
    (["{run}", "--format", "onnx", "--part", "reward", "--out", "{tmp}/x"], 2, "policy"),
    (["{run}", "--out", "{tmp}/x"], 2, "--format"),
    (["{run}", "--format", "onnx"], 2, "--out"),
])
def test_refusals_leave_nothing(run, tmp_path, args, code, part):
    places = {"run": run, "demos": DEMOS, "tmp": tmp_path}
    refused("export", *[str(arg).format(**places) for arg in args], code=code, part=part)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(run, tmp_path):
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # noqa: E731
    for kind in ("onnx", "safetensors"):
        refused("export", run, "--format", kind, "--out", tmp_path / "x", preexec_fn=limit)
        assert list(tmp_path.iterdir()) == []


def test_damaged_run_is_refused(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    (folder / "cost.safetensors").write_bytes((run / "cost.safetensors").read_bytes()[:-1])
    refused("export", folder, "--format", "onnx", "--out", tmp_path / "x", part="cost.safetensors")
    assert not (tmp_path / "x").exists()


def test_behaviour_cloning_has_no_cost(tmp_path):
    said = "`bc` learns none: its runs are exported with `--part policy`, and refused without it."
    assert said in (ROOT / "docs" / "export.md").read_text()
    folder = train(tmp_path / "bc", "--algo", "bc")
    for kind in ("onnx", "safetensors"):
        refused("export", folder, "--format", kind, "--out", tmp_path / "x", part="--part policy")
        export(folder, tmp_path / kind, kind, "--part", "policy")
    assert not (tmp_path / "x").exists()


def test_discriminators_say_what_their_cost_is(tmp_path):
    _, metadata = export(train(tmp_path / "airl", "--algo", "airl"), tmp_path / "x", "safetensors")
    assert "discriminator" in metadata["cost"] and "energy" not in metadata["cost"]
