#ifndef TESTS_PARTS_H
#define TESTS_PARTS_H
/* Whether the parts that a watched tape keeps add up to gradients. */
#include "check.h"

/* Every sweep of a band. */
enum { ALL_SWEEPS = -1 };

/* The parts of a band that were added to the gradient of x in one sweep, or in all. */
size_t count_parts(ad_tape *t, ad_band band, int sweep, ad_tensor x);

/* The number of the last sweep of a band; -1 if there was none. */
int last_sweep_of(const ad_tape *t, ad_band band);

/* These parts add up to g, to 1e-12 of the sum of their sizes (f32: 1e-5), or where that is not finite to the same. */
void expect_parts(int line, ad_band band, int sweep, ad_tensor x, ad_tensor g);

/* The parts of all tensors that have a gradient add up to it: of a leaf those of all sweeps, of an inner tensor those
 * of the last. Returns how many tensors there were. */
size_t expect_parts_of_all(int line, ad_tape *t);

#ifndef TESTS_NO_LINES
#define expect_parts(...) expect_parts(__LINE__, __VA_ARGS__)
#define expect_parts_of_all(...) expect_parts_of_all(__LINE__, __VA_ARGS__)
#endif

#endif
