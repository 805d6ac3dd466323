package dev.ottava.binding;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/** Loads the native library, and keeps JavaCPP's types out of everybody else's sight. */
public final class Binding {
    static {
        // JavaCPP otherwise compares the whole process with the Java heap and runs the collector when a model is
        // larger.
        if (System.getProperty("org.bytedeco.javacpp.maxPhysicalBytes") == null) {
            System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
        }
    }

    private static volatile boolean loaded;

    private Binding() {}

    /**
     * Loads the library.
     *
     * @throws UnsatisfiedLinkError with the reason and the remedy in one line
     */
    public static void load() {
        if (loaded) {
            return;
        }
        String conflict = Natives.conflict();
        if (!conflict.isEmpty()) {
            throw new UnsatisfiedLinkError(conflict);
        }
        try {
            Loader.load(Native.class);
            loaded = true;
        } catch (LinkageError e) {
            UnsatisfiedLinkError explained = new UnsatisfiedLinkError(Natives.explain(e));
            explained.initCause(e);
            throw explained;
        }
    }

    /** The message of the last failure on this thread. */
    public static String lastError() {
        return text(Native.ottava_last_error());
    }

    /** What ottava_conformance_kernels returns. */
    public static String conformanceKernels() {
        return text(Native.ottava_conformance_kernels());
    }

    /** A property of a device as text, empty if it has none of that name. */
    public static String deviceProperty(long device, String name) {
        return Native.ottava_device_property(device, name);
    }

    /** The address of a direct buffer's first byte, whatever its position. */
    public static long address(ByteBuffer direct) {
        if (!direct.isDirect()) {
            throw new IllegalArgumentException("the buffer is not direct: use ByteBuffer.allocateDirect");
        }
        try (Pointer pointer = new Pointer(direct.duplicate().clear())) {
            return pointer.address();
        }
    }

    /** The platform's name as in the classifier of the native jar, for example linux-x86_64. */
    public static String platform() {
        return Loader.getPlatform();
    }

    /**
     * The path of oneDNN's library, extracted from the jar org.bytedeco:dnnl of this platform, or empty when that jar is not on the class path.
     * Its JNI part is not needed: the cpu device calls the library itself.
     */
    public static Optional<String> oneDnnPath() {
        String folder = "/org/bytedeco/dnnl/" + platform() + "/";
        URL library =
                Binding.class.getResource(folder + (platform().startsWith("windows") ? "dnnl.dll" : "libdnnl.so.3"));
        if (library == null) {
            return Optional.empty();
        }
        try {
            URL openMp = Binding.class.getResource(folder + "libgomp.so.1");
            if (openMp != null) {
                Loader.cacheResource(openMp);
            }
            File file = Loader.cacheResource(library);
            return Optional.ofNullable(file).map(File::getAbsolutePath);
        } catch (IOException e) {
            throw new IllegalStateException(
                    "oneDNN cannot be extracted from its jar (" + e.getMessage()
                            + "): set -Dorg.bytedeco.javacpp.cachedir to a folder that can be written",
                    e);
        }
    }

    private static String text(BytePointer pointer) {
        return pointer == null ? "" : pointer.getString();
    }
}
