#!/usr/bin/env bash
# Installs this build, moves the installation elsewhere, and builds and runs fresh projects on it, by
# find_package and by pkg-config; then the installed program itself.
set -euo pipefail
work=$MJIRL_TEST_DIR/install
rm -rf "$work"
mkdir -p "$work"
unset MJIRL_DATA  # an installation finds its own

expect() {  # expect WHAT ACTUAL EXPECTED
  if [ "$2" != "$3" ]; then
    echo "FAIL $1: '$2' instead of '$3'"
    exit 1
  fi
  echo "ok   $1"
}

cmake --install "$MJIRL_BUILD" --config "$1" --prefix "$work/first" >"$work/install.log"
mv "$work/first" "$work/prefix"
lib=$(dirname "$(find "$work/prefix" -name libmjirl.so)")

strangers=$(nm -D --defined-only "$lib/libmjirl.so" | awk '$3 !~ /^irl_/ {print $3}')
expect "only irl_ symbols are shown" "$strangers" ""
expect "headers name each other by <mjirl/...>" \
  "$(grep -rlE '#include "' "$work/prefix/include/mjirl" || true)" ""

flags=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$work/prefix/include")
for header in $(cd "$work/prefix/include" && find mjirl -name '*.h'); do
  echo "#include <$header>" >"$work/header.c"
  cc -std=c11 "${flags[@]}" "$work/header.c"
  c++ -std=c++17 "${flags[@]}" -x c++ "$work/header.c"
done
echo "ok   every header stands alone, in C and in C++"

line="reacher: nx = 10, nu = 2"
cmake -S "$MJIRL_SOURCE/tests/install/consumer" -B "$work/consumer" -G Ninja \
  -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/configure.log"
cmake --build "$work/consumer" >"$work/build.log"
expect "find_package, shared" "$("$work/consumer/consumer")" "$line"
expect "find_package, static" \
  "$(cd "$work/prefix/share" && MJIRL_DATA=$PWD/mjirl "$work/consumer/consumer_static")" "$line"
expect "find_package, with MuJoCo" "$("$work/consumer/consumer_mujoco" | tail -n 1)" "$line"

export PKG_CONFIG_PATH=$lib/pkgconfig
# shellcheck disable=SC2046  # the flags are words
cc -std=c11 -o "$work/by_pkg_config" "$MJIRL_SOURCE/tests/install/consumer/consumer.c" \
  $(pkg-config --cflags --libs mjirl) -Wl,-rpath,"$lib"
expect "pkg-config" "$("$work/by_pkg_config")" "$line"

if [ -x "$work/prefix/bin/mjirl" ]; then
  (cd / && "$work/prefix/bin/mjirl" env list --json) >"$work/list.json"
  expect "the program finds its tasks" "$(grep -c '"reacher"' "$work/list.json")" 1
fi
