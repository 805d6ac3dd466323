package dev.ottava.hub;

import dev.ottava.autograd.Parameter;
import dev.ottava.core.DType;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.core.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Writes device tensors to a safetensors file, 16 MiB at a time. */
public final class SafetensorsWriter {
    private SafetensorsWriter() {}

    /** A tensor to write, which need not be in memory as a whole. */
    interface Source {
        DType dtype();

        long[] shape();

        /** Hands over the elements, part by part in order. */
        void parts(Consumer<Tensor> consumer);

        static Source of(Tensor tensor) {
            return new Source() {
                @Override
                public DType dtype() {
                    return tensor.dtype();
                }

                @Override
                public long[] shape() {
                    return tensor.shape();
                }

                @Override
                public void parts(Consumer<Tensor> consumer) {
                    consumer.accept(tensor);
                }
            };
        }

        /** A parameter in another dtype, F32 or BF16. */
        static Source of(Parameter parameter, DType dtype) {
            return new Source() {
                @Override
                public DType dtype() {
                    return dtype;
                }

                @Override
                public long[] shape() {
                    return parameter.weight().shape();
                }

                @Override
                public void parts(Consumer<Tensor> consumer) {
                    Panels.each(parameter, dtype, (first, rows) -> {
                        parameter.get(rows, first);
                        consumer.accept(rows);
                    });
                }
            };
        }
    }

    /**
     * Writes the tensors to a new file, or over an old one, and returns when they are on the disk. Tensors lie in the
     * order of their names, wider types first, so that every one is aligned to its type; the header is padded to 8
     * bytes.
     *
     * @throws OttavaException if the disk is full or the file cannot be written; what was written of it stays
     */
    public static void write(Path file, Map<String, Tensor> tensors) {
        Map<String, Source> sources = new TreeMap<>();
        tensors.forEach((name, tensor) -> sources.put(name, Source.of(tensor)));
        writeSources(file, sources);
    }

    /** As {@link #write}, of what may be made while it is written. */
    static void writeSources(Path file, Map<String, Source> tensors) {
        List<Map.Entry<String, Source>> inOrder = tensors.entrySet().stream()
                .sorted(Comparator.<Map.Entry<String, Source>>comparingInt(
                                entry -> -entry.getValue().dtype().bytes())
                        .thenComparing(Map.Entry::getKey))
                .toList();
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            writeFully(channel, header(inOrder));
            ByteBuffer staging = ByteBuffer.allocateDirect(SafetensorsFile.CHUNK_BYTES);
            for (Map.Entry<String, Source> entry : inOrder) {
                entry.getValue().parts(tensor -> write(channel, staging, tensor));
            }
            channel.force(true);
        } catch (UncheckedIOException e) {
            throw new OttavaException(file + " cannot be written: " + Messages.reason(e.getCause()), e);
        } catch (IOException e) {
            throw new OttavaException(file + " cannot be written: " + Messages.reason(e), e);
        }
    }

    private static void write(FileChannel channel, ByteBuffer staging, Tensor tensor) {
        Tensor flat = tensor.view(tensor.count());
        long perChunk = SafetensorsFile.CHUNK_BYTES / flat.dtype().bytes();
        for (long from = 0; from < flat.count(); from += perChunk) {
            Tensor part = flat.rows(from, Math.min(from + perChunk, flat.count()));
            staging.clear().limit((int) part.bytes());
            part.copyTo(staging);
            try {
                writeFully(channel, staging);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static ByteBuffer header(List<Map.Entry<String, Source>> tensors) throws IOException {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("__metadata__", Map.of("format", "pt")); // transformers refuses a file that does not say it
        long offset = 0;
        for (Map.Entry<String, Source> entry : tensors) {
            Source tensor = entry.getValue();
            long bytes = tensor.dtype().bytes();
            for (long size : tensor.shape()) {
                bytes *= size;
            }
            Map<String, Object> description = new LinkedHashMap<>();
            description.put("dtype", SafetensorsType.of(tensor.dtype()).name());
            description.put("shape", tensor.shape());
            description.put("data_offsets", new long[] {offset, offset + bytes});
            if (header.put(entry.getKey(), description) != null) {
                throw new InvalidArgumentException("a tensor cannot have the name " + entry.getKey());
            }
            offset += bytes;
        }
        byte[] json = Json.bytes(header);
        int padded = (json.length + 7) / 8 * 8;
        byte[] spaces = new byte[padded - json.length];
        Arrays.fill(spaces, (byte) ' ');
        return ByteBuffer.allocate(8 + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded)
                .put(json)
                .put(spaces)
                .flip();
    }

    private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
