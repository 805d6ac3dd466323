package dev.ottava.kernel;

import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Status;
import dev.ottava.core.Tensor;

/** The gated activation of Llama's feed-forward layer (Shazeer, 2020): {@code silu(gate) * up}. */
public final class SwiGlu {
    private SwiGlu() {}

    /** {@code y = silu(gate) * up}. F32 or BF16, as many elements; y may be gate or up. */
    public static void forward(Tensor y, Tensor gate, Tensor up) {
        DType dtype = Check.floating("swiglu", y, gate, up);
        Check.count("swiglu", "gate", gate, y.count());
        Check.count("swiglu", "up", up, y.count());
        Status.check(Native.ottava_swiglu_forward(
                y.device().stream(), dtype.code(), y.address(), gate.address(), up.address(), y.count()));
    }

    /** The gradients of gate and up; dGate may be gate and dUp may be up. */
    public static void backward(Tensor dGate, Tensor dUp, Tensor dY, Tensor gate, Tensor up) {
        DType dtype = Check.floating("swiglu_backward", dY, dGate, dUp, gate, up);
        for (Tensor tensor : new Tensor[] {dGate, dUp, gate, up}) {
            Check.count("swiglu_backward", "an argument", tensor, dY.count());
        }
        Status.check(Native.ottava_swiglu_backward(
                dY.device().stream(),
                dtype.code(),
                dGate.address(),
                dUp.address(),
                dY.address(),
                gate.address(),
                up.address(),
                dY.count()));
    }
}
