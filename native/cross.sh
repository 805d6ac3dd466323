#!/usr/bin/env bash
# Builds the natives of another platform, after `mvn package` built those of this one: cross.sh linux-arm64|windows-x86_64
# The jar target/natives/ottava-VERSION-PLATFORM.jar carries the kernels that this machine's carries: they are the same for every host.
set -euo pipefail
cd "$(dirname "$0")/.."
platform=$1
case $platform in
  linux-arm64)
    options=(-Dnative.compiler=aarch64-linux-gnu-g++ -Dnative.module=dev.ottava.natives.linux.arm64)
    ;;
  windows-x86_64)
    options=(-Dnative.compiler=x86_64-w64-mingw32-g++-posix -Dnative.module=dev.ottava.natives.windows.x86_64
      -Dnative.properties=windows-x86_64-mingw -Dnative.link=-static -Dnative.option=-w) # of the generated code, which meets the jni.h of Linux
    ;;
  *)
    echo "ottava: natives are built for linux-arm64 and windows-x86_64, not for $platform" >&2
    exit 2
    ;;
esac
onednn=$(echo "$PWD"/target/onednn/org/bytedeco/dnnl/*/include) # its C headers are the same everywhere
[[ -d $onednn ]] || { echo "ottava: there is nothing built: run make first" >&2; exit 2; }
output=$PWD/target/native/dev/ottava/binding/$platform
bash native/build.sh "$PWD/target/natives/$platform" "$onednn" "$output" \
  -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/$platform.cmake" -DOTTAVA_KERNEL_IMAGES="$PWD/target/native-build/cuda"
${MAVEN:-mvn -B -ntp} -q javacpp:build@jni jar:jar@natives -Dnative.platform="$platform" -Dnative.build="$PWD/target/natives/$platform" \
  -Dnative.jars="$PWD/target/natives" "${options[@]}"
