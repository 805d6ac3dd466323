package dev.ottava.core;

import dev.ottava.binding.Binding;
import dev.ottava.binding.Native;
import dev.ottava.cuda.CublasLt;
import dev.ottava.cuda.CudaException;
import dev.ottava.cuda.Cudnn;

/**
 * Where tensors live and operations run. One thread at a time uses a device.
 *
 * <p>{@code cpu} is there on every machine. {@code cuda}, or {@code cuda:0}, {@code cuda:1} and so on, is an NVIDIA GPU from Ampere on; operations
 * return before they are complete, and copies to the host wait for them. {@code simt} runs the CUDA kernels of sm_90a on a CPU, to prove them; {@code
 * simt:sm_80} and {@code simt:sm_89} those of other architectures; {@code simt:reverse} and {@code simt:seed:1} in another order of threads. {@code meta}
 * counts memory and computes nothing, which is how {@code ottava plan} predicts a run.
 *
 * <pre>{@code
 * try (Device device = Device.open("cpu");
 *         Tensor x = device.tensor(new float[] {1, 2, 3, 4}, 2, 2);
 *         Tensor y = device.empty(DType.F32, 2, 2)) {
 *     Gemm.multiply(y, x, x);
 *     System.out.println(Arrays.toString(y.toFloats())); // x times its transpose
 * }
 * }</pre>
 */
public final class Device implements AutoCloseable {
    private final String name;
    private final MemoryPool pool;
    private final LeakDetector leaks;
    private final long stream;
    private CublasLt cublasLt;
    private Cudnn cudnn;
    private String matmul;
    private String attention;
    private long handle;

    private Device(String name, long handle) {
        this.name = name;
        this.handle = handle;
        this.stream = Native.ottava_device_default_stream(handle);
        this.pool = new MemoryPool(handle);
        this.leaks = new LeakDetector(pool);
    }

    /**
     * Opens a device with all processors, and with libraries where there are any: for matrix products oneDNN on cpu, cuBLASLt on cuda; for dense attention cuDNN on cuda.
     *
     * @param name {@code cpu}, {@code cuda}, {@code cuda:N}, {@code simt} or {@code meta}
     * @throws UnsupportedException where there is no such GPU, or no driver, or no kernels for it; the message says which
     */
    public static Device open(String name) {
        return open(name, 0, true);
    }

    /**
     * Opens a device.
     *
     * @param threads for cpu and simt; 0 takes one per processor
     * @param library multiply matrices with oneDNN on cpu, or cuBLASLt on cuda, and attend with cuDNN on cuda, if its jar is on the class path and the machine has it; otherwise, and on
     *     other devices, with Ottava's own kernels. The properties {@code matmul} and, on cuda, {@code attention} say which, and why. {@code OTTAVA_CUDNN=none} in the environment
     *     leaves out cuDNN alone.
     */
    public static Device open(String name, int threads, boolean library) {
        load();
        Ranges.attach();
        String oneDnn = library && name.equals("cpu") ? Binding.oneDnnPath().orElse("") : "";
        long[] handle = new long[1];
        Status.check(Native.ottava_device_open(name, oneDnn, threads, handle));
        Device device = new Device(name, handle[0]);
        if (library && name.startsWith("cuda")) {
            device.openCublasLt();
            device.openCudnn();
        } else if (name.startsWith("cuda")) {
            device.attention = "Ottava";
        }
        return device;
    }

    private void openCublasLt() {
        String missing = CublasLt.reason();
        if (CublasLt.available()) {
            try {
                cublasLt = new CublasLt(handle, stream);
                matmul = cublasLt.version();
                return;
            } catch (CudaException e) {
                missing = e.getMessage();
            }
        }
        matmul = property("matmul") + " (no cuBLASLt: " + missing + ")";
    }

    private void openCudnn() {
        String wanted = System.getenv("OTTAVA_CUDNN");
        String missing = "none".equals(wanted) ? "OTTAVA_CUDNN=none" : Cudnn.reason();
        if (missing.isEmpty()) {
            try {
                cudnn = new Cudnn(handle, stream, property("compute_capability"));
                attention = Cudnn.version()
                        + (cudnn.hasDeterministicBackward()
                                ? ""
                                : ", gradients by Ottava: cuDNN's are known to be deterministic on compute capability 9 alone");
                return;
            } catch (CudaException e) {
                missing = e.getMessage();
            }
        }
        attention = "Ottava (no cuDNN: " + missing + ")";
    }

    private static void load() {
        try {
            Binding.load();
        } catch (LinkageError e) {
            throw new UnsupportedException("the native library cannot be loaded: " + e.getMessage());
        }
    }

    /** Whether this machine has a CUDA driver, usable or not. */
    public static boolean hasCudaDriver() {
        load();
        return Native.ottava_cuda_driver_found() != 0;
    }

    public String name() {
        return name;
    }

    /** True for the device that counts memory and computes nothing. */
    public boolean isMeta() {
        return name.equals("meta");
    }

    /**
     * Text such as {@code processor}, {@code instructions}, {@code threads}, {@code matmul}, {@code attention}, {@code architecture}, {@code driver}; empty if there is
     * none of that name. The header ottava/device.h lists them.
     */
    public String property(String property) {
        if (property.equals("matmul") && matmul != null) {
            return matmul;
        }
        if (property.equals("attention") && attention != null) {
            return attention;
        }
        return Binding.deviceProperty(handle(), property);
    }

    /** Whether the device multiplies BF16 at more than the speed of F32. */
    public boolean hasNativeBf16() {
        return property("native_bf16").equals("true");
    }

    /** Whether a {@link Graph} can be recorded there: on cuda. */
    public boolean hasGraphs() {
        return property("graphs").equals("true");
    }

    /** Memory for one purpose. */
    public Arena arena(MemoryPurpose purpose) {
        return new Arena(this, purpose);
    }

    /** A tensor in the workspace arena, not initialised. */
    public Tensor empty(DType dtype, long... shape) {
        return arena(MemoryPurpose.WORKSPACE).empty(dtype, shape);
    }

    /** A F32 tensor in the workspace arena with a copy of the values. */
    public Tensor tensor(float[] values, long... shape) {
        return empty(DType.F32, shape).copyFrom(values);
    }

    /** An I32 tensor in the workspace arena with a copy of the values. */
    public Tensor tensor(int[] values, long... shape) {
        return empty(DType.I32, shape).copyFrom(values);
    }

    public MemoryStatistics memory() {
        return pool.statistics();
    }

    /** Bytes that could still be allocated. */
    public long availableBytes() {
        long[] bytes = new long[1];
        Status.check(Native.ottava_memory_available(handle(), bytes));
        return bytes[0];
    }

    /** Waits for all operations issued so far. */
    public void synchronize() {
        Status.check(Native.ottava_stream_synchronize(stream()));
    }

    /** The handle of the stream that operations run on, for calls of the C ABI. */
    public long stream() {
        handle();
        return stream;
    }

    /** The library that multiplies matrices on a cuda device, or null where Ottava's own kernel does. For {@code Gemm}. */
    public CublasLt cublasLt() {
        return cublasLt;
    }

    /** The library for dense attention on a cuda device, or null where Ottava's own kernel does all of it. For {@code Attention}. */
    public Cudnn cudnn() {
        return cudnn;
    }

    MemoryPool pool() {
        handle();
        return pool;
    }

    LeakDetector leaks() {
        return leaks;
    }

    long handle() {
        if (handle == 0) {
            throw new InvalidArgumentException("the device " + name + " is closed");
        }
        return handle;
    }

    /** Closes the device. Tensors still open are reported with where they were allocated, and freed. */
    @Override
    public void close() {
        if (handle != 0) {
            leaks.reportOpen();
            if (cublasLt != null) {
                cublasLt.close();
            }
            if (cudnn != null) {
                cudnn.close();
            }
            pool.close();
            Status.check(Native.ottava_device_close(handle));
            handle = 0;
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
