package dev.ottava.core;

import java.util.Locale;

/** What memory is for. Every tensor belongs to one, so that a peak can be told apart and predicted. */
public enum MemoryPurpose {
    WEIGHTS,
    GRADIENTS,
    ACTIVATIONS,
    OPTIMIZER_STATE,
    KEY_VALUE_CACHE,
    WORKSPACE;

    /** As people read it: "optimizer state". */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
