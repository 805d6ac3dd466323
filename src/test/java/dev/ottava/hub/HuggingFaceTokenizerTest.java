package dev.ottava.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.core.InvalidArgumentException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HuggingFaceTokenizerTest {
    @TempDir
    Path folder;

    @Test
    void bytesAreTheirOwnIds() {
        try (Tokenizer tokenizer = byteTokenizer()) {
            assertEquals(ByteTokenizer.VOCAB_SIZE, tokenizer.vocabSize());
            assertArrayEquals(new int[] {'a', 0xc3, 0xa9, '\n', 0}, tokenizer.encode("aé\n\0", false));
            assertArrayEquals(new int[] {ByteTokenizer.BOS_ID, 'a'}, tokenizer.encode("a", true));
            assertArrayEquals(new int[0], tokenizer.encode("", false));
            assertEquals("<s>a</s>", tokenizer.decode(new int[] {ByteTokenizer.BOS_ID, 'a', ByteTokenizer.EOS_ID}));
            assertArrayEquals(
                    new int[] {ByteTokenizer.EOS_ID, ByteTokenizer.PAD_ID, ByteTokenizer.VOCAB_SIZE - 1},
                    tokenizer.encode("</s><pad><reserved>", false));
        }
    }

    @Test
    void anyTextComesBack() {
        StringBuilder everything = new StringBuilder("x ");
        for (int codePoint = 0; codePoint < 0x20000; codePoint++) {
            if (codePoint < 0xd800 || codePoint > 0xdfff) {
                everything.appendCodePoint(codePoint);
            }
        }
        Random random = new Random(3);
        try (Tokenizer tokenizer = byteTokenizer()) {
            for (String text : List.of(
                    "  two  spaces\r\n\ttab ",
                    "😀 👩‍👩‍👧 naïve Ω 漢字",
                    "a literal <s> and </s>",
                    "\u0000\ufeff\uffff",
                    everything.toString())) {
                int[] ids = tokenizer.encode(text, false);
                assertEquals(text, tokenizer.decode(ids));
            }
            for (int i = 0; i < 200; i++) {
                String text = random.ints(random.nextInt(50), 0, 0x10ffff)
                        .filter(codePoint -> codePoint < 0xd800 || codePoint > 0xdfff)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
                assertEquals(text, tokenizer.decode(tokenizer.encode(text, false)));
                assertEquals(text.getBytes(StandardCharsets.UTF_8).length, tokenizer.encode(text, false).length);
            }
        }
    }

    @Test
    void longTextsAreNotCut() {
        try (Tokenizer tokenizer = byteTokenizer()) {
            assertEquals(20_000, tokenizer.encode("0123456789".repeat(2000), false).length);
        }
    }

    @Test
    void halfASurrogatePairIsReplaced() {
        try (Tokenizer tokenizer = byteTokenizer()) {
            assertArrayEquals(tokenizer.encode("a?b", false), tokenizer.encode("a\ud83db", false));
        }
    }

    @Test
    void idsOfAPaddedVocabularyHaveNoText() {
        try (Tokenizer tokenizer = byteTokenizer()) {
            assertEquals("ab", tokenizer.decode(new int[] {'a', ByteTokenizer.VOCAB_SIZE, 1 << 30, -1, 'b'}));
        }
    }

    @Test
    void namesTheFilesThatBelongToIt() throws IOException {
        ByteTokenizer.write(folder);
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages }}");
        Files.writeString(folder.resolve("README.md"), "");
        try (Tokenizer tokenizer = ModelFolder.tokenizer(folder).orElseThrow()) {
            List<String> names = tokenizer.files().stream()
                    .map(file -> file.getFileName().toString())
                    .toList();
            assertEquals(List.of("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"), names);
        }
    }

    @Test
    void aFolderWithoutOneHasNone() {
        assertTrue(ModelFolder.tokenizer(folder).isEmpty());
    }

    @Test
    void countsTheIdsOfAUnigramVocabulary() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(
                file,
                "{\"model\":{\"merges\":[[1,2]],\"vocab\":[[\"a\",0.0],[\"b\",-1.0]]},\"added_tokens\":[{\"id\":6,\"content\":{}}]}");
        assertEquals(7, TokenizerVocabulary.size(file));
        Files.writeString(file, "{\"added_tokens\":[{\"id\":0}],\"model\":{\"vocab\":[[\"a\",0.0],[\"b\",-1.0]]}}");
        assertEquals(2, TokenizerVocabulary.size(file));
    }

    @Test
    void refusesBrokenFiles() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        String[][] cases = {
            {"", "has no model.vocab"},
            {"{", "is broken"},
            {"{}", "has no model.vocab"},
            {"{\"model\":{\"vocab\":{\"a\":3000000000}}}", "has no model.vocab"},
            {"{\"model\":{\"vocab\":{\"a\":0}}}", "cannot be read as a tokenizer"},
            {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"b c\"]}}", "cannot be read as a tokenizer"
            },
        };
        for (String[] each : cases) {
            Files.writeString(file, each[0]);
            InvalidArgumentException e =
                    assertThrows(InvalidArgumentException.class, () -> HuggingFaceTokenizer.open(file), each[0]);
            assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
            assertTrue(e.getMessage().contains(each[1]), e.getMessage());
            assertFalse(e.getMessage().contains("\n"), e.getMessage());
        }
        Files.delete(file);
        assertThrows(InvalidArgumentException.class, () -> HuggingFaceTokenizer.open(file));
    }

    @Test
    void saysWhichJarIsMissing() throws ReflectiveOperationException {
        ByteTokenizer.write(folder);
        Class<?> withoutJar = new WithoutTokenizers().loadClass(HuggingFaceTokenizer.class.getName());
        InvocationTargetException e = assertThrows(
                InvocationTargetException.class,
                () -> withoutJar.getMethod("open", Path.class).invoke(null, folder.resolve("tokenizer.json")));
        assertEquals(
                "dev.ottava.core.UnsupportedException", e.getCause().getClass().getName());
        String message = e.getCause().getMessage();
        assertTrue(message.contains("text needs the jar ai.djl.huggingface:tokenizers"), message);
    }

    /** The class path without the tokenizers library. */
    private static final class WithoutTokenizers extends ClassLoader {
        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("ai.djl.")) {
                throw new ClassNotFoundException(name);
            }
            if (!name.startsWith("dev.ottava.hub.")) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : define(name);
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    private Tokenizer byteTokenizer() {
        ByteTokenizer.write(folder);
        return HuggingFaceTokenizer.open(folder.resolve("tokenizer.json"));
    }
}
