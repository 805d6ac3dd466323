package dev.ottava.data;

import dev.ottava.core.OttavaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Token ids in a temporary file of little-endian int32, so that data may be larger than memory; the page cache keeps
 * what fits. First one thread appends, then any may read. The system deletes the file when it is closed, however the
 * process ends; on Unix it has no name as soon as it is open.
 */
final class TokenStore implements AutoCloseable {
    private final Path folder;
    private final FileChannel channel;
    private final ByteBuffer pending = ByteBuffer.allocateDirect(1 << 18).order(ByteOrder.LITTLE_ENDIAN);
    private final AtomicInteger users = new AtomicInteger(1);
    private long size;

    /** An empty store, in the folder {@code java.io.tmpdir}. */
    TokenStore() {
        folder = Path.of(System.getProperty("java.io.tmpdir"));
        try {
            Path file = Files.createTempFile(folder, "ottava-tokens-", ".bin");
            channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
        } catch (IOException e) {
            throw failure("make", e);
        }
    }

    /** Ids so far. */
    long size() {
        return size;
    }

    void append(int[] ids, int count) {
        for (int i = 0; i < count; i++) {
            if (!pending.hasRemaining()) {
                flush();
            }
            pending.putInt(ids[i]);
        }
        size += count;
    }

    /** The ids start .. start + count - 1, into {@code ids} from {@code offset} on. */
    void read(long start, int count, int[] ids, int offset) {
        if (pending.position() > 0) {
            flush();
        }
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(count, Integer.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        try {
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, start * Integer.BYTES + bytes.position()) < 0) {
                    throw new IOException("it ends before id " + (start + count));
                }
            }
        } catch (IOException e) {
            throw failure("read", e);
        }
        bytes.flip().asIntBuffer().get(ids, offset, count);
    }

    /** Another user of this store, who has to close it too. */
    TokenStore share() {
        users.incrementAndGet();
        return this;
    }

    /** Releases the file with the last user. */
    @Override
    public void close() {
        if (users.decrementAndGet() == 0) {
            try {
                channel.close();
            } catch (IOException e) {
                throw failure("close", e);
            }
        }
    }

    private void flush() {
        pending.flip();
        try {
            while (pending.hasRemaining()) {
                channel.write(pending);
            }
        } catch (IOException e) {
            throw failure("write", e);
        }
        pending.clear();
    }

    private OttavaException failure(String what, IOException e) {
        String why = channel != null && !channel.isOpen() ? "it is closed" : String.valueOf(e.getMessage());
        return new OttavaException(
                "cannot " + what + " the temporary file of token ids in " + folder + ": " + why
                        + "; another folder: -Djava.io.tmpdir=DIR",
                e);
    }
}
