"""Loads a dataset with robomimic's own SequenceDataset, as it is published.

Not part of the test run, as PyTorch is large. In an environment of its own:

    pip install robomimic==0.3.0 torch
    python check_robomimic.py DIR        # DIR: a dataset that mjirl wrote
"""

import pathlib
import sys

import h5py
import numpy as np
import robomimic.utils.obs_utils as obs_utils
from robomimic.utils.dataset import SequenceDataset


def main(folder):
    path = pathlib.Path(folder) / "data" / "main_data.hdf5"
    with h5py.File(path, "r") as file:  # closed again: robomimic opens files in another mode
        first = file["data/demo_0"]
        rows = {key: first[key][()] for key in ("actions", "rewards", "dones", "obs/flat")}
        samples = sum(demo.attrs["num_samples"] for demo in file["data"].values())
    obs_utils.initialize_obs_utils_with_obs_specs([{"obs": {"low_dim": ["flat"]}}])
    for cache in (None, "low_dim", "all"):
        dataset = SequenceDataset(
            hdf5_path=str(path),
            obs_keys=("flat",),
            dataset_keys=("actions", "rewards", "dones"),
            seq_length=3,
            frame_stack=2,
            hdf5_cache_mode=cache,
            load_next_obs=True,
        )
        assert len(dataset) == samples
        item = dataset[1]  # one frame before the second step, which is in it, and two after
        for key in ("actions", "rewards", "dones"):
            np.testing.assert_allclose(item[key], rows[key][0:4], rtol=1e-6, err_msg=key)
        np.testing.assert_allclose(item["obs"]["flat"], rows["obs/flat"][0:4], rtol=1e-6)
        np.testing.assert_allclose(item["next_obs"]["flat"], rows["obs/flat"][1:5], rtol=1e-6)
        print(f"cache {cache}: {len(dataset)} sequences")


main(sys.argv[1])
