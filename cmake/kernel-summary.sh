#!/usr/bin/env bash
# What was compiled: kernel-summary.sh NVCC_VERSION IMAGE ... writes summary.txt, a line, and resources.txt, a table, beside the images.
set -euo pipefail
version=$1
shift
cd "$(dirname "$1")"
images=("${@##*/}")
cat "${images[@]/%/.seconds}" | awk -v images=$# -v bytes="$(cat "${images[@]}" | wc -c)" \
  '{ total += $1 + $2 } END { printf "CUDA kernels: %.0f s of nvcc, %d images, %.1f MB\n", total, images, bytes / 1e6 }' >summary.txt
{
  echo "# nvcc $version"
  printf "%-12s %-42s %-7s %9s %7s %7s %6s\n" "# family" kernel arch registers shared stack spills
  cat "${images[@]/%/.rows}" | LC_ALL=C sort
} >resources.txt
