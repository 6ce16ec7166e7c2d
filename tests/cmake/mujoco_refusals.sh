#!/usr/bin/env bash
# What the search for MuJoCo refuses, each with one sentence that names the remedy. Needs no network:
# every case ends before a download, or finds a forged wheel in its cache.
set -uo pipefail
work=$MJIRL_TEST_DIR/mujoco_refusals
rm -rf "$work"
mkdir -p "$work"
failed=0

# configure ARGUMENTS...: runs cmake on the probe, which sees no installed MuJoCo, with $path for PATH;
# its whole output, on one line, goes to $out.
path=$PATH
configure() {
  rm -rf "$work/build"
  out=$(PATH=$path cmake -S "$MJIRL_SOURCE/tests/cmake/probe" -B "$work/build" -G Ninja \
    -DMJIRL_SOURCE="$MJIRL_SOURCE" -DMJIRL_DOWNLOAD_DIR="$work/downloads" "$@" 2>&1)
  code=$?
  out=$(tr -s ' \n' ' ' <<<"$out")
}

# refused CASE TEXT...: the last configure must have failed with one error that has all the texts.
refused() {
  local name=$1 text verdict=ok
  shift
  if [ "$code" -eq 0 ]; then
    verdict="accepted"
  elif [ "$(grep -o 'CMake Error' <<<"$out" | wc -l)" -ne 1 ]; then
    verdict="more than one error"
  fi
  for text in "$@"; do
    [[ "$out" == *"$text"* ]] || verdict="'$text' is not said"
  done
  echo "$name: $verdict"
  if [ "$verdict" != ok ]; then
    echo "  $out"
    failed=1
  fi
}

# forge_root VERSION_NUMBER TEXT: a folder that looks like that MuJoCo.
forge_root() {
  mkdir -p "$work/root-$2/include/mujoco"
  echo "#define mjVERSION_HEADER $1" >"$work/root-$2/include/mujoco/mujoco.h"
  : >"$work/root-$2/libmujoco.so.$2"
}

wheel=mujoco_core-4.0.1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl
x86_64=(-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=x86_64)
riscv64=(-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=riscv64)

mkdir -p "$work/downloads"
echo "not a wheel" >"$work/downloads/$wheel"
configure "${x86_64[@]}"
refused "wrong checksum" "$wheel: wrong checksum" "should be be28c0c7587347ef" "delete the file"
rm -rf "$work/downloads"

# A PATH with everything the probe needs except Python.
mkdir -p "$work/bin"
for program in cmake ninja cc gcc as ld ar ranlib pkg-config bash tr sed grep; do
  ln -sf "$(command -v $program)" "$work/bin/$program"
done
path=$work/bin
configure "${x86_64[@]}"
refused "no python" "takes pip" "is missing" "apt install python3-pip" "MUJOCO_ROOT"

printf '#!/bin/sh\nexit 1\n' >"$work/bin/python3"
chmod +x "$work/bin/python3"
configure "${x86_64[@]}"
path=$PATH
refused "python without pip" "takes pip" "is missing" "apt install python3-pip"

configure "${riscv64[@]}"
refused "unsupported processor" "no build for Linux on riscv64" "x86_64 and aarch64" "MUJOCO_ROOT"

forge_root 4000000 4.0.0
configure -DMUJOCO_ROOT="$work/root-4.0.0"
refused "MuJoCo 4.0.0" "MuJoCo 4.0.0 is refused" "bug in sparse Jacobians" "4.0.1 or later"

forge_root 3010000 3.10.0
configure -DMUJOCO_ROOT="$work/root-3.10.0"
refused "MuJoCo 3.10.0" "MuJoCo 3.10.0 is older than 4.0" "4.0.1 or later"

forge_root 222 2.2.2
configure -DMUJOCO_ROOT="$work/root-2.2.2"
refused "MuJoCo 2.2.2" "MuJoCo 2.2.2 is older than 4.0"

configure -DMUJOCO_ROOT="$work/nothing"
refused "empty MUJOCO_ROOT" "its version cannot be read" "leave MUJOCO_ROOT out"

forge_root 4000001 4.0.1
rm "$work/root-4.0.1/libmujoco.so.4.0.1"
configure -DMUJOCO_ROOT="$work/root-4.0.1"
refused "MUJOCO_ROOT without a library" "no libmujoco.so.4.0.1"

# An installed one that does not fit is passed over with a word, and the search goes on.
mkdir -p "$work/root-4.0.0/lib"
: >"$work/root-4.0.0/lib/libmujoco.so"
configure "${riscv64[@]}" -DCMAKE_PREFIX_PATH="$work/root-4.0.0"
refused "installed MuJoCo 4.0.0" "left aside: MuJoCo 4.0.0 is refused" "no build for Linux on riscv64"

exit $failed
