// The chain of bench/chain.c by ADOL-C, as bench/scalar_ops.c has it by the library: recorded, then its gradient, in ns
// an operator. bench/run.sh --peers compiles this; the build of the library does not need it.
#include <adolc/adolc.h>
#include <cmath>
#include <cstdio>

extern "C" {
#include "timing.h"
}

namespace
{

enum { OPERATORS = 1000, REPEATS = 400 };

double record_and_differentiate(double value, double *derivative)
{
    adouble x;
    double result;
    trace_on(1);
    x <<= value;
    adouble y = x;
    for (int i = 0; i < OPERATORS; i += 4)
        y = tanh(y * x + x) - x;
    y >>= result;
    trace_off();
    gradient(1, 1, &value, derivative);
    return result;
}

// The same by the chain rule.
double derivative_by_hand(double x)
{
    double y = x, dy = 1;
    for (int i = 0; i < OPERATORS; i += 4) {
        const double t = std::tanh(y * x + x);
        dy = (1 - t * t) * (dy * x + y + 1) - 1;
        y = t - x;
    }
    return dy;
}

} // namespace

int main()
{
    static double seconds[REPEATS];
    const double value = 0.5;
    double derivative = 0;
    record_and_differentiate(value, &derivative);
    for (double &s : seconds) {
        const double start = seconds_now();
        record_and_differentiate(value, &derivative);
        s = (seconds_now() - start) / OPERATORS;
    }
    if (!(std::fabs(derivative - derivative_by_hand(value)) < 1e-9)) {
        std::fprintf(stderr, "adolc_peer: the derivative is %g instead of %g\n", derivative, derivative_by_hand(value));
        return 1;
    }
    const timing t = timing_of(seconds, REPEATS);
    std::printf("{\"peer\":\"adolc\",\"operators\":%d,\"ns_operator_median\":%.1f,\"ns_operator\":%.1f}\n", OPERATORS,
                1e9 * t.median, 1e9 * t.min);
    return 0;
}
