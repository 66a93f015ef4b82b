#ifndef TESTS_EXPECT_H
#define TESTS_EXPECT_H
/* Words for what suites expect of tapes and tensors. Each fails the running test of Check. */
#include <gradtape/gradtape.h>

/* The tape is in this error with exactly this message; the error is cleared. */
void expect_error(ad_tape *t, ad_status status, const char *message);

/* No error. */
void expect_ok(const ad_tape *t);

/* Element i, of any type. */
double element(ad_tensor x, size_t i);

/* Every element is the one given, to `tolerance` of the largest. */
void expect_values(ad_tensor x, const double *values, double tolerance);

/* Type, shape and every bit are equal. */
void expect_same_bits(ad_tensor a, ad_tensor b);

/* A copy of a tensor's bytes, to compare with later; the caller frees it. */
typedef struct snapshot {
    size_t bytes;
    void *data;
} snapshot;
snapshot snapshot_of(ad_tensor x);

/* The tensor has the bytes that it had; frees them. */
void expect_unchanged(ad_tensor x, snapshot before);

/* n numbers in [low, high), always the same for a stream; they last until the eighth call from here. */
const double *some_numbers(uint64_t stream, size_t n, double low, double high);

/* A leaf of such numbers in [-1, 1). */
ad_tensor some_param(ad_tape *t, ad_type type, ad_shape shape, uint64_t stream, const char *name);
ad_tensor some_input(ad_tape *t, ad_type type, ad_shape shape, uint64_t stream);

#endif
