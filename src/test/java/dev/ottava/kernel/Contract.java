package dev.ottava.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ottava.Gpu;
import dev.ottava.core.BFloat16;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the contract tests of all operations share: each class runs on every device, and each operation runs several times, between guard bands, into outputs of
 * NaN, and has to give the same bits each time: twice with two threads and once with one; on simt in four orders of threads, blocks and copies instead.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("devices")
abstract class Contract {
    static final List<DType> DTYPES = List.of(DType.F32, DType.BF16);

    /** Half a unit in the last place of BF16, relative, and a little for the F32 result that is rounded. */
    private static final double BF16_ROUNDING = 0x1p-8 * 1.01;

    @Parameter
    String deviceName;

    /** Of simt: a bug may show in one order alone. {@code make test-long} tries more. */
    private static final List<String> SCHEDULES =
            List.of(System.getProperty("ottava.simt.schedules", "forward,reverse,seed:1,seed:2")
                    .split(","));

    final Random random = new Random(20240607);

    /** One for each run of an operation. */
    private final List<Device> runs = new ArrayList<>();

    static Stream<String> devices() {
        return Gpu.devices().stream();
    }

    @BeforeEach
    void openDevices() {
        if (deviceName.startsWith("simt")) {
            for (String schedule : SCHEDULES) {
                int threads = runs.size() % 2 == 0 ? 2 : 1;
                runs.add(Device.open(deviceName + ":" + schedule, threads, oneDnn()));
            }
            return;
        }
        Device twoThreads = Device.open(deviceName, 2, oneDnn());
        runs.addAll(List.of(twoThreads, twoThreads));
        if (sameForAnyThreads()) {
            runs.add(Device.open(deviceName, 1, oneDnn()));
        }
    }

    /** Whether the cpu device is opened with oneDNN. */
    boolean oneDnn() {
        return true;
    }

    /** Whether the operation gives the same bits for any number of threads, as all of our own do. */
    boolean sameForAnyThreads() {
        return true;
    }

    @AfterEach
    void closeDevices() {
        runs.forEach(Device::close);
        runs.clear();
    }

    /** What an operation left in a tensor. */
    record Output(String name, DType dtype, ByteBuffer bytes) {
        float[] floats() {
            float[] values = new float[bytes.limit() / dtype.bytes()];
            for (int i = 0; i < values.length; i++) {
                values[i] = dtype == DType.F32 ? bytes.getFloat(4 * i) : BFloat16.toFloat(bytes.getShort(2 * i));
            }
            return values;
        }

        short[] shorts() {
            short[] values = new short[bytes.limit() / 2];
            bytes.asShortBuffer().get(values);
            return values;
        }

        /** Compares with the oracle: |actual - expected| is at most relative |expected| + absolute, and the rounding of the dtype. */
        void assertNear(double[] expected, double relative, double absolute) {
            float[] actual = floats();
            assertEquals(expected.length, actual.length);
            double bound = relative + (dtype == DType.BF16 ? BF16_ROUNDING : 0);
            for (int i = 0; i < actual.length; i++) {
                double e = expected[i];
                boolean near = Double.isNaN(e)
                        ? Float.isNaN(actual[i])
                        : (float) e == actual[i] || Math.abs(actual[i] - e) <= bound * Math.abs(e) + absolute;
                int index = i;
                assertTrue(near, () -> name + " [" + index + "] is " + actual[index] + ", not " + e);
            }
        }

        /** Asserts that the norm of the difference is at most {@code bound} times the norm of what is expected. */
        void assertGloballyNear(double[] expected, double bound) {
            float[] actual = floats();
            assertEquals(expected.length, actual.length);
            double difference = 0;
            double norm = 0;
            for (int i = 0; i < actual.length; i++) {
                difference += Math.pow(actual[i] - expected[i], 2);
                norm += Math.pow(expected[i], 2);
            }
            double error = Math.sqrt(difference / norm);
            assertTrue(
                    difference == 0 || error <= bound,
                    () -> name + " is off by " + error + " of its norm, bound " + bound);
        }
    }

    /** Runs the operation several times and returns what it left in the tensors it names. */
    final List<Output> run(Function<Workbench, List<Tensor>> operation) {
        List<Output> first = runOn(runs.get(0), operation);
        for (Device again : runs.subList(1, runs.size())) {
            String run = again + " with " + again.property("threads") + " threads, run again,";
            assertSameBits(run, first, runOn(again, operation));
        }
        return first;
    }

    private static List<Output> runOn(Device device, Function<Workbench, List<Tensor>> operation) {
        try (Workbench bench = new Workbench(device)) {
            List<Tensor> tensors = operation.apply(bench);
            bench.checkGuards();
            return tensors.stream()
                    .map(t -> new Output(t.toString(), t.dtype(), Workbench.bytes(t)))
                    .toList();
        }
    }

    private static void assertSameBits(String run, List<Output> expected, List<Output> actual) {
        for (int i = 0; i < expected.size(); i++) {
            String name = expected.get(i).name();
            assertEquals(
                    -1,
                    expected.get(i).bytes().mismatch(actual.get(i).bytes()),
                    () -> run + " gives other bits in " + name);
        }
    }

    /** Asserts that the operation is refused with a message that contains the parts. */
    final void assertRefused(Function<Workbench, Executable> operation, String... parts) {
        try (Workbench bench = new Workbench(runs.get(0))) {
            String message = assertThrows(InvalidArgumentException.class, operation.apply(bench))
                    .getMessage();
            for (String part : parts) {
                assertTrue(message.contains(part), () -> "'" + part + "' is not in: " + message);
            }
            bench.checkGuards();
        }
    }

    /** Normal values that the dtype holds exactly. */
    final float[] gaussian(DType dtype, int count, double deviation) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = round(dtype, (float) (deviation * random.nextGaussian()));
        }
        return values;
    }

    static float round(DType dtype, float value) {
        return dtype == DType.BF16 ? BFloat16.toFloat(BFloat16.fromFloat(value)) : value;
    }

    static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }

    /** Row i of a matrix. */
    static double[] row(float[] matrix, int i, int columns) {
        double[] row = new double[columns];
        for (int j = 0; j < columns; j++) {
            row[j] = matrix[i * columns + j];
        }
        return row;
    }
}
