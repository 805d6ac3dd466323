#!/usr/bin/env bash
# Compiles one source of kernels for one architecture: compile-kernels.sh NVCC SOURCE ARCHITECTURE IMAGE
# sm_*: a cubin; compute_*: PTX. Beside IMAGE lie IMAGE.d (what it depends on), IMAGE.seconds (of processor time) and, of a cubin,
# IMAGE.rows: what ptxas says of each kernel. Fails on any warning, and when a kernel spills registers, keeps arrays in local memory, or
# ptxas serialises its wgmma or ignores its setmaxnreg (C7508, C7510, C7520 and others: a potential performance loss, it says).
set -euo pipefail
nvcc=$1 source=$2 architecture=$3 image=$4
folder=$(dirname "$source")
log=$image.log
case $architecture in
  sm_*) kind=(-cubin -Xptxas -v,-warn-spills,-warn-lmem-usage) ;;
  *) kind=(-ptx) ;;
esac
TIMEFORMAT="%U %S"
{ time "$nvcc" -std=c++17 -O3 -I"$folder/.." -Werror all-warnings -arch="$architecture" "${kind[@]}" -MD -MF "$image.d" -MT "$image" \
  -o "$image.new" "$source" >"$log" 2>&1; } 2>"$image.seconds" || { cat "$log" >&2; exit 1; }
if grep -F 'Potential Performance Loss' "$log" >&2; then exit 1; fi

awk -v family="$(basename "$folder")" '
  /Compiling entry function/ { split($0, quoted, "\047"); kernel = quoted[2]; arch = quoted[4]; spills = stack = 0 }
  /Function properties/ { entry = $NF == kernel }
  /spill stores/ { spills += $5 + $9; stack += $1 }
  /Used [0-9]+ registers/ {
    shared = 0
    for (i = 1; i <= NF; i++) if ($i == "smem," || $i == "smem") shared = $(i - 2)
    printf "%-12s %-42s %-7s %9d %7d %7d %6d\n", family, kernel, arch, $5, shared, stack, spills
    if (stack > 0 || spills > 0) {
      printf "%s on %s: %d bytes of stack, %d bytes of spills\n", kernel, arch, stack, spills >"/dev/stderr"
      bad = 1
    }
  }
  END { exit bad }' "$log" >"$image.rows"
mv "$image.new" "$image"
