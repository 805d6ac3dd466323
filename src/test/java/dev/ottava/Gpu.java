package dev.ottava;

import dev.ottava.core.Device;
import dev.ottava.core.OttavaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The devices that tests of kernels run on: cpu, simt, and cuda where there is a GPU.
 *
 * <p>{@code -Dottava.gpu=required} makes tests fail where there is none; {@code -Dottava.devices=cuda,simt:sm_80} names others. What became of the GPU is said
 * in target/gpu-tests.txt, which {@code make test} prints at its end.
 */
public final class Gpu {
    private static final Path REMARK = Path.of("target", "gpu-tests.txt");
    private static final List<String> DEVICES = find();

    private Gpu() {}

    public static List<String> devices() {
        return DEVICES;
    }

    /** Those that run the CUDA kernels. */
    public static List<String> kernelDevices() {
        return DEVICES.stream().filter(name -> !name.equals("cpu")).toList();
    }

    private static List<String> find() {
        String chosen = System.getProperty("ottava.devices");
        if (chosen != null) {
            return Arrays.asList(chosen.split(","));
        }
        try (Device device = Device.open("cuda")) {
            remark("GPU tests: run on " + device.property("processor") + ", " + device.property("kernels"));
            return List.of("cpu", "simt", "cuda");
        } catch (OttavaException reason) {
            if ("required".equals(System.getProperty("ottava.gpu"))) {
                throw new IllegalStateException("-Dottava.gpu=required, but " + reason.getMessage(), reason);
            }
            remark("GPU tests: skipped, " + reason.getMessage());
            return List.of("cpu", "simt");
        }
    }

    private static void remark(String line) {
        try {
            if (Files.isDirectory(REMARK.getParent())) {
                Files.writeString(REMARK, line + "\n");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
