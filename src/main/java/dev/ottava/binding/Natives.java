package dev.ottava.binding;

import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.util.Collections;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import org.bytedeco.javacpp.Loader;

/** Where the native library comes from, and what is wrong when it does not come. */
final class Natives {
    private static final String CACHE = "set -Dorg.bytedeco.javacpp.cachedir to a folder ";

    private Natives() {}

    /** What forbids loading the library, or "": it is on the class path twice, or of another version than these classes. */
    static String conflict() {
        List<URL> found = find();
        if (found.size() > 1) {
            return "the natives are on the class path " + found.size() + " times (" + jar(found.get(0)) + ", "
                    + jar(found.get(1)) + "): leave one of them";
        }
        String classes = Natives.class.getPackage().getImplementationVersion();
        String natives = found.isEmpty() ? null : version(found.get(0));
        if (classes != null && natives != null && !classes.equals(natives)) {
            return "ottava is " + classes + " and its natives are " + natives
                    + ": take both of the same version from dev.ottava:ottava";
        }
        return "";
    }

    /** Why the library could not be loaded, and what to do, in one line. */
    static String explain(LinkageError error) {
        String name = "ottava-" + Loader.getPlatform();
        if (find().isEmpty()) {
            return "the jar " + name + " is not on the class path: add dev.ottava:ottava with the classifier "
                    + Loader.getPlatform();
        }
        StringBuilder said = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            said.append(cause.getMessage()).append('\n');
        }
        String first = String.valueOf(error.getMessage()).lines().findFirst().orElse("");
        if (said.indexOf("failed to map segment") >= 0) {
            return "the folder it is unpacked into does not let programs run (noexec): " + CACHE + "that does";
        }
        if (said.indexOf("GLIBC") >= 0) {
            return "the C or C++ library of this system is too old (" + first
                    + "): docs/platforms.md says what is needed";
        }
        if (said.indexOf("Could not create the cache") >= 0 || said.indexOf("no jniNative in java.library.path") >= 0) {
            return "it cannot be unpacked: " + CACHE + "that can be written";
        }
        return first;
    }

    private static List<URL> find() {
        String folder = "dev/ottava/binding/" + Loader.getPlatform() + "/";
        try {
            // A folder may be named twice.
            return Collections.list(
                            Natives.class.getClassLoader().getResources(folder + System.mapLibraryName("jniNative")))
                    .stream()
                    .distinct()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static String version(URL library) {
        try {
            if (library.openConnection() instanceof JarURLConnection jar) {
                Manifest manifest = jar.getManifest();
                return manifest == null
                        ? null
                        : manifest.getMainAttributes().getValue(Attributes.Name.IMPLEMENTATION_VERSION);
            }
            return null;
        } catch (IOException e) {
            return null;
        }
    }

    private static String jar(URL library) {
        String path = library.getPath();
        int end = path.indexOf("!/");
        String file = end < 0 ? path : path.substring(0, end);
        return file.substring(file.lastIndexOf('/') + 1);
    }
}
