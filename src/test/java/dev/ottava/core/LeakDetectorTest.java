package dev.ottava.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LeakDetectorTest {
    private final Logger logger = Logger.getLogger("dev.ottava.leaks");
    private final List<LogRecord> reports = new CopyOnWriteArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord report) {
            if (isAllocatedIn("", report)) { // what other tests left behind may be collected now
                reports.add(report);
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
    }

    private static void forget(Device device) {
        device.arena(MemoryPurpose.GRADIENTS).empty(DType.F32, 10, 100);
    }

    /** Whether the site names a method of this class that begins so. */
    private static boolean isAllocatedIn(String method, LogRecord report) {
        return Arrays.stream(report.getThrown().getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals(LeakDetectorTest.class.getName())
                        && frame.getMethodName().startsWith(method));
    }

    /** Collects until the number of reports is there; gives up after a time that is far beyond what it takes. */
    private void collect(int expected) throws InterruptedException {
        for (int i = 0; i < 500 && reports.size() < expected; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(expected, reports.size());
    }

    @Test
    void aForgottenTensorIsReportedOnceWithItsSiteAndFreed() throws InterruptedException {
        try (Device device = Device.open("cpu")) {
            forget(device);
            assertTrue(device.memory().live().get(MemoryPurpose.GRADIENTS) >= 4000);
            collect(1);
            assertEquals(0, device.memory().liveBytes());
            LogRecord report = reports.get(0);
            assertEquals(Level.WARNING, report.getLevel());
            assertEquals("leak: tensor F32[10, 100] (gradients, 4000 bytes) was never closed", report.getMessage());
            assertTrue(isAllocatedIn("forget", report));

            forget(device); // takes the freed block, and is a second leak
            collect(2);
            assertEquals(0, device.memory().liveBytes());
        }
        assertEquals(2, reports.size());
    }

    @Test
    void aViewKeepsItsTensorAndAClosedOneIsNoLeak() throws InterruptedException {
        try (Device device = Device.open("cpu")) {
            Tensor row = device.tensor(new float[] {1, 2, 3, 4}, 2, 2).rows(1, 2);
            device.empty(DType.F32, 7).close();
            forget(device);
            collect(1); // the one that nobody holds
            assertEquals(2, row.toFloats().length);
            assertEquals(4, row.toFloats()[1]);
            assertTrue(row.isOpen());
            reports.clear();
        }
        assertEquals(1, reports.size());
        assertTrue(
                reports.get(0).getMessage().startsWith("leak: tensor F32[2, 2] (workspace, 16 bytes) was still open"));
    }

    @Test
    void closingADeviceReportsAndClosesWhatIsOpen() {
        Device device = Device.open("cpu");
        Tensor left = left(device);
        try (Tensor closed = device.empty(DType.F32, 3)) {
            assertTrue(closed.isOpen());
        }
        device.close();
        assertEquals(1, reports.size());
        assertEquals(
                "leak: tensor BF16[5] (workspace, 10 bytes) was still open when its device was closed",
                reports.get(0).getMessage());
        assertTrue(isAllocatedIn("left", reports.get(0)));
        assertFalse(left.isOpen());
        left.close(); // does nothing
        assertEquals(0, device.memory().liveBytes());
        assertEquals(1, reports.size());
    }

    private static Tensor left(Device device) {
        return device.empty(DType.BF16, 5);
    }
}
