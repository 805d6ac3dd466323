#!/usr/bin/env bash
# Compiles every family of src/main/cuda with nvcc for each architecture and writes what ptxas says of each kernel to
# cmake/kernel-resources.txt. Fails when nvcc warns, or when a kernel spills registers or keeps arrays in local memory.
#   cmake/kernel-resources.sh [FAMILY ...]      families other than those named keep their lines
set -euo pipefail
cd "$(dirname "$0")/.."
table=cmake/kernel-resources.txt
command -v nvcc >/dev/null || { echo "nvcc is not on the PATH: the CUDA toolkit is needed to check the kernels for spills" >&2; exit 1; }

families=("$@")
if [ $# -eq 0 ]; then
  families=()
  for source in src/main/cuda/*/kernels.cu; do families+=("$(basename "$(dirname "$source")")"); done
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for family in "${families[@]}"; do
  start=$SECONDS
  nvcc -std=c++17 -O3 -Isrc/main/cuda -Werror all-warnings -Xptxas -v,-warn-spills,-warn-lmem-usage -fatbin -o "$work/fatbin" \
    -gencode arch=compute_80,code=sm_80 -gencode arch=compute_89,code=sm_89 -gencode arch=compute_90a,code=sm_90a \
    "src/main/cuda/$family/kernels.cu" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  if grep -E 'C75(08|10|11)' "$work/log" >&2; then exit 1; fi  # wgmma serialised, or setmaxnreg ignored
  awk -v family="$family" '
    /Compiling entry function/ { split($0, quoted, "\047"); kernel = quoted[2]; arch = quoted[4]; spills = stack = 0 }
    /Function properties/ { entry = $NF == kernel }
    /spill stores/ { spills += $5 + $9; stack += $1 }
    /Used [0-9]+ registers/ {
      shared = 0
      for (i = 1; i <= NF; i++) if ($i == "smem," || $i == "smem") shared = $(i - 2)
      printf "%-12s %-42s %-7s %9d %7d %7d %6d\n", family, kernel, arch, $5, shared, stack, spills
    }' "$work/log" >>"$work/rows"
  echo "$family: $((SECONDS - start)) s of nvcc, $(grep -c "^$family .* sm_80 " "$work/rows") kernels"
done

touch "$table"
{
  printf "%-12s %-42s %-7s %9s %7s %7s %6s\n" "# family" kernel arch registers shared stack spills
  {
    grep -v '^#' "$table" | awk -v named=" ${families[*]} " 'index(named, " " $1 " ") == 0' || true
    cat "$work/rows"
  } | sort
} >"$work/table"
cp "$work/table" "$table"
awk '!/^#/ && ($6 > 0 || $7 > 0) { print $2 " on " $3 ": " $6 " bytes of stack, " $7 " bytes of spills"; bad = 1 } END { exit bad }' "$table" >&2
