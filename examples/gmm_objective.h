#ifndef EXAMPLES_GMM_OBJECTIVE_H
#define EXAMPLES_GMM_OBJECTIVE_H
/* The log-posterior of a mixture of normal distributions, an objective of ADBench: n points of d dimensions, k
 * components of weight e^alpha, mean mu and inverse covariance Q' Q, with a Wishart prior on these. */
#include "adbench_file.h"

typedef struct gmm {
    int64_t n, d, k;
    double *numbers; /* of the file; the arrays below lie in it, but for x */
    const double *alpha, *mu, *icf;
    double *x; /* [n, d + 1]: the points, and a 1 behind each */
    double gamma;
    int m;
} gmm;

/* Reads a file of ADBench; false, with a line on stderr, if it is not one. */
bool gmm_read(gmm *g, const char *file);
void gmm_free(gmm *g);

/* Records the objective. Leaves: alpha [k], mu [k,d], icf [k, d (d + 1) / 2]. */
recording gmm_record(ad_tape *t, const gmm *g);

#endif
