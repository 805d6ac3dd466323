package dev.ottava.nn;

import dev.ottava.autograd.Saving;
import dev.ottava.autograd.Tape;
import dev.ottava.autograd.Variable;
import dev.ottava.core.DType;
import dev.ottava.core.Device;
import dev.ottava.core.InvalidArgumentException;
import dev.ottava.core.OttavaException;
import dev.ottava.core.Tensor;
import dev.ottava.kernel.Attention;
import dev.ottava.kernel.BlockMask;
import dev.ottava.kernel.Sale;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Finds a tau for each head (arXiv 2505.24179, calibration of thresholds): it begins with 0.008 and is halved, to 0 below 1e-4, until the output of the head is
 * as near to that of dense attention as a bound asks, on every sample. Heads are judged alone: what goes on to the next layer is the dense output.
 *
 * <pre>{@code
 * SaleCalibration found = SaleCalibrator.run(
 *         model, new Sale.Selection(128, 1), new SaleErrorBound(false, 0.4), samples, (pass, sample, layer) -> {});
 * SaleThresholdsFile.of("tuned", model.config(), found).write(Path.of("thresholds.json"));
 * }</pre>
 *
 * <p>Each sample is a prefill. Samples are gone through until a pass changes nothing, so that what is said of the result holds for the tau that was found.
 */
public final class SaleCalibrator {
    static final float FIRST_TAU = 0.008f;
    static final float LAST_TAU = 1e-4f;

    /** Rows that come to the host at a time. */
    private static final int ROWS = 1024;

    /** Follows the search. */
    @FunctionalInterface
    public interface Progress {
        /** A layer of a sample is done; all counted from 0. */
        void layer(int pass, int sample, int layer);
    }

    private final LlamaModel model;
    private final LlamaConfig config;
    private final Sale.Selection selection;
    private final SaleErrorBound bound;
    private final float[][] tau;
    private double[][] errors;
    private double[][] kept;
    private long causal;
    private boolean lowered;
    private String broken;

    private SaleCalibrator(LlamaModel model, Sale.Selection selection, SaleErrorBound bound) {
        this.model = model;
        this.config = model.config();
        this.selection = selection;
        this.bound = bound;
        SaleThresholds first = SaleThresholds.uniform(config, selection, FIRST_TAU);
        SaleThresholds.checkRuns(model);
        tau = first.tau();
    }

    /**
     * Searches.
     *
     * @param samples ids of prompts like those that shall be prefilled
     * @throws InvalidArgumentException if none is so long that a block could be left out
     */
    public static SaleCalibration run(
            LlamaModel model, Sale.Selection selection, SaleErrorBound bound, List<int[]> samples, Progress progress) {
        checkLengths(selection, samples);
        SaleCalibrator search = new SaleCalibrator(model, selection, bound);
        search.search(samples, progress);
        for (double[] layer : search.kept) {
            Arrays.setAll(layer, head -> layer[head] / search.causal);
        }
        long tokens = samples.stream().mapToLong(ids -> ids.length).sum();
        SaleThresholds thresholds = new SaleThresholds(selection, search.tau);
        return new SaleCalibration(thresholds, bound, search.errors, search.kept, samples.size(), tokens);
    }

    /** Refuses samples of which none has a block between sink and local ones. */
    public static void checkLengths(Sale.Selection selection, List<int[]> samples) {
        int longest = samples.stream().mapToInt(ids -> ids.length).max().orElse(0);
        long needed = (BlockMask.blocks(selection.localKeys() - 1) + 2) * BlockMask.BLOCK + 1;
        if (longest < needed) {
            throw new InvalidArgumentException("the longest sample has " + longest + " tokens, and with "
                    + selection.localKeys() + " local keys SALE leaves nothing out below " + needed
                    + ": give longer ones");
        }
    }

    private void search(List<int[]> samples, Progress progress) {
        int pass = 0;
        do {
            lowered = false;
            causal = 0;
            errors = new double[tau.length][tau[0].length];
            kept = new double[tau.length][tau[0].length];
            for (int sample = 0; sample < samples.size(); sample++) {
                int[] ids = samples.get(sample);
                int of = sample;
                int in = pass;
                forward(ids, layer -> progress.layer(in, of, layer));
                if (broken != null) {
                    throw new OttavaException(
                            "the attention of " + broken + " is not finite: the model or the data is broken");
                }
            }
            pass++;
        } while (lowered);
    }

    private void forward(int[] ids, IntConsumer done) {
        Device device = model.device();
        model.rope().ensure(ids.length);
        try (Tensor idTensor = device.tensor(ids, ids.length);
                Tape tape = Tape.notRecording(device)) {
            Variable x = model.embed(tape, idTensor);
            for (int layer = 0; layer < tau.length; layer++) {
                int at = layer;
                LlamaBlock.Attend attend = (t, q, k, v) -> attend(at, q.value(), k.value(), v.value());
                Variable y = model.blocks().get(layer).forward(tape, x, attend, Saving.AS_COMPUTED);
                x.close();
                x = y;
                done.accept(layer);
            }
            x.close();
        }
    }

    /** Dense attention; beside it the tau of this layer's heads are lowered until each is within the bound. */
    private Variable attend(int layer, Tensor q, Tensor k, Tensor v) {
        long length = q.size(0);
        model.rope().rotate(q, 0);
        model.rope().rotate(k, 0);
        Tensor queries = q.view(1, length, config.numAttentionHeads(), config.headDim());
        Tensor keys = k.view(1, length, config.numKeyValueHeads(), config.headDim());
        Tensor values = v.view(keys.shape());
        double scale = 1 / Math.sqrt(config.headDim());
        Tensor dense = model.device().empty(model.dtype(), q.shape());
        // By the kernel that the sparse one is: a library's has other bits, and the error of a dense head would not be
        // 0.
        Attention.forwardWithoutLibrary(dense.view(queries.shape()), null, queries, keys, values, length, scale);
        try (SaleKeys sale = new SaleKeys(model.device(), config, length);
                Tensor taus = model.device().empty(DType.F32, tau[layer].length);
                Tensor sparse = model.device().empty(model.dtype(), q.shape())) {
            sale.extend(keys, 0, length);
            try (SaleEstimate estimate = new SaleEstimate(sale, queries, keys, length, selection)) {
                boolean again = true;
                while (again) {
                    taus.copyFrom(tau[layer]);
                    try (BlockMask mask = estimate.select(taus)) {
                        Attention.forward(
                                sparse.view(queries.shape()), null, queries, keys, values, mask, length, scale);
                        double[] found = errors(dense, sparse);
                        again = lower(layer, found);
                        if (!again) {
                            note(layer, found, mask);
                        }
                    }
                }
            }
        }
        return Tape.owning(dense);
    }

    /** Halves the tau of heads outside of the bound, and says whether there were any. */
    private boolean lower(int layer, double... found) {
        boolean any = false;
        for (int head = 0; head < found.length; head++) {
            if (!(found[head] < bound.limit())) {
                if (tau[layer][head] == 0) { // it has the bits of dense attention, so no number is left
                    broken = broken != null ? broken : "layer " + layer + ", head " + head;
                    continue;
                }
                float half = tau[layer][head] / 2;
                tau[layer][head] = half <= LAST_TAU ? 0 : half;
                any = true;
            }
        }
        lowered |= any;
        return any;
    }

    private void note(int layer, double[] found, BlockMask mask) {
        long[] blocks = mask.keptBlocks();
        for (int head = 0; head < found.length; head++) {
            errors[layer][head] = Math.max(errors[layer][head], found[head]);
            kept[layer][head] += blocks[head];
        }
        causal += layer == 0 ? mask.causalBlocks() : 0;
    }

    /** The error of each head, of outputs [queries, heads · headDim]. */
    private double[] errors(Tensor dense, Tensor sparse) {
        double[] differences = new double[config.numAttentionHeads()];
        double[] sizes = new double[differences.length];
        long queries = dense.size(0);
        for (long row = 0; row < queries; row += ROWS) {
            float[] expected = dense.rows(row, Math.min(row + ROWS, queries)).toFloats();
            float[] actual = sparse.rows(row, Math.min(row + ROWS, queries)).toFloats();
            for (int i = 0; i < expected.length; i++) {
                int head = i / config.headDim() % differences.length;
                differences[head] += Math.abs((double) actual[i] - expected[i]);
                sizes[head] += Math.abs(expected[i]);
            }
        }
        double[] found = new double[differences.length];
        Arrays.setAll(found, head -> bound.error(differences[head], sizes[head], queries));
        return found;
    }
}
