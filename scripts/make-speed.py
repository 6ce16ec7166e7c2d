#!/usr/bin/env python3
"""Compares rollouts of every bundled task with the bare loop, with 1 and 2 threads, and writes the first table of
docs/speed.md. Processes are started anew for each round, as where memory lies is decided once in each. Fails if a
median is below the goal.

usage: scripts/make-speed.py [--rounds 3] [--threads 1,2] [--only TEXT] [--keep FILE] [--from FILE]

--keep writes the results of all rounds to a file, --from makes the table from such a file without measuring.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MJIRL = os.environ.get("MJIRL", os.path.join(ROOT, "build/release/cli/mjirl"))
PAGE = os.path.join(ROOT, "docs/speed.md")
BEGIN, END = "<!-- table:ratios -->", "<!-- /table:ratios -->"
GOAL = 0.97


def measure(threads, only):
    """One process: ratio of each task."""
    done = subprocess.run([MJIRL, "bench", "--filter", "rollout " + only, "--threads", str(threads), "--json"],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"mjirl bench: exit code {done.returncode}")
    return {r["name"].removeprefix("rollout "): r["ratio"] for r in json.loads(done.stdout)["results"]}


def rounds_of(options):
    results = {str(t): [] for t in options.threads}
    for i in range(options.rounds):
        for t in options.threads:
            results[str(t)].append(measure(t, options.only))
            print(f"round {i + 1} of {options.rounds}, {t} threads", file=sys.stderr, flush=True)
    return results


def cell(ratios):
    median = statistics.median(ratios)
    return f"{median:.3f}" if len(ratios) == 1 else f"{median:.3f} ({min(ratios):.3f}–{max(ratios):.3f})"


def table(results):
    threads = sorted(results, key=int)
    count = len(results[threads[0]])
    runs = f"Medians of {count} runs" if count > 1 else "One run"
    spread = ", lowest and highest in brackets" if count > 1 else ""
    lines = [f"{runs} of `mjirl bench` with each number of threads{spread}.", ""]
    lines += ["| task |" + "".join(f" {t} thread{'s' if t != '1' else ''} |" for t in threads)]
    lines += ["|---|" + "--:|" * len(threads)]
    for task in sorted(results[threads[0]][0]):
        cells = [cell([run[task] for run in results[t]]) for t in threads]
        lines += [f"| {task} | " + " | ".join(cells) + " |"]
    return "\n".join(lines)


def below(results):
    return [f"{task}, {t} threads: {m:.3f}" for t in results for task in results[t][0]
            if (m := statistics.median(run[task] for run in results[t])) < GOAL]


def write(text):
    with open(PAGE, encoding="utf-8") as page:
        before, rest = page.read().split(BEGIN)
    after = rest.split(END)[1]
    with open(PAGE + ".part", "w", encoding="utf-8") as out:
        out.write(f"{before}{BEGIN}\n{text}\n{END}{after}")
    os.rename(PAGE + ".part", PAGE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=lambda s: [int(t) for t in s.split(",")], default=[1, 2])
    parser.add_argument("--only", default="", help="tasks whose name begins so; the page is left alone then")
    parser.add_argument("--keep")
    parser.add_argument("--from", dest="kept")
    options = parser.parse_args()
    if options.kept:
        with open(options.kept) as file:
            results = json.load(file)
    else:
        results = rounds_of(options)
    if options.keep:
        with open(options.keep, "w") as out:
            json.dump(results, out)
    text = table(results)
    print(text)
    if not options.only:
        write(text)
    if missed := below(results):
        sys.exit(f"below {GOAL}: " + "; ".join(missed))


if __name__ == "__main__":
    main()
