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
    obs_utils.initialize_obs_utils_with_obs_specs({"obs": {"low_dim": ["flat"]}})
    for cache in (None, "low_dim", "all"):
        dataset = SequenceDataset(
            hdf5_path=str(path),
            obs_keys=("flat",),
            dataset_keys=("actions", "rewards", "dones", "states"),
            seq_length=3,
            frame_stack=2,
            hdf5_cache_mode=cache,
            load_next_obs=True,
        )
        with h5py.File(path, "r") as file:
            demos = [file[f"data/demo_{i}"] for i in range(len(file["data"]))]
            assert len(dataset) == sum(d.attrs["num_samples"] for d in demos)
            item = dataset[1]  # second step of the first demonstration: rows 0 to 3
            for key, rows in (("actions", demos[0]["actions"][0:4]), ("rewards", demos[0]["rewards"][0:4])):
                np.testing.assert_allclose(item[key], rows, rtol=1e-6, err_msg=key)
            np.testing.assert_allclose(item["obs"]["flat"], demos[0]["obs/flat"][0:4], rtol=1e-6)
            np.testing.assert_allclose(item["next_obs"]["flat"], demos[0]["obs/flat"][1:5], rtol=1e-6)
        print(f"cache {cache}: {len(dataset)} sequences")


main(sys.argv[1])
