package dev.ottava.kernel;

import java.util.stream.Stream;

/** The contract of {@link Gemm} with the product of our own, which stands in where oneDNN is absent. */
class OwnGemmContractTest extends GemmContractTest {
    /** Other devices have no oneDNN in the first place. */
    static Stream<String> devices() {
        return Stream.of("cpu");
    }

    @Override
    boolean oneDnn() {
        return false;
    }
}
