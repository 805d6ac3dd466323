package dev.ottava.cli;

import dev.ottava.cli.Choices.Precision;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import java.util.Optional;
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
            paramLabel = "fp32|bf16",
            description =
                    "fp32: everything in F32. bf16: weights and activations in BF16; training rounds stochastically"
                            + " or, with adamw, keeps 16 more bits (default: bf16 where the device has it natively, else fp32).")
    private Precision precision;

    Device open() {
        return Device.open(name());
    }

    /** The name of the device that {@link #open} opens. */
    String name() {
        return switch (device) {
            case "auto", "cpu" -> "cpu";
            case "simt" -> "simt";
            default ->
                throw new InvalidArgumentException("--device " + device
                        + ": there is no such device in this version of Ottava; auto, cpu or simt");
        };
    }

    /** What {@code --precision} says; empty without it. */
    Optional<DType> statedDType() {
        return Optional.ofNullable(precision).map(Precision::dtype);
    }

    DType dtype(Device device) {
        if (precision != null) {
            return precision.dtype();
        }
        return device.hasNativeBf16() ? DType.BF16 : DType.F32;
    }
}
