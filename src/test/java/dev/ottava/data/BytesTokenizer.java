package dev.ottava.data;

import dev.ottava.hub.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The bytes of a text; {@link #BOS} is its only special token in front. */
final class BytesTokenizer implements Tokenizer {
    static final int BOS = 256;
    static final int EOS = 257;
    static final int VOCABULARY = 258;

    @Override
    public int[] encode(String text, boolean addSpecialTokens) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int first = addSpecialTokens ? 1 : 0;
        int[] ids = new int[bytes.length + first];
        if (addSpecialTokens) {
            ids[0] = BOS;
        }
        for (int i = 0; i < bytes.length; i++) {
            ids[i + first] = bytes[i] & 0xFF;
        }
        return ids;
    }

    @Override
    public String decode(int[] ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            if (id < BOS) {
                bytes.write(id);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public int vocabSize() {
        return VOCABULARY;
    }

    @Override
    public List<Path> files() {
        return List.of();
    }

    @Override
    public void close() {}
}
