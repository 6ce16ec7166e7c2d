#!/usr/bin/env python3
"""Rollouts of Gymnasium's eleven tasks in Gymnasium (one env), EnvPool and mjirl, in one table.

    gymnasium_rollouts.py [--threads N] [--rounds N] [--seconds S] [--only REGEX] [--mjirl PROGRAM]
                          [--out docs/speed.md]

The three take turns, and rates are by processor time of all threads, so that other programs do not
take from them: what so many CPUs give that have nothing else to do. Figures are medians over the rounds,
ratios are medians of a round's ratios. All simulate 100 control steps an episode, whatever its health, under
normal noise of a third of the action's range; mjirl also evaluates a feedback policy of full size, its
log-density and the reward's parts, and records everything. Needs, in an environment of its own,
gymnasium==1.4.0 mujoco-core==4.0.1 envpool imageio glfw packaging.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import time

import envpool
import gymnasium
import mujoco
import numpy as np

ENVS = {
    "inverted_pendulum": "InvertedPendulum",
    "inverted_double_pendulum": "InvertedDoublePendulum",
    "reacher": "Reacher",
    "pusher": "Pusher",
    "swimmer": "Swimmer",
    "hopper": "Hopper",
    "half_cheetah": "HalfCheetah",
    "walker2d": "Walker2d",
    "ant": "Ant",
    "humanoid": "Humanoid",
    "humanoid_standup": "HumanoidStandup",
}
HEALTHY = ("hopper", "walker2d", "ant", "humanoid")  # end early unless told otherwise
HORIZON = 100


def noise(space, rows):
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((rows,) + space.shape) * space.high / 3
    return np.clip(raw, space.low, space.high).astype(space.dtype)


class Single:
    """Gymnasium's env as it is made for one."""

    def __init__(self, task):
        options = {"terminate_when_unhealthy": False} if task in HEALTHY else {}
        self.env = gymnasium.make(ENVS[task] + "-v5", max_episode_steps=HORIZON, **options)
        self.actions = noise(self.env.action_space, HORIZON)
        self.env.reset(seed=0)

    def rate(self, seconds):
        steps, begin = 0, time.process_time()
        while time.process_time() - begin < seconds:
            self.env.reset()
            for action in self.actions:
                _, _, terminated, truncated, _ = self.env.step(action)
                steps += 1
                if terminated or truncated:
                    break
        return steps / (time.process_time() - begin)


class Pool:
    """EnvPool with as many threads as mjirl, eight envs each."""

    def __init__(self, task, threads):
        options = {"terminate_when_unhealthy": False} if task in HEALTHY else {}
        versions = [f"{ENVS[task]}-v{n}" for n in (5, 4)]
        self.name = next(v for v in versions if v in envpool.list_all_envs())
        self.n, self.threads = 8 * threads, threads
        self.env = envpool.make_gymnasium(
            self.name, num_envs=self.n, num_threads=threads, max_episode_steps=HORIZON, **options
        )
        self.actions = noise(self.env.action_space, HORIZON * self.n).reshape(HORIZON, self.n, -1)
        self.env.reset()
        self.ended = 0

    def rate(self, seconds):
        steps, begin = 0, time.process_time()
        while time.process_time() - begin < seconds:
            for action in self.actions:
                _, _, terminated, truncated, _ = self.env.step(action)
                steps += self.n - self.ended  # what had ended is only reset by its next step
                self.ended = np.count_nonzero(terminated | truncated)
        return steps * self.threads / (time.process_time() - begin)


def mjirl_rate(program, task, threads):
    words = [program, "bench", "--json", "--threads", str(threads), "--filter", f"rollout {task}"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    results = {r["name"]: r for r in json.loads(done.stdout)["results"]}
    return results[f"rollout {task}"]["value"]


def measure(task, args):
    """Medians of the three rates and of the ratios of mjirl to the others."""
    single, pool = Single(task), Pool(task, args.threads)
    single.rate(0.1)
    pool.rate(0.1)
    rounds = [
        (single.rate(args.seconds), pool.rate(args.seconds), mjirl_rate(args.mjirl, task, args.threads))
        for _ in range(args.rounds)
    ]
    rates = [statistics.median(column) for column in zip(*rounds)]
    ratios = [statistics.median(r[2] / r[i] for r in rounds) for i in (0, 1)]
    return pool.name, rates, ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--mjirl", default="mjirl")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    lines = [
        f"Control steps a second by processor time, {args.threads} threads (Gymnasium's env: 1); MuJoCo "
        f"{mujoco.mj_versionString()}, Gymnasium {gymnasium.__version__}, EnvPool {envpool.__version__}, "
        f"medians of {args.rounds} rounds.",
        "",
        "| task | Gymnasium | EnvPool | mjirl | to Gymnasium | to EnvPool |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    print(*lines, sep="\n", flush=True)
    for task in ENVS:
        if re.search(args.only, task):
            name, rates, ratios = measure(task, args)
            note = "" if name.endswith("v5") else f" ({name})"
            cells = [task] + [f"{r:,.0f}" for r in rates] + [f"{r:.2f}" for r in ratios]
            cells[2] += note
            lines.append("| " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
    if args.out:
        begin, end = "<!-- table:rollouts -->\n", "<!-- /table -->"
        head, tail = args.out.read_text().split(begin)
        args.out.write_text(head + begin + "\n".join(lines) + "\n" + end + tail.split(end, 1)[1])


if __name__ == "__main__":
    main()
