#!/usr/bin/env bash
# From a fresh checkout to a learned cost: installs what is missing, builds, trains on the bundled
# reacher demonstrations, says how good the result is, and shows it in the viewer, or in a picture
# (and a film, when ffmpeg is there) where there is no display. Run again, it does only what is not
# done yet; delete runs/quickstart to train anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/release
run=runs/quickstart
mjirl=$build/cli/mjirl

say() {
  printf '\n== %s\n' "$*"
}

# quietly LOG COMMAND...: the command's output goes to the log; what matters is shown if it fails.
quietly() {
  local log=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    sed -n '/CMake Error/,/^Call Stack/{/^Call Stack/!p}' "$log" >&2
    grep -q 'CMake Error' "$log" || tail -n 40 "$log" >&2
    echo "quickstart.sh: '$*' failed; the whole log is $log" >&2
    exit 1
  fi
}

# True when the run came to its end; one that was stopped has a shorter report.
finished() {
  python3 - $run 2>/dev/null <<'PYTHON'
import json, sys

done = json.load(open(sys.argv[1] + "/report.json"))["iterations"]
asked = json.load(open(sys.argv[1] + "/config.json"))["config"]["iterations"]
sys.exit(done < asked)
PYTHON
}

scripts/install-deps.sh

say "Building $mjirl"
mkdir -p build
[ -f $build/build.ninja ] || quietly build/quickstart-configure.log cmake --preset release
quietly build/quickstart-build.log cmake --build $build --target mjirl

if finished; then
  say "Trained before: $run"
else
  say "Training on demos/data/reacher, into $run"
  resume=()
  [ ! -f $run/config.json ] || resume=(--resume)
  "$mjirl" train --task reacher --demos demos/data/reacher --out $run "${resume[@]}"
  if ! finished; then
    echo "Stopped before the end; run quickstart.sh again to go on."
    exit 1
  fi
fi

"$mjirl" eval $run --json >build/quickstart-eval.json
python3 - build/quickstart-eval.json <<'PYTHON'
import json, sys

result = json.load(open(sys.argv[1]))
print(f"\nNormalised return: {result['normalized_return']:.3f}"
      f"   (1 is the expert, {result['expert_return']:.2f};"
      f" 0 the better of no and random actions, {result['random_return']:.2f})")
PYTHON

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  say "The viewer shows expert, initial and learned rollouts, coloured by the learned cost"
  "$mjirl" replay $run && exit 0
  echo "The window could not be opened; drawing without one." >&2
fi

# draw FILE: the picture or film, unless it is there already and not older than the run.
draw() {
  [ "$1" -nt $run/report.json ] || "$mjirl" replay $run --chart --offscreen "$1" >/dev/null
  echo "  $PWD/$1"
}

say "Expert, initial and learned rollouts, coloured by the learned cost"
draw $run/rollouts.png
if command -v ffmpeg >/dev/null; then
  draw $run/rollouts.mp4
fi
