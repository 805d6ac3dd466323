package dev.ottava.binding.presets;

import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Properties;
import org.bytedeco.javacpp.tools.Info;
import org.bytedeco.javacpp.tools.InfoMap;
import org.bytedeco.javacpp.tools.InfoMapper;

/** Tells JavaCPP which headers to parse into {@code dev.ottava.binding.Native}. Libraries are linked in the reverse of this order. */
@Properties(
        value = {
            @Platform(
                    include = {
                        "ottava/base.h",
                        "ottava/device.h",
                        "ottava/ranges.h",
                        "ottava/elementwise.h",
                        "ottava/embedding.h",
                        "ottava/norm.h",
                        "ottava/quantize.h",
                        "ottava/gemm.h",
                        "ottava/rope.h",
                        "ottava/attention.h",
                        "ottava/sparse_attention.h",
                        "ottava/activation.h",
                        "ottava/loss.h",
                        "ottava/optimizer.h",
                        "ottava/fused_lomo.h",
                        "ottava/conformance.h"
                    },
                    link = {"dl", "gomp", "ottava"},
                    preload = "gomp@.1"), // beside it in the jar: not every machine has GCC's OpenMP
            @Platform(
                    value = "windows",
                    link = {"gomp", "ottava"})
        },
        target = "dev.ottava.binding",
        global = "dev.ottava.binding.Native")
public class NativePresets implements InfoMapper {
    @Override
    public void map(InfoMap infoMap) {
        infoMap.put(new Info("OTTAVA_API").cppTypes().annotations());
    }
}
