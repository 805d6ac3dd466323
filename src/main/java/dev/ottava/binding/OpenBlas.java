package dev.ottava.binding;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/** OpenBLAS, the peer that matrix products of the cpu device are measured against. Its jars are on the class path of the benchmarks only. */
public final class OpenBlas {
    private static final class At extends FloatPointer {
        At(long address) {
            super((Pointer) null);
            this.address = address;
        }
    }

    private OpenBlas() {}

    /** Whether the library can be loaded. */
    public static boolean isPresent() {
        try {
            openblas_nolapack.blas_get_vendor();
            return true;
        } catch (LinkageError e) {
            return false;
        }
    }

    /** Threads of the calls that follow. */
    public static void setThreads(int threads) {
        openblas_nolapack.blas_set_num_threads(threads);
    }

    /** {@code D[m, n] = A[m, k] · B[n, k]ᵀ}, F32, dense, at host addresses; a transposed operand is stored as [k, m] or [k, n]. */
    public static void multiply(long d, long a, boolean aTransposed, long b, boolean bTransposed, int m, int n, int k) {
        openblas_nolapack.cblas_sgemm(
                openblas_nolapack.CblasRowMajor,
                aTransposed ? openblas_nolapack.CblasTrans : openblas_nolapack.CblasNoTrans,
                bTransposed ? openblas_nolapack.CblasNoTrans : openblas_nolapack.CblasTrans,
                m,
                n,
                k,
                1f,
                new At(a),
                aTransposed ? m : k,
                new At(b),
                bTransposed ? n : k,
                0f,
                new At(d),
                n);
    }
}
