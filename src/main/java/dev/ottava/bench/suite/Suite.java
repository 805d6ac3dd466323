package dev.ottava.bench.suite;

import dev.ottava.bench.Case;
import java.util.List;

/** Lists cases; it allocates nothing. Listed itself in {@link Suites}. */
public interface Suite {
    List<Case> cases(Scale scale);
}
