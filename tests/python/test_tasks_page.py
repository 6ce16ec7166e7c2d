"""docs/tasks.md tells the truth: its examples load, its tour runs, its error message is the one that is
printed, its tables list what the program knows."""

import json
import os
import pathlib
import re
import subprocess

MJIRL = os.environ["MJIRL"]
PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "tasks.md").read_text()
EXAMPLE = re.search(r"```json\n(.*?)```", PAGE, re.S).group(1)

MODEL = """
<mujoco>
  <custom><numeric name="residual_Goal" data="1 0 2"/></custom>
  <worldbody>
    <body name="upper">
      <joint name="shoulder" axis="0 0 1"/><geom type="capsule" size="0.02" fromto="0 0 0 0.2 0 0"/>
      <body name="lower" pos="0.2 0 0">
        <joint name="elbow" axis="0 0 1"/><geom type="capsule" size="0.02" fromto="0 0 0 0.2 0 0"/>
        <site name="hand" pos="0.2 0 0"/>
      </body>
    </body>
    <body name="puck" pos="0.3 0.2 0"><geom size="0.03"/></body>
  </worldbody>
  <tendon><fixed name="cable"><joint joint="elbow" coef="1"/></fixed></tendon>
  <actuator>
    <motor joint="shoulder"/><general joint="elbow" dyntype="filter" dynprm="0.1"/>
  </actuator>
  <sensor><jointpos joint="elbow"/></sensor>
  <keyframe><key name="home" qpos="0.1 0.2"/></keyframe>
</mujoco>
"""


def check(folder, text):
    (folder / "push.xml").write_text(MODEL)
    (folder / "my_task.json").write_text(text)
    return subprocess.run(
        [MJIRL, "env", "check", "my_task.json", "--json"], cwd=folder, capture_output=True, text=True
    )


def test_example(tmp_path):
    done = check(tmp_path, EXAMPLE)
    assert done.returncode == 0, done.stderr
    info = json.loads(done.stdout)
    assert (info["name"], info["horizon"], info["frame_skip"] if "frame_skip" in info else 5) == ("push", 100, 5)


def test_error_message(tmp_path):
    quoted = re.search(r"^    my_task\.json.*$", PAGE, re.M).group(0).strip()
    done = check(tmp_path, EXAMPLE.replace('"elbow"', '"elbo"', 1))
    assert done.returncode == 1
    assert quoted in done.stderr


def tour():
    """(language, text) of the tour's blocks, in order."""
    section = re.search(r"^## A tour\n(.*?)(?=^## )", PAGE, re.S | re.M).group(1)
    return re.findall(r"^```(\w+)\n(.*?)^```", section, re.S | re.M)


def test_tour(tmp_path):
    """Members of JSON blocks are added to arm.json, commands run, and what is quoted under a command is in its
    output; a command fails only where an error is quoted."""
    path = f"{pathlib.Path(MJIRL).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "MJIRL_TRUST_MODELS": "1"}
    task, done, ran = {}, None, 0
    for language, text in tour():
        if language == "xml":
            (tmp_path / "arm.xml").write_text(text)
        elif language == "json":
            task |= json.loads(text if text.startswith("{") else "{" + text + "}")
            (tmp_path / "arm.json").write_text(json.dumps(task))
        elif language == "sh":
            assert done is None or done.returncode == 0, done.stderr
            for line in text.splitlines():
                done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, env=environment)
                assert done.returncode == 0 or line == text.splitlines()[-1], done.stderr
                ran += 1
        else:
            output = done.stdout if done.returncode == 0 else done.stderr
            assert all(line in output for line in text.splitlines()), output
            done = None
    assert done is None and ran == 8  # the last block is an error message, all others went well


def test_changed_world(tmp_path):
    """The example of `domain`, on a robot with such parts."""
    block = re.search(r"## Changed worlds.*?```json\n(.*?)```", PAGE, re.S).group(1)
    domain = json.loads("{" + block + "}")["domain"]
    done = subprocess.run(
        [MJIRL, "env", "check", "hopper", "--set", f"domain={json.dumps(domain)}"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def table(heading):
    """First column of the tables under a heading, without the table's own heads."""
    section = re.search(r"^## %s\n(.*?)(?=^## |\Z)" % heading, PAGE, re.S | re.M).group(1)
    names = []
    for row in re.findall(r"^\| (`.*?) \|", section, re.M):
        names += re.findall(r"`(\w+)`", row)
    return names


def test_norms_are_known(tmp_path):
    norms = table("Reward")[8:]
    assert norms[:7] == ["constant", "linear", "quadratic", "square", "l2", "smooth_l2", "log"]
    assert norms[7:] == ["l22", "cosh", "power", "smooth_abs", "smooth_abs2", "rectify"]
    for norm in norms:
        task = json.loads(EXAMPLE)
        task["reward"] = [{"name": "r", "norm": norm, "parameter": 0.1, "exponent": 2, "residual": "action"}]
        if norm == "constant":
            del task["reward"][0]["residual"]
        done = check(tmp_path, json.dumps(task))
        assert done.returncode == 0, done.stderr


def test_quantities_are_known(tmp_path):
    kinds = table("Entries")[:20]
    assert len(set(kinds)) == 20 and "cfrc_ext" in kinds and kinds[-1] == "numeric"
    for kind in kinds:
        task = json.loads(EXAMPLE)
        task["observation"] = [{kind: "*"}]
        done = check(tmp_path, json.dumps(task))
        assert done.returncode == 0, done.stderr


def test_bundled_tasks_are_listed():
    done = subprocess.run([MJIRL, "env", "list", "--json"], check=True, capture_output=True, text=True)
    tasks = {t["name"] for t in json.loads(done.stdout)["tasks"]}
    assert tasks and tasks <= set(table("Bundled tasks"))
