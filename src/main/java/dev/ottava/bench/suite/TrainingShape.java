package dev.ottava.bench.suite;

import dev.ottava.bench.Case.Work;
import dev.ottava.core.DType;
import dev.ottava.data.Batch;
import dev.ottava.kernel.Scaling;
import dev.ottava.nn.LlamaConfig;
import dev.ottava.nn.LlamaParameters;
import dev.ottava.nn.Precision;
import dev.ottava.nn.RopeConfig;
import java.util.SplittableRandom;

/** A model and a batch. */
record TrainingShape(String name, LlamaConfig config, int batch, int length) {
    static LlamaConfig config(
            int vocabulary, int hidden, int intermediate, int layers, int heads, int kvHeads, int headDim, int length) {
        return new LlamaConfig(
                "llama",
                vocabulary,
                hidden,
                intermediate,
                layers,
                heads,
                kvHeads,
                headDim,
                length,
                1e-5,
                new RopeConfig(10000, null),
                false,
                false,
                false,
                false,
                -1,
                -1);
    }

    int tokens() {
        return batch * length;
    }

    /** Forward: 2 operations a token for each weight but those of the embedding, which is looked up, and 4 head_dim for each pair of query and key. */
    Work forward() {
        return work(2, 4);
    }

    /** Backward as well: two more products for each weight, and five of attention beside forward's two. */
    Work training() {
        return work(6, 14);
    }

    private Work work(int perWeight, int perPair) {
        double weights = LlamaParameters.count(config) - (double) config.vocabSize() * config.hiddenSize();
        double pairs = (double) tokens() * (length + 1) / 2 * config.numAttentionHeads() * config.numHiddenLayers();
        return new Work(0, perWeight * weights * tokens() + perPair * pairs * config.headDim(), tokens());
    }

    Batch randomBatch() {
        SplittableRandom random = new SplittableRandom(tokens());
        int[] ids = new int[tokens()];
        int[] targets = new int[tokens()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = random.nextInt(config.vocabSize());
            targets[i] = random.nextInt(config.vocabSize());
        }
        return new Batch(batch, length, ids, targets, ids.length, ids.length);
    }

    /** The precision of a model of {@link Scale#modelDTypes}. */
    static Precision precision(DType dtype) {
        return dtype == DType.E4M3 ? Precision.fp8(Scaling.BLOCKS_128) : Precision.of(dtype);
    }
}
