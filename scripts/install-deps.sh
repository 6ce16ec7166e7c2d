#!/usr/bin/env bash
# Installs the Debian packages that mjirl needs, only those that are missing: when all are there,
# nothing is touched and neither network nor root is needed.
#
#   scripts/install-deps.sh           to build and to run
#   scripts/install-deps.sh --tests   for scripts/test.sh as well
#   scripts/install-deps.sh --ci      for .ci/run as well
set -euo pipefail

build="gcc libc6-dev cmake ninja-build pkg-config python3 python3-pip ca-certificates
  libglfw3-dev libegl-dev libgl-dev libopenblas-pthread-dev libcjson-dev libhdf5-dev libpng-dev zlib1g-dev
  libgl1-mesa-dri libegl-mesa0 libglx-mesa0"
tests="g++ python3-venv xvfb xauth xdotool ffmpeg"
ci="clang-format git"

fail() {
  echo "install-deps.sh: $1" >&2
  exit 1
}

case "${1:-}" in
  "") packages=$build ;;
  --tests) packages="$build $tests" ;;
  --ci) packages="$build $tests $ci" ;;
  *) fail "unknown option '$1'; use --tests, --ci, or nothing" ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  fail "this is not Debian or Ubuntu (no apt-get); install by hand what README.md lists under Requirements"
fi

missing=()
for package in $packages; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

# Root needs no sudo; for anyone else it may ask for a password, but only on a terminal.
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  remedy="ask an administrator for: apt-get install --no-install-recommends ${missing[*]}"
  command -v sudo >/dev/null || fail "neither root nor sudo; $remedy"
  as_root=(sudo)
  [ -t 0 ] || as_root=(sudo -n)
  "${as_root[@]}" true || fail "sudo was refused; $remedy"
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive)

echo "Installing Debian packages: ${missing[*]}"
# A stale list of packages is no reason to stop; what comes of it is told by the installation.
"${as_root[@]}" apt-get update -qq || true
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
  fail "apt-get could not install ${missing[*]}; its own message stands above"
