import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The step of {@code ottava bench step} in libtorch, from Java: forward, backward, and the plain SGD update of every
 * parameter. DJL has no fused attention of its own, so the model is TorchScript (llama.torchscript), which reaches
 * every operator of libtorch and takes one JNI call a step.
 */
public final class LibtorchStep {
    private static final int WARM_UP = 3;
    private static final int ROUNDS = 11;

    private record Model(
            String name,
            int vocabulary,
            int hidden,
            int layers,
            int heads,
            int kvHeads,
            int intermediate,
            int batch,
            int length) {}

    private static final List<Model> MODELS = List.of(
            new Model("hidden 256, 4 layers, 8 x 256 tokens", 260, 256, 4, 4, 4, 688, 8, 256),
            new Model("hidden 512, 8 layers, 4 x 512 tokens", 4096, 512, 8, 8, 4, 1376, 4, 512));

    private LibtorchStep() {}

    public static void main(String[] arguments) throws IOException {
        for (Model model : MODELS) {
            for (DataType dtype : List.of(DataType.FLOAT32, DataType.BFLOAT16)) {
                measure(model, dtype);
            }
        }
    }

    private static void measure(Model model, DataType dtype) throws IOException {
        try (PtNDManager manager = (PtNDManager) Engine.getEngine("PyTorch").newBaseManager(Device.cpu());
                PtSymbolBlock block = JniUtils.loadModule(manager, new ByteArrayInputStream(archive()), false, false)) {
            JniUtils.setGradMode(true);
            manager.getEngine().setRandomSeed(0);
            SplittableRandom random = new SplittableRandom(0);
            Shape shape = new Shape(model.batch, model.length);
            NDArray angles = angles(manager, model.length, model.hidden / model.heads);
            NDList inputs = weights(manager, model);
            inputs.add(angles.cos());
            inputs.add(angles.sin());
            if (dtype == DataType.BFLOAT16) {
                inputs = bfloat16(block, inputs);
            }
            inputs.subList(0, inputs.size() - 2).forEach(weight -> weight.setName("weights[]"));
            inputs.add(tokens(manager, random, model.vocabulary, shape));
            inputs.add(tokens(manager, random, model.vocabulary, shape));
            float[] losses = new float[WARM_UP + ROUNDS];
            double[] seconds = new double[ROUNDS];
            for (int i = 0; i < losses.length; i++) {
                long start = System.nanoTime();
                try (NDList loss = IValueUtils.forward(block, inputs, true)) {
                    losses[i] = loss.get(0).getFloat();
                }
                if (i >= WARM_UP) {
                    seconds[i - WARM_UP] = (System.nanoTime() - start) / 1e9;
                }
            }
            if (!(losses[losses.length - 1] < losses[0])) {
                throw new IllegalStateException("the loss does not fall: " + Arrays.toString(losses));
            }
            print(model, dtype, seconds, losses);
        }
    }

    private static void print(Model model, DataType dtype, double[] seconds, float[] losses) {
        Arrays.sort(seconds);
        double median = seconds[ROUNDS / 2];
        System.out.printf(
                Locale.ROOT,
                "{\"suite\":\"step\",\"peer\":\"libtorch %s, DJL %s\",\"threads\":%d,\"shape\":\"%s\",\"dtype\":\"%s\","
                        + "\"tokens_per_second\":%.1f,\"seconds\":%.6f,\"spread\":%.4f,\"rounds\":%d,"
                        + "\"first_loss\":%.5f,\"last_loss\":%.5f,\"ln_vocabulary\":%.5f}%n",
                Engine.getEngine("PyTorch").getVersion(),
                Engine.getDjlVersion(),
                JniUtils.getNumThreads(),
                model.name,
                dtype == DataType.FLOAT32 ? "F32" : "BF16",
                model.batch * model.length / median,
                median,
                (seconds[ROUNDS * 3 / 4] - seconds[ROUNDS / 4]) / 2 / median,
                ROUNDS,
                losses[0],
                losses[losses.length - 1],
                Math.log(model.vocabulary));
    }

    /** In the order in which llama.torchscript reads them. */
    private static NDList weights(NDManager manager, Model model) {
        int hidden = model.hidden;
        int kv = hidden / model.heads * model.kvHeads;
        NDList weights = new NDList();
        weights.add(normal(manager, model.vocabulary, hidden));
        for (int layer = 0; layer < model.layers; layer++) {
            weights.add(manager.ones(new Shape(hidden)));
            weights.add(normal(manager, hidden, hidden));
            weights.add(normal(manager, kv, hidden));
            weights.add(normal(manager, kv, hidden));
            weights.add(normal(manager, hidden, hidden));
            weights.add(manager.ones(new Shape(hidden)));
            weights.add(normal(manager, model.intermediate, hidden));
            weights.add(normal(manager, model.intermediate, hidden));
            weights.add(normal(manager, hidden, model.intermediate));
        }
        weights.add(manager.ones(new Shape(hidden)));
        weights.add(normal(manager, model.vocabulary, hidden));
        return weights;
    }

    /** DJL's own cast does not know the type. */
    private static NDList bfloat16(PtSymbolBlock block, NDList tensors) {
        tensors.forEach(tensor -> tensor.setName("tensors[]"));
        NDArray method = tensors.get(0).getManager().create(0);
        method.setName("module_method:bfloat16");
        NDList inputs = new NDList(tensors);
        inputs.add(method);
        return IValueUtils.forward(block, inputs, true);
    }

    private static NDArray normal(NDManager manager, int rows, int columns) {
        return manager.randomNormal(0, 0.02f, new Shape(rows, columns), DataType.FLOAT32);
    }

    private static NDArray tokens(NDManager manager, SplittableRandom random, int vocabulary, Shape shape) {
        return manager.create(random.longs(shape.size(), 0, vocabulary).toArray(), shape);
    }

    /** Position times frequency, [length, 1, head size / 2]. */
    private static NDArray angles(NDManager manager, int length, int headSize) {
        float[] angles = new float[length * headSize / 2];
        for (int i = 0; i < angles.length; i++) {
            int position = i / (headSize / 2);
            int pair = i % (headSize / 2);
            angles[i] = (float) (position * Math.pow(10000, -2.0 * pair / headSize));
        }
        return manager.create(angles, new Shape(length, 1, headSize / 2));
    }

    /** As torch.jit.save writes it: a zip of the source and two pickles, an object with one field and an empty tuple. */
    private static byte[] archive() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes);
                InputStream source = LibtorchStep.class.getResourceAsStream("/llama.torchscript")) {
            add(zip, "version", ascii("10\n"));
            add(zip, "code/__torch__.py", source.readAllBytes());
            add(zip, "data.pkl", ascii("\u0080\2c__torch__\nLlama\n)\u0081}(X\10\0\0\0training\u0088ub."));
            add(zip, "constants.pkl", ascii("\u0080\2)."));
        }
        return bytes.toByteArray();
    }

    private static void add(ZipOutputStream zip, String name, byte[] content) throws IOException {
        zip.putNextEntry(new ZipEntry("archive/" + name));
        zip.write(content);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
