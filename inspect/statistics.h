#ifndef INSPECT_STATISTICS_H
#define INSPECT_STATISTICS_H
/* Figures of the elements of an array, computed in f64 over all of them. */
#include <gradtape/inspect.h>

typedef struct ad_statistics {
    size_t n;                              /* elements */
    size_t zeros;                          /* that are 0 or -0 */
    size_t not_finite;                     /* that are NaN or an infinity */
    double min, max, mean, deviation, rms; /* of the finite elements; NaN if there are none */
    double
        norm; /* Euclidean, of all elements: NaN if one of them is NaN, else an infinity if one of them is infinite */
} ad_statistics;

ad_statistics ad_statistics_of(const void *data, ad_type type, size_t n);

/* Counts the finite elements in bins of equal width from min to max. Where these are equal, the bin in the middle has
 * all. */
enum { AD_BINS = 31 };
void ad_fill_histogram(const void *data, ad_type type, const ad_statistics *statistics, size_t bins[AD_BINS]);

#endif
