package dev.ottava.data;

/**
 * Sequences of token ids in an endless order: position i is in epoch i / rows(), and every epoch has each row once. A
 * batch is a function of its position alone, so a run that goes on from step n sees what a run never stopped would see.
 */
public interface Dataset extends AutoCloseable {
    /** Sequences of one epoch, at least 1. */
    int rows();

    /** Ids of one epoch, without padding. */
    long tokens();

    /** The sequences start .. start + count - 1 of the endless order, padded to the longest of them. */
    Batch batch(long start, int count);

    /** Releases the temporary file behind it; no batch can be had any more. */
    @Override
    void close();
}
