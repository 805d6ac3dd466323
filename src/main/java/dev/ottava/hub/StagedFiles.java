package dev.ottava.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * New files of a folder, written beside the old ones. Nothing of the folder changes until {@link #commit} has every
 * byte on the disk and renames them, in the order they were asked for; without it, closing removes them.
 */
final class StagedFiles implements AutoCloseable {
    private final Path folder;
    private final Path staging;
    private final List<String> names = new ArrayList<>();

    /** In a folder, which is made if it is not there. */
    StagedFiles(Path folder) throws IOException {
        this.folder = folder;
        this.staging = folder.resolve(".saving"); // of the same file system, or renaming would be copying
        Files.createDirectories(staging);
        clear(); // of a process that was killed
    }

    /** Where to write the file that is to have the name. */
    Path file(String name) {
        names.add(name);
        return staging.resolve(name);
    }

    void commit() throws IOException {
        for (String name : names) {
            force(staging.resolve(name), StandardOpenOption.WRITE);
        }
        for (String name : names) {
            Files.move(staging.resolve(name), folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        }
        if (!System.getProperty("os.name").startsWith("Windows")) { // which cannot open a folder
            force(folder, StandardOpenOption.READ);
        }
    }

    private static void force(Path path, StandardOpenOption mode) throws IOException {
        try (FileChannel channel = FileChannel.open(path, mode)) {
            channel.force(true);
        }
    }

    private void clear() throws IOException {
        try (Stream<Path> files = Files.list(staging)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    @Override
    public void close() throws IOException {
        clear();
        Files.delete(staging);
    }
}
