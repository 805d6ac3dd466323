package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What products of FP8 operands refuse, and what they say. The C ABI refuses before it goes to a device, so one device stands for all. */
class Fp8GemmRefusalsTest extends Fp8GemmContract {
    static Stream<String> devices() {
        return Stream.of("cpu");
    }

    /** A call of the C ABI with nothing wrong. */
    private static final class Call {
        int dtype = DType.F32.code();
        int pitch = 32;
        int scaling = Scaling.BLOCKS_128.code();
        int aDtype = DType.E4M3.code();
        int aOffset = 0;
        int aPitch = 64;
        int bDtype = DType.E4M3.code();
        int bPitch = 64;
        int k = 64;

        void store(long stream, long d, long codes, long scales) {
            Status.check(Native.ottava_gemm_fp8(
                    stream,
                    dtype,
                    d,
                    pitch,
                    0,
                    aDtype,
                    codes + aOffset,
                    aPitch,
                    scales,
                    0,
                    0,
                    bDtype,
                    codes,
                    bPitch,
                    scales,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    32,
                    32,
                    k,
                    1));
        }

        void quantize(long stream, long d, long codes, long scales) {
            Status.check(Native.ottava_gemm_fp8_quantize(
                    stream,
                    DType.E4M3.code(),
                    d,
                    pitch,
                    scaling,
                    scales,
                    aDtype,
                    codes + aOffset,
                    aPitch,
                    scales,
                    0,
                    0,
                    bDtype,
                    codes,
                    bPitch,
                    scales,
                    0,
                    0,
                    0,
                    0,
                    32,
                    32,
                    k,
                    1));
        }
    }

    private Function<Workbench, Executable> call(boolean quantize, Consumer<Call> change) {
        return bench -> {
            Call call = new Call();
            change.accept(call);
            long codes = bench.empty(DType.E4M3, 64, 96).address();
            long scales = bench.empty(DType.F32, 1).address();
            long d = bench.empty(DType.F32, 64, 32).address();
            long stream = bench.device().stream();
            return () -> {
                if (quantize) {
                    call.quantize(stream, d, codes, scales);
                } else {
                    call.store(stream, d, codes, scales);
                }
            };
        };
    }

    /** Refused whether D is stored or quantised. */
    private void refused(Consumer<Call> change, String... parts) {
        assertRefused(call(false, change), parts);
        assertRefused(call(true, change), parts);
    }

    @Test
    void theSummedDimension() {
        refused(call -> call.k = 50, "k=50", "48 and 64");
        refused(call -> call.k = 5, "k=5", "the nearest that works is 16");
        refused(call -> call.k = 0, "k=0", "the nearest that works is 16");
    }

    @Test
    void dtypes() {
        refused(call -> call.aDtype = call.bDtype = DType.E5M2.code(), "a and b are both E5M2", "has to be E4M3");
        refused(call -> call.aDtype = DType.BF16.code(), "a is of dtype 1", "E4M3");
        assertRefused(call(false, call -> call.dtype = DType.F16.code()), "D is of dtype 2", "F32 nor BF16");
        assertRefused(
                call(true, call -> call.scaling = Scaling.PER_TENSOR.code()), "blocks of 128 x 128", "groups of 16");
    }

    @Test
    void pitchesAndAddresses() {
        refused(call -> call.aPitch = 72, "rows of a are 72 apart", "multiple of 16", "such as 80");
        refused(call -> call.bPitch = 48, "rows of b are 48 apart", "such as 64");
        refused(call -> call.aOffset = 8, "address of a", "multiple of 16");
        assertRefused(call(false, call -> call.pitch = 31), "rows of D are 31 apart", "n=32");
        assertRefused(call(true, call -> call.pitch = 40), "rows of q are 40 apart", "such as 48");
    }

    @Test
    void matrices() {
        Operand a = operand(DType.E4M3, Kind.BLOCKS, 20, 40, 0);
        Operand b = operand(DType.E4M3, Kind.BLOCKS, 30, 40, 0);
        Operand other = operand(DType.E4M3, Kind.BLOCKS, 30, 48, 0);
        assertRefused(multiply(a, true, b, 20, 30), "a.transposed is absent", "TRANSPOSED or BOTH");
        assertRefused(multiply(a, false, other, 20, 30), "differ in k", "40 and 48");
        assertRefused(multiply(a, false, b, 30, 20), "d is", "[20, 30]");
        assertRefused(
                bench -> {
                    Tensor d = bench.empty(DType.F32, 20, 30);
                    QuantizedMatrix groups = new QuantizedMatrix(
                            20,
                            40,
                            bench.empty(DType.E4M3, 20, 48),
                            null,
                            Scaling.GROUPS_16,
                            bench.empty(DType.BF16, 20, 3));
                    QuantizedMatrix right = b.on(bench);
                    return () -> Fp8Gemm.multiply(d, groups, false, right, false, Fp8Epilogue.NONE, Accumulation.FAST);
                },
                "groups of 16",
                "PER_TENSOR or BLOCKS_128");
        assertRefused(
                bench -> {
                    QuantizedMatrix d = new QuantizedMatrix(
                            20,
                            30,
                            bench.empty(DType.E4M3, 20, 32),
                            null,
                            Scaling.PER_TENSOR,
                            bench.empty(DType.F32, 1));
                    QuantizedMatrix left = a.on(bench);
                    QuantizedMatrix right = b.on(bench);
                    return () -> Fp8Gemm.multiply(d, left, false, right, false, null, Accumulation.FAST);
                },
                "second pass",
                "BLOCKS_128 or GROUPS_16");
    }

    private static Function<Workbench, Executable> multiply(Operand a, boolean aTransposed, Operand b, int m, int n) {
        return bench -> {
            Tensor d = bench.empty(DType.F32, m, n);
            QuantizedMatrix left = a.on(bench);
            QuantizedMatrix right = b.on(bench);
            return () -> Fp8Gemm.multiply(d, left, aTransposed, right, false, Fp8Epilogue.NONE, Accumulation.FAST);
        };
    }
}
