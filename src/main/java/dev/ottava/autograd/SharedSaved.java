package dev.ottava.autograd;

import dev.ottava.autograd.Saving.Saved;

/** What was saved of a variable, for all operations that read it. */
final class SharedSaved implements Held {
    private final Saved saved;
    private int holders = 1;

    SharedSaved(Saved saved) {
        this.saved = saved;
    }

    Saved saved() {
        return saved;
    }

    @Override
    public SharedSaved retain() {
        holders++;
        return this;
    }

    @Override
    public void release() {
        if (--holders == 0) {
            saved.close();
        }
    }
}
