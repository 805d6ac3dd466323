package dev.ottava.kernel;

import java.util.stream.Stream;

/** The contract of {@link Gemm} with the product of our own, which stands in where the library, oneDNN or cuBLASLt, is absent. */
class OwnGemmContractTest extends GemmContractTest {
    /** There is no library for simt in the first place. */
    static Stream<String> devices() {
        return Contract.devices().filter(name -> !name.startsWith("simt"));
    }

    @Override
    boolean oneDnn() {
        return false;
    }
}
