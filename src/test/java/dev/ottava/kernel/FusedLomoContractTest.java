package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.GemmOracle;
import dev.ottava.oracle.UpdateOracle;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The fused update against the same product written in F32 and the standalone update of that: bit for bit. */
class FusedLomoContractTest extends FusedLomoContract {
    /**
     * Tokens, out, in. Whole counters of random bits in a row and not; one block, and two beside and above each other. The last is of rows that TMA reads.
     */
    private static final int[][] SHAPES = {{40, 19, 136}, {33, 131, 21}, {16, 1, 1}, {70, 136, 24}};

    static Stream<String> devices() {
        return Fp8GemmContract.devices();
    }

    @Override
    boolean sameForAnyThreads() {
        return false; // oneDNN does not promise it
    }

    @Test
    void isTheProductAndTheStandaloneUpdateBitForBit() {
        int turn = 0;
        for (int[] shape : SHAPES) {
            for (DType operands : List.of(DType.F32, DType.BF16, DType.E4M3)) {
                if (operands != DType.E4M3 && deviceName.startsWith("simt:")) {
                    continue; // the portable kernels are the same
                }
                for (Weight weight : Weight.values()) {
                    // Decay and clamp in turn, each with and without the other.
                    for (Rounding rounding : List.of(STOCHASTIC, Rounding.NEAREST)) {
                        turn++;
                        compare(
                                shape,
                                operands,
                                weight,
                                rounding,
                                turn % 3 == 0 ? 0 : WEIGHT_DECAY,
                                turn % 4 < 2 ? 2 : 0);
                    }
                }
            }
        }
    }

    private void compare(
            int[] shape, DType operandDtype, Weight kind, Rounding rounding, double decay, double maxValue) {
        int tokens = shape[0];
        int out = shape[1];
        int in = shape[2];
        float[] dY = gaussian(DType.BF16, tokens * out, 1);
        float[] x = gaussian(DType.BF16, tokens * in, 1);
        float[] before = gaussian(DType.BF16, out * in, 1);
        float rate = 0.03f;
        List<Output> outputs = update(5, rate, true, (bench, control) -> {
            Operands operands = operands(bench, operandDtype, shape, dY, x);
            AnyWeight fused = weight(bench, kind, before, out, in);
            AnyWeight apart = weight(bench, kind, before, out, in);
            Tensor sum = bench.empty(DType.F32, 1);
            Tensor sumApart = bench.empty(DType.F32, 1);
            Tensor onlySum = bench.empty(DType.F32, 1);
            operands.sumSquares(onlySum);
            operands.fused(new LomoRule(control, decay, maxValue, rounding, sum), fused);
            Tensor gradient = bench.empty(DType.F32, out, in);
            operands.gradient(gradient);
            apart.update(new LomoRule(control, decay, maxValue, rounding, sumApart), gradient);
            return concatenated(List.of(gradient, sum, onlySum, sumApart), fused.tensors(), apart.tensors());
        });
        String name = operandDtype + " " + kind + " " + rounding + " of " + out + " x " + in + " on " + deviceName;
        int tensors = (outputs.size() - 4) / 2;
        for (int i = 4; i < 4 + tensors; i++) {
            int at = i;
            assertEquals(
                    -1,
                    outputs.get(i).bytes().mismatch(outputs.get(i + tensors).bytes()),
                    () -> name + ": tensor " + (at - 4) + " differs at this byte");
        }
        double[] gradient = doubles(outputs.get(0).floats());
        double[] squares = {UpdateOracle.sumSquares(gradient)};
        for (int i = 1; i < 4; i++) {
            outputs.get(i).assertNear(squares, 1e-6, 0);
        }
        if (operandDtype != DType.E4M3) {
            double[] product = GemmOracle.product(doubles(dY), true, doubles(x), true, out, in, tokens);
            outputs.get(0).assertNear(product, 1e-6, 1e-4);
        }
        if ((kind == Weight.F32 || !rounding.stochastic()) && kind != Weight.FP8 && kind != Weight.FP8_POWER_OF_TWO) {
            double[] expected = doubles(before);
            UpdateOracle.lomo(expected, gradient, rate, decay, clip(maxValue));
            outputs.get(4).assertNear(expected, 1e-6, 1e-7);
        }
    }

    /** The product that makes the gradient and the one that updates by it have the same kernel's sums. */
    @Test
    void theKernelFollowsFromHowTheOperandsLie() {
        update(5, 0.03f, true, (bench, control) -> {
            String architecture = bench.device().property("architecture");
            for (int out : new int[] {24, 20}) {
                Tensor dY = bench.of(DType.BF16, gaussian(DType.BF16, 16 * out, 1), 16, out);
                Tensor x = bench.of(DType.BF16, gaussian(DType.BF16, 16 * 40, 1), 16, 40);
                Gemm.weightGradient(bench.empty(DType.F32, out, 40), dY, x, false);
                String product = bench.device().property("last_kernel");
                Tensor weight = bench.of(DType.BF16, gaussian(DType.BF16, out * 40, 1), out, 40);
                FusedLomo.apply(new LomoRule(control, 0, 0, Rounding.NEAREST, null), weight, 0, dY, x);
                String fused = bench.device().property("last_kernel");
                if (deviceName.startsWith("simt")) {
                    String kind = architecture.equals("sm_90a") && out == 24 ? "sm90_gemm_" : "any_gemm_";
                    assertTrue(product.startsWith(kind + "bf16_"), product);
                    assertTrue(fused.startsWith(kind + "lomo_bf16"), fused);
                }
            }
            return List.of();
        });
    }

    @Test
    void whenControlForbidsItOnlyTheSumIsWritten() {
        int[] shape = SHAPES[3];
        float[] dY = gaussian(DType.BF16, shape[0] * shape[1], 1);
        float[] x = gaussian(DType.BF16, shape[0] * shape[2], 1);
        float[] before = gaussian(DType.BF16, shape[1] * shape[2], 1);
        for (DType dtype : List.of(DType.F32, DType.BF16, DType.E4M3)) {
            for (Weight kind : List.of(Weight.BF16, Weight.FP8)) {
                List<Output> outputs = update(5, 0.03f, false, (bench, control) -> {
                    AnyWeight weight = weight(bench, kind, before, shape[1], shape[2]);
                    AnyWeight untouched = weight(bench, kind, before, shape[1], shape[2]);
                    Tensor sum = bench.empty(DType.F32, 1);
                    Tensor onlySum = bench.empty(DType.F32, 1);
                    Operands operands = operands(bench, dtype, shape, dY, x);
                    operands.sumSquares(onlySum);
                    operands.fused(new LomoRule(control, 0.1, 0, STOCHASTIC, sum), weight);
                    return concatenated(List.of(sum, onlySum), weight.tensors(), untouched.tensors());
                });
                int tensors = (outputs.size() - 2) / 2;
                for (int i = 2; i < 2 + tensors; i++) {
                    assertEquals(
                            -1,
                            outputs.get(i)
                                    .bytes()
                                    .mismatch(outputs.get(i + tensors).bytes()));
                }
                assertArrayEquals(outputs.get(1).floats(), outputs.get(0).floats());
            }
        }
    }

    /** Of whole numbers, whose products are the same in any order. */
    @Test
    void tilesOfRowsHaveTheRandomBitsOfTheWhole() {
        int[] shape = {16, 23, 24};
        float[] dY = wholeNumbers(shape[0] * shape[1]);
        float[] x = wholeNumbers(shape[0] * shape[2]);
        float[] before = gaussian(DType.BF16, shape[1] * shape[2], 1);
        for (DType dtype : DTYPES) {
            List<Output> outputs = update(5, 0.03f, true, (bench, control) -> {
                LomoRule rule = new LomoRule(control, 0.1, 0, STOCHASTIC, null);
                Tensor whole = bench.of(DType.BF16, before, shape[1], shape[2]);
                Tensor tiled = bench.of(DType.BF16, before, shape[1], shape[2]);
                Tensor xs = bench.of(dtype, x, shape[0], shape[2]);
                FusedLomo.apply(rule, whole, 0, bench.of(dtype, dY, shape[0], shape[1]), xs);
                for (int first = 0; first < shape[1]; first += 9) {
                    int rows = Math.min(9, shape[1] - first);
                    float[] part = new float[shape[0] * rows];
                    for (int i = 0; i < part.length; i++) {
                        part[i] = dY[i / rows * shape[1] + first + i % rows];
                    }
                    Tensor tile = tiled.rows(first, first + rows);
                    FusedLomo.apply(rule, tile, first, bench.of(dtype, part, shape[0], rows), xs);
                }
                return List.of(whole, tiled);
            });
            assertEquals(-1, outputs.get(0).bytes().mismatch(outputs.get(1).bytes()));
        }
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor weight = bench.empty(DType.F32, 4, 5);
                    Tensor dY = bench.empty(DType.F32, 8, 4);
                    Tensor x = bench.empty(DType.F32, 7, 5);
                    return () -> FusedLomo.apply(new LomoRule(null, 0, 0, Rounding.NEAREST, null), weight, 0, dY, x);
                },
                "gemm_lomo",
                "x is",
                "[8, 5]");
        assertRefused(
                bench -> {
                    Tensor weight = bench.empty(DType.F32, 4, 5);
                    Tensor dY = bench.empty(DType.F32, 8, 4);
                    Tensor x = bench.empty(DType.F32, 8, 5);
                    return () -> FusedLomo.apply(new LomoRule(null, 0, 0, Rounding.NEAREST, null), weight, 0, dY, x);
                },
                "gemm_lomo",
                "control is 0");
    }

    private float[] wholeNumbers(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextInt(9) - 4;
        }
        return values;
    }

    @SafeVarargs
    private static List<Tensor> concatenated(List<Tensor>... lists) {
        List<Tensor> all = new ArrayList<>();
        for (List<Tensor> list : lists) {
            all.addAll(list);
        }
        return all;
    }
}
