package dev.ottava.oracle;

import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.Tensor;
import dev.ottava.hub.SafetensorsFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/**
 * What 8 bits cost the step of AdamW (COAT, table 1): the error of m / (√v + 1e-8) over all weights of linear layers of a checkpoint whose moments are F32, with
 * both moments in E4M3 or E5M2, plain or with their range expanded: {@code StateErrors CHECKPOINT/optimizer.safetensors}. Prints a table in Markdown and, under
 * it, the ratio of the errors of plain and expanded E4M3.
 */
public final class StateErrors {
    private static final String FIRST = ".first_moment";
    private static final double EPSILON = 1e-8;
    private static final List<Cell> FORMS = List.of(
            new Cell("E4M3", Float8Oracle.E4M3, false),
            new Cell("E4M3, expanded", Float8Oracle.E4M3, true),
            new Cell("E5M2", Float8Oracle.E5M2, false),
            new Cell("E5M2, expanded", Float8Oracle.E5M2, true));

    private record Cell(String name, Float8Oracle format, boolean expansion) {
        float[] through(float[] x, double mostExponent) {
            CoatOracle oracle = new CoatOracle(format, expansion, mostExponent);
            float[] result = new float[x.length];
            for (int from = 0; from < x.length; from += CoatOracle.GROUP) {
                float[] group = Arrays.copyOfRange(x, from, Math.min(from + CoatOracle.GROUP, x.length));
                float[] back = oracle.dequantise(oracle.quantise(group));
                System.arraycopy(back, 0, result, from, back.length);
            }
            return result;
        }
    }

    private StateErrors() {}

    public static void main(String[] args) {
        float[][] moments = read(Path.of(args[0]));
        float[] m = moments[0];
        float[] v = moments[1];
        System.out.printf("%d numbers, %d of them with v = 0%n%n", m.length, zeros(v));
        float[][] ms = FORMS.stream().map(form -> form.through(m, 16)).toArray(float[][]::new);
        float[][] vs = FORMS.stream().map(form -> form.through(v, 64)).toArray(float[][]::new);
        double[][] means = new double[FORMS.size()][FORMS.size()];
        System.out.println("| m \\ v | "
                + String.join(" | ", FORMS.stream().map(Cell::name).toList()) + " |");
        System.out.println("| --- | --- | --- | --- | --- |");
        for (int row = 0; row < 4; row++) {
            StringBuilder line = new StringBuilder("| " + FORMS.get(row).name() + " |");
            for (int column = 0; column < 4; column++) {
                double[] errors = squaredErrors(m, v, ms[row], vs[column]);
                means[row][column] = Arrays.stream(errors).average().orElseThrow();
                Arrays.sort(errors);
                line.append(" %.3g; %.3g |".formatted(means[row][column], errors[errors.length / 2]));
            }
            System.out.println(line);
        }
        StringBuilder line = new StringBuilder("| v stored as 0 |");
        for (int column = 0; column < 4; column++) {
            line.append(" %d |".formatted(zeros(vs[column]) - zeros(v)));
        }
        System.out.println(line);
        System.out.printf("%nMSE of E4M3, plain over expanded: %.2f%n", means[0][0] / means[1][1]);
    }

    private static double[] squaredErrors(float[] m, float[] v, float[] storedM, float[] storedV) {
        double[] errors = new double[m.length];
        for (int i = 0; i < m.length; i++) {
            double exact = m[i] / (Math.sqrt(v[i]) + EPSILON);
            double stored = storedM[i] / (Math.sqrt(storedV[i]) + EPSILON);
            errors[i] = (stored - exact) * (stored - exact);
        }
        return errors;
    }

    private static long zeros(float[] v) {
        long zeros = 0;
        for (float x : v) {
            zeros += x == 0 ? 1 : 0;
        }
        return zeros;
    }

    /** The moments of all linear weights of blocks; their sizes are multiples of a group, so that no group has two tensors. */
    private static float[][] read(Path file) {
        try (Device device = Device.open("cpu");
                SafetensorsFile stored = SafetensorsFile.open(file)) {
            List<String> names = stored.names().stream()
                    .filter(name -> name.endsWith("_proj.weight" + FIRST))
                    .toList();
            IntFunction<float[]> moment = which -> {
                List<float[]> parts = names.stream()
                        .map(name -> which == 0 ? name : name.replace("first", "second"))
                        .map(name -> floats(device, stored, name))
                        .toList();
                float[] all =
                        new float[parts.stream().mapToInt(part -> part.length).sum()];
                int at = 0;
                for (float[] part : parts) {
                    if (part.length % CoatOracle.GROUP != 0) {
                        throw new IllegalArgumentException("a weight whose size is no multiple of a group");
                    }
                    System.arraycopy(part, 0, all, at, part.length);
                    at += part.length;
                }
                return all;
            };
            return new float[][] {moment.apply(0), moment.apply(1)};
        }
    }

    private static float[] floats(Device device, SafetensorsFile stored, String name) {
        try (Tensor tensor = device.empty(DType.F32, stored.shape(name))) {
            stored.read(name, tensor);
            return tensor.toFloats();
        }
    }
}
