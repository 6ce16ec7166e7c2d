"""Turns trajectories that imitation 1.0 saved, a folder of the library datasets, into the .npz of its
earlier versions, which `mjirl demos import` reads.

    python3 scripts/from_imitation.py FOLDER OUT.npz      # in an environment with imitation

Observations, actions, rewards and endings are kept with their types; infos are left out.
"""

import argparse
import pathlib

import numpy as np
from imitation.data import serialize


def main():
    parser = argparse.ArgumentParser(description="Turns imitation's trajectories into an .npz.")
    parser.add_argument("source", type=pathlib.Path, help="what imitation.data.serialize.save wrote")
    parser.add_argument("out", type=pathlib.Path, help="new file")
    arguments = parser.parse_args()
    trajectories = list(serialize.load(arguments.source))
    arrays = {
        "obs": np.concatenate([t.obs for t in trajectories]),
        "acts": np.concatenate([t.acts for t in trajectories]),
        "terminal": np.array([t.terminal for t in trajectories]),
        "indices": np.cumsum([len(t.acts) for t in trajectories[:-1]]),
    }
    if all(hasattr(t, "rews") for t in trajectories):
        arrays["rews"] = np.concatenate([t.rews for t in trajectories])
    with open(arguments.out, "xb") as file:
        np.savez(file, **arrays)


main()
