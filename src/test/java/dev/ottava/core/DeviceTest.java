package dev.ottava.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.kernel.Elementwise;
import dev.ottava.kernel.Gemm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
    private static String message(Class<? extends OttavaException> kind, Runnable action) {
        return assertThrows(kind, action::run).getMessage();
    }

    @Test
    void anUnknownNameIsRefusedWithThoseThatAreThere() {
        assertEquals(
                "unknown device 'tpu': there are cpu, cuda, cuda:N, simt and meta",
                message(InvalidArgumentException.class, () -> Device.open("tpu")));
    }

    @Test
    void theCpuSaysWhatItIs() {
        try (Device device = Device.open("cpu")) {
            assertEquals("cpu", device.name());
            assertFalse(device.isMeta());
            assertFalse(device.property("processor").isEmpty());
            assertTrue(device.property("instructions").matches("avx512|avx2|baseline"));
            assertTrue(device.property("matmul").startsWith("oneDNN"), device.property("matmul"));
            assertEquals("", device.property("colour"));
            assertTrue(device.availableBytes() > 1 << 20);
            device.synchronize();
        }
    }

    @Test
    void simtTakesItsArchitectureAndItsScheduleFromItsName() {
        for (String[] expected : new String[][] {
            {"simt:reverse", "sm_90a", "reverse"},
            {"simt:sm_89", "sm_89", "forward"},
            {"simt:sm_80:seed:7", "sm_80", "seed:7"},
        }) {
            try (Device device = Device.open(expected[0])) {
                assertEquals(expected[1], device.property("architecture"));
                assertEquals(expected[2], device.property("schedule"));
            }
        }
        assertEquals(
                "device simt:sm_70 (simt[:sm_80|:sm_89|:sm_90a][:SCHEDULE]): 'sm_70' is no schedule: forward, reverse or seed:N",
                message(InvalidArgumentException.class, () -> Device.open("simt:sm_70")));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void threadsAreThoseAskedFor(int threads) {
        try (Device device = Device.open("cpu", threads, false);
                Device all = Device.open("cpu")) {
            assertEquals(String.valueOf(threads), device.property("threads"));
            assertEquals("Ottava", device.property("matmul"));
            assertFalse(device.hasNativeBf16());
            assertTrue(Integer.parseInt(all.property("threads")) >= 1);
        }
    }

    @Test
    void aClosedDeviceIsRefused() {
        Device device = Device.open("cpu");
        device.close();
        device.close(); // does nothing
        for (Runnable use : new Runnable[] {
            () -> device.property("threads"), device::availableBytes, device::synchronize, device::stream
        }) {
            assertEquals("the device cpu is closed", message(InvalidArgumentException.class, use));
        }
        assertEquals(
                "the device cpu is closed", message(InvalidArgumentException.class, () -> device.empty(DType.F32, 3)));
        assertEquals(0, device.memory().liveBytes());
    }

    @Test
    void theMetaDeviceCountsAndComputesNothing() {
        try (Device device = Device.open("meta");
                Tensor a = device.arena(MemoryPurpose.WEIGHTS).empty(DType.F32, 1 << 20, 1 << 20);
                Tensor d = device.tensor(new float[] {1, 2, 3, 4}, 2, 2)) {
            assertTrue(device.isMeta());
            assertEquals(1L << 42, a.bytes());
            assertEquals(1L << 42, device.memory().live().get(MemoryPurpose.WEIGHTS));
            assertEquals(256, device.memory().live().get(MemoryPurpose.WORKSPACE));
            assertEquals(Long.MAX_VALUE, device.availableBytes());
            a.fill(1);
            Gemm.multiply(d, a.rows(0, 2), a.rows(2, 4));
            assertArrayEquals(new float[4], d.toFloats());
            assertThrows(InvalidArgumentException.class, () -> Gemm.multiply(d, a, a)); // shapes are looked at
        }
    }

    @Test
    void tensorsOfTwoDevicesDoNotMix() {
        try (Device cpu = Device.open("cpu");
                Device meta = Device.open("meta");
                Tensor x = cpu.tensor(new float[] {1, 2}, 2);
                Tensor y = meta.tensor(new float[] {1, 2}, 2)) {
            String expected = "add: F32[2] on meta and F32[2] on cpu are on different devices";
            assertEquals(expected, message(InvalidArgumentException.class, () -> Elementwise.add(x, x, y)));
            assertEquals(
                    "copy from F32[2] on meta to F32[2] on cpu: dtype, count and device must agree",
                    message(InvalidArgumentException.class, () -> x.copyFrom(y)));
        }
    }

    /** Prints the instruction set and a product. */
    static final class Instructions {
        private Instructions() {}

        public static void main(String[] args) {
            try (Device device = Device.open("cpu", 1, false);
                    Tensor a = device.tensor(new float[] {1, 2, 3, 4}, 2, 2);
                    Tensor d = device.empty(DType.F32, 2, 2)) {
                Gemm.multiply(d, a, a);
                System.out.println(device.property("instructions") + " " + Arrays.toString(d.toFloats()));
            } catch (OttavaException e) {
                System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
            }
        }
    }

    /** The environment is read by the native library, so it takes a process of its own. */
    private static String with(String instructions) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Instructions.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("OTTAVA_CPU_INSTRUCTIONS", instructions);
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), printed);
        return printed.trim();
    }

    @Test
    void theEnvironmentChoosesANarrowerInstructionSet() throws Exception {
        assertEquals("baseline [5.0, 11.0, 11.0, 25.0]", with("baseline"));
        assertEquals(
                "UnsupportedException: OTTAVA_CPU_INSTRUCTIONS=sse9: this processor or this build does not have it",
                with("sse9"));
    }
}
