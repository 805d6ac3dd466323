package dev.ottava.data;

import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Reads a UTF-8 file line by line or passage by passage, without a byte-order mark, and refuses what is not UTF-8 with its place. */
final class Utf8Reader implements AutoCloseable {
    /** A longer line than this many bytes is refused, as it is no row of anything. */
    private static final int LONGEST_LINE = 1 << 28;

    private static final int REPORT_EVERY = 1 << 20;

    private final Path file;
    private final Progress progress;
    private final InputStream input;
    private final long fileSize;
    private byte[] buffer = new byte[1 << 16];
    private int start;
    private int end;
    private boolean atEnd;
    private long bytesRead;
    private long bytesReported;
    private long line = 1;
    private long nextLine = 1;

    Utf8Reader(Path file, Progress progress) {
        this.file = file;
        this.progress = progress;
        try {
            fileSize = Files.size(file);
            input = Files.newInputStream(file);
            skipByteOrderMark();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    /** Editors on Windows begin files with one; it is no text. */
    private void skipByteOrderMark() throws IOException {
        end = input.readNBytes(buffer, 0, 3);
        bytesRead = end;
        boolean marked = end == 3 && buffer[0] == (byte) 0xEF && buffer[1] == (byte) 0xBB && buffer[2] == (byte) 0xBF;
        start = marked ? 3 : 0;
    }

    /** The number, from 1, of the line where the last answer begins. */
    long line() {
        return line;
    }

    /** The number of the line where the last answer ends. */
    long lastLine() {
        return nextLine;
    }

    /** The next line without its end, or null after the last. */
    String readLine() {
        line = nextLine;
        int searched = 0;
        while (true) {
            for (int i = start + searched; i < end; i++) {
                if (buffer[i] == '\n') {
                    String text = decode(i);
                    start = i + 1;
                    nextLine++;
                    return text;
                }
            }
            searched = end - start;
            if (searched > LONGEST_LINE) {
                throw new InvalidArgumentException(file + ":" + line + ": the line is longer than " + LONGEST_LINE
                        + " bytes: one row is one line");
            }
            if (!fill()) {
                return searched == 0 ? null : take(end);
            }
        }
    }

    /**
     * The next passage of at most {@code size} bytes, or null after the last. It ends where a tokenizer would most
     * likely cut as well: after a line end with text on both sides, else after any line end, else between two
     * characters.
     */
    String readPassage(int size) {
        line = nextLine;
        while (end - start <= size && fill()) {
            // more to come
        }
        if (end == start) {
            return null;
        }
        String text = take(end - start <= size ? end : cut(start + size));
        nextLine += text.chars().filter(c -> c == '\n').count();
        return text;
    }

    private int cut(int limit) {
        int lineEnd = -1;
        for (int i = limit - 1; i > start; i--) {
            if (buffer[i] == '\n') {
                lineEnd = Math.max(lineEnd, i);
                if (isText(buffer[i - 1]) && isText(buffer[i + 1])) {
                    return i + 1;
                }
            }
        }
        if (lineEnd >= 0) {
            return lineEnd + 1;
        }
        // A character has at most 3 bytes 10xxxxxx after its first.
        for (int i = limit; i > limit - 4 && i > start; i--) {
            if ((buffer[i] & 0xC0) != 0x80) {
                return i;
            }
        }
        return limit;
    }

    private static boolean isText(byte b) {
        return (b & 0xFF) > ' ';
    }

    private String take(int to) {
        String text = decode(to);
        start = to;
        return text;
    }

    private String decode(int to) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer bytes = ByteBuffer.wrap(buffer, start, to - start);
        CharBuffer characters = CharBuffer.allocate(to - start);
        CoderResult result = decoder.decode(bytes, characters, true);
        if (result.isError()) {
            throw new InvalidArgumentException(file + ": byte " + (bytesRead - end + bytes.position())
                    + " is not UTF-8: convert the file to UTF-8");
        }
        return characters.flip().toString();
    }

    /** Reads more into the buffer; false at the end of the file. */
    private boolean fill() {
        if (atEnd) {
            return false;
        }
        if (start > 0) {
            System.arraycopy(buffer, start, buffer, 0, end - start);
            end -= start;
            start = 0;
        }
        if (end == buffer.length) {
            buffer = Arrays.copyOf(buffer, 2 * buffer.length);
        }
        try {
            int count = input.read(buffer, end, buffer.length - end);
            atEnd = count < 0;
            end += Math.max(count, 0);
            bytesRead += Math.max(count, 0);
        } catch (IOException e) {
            throw failure(e);
        }
        if (atEnd || bytesRead - bytesReported >= REPORT_EVERY) {
            bytesReported = bytesRead;
            progress.update(file, bytesRead, Math.max(fileSize, bytesRead));
        }
        return !atEnd;
    }

    @Override
    public void close() {
        try {
            input.close();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private OttavaException failure(IOException e) {
        return new OttavaException("cannot read " + file + ": " + e.getMessage(), e);
    }
}
