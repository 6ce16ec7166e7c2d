#!/usr/bin/env bash
# Who may include what: the arrows of the house, the one room of each outside library, and the
# commands' monopoly on printing and exiting. Prints the lines that break a rule.
set -uo pipefail
cd "$MJIRL_SOURCE" || exit 1
failed=0

# forbid WHAT ROOMS REGEX: no source line in the rooms may match.
forbid() {
  local lines room
  for room in $2; do
    [ -d "$room" ] || continue
    lines=$(grep -rnE --include='*.[ch]' -- "$3" "$room")
    if [ -n "$lines" ]; then
      printf '%s:\n%s\n' "$1" "$lines"
      failed=1
    fi
  done
}

below=""
for room in cli viewer irl demos envs policy base; do
  [ -z "$below" ] || forbid "$room includes a room that stands above it" $room \
    "#include \"($below)/"
  below=${below:+$below|}$room
done
all="base policy envs demos irl viewer cli"
forbid "MuJoCo is not for these rooms" "base policy" '#include <mujoco/'
forbid "GLFW and GL live in viewer" "${all/viewer/}" '#include <(GLFW|GL|EGL|GLES[0-9])/'
forbid "HDF5 lives in demos" "${all/demos/}" '#include <(hdf5|H5[A-Za-z]*)\.h>'
forbid "cJSON lives in base" "${all/base/}" '#include <(cjson/)?cJSON\.h>'
forbid "BLAS lives in base and irl" "policy envs demos viewer cli" '#include <(cblas|openblas[^>]*|f77blas)\.h>'
forbid "only cli prints and exits" "${all/cli/}" \
  '(^|[^a-zA-Z0-9_])(printf|puts|putchar|perror|exit|_exit)\('
forbid "only cli writes to the terminal" "${all/cli/}" '[^a-zA-Z0-9_](stderr|stdout)[^a-zA-Z0-9_]'
forbid "no fast-math" "$all" 'fast-math|-Ofast'
exit $failed
