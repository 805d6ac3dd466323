package dev.ottava.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Scaling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that are stored in another format than products take are converted for each use, and nothing of that stays. */
class WeightFormatTest {
    private static final int[] IDS = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8};
    private static final Precision FP8 = Precision.fp8(Scaling.BLOCKS_128);

    private static LlamaConfig config(int intermediate) {
        return new LlamaConfig(
                "llama",
                32,
                144,
                intermediate,
                2,
                9,
                3,
                16,
                64,
                1e-5,
                new RopeConfig(10000, null),
                false,
                true,
                true,
                false,
                1,
                2);
    }

    private static LlamaModel model(Device device, Precision precision) {
        return LlamaModel.initialize(config(272), device, precision, 5);
    }

    private static float[] logits(LlamaModel model) {
        try (Tensor ids = model.device().tensor(IDS, IDS.length);
                Tensor logits = model.logits(ids, 2)) {
            return logits.toFloats();
        }
    }

    /** The values that a model's weights stand for, in another model. */
    private static void copy(LlamaModel from, LlamaModel to) {
        for (int i = 0; i < from.parameters().size(); i++) {
            Parameter source = from.parameters().get(i);
            try (Tensor values = from.device().empty(DType.F32, source.weight().shape())) {
                source.get(values, 0);
                to.parameters().get(i).set(0, values);
            }
        }
        to.changed();
    }

    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void computesAsIfTheWeightsWereInTheDtypeOfTheComputation(WeightFormat format) {
        for (Precision computed : new Precision[] {Precision.F32, Precision.BF16}) {
            try (Device device = Device.open("cpu");
                    LlamaModel stored = model(device, computed.with(format));
                    LlamaModel plain = model(device, computed)) {
                copy(stored, plain);
                float[] expected = logits(plain);
                logits(stored); // makes the tables of rotary embedding, which stay
                long before = device.memory().liveBytes();
                assertArrayEquals(expected, logits(stored));
                assertEquals(before, device.memory().liveBytes());
            }
        }
    }

    /** FP8 products take the stored codes: no second rounding, and the same bits with copies that are kept. */
    @ParameterizedTest
    @EnumSource(WeightFormat.class)
    void productsInFp8(WeightFormat format) {
        try (Device device = Device.open("cpu");
                LlamaModel made = model(device, FP8.with(format));
                LlamaModel kept = model(device, FP8.with(format))) {
            kept.keepOperands();
            float[] expected = logits(made);
            assertArrayEquals(expected, logits(kept));
            assertArrayEquals(expected, logits(kept), "from the copies that are kept");
            made.parameters().forEach(WeightFormatTest::negate);
            kept.parameters().forEach(WeightFormatTest::negate);
            made.changed();
            kept.changed();
            assertNotEquals(expected[0], logits(made)[0]);
            assertArrayEquals(logits(made), logits(kept), "after the weights changed");
        }
    }

    private static void negate(Parameter parameter) {
        float[] values = parameter.weight().toFloats();
        for (int i = 0; i < values.length; i += 2) {
            values[i] = -values[i];
        }
        parameter.weight().copyFrom(values);
    }

    @Test
    void aByteForAWeightAndAScaleForABlock() {
        try (Device device = Device.open("meta");
                LlamaModel model = model(device, Precision.BF16.with(WeightFormat.FP8))) {
            for (Parameter parameter : model.parameters()) {
                boolean linear = parameter.name().matches("model\\.layers\\..*_proj\\.weight");
                assertEquals(
                        linear ? DType.E4M3 : DType.BF16, parameter.weight().dtype(), parameter.name());
                assertEquals(linear, parameter.isFp8());
                if (linear) {
                    long[] shape = parameter.weight().shape();
                    assertArrayEquals(
                            new long[] {(shape[0] + 127) / 128, (shape[1] + 127) / 128},
                            parameter.scales().shape());
                }
            }
        }
    }

    /** Scales are powers of two, and the smallest that no weight is above. */
    @Test
    void powerOfTwoScales() {
        try (Device device = Device.open("cpu");
                LlamaModel exact = model(device, Precision.BF16.with(WeightFormat.FP8));
                LlamaModel rounded = model(device, Precision.BF16.with(WeightFormat.FP8_POWER_OF_TWO))) {
            for (int i = 0; i < exact.parameters().size(); i++) {
                if (exact.parameters().get(i).isFp8()) {
                    float[] a = exact.parameters().get(i).scales().toFloats();
                    float[] b = rounded.parameters().get(i).scales().toFloats();
                    for (int j = 0; j < a.length; j++) {
                        assertEquals(Math.scalb(1f, Math.getExponent(b[j])), b[j]);
                        assertTrue(b[j] >= a[j] && b[j] < 2 * a[j], a[j] + " " + b[j]);
                    }
                }
            }
        }
    }

    @Test
    void refusals() {
        try (Device device = Device.open("cpu")) {
            assertRefused(
                    "FP8 weights take multiples of 16",
                    () -> LlamaModel.empty(config(100), device, Precision.BF16.with(WeightFormat.FP8)));
            assertRefused(
                    "--weights fp8 with --fp8-scaling tensor",
                    () -> Precision.fp8(Scaling.PER_TENSOR).with(WeightFormat.FP8));
            assertEquals(0, device.memory().liveBytes());
        }
    }

    private static void assertRefused(String message, Runnable call) {
        String actual = assertThrows(InvalidArgumentException.class, call::run).getMessage();
        assertTrue(actual.contains(message), actual);
        assertEquals(1, actual.lines().count());
    }
}
