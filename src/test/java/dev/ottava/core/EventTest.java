package dev.ottava.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.Gpu;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EventTest {
    static List<String> devices() {
        return Gpu.devices();
    }

    @ParameterizedTest
    @MethodSource("devices")
    void theTimeBetweenTwoEventsGrows(String name) {
        try (Device device = Device.open(name);
                Event start = new Event(device);
                Event first = new Event(device);
                Event second = new Event(device);
                Tensor x = device.empty(DType.F32, 100_000)) {
            start.record();
            x.fill(1);
            first.record();
            x.fill(2);
            second.record();
            double toSecond = second.millisecondsSince(start);
            double toFirst = first.millisecondsSince(start);
            assertTrue(toFirst > 0, "" + toFirst);
            assertTrue(toSecond >= toFirst, toFirst + " " + toSecond);
            assertTrue(first.millisecondsSince(second) <= 0);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void anEventThatWasNotRecordedHasNoTime(String name) {
        try (Device device = Device.open(name);
                Event start = new Event(device);
                Event end = new Event(device)) {
            start.record();
            String message = assertThrows(InvalidArgumentException.class, () -> end.millisecondsSince(start))
                    .getMessage();
            assertEquals("the time between events, one of which was not recorded", message);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void eventsOfTwoDevicesDoNotMix(String name) {
        try (Device device = Device.open(name);
                Device other = Device.open("cpu");
                Event start = new Event(other);
                Event end = new Event(device)) {
            start.record();
            end.record();
            assertThrows(InvalidArgumentException.class, () -> end.millisecondsSince(start));
        }
    }
}
