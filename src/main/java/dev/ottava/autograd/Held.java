package dev.ottava.autograd;

/** Memory with several holders, freed when the last lets go of it. */
interface Held {
    /** One more holder; returns this. */
    Held retain();

    /** One holder less. */
    void release();
}
