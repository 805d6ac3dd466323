#!/usr/bin/env bash
# Builds libottava.a, which JavaCPP links into the JNI library: build.sh BUILD_FOLDER ONEDNN_INCLUDE_FOLDER
# Prints nothing unless something is wrong.
set -euo pipefail
log="${1%/}.log"
{
  cmake -S "$(dirname "$0")" -B "$1" -DCMAKE_BUILD_TYPE=Release -DONEDNN_INCLUDE="$2" &&
    cmake --build "$1" --parallel "$(nproc)"
} >"$log" 2>&1 || {
  cat "$log" >&2
  exit 1
}
