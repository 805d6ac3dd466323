package dev.ottava.cli;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.hub.Tokenizer;
import dev.ottava.kernel.CudnnAttention;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code ottava doctor}. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Says what Ottava found on this machine, what not, why, and what to do.")
final class DoctorCommand implements Callable<Integer> {
    private final Terminal terminal;

    DoctorCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        row("Ottava", "found", Version.text());
        row(
                "Java",
                "found",
                Runtime.version() + ", " + System.getProperty("java.vendor") + ", " + System.getProperty("java.home"));
        row("system", "found", String.join(" ", property("os.name"), property("os.version"), property("os.arch")));
        row("Java heap", "found", Format.bytes(Runtime.getRuntime().maxMemory()) + " at most; tensors live outside it");
        boolean works = cpu();
        if (works) {
            cuda();
        }
        tokenizers();
        return works ? 0 : Failures.BEFORE_WORK;
    }

    private boolean cpu() {
        try (Device device = Device.open("cpu")) {
            row("native library", "found", "dev.ottava " + Version.text() + " for " + property("os.arch"));
            row("device cpu", "found", device.property("processor"));
            row("instructions", "found", device.property("instructions"));
            row("threads", "found", device.property("threads") + " (OMP_NUM_THREADS sets another number)");
            row("memory", "found", Format.bytes(device.availableBytes()) + " free");
            String matmul = device.property("matmul");
            if (matmul.startsWith("oneDNN")) {
                row("oneDNN", "found", matmul + ", multiplies matrices");
            } else {
                row(
                        "oneDNN",
                        "not found",
                        "its jar, org.bytedeco:dnnl for this platform, is not on the class path; Ottava's own"
                                + " slower kernel multiplies matrices. Add the jar, or start with bin/ottava");
            }
            if (device.hasNativeBf16()) {
                row("native bf16", "found", "--precision is bf16 unless you say otherwise");
            } else {
                row(
                        "native bf16",
                        "not found",
                        "it takes oneDNN and a processor with AVX512-BF16; --precision is fp32 unless"
                                + " you say otherwise");
            }
            return true;
        } catch (RuntimeException failure) {
            row("device cpu", "not found", Failures.line(failure));
            return false;
        }
    }

    private void cuda() {
        boolean driver = Device.hasCudaDriver();
        try (Device device = Device.open("cuda")) {
            row("CUDA driver", "found", "for CUDA " + device.property("driver"));
            String compute = device.property("compute_capability");
            row("device cuda", "found", device.property("processor") + ", compute capability " + compute);
            row("CUDA kernels", "found", device.property("kernels"));
            String matmul = device.property("matmul");
            boolean library = matmul.startsWith("cuBLASLt");
            row("cuBLASLt", library ? "found" : "not found", matmul + (library ? ", " : " ") + "multiplies matrices");
            String attention = device.property("attention");
            boolean cudnn = attention.startsWith("cuDNN");
            row("cuDNN", cudnn ? "found" : "not found", "dense attention by " + attention);
            row(
                    "GPU memory",
                    "found",
                    Format.bytes(device.availableBytes()) + " free of "
                            + Format.bytes(Long.parseLong(device.property("memory"))));
            if (cudnn) {
                engines(device);
            }
        } catch (RuntimeException failure) {
            row("CUDA driver", driver ? "found" : "not found", driver ? "libcuda.so.1" : Failures.line(failure));
            row(
                    "device cuda",
                    "not found",
                    driver ? Failures.line(failure) : "it needs the driver; Ottava computes on cpu");
        }
    }

    /** What cuDNN has for training on one sequence, in a layer of Llama 3 8B. */
    private void engines(Device device) {
        try (Tensor q = device.empty(DType.BF16, 1, 2048, 32, 128);
                Tensor k = device.empty(DType.BF16, 1, 2048, 8, 128)) {
            engine("attention", CudnnAttention.missing(q, k, false));
            engine("gradients of attention", CudnnAttention.missing(q, k, true));
        } catch (RuntimeException failure) { // the device itself can be used
            row("cuDNN engine", "not found", Failures.line(failure));
        }
    }

    private void engine(String of, String missing) {
        boolean found = missing.isEmpty();
        row(
                "cuDNN engine",
                found ? "found" : "not found",
                "for " + of + " in training, 2048 tokens, 32 / 8 heads of 128" + (found ? "" : ": " + missing));
    }

    private void tokenizers() {
        try (ModelTokenizer opened = ModelTokenizer.of(null)) {
            Tokenizer tokenizer = opened.orNull();
            String text = "Ottava: otto 8 \u00f8";
            boolean same = tokenizer.decode(tokenizer.encode(text, false)).equals(text);
            row(
                    "tokenizers",
                    same ? "found" : "not found",
                    same
                            ? "ai.djl.huggingface:tokenizers reads tokenizer.json"
                            : "its library is there, but a text does not survive encoding and decoding: report this");
        } catch (RuntimeException | LinkageError failure) {
            row(
                    "tokenizers",
                    "not found",
                    Failures.line(failure) + "; only training on text and generating need them: add the jar"
                            + " ai.djl.huggingface:tokenizers, or start with bin/ottava");
        }
    }

    private static String property(String name) {
        return System.getProperty(name);
    }

    private void row(String what, String state, String detail) {
        PrintStream out = terminal.out();
        out.printf("%-15s %-10s %s%n", what, state, detail);
    }
}
