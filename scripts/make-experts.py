#!/usr/bin/env python3
"""Searches an expert of every bundled task over several seeds and writes the table of docs/experts.md.
Finished searches are kept in runs/experts and not repeated; a stopped one goes on where it was.

usage: scripts/make-experts.py [--tasks hopper,...] [--seeds N] [--threads 0] [--only-write]
                               [--export DIR]
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MJIRL = os.environ.get("MJIRL", os.path.join(ROOT, "build/release/cli/mjirl"))
RUNS = os.environ.get("MJIRL_EXPERTS", os.path.join(ROOT, "runs/experts"))
PAGE = os.path.join(ROOT, "docs/experts.md")
NOT_SEARCHED = {"humanoid", "humanoid_standup"}  # the page says why
SEEDS, MOST_SEEDS = 5, 100  # that are searched; that are looked for to be written


def mjirl(*arguments):
    done = subprocess.run([MJIRL, *arguments, "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"mjirl {' '.join(arguments)}: exit code {done.returncode}")
    return json.loads(done.stdout)


def plan_of(task):
    """The task's own "expert", to tell when a kept search was of another one."""
    with open(os.path.join(ROOT, "envs/tasks", task + ".json")) as file:
        return json.load(file).get("expert", {})


def searched_by(plan):
    """A plan without what is no part of the search."""
    return {key: value for key, value in plan.items() if key != "best_return"}


def search(task, seed, threads):
    """One expert, from its file when it has been found before."""
    folder = os.path.join(RUNS, f"{task}-{seed}")
    result, state = folder + ".json", folder + ".search"
    if not os.path.exists(result):
        shutil.rmtree(folder, ignore_errors=True)
        more = ["--threads", str(threads)] if threads > 0 else []
        if plan_of(task).get("method", "trajectory") != "trajectory":
            more += ["--state", state] + (["--resume"] if os.path.exists(state) else [])
        found = mjirl("expert", task, "--out", folder, "-n", "20", "--seed", str(seed), *more)
        with open(result + ".part", "w") as out:
            json.dump({"plan": plan_of(task), "expert": found}, out)
        os.rename(result + ".part", result)
        print(task, seed, found["method"], found["return_mean"], "+-", found["return_std"],
              f"{seconds_of(found):.0f} s", flush=True)
    with open(result) as file:
        kept = json.load(file)
    if searched_by(kept["plan"]) != searched_by(plan_of(task)):
        print(f"{task} {seed}: found by another plan than the task's own; remove {result}"
              f"{' and ' + state if os.path.exists(state) else ''} to repeat it")
    return kept["expert"]


def number(value, digits=0):
    return f"{value:,.{digits}f}".replace("-", "−")


def digits_of(returns):
    return 0 if max(abs(r) for r in returns) >= 1000 else 1 if max(abs(r) for r in returns) >= 100 else 3


def seconds_of(expert):
    """The processor's, which do not depend on what else the machine does; older files have none."""
    return expert.get("cpu_seconds", expert["wall_seconds"])


def row(task, experts):
    returns = [e["return_mean"] for e in experts]
    d = digits_of(returns)
    best = plan_of(task).get("best_return")
    floor = statistics.mean(e["random_return"] for e in experts)
    share = (statistics.median(returns) - floor) / (best - floor) if best is not None else None
    return (f"| `{task}` | {experts[0]['method'].replace('_', ' ')} | {len(experts)} "
            f"| {statistics.median(e['env_steps'] for e in experts):,.0f} "
            f"| {statistics.median(seconds_of(e) for e in experts):,.0f} "
            f"| {number(statistics.median(returns), d)} | {number(min(returns), d)} "
            f"| {number(max(returns), d)} "
            f"| {number(statistics.median(e['sampled_mean'] for e in experts), d)} "
            f"| {'–' if best is None else number(best, d)} | {'–' if share is None else number(share, 3)} |")


def table(results):
    rows = ["| task | method | seeds | env steps | seconds | return, median | worst | best | demonstrations "
            "| best known | share |", "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    return "\n".join(rows + [row(task, experts) for task, experts in results.items() if experts])


def condition_shares(experts):
    """(return − random)/(best − random) of each seed and condition, best of all seeds."""
    returns = [e["condition_returns"] for e in experts]
    floor = experts[0]["condition_randoms"]  # judged from the same starts for every seed
    best = [max(column) for column in zip(*returns)]
    return best, [[(r - f) / (b - f) for r, f, b in zip(row, floor, best)] for row in returns]


def condition_row(task, experts):
    best, shares = condition_shares(experts)
    worst = [min(row) for row in shares]
    return (f"| `{task}` | {len(experts)} | {', '.join(number(b, 3) for b in best)} "
            f"| {statistics.median(worst):.4f} | {min(worst):.4f} "
            f"| {sum(w >= 0.98 for w in worst)} of {len(experts)} |")


def judged_by_condition(e):
    """Whether an expert's returns are of one condition each: a stationary one's of several are of few starts."""
    return "condition_randoms" in e and (e["method"] == "trajectory" or len(e["condition_returns"]) == 1)


def condition_table(results):
    """Of tasks with several seeds: one alone would be compared with itself."""
    rows = ["| task | seeds | best return of each condition | worst condition's share, median seed | worst seed "
            "| seeds with all at least 0.98 |", "|---|--:|---|--:|--:|--:|"]
    kept = {task: [e for e in experts if judged_by_condition(e)] for task, experts in results.items()}
    return "\n".join(rows + [condition_row(task, experts) for task, experts in kept.items() if len(experts) > 1])


def seed_row(task, experts):
    worst = [min(row) for row in condition_shares(experts)[1]]
    return f"| `{task}` | {', '.join(number(w, 3) for w in worst)} |"


def seed_table(results):
    """The worst condition's share of each seed of the tasks in condition_table, in the order of seeds."""
    rows = ["| task | share of each seed |", "|---|---|"]
    kept = {task: [e for e in experts if judged_by_condition(e)] for task, experts in results.items()}
    return "\n".join(rows + [seed_row(task, experts) for task, experts in kept.items() if len(experts) > 1])


def replace(path, name, text):
    """Puts a table between its two marks in a page; rows of tasks that it does not have stay."""
    with open(path) as file:
        page = file.read()
    begin, end = f"<!-- table:{name} -->\n", "<!-- /table -->"
    head, rest = page.split(begin, 1)
    old = [line for line in rest.split(end, 1)[0].splitlines() if line.startswith("| `")]
    text = "\n".join([text] + [line for line in old if line[:line.index("` |") + 1] not in text])
    with open(path, "w") as file:
        file.write(head + begin + text + "\n" + end + rest.split(end, 1)[1])


def collect(tasks, seeds, threads, only_write):
    results = {task: [] for task in tasks}
    for seed in range(seeds):  # one seed of all before the second of any
        for task in tasks:
            done = os.path.exists(os.path.join(RUNS, f"{task}-{seed}.json"))
            if done or not only_write:
                results[task].append(search(task, seed, threads))
    return results


def export(results, folder):
    """The policy of each task's best seed, a few kB."""
    os.makedirs(folder, exist_ok=True)
    for task, experts in results.items():
        returns = [e["return_mean"] for e in experts]
        if returns and experts[0]["method"] != "trajectory":
            seed = returns.index(max(returns))
            shutil.copyfile(os.path.join(RUNS, f"{task}-{seed}", "policy.safetensors"),
                            os.path.join(folder, task + ".safetensors"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    tasks = sorted(f[:-5] for f in os.listdir(os.path.join(ROOT, "envs/tasks")) if f.endswith(".json"))
    parser.add_argument("--tasks", default=",".join(t for t in tasks if t not in NOT_SEARCHED))
    parser.add_argument("--seeds", type=int, help=f"{SEEDS}; with --only-write all there are")
    parser.add_argument("--threads", type=int, default=0, help="of each search; 0: all")
    parser.add_argument("--only-write", action="store_true", help="no searches, only the table")
    parser.add_argument("--export", metavar="DIR", help="copy the best stationary policies there")
    options = parser.parse_args()
    os.makedirs(RUNS, exist_ok=True)
    seeds = options.seeds or (MOST_SEEDS if options.only_write else SEEDS)
    results = collect(options.tasks.split(","), seeds, options.threads, options.only_write)
    if options.only_write:
        replace(PAGE, "experts", table(results))
        replace(PAGE, "conditions", condition_table(results))
        replace(PAGE, "seeds", seed_table(results))
    else:
        print(table(results))
        print(condition_table(results))
        print(seed_table(results))
    if options.export:
        export(results, options.export)


if __name__ == "__main__":
    main()
