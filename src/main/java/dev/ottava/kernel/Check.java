package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;
import java.util.Arrays;

/** Argument checks, with messages that name the operation and the tensor. */
final class Check {
    private Check() {}

    static void that(boolean condition, String operation, String message) {
        if (!condition) {
            throw new InvalidArgumentException(operation + ": " + message);
        }
    }

    /** The shape, in which -1 stands for any size. */
    static void shape(String operation, String name, Tensor tensor, long... shape) {
        boolean same = tensor.rank() == shape.length;
        for (int i = 0; same && i < shape.length; i++) {
            same = shape[i] < 0 || tensor.size(i) == shape[i];
        }
        that(same, operation, name + " is " + tensor + ", not " + Arrays.toString(shape));
    }

    static void count(String operation, String name, Tensor tensor, long count) {
        that(tensor.count() == count, operation, name + " is " + tensor + ", not of " + count + " elements");
    }

    static void dtype(String operation, String name, Tensor tensor, DType dtype) {
        that(tensor.dtype() == dtype, operation, name + " is " + tensor + ", not " + dtype);
    }

    /** F32 or BF16, on the device of the first. */
    static DType floating(String operation, Tensor first, Tensor... others) {
        DType dtype = first.dtype();
        that(dtype == DType.F32 || dtype == DType.BF16, operation, first + " is neither F32 nor BF16");
        for (Tensor other : others) {
            that(other.dtype() == dtype, operation, other + " and " + first + " differ in dtype");
        }
        device(operation, first, others);
        return dtype;
    }

    static void device(String operation, Tensor first, Tensor... others) {
        for (Tensor other : others) {
            that(other.device() == first.device(), operation, other + " and " + first + " are on different devices");
        }
    }

    /** The address, or 0 for an optional tensor that is absent. */
    static long address(Tensor optional) {
        return optional == null ? 0 : optional.address();
    }

    static int flag(boolean value) {
        return value ? 1 : 0;
    }
}
