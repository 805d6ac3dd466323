package dev.ottava.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.conformance.Conformance.Result;
import dev.ottava.conformance.Conformance.Verdict;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.UnsupportedException;
import dev.ottava.kernel.Primitives;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The primitives of simt beside what Java works out, and that none is left out. */
class ConformanceTest {
    private static final Path CUDA = Path.of("src", "main", "cuda");

    @ParameterizedTest
    @ValueSource(strings = {"simt", "simt:reverse", "simt:seed:1", "simt:sm_89", "simt:sm_80"})
    void eachPrimitiveOfSimtDoesWhatPtxSays(String name) {
        List<Result> results = new ArrayList<>();
        try (Device device = Device.open(name)) {
            Conformance.run(device, results::add);
        }
        assertEquals(
                List.of(),
                results.stream()
                        .filter(result -> result.verdict() != Verdict.EQUAL)
                        .toList());
        Set<String> ran = results.stream().map(Result::kernel).collect(Collectors.toSet());
        int architecture = name.contains("80") ? 80 : name.contains("89") ? 89 : 90;
        assertEquals(
                Primitives.kernels().entrySet().stream()
                        .filter(kernel -> kernel.getValue() <= architecture)
                        .map(Map.Entry::getKey)
                        .collect(Collectors.toSet()),
                ran,
                "kernels without a case");
        assertEquals(
                results.size(), results.stream().map(Result::name).distinct().count(), "names are unique");
    }

    /** A function of src/main/cuda/ptx/ that no kernel of conformance calls is one that nobody has compared with a GPU. */
    @Test
    @Tag("build")
    void everyWrapperOfPtxHasAKernel() throws IOException {
        String kernels = text(CUDA.resolve("conformance"));
        Matcher wrapper = Pattern.compile("__device__ __forceinline__ [\\w&* ]+?\\b(\\w+)\\(")
                .matcher(text(CUDA.resolve("ptx")));
        Set<String> missing = new TreeSet<>();
        int count = 0;
        while (wrapper.find()) {
            count++;
            // Called by other wrappers: conversions in software and addresses; or no instruction: a word to the
            // compiler.
            boolean internal = Set.of("fp8_code", "fp8_as_f16", "shared_address", "wgmma_address", "wgmma_pin")
                    .contains(wrapper.group(1));
            if (!internal
                    && !Pattern.compile("ptx::" + wrapper.group(1) + "\\b")
                            .matcher(kernels)
                            .find()) {
                missing.add(wrapper.group(1));
            }
        }
        assertTrue(count > 40, "only " + count + " wrappers found");
        assertEquals(Set.of(), missing);
    }

    private static String text(Path folder) throws IOException {
        StringBuilder text = new StringBuilder();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                text.append(Files.readString(file));
            }
        }
        return text.toString();
    }

    @Test
    void aDifferenceIsReportedWithItsPlace() {
        ConformanceCase right = CopyCases.all().get(0);
        int[] wrong = right.expected().clone();
        wrong[7] ^= 1;
        wrong[9] ^= 1;
        try (Device device = Device.open("simt")) {
            Result result = Conformance.run(
                    device,
                    null,
                    new ConformanceCase("wrong", right.kernel(), right.parameters(), right.input(), wrong));
            assertEquals(Verdict.DIFFERENT, result.verdict());
            assertEquals(2, result.differences());
            assertTrue(result.detail().startsWith("word 7 of 256 is "), result.detail());
        }
    }

    @Test
    void otherDevicesAndArchitecturesAreRefused() {
        try (Device cpu = Device.open("cpu")) {
            assertEquals(
                    "conformance on cpu: the device runs no CUDA kernels; take simt or cuda",
                    assertThrows(InvalidArgumentException.class, () -> Conformance.run(cpu, result -> {}))
                            .getMessage());
        }
        try (Device ampere = Device.open("simt:sm_80")) {
            ConformanceCase hopper = CopyCases.all().get(2);
            assertEquals(
                    "conformance: sm90_stmatrix needs architecture 90, the device has 80",
                    assertThrows(UnsupportedException.class, () -> hopper.run(ampere))
                            .getMessage());
            ConformanceCase unknown =
                    new ConformanceCase("", "any_thing", ConformanceCase.parametersOf(), new int[1], new int[1]);
            assertEquals(
                    "conformance: there is no kernel 'any_thing'",
                    assertThrows(InvalidArgumentException.class, () -> unknown.run(ampere))
                            .getMessage());
        }
        assertFalse(Primitives.kernels().isEmpty());
    }
}
