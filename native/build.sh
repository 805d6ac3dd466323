#!/usr/bin/env bash
# Builds libottava.a, which JavaCPP links into the JNI library: build.sh BUILD_FOLDER ONEDNN_INCLUDE_FOLDER NATIVES_FOLDER [CMAKE_OPTION...]
# Puts GCC's OpenMP beside where the JNI library will be, as not every machine has it. Prints nothing unless something is wrong.
set -euo pipefail
build=${1%/} onednn=$2 natives=$3
shift 3
mkdir -p "$natives" "$build"
{
  cmake -S "$(dirname "$0")" -B "$build" -DCMAKE_BUILD_TYPE=Release -DONEDNN_INCLUDE="$onednn" "$@" &&
    cmake --build "$build" --parallel "$(nproc)" &&
    compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[^=]*=//p' "$build/CMakeCache.txt") &&
    openmp=$("$compiler" -print-file-name=libgomp.so.1) &&
    if [[ -f $openmp ]]; then install -m 755 "$openmp" "$natives/"; fi
} >"$build.log" 2>&1 || {
  cat "$build.log" >&2
  exit 1
}
