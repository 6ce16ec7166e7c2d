"""The code of docs/export.md, run as it stands there: onnxruntime, and the cost in PyTorch.

    MJIRL=build/release/cli/mjirl MJIRL_BUILD=build/release python3 tests/python/check_export.py FOLDER

Not part of the test run, as PyTorch is large: it goes to an environment in FOLDER, which is kept.
test_export.py has the rest, with ONNX's own evaluator.
"""

import os
import pathlib
import re
import tempfile

import peer

peer.enter("export", "onnxruntime==1.32.0", "torch", "numpy", "safetensors", "h5py")

import h5py  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMOS = ROOT / "demos" / "data" / "reacher"
COSTS = ([], ["network=1", "activation=softplus", "input=state-action"],
         ["depth=0"], ["activation=relu", "identity=0", "action_penalty=fixed"])


def read_demos():
    with h5py.File(DEMOS / "data" / "main_data.hdf5") as file:
        episodes = [file[f"episode_{i}"] for i in range(40)]
        return (np.concatenate([e["observations"][:-1] for e in episodes]),
                np.concatenate([e["actions"][:] for e in episodes]),
                np.repeat([e.attrs["condition"] for e in episodes], 50))


def check(settings, code, place):
    options = [word for s in [*settings, "iterations=3", "samples=4", "cost_steps=5"] for word in ("--set", s)]
    peer.mjirl("train", "--task", "reacher", "--demos", DEMOS, "--out", "run", *options)
    peer.mjirl("export", "run", "--format", "onnx", "--out", "cost.onnx")
    peer.mjirl("export", "run", "--format", "onnx", "--part", "policy", "--out", "policy.onnx")
    peer.mjirl("export", "run", "--format", "safetensors", "--out", "learned.safetensors")
    for part in code:
        exec(part, place)
    rows = peer.mjirl("score", "run", "--demos", DEMOS)["trajectories"]
    exact = np.array([row["cost"] for row in rows])
    single, double = place["session_cost"], place["c"].numpy()
    size = np.abs(double).reshape(40, 50).sum(1)
    errors = [np.abs(c.astype(float).reshape(40, 50).sum(1) - exact) / size for c in (single, double)]
    assert errors[0].max() < 1e-5 and errors[1].max() < 1e-12, (settings, errors)

    p = place["p"]
    K, k, sigma = (p[f"policy.{name}"][place["condition"], place["t"]] for name in ("K", "k", "sigma"))
    mean = np.einsum("nij,nj->ni", K, place["x"]) + k
    size = np.einsum("nij,nj->ni", np.abs(K), np.abs(place["x"])) + np.abs(k)  # of terms that cancel
    assert (np.abs(place["action_of_session"] - mean) / size).max() < 1e-6
    assert (np.abs(place["sigma"] - sigma) <= 1e-6 * np.abs(sigma)).all()
    print(f"{settings or 'defaults'}: an episode's cost within {errors[0].max():.1e} by onnxruntime, "
          f"{errors[1].max():.1e} by PyTorch", flush=True)


def main():
    peer.versions("onnxruntime", "torch", "numpy", "safetensors")
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "export.md").read_text(), re.DOTALL)
    assert len(code) == 3
    # The page's blocks share names; what the first computes is put aside before the others run.
    code[0] += "\nsession_cost, action_of_session = cost, action\n"
    for settings in COSTS:
        x, u, condition = read_demos()
        place = {"x": x, "u": u, "condition": condition, "t": np.tile(np.arange(50), 40)}
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            check(settings, code, place)


os.environ.update({name: str(pathlib.Path(os.environ[name]).absolute()) for name in ("MJIRL", "MJIRL_BUILD")})
assert torch.get_default_dtype() == torch.float32
main()
