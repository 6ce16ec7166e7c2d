#!/usr/bin/env python3
"""The neural cost's update in PyTorch on the CPU, beside `mjirl bench`'s in one table.

    torch_cost.py [--threads N] [--repeats N] [--mjirl PROGRAM] [--compile]

One update is what irl_cost_forward, irl_cost_backward and irl_adam_step do: costs of all rows, the
gradient of their weighted sum, an Adam step. The two alternate, so that both see the same machine.
Needs torch (any build; only the CPU is used).
"""

import argparse
import json
import statistics
import subprocess
import time

import torch

# rows, nx, nu, width, outputs, by the names that `mjirl bench` prints
SHAPES = {
    "cost update 13000 rows 10+2 inputs 2x32": (13000, 10, 2, 32, 16),
    "cost update 10000 rows 17+6 inputs 2x64": (10000, 17, 6, 64, 32),
}


class Cost(torch.nn.Module):
    """c = ½ ‖A [x̂; h] + b‖² + ½ Σ (w_min + softplus ω_j) û_j², h a 2-layer tanh network of x̂."""

    def __init__(self, nx, nu, width, outputs):
        super().__init__()
        self.hidden = torch.nn.Sequential(torch.nn.Linear(nx, width), torch.nn.Tanh(),
                                          torch.nn.Linear(width, width), torch.nn.Tanh())
        self.A = torch.nn.Linear(nx + width, outputs)
        self.omega = torch.nn.Parameter(torch.zeros(nu))

    def forward(self, x, u):
        y = self.A(torch.cat([x, self.hidden(x)], dim=1))
        w = 1e-3 + torch.nn.functional.softplus(self.omega)
        return 0.5 * (y * y).sum(1) + 0.5 * (w * u * u).sum(1)


def flops(rows, nx, width, outputs):
    """As irl_bench_cost counts them: matrix products only."""
    forward = nx * width + width * width + (nx + width) * outputs
    return 2 * rows * (2 * forward + width * width + width * outputs)


def make_update(rows, nx, nu, width, outputs, compiled):
    torch.manual_seed(1)
    cost = Cost(nx, nu, width, outputs)
    # fused: Adam in one kernel, the fastest that PyTorch offers on the CPU
    optimizer = torch.optim.Adam(cost.parameters(), lr=1e-3, fused=True)
    x, u, weight = torch.randn(rows, nx), torch.randn(rows, nu), torch.full((rows,), 1 / rows)
    forward = torch.compile(cost) if compiled else cost

    def update():
        optimizer.zero_grad(set_to_none=True)
        forward(x, u).backward(weight)
        optimizer.step()

    return update


def median_seconds(update, repeats):
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        update()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def ours(program, name, threads, shape):
    """Seconds of an update by mjirl, out of its flop rate."""
    done = subprocess.run([program, "bench", "--filter", name, "--threads", str(threads), "--json"],
                          capture_output=True, text=True, check=True)
    (result,) = [r for r in json.loads(done.stdout)["results"] if r["name"] == name]
    rows, nx, _, width, outputs = shape
    return flops(rows, nx, width, outputs) / (1e9 * result["value"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mjirl", help="the program to compare with")
    parser.add_argument("--compile", action="store_true", help="torch.compile the forward pass")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name, shape in SHAPES.items():
        rows, nx, _, width, outputs = shape
        update = make_update(*shape, args.compile)
        median_seconds(update, 10)  # warm up
        theirs, own = [], []
        for _ in range(args.rounds):
            theirs.append(median_seconds(update, args.repeats))
            if args.mjirl:
                own.append(ours(args.mjirl, name, args.threads, shape))
        seconds = statistics.median(theirs)
        line = {"name": name, "threads": args.threads, "torch": torch.__version__,
                "torch_ms": 1e3 * seconds,
                "torch_gflops": flops(rows, nx, width, outputs) / seconds / 1e9}
        if own:
            line["mjirl_ms"] = 1e3 * statistics.median(own)
            line["ratio"] = statistics.median(t / o for t, o in zip(theirs, own))
        print(json.dumps(line))


if __name__ == "__main__":
    main()
