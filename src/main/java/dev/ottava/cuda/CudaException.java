package dev.ottava.cuda;

/** A library of CUDA refused, or failed; the message names the library, the call and its status. */
public final class CudaException extends RuntimeException {
    public CudaException(String message) {
        super(message);
    }
}
