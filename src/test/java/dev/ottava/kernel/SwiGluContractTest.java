package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.oracle.SwiGluOracle;
import java.util.List;
import org.junit.jupiter.api.Test;

class SwiGluContractTest extends Contract {
    private static final int[] COUNTS = {1, 15, 16, 17, 127, 20_011};
    private static final float[] SPECIAL = {
        0, -0f, 60, -60, 80, -80, 1e30f, -1e30f, Float.NaN, Float.POSITIVE_INFINITY, Float.MIN_VALUE
    };

    @Test
    void forward() {
        for (DType dtype : DTYPES) {
            for (int count : COUNTS) {
                compareForward(dtype, gaussian(dtype, count, 4), gaussian(dtype, count, 1));
            }
        }
    }

    @Test
    void backward() {
        for (DType dtype : DTYPES) {
            for (int count : COUNTS) {
                compareBackward(dtype, gaussian(dtype, count, 4), gaussian(dtype, count, 1), gaussian(dtype, count, 1));
            }
        }
    }

    @Test
    void specialValues() {
        for (DType dtype : DTYPES) {
            float[] gate = SPECIAL.clone();
            for (int i = 0; i < gate.length; i++) {
                gate[i] = round(dtype, gate[i]);
            }
            float[] up = gaussian(dtype, gate.length, 1);
            compareForward(dtype, gate, up);
            compareBackward(dtype, gate, up, gaussian(dtype, gate.length, 1));
        }
    }

    private void compareForward(DType dtype, float[] gate, float[] up) {
        int count = gate.length;
        double[] expected = new double[count];
        for (int i = 0; i < count; i++) {
            expected[i] = SwiGluOracle.forward(gate[i], up[i]);
        }
        for (String target : List.of("y", "gate", "up")) {
            run(bench -> {
                        Tensor g = bench.of(dtype, gate, count);
                        Tensor u = bench.of(dtype, up, count);
                        Tensor y = target.equals("y") ? bench.empty(dtype, count) : target.equals("gate") ? g : u;
                        SwiGlu.forward(y, g, u);
                        return List.of(y);
                    })
                    .get(0)
                    .assertNear(expected, 1e-6, 1e-30);
        }
    }

    private void compareBackward(DType dtype, float[] gate, float[] up, float[] dY) {
        int count = gate.length;
        double[] dGate = new double[count];
        double[] dUp = new double[count];
        for (int i = 0; i < count; i++) {
            dGate[i] = SwiGluOracle.gateGradient(dY[i], gate[i], up[i]);
            dUp[i] = SwiGluOracle.upGradient(dY[i], gate[i]);
        }
        for (boolean inPlace : new boolean[] {false, true}) {
            List<Output> outputs = run(bench -> {
                Tensor g = bench.of(dtype, gate, count);
                Tensor u = bench.of(dtype, up, count);
                Tensor toGate = inPlace ? g : bench.empty(dtype, count);
                Tensor toUp = inPlace ? u : bench.empty(dtype, count);
                SwiGlu.backward(toGate, toUp, bench.of(dtype, dY, count), g, u);
                return List.of(toGate, toUp);
            });
            outputs.get(0).assertNear(dGate, 1e-6, 2e-6); // 1 + x (1 - s) cancels near x = -1.28
            outputs.get(1).assertNear(dUp, 1e-6, 1e-30);
        }
    }

    @Test
    void refusals() {
        assertRefused(
                bench -> {
                    Tensor y = bench.empty(DType.F32, 4);
                    Tensor up = bench.empty(DType.F32, 3);
                    return () -> SwiGlu.forward(y, y, up);
                },
                "swiglu",
                "up",
                "4");
        assertRefused(
                bench -> {
                    Tensor y = bench.empty(DType.F32, 4);
                    Tensor up = bench.empty(DType.BF16, 4);
                    return () -> SwiGlu.forward(y, y, up);
                },
                "differ in dtype");
        assertRefused(
                bench -> {
                    Tensor ids = bench.of(1, 2);
                    return () -> SwiGlu.forward(ids, ids, ids);
                },
                "neither F32 nor BF16");
    }
}
