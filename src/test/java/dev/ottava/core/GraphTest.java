package dev.ottava.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
        return record(new MemoryDemand(), work);
    }

    private GraphMemory record(MemoryDemand demand, Runnable work) {
        GraphMemory memory = device.pool().record(demand);
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
        String message = assertThrows(
                        DeviceMemoryException.class,
                        () -> record(() -> {
                            try (Tensor first = bytes(5000)) {
                                temporary(5000);
                            }
                        }))
                .getMessage();
        assertEquals("what is recorded in a graph needs 5000 bytes for workspace, which are not idle", message);
        assertEquals(0, device.memory().liveBytes());
    }

    @Test
    void whatWasRehearsedCanBeRecorded() {
        Runnable work = () -> {
            temporary(3000);
            try (Tensor first = bytes(5000)) {
                temporary(5000);
                temporary(5000);
            }
        };
        MemoryDemand demand = device.pool().rehearse();
        work.run();
        device.pool().rehearsed();
        assertEquals(Map.of(MemoryPool.rounded(3000), 1, MemoryPool.rounded(5000), 2), demand.most());
        try (Tensor taken = bytes(5000);
                Tensor another = bytes(3000)) {
            assertTrue(record(demand, work).isUsable());
        }
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

    /** Held may be the peak, 96 MiB, and 64 more. The blocks of graphs go back to the system last, those of the oldest graph first. */
    @Test
    void graphsGiveWayToMemoryThatIsNeeded() {
        temporary(96 * MIB);
        GraphMemory older = record(() -> temporary(96 * MIB));
        temporary(80 * MIB);
        assertTrue(older.isUsable());
        assertEquals(96 * MIB, device.memory().heldBytes());
        temporary(40 * MIB);
        GraphMemory newer = record(() -> temporary(40 * MIB));
        temporary(20 * MIB);
        assertEquals(156 * MIB, device.memory().heldBytes());
        temporary(10 * MIB);
        assertFalse(older.isUsable());
        assertTrue(newer.isUsable());
        assertEquals(40 * MIB, device.memory().heldBytes());
    }
}
