package dev.ottava.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.bench.Harness.Plan;
import dev.ottava.bench.suite.CeilingSuite;
import dev.ottava.bench.suite.GemmShapes;
import dev.ottava.bench.suite.Scale;
import dev.ottava.bench.suite.Suite;
import dev.ottava.bench.suite.Suites;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.RmsNorm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every case of every suite, on the device that computes nothing and under a clock that stands still until it is asked. */
class SuitesTest {
    @TempDir
    Path folder;

    private static final Plan SHORT = new Plan(0, 0, 0, 1, 2, 2, 0.01, 0);

    /** A thousandth of a second for whatever runs. */
    private static Clock thousandths(Device device) {
        return new Clock() {
            @Override
            public double seconds(Runnable work) {
                work.run();
                return 1e-3;
            }

            @Override
            public void pause(double seconds) {}
        };
    }

    private static void runAll(Suite suite, String name, Scale scale, Set<String> keys) {
        Runner runner = new Runner(() -> Device.open("meta"), SuitesTest::thousandths, SHORT, "test");
        for (Case one : suite.cases(scale)) {
            Result result = runner.run(name, one, Results.CEILINGS);
            assertEquals(2, result.samples().runs());
            assertTrue(result.work().bytes() > 0 || result.work().operations() > 0, result.key());
            assertTrue(keys.add(result.key()), "twice: " + result.key());
            assertEquals(result.work().tokens() > 0 && !one.cold(), result.peakBytes() > 0, result.key());
        }
    }

    @Test
    void everyCaseForAProcessorRuns() {
        Set<String> keys = new HashSet<>();
        runAll(new CeilingSuite(), "ceiling", Scale.PROCESSOR, keys);
        for (String name : Suites.names()) {
            runAll(Suites.named(name), name, Scale.PROCESSOR, keys);
        }
    }

    /** Models for a GPU are too large to be initialised here; their kernels are not. */
    @Test
    void everyKernelForAGpuTakesItsShapes() {
        Set<String> keys = new HashSet<>();
        runAll(new CeilingSuite(), "ceiling", Scale.GPU, keys);
        for (String name : Suites.names()) {
            if (!Set.of("block", "step").contains(name)) {
                runAll(Suites.named(name), name, Scale.GPU, keys);
            }
        }
    }

    @Test
    void workIsThatOfTheFormulas() {
        Case product = one(Suites.named("gemm"), "linear dW", DType.BF16);
        assertEquals(2.0 * 2752 * 1024 * 2048, product.work().operations());
        assertEquals(
                2.0 * 2048 * (2752 + 1024) + 4.0 * 2752 * 1024, product.work().bytes());
        Case lomo = one(Suites.named("optimizer"), "lomo", DType.BF16);
        assertEquals(2752 * 1024 * (2 + 2 + 4.0), lomo.work().bytes());
        Case adamW = one(Suites.named("optimizer"), "adamw", DType.F32);
        assertEquals(2752 * 1024 * (8 + 4 + 16.0), adamW.work().bytes());
        Case coat = one(Suites.named("optimizer"), "adamw, FP8 states", DType.BF16);
        assertEquals(2752 * 1024 * (8 + 4 + 4.25), coat.work().bytes());
        // Attention: 2 sequences of 1024, 16 heads of 64; 1024 · 1025 / 2 pairs a head.
        Case attention = one(Suites.named("attention"), "attention forward", DType.F32);
        assertEquals(4.0 * 64 * 16 * 2 * 1024 * 1025 / 2, attention.work().operations());
        // A step: 6 operations a weight and token, 14 · head_dim a pair, layer and head.
        Case step = one(Suites.named("step"), "lomo step", DType.F32);
        double weights = 4 * (4.0 * 256 * 256 + 3.0 * 256 * 688 + 2 * 256) + 256 + 260 * 256;
        double pairs = 8.0 * 256 * 257 / 2 * 4 * 4;
        assertEquals(6 * weights * 2048 + 14 * 64 * pairs, step.work().operations());
        assertEquals(2048, step.work().tokens());
    }

    private static Case one(Suite suite, String name, DType dtype) {
        return suite.cases(Scale.PROCESSOR.withDType(dtype)).stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Models of the GPU's step suite that are compared one after the other, where the baseline has 80 GB, of which CUDA takes one. */
    @Test
    void modelsOfCoatFitAndHaveThePeaksThatArePlanned() {
        Clock asIfItHadRun = work -> 1e-3; // the kernel's name is looked for in a run of its own, which is enough
        Runner runner = new Runner(() -> Device.open("meta"), device -> asIfItHadRun, SHORT, "test");
        List<Case> cases = Suites.named("step").cases(Scale.GPU).stream()
                .filter(each -> each.name().equals("coat step"))
                .toList();
        assertEquals(3, cases.size());
        for (Case one : cases) {
            Result result = runner.run("step", one, Ceilings.NONE);
            assertEquals(result.details().get("planned_peak_bytes"), result.peakBytes(), one.shape());
            assertEquals(2, result.peers().size());
            for (Result.Peer peer : result.peers()) {
                assertEquals(peer.details().get("planned_peak_bytes"), peer.peakBytes(), one.shape());
                assertTrue(peer.peakBytes() < 80_000_000_000L - (1L << 30), peer.name() + ", " + one.shape());
                assertTrue(peer.peakBytes() > result.peakBytes(), peer.name() + ", " + one.shape());
            }
        }
    }

    @Test
    void theKernelThatRanIsNamed() {
        assertEquals("any_rms_norm_forward_f32", kernelOf("simt", tensors -> {
            Tensor x = tensors.random(DType.F32, 2, 16);
            Tensor y = tensors.empty(DType.F32, 2, 16);
            Tensor weight = tensors.random(DType.F32, 16);
            Tensor inverseRms = tensors.empty(DType.F32, 2);
            return Case.Variants.alone(() -> RmsNorm.forward(y, inverseRms, x, weight, 1e-5));
        }));
        assertEquals("of a library", kernelOf("simt", tensors -> Case.Variants.alone(() -> {})));
        assertTrue(kernelOf("cpu", tensors -> Case.Variants.alone(() -> {})).matches("(avx512|avx2|baseline), .+"));
    }

    private static String kernelOf(String device, Case.Setup setup) {
        Case one = new Case("one", "2 x 16", DType.F32, new Case.Work(1, 1), false, setup);
        Runner runner = new Runner(() -> Device.open(device), SuitesTest::thousandths, SHORT, "test");
        return runner.run("x", one, Ceilings.NONE).details().get("kernel").toString();
    }

    @Test
    void shapesOfAFileNameTheirLayer() throws IOException {
        Path file = folder.resolve("shapes.json");
        Files.writeString(
                file,
                "[{\"name\": \"llama/gate\", \"product\": \"weight_gradient\", \"m\": 32, \"n\": 48, \"k\": 64}]");
        Runner runner = new Runner(() -> Device.open("meta"), SuitesTest::thousandths, SHORT, "test");
        List<Result> results = GemmShapes.read(file).stream()
                .map(one -> runner.run("gemm", one, Ceilings.NONE))
                .toList();
        assertEquals(
                List.of("llama/gate weight_gradient blocks", "llama/gate weight_gradient tensor"),
                results.stream().map(Result::name).toList());
        for (Result result : results) {
            assertEquals("llama/gate", result.details().get("layer"));
            assertEquals(
                    List.of("Ottava BF16"),
                    result.peers().stream().map(Result.Peer::name).toList());
        }
    }

    @Test
    void optionsChooseAmongCases() {
        List<Case> cases = Suites.named("gemm")
                .cases(Scale.PROCESSOR.withSquares(List.of(64)).withDType(DType.F32));
        assertEquals(
                List.of("64 x 64 x 64", "2048 x 2752 x 1024", "2048 x 1024 x 2752", "2752 x 1024 x 2048"),
                cases.stream().map(Case::shape).toList());
        assertTrue(cases.stream().allMatch(each -> each.dtype() == DType.F32));
    }

    @Test
    void ceilingsAreTheBestThatAnybodyReached() {
        Result copy =
                Results.measure("ceiling", "copy", "F32", new Case.Work(4e9, 0), () -> 0.5, "another copy", () -> 0.25);
        Result product = Results.measure(
                "ceiling", "square", "F32", new Case.Work(1e6, 8e9), () -> 0.1, "OpenBLAS SGEMM", () -> 0.2);
        Ceilings ceilings = Ceilings.of(List.of(copy, product));
        assertEquals(16e9, ceilings.bytesPerSecond(), 1);
        assertEquals(
                Map.of("F32", 8e10).keySet(), ceilings.operationsPerSecond().keySet());
        assertEquals(8e10, ceilings.operationsPerSecond("F32"), 10);
        assertEquals(0, ceilings.operationsPerSecond("E4M3"));
    }

    /** 8 MiB at 10 GB/s take 0.84 ms; 100 GFLOP/s do a hundredth of that. */
    @Test
    void theLimitIsTheLongerOfTheTwoTimes() {
        Result streaming = Results.alone("x", () -> 2e-3);
        assertEquals((8 << 20) / 10e9, streaming.limitSeconds(), 1e-12);
        assertEquals((8 << 20) / 10e9 / 2e-3, streaming.fractionOfLimit(), 1e-9);
        Result product = Results.measure("gemm", "square", "BF16", new Case.Work(1e6, 2e9), () -> 0.02, null, null);
        assertEquals(0.5, product.fractionOfLimit(), 1e-9);
        assertTrue(product.limitedByArithmetic());
        Result unknown = Results.measure("gemm", "square", "E4M3", new Case.Work(0, 2e9), () -> 0.02, null, null);
        assertTrue(Double.isNaN(unknown.fractionOfLimit()), "no ceiling of E4M3 was measured");
    }
}
