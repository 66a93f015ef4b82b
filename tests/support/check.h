#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H
/* Check, and the words of the suites for what they expect of tapes and tensors. Each fails the running test. Macros
 * give the first argument, the line of the test, so that the message can name it: expect_ok(t). */
#include <check.h>

#include <gradtape/gradtape.h>

/* The number of elements of an array. */
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Runs the suites and frees them: what main returns. */
int run_suites(SRunner *runner);

/* Runs the tests of a suite of one case, given as a function that adds them to it. */
int run_tests(const char *name, void (*add_tests)(TCase *tests));

/* The ways to run backward that must all give the same: ordinary, inner gradients kept, recorded. */
enum { WAYS_BACK = 3 };
extern const ad_backward_options ways_back[WAYS_BACK];

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* The tape is in no error. */
void expect_ok(int line, const ad_tape *t);

/* The tape is in this error with exactly this message; the error is cleared. */
void expect_error(int line, ad_tape *t, ad_status status, const char *message);

/* The tape is in this error, and its message has each of the parts: expect_error_with(t, status, part, ...). The error
 * is cleared. */
void expect_error_with(int line, ad_tape *t, ad_status status, const char *const *parts);

/* As expect_error_with, and the tape works again. */
void expect_recovery(int line, ad_tape *t, ad_status status, const char *const *parts);

/* A call on a tape gave an inert tensor and exactly this error, which is cleared. */
void expect_inert(int line, ad_tensor x, ad_status status, const char *message);

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* Element i, of any type. */
double number_at(int line, ad_tensor x, size_t i);

/* n numbers, each to within `tolerance`, relative where it is larger than 1; NaN for NaN, an infinity for itself. */
void expect_numbers(int line, ad_tensor x, const double *numbers, size_t n, double tolerance);

/* The same to within a few roundings in the type of x. */
void expect_close(int line, ad_tensor x, const double *numbers, size_t n);

/* An array and its length, for calls that take both. */
#define NUMBERS(...) (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double)

/* The numbers are listed: to within a tolerance, exactly, or to within a few roundings in the type of x. */
#define EXPECT_NEAR(x, tolerance, ...) expect_numbers(x, NUMBERS(__VA_ARGS__), tolerance)
#define EXPECT(x, ...) EXPECT_NEAR(x, 0, __VA_ARGS__)
#define EXPECT_CLOSE(x, ...) expect_close(x, NUMBERS(__VA_ARGS__))

/* As many numbers as x has elements, each to within `tolerance` of the largest. */
void expect_values(int line, ad_tensor x, const double *values, double tolerance);

void expect_shape(int line, ad_tensor x, ad_shape shape);

/* A leaf of this name, type and shape. */
void expect_leaf(int line, ad_tensor x, const char *name, ad_type type, ad_shape shape);

/* Type, shape and every bit are equal. */
void expect_same_bits(int line, ad_tensor a, ad_tensor b);

/* A copy of a tensor's bytes, to compare with later. */
typedef struct snapshot {
    size_t bytes;
    void *data;
} snapshot;
snapshot snapshot_of(ad_tensor x);

/* The tensor has the bytes that it had; frees them. */
void expect_unchanged(int line, ad_tensor x, snapshot before);

/* ad_backward, plain and recorded, and ad_grad give the same bits for the gradients by x[0], ..., x[n-1], which are 4
 * at most; those by ad_grad are dx. */
void expect_ways_agree(int line, ad_tensor loss, const ad_tensor *x, int n, ad_tensor *dx);

/* ---- Leaves ------------------------------------------------------------------------------------------------------ */

/* The number of elements of a shape. */
size_t elements_of(ad_shape shape);

/* n numbers in [low, high), always the same for a stream; they last until the eighth call from here. */
const double *some_numbers(uint64_t stream, size_t n, double low, double high);

/* Such numbers in [-1, 1), which f32 holds exactly, to keep. */
void fill_with_some(double *x, size_t n, uint64_t stream);

/* A leaf of such numbers in [-1, 1). */
ad_tensor some_param(ad_tape *t, ad_type type, ad_shape shape, uint64_t stream, const char *name);
ad_tensor some_input(ad_tape *t, ad_type type, ad_shape shape, uint64_t stream);

/* ---- The line of the test ---------------------------------------------------------------------------------------- */

#ifndef TESTS_NO_LINES
#define expect_ok(...) expect_ok(__LINE__, __VA_ARGS__)
#define expect_error(...) expect_error(__LINE__, __VA_ARGS__)
#define expect_error_with(t, status, ...)                                                                              \
    expect_error_with(__LINE__, t, status, (const char *const[]){__VA_ARGS__, NULL})
#define expect_recovery(t, status, ...) expect_recovery(__LINE__, t, status, (const char *const[]){__VA_ARGS__, NULL})
#define expect_inert(...) expect_inert(__LINE__, __VA_ARGS__)
#define number_at(...) number_at(__LINE__, __VA_ARGS__)
#define expect_numbers(...) expect_numbers(__LINE__, __VA_ARGS__)
#define expect_close(...) expect_close(__LINE__, __VA_ARGS__)
#define expect_values(...) expect_values(__LINE__, __VA_ARGS__)
#define expect_shape(...) expect_shape(__LINE__, __VA_ARGS__)
#define expect_leaf(...) expect_leaf(__LINE__, __VA_ARGS__)
#define expect_same_bits(...) expect_same_bits(__LINE__, __VA_ARGS__)
#define expect_unchanged(...) expect_unchanged(__LINE__, __VA_ARGS__)
#define expect_ways_agree(...) expect_ways_agree(__LINE__, __VA_ARGS__)
#endif

#endif
