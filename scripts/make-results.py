#!/usr/bin/env python3
"""Trains and judges every algorithm on every bundled data set over several seeds, and writes the tables
of docs/results.md and of the README. Finished runs are kept in runs/results and not repeated.

usage: scripts/make-results.py [--seeds 5] [--tasks reacher,...] [--algos gcl,...] [--only-write]
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MJIRL = os.environ.get("MJIRL", os.path.join(ROOT, "build/release/cli/mjirl"))
RUNS = os.path.join(ROOT, "runs/results")
TASKS = ["reacher", "point_mass", "lq_point_mass"]
ALGOS = ["gcl", "gcl-q", "gan-gcl", "ebm", "airl", "gail", "bc"]
COLUMNS = [  # key of eval, heading, whether more is better
    ("normalized_return", "normalised return", True),
    ("reoptimized_normalized_return", "re-optimised", True),
    ("spearman", "Spearman", True),
    ("pearson", "Pearson", True),
    ("epic", "EPIC", False),
]


def mjirl(*arguments):
    done = subprocess.run([MJIRL, *arguments, "--json"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"mjirl {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def run(task, algo, seed):
    """The figures of one run, from its file when it has been done before."""
    folder = os.path.join(RUNS, f"{task}-{algo}-{seed}")
    result = folder + ".json"
    if not os.path.exists(result):
        resume = ["--resume"] if os.path.exists(os.path.join(folder, "config.json")) else []
        train = mjirl("train", "--task", task, "--demos", f"demos/data/{task}", "--algo", algo,
                      "--seed", str(seed), "--out", folder, *resume)
        judged = mjirl("eval", folder, "--episodes", "40", *(["--reoptimize"] if algo != "bc" else []))
        with open(result, "w") as out:
            json.dump({"train": train, "eval": judged}, out)
        print(task, algo, seed, judged["normalized_return"], judged["reoptimized_normalized_return"],
              flush=True)
    with open(result) as file:
        return json.load(file)


def cell(values, more):
    """Median, and the worst in brackets, of the figures that are there."""
    values = [v for v in values if v is not None]
    if not values:
        return "–"
    worst = min(values) if more else max(values)
    text = f"{statistics.median(values):.3f} ({worst:.3f})"
    return text.replace("-", "−")


def task_table(results, algos):
    rows = ["| algorithm | seeds | env steps | " + " | ".join(c[1] for c in COLUMNS) + " |",
            "|---|--:|--:|" + "--:|" * len(COLUMNS)]
    for algo in algos:
        runs = results.get(algo, [])
        if runs:
            # Behaviour cloning learns no cost: what its run holds is the untrained network.
            cells = [cell([r["eval"][key] for r in runs], more) if algo != "bc" or i == 0 else "–"
                     for i, (key, _, more) in enumerate(COLUMNS)]
            rows.append(f"| `{algo}` | {len(runs)} | {runs[0]['train']['env_steps']:,} | "
                        + " | ".join(cells) + " |")
    return "\n".join(rows)


def seed_table(runs):
    rows = ["| seed | " + " | ".join(c[1] for c in COLUMNS) + " |", "|--:|" + "--:|" * len(COLUMNS)]
    for seed, r in enumerate(runs):
        rows.append(f"| {seed} | " + " | ".join(f"{r['eval'][c[0]]:.3f}" for c in COLUMNS) + " |")
    return "\n".join(rows)


def replace(path, name, text):
    """Puts a table between its two marks in a page."""
    with open(path) as file:
        page = file.read()
    begin, end = f"<!-- table:{name} -->\n", "<!-- /table -->"
    head, rest = page.split(begin, 1)
    with open(path, "w") as file:
        file.write(head + begin + text + "\n" + end + rest.split(end, 1)[1])


def collect(tasks, algos, seeds, only_write):
    results = {}
    for task in tasks:
        for algo in algos:
            for seed in range(seeds):
                done = os.path.exists(os.path.join(RUNS, f"{task}-{algo}-{seed}.json"))
                if done or not only_write:
                    results.setdefault(task, {}).setdefault(algo, []).append(run(task, algo, seed))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--algos", default=",".join(ALGOS))
    parser.add_argument("--only-write", action="store_true", help="no runs, only the tables")
    options = parser.parse_args()
    os.makedirs(RUNS, exist_ok=True)
    algos = options.algos.split(",")
    results = collect(options.tasks.split(","), algos, options.seeds, options.only_write)
    for task, by_algo in results.items():
        replace(os.path.join(ROOT, "docs/results.md"), task, task_table(by_algo, algos))
    if results.get("reacher", {}).get("gcl"):
        replace(os.path.join(ROOT, "README.md"), "reacher", seed_table(results["reacher"]["gcl"]))


main()
