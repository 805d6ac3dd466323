package dev.ottava.cuda;

import dev.ottava.binding.Binding;
import dev.ottava.binding.Native;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Event;
import dev.ottava.core.Graph;
import dev.ottava.core.OttavaException;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Elementwise;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A process that uses the device cuda and prints what comes of it. */
final class Probe {
    private Probe() {}

    public static void main(String[] args) {
        for (String what : args) {
            try {
                System.out.println(what + ": " + use(what));
            } catch (OttavaException e) {
                System.out.println(what + ": " + e.getClass().getSimpleName() + ": " + e.getMessage());
            }
        }
    }

    private static String use(String what) {
        return switch (what) {
            case "kernels" -> {
                try (Device device = Device.open("cuda")) {
                    yield device.property("architecture") + ", " + device.property("kernels");
                }
            }
            case "add" -> {
                try (Device device = Device.open("cuda:0");
                        Tensor x = device.tensor(new float[] {1, 2, 3}, 3)) {
                    Elementwise.add(x, x, x);
                    yield Arrays.toString(x.toFloats());
                }
            }
            case "thrice" -> thrice();
            case "graph" -> graph();
            case "allocate" -> allocate();
            case "second" -> {
                Device.open("cuda:1").close();
                yield "there is one";
            }
            default -> throw new IllegalArgumentException(what);
        };
    }

    /** Three kernels, then two looks at the result. */
    private static String thrice() {
        Device device = Device.open("cuda");
        Tensor x = device.tensor(new float[] {1, 2, 3}, 3);
        for (int i = 0; i < 3; i++) {
            Elementwise.add(x, x, x);
        }
        StringBuilder seen = new StringBuilder();
        for (int i = 0; i < 2; i++) {
            try {
                seen.append(Arrays.toString(x.toFloats())).append(" | ");
            } catch (OttavaException e) {
                seen.append(e.getMessage()).append(" | ");
            }
        }
        x.close();
        device.close();
        return seen.toString();
    }

    /** Doubles a number in a graph, three times; and what else a graph might record. */
    private static String graph() {
        try (Device device = Device.open("cuda");
                Tensor x = device.tensor(new float[] {1}, 1)) {
            List<String> seen = new ArrayList<>();
            try (Graph graph = Graph.record(device, () -> Elementwise.add(x, x, x))) {
                seen.add(Arrays.toString(x.toFloats()));
                for (int i = 0; i < 3; i++) {
                    graph.launch();
                }
                seen.add(Arrays.toString(x.toFloats()));
                x.fill(3);
                CompletableFuture.runAsync(graph::launch).join(); // on a thread that has used no device yet
                seen.add(Arrays.toString(x.toFloats()));
            }
            List<Runnable> refused = List.of(
                    x::toFloats,
                    () -> x.copyFrom(2f),
                    device::synchronize,
                    () -> {
                        try (Event event = new Event(device)) {
                            event.record();
                        }
                    },
                    () -> device.empty(DType.F32, 1000),
                    () -> Graph.record(device, () -> {}));
            for (Runnable each : refused) {
                try {
                    Graph.record(device, each).close();
                } catch (OttavaException e) {
                    seen.add(e.getMessage());
                }
            }
            return String.join("\n", seen);
        }
    }

    /** More than there is, by the C ABI, whose own message it is. */
    private static String allocate() {
        try (Device device = Device.open("cuda")) {
            long[] handle = new long[1];
            Native.ottava_device_open("cuda", "", 0, handle);
            long[] address = new long[1];
            int status = Native.ottava_memory_allocate(handle[0], 3L << 30, address);
            String message = Binding.lastError();
            Native.ottava_device_close(handle[0]);
            return status + " " + message + ", " + device.availableBytes();
        }
    }
}
