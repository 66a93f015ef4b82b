#ifndef AUTODIFF_KERNELS_KERNEL_H
#define AUTODIFF_KERNELS_KERNEL_H
/* Loops, and how they are compiled for each type and each processor.
 *
 * A file that has loops (meson.build lists them) is compiled several times: once as it stands, which gives the rows,
 * rules and public functions, and once for each element type and each processor with AD_REAL defined, which gives only
 * the loops. A loop is written once, in REAL:
 *
 *   MAP1(square, (x) * (x))                        y[i] = x[i] * x[i]
 *   LOOP(row_sum) { ... REAL ... }             anything longer, over the span `s`
 *   KERNEL(multiply, block) { ... }            the same over an argument `s` of another type
 *
 * In the first compilation MAP1 becomes the table `square_loops`, which a row names; a LOOP needs the line
 * LOOP_TABLE(row_sum) there, and a KERNEL the line KERNEL_TABLE(multiply, block), which makes `multiply_kernels`. The
 * processor is chosen once (ad_kernels in <gradtape/processor.h>). */
#include <float.h>
#include <stddef.h>
#include <stdint.h>

#include <gradtape/operator.h>

enum { AD_SPAN_ARRAYS = 4, AD_SPAN_SIZES = 3 };

/* What a loop works on. For MAP and for what ad_broadcast_loop calls: n elements; array 0 is written, the others are
 * read; a step is 1, or 0 for one value that stands for all n. Other loops say what they take. */
typedef struct ad_span {
    size_t n;
    void *array[AD_SPAN_ARRAYS];
    size_t step[AD_SPAN_ARRAYS];
    size_t size[AD_SPAN_SIZES];
    double constant;
} ad_span;

typedef void ad_loop(const ad_span *s);

/* The same for one element of each array, without a constant: *y from *a, *b and *c, as many as it reads. */
typedef void ad_one(void *y, const void *a, const void *b, const void *c);

enum { AD_BASELINE, AD_AVX2, AD_AVX512, AD_PROCESSORS };

/* A loop for f32 and f64 and for each processor; for one element without vectors, or NULL where the loop has to do. */
typedef struct ad_loops {
    ad_loop *of[2][AD_PROCESSORS];
    ad_one *one[2];
} ad_loops;

#define AD_JOIN4_(a, b, c, d) a##b##c##d
#define AD_JOIN4(a, b, c, d) AD_JOIN4_(a, b, c, d)

#ifdef AD_REAL

#define REAL AD_REAL

/* The function of <math.h> for REAL. */
#define R(function) _Generic((REAL)0, float : function##f, double : function)

/* Whether REAL is f64. Loops in f64 that add many numbers keep what each rounding lost; those in f32 add in f64. */
enum { IS_WIDE = sizeof(REAL) == sizeof(double) };

#define REAL_EPSILON _Generic((REAL)0, float : FLT_EPSILON, double : DBL_EPSILON)
#define REAL_MIN _Generic((REAL)0, float : FLT_MIN, double : DBL_MIN)
#define REAL_MAX _Generic((REAL)0, float : FLT_MAX, double : DBL_MAX)

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NEVER_INLINE static __attribute__((noinline))

#define KERNEL(name, argument)                                                                                         \
    void AD_JOIN4(ad_loop_, name, AD_TYPE_SUFFIX, AD_PROCESSOR_SUFFIX)(const argument *s);                             \
    void AD_JOIN4(ad_loop_, name, AD_TYPE_SUFFIX, AD_PROCESSOR_SUFFIX)(const argument *s)
#define LOOP(name) KERNEL(name, ad_span)

/* One element, as scalars have. It is compiled where AD_HAS_ONES is defined: for the baseline. */
#ifdef AD_HAS_ONES
#define ONE(name, expression)                                                                                          \
    ad_one AD_JOIN4(ad_one_, name, AD_TYPE_SUFFIX, );                                                                  \
    void AD_JOIN4(ad_one_, name, AD_TYPE_SUFFIX, )(void *y, const void *a, const void *b, const void *c)               \
    {                                                                                                                  \
        (void)a, (void)b, (void)c;                                                                                     \
        *(REAL *)y = expression;                                                                                       \
    }
#else
#define ONE(name, expression)
#endif
#define ONE_OF(x) (*(const REAL *)(x))

/* One element comes first in a loop, too: what it needs before it begins would take most of its time. */
#define MAP1(name, expression)                                                                                         \
    static inline REAL name##_of(REAL x, REAL c)                                                                       \
    {                                                                                                                  \
        (void)c;                                                                                                       \
        return (REAL)(expression);                                                                                     \
    }                                                                                                                  \
    ONE(name, name##_of(ONE_OF(a), 0))                                                                                 \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        const REAL *restrict X = s->array[1];                                                                          \
        REAL *restrict Y = s->array[0], c = (REAL)s->constant;                                                         \
        if (s->n == 1)                                                                                                 \
            Y[0] = name##_of(X[0], c);                                                                                 \
        else if (s->step[1])                                                                                           \
            for (size_t i = 0; i < s->n; i++)                                                                          \
                Y[i] = name##_of(X[i], c);                                                                             \
        else                                                                                                           \
            for (size_t i = 0; i < s->n; i++)                                                                          \
                Y[i] = name##_of(X[0], c);                                                                             \
    }

/* Of two operands a and b; each pair of steps has its own loop, so that each is vectorised. */
#define MAP2(name, expression)                                                                                         \
    static inline REAL name##_of(REAL a, REAL b) { return (REAL)(expression); }                                        \
    ONE(name, name##_of(ONE_OF(a), ONE_OF(b)))                                                                         \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        const REAL *restrict A = s->array[1], *restrict B = s->array[2];                                               \
        REAL *restrict Y = s->array[0];                                                                                \
        if (s->n == 1)                                                                                                 \
            Y[0] = name##_of(A[0], B[0]);                                                                              \
        else if (s->step[1] && s->step[2])                                                                             \
            for (size_t i = 0; i < s->n; i++)                                                                          \
                Y[i] = name##_of(A[i], B[i]);                                                                          \
        else if (s->step[1])                                                                                           \
            for (size_t i = 0; i < s->n; i++)                                                                          \
                Y[i] = name##_of(A[i], B[0]);                                                                          \
        else if (s->step[2])                                                                                           \
            for (size_t i = 0; i < s->n; i++)                                                                          \
                Y[i] = name##_of(A[0], B[i]);                                                                          \
        else                                                                                                           \
            for (size_t i = 0; i < s->n; i++)                                                                          \
                Y[i] = name##_of(A[0], B[0]);                                                                          \
    }

/* Of three operands v, a and b. */
#define MAP3(name, expression)                                                                                         \
    static inline REAL name##_of(REAL v, REAL a, REAL b) { return (REAL)(expression); }                                \
    ONE(name, name##_of(ONE_OF(a), ONE_OF(b), ONE_OF(c)))                                                              \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        const REAL *restrict V = s->array[1], *restrict A = s->array[2], *restrict B = s->array[3];                    \
        REAL *restrict Y = s->array[0];                                                                                \
        const size_t sv = s->step[1], sa = s->step[2], sb = s->step[3];                                                \
        if (s->n == 1)                                                                                                 \
            Y[0] = name##_of(V[0], A[0], B[0]);                                                                        \
        else if (sv && sa && sb)                                                                                       \
            for (size_t i = 0; i < s->n; i++)                                                                          \
                Y[i] = name##_of(V[i], A[i], B[i]);                                                                    \
        else                                                                                                           \
            for (size_t i = 0; i < s->n; i++)                                                                          \
                Y[i] = name##_of(V[sv * i], A[sa * i], B[sb * i]);                                                     \
    }

#else /* the rows: declare the compiled loops and gather them into a table */

#if defined(AD_HAS_X86_KERNELS)
#define AD_LOOPS_OF(name, type)                                                                                        \
    {                                                                                                                  \
        ad_loop_##name##_##type##_baseline, ad_loop_##name##_##type##_avx2, ad_loop_##name##_##type##_avx512           \
    }
#define AD_DECLARE(name, argument, type)                                                                               \
    void ad_loop_##name##_##type##_baseline(const argument *), ad_loop_##name##_##type##_avx2(const argument *),       \
        ad_loop_##name##_##type##_avx512(const argument *)
#else
#define AD_LOOPS_OF(name, type)                                                                                        \
    {                                                                                                                  \
        ad_loop_##name##_##type##_baseline, ad_loop_##name##_##type##_baseline, ad_loop_##name##_##type##_baseline     \
    }
#define AD_DECLARE(name, argument, type) void ad_loop_##name##_##type##_baseline(const argument *)
#endif

#define LOOP_TABLE(name)                                                                                               \
    AD_DECLARE(name, ad_span, f32);                                                                                    \
    AD_DECLARE(name, ad_span, f64);                                                                                    \
    static const ad_loops name##_loops = {{AD_LOOPS_OF(name, f32), AD_LOOPS_OF(name, f64)}, {NULL, NULL}};
#define KERNEL_TABLE(name, argument)                                                                                   \
    AD_DECLARE(name, argument, f32);                                                                                   \
    AD_DECLARE(name, argument, f64);                                                                                   \
    static void (*const name##_kernels[2][AD_PROCESSORS])(const argument *) = {AD_LOOPS_OF(name, f32),                 \
                                                                               AD_LOOPS_OF(name, f64)};
#define MAP_TABLE(name)                                                                                                \
    AD_DECLARE(name, ad_span, f32);                                                                                    \
    AD_DECLARE(name, ad_span, f64);                                                                                    \
    ad_one ad_one_##name##_f32, ad_one_##name##_f64;                                                                   \
    static const ad_loops name##_loops = {{AD_LOOPS_OF(name, f32), AD_LOOPS_OF(name, f64)},                            \
                                          {ad_one_##name##_f32, ad_one_##name##_f64}};
#define MAP1(name, expression) MAP_TABLE(name)
#define MAP2(name, expression) MAP_TABLE(name)
#define MAP3(name, expression) MAP_TABLE(name)

#endif

/* Chooses the processor's kernels, once; ad_processor() tells which, after ad_processor_prepare(). */
void ad_processor_prepare(void);
uint8_t ad_processor(void);

/* The loop of a table for a type and the processor. */
static inline ad_loop *ad_loop_for(const ad_loops *loops, uint8_t type) { return loops->of[type][ad_processor()]; }

#endif
