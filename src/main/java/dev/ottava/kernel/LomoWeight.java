package dev.ottava.kernel;

import dev.ottava.core.DType;
import dev.ottava.core.Tensor;

/** A weight [rows, columns] as the C functions of fused_lomo.h take it; without an address for none. */
record LomoWeight(
        DType dtype,
        long address,
        long pitch,
        long scales,
        boolean powerOfTwo,
        long firstRow,
        long rows,
        long columns) {
    static LomoWeight of(String operation, Tensor weight, long firstRow) {
        Check.floating(operation, weight);
        Check.shape(operation, "weight", weight, -1, -1);
        Check.that(firstRow >= 0, operation, "firstRow is " + firstRow);
        long columns = weight.size(1);
        return new LomoWeight(weight.dtype(), weight.address(), columns, 0, false, firstRow, weight.size(0), columns);
    }

    static LomoWeight of(String operation, QuantizedMatrix weight, boolean powerOfTwoScales) {
        Check.that(
                weight.codes() != null && weight.transposed() == null,
                operation,
                "the weight has a transposed copy, or no other: only Layout.CODES is updated");
        Check.that(
                weight.dtype() == DType.E4M3 && weight.scaling() == Scaling.BLOCKS_128,
                operation,
                "the weight is " + weight.dtype() + " in " + weight.scaling() + ": E4M3 in BLOCKS_128");
        return new LomoWeight(
                DType.E4M3,
                weight.codes().address(),
                weight.codes().size(1),
                weight.scales().address(),
                powerOfTwoScales,
                0,
                weight.rows(),
                weight.columns());
    }

    static LomoWeight none(long rows, long columns) {
        return new LomoWeight(DType.F32, 0, columns, 0, false, 0, rows, columns);
    }
}
