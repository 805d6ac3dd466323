package dev.ottava.cli;

import dev.ottava.cli.Choices.Precision;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import java.io.PrintStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Where to compute, and how wide. */
final class DeviceArguments {
    @Option(
            names = "--device",
            paramLabel = "auto|cpu|cuda|cuda:N|simt",
            defaultValue = "auto",
            description =
                    "Where to compute; auto takes the first GPU that can be used, otherwise cpu. simt runs the CUDA kernels"
                            + " under an interpreter, to prove them: hundreds of times slower than cpu (default:"
                            + " ${DEFAULT-VALUE}).")
    private String device;

    @Option(
            names = "--precision",
            paramLabel = "fp32|bf16",
            description =
                    "fp32: everything in F32. bf16: weights and activations in BF16; training rounds stochastically"
                            + " or, with adamw, keeps 16 more bits (default: bf16 where the device has it natively, else fp32).")
    private Precision precision;

    /** Opens it. Where there is a CUDA driver and auto cannot use it, {@code remarks} says why. */
    Device open(PrintStream remarks) {
        if (device.equals("auto")) {
            return fastest(remarks);
        }
        if (!device.matches("cpu|simt|cuda(:\\d+)?")) {
            throw new InvalidArgumentException(
                    "--device " + device + ": there is no such device; auto, cpu, cuda, cuda:N or simt");
        }
        return Device.open(device);
    }

    private static Device fastest(PrintStream remarks) {
        if (Device.hasCudaDriver()) {
            try {
                return Device.open("cuda");
            } catch (OttavaException unusable) {
                remarks.println("ottava: computing on cpu: " + unusable.getMessage());
            }
        }
        return Device.open("cpu");
    }

    /** "avx512, 8 threads, oneDNN 3.11", "sm_90a, CUDA 13.0, Ottava": what its numbers depend on. */
    static String describe(Device device) {
        return Stream.of(
                        device.property("instructions"),
                        device.property("architecture"),
                        around("", device.property("threads"), " threads"),
                        around("CUDA ", device.property("driver"), ""),
                        device.property("matmul"))
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining(", "));
    }

    private static String around(String before, String text, String after) {
        return text.isEmpty() ? "" : before + text + after;
    }

    DType dtype(Device device) {
        if (precision != null) {
            return precision.dtype();
        }
        return device.hasNativeBf16() ? DType.BF16 : DType.F32;
    }
}
