package dev.ottava.oracle;

import static dev.ottava.oracle.CentralDifferences.assertGradient;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The oracles themselves: gradients against differences of the forward formulas, updates and random numbers against published values. */
class OracleTest {
    private final Random random = new Random(1);

    @Test
    void swiGluGradients() {
        double dY = 0.7;
        for (double gate : new double[] {-30, -2, -0.1, 0, 0.3, 5, 40}) {
            double up = random.nextGaussian();
            double[] gradient = {SwiGluOracle.gateGradient(dY, gate, up), SwiGluOracle.upGradient(dY, gate)};
            assertGradient(gradient, new double[] {gate, up}, x -> dY * SwiGluOracle.forward(x[0], x[1]));
        }
    }

    @Test
    void rmsNormGradients() {
        double[] x = uniform(7);
        double[] weight = uniform(7);
        double[] dY = uniform(7);
        double epsilon = 0.01;
        double r = RmsNormOracle.inverseRms(x, epsilon);
        assertGradient(
                RmsNormOracle.inputGradient(dY, x, weight, r),
                x,
                v -> dot(dY, RmsNormOracle.forward(v, weight, epsilon)));
        assertGradient(
                RmsNormOracle.weightGradient(dY, x, r), weight, v -> dot(dY, RmsNormOracle.forward(x, v, epsilon)));
    }

    @Test
    void ropeGradientIsTheInverseRotation() {
        double[] x = uniform(6);
        double[] dY = uniform(6);
        double[] cosine = new double[3];
        double[] sine = new double[3];
        for (int i = 0; i < 3; i++) {
            cosine[i] = Math.cos(i + 0.5);
            sine[i] = Math.sin(i + 0.5);
        }
        assertGradient(
                RopeOracle.rotate(dY, cosine, sine, true), x, v -> dot(dY, RopeOracle.rotate(v, cosine, sine, false)));
        double[] back = RopeOracle.rotate(RopeOracle.rotate(x, cosine, sine, false), cosine, sine, true);
        assertArrayEquals(x, back, 1e-15);
    }

    /** Exponents of the published kernel, before its bound. */
    @Test
    void coatExponents() {
        CoatOracle oracle = new CoatOracle(Float8Oracle.E4M3, true, 2000);
        double[][] published = {
            {1.01, 1157.375},
            {2, 16.5625},
            {10, 5},
            {1e3, 1.625},
            {100352, 1},
            {229376, 0.875},
            {1e6, 0.8125},
            {1e10, 0.5}
        };
        for (double[] pair : published) {
            assertEquals(pair[1], oracle.exponent(pair[0], 1, -1e-12));
        }
        assertEquals(16, CoatOracle.firstMoment().exponent(3, 3, 0));
        assertEquals(0.0625, CoatOracle.firstMoment().exponent(1e38, 1e-38, 0));
    }

    /** Moments of Adam have ranges of 500 and 7 in their groups. Errors of their quotient: a third with expansion, and worst with m in E5M2. */
    @Test
    void coatExpansionPays() {
        int count = 16_384;
        float[] m = new float[count];
        float[] v = new float[count];
        for (int i = 0; i < count; i++) {
            double sigma = Math.exp(0.15 * random.nextGaussian());
            for (int step = 0; step < 200; step++) {
                double g = sigma * random.nextGaussian();
                m[i] = (float) (0.9 * m[i] + 0.1 * g);
                v[i] = (float) (0.95 * v[i] + 0.05 * g * g);
            }
        }
        double plain = error(m, v, Float8Oracle.E4M3, false);
        assertTrue(error(m, v, Float8Oracle.E4M3, true) <= 0.65 * plain);
        assertTrue(error(m, v, Float8Oracle.E5M2, false) >= 2 * plain);
    }

    /** The mean square error of m / sqrt(v), both in the format. */
    private static double error(float[] m, float[] v, Float8Oracle format, boolean expansion) {
        double sum = 0;
        for (int first = 0; first < m.length; first += CoatOracle.GROUP) {
            float[] exactM = Arrays.copyOfRange(m, first, first + CoatOracle.GROUP);
            float[] exactV = Arrays.copyOfRange(v, first, first + CoatOracle.GROUP);
            CoatOracle ofM = new CoatOracle(format, expansion, 16);
            CoatOracle ofV = new CoatOracle(format, expansion, 64);
            float[] roundedM = ofM.dequantise(ofM.quantise(exactM));
            float[] roundedV = ofV.dequantise(ofV.quantise(exactV));
            for (int i = 0; i < exactM.length; i++) {
                sum += Math.pow(roundedM[i] / Math.sqrt(roundedV[i]) - exactM[i] / Math.sqrt(exactV[i]), 2);
            }
        }
        return sum / m.length;
    }

    @Test
    void embeddingGradient() {
        int[] ids = {2, 0, 2};
        double[] weight = uniform(3 * 4);
        double[] dOut = uniform(3 * 4);
        double[] dWeight = new double[3 * 4];
        EmbeddingOracle.backward(dWeight, dOut, ids, 4);
        assertGradient(dWeight, weight, w -> dot(dOut, EmbeddingOracle.forward(w, ids, 4)));
    }

    @Test
    void attentionGradients() {
        AttentionOracle attention = new AttentionOracle(2, 4, 2, 3, 5, 5, 5, 0.6);
        double[] q = uniform(2 * 5 * 4 * 3);
        double[] k = uniform(2 * 5 * 2 * 3);
        double[] v = uniform(2 * 5 * 2 * 3);
        double[] dOut = uniform(2 * 5 * 4 * 3);
        double[][] gradients = attention.backward(dOut, q, k, v);
        assertGradient(gradients[0], q, x -> dot(dOut, attention.forward(x, k, v)));
        assertGradient(gradients[1], k, x -> dot(dOut, attention.forward(q, x, v)));
        assertGradient(gradients[2], v, x -> dot(dOut, attention.forward(q, k, x)));
    }

    @Test
    void attentionToEqualKeysIsTheMeanOfTheValues() {
        double[] v = {1, 10, 100, 3, 30, 300, 5, 50, 500};
        AttentionOracle attention = new AttentionOracle(1, 1, 1, 3, 2, 3, 3, 1);
        assertArrayEquals(
                new double[] {2, 20, 200, 3, 30, 300}, attention.forward(uniform(6), new double[9], v), 1e-12);
        assertArrayEquals(
                new double[] {Math.log(2), Math.log(3)}, attention.logSumExp(uniform(6), new double[9]), 1e-12);
    }

    @Test
    void productByHand() {
        double[] a = {1, 2, 3, 4, 5, 6};
        double[] b = {1, 0, 2, 0, 1, 1};
        assertArrayEquals(new double[] {7, 5, 16, 11}, GemmOracle.product(a, false, b, false, 2, 2, 3));
        assertArrayEquals(
                new double[] {7, 5, 16, 11},
                GemmOracle.product(
                        new double[] {1, 4, 2, 5, 3, 6}, true, new double[] {1, 0, 0, 1, 2, 1}, true, 2, 2, 3));
    }

    @Test
    void crossEntropyGradient() {
        double[] logits = uniform(9);
        assertGradient(CrossEntropyOracle.gradient(logits, 4, 0.3), logits, x -> 0.3 * CrossEntropyOracle.loss(x, 4));
        assertEquals(0, CrossEntropyOracle.loss(logits, -1));
        assertEquals(Math.log(9), CrossEntropyOracle.loss(new double[9], 3), 1e-15);
    }

    @Test
    void lomoByHand() {
        double[] weight = {1};
        UpdateOracle.lomo(weight, new double[] {0.5}, 0.1, 0.01, new UpdateOracle.Clip(0, 1));
        assertEquals(0.949, weight[0], 1e-15);
    }

    @Test
    void adaLomoByHand() {
        double[] row = new double[2];
        double[] column = new double[2];
        double[] weight = {1, 1, 1, 1};
        UpdateOracle.adaLomo(weight, new double[] {1, 2, 3, 4}, row, column, 1, 1, 0, new UpdateOracle.Clip(0, 1));
        assertArrayEquals(new double[] {2.5, 12.5}, row, 1e-12);
        assertArrayEquals(new double[] {5, 10}, column, 1e-12);
        double[] u = {0.774597, 1.095445, 1.039230, 0.979796};
        for (int i = 0; i < 4; i++) {
            assertEquals(1 - u[i] / Math.max(1, Math.sqrt(UpdateOracle.sumSquares(u) / 4)), weight[i], 1e-6);
        }
    }

    @Test
    void float8KnownValues() {
        int[] codes = {0x00, 0x01, 0x07, 0x08, 0x38, 0x39, 0x7e, 0xfe};
        double[] values = {0, 0x1p-9, 0x7p-9, 0x1p-6, 1, 1.125, 448, -448};
        for (int i = 0; i < codes.length; i++) {
            assertEquals(values[i], Float8Oracle.E4M3.value((byte) codes[i]));
        }
        codes = new int[] {0x01, 0x03, 0x04, 0x3c, 0x3d, 0x7b, 0x7c, 0xfc};
        values = new double[] {
            0x1p-16, 0x3p-16, 0x1p-14, 1, 1.25, 57344, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY
        };
        for (int i = 0; i < codes.length; i++) {
            assertEquals(values[i], Float8Oracle.E5M2.value((byte) codes[i]));
        }
        assertEquals(Double.NaN, Float8Oracle.E4M3.value((byte) 0x7f));
        assertEquals(Double.NaN, Float8Oracle.E5M2.value((byte) 0x7d));
    }

    @Test
    void float8Nearest() {
        Float8Oracle format = Float8Oracle.E4M3;
        double[] given = {1.0625, Math.nextUp(1.0625), 1.1875, 0x1p-10, Math.nextUp(0x1p-10), 0x3p-10, 464, 1e9, -0.0};
        int[] codes = {0x38, 0x39, 0x3a, 0x00, 0x01, 0x02, 0x7e, 0x7e, 0x80};
        for (int i = 0; i < given.length; i++) {
            assertEquals((byte) codes[i], format.nearest(given[i]), "" + given[i]);
        }
        assertEquals((byte) 0xfb, Float8Oracle.E5M2.nearest(Double.NEGATIVE_INFINITY));
        assertEquals(0x7f, Float8Oracle.E5M2.nearest(Double.NaN));
    }

    @Test
    void quantisedByHand() {
        float[] x = {448, 224, 1.1f, 0};
        QuantizeOracle q = QuantizeOracle.of(Float8Oracle.E4M3, new QuantizeOracle.Blocks(1, 2, false), null, x, 2, 2);
        assertArrayEquals(new float[] {1, 1.1f / 448}, q.scales());
        byte[] codes = new byte[32];
        codes[0] = codes[16] = 0x7e;
        codes[1] = 0x76;
        assertArrayEquals(codes, q.codes());
        codes[16] = codes[1];
        codes[1] = 0x7e;
        assertArrayEquals(codes, q.transposed());
    }

    @Test
    void philoxKnownAnswers() {
        assertArrayEquals(
                new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, PhiloxOracle.words(new int[4], new int[2]));
        assertArrayEquals(
                new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
                PhiloxOracle.words(new int[] {-1, -1, -1, -1}, new int[] {-1, -1}));
    }

    private double[] uniform(int count) {
        return random.doubles(count).map(x -> 4 * x - 2).toArray();
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
