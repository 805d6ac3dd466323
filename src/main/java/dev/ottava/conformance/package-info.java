/**
 * Conformance of a device's primitives: each wrapper of {@code src/main/cuda/ptx/} runs on random operands, and its raw result is compared, bit for bit, with what
 * is worked out here by other means, and, on a GPU, with the simt device. It is what makes simt trustworthy.
 */
package dev.ottava.conformance;
