"""What docs/files.md, docs/training.md and docs/evaluation.md say, checked on a tiny run.

The learned cost, the sampler's log-densities, the importance weights, the TensorBoard records and
the checksums are computed here a second time with NumPy, SciPy and the safetensors package.
Needs MJIRL, the path of the program.
"""

import csv
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess

import h5py
import mujoco
import numpy as np
import pytest
import safetensors
import scipy.special
import scipy.stats

PROGRAM = os.environ["MJIRL"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMOS = ROOT / "demos" / "data" / "reacher"
EPISODES, T, NX, NU, NC = 40, 50, 10, 2, 4
ITERATIONS, SAMPLES, EXPLORE, STEPS_OF_REFERENCES = 5, 4, 3, 2 * 20 * NC * T
STEPS_OF_ITERATION = NC * (SAMPLES + EXPLORE) * T
STEPS_OF_LAST_DRAW = NC * SAMPLES * T
TINY = [f"iterations={ITERATIONS}", f"samples={SAMPLES}", f"explore={EXPLORE}", "cost_steps=5",
        "batch_samples=6", "checkpoint_every=1"]
TRAIN = ["train", "--task", "reacher", "--demos", DEMOS]
for setting in TINY:
    TRAIN += ["--set", setting]


def run(*args, code=0, cwd=None):
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL, check=False, cwd=cwd)
    assert done.returncode == code, (args, done.stdout, done.stderr)
    return done


def run_json(*args):
    return json.loads(run(*args, "--json").stdout)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files") / "run"
    return folder, run_json(*TRAIN, "--out", folder, "--seed", 7)


@pytest.fixture(scope="module")
def folder(result):
    return result[0]


@pytest.fixture(scope="module")
def demos():
    """Observations without the last (N, T, nx), raw actions, returns, conditions."""
    with h5py.File(DEMOS / "data" / "main_data.hdf5") as file:
        episodes = [file[f"episode_{i}"] for i in range(EPISODES)]
        return {"x": np.array([e["observations"][:-1] for e in episodes]),
                "u": np.array([e["actions"][:] for e in episodes]),
                "returns": np.array([e["rewards"][:].sum() for e in episodes]),
                "condition": np.array([e.attrs["condition"] for e in episodes])}


def tensors(path):
    """Arrays in the order of the file, and the metadata."""
    with safetensors.safe_open(path, framework="numpy") as file:
        names = sorted(file.keys(), key=lambda name: offsets(path)[name])
        return {name: file.get_tensor(name) for name in names}, file.metadata()


def offsets(path):
    data = path.read_bytes()
    header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
    return {name: entry["data_offsets"][0] for name, entry in header.items()
            if name != "__metadata__"}


def crc32c(data):
    """Castagnoli's CRC bit by bit, reflected, as in RFC 3720."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def rows(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


# ---------------------------------- The pages ---------------------------------------------------


def page(name):
    return (ROOT / "docs" / name).read_text()


def section(name, title):
    return page(name).split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(text):
    """Cells of the table rows whose first cell is code, markup taken off."""
    found = []
    for line in text.splitlines():
        if line.startswith("| `"):
            found.append([cell.strip() for cell in line.strip("|").split(" | ")])
    assert found
    return found


def names(text):
    """All code in the first cells of a table."""
    return [name for row in table(text) for name in re.findall(r"`([^`]+)`", row[0])]


# ---------------------------------- Folder and JSON ---------------------------------------------


def test_folder_holds_what_the_page_lists(folder):
    listed = names(page("files.md").split("\nBelow, ", 1)[0])
    assert "checkpoints/NNNNNN" in listed
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    checkpoints = {name for name in there if name.startswith("checkpoints/")}
    assert checkpoints == {f"checkpoints/{i:06}" for i in range(ITERATIONS - 2, ITERATIONS + 1)}
    costs = {name for name in there if name.startswith("costs/")}
    assert costs == {f"costs/{i:06}.safetensors" for i in range(ITERATIONS + 1)}
    assert there - checkpoints - costs == set(listed) - {"checkpoints/NNNNNN",
                                                         "costs/NNNNNN.safetensors"}
    last = (folder / "costs" / f"{ITERATIONS:06}.safetensors").read_bytes()
    assert last == (folder / "cost.safetensors").read_bytes()


def settings():
    """name: (default, meaning) of all settings, from the program: a number, or a choice's name."""
    text = run("train", "--help").stdout.split("\nSettings", 1)[1]
    return {m[1]: (value(m[2]), m[3])
            for m in re.finditer(r"^  (\w+) \(([^\s;)]+)(?:; [^)]+)?\): (.+)$", text, re.MULTILINE)}


def value(text):
    try:
        return float(text)
    except ValueError:
        return text


def test_config(folder):
    config = json.loads((folder / "config.json").read_text())
    assert list(config) == names(section("files.md", "config.json"))
    assert list(config["config"]) == list(settings())
    assert (config["format"], config["algo"], config["task"]) == ("mjirl-run-1", "gcl", "reacher")
    assert (config["demos"], config["seed"]) == (str(DEMOS), 7)
    given = dict(setting.split("=") for setting in TINY)
    for name, (default, _) in settings().items():
        assert config["config"][name] == value(given.get(name, default))


def test_table_of_settings():
    """docs/training.md has every setting with the program's default, range and meaning."""
    text = section("training.md", "Settings").split("\n### ", 1)[0]
    written = {row[0].strip("`"): row[1:5] for row in table(text)}
    assert list(written) == list(settings())
    for name, (default, meaning) in settings().items():
        refusal = run(*TRAIN, "--out", "nowhere", "--set", f"{name}=x", code=2).stderr
        assert value(written[name][0]) == default, name
        assert written[name][3].startswith(meaning), name
        if isinstance(default, str):
            choices = re.search(r"; give (.+)\n", refusal)[1]
            assert written[name][1:3] == ["–", "–"] and meaning.endswith(choices), name
            continue
        least, greatest = re.search(r"; give (\S+) to (\S+)\n", refusal).groups()
        assert (float(written[name][1]), float(written[name][2])) == (float(least), float(greatest))


def test_algorithms_of_the_page():
    refusal = run(*TRAIN, "--out", "nowhere", "--algo", "x", code=2).stderr
    listed = names(section("training.md", "Algorithms"))
    assert listed == re.findall(r"[\w-]+", refusal.rsplit("give one of ", 1)[1].replace(" or ", ", "))


def test_report(result):
    folder, printed = result
    report = json.loads((folder / "report.json").read_text())
    assert list(report) == re.findall(r"`(\w+)`", section("files.md", "report.json"))[:8]
    for key, value in printed.items():
        assert report[key] == value
    assert report["iterations"] == ITERATIONS
    judged = -(-80 // (NC * SAMPLES)) * NC * SAMPLES * T
    assert report["env_steps"] == (STEPS_OF_REFERENCES + ITERATIONS * STEPS_OF_ITERATION
                                   + STEPS_OF_LAST_DRAW + judged)


def test_task_and_model_stand_alone(folder, tmp_path):
    for name in ("task.json", "model.xml"):
        shutil.copy(folder / name, tmp_path)
    task = json.loads((tmp_path / "task.json").read_text())
    assert task["model"] == "model.xml" and task["name"] == "reacher"
    assert mujoco.MjModel.from_xml_path(str(tmp_path / "model.xml")).nu == NU
    assert run_json("env", "check", tmp_path / "task.json")["observation"] == NX


# ---------------------------------- Metrics -----------------------------------------------------


def test_metrics(folder):
    found = rows(folder)
    keys = names(section("files.md", "metrics.jsonl, metrics.csv, events"))
    assert len(found) == ITERATIONS
    for i, row in enumerate(found):
        assert list(row) == keys
        assert row["iteration"] == i + 1
        last = STEPS_OF_LAST_DRAW if i + 1 == ITERATIONS else 0
        assert row["env_steps"] == STEPS_OF_REFERENCES + (i + 1) * STEPS_OF_ITERATION + last
        # float32 costs, summed in two orders
        assert row["loss"] == pytest.approx(row["demo_cost"] + row["log_z"], abs=1e-9, rel=1e-9)
        assert 0 <= row["fact3_error"] <= 1e-10
        assert (row["fact1_error"] is None) == (row["fact2_error"] is None)


def test_diagnostics_of_the_weights(folder):
    for row in rows(folder):
        assert 0 < row["max_weight"] <= 1 <= row["ess"] + 1e-12
        assert row["log_z_stderr"] >= 0 and np.isfinite(row["log_z_drift"])
        assert row["tail_index"] is None or row["tail_index"] > -1


def test_facts_are_judged_once_samples_come_near(tmp_path):
    run("train", "--task", "reacher", "--demos", DEMOS, "--out", tmp_path / "run")
    found = rows(tmp_path / "run")
    judged = [row for row in found if row["fact1_error"] is not None]
    assert judged[-15:] == found[-15:]
    for row in judged:
        assert 0 <= row["fact1_error"] <= 1e-10 and 0 < row["fact2_error"] <= 1e-10


def test_csv_has_the_same_numbers(folder):
    with open(folder / "metrics.csv", newline="") as file:
        table_ = list(csv.DictReader(file))
    for row, line in zip(rows(folder), table_, strict=True):
        assert list(line) == list(row)
        for key, value in row.items():
            assert line[key] == "" if value is None else float(line[key]) == value


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    """TFRecords, with both checksums of each."""
    while data:
        head, (size, crc) = data[:8], struct.unpack_from("<QI", data)
        assert crc == masked(head)
        payload, tail = data[12:12 + size], data[12 + size:16 + size]
        assert struct.unpack("<I", tail)[0] == masked(payload)
        yield payload
        data = data[16 + size:]


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of a protocol buffer message: varints, fixed32, fixed64, bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size
        else:
            form = {1: "<d", 5: "<f"}[kind]
            value, at = struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
        yield key >> 3, value


def test_tensorboard_events(folder):
    events = [list(fields(r)) for r in
              records((folder / "events.out.tfevents.0.mjirl").read_bytes())]
    assert dict(events[0]) == {1: 0.0, 3: b"brain.Event:2"}
    for row, event in zip(rows(folder), events[1:], strict=True):
        parts = dict(event)
        assert set(parts) == {1, 2, 5}  # wall_time, step, summary
        assert (parts[1], parts[2]) == (row["wall_seconds"], row["env_steps"])
        values = [dict(fields(value)) for number, value in fields(parts[5])]
        shown = {value[1].decode(): value[2] for value in values}
        assert shown == {key: float(np.float32(value)) for key, value in row.items()
                         if value is not None and key not in ("iteration", "env_steps")}


# ---------------------------------- Cost and policy ---------------------------------------------


def shapes_of(text, sizes):
    """{array: (shape, type)} of a table of arrays, `I` and `C` written out."""
    found = {}
    for row in table(text):
        for name in re.findall(r"`([^`]+)`", row[0]):
            shape = row[1] if row[1] != "as above" else found[name.replace("initial", "learned")
                                                             .replace("C", "0")][0]
            if isinstance(shape, str):
                shape = tuple(eval(size, {}, sizes)  # pylint: disable=eval-used
                              for size in shape.strip("()").replace(" S", " * S").split(","))
            layers = range(1, sizes["L"]) if name == "layers.I.weight" else range(sizes["L"])
            for i in layers if ".I." in name else range(NC) if re.search(r"C\b", name) else [0]:
                found[re.sub(r"C\b", str(i), name.replace(".I.", f".{i}."))] = (shape, row[2])
    return found


SIZES = {"W": 32, "L": 2, "O": 16, "F": NX + 32, "nx": NX, "nz": NX, "nu": NU, "T": T, "nc": NC,
         "S": T * NU * (NX + 1 + NU)}


def shapes(arrays):
    return {name: (value.shape, value.dtype.name) for name, value in arrays.items()}


def test_arrays_of_the_cost(folder):
    arrays, metadata = tensors(folder / "cost.safetensors")
    text = section("files.md", "cost.safetensors")
    assert shapes(arrays) == shapes_of(text, SIZES)
    assert set(metadata) == {"format", "config"} and metadata["format"] == "mjirl.cost.1"
    for key in json.loads(metadata["config"]):
        assert f"`{key}`" in text.split("\n| array", 1)[0]


def test_arrays_of_the_policy(folder):
    arrays, metadata = tensors(folder / "policy.safetensors")
    assert shapes(arrays) == shapes_of(section("files.md", "policy.safetensors"), SIZES)
    assert metadata == {"format": "mjirl-policy-1"}
    assert arrays["condition"].tolist() == [0, 1, 2, 3]
    for name, value in arrays.items():
        if name.endswith("sigma"):
            assert np.linalg.eigvalsh(value).min() > 0


def costs(folder, x, u):
    """c(τ) (N) by the formula of the page."""
    arrays, metadata = tensors(folder / "cost.safetensors")
    c = {name: value.astype(np.float64) for name, value in arrays.items()}
    config = json.loads(metadata["config"])
    h = z = (x - c["x_mean"]) / c["x_scale"]
    for i in range(config["depth"]):
        h = np.tanh(h @ c[f"layers.{i}.weight"].T + c[f"layers.{i}.bias"])
    y = np.concatenate([z, h], axis=-1) @ c["A"].T + c["b"]
    w = config["action_weight_min"] + np.log1p(np.exp(c["omega"]))
    return (0.5 * (y**2).sum(-1) + 0.5 * (w * (u / c["u_scale"])**2).sum(-1)).sum(1)


def log_densities(folder, demos):
    """Σ_t log N(u_t; K_t x_t + k_t, Σ_t) by SciPy, (N)."""
    p, _ = tensors(folder / "policy.safetensors")
    out = np.zeros(EPISODES)
    for i in range(EPISODES):
        K, k, sigma = (p[f"learned/{demos['condition'][i]}/{n}"] for n in ("K", "k", "sigma"))
        for t in range(T):
            mean = K[t] @ demos["x"][i, t] + k[t]
            out[i] += scipy.stats.multivariate_normal.logpdf(demos["u"][i, t], mean, sigma[t])
    return out


def test_scores_are_the_formulas(folder, demos):
    score = run_json("score", folder, "--demos", DEMOS)
    found = {key: np.array([row[key] for row in score["trajectories"]])
             for key in ("episode", "cost", "log_p", "log_q", "weight")}
    assert found["episode"].tolist() == list(range(EPISODES))
    c, log_q = costs(folder, demos["x"], demos["u"]), log_densities(folder, demos)
    policy, _ = tensors(folder / "policy.safetensors")
    log_z = policy["log_z"][demos["condition"]]
    # doubles on both sides, but for the order of summation and tanh
    assert np.abs(found["cost"] / c - 1).max() < 1e-12
    # sums of some hundred terms with Mahalanobis distances up to 1e3
    assert np.abs((found["log_q"] - log_q) / (1 + np.abs(log_q))).max() < 1e-9
    assert np.abs(found["log_p"] + c + log_z).max() < 1e-12 * np.abs(c).max()
    assert score["log_z"] == pytest.approx(policy["log_z"].mean(), rel=1e-14)
    for condition in range(NC):
        mine = demos["condition"] == condition
        weights = scipy.special.softmax((found["log_p"] - found["log_q"])[mine])
        # the exponential makes a relative error of the logarithm's absolute one
        assert np.abs(found["weight"][mine] / weights - 1).max() < 1e-9


def test_metrics_follow_from_the_files(folder, demos):
    """The last row's demo_cost, in float32 by the program, and log Z, loss from the saved files."""
    last = rows(folder)[-1]
    policy, _ = tensors(folder / "policy.safetensors")
    c = costs(folder, demos["x"], demos["u"])
    mine = [c[demos["condition"] == k] for k in range(NC)]
    out = [np.arange(len(k)) % 5 == 4 for k in mine]  # a fifth is held out, evenly spread
    mean = np.mean([k[~o].mean() for k, o in zip(mine, out)])
    heldout = np.mean([k[o].mean() for k, o in zip(mine, out)])
    assert last["demo_cost"] == pytest.approx(mean, rel=1e-5)
    assert last["heldout_cost"] == pytest.approx(heldout, rel=1e-5)
    assert last["heldout_gap"] == pytest.approx(heldout - mean, rel=1e-3)
    pooled = [((k[~o].var() * (~o).sum() + k[o].var() * o.sum()) / (len(k) - 2)
               * (1 / (~o).sum() + 1 / o.sum())) for k, o in zip(mine, out)]
    assert last["heldout_gap_stderr"] == pytest.approx(np.sqrt(np.sum(pooled)) / NC, rel=1e-3)
    assert last["log_z"] == pytest.approx(policy["log_z"].mean(), rel=1e-14)


def test_reference_returns(folder, demos):
    policy, _ = tensors(folder / "policy.safetensors")
    report = json.loads((folder / "report.json").read_text())
    expert = np.mean([demos["returns"][demos["condition"] == k].mean() for k in range(NC)])
    assert policy["reference_return"].tolist() == [report["expert_return"], report["random_return"]]
    assert report["expert_return"] == pytest.approx(expert, rel=1e-14)
    for row in [*rows(folder), report]:
        share = (row["return_mean"] - report["random_return"]) / (expert - report["random_return"])
        assert row["normalized_return"] == pytest.approx(share, rel=1e-12)


def test_keys_of_eval_stand_in_the_page(folder):
    keys = list(run_json("eval", folder, "--episodes", 4))
    assert keys == names(section("evaluation.md", "What `mjirl eval` prints"))


# ---------------------------------- Checkpoints -------------------------------------------------


def blocks(values):
    """(scalars, [(K, k, Σ) of explorer and sampler, of both before their step, of the kept ones])"""
    scalars, rest = values[:8], values[8:].reshape(-1, SIZES["S"])
    cut = np.cumsum([T * NU * NX, T * NU])
    return scalars, [np.split(row, cut) for row in rest]


def test_checkpoint(folder):
    cost, _ = tensors(folder / "cost.safetensors")
    policy, _ = tensors(folder / "policy.safetensors")
    theta = np.concatenate([value.ravel() for value in cost.values() if value.dtype == np.float32])
    for rounds in range(ITERATIONS - 2, ITERATIONS + 1):
        arrays, metadata = tensors(folder / "checkpoints" / f"{rounds:06}")
        sizes = {**SIZES, "N": rounds, "R": 2 * rounds, "P": theta.size}
        assert shapes(arrays) == shapes_of(section("files.md", "checkpoints/NNNNNN"), sizes)
        assert set(metadata) == {"format", "crc32c"}
        assert metadata["format"] == "mjirl-checkpoint-3"
        assert metadata["crc32c"] == f"{crc32c(b''.join(a.tobytes() for a in arrays.values())):08x}"
        assert arrays["state"].tolist() == [rounds, rows(folder)[rounds - 1]["env_steps"],
                                            5 * rounds, rounds]
        assert arrays["rounds"].tolist() == list(range(rounds))
    assert np.array_equal(arrays["theta"], theta)
    for i in range(NC):
        scalars, samplers = blocks(arrays[f"condition{i}"])
        assert scalars[3] >= 0 and 0.1 <= scalars[4] <= 4.0
        assert scalars[6] == policy["log_z"][i]
        for place, prefix in ((1, "learned"), (5, "initial")):
            for part, name in zip(samplers[place], ("K", "k", "sigma"), strict=True):
                assert np.array_equal(part, policy[f"{prefix}/{i}/{name}"].ravel())


def contents(folder):
    """All bytes of a run, without the times."""
    found = {path.name: path.read_bytes() for path in folder.rglob("*")
             if path.is_file() and path.name[:6] not in ("metric", "events", "report")}
    for row in (found_rows := rows(folder)):
        del row["wall_seconds"]
    report = json.loads((folder / "report.json").read_text())
    del report["wall_seconds"]
    return found, found_rows, report


def test_resuming_a_finished_run_changes_nothing_but_a_time(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    run(*TRAIN, "--out", tmp_path / "run", "--seed", 7, "--resume")
    for name in ("metrics.jsonl", "metrics.csv", "events.out.tfevents.0.mjirl"):
        assert (tmp_path / "run" / name).read_bytes() == (folder / name).read_bytes()
    assert contents(tmp_path / "run") == contents(folder)


def test_resume_passes_over_a_damaged_checkpoint(folder, tmp_path):
    """The run goes on from the one before: its rows stay, times included."""
    shutil.copytree(folder, tmp_path / "run")
    newest = tmp_path / "run" / "checkpoints" / f"{ITERATIONS:06}"
    data = bytearray(newest.read_bytes())
    data[-1] ^= 1
    newest.write_bytes(data)
    (tmp_path / "run" / "cost.safetensors").unlink()
    run(*TRAIN, "--out", tmp_path / "run", "--seed", 7, "--resume")
    assert rows(tmp_path / "run")[:ITERATIONS - 1] == rows(folder)[:ITERATIONS - 1]
    assert contents(tmp_path / "run") == contents(folder)


def test_resume_refuses_other_settings(folder):
    done = run(*TRAIN, "--out", folder, "--seed", 8, "--resume", code=1)
    assert "other settings" in done.stderr


def test_a_run_keeps_its_changed_world(folder, tmp_path):
    """The arm is twice as heavy for the samplers, and for what eval does at random."""
    heavy = [*TRAIN, "--seed", 7, "--set", "domain.mass=2"]
    run(*heavy, "--out", tmp_path / "run")
    assert json.loads((tmp_path / "run" / "task.json").read_text())["domain"]["mass"] == 2
    assert rows(tmp_path / "run")[-1]["return_mean"] != rows(folder)[-1]["return_mean"]
    run(*heavy, "--out", tmp_path / "run", "--resume")
    done = run(*TRAIN, "--seed", 7, "--out", tmp_path / "run", "--resume", code=1)
    assert "another world" in done.stderr
    judged = [json.loads(run("eval", r, "--episodes", 8, "--json").stdout) for r in (folder, tmp_path / "run")]
    assert judged[0]["random_return"] != judged[1]["random_return"]


def test_a_world_that_is_none_is_refused(tmp_path):
    done = run(*TRAIN, "--seed", 7, "--set", "domain.mas=2", "--out", tmp_path / "run", code=1)
    assert "mas" in done.stderr and not (tmp_path / "run").exists()


def test_threads_do_not_change_a_byte(folder, tmp_path):
    run(*TRAIN, "--out", tmp_path / "run", "--seed", 7, "--threads", 1)
    assert contents(tmp_path / "run") == contents(folder)


# ---------------------------------- The code of the page ----------------------------------------


def test_python_of_the_page(folder, demos, monkeypatch):
    code = re.findall(r"```python\n(.*?)```", page("files.md"), re.DOTALL)
    assert len(code) == 3
    monkeypatch.chdir(folder.parent)
    place = {}
    for part in code:
        exec(part, place)  # pylint: disable=exec-used
    action = place["action"](0, demos["x"][0, 0], np.random.default_rng(1))
    assert action.shape == (NU,)
    x, u = demos["x"].reshape(-1, NX), demos["u"].reshape(-1, NU)
    mine = place["cost"](x, u).reshape(EPISODES, T).sum(1)
    assert np.abs(mine / costs(folder, demos["x"], demos["u"]) - 1).max() < 1e-12
    assert place["metrics"] == rows(folder)
