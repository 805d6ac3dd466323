package dev.ottava.conformance;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Primitives;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One kernel on one input.
 *
 * @param name of the case
 * @param kernel of {@code src/main/cuda/conformance/}
 * @param parameters 40 numbers, see ottava/conformance.h
 * @param input words
 * @param expected the words of the result, worked out in Java; what the kernel does not write is -1
 */
record ConformanceCase(String name, String kernel, int[] parameters, int[] input, int[] expected) {
    static int[] parametersOf(int... first) {
        return Arrays.copyOf(first, 40);
    }

    /** All cases. Their operands are drawn from a fixed seed. */
    static List<ConformanceCase> all() {
        List<ConformanceCase> cases = new ArrayList<>();
        cases.addAll(WarpCases.all());
        cases.addAll(NumberCases.all());
        cases.addAll(MatrixCases.all());
        cases.addAll(CopyCases.all());
        cases.addAll(TensorCopyCases.all());
        cases.addAll(WarpgroupCases.all());
        return cases;
    }

    /** The words of the result on a device. */
    int[] run(Device device) {
        int[] untouched = new int[expected.length];
        Arrays.fill(untouched, -1);
        try (Tensor in = device.empty(DType.I32, input.length).copyFrom(input);
                Tensor out = device.empty(DType.I32, expected.length).copyFrom(untouched)) {
            Primitives.run(kernel, parameters, in, out);
            return out.toInts();
        }
    }
}
