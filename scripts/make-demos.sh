#!/usr/bin/env bash
# Makes the bundled demonstrations in demos/data again, with the release build's program. The bytes are
# those in the repository on the same CPU family and library versions; elsewhere the last bits of the
# floating point numbers may differ.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mjirl=${MJIRL:-build/release/cli/mjirl}

# make TASK EPISODES: stochastic episodes of the best policies that `expert` finds, seed 0.
make() {
  rm -rf "demos/data/$1"
  "$mjirl" expert "$1" --out "demos/data/$1" -n "$2" --seed 0
}

make reacher 40
make point_mass 20
make lq_point_mass 20
