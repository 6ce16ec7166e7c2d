"""Datasets converted by scripts/to_lerobot.py and read back with LeRobot's own library.

    MJIRL=build/release/cli/mjirl MJIRL_BUILD=build/release python3 tests/python/check_lerobot.py FOLDER

Not part of the test run, as LeRobot brings PyTorch (some 7 GB): it goes to an environment in FOLDER,
which is kept. Of LeRobot only what its datasets need is installed beside it.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import peer

peer.enter("lerobot", "torch<2.11", "torchvision<0.26", "datasets<5,>=4", "huggingface-hub<0.36", "av<16,>=15",
           "jsonlines", "packaging<26", "einops", "draccus==0.10.0", "termcolor", "deepdiff<9", "accelerate<2", "h5py",
           "numpy<2.4",  # newer ones end LeRobot 0.4.4 with a TypeError
           bare=["lerobot==0.4.4"])

CONVERT = pathlib.Path(__file__).parents[2] / "scripts" / "to_lerobot.py"


def main():
    peer.versions("lerobot", "torch", "datasets", "h5py", "numpy")
    with tempfile.TemporaryDirectory() as folder:
        quiet = {**os.environ, "HF_HOME": f"{folder}/home", "HF_HUB_OFFLINE": "1"}
        for task in ("reacher", "inverted_pendulum", "half_cheetah"):
            source = pathlib.Path(folder) / task
            peer.make(source, task)
            command = [sys.executable, CONVERT, source, f"{source}-lerobot", "--task", f"drive the {task}", "--check"]
            done = subprocess.run(command, env=quiet, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            print(f"{task}: {done.stdout.strip().splitlines()[-1]}", flush=True)


main()
