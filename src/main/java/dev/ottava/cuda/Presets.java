package dev.ottava.cuda;

import dev.ottava.binding.Binding;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Loads the presets of a library of CUDA, or says in one line why they cannot be. */
final class Presets {
    /** How the dynamic linker names what it misses. */
    private static final Pattern MISSING_LIBRARY =
            Pattern.compile("(lib[\\w.+-]+?\\.so[\\d.]*): cannot open shared object");

    private Presets() {}

    /**
     * Initialises the class of a library's functions.
     *
     * @param name as {@code cublas}, in org.bytedeco.cuda.global
     * @return why it cannot be, or "" when it is loaded
     */
    static String load(String name) {
        Binding.platform(); // sets JavaCPP's properties, before any class of its own reads them
        try {
            Class.forName("org.bytedeco.cuda.global." + name, true, Presets.class.getClassLoader());
            return "";
        } catch (ClassNotFoundException e) {
            return "the jar org.bytedeco:cuda is not on the class path";
        } catch (LinkageError e) {
            return reason(e);
        }
    }

    /** The first library that is missing; JavaCPP's own message ends with those that were searched for. */
    private static String reason(LinkageError error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            Matcher missing = MISSING_LIBRARY.matcher(String.valueOf(cause.getMessage()));
            if (missing.find()) {
                String library = missing.group(1);
                return library + " is not there: " + remedy(library);
            }
        }
        String message = String.valueOf(error.getMessage());
        if (message.contains("in java.library.path")) {
            return "the jar org.bytedeco:cuda of " + Binding.platform() + " is not on the class path";
        }
        return error.getClass().getSimpleName().toLowerCase(Locale.ROOT) + ": "
                + message.lines().findFirst().orElse("");
    }

    private static String remedy(String library) {
        if (library.startsWith("libcuda.")) {
            return "NVIDIA's driver brings it";
        }
        String whose = library.startsWith("libcudnn") ? "cuDNN 9" : "CUDA 13";
        return "put the folder of " + whose + "'s libraries on LD_LIBRARY_PATH";
    }
}
