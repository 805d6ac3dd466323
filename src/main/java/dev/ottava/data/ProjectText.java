package dev.ottava.data;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * Real text that every checkout has: the project's own sources and documents, as {@code train.txt} and
 * {@code held-out.txt}. A file is in one of them, by a hash of its path, so that another file never moves it.
 *
 * @param train about nine files of ten
 * @param heldOut the others
 */
public record ProjectText(Path train, Path heldOut) {
    private static final Set<String> ENDINGS =
            Set.of("md", "java", "h", "c", "cpp", "cuh", "cu", "cmake", "sh", "py", "xml", "yaml", "yml", "makefile");
    private static final Set<String> SKIPPED_FOLDERS = Set.of("target", "build", "goldens", "demo-run");

    /**
     * Collects the text of a checkout in the order of the paths and writes the two files into {@code folder}.
     *
     * @throws InvalidArgumentException if the checkout has too few files for both
     */
    public static ProjectText write(Path checkout, Path folder) {
        ProjectText text = new ProjectText(folder.resolve("train.txt"), folder.resolve("held-out.txt"));
        try {
            Map<String, Path> files = collect(checkout);
            long held = files.keySet().stream().filter(ProjectText::isHeldOut).count();
            if (held == 0 || held == files.size()) {
                throw new InvalidArgumentException(
                        checkout + ": " + files.size() + " sources and documents are too few to"
                                + " train on some and hold out others: give a checkout of the project");
            }
            Files.createDirectories(folder);
            try (OutputStream train = Files.newOutputStream(text.train);
                    OutputStream heldOut = Files.newOutputStream(text.heldOut)) {
                for (Map.Entry<String, Path> file : files.entrySet()) {
                    Files.copy(file.getValue(), isHeldOut(file.getKey()) ? heldOut : train);
                }
            }
        } catch (IOException e) {
            throw new OttavaException(
                    "cannot collect the text of " + checkout + " in " + folder + ": " + e.getMessage(), e);
        }
        return text;
    }

    /** Files by their path within the checkout, with slashes on every system. */
    private static Map<String, Path> collect(Path checkout) throws IOException {
        Map<String, Path> files = new TreeMap<>();
        Files.walkFileTree(checkout, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                String name =
                        folder.equals(checkout) ? "" : folder.getFileName().toString();
                boolean skipped = name.startsWith(".") || SKIPPED_FOLDERS.contains(name);
                return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
                if (attributes.isRegularFile() && ENDINGS.contains(name.substring(name.lastIndexOf('.') + 1))) {
                    files.put(checkout.relativize(file).toString().replace('\\', '/'), file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return files;
    }

    private static boolean isHeldOut(String path) {
        CRC32 hash = new CRC32();
        hash.update(path.getBytes(StandardCharsets.UTF_8));
        return hash.getValue() % 10 == 0;
    }
}
