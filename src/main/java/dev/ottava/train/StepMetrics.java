package dev.ottava.train;

import dev.ottava.core.Device;

/**
 * What a step reports.
 *
 * @param step from 1
 * @param loss before the update: the sum over unmasked targets divided by their number
 * @param gradNorm global norm before clipping
 * @param tokens unpadded, since the beginning of training
 * @param tokensPerSecond unpadded, since the last report
 * @param peakBytes highest device memory so far
 * @param hostMilliseconds what Java and the driver took to give the device this step, before they waited for it
 * @param issue how the device was given it
 */
public record StepMetrics(
        int step,
        double loss,
        double gradNorm,
        double learningRate,
        long tokens,
        double tokensPerSecond,
        long peakBytes,
        double hostMilliseconds,
        Issue issue) {
    /** How a device is given a step. */
    public enum Issue {
        /** Each operation is complete when it returns (cpu, simt): the host's time is that of the step. */
        COMPUTED,
        /** Operations wait on a stream, and the host goes ahead, until the driver has no room for more. */
        QUEUED,
        /** The whole step in one call. */
        GRAPH;

        static Issue of(Device device, boolean launched) {
            return launched ? GRAPH : device.hasGraphs() ? QUEUED : COMPUTED;
        }
    }
}
