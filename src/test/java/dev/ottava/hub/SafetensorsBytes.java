package dev.ottava.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Safetensors files byte by byte, written and taken apart without the classes under test. */
final class SafetensorsBytes {
    private SafetensorsBytes() {}

    /** The length of the header, the header, and data. */
    static byte[] of(String header, byte[] data) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + json.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .put(data)
                .array();
    }

    static Path write(Path file, String header, int dataBytes) throws IOException {
        return Files.write(file, of(header, new byte[dataBytes]));
    }

    /** A header entry. */
    static String entry(String name, String type, String shape, String offsets) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}".formatted(name, type, shape, offsets);
    }

    static String header(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        return new String(bytes, 8, headerBytes(bytes), StandardCharsets.UTF_8);
    }

    /** Name to "type [shape]" and the tensor's bytes. */
    static Map<String, Map.Entry<String, ByteBuffer>> tensors(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int begin = 8 + headerBytes(bytes);
        Map<String, Map.Entry<String, ByteBuffer>> tensors = new TreeMap<>();
        new com.fasterxml.jackson.databind.ObjectMapper()
                .readTree(header(file))
                .properties()
                .forEach(field -> {
                    var value = field.getValue();
                    if (!field.getKey().equals("__metadata__")) {
                        int from = value.get("data_offsets").get(0).asInt();
                        int to = value.get("data_offsets").get(1).asInt();
                        String what = value.get("dtype").asText() + " " + value.get("shape");
                        ByteBuffer data =
                                ByteBuffer.wrap(bytes, begin + from, to - from).slice();
                        tensors.put(field.getKey(), Map.entry(what, data));
                    }
                });
        return tensors;
    }

    private static int headerBytes(byte[] file) {
        return (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }
}
