package dev.ottava.cli;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Images as PNG (ISO/IEC 15948), with nothing of java.desktop, which small Java runtimes lack. */
final class Png {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    /** A chunk's length, type and checksum. */
    private static final int FRAME = 12;

    private Png() {}

    /** Colours 0xRRGGBB, row after row. */
    static byte[] of(int width, int... colours) {
        int height = colours.length / width;
        ByteBuffer header = ByteBuffer.allocate(13).putInt(width).putInt(height);
        header.put(new byte[] {8, 2, 0, 0, 0}); // bits a channel, RGB, and no choice in the rest
        byte[] pixels = deflated(rows(width, colours));
        ByteBuffer png = ByteBuffer.allocate(SIGNATURE.length + 3 * FRAME + header.capacity() + pixels.length);
        png.put(SIGNATURE);
        chunk(png, "IHDR", header.array());
        chunk(png, "IDAT", pixels);
        chunk(png, "IEND");
        return png.array();
    }

    /** Each row behind a byte that names its filter: none. */
    private static byte[] rows(int width, int... colours) {
        ByteBuffer rows = ByteBuffer.allocate(3 * colours.length + colours.length / width);
        for (int i = 0; i < colours.length; i++) {
            if (i % width == 0) {
                rows.put((byte) 0);
            }
            rows.put((byte) (colours[i] >> 16)).put((byte) (colours[i] >> 8)).put((byte) colours[i]);
        }
        return rows.array();
    }

    private static byte[] deflated(byte... bytes) {
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
        try {
            deflater.setInput(bytes);
            deflater.finish();
            byte[] compressed = new byte[bytes.length + bytes.length / 1000 + 64]; // more than deflate ever makes of it
            int length = deflater.deflate(compressed);
            return Arrays.copyOf(compressed, length);
        } finally {
            deflater.end();
        }
    }

    private static void chunk(ByteBuffer png, String type, byte... data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 checksum = new CRC32();
        checksum.update(name);
        checksum.update(data);
        png.putInt(data.length).put(name).put(data).putInt((int) checksum.getValue());
    }
}
