package dev.ottava.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProjectTextTest {
    @TempDir
    Path folder;

    private void add(String path) throws IOException {
        Path file = folder.resolve("checkout").resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, path + "\n");
    }

    private List<String> lines(Path file) throws IOException {
        return Files.readAllLines(file);
    }

    @Test
    void eachSourceIsOnOneSideInTheOrderOfPaths() throws IOException {
        TreeSet<String> sources = new TreeSet<>(List.of("README.md", "Makefile", "native/a.h", "native/a.cpp"));
        for (int i = 0; i < 60; i++) {
            sources.add("src/Class" + i + ".java");
        }
        for (String source : sources) {
            add(source);
        }
        for (String other : List.of(
                "target/A.java",
                ".git/b.md",
                "src/test/goldens/README.md",
                "model.safetensors",
                "train.txt",
                "LICENSE")) {
            add(other);
        }
        ProjectText text = ProjectText.write(folder.resolve("checkout"), folder.resolve("out"));
        List<String> train = lines(text.train());
        List<String> heldOut = lines(text.heldOut());
        assertEquals(List.copyOf(new TreeSet<>(train)), train);
        assertEquals(List.copyOf(new TreeSet<>(heldOut)), heldOut);
        assertTrue(heldOut.size() >= 2 && heldOut.size() <= 14, heldOut.size() + " of " + sources.size());
        assertTrue(train.stream().noneMatch(heldOut::contains));
        train = new ArrayList<>(train);
        train.addAll(heldOut);
        assertEquals(sources, new TreeSet<>(train));

        // One more file moves none of the others.
        add("src/Another.java");
        ProjectText more = ProjectText.write(folder.resolve("checkout"), folder.resolve("more"));
        List<String> heldOutNow = lines(more.heldOut());
        assertTrue(heldOutNow.containsAll(heldOut) && heldOutNow.size() <= heldOut.size() + 1);
    }

    @Test
    void aFolderWithoutSourcesIsRefused() throws IOException {
        add("notes.txt");
        InvalidArgumentException e = assertThrows(
                InvalidArgumentException.class,
                () -> ProjectText.write(folder.resolve("checkout"), folder.resolve("out")));
        assertTrue(e.getMessage().contains("checkout: 0 sources"), e.getMessage());
        assertFalse(Files.exists(folder.resolve("out")));
    }
}
