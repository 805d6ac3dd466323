package dev.ottava.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the pool knows of the memory of graphs, on the device whose blocks take none. Graphs that run: {@code StepGraphsContractTest}. */
class GraphTest {
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

    private Tensor bytes(long bytes) {
        return device.empty(DType.E4M3, bytes);
    }

    private GraphMemory record(Runnable work) {
        GraphMemory memory = device.pool().record();
        try {
            work.run();
            memory.recorded();
            return memory;
        } catch (RuntimeException e) {
            device.pool().forget(memory);
            throw e;
        } finally {
            device.pool().recorded();
        }
    }

    private void temporary(long bytes) {
        bytes(bytes).close();
    }

    @Test
    void onlyCudaHasGraphs() {
        try (Device cpu = Device.open("cpu")) {
            assertFalse(cpu.hasGraphs());
            assertEquals(
                    "graphs are recorded on cuda, not on cpu",
                    assertThrows(UnsupportedException.class, () -> Graph.record(cpu, () -> {}))
                            .getMessage());
        }
    }

    @Test
    void recordingTakesWhatIsIdleAndNothingElse() {
        temporary(5000);
        record(() -> temporary(5000));
        String message = assertThrows(DeviceMemoryException.class, () -> record(() -> {
                    try (Tensor first = bytes(5000)) {
                        temporary(5000);
                    }
                }))
                .getMessage();
        assertEquals("what is recorded in a graph needs 5000 bytes for workspace, which are not idle", message);
        assertEquals(0, device.memory().liveBytes());
    }

    @Test
    void aGraphIsNotUsableWhileSomebodyHasItsMemory() {
        temporary(5000);
        GraphMemory graph = record(() -> temporary(5000));
        assertTrue(graph.isUsable());
        try (Tensor same = bytes(5000)) {
            assertFalse(graph.isUsable());
            temporary(5000);
            assertFalse(graph.isUsable());
        }
        assertTrue(graph.isUsable());
    }

    @Test
    void aGraphIsLostWithATensorThatWasThereBefore() {
        temporary(5000);
        try (Tensor later = bytes(100)) {
            GraphMemory graph;
            try (Tensor before = bytes(200)) {
                graph = record(() -> temporary(5000));
                assertTrue(graph.isUsable());
            }
            assertFalse(graph.isUsable());
            GraphMemory another = record(() -> temporary(5000));
            bytes(300).close();
            assertTrue(another.isUsable());
        }
    }

    @Test
    void whatIsRecordedLeavesNothingOpen() {
        temporary(5000);
        List<Tensor> left = new ArrayList<>();
        assertEquals(
                "what is recorded in a graph leaves 1 tensors open",
                assertThrows(UnsupportedException.class, () -> record(() -> left.add(bytes(5000))))
                        .getMessage());
        left.forEach(Tensor::close);
    }

    /** The blocks of graphs go back to the system last, those of the oldest graph first. */
    @Test
    void graphsGiveWayToMemoryThatIsNeeded() {
        long address;
        try (Tensor first = bytes(80 * MIB)) {
            address = first.address();
        }
        GraphMemory graph = record(() -> temporary(80 * MIB));
        try (Tensor other = bytes(100 * MIB)) {
            assertTrue(graph.isUsable());
        }
        assertTrue(graph.isUsable());
        temporary(120 * MIB); // 300 MiB would be held with a peak of 120: the block of 120 and that of 100 go
        assertTrue(graph.isUsable());
        assertTrue(device.memory().heldBytes() < 200 * MIB);
        try (Tensor again = bytes(80 * MIB)) {
            assertEquals(address, again.address());
        }
        try (Tensor a = bytes(70 * MIB);
                Tensor b = bytes(60 * MIB)) {
            assertTrue(graph.isUsable());
        }
        GraphMemory newer = record(() -> temporary(60 * MIB));
        temporary(400 * MIB);
        temporary(350 * MIB);
        temporary(10 * MIB);
        assertNotEquals(newer.isUsable(), false, "the newer goes last");
    }
}
