package dev.ottava.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;

/** A clock that moves when work says so, and notes what happened. */
public final class FakeClock implements Clock {
    final List<String> log = new ArrayList<>();
    private double now;

    /** Work that takes as long as the supplier says. */
    public Runnable work(String name, DoubleSupplier seconds) {
        return () -> {
            log.add(name);
            now += seconds.getAsDouble();
        };
    }

    @Override
    public double seconds(Runnable work) {
        double start = now;
        work.run();
        return now - start;
    }

    @Override
    public void pause(double seconds) {
        log.add("pause");
    }
}
