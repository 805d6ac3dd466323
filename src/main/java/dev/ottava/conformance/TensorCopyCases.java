package dev.ottava.conformance;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** TMA: boxes of tensors of 1 to 5 dimensions with each swizzle, to and from shared memory, to one block and to two. */
final class TensorCopyCases {
    private TensorCopyCases() {}

    /** A tensor and its box; innermost dimension first, strides in bytes. */
    private record Tensor(int elementBytes, int swizzle, int[] sizes, int[] strides, int[] box) {
        /** Ragged sizes; rows padded to a stride of a multiple of 16; the innermost box as wide as the swizzle. */
        static Tensor of(int dimensions, int elementBytes, int swizzle) {
            int[] sizes = Arrays.copyOf(new int[] {150, 11, 5, 4, 3}, dimensions);
            int[] box = Arrays.copyOf(new int[] {(swizzle == 0 ? 48 : swizzle) / elementBytes, 8, 3, 2, 2}, dimensions);
            int[] strides = new int[dimensions];
            strides[0] = elementBytes;
            for (int d = 1; d < dimensions; d++) {
                strides[d] = (strides[d - 1] * sizes[d - 1] + 15) / 16 * 16 + 16;
            }
            return new Tensor(elementBytes, swizzle, sizes, strides, box);
        }

        int dimensions() {
            return sizes.length;
        }

        int bytes() {
            int last = dimensions() - 1;
            return (strides[last] * sizes[last] + 3) / 4 * 4;
        }

        int boxBytes() {
            return Arrays.stream(box).reduce(elementBytes, (a, b) -> a * b);
        }

        int[] parameters(int boxes, int tensorOffset) {
            int[] parameters = ConformanceCase.parametersOf(boxes, boxBytes(), tensorOffset, dimensions());
            parameters[8] = dimensions();
            parameters[9] = elementBytes;
            parameters[10] = swizzle;
            System.arraycopy(sizes, 0, parameters, 16, dimensions());
            System.arraycopy(strides, 0, parameters, 24, dimensions());
            System.arraycopy(box, 0, parameters, 32, dimensions());
            return parameters;
        }

        /** Copies a box between the tensor and shared memory; what lies outside of the tensor is zero, or not written. */
        void copy(ByteBuffer tensor, int[] first, ByteBuffer shared, boolean load) {
            for (int element = 0; element < boxBytes() / elementBytes; element++) {
                int rest = element;
                int at = 0;
                boolean inside = true;
                for (int d = 0; d < dimensions(); d++) {
                    int coordinate = first[d] + rest % box[d];
                    rest /= box[d];
                    inside &= coordinate >= 0 && coordinate < sizes[d];
                    at += coordinate * strides[d];
                }
                int place = swizzled(element * elementBytes);
                for (int i = 0; i < elementBytes; i++) {
                    if (load) {
                        shared.put(place + i, inside ? tensor.get(at + i) : 0);
                    } else if (inside) {
                        tensor.put(at + i, shared.get(place + i));
                    }
                }
            }
        }

        /** Where a byte of a dense box lies: pieces of 16 bytes exchanged within rows of the swizzle's width. */
        private int swizzled(int at) {
            return switch (swizzle) {
                case 128 -> at ^ (at >> 7 & 7) << 4;
                case 64 -> at ^ (at >> 7 & 3) << 4;
                case 32 -> at ^ (at >> 7 & 1) << 4;
                default -> at;
            };
        }
    }

    static List<ConformanceCase> all() {
        Random random = new Random(5);
        List<ConformanceCase> cases = new ArrayList<>();
        for (int swizzle : new int[] {0, 32, 64, 128}) {
            for (int dimensions = 1; dimensions <= 5; dimensions++) {
                int elementBytes = 1 << (dimensions + swizzle / 32) % 3; // 1, 2 or 4
                cases.add(load(Tensor.of(dimensions, elementBytes, swizzle), random));
                cases.add(store(Tensor.of(dimensions, elementBytes, swizzle), false, random));
                cases.add(store(Tensor.of(dimensions, 4, swizzle), true, random));
            }
        }
        cases.add(multicast(Tensor.of(2, 2, 128), random));
        return cases;
    }

    private static ByteBuffer bytes(int count) {
        return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int[] words(ByteBuffer bytes) {
        int[] words = new int[bytes.capacity() / 4];
        bytes.rewind().asIntBuffer().get(words);
        return words;
    }

    private static ByteBuffer random(int count, Random random) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int[] join(int[] first, int[] second) {
        int[] joined = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, joined, first.length, second.length);
        return joined;
    }

    private static String name(String what, Tensor tensor) {
        return what + " " + tensor.dimensions() + "d, swizzle " + tensor.swizzle() + ", " + tensor.elementBytes()
                + "-byte elements";
    }

    /** Corners of boxes inside, at and beyond every edge; those words, and up to a multiple of 64 words zeros. */
    private static int[] corners(Tensor tensor, int boxes, Random random) {
        int[] corners = new int[(boxes * tensor.dimensions() + 63) / 64 * 64];
        for (int i = 0; i < boxes * tensor.dimensions(); i++) {
            int d = i % tensor.dimensions();
            int range = tensor.sizes()[d] + tensor.box()[d];
            corners[i] = random.nextInt(range + 1) - tensor.box()[d];
        }
        return corners;
    }

    private static int[] corner(int[] corners, int box, int dimensions) {
        return Arrays.copyOfRange(corners, box * dimensions, (box + 1) * dimensions);
    }

    private static int[] loaded(Tensor tensor, ByteBuffer data, int[] corner) {
        ByteBuffer shared = bytes(tensor.boxBytes());
        tensor.copy(data, corner, shared, true);
        return words(shared);
    }

    private static ConformanceCase load(Tensor tensor, Random random) {
        int boxes = 12;
        int[] corners = corners(tensor, boxes, random);
        ByteBuffer data = random(tensor.bytes(), random);
        int[] expected = {};
        for (int box = 0; box < boxes; box++) {
            expected = join(expected, loaded(tensor, data, corner(corners, box, tensor.dimensions())));
        }
        return new ConformanceCase(
                name("TMA load", tensor),
                "sm90_tma_load",
                tensor.parameters(boxes, 4 * corners.length),
                join(corners, words(data)),
                expected);
    }

    /** Boxes beside each other along two dimensions, the first before the beginning of every dimension; if it adds, each is added to what it wrote. */
    private static ConformanceCase store(Tensor tensor, boolean adds, Random random) {
        int dimensions = tensor.dimensions();
        int boxes = 6;
        int[] corners = new int[64];
        for (int box = 0; box < boxes; box++) {
            for (int d = 0; d < dimensions; d++) {
                int steps = dimensions == 1 ? box : d == 0 ? box % 3 : d == 1 ? box / 3 : 0;
                corners[dimensions * box + d] = steps * tensor.box()[d] - (d < 2 ? 3 - d : 1);
            }
        }
        int[] input = corners;
        byte[] untouched = new byte[tensor.bytes()];
        Arrays.fill(untouched, (byte) -1);
        ByteBuffer result = ByteBuffer.wrap(untouched).order(ByteOrder.LITTLE_ENDIAN);
        for (int box = 0; box < boxes; box++) {
            ByteBuffer shared = adds ? floats(tensor.boxBytes(), random) : random(tensor.boxBytes(), random);
            input = join(input, words(shared));
            if (adds) {
                for (int at = 0; at < shared.capacity(); at += 4) {
                    shared.putFloat(at, 2 * shared.getFloat(at));
                }
            }
            tensor.copy(result, corner(corners, box, dimensions), shared, false);
        }
        return new ConformanceCase(
                name(adds ? "TMA addition" : "TMA store", tensor),
                adds ? "sm90_tma_add" : "sm90_tma_store",
                tensor.parameters(boxes, 0),
                input,
                words(result));
    }

    private static ByteBuffer floats(int count, Random random) {
        ByteBuffer bytes = bytes(count);
        for (int at = 0; at < count; at += 4) {
            bytes.putFloat(at, random.nextInt(2001) - 1000);
        }
        return bytes;
    }

    /** Each block loads a box for both, and one for itself. */
    private static ConformanceCase multicast(Tensor tensor, Random random) {
        int[] corners = corners(tensor, 4, random);
        ByteBuffer data = random(tensor.bytes(), random);
        int[] expected = {};
        for (int rank = 0; rank < 2; rank++) {
            for (int box : new int[] {0, 1, 2 + rank}) {
                expected = join(expected, loaded(tensor, data, corner(corners, box, 2)));
            }
        }
        return new ConformanceCase(
                name("TMA multicast", tensor),
                "sm90_tma_multicast",
                tensor.parameters(4, 4 * corners.length),
                join(corners, words(data)),
                expected);
    }
}
