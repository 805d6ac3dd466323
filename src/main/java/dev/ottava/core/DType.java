package dev.ottava.core;

/** Element types. */
public enum DType {
    /** IEEE single precision. */
    F32(0, 4),
    /** The upper half of F32: 8 bits of exponent, 7 of significand. */
    BF16(1, 2),
    /** IEEE half precision; read from files, not computed with. */
    F16(2, 2),
    /** Signed 32-bit integer: token ids. */
    I32(3, 4),
    /** Signed 16-bit integer: the low half of an exact F32 weight beside its BF16 half. */
    I16(4, 2),
    /** 8-bit float, 4 bits of exponent, largest value 448. */
    E4M3(5, 1),
    /** 8-bit float, 5 bits of exponent, largest value 57344. */
    E5M2(6, 1);

    private final int code;
    private final int bytes;

    DType(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    /** The code of this type in the C ABI. */
    public int code() {
        return code;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }
}
