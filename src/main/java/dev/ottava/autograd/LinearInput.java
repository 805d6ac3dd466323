package dev.ottava.autograd;

/** What linear layers take: a tensor, or codes of FP8. */
public sealed interface LinearInput extends AutoCloseable permits Variable, QuantizedVariable {
    @Override
    void close();
}
