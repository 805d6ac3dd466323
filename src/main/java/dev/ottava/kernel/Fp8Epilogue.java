package dev.ottava.kernel;

import dev.ottava.core.Tensor;

/**
 * What becomes of the sums of a product of FP8 operands before they are stored: {@code D = sums + bias + addend}.
 *
 * @param bias [n], F32 or BF16; null for none
 * @param addend [m, n] of the dtype of D; may be D itself, which accumulates; null for none
 * @param amax [1], F32: receives the largest |D| as stored, NaN if any is; null if it is not wanted
 */
public record Fp8Epilogue(Tensor bias, Tensor addend, Tensor amax) {
    /** The sums alone. */
    public static final Fp8Epilogue NONE = new Fp8Epilogue(null, null, null);

    public static Fp8Epilogue bias(Tensor bias) {
        return new Fp8Epilogue(bias, null, null);
    }

    public static Fp8Epilogue addend(Tensor addend) {
        return new Fp8Epilogue(null, addend, null);
    }
}
