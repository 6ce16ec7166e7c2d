#!/usr/bin/env python3
"""Trains and judges every algorithm on every task over several seeds, and gcl on demonstrations of
several qualities and in changed worlds; writes the tables of docs/results.md and of the README, and
the curves of docs/images. Finished runs are kept in runs/results (or MJIRL_RESULTS) and not repeated;
several such commands may run at once on different tasks. Rows of algorithms that are not asked for,
or have no finished runs with --only-write, stay as they are on the page.

usage: scripts/make-results.py [--seeds 5] [--tasks reacher,...] [--algos gcl,...]
                               [--parts algorithms,qualities,transfer,curves] [--only-write]
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MJIRL = os.environ.get("MJIRL", os.path.join(ROOT, "build/release/cli/mjirl"))
RUNS = os.environ.get("MJIRL_RESULTS", os.path.join(ROOT, "runs/results"))
PAGE = os.path.join(ROOT, "docs/results.md")
TASKS = ["reacher", "point_mass", "lq_point_mass", "peg", "inverted_pendulum", "hopper",
         "half_cheetah", "walker2d", "swimmer"]
PARTS = ["algorithms", "qualities", "transfer", "curves"]
ALGOS = ["gcl", "gcl-q", "gan-gcl", "ebm", "maxent", "airl", "gail", "bc"]
# Robots that walk for 1000 steps: a run takes a minute of processor time, optimising its cost again
# minutes (millions of control steps). How many seeds of which algorithms, and of how many of gcl's
# the cost is optimised again.
WALKING = {
    "hopper": ({"gcl": 3, "gan-gcl": 1, "airl": 1, "bc": 1}, 0),
    "half_cheetah": ({"gcl": 3, "gan-gcl": 1, "airl": 1, "bc": 1}, 1),
    "walker2d": ({"gcl": 2, "bc": 1}, 0),
    "swimmer": ({"gcl": 2, "bc": 1}, 1),
}
COLUMNS = [  # key of eval, heading, whether more is better
    ("normalized_return", "normalised return", True),
    ("reoptimized_normalized_return", "re-optimised", True),
    ("spearman", "Spearman", True),
    ("pearson", "Pearson", True),
    ("epic", "EPIC", False),
    ("dard", "DARD", False),
]
# Demonstrations of reacher: name, what they are, which of the dataset, the expert's temperature.
QUALITIES = [
    ("1", "1 a condition", "episode<4", None),
    ("2", "2 a condition", "episode<8", None),
    ("3", "3 a condition", "episode<12", None),
    ("5", "5 a condition", "episode<20", None),
    ("10", "10 a condition (bundled)", None, None),
    ("warm", "10 a condition at 10 times the temperature", None, 10),
    ("hot", "10 a condition at 100 times the temperature", None, 100),
]
# Changed worlds of reacher: name, what they are, the settings.
TRANSFERS = [
    ("none", "unchanged", ["domain.gravity=1"]),
    ("heavy", "masses × 3", ["domain.mass=3"]),
    ("damped", "joint damping × 4", ["domain.damping=4"]),
    ("weak", "motors at a third of their strength", ["domain.gain=0.33"]),
    ("elbow", "the elbow's motor dead", ['domain.disable={"actuator": "motor1"}']),
]


def mjirl(*arguments):
    done = subprocess.run([MJIRL, *arguments, "--json"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"mjirl {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def once(path, make):
    """The object in a JSON file, which make() gives when it is not there yet."""
    if not os.path.exists(path):
        value = make()
        with open(path + ".new", "w") as out:
            json.dump(value, out)
        os.replace(path + ".new", path)
    with open(path) as file:
        return json.load(file)


def demonstrations(task):
    """The bundled dataset, or one that is made here."""
    bundled = os.path.join(ROOT, "demos/data", task)
    if os.path.exists(bundled):
        return f"demos/data/{task}"
    folder = os.path.join(RUNS, f"demos-{task}")
    if not os.path.exists(folder):
        kept = os.path.join(ROOT, "demos/experts", task + ".safetensors")
        found = ["--policy", kept, "--iterations", "0"] if os.path.exists(kept) else []
        count = "20" if task in WALKING else "40"
        mjirl("expert", task, "--out", folder, "-n", count, *found)
    return folder


def train(folder, task, demos, algo, seed):
    """A trained run in the folder, gone on with where it was broken off."""
    def make():
        resume = ["--resume"] if os.path.exists(os.path.join(folder, "config.json")) else []
        return mjirl("train", "--task", task, "--demos", demos, "--algo", algo, "--seed", str(seed),
                     "--out", folder, *resume)
    return once(folder + ".train.json", make)


def judge(folder, name, *options):
    return once(f"{folder}.{name}.json", lambda: mjirl("eval", folder, "--episodes", "40", *options))


def seeds_of(task, algo, seeds):
    """How many seeds of an algorithm are run on a task, of those asked for."""
    return min(seeds, WALKING[task][0].get(algo, 0)) if task in WALKING else seeds


def again_of(task, algo):
    """How many of them have their cost optimised again."""
    if task not in WALKING:
        return sys.maxsize
    return WALKING[task][1] if algo == "gcl" else 0


def run(task, algo, seed):
    """The figures of one run."""
    folder = os.path.join(RUNS, f"{task}-{algo}-{seed}")
    again = ["--reoptimize"] if algo != "bc" and seed < again_of(task, algo) else []
    result = {"train": train(folder, task, demonstrations(task), algo, seed),
              "eval": judge(folder, "eval", *again)}
    print(task, algo, seed, result["eval"]["normalized_return"],
          result["eval"]["reoptimized_normalized_return"], flush=True)
    return result


def cell(values, more):
    """Median, and the worst in brackets, of the figures that are there, with their number if they
    are not all."""
    of = len(values)
    values = [v for v in values if v is not None]
    if not values:
        return "–"
    worst = min(values) if more else max(values)
    text = f"{statistics.median(values):.3f} ({worst:.3f})"
    if len(values) < of:
        text += f", of {len(values)}"
    return text.replace("-", "−")


def task_table(results, before):
    """A task's table; algorithms without runs here keep their rows of the table before."""
    rows = ["| algorithm | seeds | env steps | " + " | ".join(c[1] for c in COLUMNS) + " |",
            "|---|--:|--:|" + "--:|" * len(COLUMNS)]
    for algo in ALGOS:
        runs = results.get(algo, [])
        if not runs:
            rows += [row for row in before.splitlines() if row.startswith(f"| `{algo}` |")]
        else:
            # Behaviour cloning learns no cost: what its run holds is the untrained network.
            cells = [cell([r["eval"][key] for r in runs], more) if algo != "bc" or i == 0 else "–"
                     for i, (key, _, more) in enumerate(COLUMNS)]
            rows.append(f"| `{algo}` | {len(runs)} | {runs[0]['train']['env_steps']:,} | "
                        + " | ".join(cells) + " |")
    return "\n".join(rows)


# ---------------------------------- Demonstrations of several qualities --------------------------


def heated(task, factor):
    """A bundled task whose expert is factor times as warm, as a file."""
    with open(os.path.join(ROOT, "envs/tasks", task + ".json")) as file:
        text = json.load(file)
    text["temperature"] *= factor
    text["model"] = os.path.join(ROOT, "envs/models", os.path.basename(text["model"]))
    path = os.path.join(RUNS, f"{task}-{factor}.task.json")
    with open(path, "w") as out:
        json.dump(text, out)
    return path


def quality_demos(name, where, heat):
    folder = os.path.join(RUNS, f"demos-reacher-{name}")
    if os.path.exists(folder):
        return folder
    if heat:
        mjirl("expert", heated("reacher", heat), "--out", folder, "-n", "40")
    elif where:
        mjirl("demos", "filter", "demos/data/reacher", "--where", where, "--out", folder)
    else:
        return "demos/data/reacher"
    return folder


def quality_rows(seeds):
    """gcl on each set of demonstrations, judged against the bundled expert's mean return."""
    reference = run("reacher", "gcl", 0)["eval"]
    zero, one = reference["random_return"], reference["expert_return"]
    rows = ["| demonstrations | theirs | seeds | learned | re-optimised | Spearman | EPIC |",
            "|---|--:|--:|--:|--:|--:|--:|"]
    for name, text, where, heat in QUALITIES:
        demos = quality_demos(name, where, heat)
        results = []
        for seed in range(seeds):
            folder = os.path.join(RUNS, f"quality-{name}-{seed}")
            train(folder, "reacher", demos, "gcl", seed)
            results.append(judge(folder, "eval", "--reoptimize"))
            print("quality", name, seed, results[-1]["return_mean"], flush=True)

        def back(r, share):  # a share of this run's own scale, on the bundled expert's
            if share is None:
                return None
            value = r["random_return"] + share * (r["expert_return"] - r["random_return"])
            return (value - zero) / (one - zero)

        cells = [cell([back(r, r["normalized_return"]) for r in results], True),
                 cell([back(r, r["reoptimized_normalized_return"]) for r in results], True),
                 cell([r["spearman"] for r in results], True),
                 cell([r["epic"] for r in results], False)]
        theirs = f"{(results[0]['expert_return'] - zero) / (one - zero):.3f}".replace("-", "−")
        rows.append(f"| {text} | {theirs} | {seeds} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


# ---------------------------------- Changed worlds ------------------------------------------------


def transfer_rows(seeds):
    rows = ["| world | seeds | policy as it is | cost, optimised there | true reward, optimised there |",
            "|---|--:|--:|--:|--:|"]
    for name, text, settings in TRANSFERS:
        options = [word for setting in settings for word in ("--set", setting)]
        results = []
        for seed in range(seeds):
            run("reacher", "gcl", seed)
            folder = os.path.join(RUNS, f"reacher-gcl-{seed}")
            results.append(judge(folder, f"transfer-{name}", *options)["transfer"])
        cells = [cell([r[key] for r in results], True)
                 for key in ("policy_normalized_return", "normalized_return")]
        expert = statistics.median(r["expert_return"] for r in results)
        rows.append(f"| {text} | {seeds} | " + " | ".join(cells)
                    + f" | {expert:.2f} |".replace("-", "−"))
    return "\n".join(rows)


# ---------------------------------- Writing -------------------------------------------------------


def seed_table(runs):
    rows = ["| seed | " + " | ".join(c[1] for c in COLUMNS) + " |", "|--:|" + "--:|" * len(COLUMNS)]
    for seed, r in enumerate(runs):
        rows.append(f"| {seed} | " + " | ".join(f"{r['eval'][c[0]]:.3f}" for c in COLUMNS) + " |")
    return "\n".join(rows)


def split(path, name):
    """A page before, in and after a table, which stands between two marks."""
    with open(path) as file:
        head, rest = file.read().split(f"<!-- table:{name} -->\n", 1)
    table, tail = rest.split("<!-- /table -->", 1)
    return head, table, tail


def replace(path, name, text):
    """Puts a table between its two marks in a page."""
    head, _, tail = split(path, name)
    with open(path, "w") as file:
        file.write(head + f"<!-- table:{name} -->\n" + text + "\n<!-- /table -->" + tail)


def collect(tasks, algos, seeds, only_write):
    results = {}
    for task in tasks:
        for algo in algos:
            for seed in range(seeds_of(task, algo, seeds)):
                done = os.path.exists(os.path.join(RUNS, f"{task}-{algo}-{seed}.eval.json"))
                if done or not only_write:
                    results.setdefault(task, {}).setdefault(algo, []).append(run(task, algo, seed))
    return results


def curves(task, algos):
    """Learning curves of seed 0 of each algorithm that learns a cost."""
    picture = os.path.join(ROOT, "docs/images", f"learning_{task}.png")
    with tempfile.TemporaryDirectory() as folder:  # curves have the names of their folders
        runs = []
        for algo in algos:
            run_folder = os.path.join(RUNS, f"{task}-{algo}-0")
            if algo != "bc" and os.path.exists(run_folder + ".train.json"):
                runs.append(os.path.join(folder, algo))
                os.symlink(os.path.abspath(run_folder), runs[-1])
        if runs:
            mjirl("plot", *runs, "--out", picture, "--light")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--algos", default=",".join(ALGOS))
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--only-write", action="store_true", help="no runs, only the tables")
    options = parser.parse_args()
    os.makedirs(RUNS, exist_ok=True)
    algos = options.algos.split(",")
    parts = options.parts.split(",")
    if "qualities" in parts:
        replace(PAGE, "qualities", quality_rows(options.seeds))
    if "transfer" in parts:
        replace(PAGE, "transfer", transfer_rows(options.seeds))
    if "algorithms" in parts:
        write_algorithms(options, algos)
    if "curves" in parts:
        for task in options.tasks.split(","):
            curves(task, algos)


def write_algorithms(options, algos):
    results = collect(options.tasks.split(","), algos, options.seeds, options.only_write)
    for task, by_algo in results.items():
        replace(PAGE, task, task_table(by_algo, split(PAGE, task)[1]))
    if results.get("reacher", {}).get("gcl"):
        replace(os.path.join(ROOT, "README.md"), "reacher", seed_table(results["reacher"]["gcl"]))


main()
