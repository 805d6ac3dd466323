package dev.ottava.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.autograd.Saving;
import dev.ottava.autograd.Tape;
import dev.ottava.autograd.Variable;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Attention;
import dev.ottava.kernel.BlockMask;
import dev.ottava.kernel.Sale;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SaleCalibratorTest {
    private static final LlamaConfig CONFIG = SaleModels.CONFIG;
    private static final Sale.Selection SELECTION = new Sale.Selection(32, 2);
    private static final SaleCalibrator.Progress NOBODY = (pass, sample, layer) -> {};
    private static final double SCALE = 0.125;

    /** Queries, keys and values of a layer for one sample, rotated, and what dense attention makes of them. */
    private record Captured(float[] q, float[] k, float[] v, float[] dense, int length) {}

    private static List<int[]> samples() {
        int[] ids = SaleModels.prompt(1000);
        return List.of(Arrays.copyOf(ids, 420), Arrays.copyOfRange(ids, 420, 620), Arrays.copyOfRange(ids, 620, 1000));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tauIsThatOfAPlainSearch(boolean relative) {
        SaleErrorBound bound = new SaleErrorBound(relative, relative ? 0.002 : 0.01);
        try (Device device = Device.open("cpu");
                LlamaModel model = SaleModels.model(device, DType.F32)) {
            SaleCalibration found = SaleCalibrator.run(model, SELECTION, bound, samples(), NOBODY);
            float[][] tau = found.thresholds().tau();
            float[][] expected = new float[2][4];
            double[][] errors = new double[2][4];
            double[][] kept = new double[2][4];
            for (int layer = 0; layer < 2; layer++) {
                List<Captured> captured = new ArrayList<>();
                for (int[] ids : samples()) {
                    captured.add(capture(model, ids, layer));
                }
                for (int head = 0; head < 4; head++) {
                    expected[layer][head] = search(device, captured, head, bound, errors[layer], kept[layer]);
                }
            }
            assertTrue(Arrays.deepEquals(expected, tau), Arrays.deepToString(expected) + Arrays.deepToString(tau));
            for (int layer = 0; layer < 2; layer++) {
                assertArrayEquals(errors[layer], found.errors()[layer], 1e-6);
                assertArrayEquals(kept[layer], found.keptFractions()[layer], 1e-12);
                assertTrue(Arrays.stream(errors[layer]).allMatch(error -> error < bound.limit()));
            }
            long different = Arrays.stream(tau)
                    .flatMap(row -> Arrays.stream(new Float[] {row[0], row[1], row[2], row[3]}))
                    .distinct()
                    .count();
            assertTrue(different > 1, "one tau for all: the bound decides nothing: " + Arrays.deepToString(tau));
            assertEquals(3, found.samples());
            assertEquals(1000, found.tokens());
        }
    }

    private static Captured capture(LlamaModel model, int[] ids, int wanted) {
        Captured[] result = new Captured[1];
        int length = ids.length;
        model.rope().ensure(length);
        try (Tensor idTensor = model.device().tensor(ids, length);
                Tape tape = Tape.notRecording(model.device())) {
            Variable x = model.embed(tape, idTensor);
            for (int layer = 0; layer <= wanted; layer++) {
                int at = layer;
                LlamaBlock.Attend attend = (t, q, k, v) -> {
                    model.rope().rotate(q.value(), 0);
                    model.rope().rotate(k.value(), 0);
                    Tensor out = model.device().empty(DType.F32, length, 256);
                    Attention.forward(
                            out.view(1, length, 4, 64),
                            null,
                            q.value().view(1, length, 4, 64),
                            k.value().view(1, length, 2, 64),
                            v.value().view(1, length, 2, 64),
                            length,
                            SCALE);
                    if (at == wanted) {
                        result[0] = new Captured(
                                q.value().toFloats(),
                                k.value().toFloats(),
                                v.value().toFloats(),
                                out.toFloats(),
                                length);
                    }
                    return Tape.owning(out);
                };
                Variable y = model.blocks().get(layer).forward(tape, x, attend, Saving.AS_COMPUTED);
                x.close();
                x = y;
            }
            x.close();
        }
        return result[0];
    }

    /** One head, all others dense: sample after sample until all are content. */
    private static float search(
            Device device, List<Captured> captured, int head, SaleErrorBound bound, double[] errors, double[] kept) {
        float tau = 0.008f;
        boolean content = false;
        while (!content) {
            content = true;
            errors[head] = 0;
            double blocks = 0;
            double causal = 0;
            for (Captured sample : captured) {
                while (true) {
                    double[] outcome = sparse(device, sample, head, tau);
                    double error = outcome[0] / (bound.relative() ? outcome[1] : sample.length());
                    if (error < bound.limit()) {
                        errors[head] = Math.max(errors[head], error);
                        blocks += outcome[2];
                        causal += outcome[3];
                        break;
                    }
                    tau = tau / 2 <= 1e-4f ? 0 : tau / 2;
                    content = false;
                }
            }
            kept[head] = blocks / causal;
        }
        return tau;
    }

    /** |O' - O|, |O|, kept and causal blocks of a head. */
    private static double[] sparse(Device device, Captured sample, int head, float tau) {
        float[] taus = new float[4];
        taus[head] = tau;
        int n = sample.length();
        try (Tensor q = device.tensor(sample.q(), 1, n, 4, 64);
                Tensor k = device.tensor(sample.k(), 1, n, 2, 64);
                Tensor v = device.tensor(sample.v(), 1, n, 2, 64);
                Tensor out = device.empty(DType.F32, 1, n, 4, 64);
                Tensor tauTensor = device.tensor(taus, 4);
                SaleKeys keys = new SaleKeys(device, CONFIG, n)) {
            keys.extend(k, 0, n);
            try (SaleEstimate estimate = new SaleEstimate(keys, q, k, n, SELECTION);
                    BlockMask mask = estimate.select(tauTensor)) {
                Attention.forward(out, null, q, k, v, mask, n, SCALE);
                float[] values = out.toFloats();
                double difference = 0;
                double size = 0;
                for (int i = 0; i < n; i++) {
                    for (int d = 0; d < 64; d++) {
                        int at = i * 256 + head * 64 + d;
                        difference += Math.abs(values[at] - sample.dense()[at]);
                        size += Math.abs(sample.dense()[at]);
                    }
                }
                return new double[] {difference, size, mask.keptBlocks()[head], mask.causalBlocks()};
            }
        }
    }

    @Test
    void whatCannotBeCalibratedIsSaid() {
        SaleErrorBound bound = new SaleErrorBound(false, 0.1);
        assertEquals(
                "relative error 0.0: a number above 0",
                assertThrows(InvalidArgumentException.class, () -> new SaleErrorBound(true, 0))
                        .getMessage());
        try (Device device = Device.open("cpu");
                LlamaModel model = SaleModels.model(device, DType.F32)) {
            List<int[]> few = List.of(new int[192]);
            String message = assertThrows(
                            InvalidArgumentException.class,
                            () -> SaleCalibrator.run(model, SELECTION, bound, few, NOBODY))
                    .getMessage();
            assertTrue(message.contains("longest sample has 192 tokens") && message.contains("below 193"), message);
            model.parameters().forEach(parameter -> parameter.weight().fill(Double.NaN));
            model.changed();
            message = assertThrows(
                            OttavaException.class, () -> SaleCalibrator.run(model, SELECTION, bound, samples(), NOBODY))
                    .getMessage();
            assertTrue(message.contains("not finite"), message);
        }
    }
}
