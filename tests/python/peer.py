"""An environment of its own for a check against a program that is too large for the test run."""

import os
import pathlib
import subprocess
import sys
import venv


def enter(name, *packages, bare=()):
    """Goes on in FOLDER/<name> (FOLDER: the first argument), which is made where it is missing.

    `bare` are installed without what they depend on."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER    # for the environment {name}; needs MJIRL and MJIRL_BUILD")
    home = pathlib.Path(sys.argv[1]).absolute() / name
    if pathlib.Path(sys.prefix) == home:
        return
    python = home / "bin" / "python"
    done = home / "installed"
    if not done.exists():
        venv.create(home, with_pip=True, clear=home.exists())
        if bare:
            subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", *bare], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
        done.touch()
    os.execv(python, [python, *sys.argv])


def versions(*names):
    from importlib import metadata

    print(", ".join(f"{name} {metadata.version(name)}" for name in names), flush=True)


def make(folder, task, episodes=6, seed=11):
    """A dataset of random actions, many beyond their bounds."""
    program = pathlib.Path(os.environ["MJIRL_BUILD"]) / "tests" / "demos" / "demos_make_dataset"
    subprocess.run([program, task, folder, str(episodes), str(seed)], check=True)
    return folder / "data" / "main_data.hdf5"


def mjirl(*args):
    """One command of the program; its JSON."""
    import json

    done = subprocess.run([os.environ["MJIRL"], *map(str, args), "--json"], capture_output=True, text=True)
    assert done.returncode == 0, (args, done.stderr)
    return json.loads(done.stdout)
