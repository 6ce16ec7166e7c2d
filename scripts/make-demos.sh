#!/usr/bin/env bash
# Makes sets of demonstrations like those in demos/data, with the release build's program and its
# present search. The bundled ones are of earlier searches and stay, for results are measured on them.
#
# usage: scripts/make-demos.sh DIR
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: scripts/make-demos.sh DIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mjirl=${MJIRL:-build/release/cli/mjirl}

# make TASK EPISODES: stochastic episodes of the best policies that `expert` finds, seed 0.
make() {
  "$mjirl" expert "$1" --out "$out/$1" -n "$2" --seed 0
}

make reacher 40
make point_mass 20
make lq_point_mass 20
make peg 40
