package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Case.Work;
import dev.ottava.bench.Tensors;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import dev.ottava.cuda.AttentionPass;
import dev.ottava.cuda.Cudnn;
import dev.ottava.kernel.Attention;
import dev.ottava.kernel.CudnnAttention;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A prefill by a 4-bit estimate (SALE) and its steps, each in turns with dense attention over the same prompt: one sequence, from its first token. What is estimated
 * is {@link PlantedPrompt}'s; masks that attention alone is measured with are {@link StripedMask}s. Operations of attention: 4 head_dim for each pair of query and key
 * in a block that is computed; of the selection, 2 head_dim for each causal pair that is estimated, in 4 bits; of the rest next to none. Bytes: what is read once and
 * written once.
 */
final class SparseAttentionSuite implements Suite {
    /** The one that prefills are measured with. */
    private static final int ROW_STEP = 4;

    private static final int LOCAL_BLOCKS = SaleBuffers.LOCAL_KEYS / 64;

    /** What is kept of the causal blocks; a short prompt, of which sink and local blocks are more, keeps those. */
    private static final double[] PARTS = {0.3, 0.15, 0.12};

    /** Where steps are measured that take as long whatever is kept. */
    private static final double USUAL = 0.15;

    /** One prompt and its shape. */
    private record Prompt(int length, int heads, int kvHeads, int headDim, DType dtype) {
        String shape() {
            return length + ", " + heads + " / " + kvHeads + " heads of " + headDim;
        }

        double scale() {
            return 1 / Math.sqrt(headDim);
        }

        /** Queries, keys, values in, and output; nothing where there is none. */
        double attentionBytes() {
            return 2.0 * dtype.bytes() * length * headDim * (heads + kvHeads);
        }

        Work attention(long kept) {
            return new Work(attentionBytes(), 4.0 * headDim * StripedMask.pairs(kept, heads, length));
        }

        long causal() {
            return StripedMask.causal(length) * heads;
        }

        Work quantize() {
            double elements = (double) length * headDim * (heads + kvHeads);
            return new Work(
                    elements * (dtype.bytes() + 0.5) + 4.0 * heads * length,
                    4 * elements + 2.0 * length * headDim * heads);
        }

        Work thresholds(int rowStep) {
            double pairs = (double) length / rowStep * (64 + SaleBuffers.LOCAL_KEYS) * heads;
            double elements = (double) length * headDim * ((double) heads / rowStep + kvHeads);
            return new Work(elements * dtype.bytes(), 2 * headDim * pairs);
        }

        Work select(int rowStep) {
            double elements = (double) length * headDim * ((double) heads / rowStep + kvHeads);
            double pairs = (double) length / rowStep * (length + 1) / 2 * heads;
            return new Work(elements / 2 + 4.0 * heads * length + causal() / 4.0, 2 * headDim * pairs);
        }

        PlantedPrompt planted(Tensors tensors, double part) {
            return PlantedPrompt.of(tensors, dtype, length, heads, kvHeads, headDim, LOCAL_BLOCKS, part);
        }
    }

    @Override
    public List<Case> cases(Scale scale) {
        List<Case> cases = new ArrayList<>();
        if (!scale.dtypes().contains(DType.BF16)) { // the only one that is estimated on every device
            return cases;
        }
        for (int length : scale.prompts()) {
            Prompt prompt = new Prompt(length, scale.heads(), scale.kvHeads(), scale.headDim(), DType.BF16);
            cases.add(dense(prompt));
            cases.add(step("sale quantize", prompt, 1, prompt.quantize(), SaleBuffers::quantize));
            cases.add(step(
                    "sale thresholds, r = " + ROW_STEP,
                    prompt,
                    ROW_STEP,
                    prompt.thresholds(ROW_STEP),
                    SaleBuffers::thresholds));
            for (int rowStep : new int[] {1, 2, 4, 8}) {
                cases.add(step(
                        "sale select, r = " + rowStep, prompt, rowStep, prompt.select(rowStep), SaleBuffers::select));
            }
            Work all = sum(prompt.quantize(), prompt.thresholds(ROW_STEP), prompt.select(ROW_STEP));
            cases.add(step("sale quantize and select", prompt, ROW_STEP, all, SaleBuffers::estimate));
            cases.add(masked(prompt, 1));
            for (double part : PARTS) {
                cases.add(masked(prompt, part));
            }
            for (double part : PARTS) {
                cases.add(prefill(prompt, part));
            }
        }
        return cases;
    }

    private static Work sum(Work... works) {
        double bytes = 0;
        double operations = 0;
        for (Work work : works) {
            bytes += work.bytes();
            operations += work.operations();
        }
        return new Work(bytes, operations);
    }

    private static Case one(String name, Prompt prompt, Work work, Case.Setup setup) {
        return Case.cold(name, prompt.shape(), prompt.dtype(), work, setup);
    }

    private static Case dense(Prompt prompt) {
        return one("dense attention", prompt, prompt.attention(prompt.causal()), tensors -> {
            Dense dense = new Dense(tensors, prompt, prompt.planted(tensors, USUAL));
            return dense.besideLibrary(Variants.alone(dense::run));
        });
    }

    /** Dense attention over a prompt, the peer of all that is sparse. */
    private record Dense(Prompt prompt, PlantedPrompt planted, Tensor v, Tensor out) {
        Dense(Tensors tensors, Prompt prompt, PlantedPrompt planted) {
            this(
                    prompt,
                    planted,
                    tensors.random(prompt.dtype(), planted.k().shape()),
                    tensors.empty(prompt.dtype(), planted.q().shape()));
        }

        void run() {
            Attention.forwardWithoutLibrary(out, null, planted.q(), planted.k(), v, prompt.length(), prompt.scale());
        }

        Variants beside(Runnable ours) {
            return besideLibrary(new Variants(ours, "dense attention", this::run));
        }

        /** Beside cuDNN's dense attention as well, where the machine has it. */
        Variants besideLibrary(Variants variants) {
            Tensor q = planted.q();
            Tensor k = planted.k();
            boolean missing = q.device().cudnn() == null
                    || !CudnnAttention.missing(AttentionPass.INFERENCE, q, k, prompt.length(), prompt.scale())
                            .isEmpty();
            return missing
                    ? variants
                    : variants.and(
                            Cudnn.version(),
                            () -> CudnnAttention.forward(out, null, q, k, v, prompt.length(), prompt.scale()));
        }
    }

    private interface Step {
        void run(SaleBuffers sale);
    }

    /** One step of an estimate. */
    private static Case step(String name, Prompt prompt, int rowStep, Work work, Step step) {
        return one(name, prompt, work, tensors -> {
            PlantedPrompt planted = prompt.planted(tensors, USUAL);
            SaleBuffers sale = new SaleBuffers(tensors, planted, rowStep);
            sale.estimate();
            return new Dense(tensors, prompt, planted)
                    .beside(() -> step.run(sale))
                    .with("kept_fraction", (double) sale.kept() / prompt.causal())
                    .with("tau", SaleBuffers.TAU);
        });
    }

    private static String percent(double part) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * part);
    }

    private static Case masked(Prompt prompt, double part) {
        return one("sparse attention, " + percent(part), prompt, prompt.attention(prompt.causal()), tensors -> {
            StripedMask striped = StripedMask.of(tensors, prompt.heads(), prompt.length(), LOCAL_BLOCKS, part);
            PlantedPrompt planted = prompt.planted(tensors, USUAL);
            Dense dense = new Dense(tensors, prompt, planted);
            return dense.beside(() -> Attention.forward(
                            dense.out(),
                            null,
                            planted.q(),
                            planted.k(),
                            dense.v(),
                            striped.mask(),
                            prompt.length(),
                            prompt.scale()))
                    .doing(prompt.attention(striped.kept()))
                    .with("kept_fraction", (double) striped.kept() / prompt.causal());
        });
    }

    /** Estimate and attention over what it keeps. */
    private static Case prefill(Prompt prompt, double part) {
        return one("sale prefill, " + percent(part), prompt, prompt.attention(prompt.causal()), tensors -> {
            PlantedPrompt planted = prompt.planted(tensors, part);
            SaleBuffers sale = new SaleBuffers(tensors, planted, ROW_STEP);
            Dense dense = new Dense(tensors, prompt, planted);
            sale.estimate();
            return dense.beside(() -> {
                        sale.estimate();
                        sale.attend(dense.out(), dense.v(), sale.mask());
                    })
                    .doing(prompt.attention(sale.kept()))
                    .with("kept_fraction", (double) sale.kept() / prompt.causal())
                    .with("tau", SaleBuffers.TAU);
        });
    }
}
