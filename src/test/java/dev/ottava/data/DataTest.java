package dev.ottava.data;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.OttavaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;

/** Files written and read with {@link BytesTokenizer}. */
abstract class DataTest {
    @TempDir
    Path folder;

    Path file(String name, String content) {
        return file(name, content.getBytes(StandardCharsets.UTF_8));
    }

    Path file(String name, byte[] content) {
        try {
            return Files.write(folder.resolve(name), content);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static Datasets.Split open(DataOptions options) {
        return Datasets.open(
                options, new BytesTokenizer(), BytesTokenizer.VOCABULARY, 4096, BytesTokenizer.EOS, Progress.NONE);
    }

    /** Rows in file order. */
    static Dataset open(int seqLen, Path... files) {
        return open(DataOptions.inOrder(List.of(files), seqLen)).train();
    }

    /** The ids of one row, without padding. */
    static int[] ids(Dataset data, int row) {
        Batch batch = data.batch(row, 1);
        return Arrays.copyOf(batch.ids(), (int) batch.tokenCount());
    }

    static int[] targets(Dataset data, int row) {
        return data.batch(row, 1).targets();
    }

    /** The ids of one epoch's rows, as text for comparison. */
    static List<String> epoch(Dataset data, long epoch) {
        return IntStream.range(0, data.rows())
                .mapToObj(i ->
                        Arrays.toString(data.batch(epoch * data.rows() + i, 1).ids()))
                .toList();
    }

    /** The one-line message of what {@code open} throws, which has each of the parts. */
    static void assertRefused(DataOptions options, String... parts) {
        assertMessage(assertThrows(OttavaException.class, () -> open(options).close()), parts);
    }

    static void assertMessage(OttavaException e, String... parts) {
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), () -> "\"" + e.getMessage() + "\" lacks \"" + part + "\"");
        }
    }
}
