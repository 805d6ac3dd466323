package dev.ottava.hub;

import dev.ottava.core.DType;
import java.util.Optional;

/** The element types of the safetensors format. Those without a {@link DType} are known by name and size only. */
enum SafetensorsType {
    F32(32, DType.F32),
    BF16(16, DType.BF16),
    F16(16, DType.F16),
    I32(32, DType.I32),
    I16(16, DType.I16),
    F8_E4M3(8, DType.E4M3),
    F8_E5M2(8, DType.E5M2),
    BOOL(8, null),
    U8(8, null),
    I8(8, null),
    U16(16, null),
    U32(32, null),
    F64(64, null),
    I64(64, null),
    U64(64, null),
    C64(64, null),
    F8_E8M0(8, null),
    F8_E4M3FNUZ(8, null),
    F8_E5M2FNUZ(8, null),
    F6_E2M3(6, null),
    F6_E3M2(6, null),
    F4(4, null);

    private final int bits;
    private final DType dtype;

    SafetensorsType(int bits, DType dtype) {
        this.bits = bits;
        this.dtype = dtype;
    }

    int bits() {
        return bits;
    }

    Optional<DType> dtype() {
        return Optional.ofNullable(dtype);
    }

    /** Whether values can be cast to another such type. */
    boolean isFloat() {
        return dtype == DType.F32 || dtype == DType.BF16 || dtype == DType.F16;
    }

    static Optional<SafetensorsType> named(String name) {
        for (SafetensorsType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    static SafetensorsType of(DType dtype) {
        for (SafetensorsType type : values()) {
            if (type.dtype == dtype) {
                return type;
            }
        }
        throw new AssertionError(dtype);
    }
}
