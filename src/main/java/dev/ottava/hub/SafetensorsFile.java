package dev.ottava.hub;

import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;
import dev.ottava.core.UnsupportedException;
import dev.ottava.kernel.Elementwise;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/**
 * A safetensors file, open for reading. The header is checked when it is opened; a tensor's bytes are read on demand,
 * 16 MiB at a time. Every defect of the file is an {@link InvalidArgumentException} that names the file and the tensor.
 */
public final class SafetensorsFile implements AutoCloseable {
    static final int CHUNK_BYTES = 16 << 20;

    private final Path path;
    private final FileChannel channel;
    private final SafetensorsHeader header;
    private final long dataBegin;
    private ByteBuffer staging;

    private SafetensorsFile(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        long size = channel.size();
        if (size < 8) {
            throw new InvalidArgumentException(
                    path + " is truncated: it has " + size + " bytes, the length of a header takes 8");
        }
        long headerBytes = read(ByteBuffer.allocate(8), 0).getLong();
        if (headerBytes < 0 || headerBytes > SafetensorsHeader.MOST_BYTES) {
            throw new InvalidArgumentException(path + " is no safetensors file: its header would have "
                    + Long.toUnsignedString(headerBytes) + " bytes, the limit is " + SafetensorsHeader.MOST_BYTES);
        }
        if (headerBytes > size - 8) {
            throw new InvalidArgumentException(
                    path + " is truncated: its header has " + headerBytes + " bytes, the file " + size);
        }
        dataBegin = 8 + headerBytes;
        byte[] json = read(ByteBuffer.allocate((int) headerBytes), 8).array();
        header = SafetensorsHeader.parse(path.toString(), json, size - dataBegin);
    }

    /** Opens a file and checks its header. */
    public static SafetensorsFile open(Path path) {
        FileChannel channel = null;
        SafetensorsFile file = null;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            file = new SafetensorsFile(path, channel);
            return file;
        } catch (IOException e) {
            throw Messages.unreadable(path, e);
        } finally {
            if (channel != null && file == null) {
                closeQuietly(channel);
            }
        }
    }

    public Path path() {
        return path;
    }

    /** The names of the tensors, in order. */
    public Set<String> names() {
        return header.entries().keySet();
    }

    /** The shape of a tensor. */
    public long[] shape(String name) {
        return entry(name).shape().stream().mapToLong(Long::longValue).toArray();
    }

    /** The element type of a tensor in the words of the format, for example {@code BF16}. */
    public String type(String name) {
        return entry(name).type().name();
    }

    /** The file's {@code __metadata__}. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * Reads a tensor of the same shape. F32, BF16 and F16 are cast to the destination's dtype, to nearest even; others
     * must be of it.
     *
     * @throws InvalidArgumentException if there is no such tensor or its shape is another
     * @throws UnsupportedException if its type is not one that can be read into the destination
     */
    public void read(String name, Tensor destination) {
        requireShape(name, destination.shape());
        readRows(name, 0, destination);
    }

    /** Reads rows of a tensor, as many as the destination has, from the first on. */
    void readRows(String name, long first, Tensor destination) {
        SafetensorsHeader.Entry entry = entry(name);
        requireReadable(name, destination.dtype());
        long begin = destination.size(0) == 0 ? 0 : first * (destination.count() / destination.size(0));
        DType dtype = entry.type().dtype().orElseThrow();
        Tensor flat = destination.view(destination.count());
        long perChunk = CHUNK_BYTES / dtype.bytes();
        if (dtype == destination.dtype()) {
            for (long from = 0; from < flat.count(); from += perChunk) {
                Tensor part = flat.rows(from, Math.min(from + perChunk, flat.count()));
                part.copyFrom(bytes(entry, begin + from, part.count()));
            }
            return;
        }
        try (Tensor raw = destination.device().empty(dtype, Math.min(perChunk, flat.count()))) {
            for (long from = 0; from < flat.count(); from += perChunk) {
                Tensor part = flat.rows(from, Math.min(from + perChunk, flat.count()));
                Elementwise.cast(part, raw.rows(0, part.count()).copyFrom(bytes(entry, begin + from, part.count())));
            }
        }
    }

    /** Refuses a tensor that is missing or of another shape. */
    void requireShape(String name, long[] expected) {
        if (!Arrays.equals(shape(name), expected)) {
            throw new InvalidArgumentException(path + ": tensor '" + Messages.line(name) + "' has the shape "
                    + entry(name).shape() + " instead of " + Arrays.toString(expected));
        }
    }

    /** Refuses a tensor whose type cannot become the dtype. */
    void requireReadable(String name, DType dtype) {
        SafetensorsType type = entry(name).type();
        boolean cast = type.isFloat() && SafetensorsType.of(dtype).isFloat();
        if (type != SafetensorsType.of(dtype) && !cast) {
            throw new UnsupportedException(path + ": tensor '" + Messages.line(name) + "' is " + type
                    + ", which cannot be read as " + dtype + ": F32, BF16 and F16 can");
        }
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new InvalidArgumentException(path + ": there is no tensor '" + Messages.line(name) + "'");
        }
        return entry;
    }

    /** At most {@code count} elements of a tensor, from the given one on. */
    private ByteBuffer bytes(SafetensorsHeader.Entry entry, long from, long count) {
        long size = entry.type().bits() / 8;
        long begin = entry.begin() + from * size;
        if (staging == null) {
            staging = ByteBuffer.allocateDirect(CHUNK_BYTES);
        }
        staging.clear().limit((int) Math.min(count * size, entry.end() - begin));
        try {
            return read(staging, dataBegin + begin);
        } catch (IOException e) {
            throw Messages.unreadable(path, e);
        }
    }

    /** Fills the buffer from a position of the file, and turns it to be read as little endian. */
    private ByteBuffer read(ByteBuffer buffer, long position) throws IOException {
        long next = position;
        while (buffer.hasRemaining()) {
            int read = channel.read(buffer, next);
            if (read < 0) {
                throw new IOException("it ended while it was read");
            }
            next += read;
        }
        return buffer.flip().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }

    /** Nothing was written: a failure to close loses nothing. */
    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            System.getLogger("dev.ottava.hub").log(System.Logger.Level.DEBUG, "close", e);
        }
    }
}
