#ifndef GRADTAPE_NN_LINE_SEARCH_H
#define GRADTAPE_NN_LINE_SEARCH_H
/* Private to nn: a loss along a line, and the search for a lower one. It is part of L-BFGS (lbfgs.h), whose slots it
 * uses. */
#include <gradtape/optimisers.h>

#include "optimisers.h"

/* One step of a rule that searches. */
struct nn_search {
    nn_optimiser_options options; /* with defaults filled in */
    const ad_tensor *parameters;  /* [n] */
    const nn_factors *factors;    /* [n]; NULL: 1 */
    size_t n;
    ad_tape *tape;
    nn_objective *objective;
    void *context;
    double loss;         /* where the step begins, with the penalty */
    double tolerance;    /* no step is made where no |g| is above it */
    bool is_known;       /* it and the gradients were computed already */
    ad_type type;        /* of the loss */
    int64_t evaluations; /* so far */
};

/* A point of the line x + at d: the loss and its derivative by `at`. */
typedef struct nn_point {
    double at, loss, slope;
} nn_point;

/* How a search ended. */
typedef enum nn_found {
    NN_FAILED, /* the tape is in error */
    NN_LOWER,  /* the parameters are at a point whose loss is lower; the tape has its recording */
    NN_NOTHING /* no lower loss was found: the parameters are anywhere */
} nn_found;

/* The factor of the penalty of parameter i. `factors` may be NULL. */
double nn_l2_of(const nn_optimiser_options *options, const nn_factors *factors, size_t i);

/* Resets the tape, and computes loss and gradients where the parameters are. Returns false, and the tape is in error,
 * if that fails. `is_trial`: a number that is found not finite is no error, but NaN. */
bool nn_evaluate(nn_search *search, double *loss, bool is_trial);

/* The slots of each parameter that a line is kept in. */
#define NN_LINE_START "LBFGS_start"
#define NN_LINE_WAY "LBFGS_way"

/* Looks for a point of the line from NN_LINE_START along NN_LINE_WAY that fulfils the strong Wolfe conditions. `first`
 * is its beginning, whose slope is below 0, and `rate` is tried first. *found gets the point that was found. */
nn_found nn_search_line(nn_search *search, nn_point first, double rate, nn_point *found);

#endif
