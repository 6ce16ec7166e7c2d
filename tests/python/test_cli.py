"""The program's contract: exit codes, messages, JSON keys, files left behind.

Needs MJIRL, the path of the program.
"""

import json
import math
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

import PIL.Image
import pytest

PROGRAM = os.environ["MJIRL"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHORT = ["--set", "iterations=3", "--set", "samples=6", "--set", "cost_steps=5"]


def run(*args, cwd=None, timeout=120):
    return subprocess.run([PROGRAM, *map(str, args)], cwd=cwd, timeout=timeout, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)


def run_json(*args, keys, **more):
    """Runs with --json and returns the object, which must have exactly these keys."""
    done = run(*args, "--json", **more)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done.stdout
    result = json.loads(lines[0])
    assert list(result) == keys
    return result


def refused(*args, code, part="", cwd=None):
    """One sentence on stderr, nothing on stdout."""
    done = run(*args, cwd=cwd)
    assert done.returncode == code, (args, done.stdout, done.stderr)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 3, done.stderr
    assert re.fullmatch(r"mjirl: .+: .+; .+", lines[-1]), done.stderr
    assert part in done.stderr
    return done.stderr


def commands():
    """Names of all commands, as the program lists them."""
    names = re.findall(r"^  (\S+(?: \S+)?)  +\S", run("help").stdout, re.MULTILINE)
    return [name for name in names if name != "help"]


COMMANDS = commands()


@pytest.fixture(scope="session")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="session")
def task(work):
    """A short point mass with two conditions, so that every command is quick."""
    bundled = ROOT / "envs" / "tasks" / "point_mass.json"
    text = json.loads(bundled.read_text())
    text["name"] = "short"
    text["model"] = str((bundled.parent / text["model"]).resolve())
    text["horizon"] = 20
    text["conditions"] = text["conditions"][:2]
    (work / "short.json").write_text(json.dumps(text))
    return work / "short.json"


EXPERT = ["episodes", "return_mean", "return_std", "env_steps", "wall_seconds", "cpu_seconds", "method",
          "judged_episodes", "condition_returns", "condition_randoms", "sampled_mean", "random_return", "best_return"]


@pytest.fixture(scope="session")
def dataset(work, task):
    result = run_json("expert", task, "--out", work / "demos", "-n", 8, "--threads", 2, keys=EXPERT)
    assert result["episodes"] == 8
    assert result["env_steps"] > 0
    return work / "demos"


@pytest.fixture(scope="session")
def trained(work, task, dataset):
    result = run_json("train", "--task", task, "--demos", dataset, "--out", work / "run", *SHORT,
                      keys=["algo", "iterations", "env_steps", "wall_seconds", "normalized_return"])
    assert result["algo"] == "gcl"
    assert result["iterations"] == 3
    return work / "run"


# ---------------------------------- Help and usage ----------------------------------------------


def test_expected_commands_are_there():
    assert set(COMMANDS) == {
        "record",
        "env list", "env check", "env trace", "expert", "train", "eval", "score", "sample", "replay",
        "export", "plot",
        "demos info", "demos check",
        "demos import", "demos export", "demos merge", "demos filter", "demos trim", "demos delete",
        "demos split", "demos undo", "demos fold", "verify", "bench"}


def sections():
    """docs/cli.md, split at its commands."""
    text = (ROOT / "docs" / "cli.md").read_text()
    return {part.split("`", 1)[0]: part for part in text.split("\n### `mjirl ")[1:]}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_and_page_name_every_option(command):
    done = run(*command.split(), "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert f"mjirl {command}" in done.stdout
    assert done.stdout == run("help", *command.split()).stdout
    names = re.findall(r"^  (?:-\w, |    )?(--[a-z]+|-\w)", done.stdout, re.MULTILINE)
    assert "--json" in names and "--help" in done.stdout
    title = next(t for t in sections() if t == command or t.startswith(command + " "))
    for name in names:
        if name not in ("--json", "--help", "-h"):
            assert f"`{name}" in sections()[title] or f" {name} " in title, (command, name)


def test_page_has_no_other_options():
    for title, text in sections().items():
        command = next((c for c in COMMANDS if title == c or title.startswith(c + " ")), None)
        if command is None:
            assert title.startswith("help")
            continue
        options = run(*command.split(), "--help").stdout
        for name in re.findall(r"\| `(--?[a-z]+)", text):
            assert name in options, (command, name)


def test_help_of_the_program_and_of_groups():
    assert run("--help").stdout == run("help").stdout == run("-h").stdout
    for group in ("env", "demos"):
        assert f"{group} " in run(group, "--help").stdout
        assert run(group, "--help").returncode == 0


@pytest.mark.parametrize("args", [["help", "help"], ["help", "--help"], ["help", "-h"], ["--help", "help"]])
def test_help_of_help(args):
    done = run(*args)
    assert done.returncode == 0 and done.stderr == ""
    assert "Usage: mjirl help [COMMAND]\n" in done.stdout
    refused("help", "help", "train", code=2, part="'train': is more than")
    refused("help", "train", "extra", code=2, part="'extra': is more than")


def test_version_names_what_it_is_built_on():
    text = run("--version").stdout
    assert re.match(r"mjirl \d+\.\d+\.\d+\nMuJoCo 4\.\d+\.\d+\nOpenBLAS ", text)


@pytest.mark.parametrize("args", [
    [], ["--json"], ["-x"], [""], ["frobnicate"], ["env"], ["env", "frobnicate"], ["demos"],
    ["help", "frobnicate"], ["--version", "junk"], ["env", "list", "extra"],
    ["record", "reacher"], ["sample", "run"], ["plot", "run"], ["export", "run"],
    ["demos", "merge"], ["demos", "import"], ["demos", "export"], ["demos", "trim"],
    ["demos", "delete"],
    ["env", "check"], ["env", "check", ""], ["env", "check", "a", "b"],
    ["env", "trace", "reacher"],
    ["expert", "reacher"], ["expert", "reacher", "--out"], ["expert", "reacher", "--out="],
    ["expert", "reacher", "--out", "x", "-n", "0"],
    ["expert", "reacher", "--out", "x", "-n", "5x"],
    ["expert", "reacher", "--out", "x", "--seed", "-1"],
    ["expert", "reacher", "--out", "x", "--seed", "1.5"],
    ["expert", "reacher", "--out", "x", "--seed", "18446744073709551616"],
    ["expert", "reacher", "--out", "x", "--threads", "0"],
    ["expert", "reacher", "--out", "x", "--threads", "1000000"],
    ["expert", "reacher", "--out", "x", "--out", "y"],
    ["expert", "reacher", "--out", "--json"],
    ["train", "--task", "reacher", "--out", "x"],
    ["train", "--demos", "d", "--out", "x"],
    ["train", "--task", "reacher", "--demos", "d"],
    ["train", "--task", "reacher", "--demos", "d", "--out", "x", "--algo", "sac"],
    ["train", "--task", "reacher", "--demos", "d", "--out", "x", "--set", "nonsense=1"],
    ["train", "--task", "reacher", "--demos", "d", "--out", "x", "--set", "iterations"],
    ["train", "--task", "reacher", "--demos", "d", "--out", "x", "--set", "iterations=0"],
    ["train", "--task", "reacher", "--demos", "d", "--out", "x", "--set", "iterations=3x"],
    ["env", "check", "reacher", "--set", "horizon"], ["env", "check", "reacher", "--set", "=3"],
    ["env", "check", "reacher", "--set", "domain..mass=3"], ["env", "check", "reacher", "--set", ".mass=3"],
    ["expert", "reacher", "--out", "x", "--set", "horizon"],
    ["expert", "reacher", "--out", "x", "--dynamics", "mixture", "--resume"],
    ["expert", "reacher", "--out", "x", "--dynamics", "mixture", "--state", "y"],
    ["record", "reacher", "--out", "x", "--set", "horizon"], ["eval", "run", "--set", "horizon"],
    ["train", "--task", "reacher", "--demos", "d", "--out", "x", "--set", "domain.=1"],
    ["eval"], ["eval", "run", "--episodes", "0"], ["score", "run"],
    ["replay"], ["replay", "run", "--size", "640"], ["replay", "run", "--episodes", "9-0"],
    ["replay", "run", "--color-by", "beauty"], ["replay", "run", "--range", "3:1"],
    ["replay", "run", "--range", "5%:95"], ["replay", "run", "--follow", "--offscreen", "a.png"],
    ["replay", "run", "--step", "3", "--offscreen", "a.mp4"],
    ["bench", "--filter"],
])
def test_wrong_usage(args, tmp_path):
    refused(*args, code=2, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_unknown_options_name_the_nearest():
    assert "--task" in refused("train", "--taks", "reacher", code=2)
    assert "--episodes" in refused("eval", "run", "--episode", "3", code=2)
    assert "train" in refused("trian", code=2)
    assert "env list" in refused("env", "lsit", code=2)


def test_message_stays_in_one_line():
    text = refused("eval", "no\nsuch\trun\x1b[31m", code=1)
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text


def test_full_output_is_a_failure():
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "env", "list"], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"mjirl: .+: .+; .+\n", done.stderr)


# ---------------------------------- Tasks -------------------------------------------------------

SIZES = ["name", "nq", "nv", "nu", "observation", "horizon"]


def test_file_size_limit_is_a_failure(tmp_path):
    """A file that may not grow ends in a sentence, not in SIGXFSZ, and leaves nothing."""
    actions = tmp_path / "a.csv"
    actions.write_text("0,0\n" * 200)
    start = tmp_path / "s.json"
    start.write_text('{"qpos": [0, 0, 0, 0], "qvel": [0, 0, 0, 0]}')
    out = tmp_path / "o.csv"
    done = subprocess.run(
        [PROGRAM, "env", "trace", "reacher", "--init", start, "--actions", actions, "--out", out],
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    assert done.returncode == 1
    assert re.fullmatch(r"mjirl: .+: .+; .+\n", done.stderr), done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "s.json"]


def test_env_list():
    tasks = run_json("env", "list", keys=["tasks"])["tasks"]
    for task in tasks:
        assert list(task) == [*SIZES, "frame_skip"]
    by_name = {task["name"]: task for task in tasks}
    assert {"reacher", "inverted_pendulum", "point_mass"} <= set(by_name)
    assert by_name["reacher"]["nu"] == 2
    text = run("env", "list").stdout
    assert all(name in text for name in by_name)


def test_env_check():
    for name in ("point_mass", "reacher"):
        result = run_json("env", "check", name, keys=[*SIZES, "warnings"])
        assert result["name"] == name
        assert result["warnings"] == []


def test_env_check_of_a_bare_model_without_actuators(tmp_path):
    (tmp_path / "ball.xml").write_text(
        "<mujoco><worldbody><body><freejoint/><geom size='.1'/></body></worldbody></mujoco>")
    result = run_json("env", "check", tmp_path / "ball.xml", keys=[*SIZES, "warnings"])
    assert (result["nq"], result["nv"], result["nu"]) == (7, 6, 0)
    assert (result["observation"], result["horizon"]) == (13, 200)


def test_env_check_lists_physics_warnings(tmp_path):
    (tmp_path / "wild.xml").write_text(
        "<mujoco><option gravity='0 0 -1e12'/><worldbody><body><freejoint/><geom size='.1'/>"
        "</body></worldbody></mujoco>")
    result = run_json("env", "check", tmp_path / "wild.xml", keys=[*SIZES, "warnings"])
    assert result["warnings"] != []


@pytest.mark.parametrize("task", ["no_such_task", "nowhere/task.json", "/", "reachr"])
def test_env_check_of_nothing(task):
    assert task in refused("env", "check", task, code=1)


def trace(folder, init, actions, *more, task="reacher"):
    (folder / "s.json").write_text(init)
    (folder / "a.csv").write_bytes(actions.encode())
    return ["env", "trace", task, "--init", folder / "s.json", "--actions", folder / "a.csv",
            "--out", folder / "o.csv", *more]


START = '{"qpos": [0.1, -0.2, 0.1, 0.1], "qvel": [0, 0.5, 0, 0]}'


def test_env_trace_writes_every_row(tmp_path):
    actions = "".join(f"{math.sin(i)!r},{math.cos(i)!r}\n" for i in range(80))  # beyond horizon 50
    result = run_json(*trace(tmp_path, START, actions), keys=["steps", "seconds"])
    assert result["steps"] == 80
    lines = (tmp_path / "o.csv").read_text().splitlines()
    header = lines[0].split(",")
    assert header[:9] == ["step", "qpos0", "qpos1", "qpos2", "qpos3",
                          "qvel0", "qvel1", "qvel2", "qvel3"]
    assert header[9] == "obs0" and header[-2:] == ["reward", "terminated"]
    assert len(lines) == 82
    rows = [dict(zip(header, line.split(","))) for line in lines[1:]]
    assert [row["step"] for row in rows] == [str(i) for i in range(81)]
    assert [float(rows[0][f"qpos{i}"]) for i in range(4)] == [0.1, -0.2, 0.1, 0.1]
    assert rows[0]["qpos0"] == "%.17g" % 0.1
    assert rows[0]["reward"] == "0" and rows[1]["reward"] != "0"
    assert {row["terminated"] for row in rows} == {"0"}
    for row in rows:  # every number reads back to itself
        for text in row.values():
            assert "%.17g" % float(text) == text


def test_env_trace_tells_of_divergence(tmp_path):
    fast = '{"qpos": [0, 0, 0, 0], "qvel": [1e9, 1e9, 1e9, 1e9]}'
    done = run(*trace(tmp_path, fast, "0.1, 0.2\n" * 3))
    assert done.returncode == 0
    rows = [line.split(",") for line in (tmp_path / "o.csv").read_text().splitlines()[1:]]
    first = next(i for i, row in enumerate(rows) if "nan" in row)
    assert first > 0 and len(rows) == 4
    assert done.stderr.startswith("mjirl: warning: ") and done.stderr.count("\n") == 1
    assert f"not finite from step {first} on" in done.stderr
    assert not any("-nan" in row for row in rows)
    assert run(*trace(tmp_path, START, "0,0\n")).stderr == ""


@pytest.mark.parametrize("init, part", [
    ('{"qpos": [0,0,0], "qvel": [0,0,0,0]}', "$.qpos"),
    ('{"qpos": [0,0,0,0]}', "qvel"),
    ('{"qpos": [0,0,0,0], "qvel": [0,0,0,0], "time": 1}', "time"),
    ('{"qpos": [0,0,0,NaN], "qvel": [0,0,0,0]}', "s.json"),
    ('{"qpos": [0,0,0,0], "qvel": [0,0,0,"1"]}', "$.qvel[3]"),
    ('{"qpos": [0,0,0,0], "qpos": [0,0,0,0], "qvel": [0,0,0,0]}', "qpos"),
    (START + "x", "s.json"),
    ("", "s.json"),
])
def test_env_trace_refuses_bad_starts(tmp_path, init, part):
    refused(*trace(tmp_path, init, "0,0\n"), code=1, part=part)
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("actions, part", [
    ("", "no rows"), ("0\n", "line 1"), ("0,0\n0,0,0\n", "line 2"), ("0,0\n\n", "line 2"),
    ("a,b\n0,0\n", "line 1"), ("0,0\n0,nan\n", "line 2"), ("0,0\n0,inf\n", "line 2"),
    ("0,0\n0,1e999\n", "line 2"), ("0;0\n", "line 1"),
])
def test_env_trace_refuses_bad_actions(tmp_path, actions, part):
    refused(*trace(tmp_path, START, actions), code=1, part=part)
    assert not (tmp_path / "o.csv").exists()


def test_env_trace_checks_its_output_first(tmp_path):
    args = trace(tmp_path, START, "0,0\n")
    args[args.index("--out") + 1] = tmp_path / "nowhere" / "o.csv"
    refused(*args, code=1, part="nowhere")
    assert not (tmp_path / "nowhere").exists()
    args[args.index("nowhere") if "nowhere" in args else args.index("--out") + 1] = tmp_path
    refused(*args, code=1, part="folder")


# ---------------------------------- Experts and training ----------------------------------------


def test_expert_writes_what_it_says(dataset):
    assert (dataset / "data" / "main_data.hdf5").exists()
    result = run_json("demos", "info", dataset, keys=[
        "dataset_id", "task", "algorithm", "observation", "nu", "states", "log_densities",
        "waiting", "episodes", "steps", "length_min", "length_max", "return_mean", "return_std",
        "return_min", "return_max", "successes", "terminations", "action_min", "action_max",
        "clipped", "saturated", "roughness", "repeated_actions", "sparc_mean", "sparc_min",
        "duplicate_episodes", "duplicate_actions", "first_duplicate", "duplicate_of", "conditions",
        "actions", "observations", "world"])
    assert result["task"] == "short" and result["world"] == []
    assert result["episodes"] == 8
    assert result["states"] and result["log_densities"]
    assert sum(condition["episodes"] for condition in result["conditions"]) == 8


def test_demos_check(dataset):
    result = run_json("demos", "check", dataset, keys=[
        "task", "episodes", "simulated", "differing", "largest_difference", "observations",
        "rewards", "log_densities", "same_platform", "passed"])
    assert result["passed"] is True
    for key in ("observations", "rewards", "log_densities"):
        assert result[key]["derived"] > 0 and result[key]["differing"] == 0, key
        assert result[key]["largest_difference"] < 1e-9
    other = run("demos", "check", dataset, "--policy", dataset / "policy.safetensors", "--json")
    assert json.loads(other.stdout) == result
    assert result["differing"] == 0 and result["simulated"] == 8
    refused("demos", "check", dataset, "--task", "reacher", code=1)


def test_expert_is_decided_by_its_seed(work, task, dataset):
    for name, seed in (("again", 0), ("other", 1)):
        done = run("expert", task, "--out", work / name, "-n", 8, "--seed", seed, "--threads", 1)
        assert done.returncode == 0, done.stderr
    same = [(work / name / "data" / "main_data.hdf5").read_bytes() for name in ("again", "other")]
    first = (dataset / "data" / "main_data.hdf5").read_bytes()
    assert same[0] == first
    assert same[1] != first


def recorded_command(folder):
    return json.loads((folder / "data" / "metadata.json").read_text())["mjirl_command"]


def told_again(command, cwd):
    """Runs a recorded command where its files lie and returns the dataset's bytes."""
    assert command.startswith("mjirl ")
    subprocess.run(f"{shlex.quote(PROGRAM)} {command[6:]} --out told", shell=True, check=True, cwd=cwd,
                   capture_output=True)
    data = (cwd / "told" / "data" / "main_data.hdf5").read_bytes()
    shutil.rmtree(cwd / "told")
    return data


SEARCHED = ["-n", 4, "--iterations", 2, "--seed", 3, "--set", "temperature=2"]


@pytest.mark.parametrize("more, told", [
    ([], ""),
    (["--set", "domain.mass=[0.9, 1.2]"], " --set 'domain.mass=[0.9, 1.2]'"),
    (["--dynamics", "combined"], " --dynamics combined"),
    (["--initial", "pd"], " --initial pd"),
    (["--initial", "warm", "--demos", "{work}/demos/"], " --initial warm --demos demos"),
    (["--policy", "{work}/first/policy.safetensors"], " --policy policy.safetensors"),
    (["--method", "random_search"], " --method random_search"),
])
def test_recorded_command_makes_the_data_again(tmp_path, work, task, dataset, more, told):
    """By options alone that decide the data, and no folder of this machine."""
    if "--policy" in more:
        assert run("expert", task, "--out", work / "first", "-n", 2, *SEARCHED[2:]).returncode == 0
        shutil.copy(work / "first" / "policy.safetensors", tmp_path)
    more = [word.format(work=work) for word in more]
    for name, aside in (("a", []), ("b", ["--threads", 1, "--json"])):
        done = run("expert", task, "--out", tmp_path / name, *SEARCHED, *more, *aside)
        assert done.returncode == 0, done.stderr
    assert ((tmp_path / "a" / "data" / "metadata.json").read_bytes() ==
            (tmp_path / "b" / "data" / "metadata.json").read_bytes())
    command = recorded_command(tmp_path / "a")
    assert command.startswith("mjirl expert short.json -n 4 --seed 3 ") and told in command
    assert "/" not in command
    shutil.copy(task, tmp_path)
    shutil.copytree(dataset, tmp_path / "demos")
    assert told_again(command, tmp_path) == (tmp_path / "a" / "data" / "main_data.hdf5").read_bytes()


def test_expert_tells_of_its_search(work, task, dataset):
    rows = work / "search.jsonl"
    run_json("expert", task, "--out", work / "diagnosed", "-n", 4, "--initial", "warm", "--demos", dataset,
             "--dynamics", "combined", "--diagnostics", rows, keys=EXPERT)
    rows = [json.loads(line) for line in rows.read_text().splitlines()]
    assert {row["condition"] for row in rows} == {0, 1}
    assert all(row["kl"] >= 0 and row["eta"] >= 0 and row["env_steps"] > 0 for row in rows)
    assert {row["calmed"] for row in rows} <= {True, False}
    kept = {}
    for row in rows:
        key = (row["stage"], row["condition"], row["start"])
        if not row["accepted"] and key in kept:  # a refused proposal leaves the policy as it was
            assert row["objective"] == kept[key]
        kept[key] = row["objective"]


@pytest.mark.parametrize("options, part", [
    (["--initial", "warm"], "--initial warm: goes with --demos"),
    (["--demos", "x"], "--demos: goes with --initial warm"),
    (["--initial", "warm", "--demos", "/no/such"], "/no/such"),
    (["--diagnostics", "/no/such/rows"], "/no/such/rows: cannot be written"),
    (["--method", "random_search", "--dynamics", "combined"], "--dynamics: only the method 'trajectory'"),
])
def test_expert_refuses_searches(work, task, options, part):
    refused("expert", task, "--out", work / "never", *options, code=1, part=part)
    assert not (work / "never").exists()


def test_expert_does_not_overwrite(task, dataset):
    before = (dataset / "data" / "main_data.hdf5").read_bytes()
    refused("expert", task, "--out", dataset, code=1, part=str(dataset))
    assert (dataset / "data" / "main_data.hdf5").read_bytes() == before


@pytest.mark.parametrize("args", [
    ["expert", "no_such_task", "--out", "{out}"],
    ["expert", "{task}", "--out", "{file}/below"],
    ["train", "--task", "no_such_task", "--demos", "{demos}", "--out", "{out}"],
    ["train", "--task", "reacher", "--demos", "{demos}", "--out", "{out}"],
    ["train", "--task", "{task}", "--demos", "nowhere", "--out", "{out}"],
    ["train", "--task", "{task}", "--demos", "{file}", "--out", "{out}"],
    ["train", "--task", "{task}", "--demos", "{demos}", "--out", "{file}"],
    ["train", "--task", "{task}", "--demos", "{demos}", "--out", "{file}/below"],
    ["train", "--task", "{task}", "--demos", "{demos}", "--out", "{out}", "--config", "nowhere"],
    ["train", "--task", "{task}", "--demos", "{demos}", "--out", "{out}", "--config", "{file}"],
    ["train", "--task", "{task}", "--demos", "{demos}", "--out", "{out}", "--resume"],
    ["eval", "{out}"], ["eval", "{file}"], ["eval", "{demos}"],
    ["sample", "{run}", "--out", "{file}/below"],
    ["sample", "nowhere", "--out", "{out}"],
    ["score", "{out}", "--demos", "{demos}"],
    ["score", "{run}", "--demos", "nowhere", "--out", "{out}"],
    ["score", "{run}", "--demos", "{demos}", "--out", "{file}/below.csv"],
    ["replay", "{out}", "--offscreen", "{out}.png"],
    ["replay", "{run}", "--offscreen", "{file}/below.png"],
    ["replay", "{run}", "--cost", "nowhere", "--offscreen", "{out}.png"],
    ["replay", "{run}", "--offscreen", "{out}.txt"],
    ["replay", "{run}", "--iteration", "999", "--offscreen", "{out}.png"],
    ["replay", "{run}", "--groups", "beginners", "--offscreen", "{out}.png"],
    ["replay", "{run}", "--camera", "nowhere", "--offscreen", "{out}.png"],
    ["replay", "{run}", "--camera", "nowhere.json", "--offscreen", "{out}.png"],
    ["replay", "{run}", "--field-body", "nobody", "--offscreen", "{out}.png"],
    ["replay", "{demos}", "--color-by", "learned", "--offscreen", "{out}.png"],
    ["replay", "{demos}", "--follow"], ["replay", "{out}", "--follow"],
    ["verify", "{out}"], ["demos", "info", "{out}"], ["demos", "check", "{file}"],
])
def test_failing_starts_leave_nothing(tmp_path, task, dataset, trained, args):
    (tmp_path / "file").write_text("{")
    places = {"out": tmp_path / "out", "file": tmp_path / "file", "demos": dataset, "run": trained,
              "task": task}
    refused(*[str(arg).format(**places) for arg in args], code=1, cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_train_does_not_overwrite(task, dataset, trained):
    before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
    refused("train", "--task", task, "--demos", dataset, "--out", trained, code=1)
    assert {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()} == before


NOBODY = 65534


@pytest.fixture
def shut(task, dataset, trained):
    """A folder for everybody with a dataset, a run, a task, and a folder `shut` that only its owner sees."""
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        shutil.copytree(dataset, place / "demos")
        shutil.copytree(trained, place / "run")
        shutil.copy(task, place / "short.json")
        (place / "shut").mkdir()
        place.chmod(0o777)
        (place / "shut").chmod(0o700 if os.geteuid() == 0 else 0)
        yield place
        (place / "shut").chmod(0o700)


def run_without_rights(*args):
    """As a user who may not look into the folder; root becomes one."""
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        return subprocess.run([PROGRAM, *map(str, args)], timeout=120, text=True, cwd="/", check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, **user)
    except PermissionError:
        pytest.skip("another user may not run the program here")


@pytest.mark.parametrize("args", [
    ["expert", "reacher", "--out", "{shut}/new"],
    ["sample", "{run}", "--out", "{shut}/new"],
    ["train", "--task", "reacher", "--demos", "{demos}", "--out", "{shut}/new"],
    ["train", "--task", "reacher", "--demos", "{shut}/demos", "--out", "{open}/new"],
    ["replay", "{run}", "--offscreen", "{shut}/frames/"],
    ["replay", "{run}", "--offscreen", "{shut}/below/a.png"],
    ["replay", "{shut}/run", "--offscreen", "{open}/a.png"],
    ["plot", "{shut}/run", "--out", "{open}/a.png"],
    ["demos", "info", "{shut}/demos"],
    ["demos", "info", "{shut}"],
    ["demos", "undo", "{shut}/demos"],
    ["eval", "{shut}/run"],
    ["eval", "{shut}"],
    ["env", "check", "{shut}/task.json"],
])
def test_missing_permission_is_said_and_where(shut, args):
    names = {"open": shut, "shut": shut / "shut", "run": shut / "run", "demos": shut / "demos"}
    done = run_without_rights(*[a.format(**names) for a in args])
    assert done.returncode == 1 and done.stdout == "", done
    last = done.stderr.splitlines()[-1]
    assert f": permission is missing to look into {shut / 'shut'}; ask for it, or choose another" in last
    assert not re.search("write|delete|remove", last)
    (shut / "shut").chmod(0o700)
    assert list((shut / "shut").iterdir()) == []


def test_settings_reach_the_run(work, task, dataset):
    (work / "settings.json").write_text('{"iterations": 7, "samples": 5, "cost_steps": 5}')
    result = run_json("train", "--task", task, "--demos", dataset, "--out", work / "configured",
                      "--config", work / "settings.json", "--set", "iterations=2", "--algo",
                      "gcl-q", keys=["algo", "iterations", "env_steps", "wall_seconds",
                                     "normalized_return"])
    assert (result["algo"], result["iterations"]) == ("gcl-q", 2)


def start_training(task, dataset, out, *more):
    """A training under way, with at least two iterations behind it."""
    process = subprocess.Popen(
        [PROGRAM, "train", "--task", task, "--demos", dataset, "--out", out, "--json", *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    metrics = out / "metrics.jsonl"
    while not (metrics.exists() and metrics.read_text().count("\n") >= 2):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_training_is_a_run_that_loads(tmp_path, task, dataset, number):
    process = start_training(task, dataset, tmp_path / "run", "--set", "iterations=100000")
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert json.loads(stdout)["iterations"] >= 2
    assert len(stderr.splitlines()) <= 3
    assert run("eval", tmp_path / "run", "--episodes", 4).returncode == 0


def outcome(folder):
    """All that a run leaves, without the times."""
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for row in metrics:
        del row["wall_seconds"]
    return [metrics] + [(folder / name).read_bytes()
                        for name in ("cost.safetensors", "policy.safetensors")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_resumed_training_ends_in_the_same_bytes(tmp_path, task, dataset, number):
    settings = ["--set", "iterations=25", "--set", "checkpoint_every=7"]
    straight = ["train", "--task", task, "--demos", dataset, "--out", tmp_path / "straight"]
    assert run(*straight, *settings).returncode == 0
    process = start_training(task, dataset, tmp_path / "broken", *settings)
    process.send_signal(number)
    process.communicate(timeout=60)
    again = run(*straight[:-1], tmp_path / "broken", *settings, "--resume", "--threads", 1)
    assert again.returncode == 0, again.stderr
    assert outcome(tmp_path / "broken") == outcome(tmp_path / "straight")


def stopped(*args):
    """The sentence of a command that a signal reaches once it is listened for."""
    for wait in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2):
        child = subprocess.Popen([PROGRAM, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True)
        time.sleep(wait)
        child.send_signal(signal.SIGTERM)
        stdout, stderr = child.communicate(timeout=60)
        if child.returncode >= 0:
            break
    assert child.returncode == 1 and stdout == "", (child.returncode, stderr)
    return stderr


def test_a_stop_says_what_is_saved_and_what_to_do(tmp_path, task, trained):
    long = ["--iterations", 100000, "--set", "horizon=200"]
    sentence = "mjirl: {}: stopped before its end; nothing is saved, run it again\n"
    mixture = ["--dynamics", "mixture"]
    assert stopped("expert", task, "--out", tmp_path / "out", *long, *mixture) == sentence.format(task)
    assert list(tmp_path.iterdir()) == []
    state = tmp_path / "out.search"
    assert stopped("expert", task, "--out", tmp_path / "out", *long) == (
        f"mjirl: {task}: stopped; the search is saved in {state}, --resume goes on\n")
    assert list(tmp_path.iterdir()) == [state]
    assert stopped("eval", trained, "--reoptimize", "--threads", 1) == sentence.format(trained)
    assert stopped("verify", "--threads", 1) == sentence.format("verify")


# ---------------------------------- What uses a run ---------------------------------------------

EVAL = ["return_mean", "return_std", "expert_return", "random_return", "normalized_return",
        "reoptimized_normalized_return", "spearman", "pearson", "epic", "auc", "ess",
        "success_rate", "dard", "reoptimized_gap", "intervals", "conditions"]


def test_eval(trained):
    result = run_json("eval", trained, "--episodes", 8, keys=EVAL)
    assert result["reoptimized_normalized_return"] is None
    share = (result["return_mean"] - result["random_return"]) / (
        result["expert_return"] - result["random_return"])
    assert abs(share - result["normalized_return"]) <= 1e-12 * max(1, abs(share))
    low, high = result["intervals"]["normalized_return"]
    assert low <= result["normalized_return"] <= high
    assert set(result["intervals"]) == set(EVAL) - {"intervals", "conditions"}
    means = [c["return_mean"] for c in result["conditions"]]
    assert abs(sum(means) / len(means) - result["return_mean"]) <= 1e-12 * abs(result["return_mean"])
    assert all(c["reoptimized_return"] is None for c in result["conditions"])
    again = run_json("eval", trained, "--episodes", 8, "--threads", 1, keys=EVAL)
    assert again == result
    assert run_json("eval", trained, "--episodes", 8, "--seed", 1, keys=EVAL) != result


def test_eval_says_when_demonstrations_are_gone(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    config = tmp_path / "run" / "config.json"
    settings = json.loads(config.read_text())
    settings["demos"] = str(tmp_path / "gone")
    config.write_text(json.dumps(settings))
    done = run("eval", tmp_path / "run", "--episodes", 8, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["auc"] is None
    assert len(done.stderr.splitlines()) == 1 and "gone: the run's demonstrations are not there" in done.stderr
    assert run("eval", trained, "--episodes", 8, "--json").stderr == ""


def test_eval_for_people(trained):
    lines = run("eval", trained, "--episodes", 8).stdout.splitlines()
    below = lines[lines.index("intervals"):]
    assert any(re.fullmatch(r"  return_mean +\S+  \S+", line) for line in below)
    assert re.match(r" +condition +return_mean ", below[below.index("conditions") + 1])


def test_eval_in_a_changed_world(trained):
    result = run_json("eval", trained, "--episodes", 8, "--set", "temperature=2",
                      keys=[*EVAL, "transfer"])
    assert set(result["transfer"]) == {"expert_return", "random_return", "normalized_return",
                                       "policy_normalized_return"}
    assert "3 steps" in refused("eval", trained, "--set", "horizon=3", code=1)
    assert "horzion" in refused("eval", trained, "--set", "horzion=3", code=1)


def test_sample(trained, work):
    result = run_json("sample", trained, "-n", "6", "--out", work / "sampled",
                      keys=["episodes", "ess"])
    assert result["episodes"] == 6 and result["ess"] >= 1
    info = run("demos", "info", work / "sampled", "--json")
    assert json.loads(info.stdout)["episodes"] == 6


def test_sample_methods(trained, work):
    for method in ("both", "sir", "chain"):
        result = run_json("sample", trained, "-n", "6", "--out", work / f"sampled_{method}",
                          "--method", method, keys=["episodes", "ess", "acceptance"])
        assert result["episodes"] == 6 and result["ess"] >= 1
        assert result["acceptance"] is None if method == "sir" else 0 <= result["acceptance"] <= 1
    refused("sample", trained, "--out", work / "x", "--method", "all", code=2, part="sir")


def test_score_against(trained, dataset):
    result = run_json("score", trained, "--demos", dataset, "--against", trained,
                      keys=["log_z", "trajectories", "against"])
    same = result["against"]
    assert list(same) == ["kl", "kl_reverse", "ess", "ess_against"]
    assert same["kl"] == same["kl_reverse"] == 0 and same["ess"] == same["ess_against"] >= 1
    refused("score", trained, "--demos", dataset, "--against", "nowhere", code=1, part="nowhere")


def test_score(trained, dataset, work):
    result = run_json("score", trained, "--demos", dataset, "--out", work / "scores.csv",
                      keys=["log_z", "trajectories"])
    rows = result["trajectories"]
    assert len(rows) == 8
    for row in rows:
        assert list(row) == ["episode", "cost", "log_p", "log_q", "weight"]
        assert 0 <= row["weight"] <= 1
    lines = (work / "scores.csv").read_text().splitlines()
    assert lines[0] == "episode,condition,cost,log_p,log_q,weight"
    table = [dict(zip(lines[0].split(","), line.split(","))) for line in lines[1:]]
    total = {}
    for row, line in zip(rows, table):
        assert float(line["cost"]) == row["cost"]
        total[line["condition"]] = total.get(line["condition"], 0) + row["weight"]
    for weight in total.values():
        assert abs(weight - 1) <= 1e-12  # rounding of at most 8 summands


VERIFY = ["facts", "theta_gradient_error", "lqg", "passed"]


def check_verify(result):
    assert [fact["name"] for fact in result["facts"]] == ["fact1", "fact2", "fact3"]
    for fact in result["facts"]:
        assert list(fact) == ["name", "relative_error", "conditioning"]
    assert list(result["lqg"]) == ["log_z_exact", "log_z_q", "log_z_mixture", "log_z_stderr",
                                   "kl_to_truth", "kl_bc", "kl_initial"]


def test_verify():
    result = run_json("verify", keys=VERIFY)
    check_verify(result)
    assert result["passed"] is True
    for fact in result["facts"]:
        assert fact["relative_error"] <= 1e-10
    assert result["lqg"]["kl_to_truth"] < 0.25 * result["lqg"]["kl_bc"]
    assert "convergence" in run("verify").stdout


def test_verify_of_a_run(trained):
    done = run("verify", trained, "--json")
    result = json.loads(done.stdout)  # printed whether it passes or not
    assert list(result) == VERIFY
    check_verify(result)
    assert 0 < result["theta_gradient_error"] <= 1e-4  # through the run's own network
    assert done.returncode == (0 if result["passed"] else 1)


def test_replay_of_a_run_and_of_a_dataset(trained, dataset, work):
    for name, args in (("run.png", [trained]), ("demos.png", [dataset]),
                       ("colored.png", [dataset, "--cost", trained, "--episodes", "0-3"])):
        result = run_json("replay", *args, "--offscreen", work / name, "--size", "320x240",
                          keys=["frames"])
        assert result["frames"] == 1
        assert (work / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    refused("replay", dataset, "--episodes", "100-200", "--offscreen", work / "none.png", code=1)
    assert not (work / "none.png").exists()


@pytest.mark.parametrize("more, part", [
    (["--episodes", "900-910"], "--episodes: 900 is past the expert's last one; count from 0 to 7"),
    (["--episodes", "8"], "--episodes: 8 is past the expert's last one; count from 0 to 7"),
    (["--step", "21"], "--step: 21 is past the end of every rollout shown; count from 0 to 20"),
    (["--focus", "12"], "--focus: 12 is past the last rollout shown; count from 0 to 11"),
    (["--focus", "99"], "--focus: 99 is past the last rollout shown; count from 0 to 11"),
    (["--focus", "8", "--groups", "expert"], "--focus: 8 is past the last rollout shown; count from 0 to 7"),
    (["--focus", "2", "--episodes", "3-4"], "--focus: 2 is past the last rollout shown; count from 0 to 1"),
])
def test_replay_refuses_what_is_not_there(trained, tmp_path, more, part):
    refused("replay", trained, "--offscreen", tmp_path / "none.png", "--size", "320x240", *more, code=1, part=part)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", [
    ["--episodes", "7-20"], ["--step", "20"], ["--step", "0", "--focus", "0"], ["--focus", "11"],
    ["--episodes", "900-901", "--groups", "initial,learned", "--focus", "1"],  # simulated: they have no end
])
def test_replay_shows_the_last_that_is_there(trained, tmp_path, more):
    result = run_json("replay", trained, "--offscreen", tmp_path / "last.png", "--size", "320x240", *more,
                      keys=["frames"])
    assert result["frames"] == 1


def test_plot(trained, work):
    for name, start in (("curves.png", b"\x89PNG"), ("curves.svg", b"<svg ")):
        result = run_json("plot", trained, trained, "--out", work / name, "--light",
                          keys=["runs", "points"])
        assert result["runs"] == 2
        assert result["points"] == 2 * len((trained / "metrics.jsonl").read_text().splitlines())
        assert (work / name).read_bytes().startswith(start)
    refused("plot", work, "--out", work / "no.png", code=1, part="metrics.jsonl")
    refused("plot", trained, "--out", work / "no.gif", code=1, part=".svg")
    assert not (work / "no.png").exists()


def test_replay_of_what_was_learned(trained, work):
    """Each meaning of the colours, each kind of range, past costs and the field change the picture
    as they should: all are written, and no two are the same."""
    pictures = set()
    for n, args in enumerate((["--color-by", "learned"], ["--color-by", "true"],
                              ["--color-by", "difference"], ["--color-by", "weight"],
                              ["--color-by", "density"], ["--range", "0:1"],
                              ["--range", "10%:50%"], ["--iteration", "0"], ["--step", "5"],
                              ["--step", "5", "--focus", "1"], ["--chart"], ["--field"],
                              ["--groups", "expert,learned"])):
        path = work / f"look{n}.png"
        run_json("replay", trained, "--offscreen", path, "--size", "320x240", "--episodes", "0-3",
                 *args, keys=["frames"])
        pictures.add(path.read_bytes())
    assert len(pictures) == 13


def test_field_leaves_the_titles_free(trained, work):
    """From so near above that the field fills the tile, were it not for the title."""
    camera = {"format": "mjirl-camera-1", "lookat": [0, 0, 0], "distance": 0.1, "azimuth": 90,
              "elevation": -89}
    (work / "near.json").write_text(json.dumps(camera))
    pictures = []
    for field in ([], ["--field"]):
        path = work / f"near{len(field)}.png"
        run_json("replay", trained, "--offscreen", path, "--camera", work / "near.json", "--groups",
                 "learned", *field, keys=["frames"])
        pictures.append(PIL.Image.open(path).convert("RGB"))
    head, below = (0, 0, 1280, 20 + 66), (0, 20 + 66, 1280, 20 + 66 + 8)  # margin and title of a tile
    assert pictures[0].crop(head).tobytes() == pictures[1].crop(head).tobytes()
    assert pictures[0].crop(below).tobytes() != pictures[1].crop(below).tobytes()


def test_bench_filter():
    results = run_json("bench", "--filter", "rollout point_mass", keys=["results"])["results"]
    assert results != []
    for row in results:
        assert list(row) == ["name", "value", "unit", "reference", "ratio"]
        assert "rollout point_mass" in row["name"]
        assert row["ratio"] > 0
    [row] = run_json("bench", "--filter", "iteration conditions", keys=["results"])["results"]
    assert row["name"] == "iteration conditions x2" and row["unit"] == "ms"
    assert 0.5 < row["ratio"] < 2  # 1 is linear
    refused("bench", "--filter", "no such measurement", code=1)
