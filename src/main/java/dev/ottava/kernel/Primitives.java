package dev.ottava.kernel;

import dev.ottava.binding.Binding;
import dev.ottava.binding.Native;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** Kernels that run one primitive of CUDA devices each and leave its raw result; see {@code src/main/cuda/conformance/}. */
public final class Primitives {
    private Primitives() {}

    /** The kernels by name, each with the least architecture it runs on: 80, 89, or 90, which is for that alone. */
    public static Map<String, Integer> kernels() {
        Map<String, Integer> kernels = new LinkedHashMap<>();
        Binding.conformanceKernels().lines().forEach(line -> {
            int space = line.indexOf(' ');
            kernels.put(line.substring(0, space), Integer.parseInt(line.substring(space + 1)));
        });
        return kernels;
    }

    /** Runs a kernel. in and out: I32, as many words as the kernel takes; parameters: 40 numbers, as ottava/conformance.h tells. */
    public static void run(String kernel, int[] parameters, Tensor in, Tensor out) {
        Status.check(
                Native.ottava_conformance_run(in.device().stream(), kernel, parameters, in.address(), out.address()));
    }
}
