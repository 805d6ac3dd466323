package dev.ottava.conformance;

import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.kernel.Primitives;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;

/** Runs all cases for a device's architecture. */
public final class Conformance {
    private Conformance() {}

    /** What became of a case. */
    public enum Verdict {
        EQUAL,
        DIFFERENT,
        FAILED
    }

    /**
     * The result of a case.
     *
     * @param name of the case
     * @param kernel that ran
     * @param verdict EQUAL: all words are those worked out in Java, and those of the simt device
     * @param differences words that are not
     * @param detail empty, the first difference, or the error
     */
    public record Result(String name, String kernel, Verdict verdict, int differences, String detail) {}

    /** 80, 89 or 90. */
    public static int architecture(Device device) {
        String text = device.property("architecture");
        if (!text.matches("(sm|compute)_\\d+a?")) {
            throw new InvalidArgumentException(
                    "conformance on " + device + ": the device runs no CUDA kernels; take simt or cuda");
        }
        return Integer.parseInt(text.replaceAll("\\D", ""));
    }

    /** Runs the cases that the device has kernels for, and hands on each result. A device other than simt is also compared with simt. */
    public static void run(Device device, Consumer<Result> results) {
        int architecture = architecture(device);
        boolean onSimt = device.name().startsWith("simt");
        try (Device simt = onSimt ? null : Device.open("simt:sm_" + (architecture == 90 ? "90a" : architecture))) {
            Map<String, Integer> kernels = Primitives.kernels();
            for (ConformanceCase one : ConformanceCase.all()) {
                int needed = kernels.get(one.kernel());
                if (needed == 90 ? architecture == 90 : architecture >= needed) {
                    results.accept(run(device, simt, one));
                }
            }
        }
    }

    static Result run(Device device, Device simt, ConformanceCase one) {
        try {
            int[] words = one.run(device);
            Result result = compare(one, words, one.expected(), "expected");
            return result.verdict() == Verdict.EQUAL && simt != null
                    ? compare(one, words, one.run(simt), "simt has")
                    : result;
        } catch (OttavaException e) {
            return new Result(one.name(), one.kernel(), Verdict.FAILED, 0, e.getMessage());
        }
    }

    private static Result compare(ConformanceCase one, int[] words, int[] expected, String whose) {
        int first = Arrays.mismatch(words, expected);
        if (first < 0) {
            return new Result(one.name(), one.kernel(), Verdict.EQUAL, 0, "");
        }
        int differences = 0;
        for (int i = 0; i < words.length; i++) {
            differences += words[i] == expected[i] ? 0 : 1;
        }
        String detail = String.format(
                "word %d of %d is %08x, %s %08x", first, words.length, words[first], whose, expected[first]);
        return new Result(one.name(), one.kernel(), Verdict.DIFFERENT, differences, detail);
    }
}
