package dev.ottava.cli;

import dev.ottava.core.DType;
import dev.ottava.kernel.Scaling;
import dev.ottava.nn.WeightFormat;
import dev.ottava.optim.AdamW;
import dev.ottava.train.TrainingOptions.Fp8WeightRounding;
import dev.ottava.train.TrainingOptions.OptimizerKind;
import dev.ottava.train.TrainingOptions.ScheduleKind;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Options whose value is one of a few words. */
final class Choices {
    private Choices() {}

    /** What a model computes with: {@link dev.ottava.nn.Precision}. */
    enum Precision {
        FP32,
        BF16,
        FP8;

        /** As it is shown: fp32, bf16, or fp8 with what shares a scale. */
        static String text(dev.ottava.nn.Precision precision) {
            if (precision.usesFp8()) {
                return "fp8 (" + (precision.fp8Scaling() == Scaling.BLOCKS_128 ? "blocks" : "tensor") + ")";
            }
            return word(precision.dtype() == DType.BF16 ? BF16 : FP32);
        }
    }

    /** What weights are stored in. */
    enum Weights {
        FP32,
        BF16,
        FP8;

        /** As it is shown: fp32, bf16, fp8, or fp8 with what its scales are. */
        static String text(WeightFormat format) {
            return switch (format) {
                case F32 -> word(FP32);
                case BF16 -> word(BF16);
                case FP8 -> word(FP8);
                case FP8_POWER_OF_TWO -> word(FP8) + " (power-of-two scales)";
            };
        }
    }

    /** What the scales of FP8 weights may be. */
    enum Fp8WeightScales {
        EXACT,
        POWER_OF_TWO
    }

    /** What a model is saved in. */
    enum SaveDType {
        FP32(DType.F32),
        BF16(DType.BF16);

        private final DType dtype;

        SaveDType(DType dtype) {
            this.dtype = dtype;
        }

        DType dtype() {
            return dtype;
        }
    }

    /** How operands of products in FP8 are scaled. */
    enum Fp8Scaling {
        BLOCKS(Scaling.BLOCKS_128),
        TENSOR(Scaling.PER_TENSOR);

        private final Scaling scaling;

        Fp8Scaling(Scaling scaling) {
            this.scaling = scaling;
        }

        Scaling scaling() {
            return scaling;
        }
    }

    /** What is saved for the backward pass: as it was computed, or in FP8. */
    enum Activations {
        BF16,
        FP8
    }

    /** What is computed again in the backward pass. */
    enum Recompute {
        NONE,
        BLOCK
    }

    /** How a prompt attends. */
    enum Attention {
        DENSE,
        SALE
    }

    static void register(CommandLine commandLine) {
        register(commandLine, OptimizerKind.class);
        register(commandLine, ScheduleKind.class);
        register(commandLine, Precision.class);
        register(commandLine, Fp8Scaling.class);
        register(commandLine, Weights.class);
        register(commandLine, Fp8WeightScales.class);
        register(commandLine, Fp8WeightRounding.class);
        register(commandLine, SaveDType.class);
        register(commandLine, Recompute.class);
        register(commandLine, Activations.class);
        register(commandLine, Attention.class);
        register(commandLine, AdamW.StateKind.class);
        register(commandLine, AdamW.WeightKind.class);
    }

    private static <E extends Enum<E>> void register(CommandLine commandLine, Class<E> type) {
        ITypeConverter<E> converter = word -> parse(word, type);
        commandLine.registerConverter(type, converter);
    }

    private static <E extends Enum<E>> E parse(String word, Class<E> type) {
        List<String> known =
                Arrays.stream(type.getEnumConstants()).map(Choices::word).toList();
        if (!known.contains(word)) {
            throw new TypeConversionException(
                    "'" + word + "' is none of " + String.join(", ", known) + Closest.hint(word, known));
        }
        return Enum.valueOf(type, word.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** A choice as it is typed. */
    static String word(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
