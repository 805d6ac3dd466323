package dev.ottava.train;

/** Tokens per second over the steps since the last report; evaluation and checkpoints do not count. */
final class Stopwatch {
    private long started;
    private long nanoseconds;
    private long tokens;
    private boolean reported;

    void start() {
        if (reported) {
            nanoseconds = 0;
            tokens = 0;
            reported = false;
        }
        started = System.nanoTime();
    }

    void stop(long newTokens) {
        nanoseconds += System.nanoTime() - started;
        tokens += newTokens;
    }

    double tokensPerSecond() {
        return tokens * 1e9 / Math.max(1, nanoseconds);
    }

    /** The next step begins a new interval. */
    void reset() {
        reported = true;
    }
}
