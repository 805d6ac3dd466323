package dev.ottava.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ottava.Gpu;
import dev.ottava.core.BFloat16;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Attention;
import dev.ottava.kernel.CudnnAttention;
import dev.ottava.oracle.AttentionOracle;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On a machine with a GPU and cuDNN: what {@code AttentionContractTest} does not reach, and that it is cuDNN which does it. */
class CudnnContractTest {
    private final Random random = new Random(20240607);
    private Device device;

    @BeforeEach
    void open() {
        assumeTrue(Gpu.kernelDevices().contains("cuda"), "this machine has no GPU");
        device = Device.open("cuda");
        assumeTrue(device.cudnn() != null, device.property("attention"));
    }

    @AfterEach
    void close() {
        if (device != null) {
            device.close();
        }
    }

    /** Tensors on the device, and what they are to hold. */
    private final class Case implements AutoCloseable {
        final AttentionOracle shape;
        final float[] qValues;
        final float[] kValues;
        final float[] vValues;
        final Tensor q;
        final Tensor k;
        final Tensor v;
        final Tensor out;
        final Tensor logSumExp;

        Case(int batch, int heads, int kvHeads, int headDim, int queries, int keys, int capacity) {
            shape = new AttentionOracle(batch, heads, kvHeads, headDim, queries, keys, capacity, 0.3);
            qValues = gaussian(batch * queries * heads * headDim);
            kValues = gaussian(batch * capacity * kvHeads * headDim);
            vValues = gaussian(kValues.length);
            q = device.empty(DType.BF16, batch, queries, heads, headDim).copyFrom(qValues);
            k = device.empty(DType.BF16, batch, capacity, kvHeads, headDim).copyFrom(kValues);
            v = device.empty(DType.BF16, batch, capacity, kvHeads, headDim).copyFrom(vValues);
            out = like(q);
            logSumExp = device.empty(DType.F32, batch, heads, queries).fill(Double.NaN);
        }

        String missing(AttentionPass pass) {
            return CudnnAttention.missing(pass, q, k, shape.keyLength(), shape.scale());
        }

        void forward(Tensor sums) {
            Attention.forward(out, sums, q, k, v, shape.keyLength(), shape.scale());
        }

        void checkForward() {
            assertNear(shape.forward(doubles(qValues), doubles(kValues), doubles(vValues)), out.toFloats(), 0.03);
            assertNear(shape.logSumExp(doubles(qValues), doubles(kValues)), logSumExp.toFloats(), 1e-4);
        }

        @Override
        public void close() {
            for (Tensor tensor : new Tensor[] {q, k, v, out, logSumExp}) {
                tensor.close();
            }
        }
    }

    private float[] gaussian(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = BFloat16.toFloat(BFloat16.fromFloat((float) random.nextGaussian()));
        }
        return values;
    }

    private Tensor like(Tensor tensor) {
        return device.empty(tensor.dtype(), tensor.shape()).fill(Double.NaN);
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    private static void assertNear(double[] expected, float[] actual, double bound) {
        assertEquals(expected.length, actual.length);
        for (int i = 0; i < actual.length; i++) {
            assertEquals(expected[i], actual[i], bound + bound * Math.abs(expected[i]), "element " + i);
        }
    }

    /** As many queries as keys, fewer, and a cache that is longer than what it holds; groups of heads. */
    @Test
    void forwardIsThatOfTheContract() {
        int[][] shapes = {{1, 2, 2, 64, 128, 128, 128}, {2, 4, 2, 64, 70, 130, 141}, {1, 3, 1, 128, 64, 64, 80}};
        for (int[] s : shapes) {
            try (Case made = new Case(s[0], s[1], s[2], s[3], s[4], s[5], s[6])) {
                assertEquals("", made.missing(AttentionPass.TRAINING));
                assertEquals("", made.missing(AttentionPass.INFERENCE));
                made.forward(made.logSumExp);
                made.checkForward();
                made.out.fill(Double.NaN);
                made.forward(null);
                made.checkForward();
                Attention.forwardWithoutLibrary(
                        made.out, made.logSumExp, made.q, made.k, made.v, made.shape.keyLength(), made.shape.scale());
                made.checkForward();
            }
        }
    }

    /** The gradients by both ways, twice: those of training in the same bits. */
    @Test
    void gradientsAreThoseOfTheContract() {
        assumeTrue(device.cudnn().hasDeterministicBackward(), device.property("attention"));
        for (int[] s : new int[][] {{1, 2, 2, 64, 128}, {2, 4, 1, 64, 100}, {1, 3, 1, 128, 64}}) {
            try (Case made = new Case(s[0], s[1], s[2], s[3], s[4], s[4], s[4]);
                    Tensor dOut = like(made.q);
                    Tensor dQ = like(made.q);
                    Tensor dK = like(made.k);
                    Tensor dV = like(made.v)) {
                assumeTrue(made.missing(AttentionPass.BACKWARD).isEmpty(), made.missing(AttentionPass.BACKWARD));
                float[] dOutValues = gaussian(made.qValues.length);
                dOut.copyFrom(dOutValues);
                made.forward(made.logSumExp);
                double[][] expected = made.shape.backward(
                        doubles(dOutValues), doubles(made.qValues), doubles(made.kValues), doubles(made.vValues));
                float[][] before = null;
                for (AttentionPass pass : new AttentionPass[] {
                    AttentionPass.BACKWARD, AttentionPass.BACKWARD, AttentionPass.UNORDERED_BACKWARD
                }) {
                    assertTrue(CudnnAttention.backward(
                            pass,
                            dQ,
                            dK,
                            dV,
                            dOut,
                            made.q,
                            made.k,
                            made.v,
                            made.out,
                            made.logSumExp,
                            made.shape.scale()));
                    float[][] gradients = {dQ.toFloats(), dK.toFloats(), dV.toFloats()};
                    for (int i = 0; i < 3; i++) {
                        assertNear(expected[i], gradients[i], 0.06);
                        if (before != null && pass == AttentionPass.BACKWARD) {
                            assertArrayEquals(before[i], gradients[i]);
                        }
                    }
                    before = gradients;
                }
            }
        }
    }

    /** What our own kernel does: few queries, and F32. What it refuses is refused, whoever would do it. */
    @Test
    void theRestIsLeftToOurKernel() {
        try (Case made = new Case(1, 2, 1, 64, 63, 100, 100)) {
            assertTrue(
                    made.missing(AttentionPass.TRAINING).contains("64 queries"), made.missing(AttentionPass.TRAINING));
            made.forward(made.logSumExp);
            made.checkForward();
        }
        try (Case made = new Case(1, 2, 1, 64, 64, 64, 64);
                Tensor block = device.empty(DType.BF16, made.q.count() + 1);
                Tensor f32 = device.empty(DType.F32, made.q.shape())) {
            assertEquals("it is for BF16", CudnnAttention.missing(AttentionPass.INFERENCE, f32, f32, 64, 1));
            Tensor shifted = block.rows(1, made.q.count() + 1).view(made.q.shape());
            assertEquals(false, CudnnAttention.forward(made.out, null, shifted, made.k, made.v, 64, 0.3));
            String message = assertThrows(
                            InvalidArgumentException.class,
                            () -> Attention.forward(made.out, null, shifted, made.k, made.v, 64, 0.3))
                    .getMessage();
            assertTrue(message.contains("multiple of 16 bytes"), message);
        }
    }
}
