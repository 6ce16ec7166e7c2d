#!/usr/bin/env bash
# Builds everything with warnings as errors and runs all tests: the C tests by ctest, then the Python
# tests by pytest. Installs what they need. The last line is '<n> passed, <n> failed'.
#
#   scripts/test.sh [--preset asan]   another preset of CMakePresets.json, C tests only
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=release
python=yes
if [ "${1:-}" = --preset ] && [ $# -eq 2 ]; then
  preset=$2
  python=no
elif [ $# -gt 0 ]; then
  echo "test.sh: unknown arguments '$*'; use --preset <name>, or nothing" >&2
  exit 2
fi
build=build/test-$preset
# Whatever stops this script before the count, a count is its last line.
trap 'echo "0 passed, 1 failed"' EXIT

scripts/install-deps.sh --tests

cmake --preset "$preset" -B "$build" -DMJIRL_WERROR=ON
cmake --build "$build"

# The environment of the Python tests, made again whenever its list changes.
venv=build/venv
if [ $python = yes ] && ! cmp -s tests/python/requirements.txt $venv/requirements.txt; then
  rm -rf $venv
  python3 -m venv $venv
  $venv/bin/python -m pip install --quiet -r tests/python/requirements.txt
  cp tests/python/requirements.txt $venv/requirements.txt
fi

reports=$build/reports
rm -rf "$reports"
mkdir -p "$reports"
status=0
expected=("$reports/ctest.xml")
ctest --test-dir "$build" --output-on-failure --parallel 2 --no-tests=error \
  --output-junit "$PWD/$reports/ctest.xml" || status=1
if [ $python = yes ]; then
  expected+=("$reports/pytest.xml")
  MJIRL=$PWD/$build/cli/mjirl MJIRL_BUILD=$PWD/$build $venv/bin/python -m pytest tests/python -q -rs \
    --junitxml "$reports/pytest.xml" || status=1
fi

trap - EXIT
python3 - "${expected[@]}" <<'PYTHON' || status=1
import os, sys
import xml.etree.ElementTree as tree

passed = failed = skipped = 0
for path in sys.argv[1:]:
    if not os.path.exists(path):  # the runner itself broke down
        failed += 1
        continue
    for case in tree.parse(path).iter("testcase"):
        if case.find("skipped") is not None:
            skipped += 1
        elif case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        else:
            passed += 1
if skipped:
    print(f"{skipped} skipped")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed == 0)
PYTHON
exit $status
