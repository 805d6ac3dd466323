package dev.ottava.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On the meta device, whose blocks take no memory, so that they can be large. */
class MemoryPoolTest {
    private static final long MIB = 1 << 20;

    private Device device;

    @BeforeEach
    void open() {
        device = Device.open("meta");
    }

    @AfterEach
    void close() {
        device.close();
    }

    private Tensor bytes(MemoryPurpose purpose, long bytes) {
        return device.arena(purpose).empty(DType.E4M3, bytes);
    }

    private Tensor bytes(long bytes) {
        return bytes(MemoryPurpose.WORKSPACE, bytes);
    }

    @Test
    void aFreedBlockServesTheNextOfItsSize() {
        long address;
        try (Tensor first = bytes(5000)) {
            address = first.address();
        }
        long held = device.memory().heldBytes();
        assertTrue(held >= 5000);
        try (Tensor again = bytes(MemoryPurpose.GRADIENTS, 5000);
                Tensor another = bytes(5000)) {
            assertEquals(address, again.address());
            assertNotEquals(address, another.address());
            assertEquals(2 * held, device.memory().heldBytes());
        }
    }

    @Test
    void sizesThatAreNearlyAlikeShareBlocks() {
        long address;
        try (Tensor first = bytes(MIB - 1000)) {
            address = first.address();
        }
        try (Tensor second = bytes(MIB)) {
            assertEquals(address, second.address());
        }
    }

    /** Blocks are multiples of 256 bytes and, from 2 KiB on, at most an eighth larger than what was asked for. */
    @Test
    void aBlockIsLittleLargerThanAskedFor() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 2000; i++) {
            long asked = 1 + (random.nextLong() >>> (24 + random.nextInt(40))); // up to 2^40
            try (Tensor tensor = bytes(asked)) {
                long block = device.memory().liveBytes();
                assertEquals(asked, tensor.bytes());
                assertEquals(0, block % 256);
                assertTrue(block >= asked && block <= Math.max(asked + 255, asked + asked / 8), asked + ": " + block);
            }
        }
        assertEquals(0, device.memory().liveBytes());
    }

    @Test
    void memoryIsCountedByPurpose() {
        try (Tensor weights = bytes(MemoryPurpose.WEIGHTS, 8 * MIB)) {
            assertEquals(8 * MIB, weights.bytes());
            try (Tensor activations = bytes(MemoryPurpose.ACTIVATIONS, 4 * MIB)) {
                assertEquals(12 * MIB, device.memory().liveBytes());
                activations.close();
            }
            try (Tensor gradients = bytes(MemoryPurpose.GRADIENTS, 2 * MIB)) {
                MemoryStatistics now = device.memory();
                assertEquals(8 * MIB, now.live().get(MemoryPurpose.WEIGHTS));
                assertEquals(0, now.live().get(MemoryPurpose.ACTIVATIONS));
                assertEquals(gradients.bytes(), now.live().get(MemoryPurpose.GRADIENTS));
                assertEquals(10 * MIB, now.liveBytes());
                assertEquals(14 * MIB, now.heldBytes());
            }
        }
        MemoryStatistics end = device.memory();
        assertEquals(0, end.liveBytes());
        assertEquals(12 * MIB, end.peakBytes());
        // Each purpose at its own highest, and all of them when the sum was: the gradients came later.
        assertEquals(4 * MIB, end.peakByPurpose().get(MemoryPurpose.ACTIVATIONS));
        assertEquals(2 * MIB, end.peakByPurpose().get(MemoryPurpose.GRADIENTS));
        assertEquals(4 * MIB, end.atPeak().get(MemoryPurpose.ACTIVATIONS));
        assertEquals(0, end.atPeak().get(MemoryPurpose.GRADIENTS));
        assertEquals(
                end.peakBytes(),
                end.atPeak().values().stream().mapToLong(Long::longValue).sum());
    }

    /** Ragged batches leave blocks of all sizes behind: what lies idle stays within a bound, and does not pile up. */
    @Test
    void whatLiesIdleGoesBackToTheSystem() {
        SplittableRandom random = new SplittableRandom(17);
        long allocated = 0;
        for (int step = 0; step < 300; step++) {
            List<Tensor> tensors = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                long size = (1 + random.nextInt(400)) * MIB;
                tensors.add(bytes(size));
                allocated += size;
            }
            Collections.rotate(tensors, step);
            tensors.forEach(Tensor::close);
            MemoryStatistics now = device.memory();
            assertEquals(0, now.liveBytes());
            assertTrue(
                    now.heldBytes() <= now.peakBytes() + Math.max(64 * MIB, now.peakBytes() / 4),
                    () -> "step holds " + now.heldBytes() + " at a peak of " + now.peakBytes());
        }
        assertTrue(allocated > 100L * device.memory().peakBytes());
    }

    @Test
    void aStepThatRepeatsTakesNothingFromTheSystem() {
        long held = 0;
        for (int step = 0; step < 5; step++) {
            try (Tensor a = bytes(300 * MIB);
                    Tensor b = bytes(70 * MIB)) {
                assertTrue(a.isOpen() && b.isOpen());
            }
            try (Tensor c = bytes(100 * MIB)) {
                assertTrue(c.isOpen());
            }
            held = step == 0 ? device.memory().heldBytes() : held;
            assertEquals(held, device.memory().heldBytes());
        }
    }

    @Test
    void whatDoesNotFitSaysWhatIsThereAlready() {
        try (Device cpu = Device.open("cpu");
                Tensor weights = cpu.arena(MemoryPurpose.WEIGHTS).empty(DType.F32, 1024);
                Tensor idle = cpu.empty(DType.F32, 1 << 20)) {
            idle.close();
            assertTrue(cpu.memory().heldBytes() > cpu.memory().liveBytes());
            String message = assertThrows(
                            DeviceMemoryException.class,
                            () -> cpu.arena(MemoryPurpose.KEY_VALUE_CACHE).empty(DType.F32, 1L << 55))
                    .getMessage();
            assertEquals(
                    "out of memory: key value cache need 144115188075855872 bytes more beside weights 4096; "
                            + "`ottava plan` shows what would fit",
                    message);
            // Idle blocks were given back before it failed, and what failed is not counted.
            assertEquals(4096, cpu.memory().heldBytes());
            assertEquals(0, cpu.memory().live().get(MemoryPurpose.KEY_VALUE_CACHE));
            assertTrue(weights.isOpen());
        }
    }
}
