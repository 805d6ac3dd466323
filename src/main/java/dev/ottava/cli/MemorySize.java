package dev.ottava.cli;

import dev.ottava.core.InvalidArgumentException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes of memory as they are typed: 80GB of powers of ten, 24GiB of powers of two. */
final class MemorySize {
    /** Of a GPU: what CUDA's context, its libraries and the images of kernels take before the first tensor. */
    static final long GPU_RESERVE = 1L << 30;

    private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?) ?([KMGT]i?)?B", Pattern.CASE_INSENSITIVE);
    private static final List<String> PREFIXES = List.of("k", "m", "g", "t");
    private static final Map<Boolean, Integer> STEP = Map.of(true, 1024, false, 1000);

    private MemorySize() {}

    static long parse(String option, String text) {
        Matcher matcher = SIZE.matcher(text.strip());
        if (!matcher.matches()) {
            throw new InvalidArgumentException(option + " " + text + ": a size such as 80GB or 24GiB");
        }
        String prefix = matcher.group(2) == null ? "" : matcher.group(2).toLowerCase(Locale.ROOT);
        int power = prefix.isEmpty() ? 0 : PREFIXES.indexOf(prefix.substring(0, 1)) + 1;
        double bytes = Double.parseDouble(matcher.group(1)) * Math.pow(STEP.get(prefix.endsWith("i")), power);
        if (!(bytes >= 1 && bytes < Long.MAX_VALUE)) {
            throw new InvalidArgumentException(option + " " + text + ": a size such as 80GB or 24GiB");
        }
        return (long) bytes;
    }
}
