package dev.ottava.autograd;

/** The forms that operations know. */
enum StandardSaving implements Saving {
    AS_COMPUTED {
        @Override
        public Saved save(Variable x) {
            return new HeldMemory(x);
        }
    },
    FP8 {
        @Override
        public Saved save(Variable x) {
            return Fp8Groups.of(x);
        }
    },
    AGAIN {
        @Override
        public Saved save(Variable x) {
            return new HeldMemory(x);
        }
    }
}
