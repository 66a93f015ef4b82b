#ifndef GRADTAPE_GRADCHECK_H
#define GRADTAPE_GRADCHECK_H
/* Checking gradients against central differences. */
#include <gradtape/backward.h>

/* Records a function of the tape's parameters and returns its result, which has one element. It is called many times,
 * each time on a tape that was reset. It must return the same value for the same parameters. It must change no
 * parameter and make none, and make no state after its first call. */
typedef ad_tensor ad_gradcheck_function(ad_tape *tape, void *context);

/* What the check found out about a gradient. */
typedef enum ad_verdict {
    AD_GRADIENT_NOT_CHECKED, /* an error came before */
    AD_GRADIENT_RIGHT,       /* analytic and numeric agree */
    AD_GRADIENT_WRONG,       /* they do not agree */
    AD_GRADIENT_MISSING,     /* backward computed none, but the numeric gradient is not zero */
    AD_GRADIENT_ALL_ZERO,    /* nothing was shown: both are zero everywhere, or differ but are so small that they may be
                                all rounding: at most tolerance^2, or what the value of the function rounds to over
                                the step, as for a bias before batch_norm */
} ad_verdict;

/* The finding for one parameter. */
typedef struct ad_gradcheck_result {
    const char *name; /* of the parameter; belongs to the tape */
    ad_verdict verdict;
    double error;    /* max |analytic - numeric| / max(max |analytic|, max |numeric|) */
    size_t worst;    /* the element with the largest difference */
    double analytic; /* its gradient by backward */
    double numeric;  /* its gradient by central differences */
} ad_gradcheck_result;

/* Zero means the default. */
typedef struct ad_gradcheck_options {
    double step;      /* relative step h, used as h * max(1, |x|); 0: 1e-3 for f64, 1e-2 for f32 */
    double tolerance; /* largest `error` that is right; 0: 1e-7 for f64, 1e-2 for f32 */
} ad_gradcheck_options;

/* Checks the gradient of `function` with respect to every parameter of the tape.
 * - The finding for ad_param_at(tape, i) goes to results[i]. `results` has room for ad_param_count(tape) results.
 *   `options` may be NULL.
 * - Differences are central, with two step widths and Richardson's extrapolation: their error is of order h^4.
 * - The tape is reset. Afterwards the parameters have their old values and keep the analytic gradient.
 * - What the function proposes for states (ad_propose) is not committed, and does not wait for ad_commit afterwards.
 * - After an error the parameters have their old values too, and nothing is recorded. What was not judged before is
 *   AD_GRADIENT_NOT_CHECKED.
 * Returns the tape's status. A wrong gradient is a verdict, not an error. Errors, in any call of the function, which
 * the message numbers from 1 on: it makes or changes a parameter, or makes a state after its first call (AD_BAD_STATE);
 * its result is inert, stale or of another tape (AD_BAD_HANDLE), or has not one element (AD_BAD_SHAPE); what the
 * function or backward fails with. */
AD_API ad_status ad_gradcheck(ad_tape *tape, ad_gradcheck_function *function, void *context,
                              const ad_gradcheck_options *options, ad_gradcheck_result *results);

/* Returns "not checked", "right", "wrong", "missing" or "all zero"; "unknown verdict" for a number outside the list. */
AD_API const char *ad_verdict_name(ad_verdict verdict);

#endif
