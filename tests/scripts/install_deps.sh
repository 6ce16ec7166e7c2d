#!/usr/bin/env bash
# scripts/install-deps.sh on machines that are forged with a PATH of stand-ins: what it installs, and
# what it says where it cannot.
set -uo pipefail
work=$MJIRL_TEST_DIR/install_deps
rm -rf "$work"
mkdir -p "$work"
failed=0

# stand_in NAME BODY: a program in the forged PATH.
stand_in() {
  printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

# machine USER_ID MISSING...: a forged Debian on which only these packages are missing.
machine() {
  rm -rf "${work:?}/bin" "$work/calls"
  mkdir -p "$work/bin"
  for program in bash env true; do
    ln -s "$(type -P $program)" "$work/bin/$program"
  done
  stand_in id "echo $1"
  shift
  stand_in dpkg-query "
    for missing in $*; do
      [ \"\${@: -1}\" != \"\$missing\" ] || exit 1
    done
    echo 'install ok installed'"
  stand_in apt-get "echo \"apt-get \$*\" >>'$work/calls'"
}

# run ARGUMENTS...: output to $out, exit code to $code, what apt-get was asked to $calls.
run() {
  out=$(PATH=$work/bin bash "$MJIRL_SOURCE/scripts/install-deps.sh" "$@" 2>&1 </dev/null)
  code=$?
  calls=$(cat "$work/calls" 2>/dev/null)
}

check() {  # check CASE CODE OUTPUT_PART CALLS_PART
  if [ "$code" -eq "$2" ] && [[ "$out" == *"$3"* ]] && [[ "$calls" == *"$4"* ]]; then
    echo "ok   $1"
  else
    printf 'FAIL %s\n  code %s\n  output %s\n  calls %s\n' "$1" "$code" "$out" "$calls"
    failed=1
  fi
}

machine 1000
run
check "all is there: no root needed" 0 "" ""
[ -z "$out$calls" ] || { echo "FAIL: not silent: $out $calls"; failed=1; }

machine 0 libcjson-dev libhdf5-dev
run
check "root installs what is missing" 0 "libcjson-dev libhdf5-dev" \
  "install -y -qq --no-install-recommends libcjson-dev libhdf5-dev"
[[ "$calls" != *cmake* ]] || { echo "FAIL: installs what is there: $calls"; failed=1; }

machine 0 xvfb
run
check "packages of the tests are left out" 0 "" ""
run --tests
check "packages of the tests are asked for" 0 "xvfb" "install -y -qq --no-install-recommends xvfb"

machine 1000 libcjson-dev
run
check "neither root nor sudo" 1 "neither root nor sudo; ask an administrator for: apt-get install" ""

stand_in sudo 'exit 1'
run
check "sudo refuses" 1 "sudo was refused; ask an administrator" ""

# shellcheck disable=SC2016  # the stand-in expands it
stand_in sudo '[ "$1" != -n ] || shift; exec "$@"'
run
check "sudo serves" 0 "libcjson-dev" "install -y -qq --no-install-recommends libcjson-dev"

machine 0 libcjson-dev
stand_in apt-get 'exit 100'
run
check "apt-get fails" 1 "apt-get could not install libcjson-dev" ""

machine 0
rm "$work/bin/apt-get"
run
check "not Debian" 1 "this is not Debian or Ubuntu" ""

machine 0
run --everything
check "unknown option" 1 "unknown option '--everything'; use --tests, --ci, or nothing" ""

exit $failed
