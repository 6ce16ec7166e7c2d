"""The neural cost from its saved file, recomputed with NumPy and the safetensors package."""

import json
import subprocess

import numpy as np
import pytest
import safetensors
import safetensors.numpy

import base_peer

NX, NU = 4, 2

SHAPES = [(kind, depth, width, identity)
          for kind in ("quadratic", "network")
          for depth, width in ((0, 0), (1, 7), (2, 32), (3, 13))
          for identity in (1, 0) if depth > 0 or identity]


def read(path):
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    assert metadata["format"] == "mjirl.cost.1"
    return json.loads(metadata["config"]), safetensors.numpy.load_file(path)


def softplus(omega):
    return np.logaddexp(0, omega)


def cost(config, tensors, x, u):
    """c and its gradient, by the chain rule written out from the output backwards."""
    t = {name: value.astype(np.float64) for name, value in tensors.items()}
    xhat = (x - t["x_mean"]) / t["x_scale"]
    uhat = u / t["u_scale"]
    layers = [xhat]
    for l in range(config["depth"]):
        layers.append(np.tanh(layers[-1] @ t[f"layers.{l}.weight"].T + t[f"layers.{l}.bias"]))
    features = ([xhat] if config["identity"] else []) + ([layers[-1]] if config["depth"] else [])
    y = np.concatenate(features, axis=1) @ t["A"].T + t["b"]
    quadratic = config["kind"] == "quadratic"
    w = config["action_weight_min"] + softplus(t["omega"])
    c = (0.5 * (y * y).sum(1) if quadratic else y[:, 0]) + 0.5 * (w * uhat * uhat).sum(1)

    df = (y if quadratic else np.ones_like(y)) @ t["A"]
    dx = df[:, :NX].copy() if config["identity"] else np.zeros_like(xhat)
    if config["depth"]:
        dh = df[:, NX:] if config["identity"] else df
        for l in reversed(range(config["depth"])):
            dh = (dh * (1 - layers[l + 1] ** 2)) @ t[f"layers.{l}.weight"]
        dx += dh
    return c, np.concatenate([dx / t["x_scale"], w * uhat / t["u_scale"]], axis=1)


@pytest.mark.parametrize("kind,depth,width,identity", SHAPES)
def test_saved_cost_is_the_formula(tmp_path, kind, depth, width, identity):
    program = base_peer.build_folder() / "tests" / "irl" / "irl_peer"
    path = tmp_path / "cost.safetensors"
    done = subprocess.run([program, "cost", path, kind, str(depth), str(width), str(identity), "700"],
                          capture_output=True, text=True, check=True)
    table = np.array([[float(v) for v in line.split()] for line in done.stdout.splitlines()])
    assert table.shape == (700, 2 * (NX + NU) + 2)
    x, u = table[:, :NX], table[:, NX:NX + NU]
    forward, value, gradient = table[:, NX + NU], table[:, NX + NU + 1], table[:, NX + NU + 2:]
    config, tensors = read(path)
    assert (config["nx"], config["nu"], config["kind"]) == (NX, NU, kind)
    assert config["identity"] is bool(identity)
    c, dc = cost(config, tensors, x, u)
    # Double against double; float to some tens of roundings of the cost's own terms.
    scale = 1 + np.abs(c)
    assert np.max(np.abs(value - c) / scale) < 1e-13
    assert np.max(np.abs(forward - c) / scale) < 1e-5
    assert np.max(np.abs(gradient - dc) / (1 + np.abs(dc))) < 1e-12


def test_arrays_of_the_file(tmp_path):
    program = base_peer.build_folder() / "tests" / "irl" / "irl_peer"
    path = tmp_path / "cost.safetensors"
    subprocess.run([program, "cost", path, "quadratic", "2", "32", "1", "1"], capture_output=True,
                   check=True)
    _, tensors = read(path)
    shapes = {name: (value.shape, value.dtype.name) for name, value in tensors.items()}
    assert shapes == {
        "layers.0.weight": ((32, NX), "float32"), "layers.0.bias": ((32,), "float32"),
        "layers.1.weight": ((32, 32), "float32"), "layers.1.bias": ((32,), "float32"),
        "A": ((16, NX + 32), "float32"), "b": ((16,), "float32"), "omega": ((NU,), "float32"),
        "x_mean": ((NX,), "float64"), "x_scale": ((NX,), "float64"),
        "u_scale": ((NU,), "float64"),
    }
