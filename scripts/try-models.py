#!/usr/bin/env python3
"""Tries mjirl on models that others made, and writes the tables of docs/robots.md.

usage: scripts/try-models.py [--folder F] [--only REGEX] [--no-experts] [--out docs/robots.md]

The packages come from PyPI as wheels without what they depend on, and are only unpacked: their models
are files. For each model: `mjirl env check`, then `mjirl env trace` under 50 random actions beside
mj_step in Python on the same file, of which qpos and qvel must be equal to the last bit. On some, the
expert learns to take a pose, and its dataset is checked from the copy of the model that it keeps.

Needs mujoco-core==4.0.1 and numpy; MJIRL names the program.
"""
import argparse
import csv
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

import mujoco
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
MJIRL = os.environ.get("MJIRL", str(ROOT / "build/release/cli/mjirl"))
STEPS = 50

# package, and which of its files are whole models
PACKAGES = [
    ("dm_control==1.0.50", [r"dm_control/suite/[^/]+\.xml", r"dm_control/locomotion/walkers/assets/.*\.xml"]),
    (
        "gymnasium-robotics==1.4.2",
        [
            r"gymnasium_robotics/envs/assets/(hand|fetch|adroit_hand|point)/[^/]+\.xml",
            r"gymnasium_robotics/envs/assets/kitchen_franka/kitchen_assets/kitchen_env_model\.xml",
            r"gymnasium_robotics/envs/mujoco/assets/[^/]+\.xml",
        ],
    ),
    ("robosuite==1.5.2", [r"robosuite/models/assets/(robots/.*/robot|(grippers|objects|arenas)/[^/]+)\.xml"]),
]

# model: pose that the expert is to take, as joint: position; None: all joints of actuators at 0.3
EXPERTS = {
    "dm_control/suite/cartpole.xml": {"slider": 0.5},
    "dm_control/suite/reacher.xml": {"shoulder": 0.5, "wrist": 0.8},
    "dm_control/suite/ball_in_cup.xml": {"cup_x": 0.1, "cup_z": 0.1},
    "gymnasium_robotics/envs/assets/point/point.xml": {"ball_x": 0.1, "ball_y": -0.1},
    "gymnasium_robotics/envs/assets/hand/reach.xml": {"robot0:FFJ3": 0.5, "robot0:MFJ3": 0.5},
    "robosuite/models/assets/robots/panda/robot.xml": {"joint2": 0.3, "joint4": -1.2},
    "robosuite/models/assets/robots/ur5e/robot.xml": {"shoulder_pan_joint": 0.3},
}


def fetch(folder):
    """Downloads and unpacks the wheels that are not there yet."""
    for package, _ in PACKAGES:
        name = package.split("==")[0].replace("-", "_")
        if not (folder / name).is_dir():
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder), package]
            subprocess.run(pip, check=True)
            wheel = next(folder.glob(f"{name}-*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)


def models(folder, only):
    """(package, path from the folder) of every model."""
    for package, patterns in PACKAGES:
        top = folder / package.split("==")[0].replace("-", "_")
        for path in sorted(top.rglob("*.xml")):
            name = path.relative_to(folder).as_posix()
            if any(re.fullmatch(p, name) for p in patterns) and re.search(only, name):
                yield package, name


def run(*words):
    done = subprocess.run([MJIRL, *map(str, words)], capture_output=True, text=True)
    return done.returncode == 0, (done.stdout if done.returncode == 0 else done.stderr).strip()


def one_line(text):
    """A message for a table: without the program's name, file and remedy."""
    text = re.sub(r"\s+", " ", str(text)).split("; ")[0]
    text = re.sub(r"^mjirl: \S+?\.xml(:\d+)?: (\$\S+ )?", "", text)
    return re.sub(r"'/\S+/(?=[^/' ]+)", "'", text).replace("|", "/")[:110].strip()  # no path of this machine


def start(model):
    """Data at the model's own start, as mjirl resets: to the key `home` if there is one."""
    data = mujoco.MjData(model)
    key = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_KEY, "home")
    if key >= 0:
        mujoco.mj_resetDataKeyframe(model, data, key)
    return data


def control_range(model):
    limited = model.actuator_ctrllimited.astype(bool)
    low = np.where(limited, model.actuator_ctrlrange[:, 0], -1.0)
    return low, np.where(limited, model.actuator_ctrlrange[:, 1], 1.0)


def trace(path, model, folder):
    """What qpos and qvel do beside MuJoCo's own over random steps."""
    rng = np.random.default_rng(0)
    data = start(model)
    data.qvel[:] = 0.1 * rng.standard_normal(model.nv)
    low, high = control_range(model)
    actions = rng.uniform(low, high, (STEPS, model.nu))
    (folder / "s.json").write_text(json.dumps({"qpos": data.qpos.tolist(), "qvel": data.qvel.tolist()}))
    with open(folder / "a.csv", "w") as file:
        file.writelines(",".join(f"{v:.17g}" for v in row) + "\n" for row in actions)
    ok, text = run("env", "trace", path, "--init", folder / "s.json", "--actions", folder / "a.csv",
                   "--out", folder / "o.csv")
    if not ok:
        return text
    with open(folder / "o.csv") as file:
        rows = list(csv.reader(file))
    got = np.array(rows[1:], dtype=float)[:, 1 : 1 + model.nq + model.nv]
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    mujoco.mj_forward(model, data)
    want = [np.concatenate([data.qpos, data.qvel])]
    for action in actions:
        data.ctrl[:] = action
        mujoco.mj_step(model, data)
        want.append(np.concatenate([data.qpos, data.qvel]))
    want = np.array(want)
    sound = np.isfinite(want).all(axis=1)
    until = STEPS + 1 if sound.all() else int(np.argmin(sound))
    if not np.array_equal(got[:until], want[:until]):
        return f"differs by {np.max(np.abs(got[:until] - want[:until])):.2g}"
    return "equal" if sound.all() else f"equal until both diverge in step {until}"


def try_model(path, folder):
    """A row of the table: sizes, check, trace."""
    try:
        model = mujoco.MjModel.from_xml_path(str(path))
    except ValueError as error:
        ok, text = run("env", "check", path)
        return None, "" if ok else one_line(error), "both refuse" if not ok else "only mjirl loads it"
    ok, text = run("env", "check", path, "--json")
    sizes = (model.nq, model.nv, model.nu, model.na)
    if not ok:
        return sizes, one_line(text), "no joints" if model.nv == 0 else "FAILS"
    warnings = "; ".join(json.loads(text)["warnings"])
    if model.nu == 0:
        return sizes, warnings, "loads (no actuators to act with)"
    return sizes, warnings, trace(path, model, folder)


def pose_task(path, pose):
    """The expert's task: joints of a pose, little effort, from the model's start."""
    joints = list(pose)
    return {
        "name": "pose",
        "model": str(path),
        "frame_skip": 5,
        "horizon": 40,
        "temperature": 0.01,
        "observation": [{"qpos": joints}, {"qvel": joints}],
        "reward": [
            {"name": "pose", "norm": "square", "residual": {"qpos": joints, "minus": list(pose.values())}},
            {"name": "effort", "norm": "square", "weight": 0.001, "residual": "action"},
        ],
    }


def zero_return(task, path, folder):
    """Return of doing nothing from the same start."""
    model = mujoco.MjModel.from_xml_path(str(path))
    data = start(model)
    (folder / "s.json").write_text(json.dumps({"qpos": data.qpos.tolist(), "qvel": data.qvel.tolist()}))
    (folder / "a.csv").write_text((",".join(["0"] * model.nu) + "\n") * 40)
    run("env", "trace", task, "--init", folder / "s.json", "--actions", folder / "a.csv", "--out",
        folder / "o.csv")
    with open(folder / "o.csv") as file:
        return sum(float(row["reward"]) for row in csv.DictReader(file))


def try_expert(path, pose, folder):
    """Returns of the expert and of doing nothing, steps, and whether the dataset stands by itself."""
    task, out = folder / "pose.json", folder / "demos"
    task.write_text(json.dumps(pose_task(path, pose)))
    ok, text = run("expert", task, "--out", out, "-n", 4, "--json")
    if not ok:
        return one_line(text)
    result = json.loads(text)
    kept, text = run("demos", "check", out)
    return result["return_mean"], zero_return(task, path, folder), result["env_steps"], kept or one_line(text)


def write(out, rows, experts):
    """Puts the tables between their marks in the page."""
    page = out.read_text()
    lines = []
    for package in dict.fromkeys(r[0] for r in rows):
        lines += [f"### {package}", "", "| model | nq | nv | nu | na | beside mj_step | note |",
                  "|---|--:|--:|--:|--:|---|---|"]
        for _, name, (sizes, note, verdict) in (r for r in rows if r[0] == package):
            cells = " | ".join(map(str, sizes or ["–"] * 4))
            lines.append(f"| {name.split('/', 1)[1]} | {cells} | {verdict} | {note} |")
        lines.append("")
    page = replace(page, "models", "\n".join(lines))
    lines = ["| model | expert | doing nothing | env steps | dataset |", "|---|--:|--:|--:|---|"]
    for name, result in experts.items():
        if isinstance(result, str):
            lines.append(f"| {name} | | | | {result} |")
        else:
            expert, zero, steps, kept = result
            verdict = "checks without the model's files" if kept is True else kept
            lines.append(f"| {name} | {expert:.4g} | {zero:.4g} | {steps:,} | {verdict} |")
    out.write_text(replace(page, "experts", "\n".join(lines) + "\n") if experts else page)


def replace(page, name, text):
    begin, end = f"<!-- table:{name} -->\n", "<!-- /table -->"
    head, tail = page.split(begin)
    return head + begin + text + end + tail.split(end, 1)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path.home() / ".cache/mjirl/models")
    parser.add_argument("--only", default="")
    parser.add_argument("--no-experts", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/robots.md")
    args = parser.parse_args()
    if mujoco.mj_versionString() != "4.0.1":
        sys.exit(f"try-models: mujoco is {mujoco.mj_versionString()}; install mujoco-core==4.0.1")
    args.folder.mkdir(parents=True, exist_ok=True)
    fetch(args.folder)
    rows, experts = [], {}
    with tempfile.TemporaryDirectory() as scratch:
        for package, name in models(args.folder, args.only):
            rows.append((package, name, try_model(args.folder / name, pathlib.Path(scratch))))
            print(name, *rows[-1][2], flush=True)
    for name, pose in {} if args.no_experts else EXPERTS.items():
        if re.search(args.only, name):
            with tempfile.TemporaryDirectory() as scratch:
                experts[name] = try_expert(args.folder / name, pose, pathlib.Path(scratch))
            print(name, experts[name], flush=True)
    write(args.out, rows, experts)
    bad = [r for r in rows if r[2][2].startswith(("FAILS", "differs", "mjirl"))]
    sys.exit(f"try-models: {len(bad)} models do not do what MuJoCo does" if bad else 0)


if __name__ == "__main__":
    main()
