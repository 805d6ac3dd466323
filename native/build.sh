#!/usr/bin/env bash
# Builds libottava.a, which JavaCPP links into the JNI library: build.sh BUILD_FOLDER ONEDNN_INCLUDE_FOLDER LIBRARY_FOLDER [CMAKE_OPTION...]
# LIBRARY_FOLDER gets GCC's OpenMP. Prints nothing unless something is wrong.
set -euo pipefail
build=${1%/} onednn=$2 libraries=$3
shift 3
mkdir -p "$build"
{
  cmake -S "$(dirname "$0")" -B "$build" -DCMAKE_BUILD_TYPE=Release -DONEDNN_INCLUDE="$onednn" -DOTTAVA_LIBRARIES="$libraries" "$@" &&
    cmake --build "$build" --parallel "$(nproc)"
} >"$build.log" 2>&1 || {
  cat "$build.log" >&2
  exit 1
}
