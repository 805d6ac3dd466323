package dev.ottava.cli;

import dev.ottava.cli.Choices.Fp8Scaling;
import dev.ottava.cli.Choices.Fp8WeightScales;
import dev.ottava.cli.Choices.Weights;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.nn.Precision;
import dev.ottava.nn.WeightFormat;
import java.io.PrintStream;
import java.util.Optional;
import java.util.function.Supplier;
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
            paramLabel = "fp32|bf16|fp8",
            description = "What is computed with. fp32: F32. bf16: BF16; training rounds weights stochastically"
                    + " or, with adamw, keeps 16 more bits. fp8: as bf16, and the products of linear layers in FP8"
                    + " (default: bf16 where the device has it natively, else fp32).")
    private Choices.Precision precision;

    @Option(
            names = "--fp8-scaling",
            paramLabel = "blocks|tensor",
            description =
                    "With --precision fp8, what shares a scale: blocks of 128 x 128, or all of a tensor (default: blocks).")
    private Fp8Scaling fp8Scaling;

    @Option(
            names = "--weights",
            paramLabel = "fp32|bf16|fp8",
            description = "What weights are stored in. fp8: those of the layers' linear projections, a byte each and a"
                    + " scale for each block of 128 x 128; the others in BF16 (default: bf16, but fp32 with --precision"
                    + " fp32).")
    private Weights weights;

    @Option(
            names = "--fp8-weight-scales",
            paramLabel = "exact|power-of-two",
            description = "With --weights fp8, what scales may be (default: exact).")
    private Fp8WeightScales fp8WeightScales;

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

    /** What {@code --precision} says; empty without it. */
    Optional<DType> statedDType() {
        if (precision == Choices.Precision.FP8) {
            throw new InvalidArgumentException(
                    "--precision fp8 is of models: bench takes fp32 or bf16, and its cases in FP8 say so");
        }
        if (weights != null || fp8Scaling != null || fp8WeightScales != null) {
            throw new InvalidArgumentException(
                    "--weights, --fp8-scaling and --fp8-weight-scales are of models: bench has cases of each");
        }
        return Optional.ofNullable(precision).map(p -> p == Choices.Precision.FP32 ? DType.F32 : DType.BF16);
    }

    Precision precision(Device device) {
        return precision(() -> Precision.natural(device));
    }

    /** What is known of it before a device is opened. */
    Precision precisionIfStated() {
        return precision(() -> Precision.BF16);
    }

    private Precision precision(Supplier<Precision> natural) {
        if (fp8WeightScales != null && weights != Weights.FP8) {
            throw new InvalidArgumentException("--fp8-weight-scales is for --weights fp8: give both, or neither");
        }
        if (fp8Scaling != null && precision != Choices.Precision.FP8) {
            throw new InvalidArgumentException("--fp8-scaling is for --precision fp8: give both, or neither");
        }
        Precision computed = precision == null
                ? natural.get()
                : switch (precision) {
                    case FP32 -> Precision.F32;
                    case BF16 -> Precision.BF16;
                    case FP8 -> Precision.fp8((fp8Scaling == null ? Fp8Scaling.BLOCKS : fp8Scaling).scaling());
                };
        return weights == null ? computed : computed.with(format());
    }

    private WeightFormat format() {
        return switch (weights) {
            case FP32 -> WeightFormat.F32;
            case BF16 -> WeightFormat.BF16;
            case FP8 ->
                fp8WeightScales == Fp8WeightScales.POWER_OF_TWO ? WeightFormat.FP8_POWER_OF_TWO : WeightFormat.FP8;
        };
    }
}
