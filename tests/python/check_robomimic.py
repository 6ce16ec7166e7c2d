"""Datasets loaded with robomimic 0.3.0's own SequenceDataset and PyTorch's own DataLoader.

    MJIRL=build/release/cli/mjirl MJIRL_BUILD=build/release python3 tests/python/check_robomimic.py FOLDER

Not part of the test run, as PyTorch is large: it goes to an environment in FOLDER, which is kept.
robomimic is installed bare, as its egl_probe is only for pictures and must be compiled. PyTorch is
installed with all it asks for: on x86_64 it does not import without NVIDIA's libraries.
"""

import pathlib
import tempfile

import peer

peer.enter("robomimic", "torch", "torchvision", "h5py", "psutil", "tqdm", "termcolor", "imageio",
           bare=["robomimic==0.3.0"])

import h5py  # noqa: E402
import numpy as np  # noqa: E402
import robomimic.utils.obs_utils as obs_utils  # noqa: E402
import torch  # noqa: E402
from robomimic.utils.dataset import SequenceDataset  # noqa: E402

TASKS = ("reacher", "inverted_pendulum", "half_cheetah")  # bounds of 1, 3, 1
KEYS = ("actions", "rewards", "dones")


def open_dataset(path, **options):
    return SequenceDataset(
        hdf5_path=str(path), obs_keys=("flat",), dataset_keys=KEYS, load_next_obs=True, **options)


def rows_of(path):
    """Arrays of all demonstrations; closed again, as robomimic opens files in another mode."""
    with h5py.File(path, "r") as file:
        raw = max(np.abs(file[f"episode_{i}/actions"][()]).max() for i in range(len(file["data"])))
        demos = [file[f"data/demo_{i}"] for i in range(len(file["data"]))]
        return raw, [{key: demo[key][()] for key in (*KEYS, "obs/flat")} for demo in demos]


def windows(path, rows):
    """Sequences of three steps with one before, in all ways of caching."""
    samples = sum(len(demo["actions"]) for demo in rows)
    for cache in (None, "low_dim", "all"):
        dataset = open_dataset(path, seq_length=3, frame_stack=2, hdf5_cache_mode=cache)
        assert len(dataset) == samples
        item = dataset[1]  # one frame before the second step, which is in it, and two after
        for key in KEYS:
            np.testing.assert_allclose(item[key], rows[0][key][0:4], rtol=1e-6, err_msg=key)
        np.testing.assert_allclose(item["obs"]["flat"], rows[0]["obs/flat"][0:4], rtol=1e-6)
        np.testing.assert_allclose(item["next_obs"]["flat"], rows[0]["obs/flat"][1:5], rtol=1e-6)
    return samples


def batches(path, rows):
    """Every step of every demonstration as tensors, in robomimic's order of names."""
    dataset = open_dataset(path, seq_length=1, hdf5_cache_mode="all")
    order = [int(name[5:]) for name in dataset.demos]
    parts = list(torch.utils.data.DataLoader(dataset, batch_size=64))
    for key, take in [(key, lambda part, key=key: part[key]) for key in KEYS] + [
            ("obs/flat", lambda part: part["obs"]["flat"])]:
        read = torch.cat([take(part) for part in parts])[:, 0]
        want = torch.from_numpy(np.concatenate([rows[i][key][: len(rows[i]["actions"])] for i in order]))
        assert torch.is_tensor(read) and read.shape == want.shape, (key, read.shape, want.shape)
        torch.testing.assert_close(read.double(), want.double(), rtol=1e-6, atol=1e-7)
    assert torch.cat([part["actions"] for part in parts]).abs().max() <= 1


def masks(folder):
    """robomimic's filter keys after `mjirl demos split`."""
    split = peer.mjirl("demos", "split", folder, "--valid", "33", "--out", f"{folder}-split")
    path = pathlib.Path(f"{folder}-split") / "data" / "main_data.hdf5"
    for key in ("train", "valid"):
        dataset = open_dataset(path, seq_length=1, hdf5_cache_mode=None, filter_by_attribute=key)
        assert dataset.n_demos == split[key] > 0


def main():
    peer.versions("robomimic", "torch", "h5py", "numpy")
    obs_utils.initialize_obs_utils_with_obs_specs([{"obs": {"low_dim": ["flat"]}}])
    with tempfile.TemporaryDirectory() as folder:
        for task in TASKS:
            path = peer.make(pathlib.Path(folder) / task, task)
            raw, rows = rows_of(path)
            samples = windows(path, rows)
            batches(path, rows)
            masks(pathlib.Path(folder) / task)
            print(f"{task}: {samples} steps equal, raw actions up to {raw:.3g}", flush=True)


main()
