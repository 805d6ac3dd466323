package dev.ottava.kernel;

/** The contract of {@link Gemm} with the product of our own, which stands in where oneDNN is absent. */
class OwnGemmContractTest extends GemmContractTest {
    @Override
    boolean oneDnn() {
        return false;
    }
}
