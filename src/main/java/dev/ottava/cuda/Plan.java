package dev.ottava.cuda;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_A_SCALE_MODE;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_A_SCALE_POINTER;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_B_SCALE_MODE;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_B_SCALE_POINTER;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_EPILOGUE;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_FAST_ACCUM;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSA;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSB;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_MATRIX_SCALE_SCALAR_32F;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_N;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_T;
import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_NOT_SUPPORTED;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmul;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulAlgoGetHeuristic;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescSetAttribute;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceSetAttribute;
import static org.bytedeco.cuda.global.cublas.cublasLtMatrixLayoutCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatrixLayoutDestroy;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;
import static org.bytedeco.cuda.global.cudart.CUDA_R_8F_E4M3;
import static org.bytedeco.cuda.global.cudart.CUDA_R_8F_E5M2;

import dev.ottava.binding.Native;
import dev.ottava.cuda.Product.Operands;
import dev.ottava.cuda.Product.Scale;
import java.util.Arrays;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * One product as cuBLASLt wants it. Its matrices are column-major, so that our D is its D transposed, and {@code Dᵀ = B · Aᵀ}: its A is our B, and its B our A. The layout of a
 * row-major matrix is that of its transpose; ours that is [n, k] is therefore transposed once more.
 */
final class Plan implements AutoCloseable {
    static final int CANDIDATES = 8;

    private final Session session;
    private final Product product;
    private final cublasLtMatmulDescOpaque_t description;
    private final cublasLtMatrixLayoutOpaque_t a;
    private final cublasLtMatrixLayoutOpaque_t b;
    private final cublasLtMatrixLayoutOpaque_t d;
    private final cublasLtMatmulHeuristicResult_t proposals = new cublasLtMatmulHeuristicResult_t(CANDIDATES);
    private final int candidates;
    private int chosen;

    private final FloatPointer one = new FloatPointer(1f);
    private final FloatPointer beta;
    private final IntPointer number = new IntPointer(1);
    private final LongPointer address = new LongPointer(1);
    private final Session.At atA = new Session.At();
    private final Session.At atB = new Session.At();
    private final Session.At atD = new Session.At();

    /** Plans for operands that are aligned as these are. */
    Plan(Session session, Product product, Operands operands) {
        this.session = session;
        this.product = product;
        beta = new FloatPointer(product.accumulate() ? 1f : 0f);
        session.stream(); // the device's context becomes current
        try (PointerPointer<Pointer> created = new PointerPointer<>(1)) {
            Session.check(
                    "cublasLtMatmulDescCreate", cublasLtMatmulDescCreate(created, CUBLAS_COMPUTE_32F, CUDA_R_32F));
            description = new cublasLtMatmulDescOpaque_t(created.get());
            a = layout(created, product.aDtype(), product.aTransposed(), product.m(), product.k(), product.aPitch());
            b = layout(created, product.bDtype(), product.bTransposed(), product.n(), product.k(), product.bPitch());
            d = layout(created, product.dDtype(), false, product.m(), product.n(), product.dPitch());
            describe(operands);
            candidates = propose(created, operands);
        }
    }

    int candidates() {
        return candidates;
    }

    void run(Operands operands) {
        run(chosen, operands);
    }

    double[] chooseFastest(Operands operands, int rounds) {
        double[][] seconds = new double[candidates][rounds];
        for (int round = -1; round < rounds; round++) { // the first round warms up
            for (int i = 0; i < candidates; i++) {
                int candidate = i;
                double taken = session.seconds(() -> run(candidate, operands));
                if (round >= 0) {
                    seconds[i][round] = taken;
                }
            }
        }
        double[] medians = new double[candidates];
        for (int i = 0; i < candidates; i++) {
            Arrays.sort(seconds[i]);
            medians[i] = seconds[i][rounds / 2];
            chosen = medians[i] < medians[chosen] ? i : chosen;
        }
        return medians;
    }

    private void run(int candidate, Operands operands) {
        setAddresses(operands);
        atD.to(operands.d());
        Session.check(
                "cublasLtMatmul of " + product,
                cublasLtMatmul(
                        session.handle,
                        description,
                        one,
                        atB.to(operands.b()),
                        b,
                        atA.to(operands.a()),
                        a,
                        beta,
                        atD,
                        d,
                        atD,
                        d,
                        proposals.position(candidate).algo(),
                        session.workspace,
                        Session.WORKSPACE_BYTES,
                        session.stream()));
    }

    private static cublasLtMatrixLayoutOpaque_t layout(
            PointerPointer<Pointer> created, int dtype, boolean transposed, long rows, long columns, long pitch) {
        long inner = transposed ? rows : columns;
        long outer = transposed ? columns : rows;
        Session.check(
                "cublasLtMatrixLayoutCreate", cublasLtMatrixLayoutCreate(created, type(dtype), inner, outer, pitch));
        return new cublasLtMatrixLayoutOpaque_t(created.get());
    }

    private void describe(Operands operands) {
        set(CUBLASLT_MATMUL_DESC_TRANSA, product.bTransposed() ? CUBLAS_OP_N : CUBLAS_OP_T);
        set(CUBLASLT_MATMUL_DESC_TRANSB, product.aTransposed() ? CUBLAS_OP_T : CUBLAS_OP_N);
        if (product.bias()) {
            set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
        }
        if (product.aScale() != Scale.NONE) {
            set(CUBLASLT_MATMUL_DESC_B_SCALE_MODE, mode(product.aScale()));
        }
        if (product.bScale() != Scale.NONE) {
            set(CUBLASLT_MATMUL_DESC_A_SCALE_MODE, mode(product.bScale()));
        }
        if (product.fast()) {
            try (BytePointer on = new BytePointer(1).put((byte) 1)) {
                Session.check(
                        "cublasLtMatmulDescSetAttribute",
                        cublasLtMatmulDescSetAttribute(description, CUBLASLT_MATMUL_DESC_FAST_ACCUM, on, 1));
            }
        }
        setAddresses(operands);
    }

    private void setAddresses(Operands operands) {
        if (product.bias()) {
            set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, operands.bias());
        }
        if (product.aScale() != Scale.NONE) {
            set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, operands.aScale());
        }
        if (product.bScale() != Scale.NONE) {
            set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, operands.bScale());
        }
    }

    private int propose(PointerPointer<Pointer> created, Operands operands) {
        Session.check("cublasLtMatmulPreferenceCreate", cublasLtMatmulPreferenceCreate(created));
        cublasLtMatmulPreferenceOpaque_t preference = new cublasLtMatmulPreferenceOpaque_t(created.get());
        int[] found = new int[1];
        try {
            prefer(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, address.put(Session.WORKSPACE_BYTES), 8);
            align(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, operands.b());
            align(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, operands.a());
            align(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, operands.d());
            align(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, operands.d());
            int status = cublasLtMatmulAlgoGetHeuristic(
                    session.handle, description, b, a, d, d, preference, CANDIDATES, proposals, found);
            if (status == CUBLAS_STATUS_NOT_SUPPORTED) {
                return 0;
            }
            Session.check("cublasLtMatmulAlgoGetHeuristic of " + product, status);
        } finally {
            cublasLtMatmulPreferenceDestroy(preference);
        }
        return found[0];
    }

    private void align(cublasLtMatmulPreferenceOpaque_t preference, int attribute, long at) {
        prefer(preference, attribute, number.put(CublasLt.alignment(at)), 4);
    }

    private static void prefer(cublasLtMatmulPreferenceOpaque_t preference, int attribute, Pointer value, long bytes) {
        Session.check(
                "cublasLtMatmulPreferenceSetAttribute",
                cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, bytes));
    }

    private void set(int attribute, int value) {
        Session.check(
                "cublasLtMatmulDescSetAttribute",
                cublasLtMatmulDescSetAttribute(description, attribute, number.put(value), 4));
    }

    private void set(int attribute, long value) {
        Session.check(
                "cublasLtMatmulDescSetAttribute",
                cublasLtMatmulDescSetAttribute(description, attribute, address.put(value), 8));
    }

    private static int type(int dtype) {
        return switch (dtype) {
            case Native.OTTAVA_F32 -> CUDA_R_32F;
            case Native.OTTAVA_BF16 -> CUDA_R_16BF;
            case Native.OTTAVA_E4M3 -> CUDA_R_8F_E4M3;
            case Native.OTTAVA_E5M2 -> CUDA_R_8F_E5M2;
            default -> throw new CudaException("cuBLASLt: no products of dtype " + dtype);
        };
    }

    private static int mode(Scale scale) {
        return switch (scale) {
            case NONE, TENSOR -> CUBLASLT_MATMUL_MATRIX_SCALE_SCALAR_32F;
            case VECTOR_128 -> CUBLASLT_MATMUL_MATRIX_SCALE_VEC128_32F;
            case BLOCK_128 -> CUBLASLT_MATMUL_MATRIX_SCALE_BLK128x128_32F;
        };
    }

    @Override
    public void close() {
        cublasLtMatrixLayoutDestroy(a);
        cublasLtMatrixLayoutDestroy(b);
        cublasLtMatrixLayoutDestroy(d);
        cublasLtMatmulDescDestroy(description);
        for (Pointer owned : new Pointer[] {proposals, one, beta, number, address}) {
            owned.close();
        }
    }
}
