package dev.ottava.cuda;

/** What is asked of {@link Cudnn} for attention, and of its engines. */
public enum AttentionPass {
    /** The output alone. Any engine. */
    INFERENCE,
    /** The output and its log-sum-exp. No engine that notes that its results may differ from run to run. */
    TRAINING,
    /** The gradients, in the same bits each time: by a graph that adds nothing up in memory, and no engine that notes otherwise. */
    BACKWARD,
    /** The gradients by the fastest engine there is, which may add up that of the queries in any order: to compare with. */
    UNORDERED_BACKWARD;

    boolean deterministic() {
        return this == TRAINING || this == BACKWARD;
    }

    boolean backward() {
        return this == BACKWARD || this == UNORDERED_BACKWARD;
    }
}
