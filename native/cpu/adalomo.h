// What AdaLomo's updates of matrices and of vectors share.
#pragma once

#include "update.h"

OTTAVA_CPU_BEGIN

// The smallest U, which keeps the root of a second moment from being 0.
static constexpr float tiny = 1e-30f;

// What one AdaLomo step shares between matrices and vectors.
struct AdaLomo {
    Clip clip;
    RandomBits bits;
    double learning_rate, weight_decay, beta;

    AdaLomo(const Control& c, double decay, double max_value, RandomBits random)
        : clip(max_value, c),
          bits(random),
          learning_rate(static_cast<double>(c.learning_rate)),
          weight_decay(decay),
          beta(1.0 - pow(static_cast<double>(c.step), -0.8)) {}

    // a, the step relative to the weight.
    double rate(double weight_squares, double count) const {
        double rms = sqrt(weight_squares / count);
        return learning_rate * (rms < 1e-3 ? 1e-3 : rms);
    }
    // What u is multiplied by: a / max(1, rms(u)).
    static float factor(double rate, double u_squares, double count) {
        double rms = sqrt(u_squares / count);
        return static_cast<float>(rms <= 1 ? rate : rate / rms);
    }
};

OTTAVA_CPU_END
