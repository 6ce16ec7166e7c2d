"""Runs base_peer, the small C program beside base's tests.

It is found in MJIRL_BUILD, the build folder, or in the one that MJIRL's program stands in.
"""

import os
import pathlib
import subprocess


def build_folder():
    if "MJIRL_BUILD" in os.environ:
        return pathlib.Path(os.environ["MJIRL_BUILD"])
    return pathlib.Path(os.environ["MJIRL"]).resolve().parents[1]


def run(*args):
    program = build_folder() / "tests" / "base" / "base_peer"
    return subprocess.run([program, *map(str, args)], capture_output=True, text=True, timeout=60,
                          check=False)


def lines(*args):
    done = run(*args)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
