package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import dev.ottava.bench.Case.Variants;
import dev.ottava.bench.Case.Work;
import dev.ottava.core.DType;
import dev.ottava.core.Tensor;
import java.util.ArrayList;
import java.util.List;

/** What the device can do at most: a large copy, and a large square product of each dtype. Measured before the others, for {@link dev.ottava.bench.Ceilings}. */
public final class CeilingSuite implements Suite {
    @Override
    public List<Case> cases(Scale scale) {
        long bytes = scale.large() ? 2L << 30 : 128L << 20;
        List<Case> cases = new ArrayList<>();
        cases.add(Case.cold("copy", (bytes >> 20) + " MiB", DType.F32, new Work(bytes, 0), tensors -> {
            Tensor source = tensors.random(DType.F32, bytes / 8);
            Tensor destination = tensors.empty(DType.F32, bytes / 8);
            return tensors.device().name().equals("cpu")
                    ? new Variants(
                            () -> destination.copyFrom(source), "copy with all threads", tensors.copy((double) bytes))
                    : Variants.alone(() -> destination.copyFrom(source));
        }));
        for (DType dtype : scale.dtypes()) {
            cases.add(GemmSuite.square(scale.large() ? 8192 : 2048, dtype));
        }
        return cases;
    }
}
