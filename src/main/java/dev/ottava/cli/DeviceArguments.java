package dev.ottava.cli;

import dev.ottava.cli.Choices.Fp8Scaling;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.nn.Precision;
import picocli.CommandLine.Option;

/** Where to compute, and how wide. */
final class DeviceArguments {
    @Option(
            names = "--device",
            paramLabel = "auto|cpu|simt",
            defaultValue = "auto",
            description =
                    "Where to compute; auto takes the fastest there is. simt runs the CUDA kernels under an interpreter,"
                            + " to prove them: hundreds of times slower than cpu (default: ${DEFAULT-VALUE}).")
    private String device;

    @Option(
            names = "--precision",
            paramLabel = "fp32|bf16|fp8",
            description =
                    "fp32: everything in F32. bf16: weights and activations in BF16; training rounds stochastically"
                            + " or, with adamw, keeps 16 more bits. fp8: as bf16, and the products of linear layers in FP8"
                            + " (default: bf16 where the device has it natively, else fp32).")
    private Choices.Precision precision;

    @Option(
            names = "--fp8-scaling",
            paramLabel = "blocks|tensor",
            defaultValue = "blocks",
            description =
                    "With --precision fp8, what shares a scale: blocks of 128 x 128, or all of a tensor (default: ${DEFAULT-VALUE}).")
    private Fp8Scaling fp8Scaling;

    Device open() {
        return switch (device) {
            case "auto", "cpu" -> Device.open("cpu");
            case "simt" -> Device.open("simt");
            default ->
                throw new InvalidArgumentException("--device " + device
                        + ": there is no such device in this version of Ottava; auto, cpu or simt");
        };
    }

    Precision precision(Device device) {
        if (precision == null) {
            return device.hasNativeBf16() ? Precision.BF16 : Precision.F32;
        }
        return switch (precision) {
            case FP32 -> Precision.F32;
            case BF16 -> Precision.BF16;
            case FP8 -> Precision.fp8(fp8Scaling.scaling());
        };
    }
}
