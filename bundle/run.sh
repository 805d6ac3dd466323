#!/usr/bin/env bash
# Ottava on a machine that has a CUDA driver and CUDA 13's libraries, but no Java:
#   run.sh test [--device cuda|simt|cpu] [--no-sanitizer] [JUNIT OPTION...]   the contract of every operation and the golden traces; for cpu all tests that need no compiler
#       on cuda then under compute-sanitizer, each tool for at most $SANITIZER_SECONDS, 300 unless set
#   run.sh judge [--device cuda|cpu]                                           models written and read by transformers, where python3 has it
#   run.sh doctor|conformance|bench|train|... [OPTION...]                      the ottava command of that name
# What was printed, and the raw lines and the report of bench unless it is told where they go, are in ottava-results-TIME.tar.gz in $OUT, or else in the current folder.
# Nothing is written elsewhere, save a folder for temporary files.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd -P)
results=${OUT:-$PWD}

fail() {
    echo "run.sh: $1" >&2
    exit 2
}

# A folder for temporary files, from which libraries can be loaded.
scratch=
for folder in "${TMPDIR:-/tmp}" /var/tmp /dev/shm "$results"; do
    scratch=$(mktemp -d "$folder/ottava.XXXXXX" 2>/dev/null) || continue
    printf '#!/bin/sh\n' >"$scratch/program" && chmod +x "$scratch/program" && "$scratch/program" 2>/dev/null && break
    rm -rf "$scratch"
    scratch=
done
[[ -n $scratch ]] || fail "no temporary folder that programs can be run from: set TMPDIR to one"
trap 'rm -rf "$scratch"' EXIT
[[ -w $results ]] || fail "$results cannot be written to: set OUT to a folder for the results"
log=$scratch/results/ottava-results
mkdir -p "$log" "$scratch/lib" "$scratch/folder/src/test"

# Folders that may hold libraries of CUDA, each once: those the caller names, toolkits, and the pip packages of a Python environment.
folders() {
    {
        tr ':' '\n' <<<"${LD_LIBRARY_PATH-}"
        printf '%s\n' "${CUDA_HOME:+$CUDA_HOME/lib64}" /usr/local/cuda/lib64 /usr/local/cuda*/lib64 /usr/local/cuda*/targets/x86_64-linux/lib \
            /opt/cuda/lib64 "${CONDA_PREFIX:+$CONDA_PREFIX/lib}"
        for python in python3 "${VIRTUAL_ENV-}"/bin/python3; do
            command -v "$python" >/dev/null && "$python" -c 'import sys; print("\n".join(sys.path))' 2>/dev/null
        done | while read -r site; do
            [[ -d $site/nvidia ]] && printf '%s\n' "$site"/nvidia/*/lib
        done
        printf '%s\n' /usr/local/nvidia/lib64 /usr/local/nvidia/lib /usr/lib/wsl/lib /usr/lib/x86_64-linux-gnu /usr/lib64
    } | while read -r folder; do
        [[ $folder == /* && -d $folder ]] && echo "$folder"
    done | awk '!seen[$0]++'
}

# Prints where each library is, and puts its folder on LD_LIBRARY_PATH unless the linker knows it.
find_libraries() {
    local searched known library folder found path=
    searched=$(folders)
    known=$(/sbin/ldconfig -p 2>/dev/null || true)
    for library in libcuda.so.1 libcudart.so.13 libcublasLt.so.13 libcublas.so.13 libcudnn.so.9; do
        found=
        while read -r folder; do
            [[ -e $folder/$library ]] && found=$folder && break
        done <<<"$searched"
        if [[ -n $found ]]; then
            echo "$library: $found"
            [[ ":$path:" == *":$found:"* ]] || path=$path:$found
        elif grep -q "$library " <<<"$known"; then
            echo "$library: known to the dynamic linker"
        else
            case $library in
                libcuda.so.1) echo "$library: missing, so that there is no cuda device; NVIDIA's driver brings it" ;;
                libcudnn*) echo "$library: missing, so that Ottava's own kernel attends, compared with none; pip install nvidia-cudnn-cu13" ;;
                libcudart*) echo "$library: missing, so that Ottava's own kernel multiplies; pip install nvidia-cuda-runtime, or install CUDA 13" ;;
                *) echo "$library: missing, so that Ottava's own kernel multiplies; pip install nvidia-cublas, or install CUDA 13" ;;
            esac
        fi
    done
    echo "searched: the dynamic linker's own folders, $(paste -sd ' ' <<<"$searched")"
    # Libraries that every C++ program needs, where the machine has none.
    for library in "$here"/system/*; do
        grep -q "$(basename "$library") " <<<"$known" || ln -s "$library" "$scratch/lib/"
    done
    export LD_LIBRARY_PATH=${path#:}:$scratch/lib
}

java_options=(-Xmx1g -XX:+UseSerialGC -XX:-UsePerfData "-Djava.io.tmpdir=$scratch" "-Duser.home=$scratch"
    "-Dorg.bytedeco.javacpp.cachedir=$scratch/javacpp")
export JAVA_HOME=$here/java RUST_FLAVOR=cpu DJL_CACHE_DIR=$scratch/djl GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-1000}
class_path=$here/test-classes:$here/target/dist/lib/*:$here/junit/*

ottava() {
    "$here/bin/ottava" "${java_options[@]:2}" "$@"
}

# Tests find the golden models where they are in the source tree.
junit() { # [PROGRAM OPTION...] -- JUNIT OPTION...
    local before=()
    while [[ $1 != -- ]]; do
        before+=("$1")
        shift
    done
    shift
    ln -sfn "$here/test-classes" "$scratch/folder/src/test/resources"
    (cd "$scratch/folder" && "${before[@]}" "$JAVA_HOME/bin/java" "${java_options[@]}" "${properties[@]}" -cp "$class_path" \
        org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors --details-theme=ascii "$@")
}

compute_sanitizer() {
    local program
    for program in compute-sanitizer "${CUDA_HOME:-/usr/local/cuda}"/bin/compute-sanitizer /usr/local/cuda*/bin/compute-sanitizer \
        /usr/local/cuda*/compute-sanitizer/compute-sanitizer; do
        command -v "$program" && return
    done
}

test_all() {
    local device=cuda sanitizer=yes status=0 program tool
    local options=()
    while (($#)); do
        case $1 in
            --device) device=${2-} && shift ;;
            --device=*) device=${1#*=} ;;
            --no-sanitizer) sanitizer=no ;;
            *) options+=("$1") ;;
        esac
        shift
    done
    case $device in
        cuda) properties=(-Dottava.gpu=required -Dottava.devices=cuda) ;;
        cpu | simt) properties=("-Dottava.devices=$device") ;;
        *) fail "--device $device: cuda, simt or cpu" ;;
    esac
    local selected=("--scan-class-path=$here/test-classes" --include-engine=junit-jupiter --exclude-tag=build --exclude-tag=long)
    local contracts=() traces=()
    if [[ $device != cpu && "${options[*]}" != *--include-classname* ]]; then
        contracts=("--include-classname=.*ContractTest")
        traces=("--include-classname=.*GoldenTracesTest")
    fi
    junit -- "${selected[@]}" "${contracts[@]}" "${traces[@]}" "${options[@]}" || status=1
    [[ $device == cuda && $sanitizer == yes ]] || return $status
    program=$(compute_sanitizer) || true
    if [[ -z $program ]]; then
        echo "compute-sanitizer is not on this machine: nothing was run under it"
        return $status
    fi
    for tool in memcheck racecheck synccheck; do
        echo "== compute-sanitizer --tool $tool"
        junit timeout "${SANITIZER_SECONDS:-300}" "$program" --tool "$tool" --error-exitcode 3 --log-file "$log/$tool.log" -- \
            "${selected[@]}" "${contracts[@]}" --details=summary "${options[@]}"
        case $? in
            0) ;;
            124) echo "$tool: stopped after ${SANITIZER_SECONDS:-300} s; what ran until then is in $tool.log" ;;
            *) status=1 ;;
        esac
        tail -n 3 "$log/$tool.log"
    done
    return $status
}

judge() {
    local device=cuda
    case ${1-} in
        --device) device=${2-} ;;
        --device=*) device=${1#*=} ;;
        ?*) fail "judge takes --device cuda or --device cpu" ;;
    esac
    python3 -c 'import torch, transformers, safetensors' || fail "judge takes a python3 with torch, transformers and safetensors"
    python3 -B "$here/judge.py" "$device" "$JAVA_HOME/bin/java" "${java_options[@]}" -cp "$class_path" dev.ottava.hub.JudgedModel
}

# Leaves its raw lines and the report with the results, unless it is told where they go or measures nothing.
bench() {
    local option
    for option; do
        case ${option%%=*} in
            --output | --html | --from | --compare | --table | -h | --help)
                ottava bench "$@"
                return
                ;;
        esac
    done
    ottava bench "$@" --output "$log/bench.jsonl" --html "$log/bench.html"
}

((${#})) || fail "say what to run: test, judge, or a command of ottava such as doctor; the first lines of this file say more"
command=$1
shift
status=0
{
    find_libraries
    case $command in
        test) test_all "$@" ;;
        judge) judge "$@" ;;
        bench) bench "$@" ;;
        *) ottava "$command" "$@" ;;
    esac
} > >(tee "$log/$command.log") 2>&1 || status=$?
wait $! 2>/dev/null # until tee has written everything
{ nvidia-smi || true; } >"$log/nvidia-smi.log" 2>&1
archive=$results/ottava-results-$(date -u +%Y%m%dT%H%M%SZ).tar.gz
tar -C "$scratch/results" -czf "$archive" ottava-results || fail "the results could not be written to $archive"
echo "results: $archive"
exit $status
