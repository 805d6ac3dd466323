#!/usr/bin/env bash
# Builds libottava.a, which JavaCPP links into the JNI library: build.sh BUILD_FOLDER ONEDNN_INCLUDE_FOLDER
set -euo pipefail
cmake -S "$(dirname "$0")" -B "$1" -DCMAKE_BUILD_TYPE=Release -DONEDNN_INCLUDE="$2" >"${1%/}.configure.log" 2>&1 || {
  cat "${1%/}.configure.log" >&2
  exit 1
}
cmake --build "$1" --parallel "$(nproc)"
