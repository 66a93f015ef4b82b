#ifndef AUTODIFF_KERNELS_SHORT_GROUPS_H
#define AUTODIFF_KERNELS_SHORT_GROUPS_H
/* Exponentials of short groups, many groups at a time.
 *
 * What is done once for a group costs more than its elements if these are few. So w short groups are read into a buffer
 * as the columns of n rows, and all is done for rows. A plain sum of so few terms in f64 is exact enough.
 * Most calls have MOST_GROUPS: loops of so many, which the compiler knows, cost a fifth less. */
#include "exponentials.h"
#include "turn.h"

#ifdef AD_REAL

/* Groups are short up to these numbers of elements; those one after another are dearer to read as columns. */
enum { SHORT = 64, SHORT_IN_ROW = 32 };

enum { SHORT_ROOM = 1024, MOST_GROUPS = 64 };

/* Longer groups are taken as columns too where so many lie side by side. */
enum { SIDE_BY_SIDE = 8 };

static inline bool is_short(size_t n, size_t step) { return n <= (step == 1 ? SHORT_IN_ROW : SHORT); }

/* Groups side by side (step > 1) or one after another (step = 1); the first begins at `at`. */
typedef struct some_groups {
    size_t at, w, n, step;
} some_groups;

/* The groups from number g of `all`. */
static inline some_groups groups_from(size_t g, size_t all, size_t n, size_t step)
{
    const size_t most = n * MOST_GROUPS <= SHORT_ROOM ? MOST_GROUPS : SHORT_ROOM / n;
    const size_t left = step == 1 ? all - g : step - g % step;
    return (some_groups){step == 1 ? g * n : g / step * n * step + g % step, left < most ? left : most, n, step};
}

/* t[n][w] from w groups */
static void read_groups(REAL *restrict t, const REAL *restrict x, const some_groups *g)
{
    const size_t n = g->n, w = g->w, step = g->step;
    x += g->at;
    if (step == 1 && n == 8 && w == MOST_GROUPS)
        turn(t, MOST_GROUPS, x, 8, MOST_GROUPS, 8);
    else if (step == 1)
        turn(t, w, x, n, w, n);
    else
        for (size_t i = 0; i < n; i++)
            for (size_t l = 0; l < w; l++)
                t[i * w + l] = x[i * step + l];
}

static void write_groups(REAL *restrict x, const REAL *restrict t, const some_groups *g)
{
    const size_t n = g->n, w = g->w, step = g->step;
    x += g->at;
    if (step == 1 && n == 8 && w == MOST_GROUPS)
        turn(x, 8, t, MOST_GROUPS, 8, MOST_GROUPS);
    else if (step == 1)
        turn(x, n, t, w, n, w);
    else
        for (size_t i = 0; i < n; i++)
            for (size_t l = 0; l < w; l++)
                x[i * step + l] = t[i * w + l];
}

/* The largest of each column of n rows of w. */
ALWAYS_INLINE void largest_of_columns(REAL *restrict m, const REAL *restrict x, size_t n, size_t w)
{
    for (size_t l = 0; l < w; l++)
        m[l] = -INFINITY;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < w; l++)
            m[l] = larger(m[l], x[i * w + l]);
}

/* Of each column: how many terms are 1, and the sum of the others. */
ALWAYS_INLINE void add_columns_of_terms(REAL *restrict ones, double *restrict few, const REAL *restrict e, size_t n,
                                        size_t w)
{
    for (size_t l = 0; l < w; l++)
        few[l] = 0;
    for (size_t l = 0; l < w; l++)
        ones[l] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < w; l++) {
            const REAL one = e[i * w + l] == 1 ? 1 : 0;
            ones[l] += one;
            few[l] += (double)(e[i * w + l] - one);
        }
}

/* e = e^(x-m) of columns, and their sums less 1; m is the largest of each. */
ALWAYS_INLINE void exp_of_columns(REAL *restrict e, const REAL *restrict x, const REAL *restrict m,
                                  double *restrict others, size_t n, size_t w)
{
    REAL ones[MOST_GROUPS];
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < w; l++)
            e[i * w + l] = x[i * w + l] - m[l];
    exp_of_buffer(n * w, e);
    add_columns_of_terms(ones, others, e, n, w);
    for (size_t l = 0; l < w; l++)
        others[l] += (double)(ones[l] - 1);
}

/* log1p of w numbers */
static inline void log1p_of_columns(REAL *restrict y, const double *restrict x, size_t w)
{
    size_t m = w;
    for (size_t l = 0; l < w; l++)
        y[l] = (REAL)x[l];
    for (; m < FEW_ELEMENTS; m++)
        y[m] = 0;
    vector_log1p(m, y, y);
}

/* As origin_of, of columns in rows that are `apart`. */
ALWAYS_INLINE void origins_of_columns(REAL *restrict origin, const REAL *restrict v, const REAL *restrict y, size_t n,
                                      size_t w, size_t apart)
{
    REAL likely[MOST_GROUPS];
    for (size_t l = 0; l < w; l++)
        origin[l] = likely[l] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < w; l++) {
            const bool is = y[i * apart + l] > (REAL)0.5;
            origin[l] += is ? v[i * apart + l] : 0;
            likely[l] += is ? 1 : 0;
        }
    for (size_t l = 0; l < w; l++) {
        origin[l] = likely[l] == 1 ? origin[l] : v[l];
        origin[l] = R(fabs)(origin[l]) <= REAL_MAX / 4 ? origin[l] : 0;
    }
}

/* Sums of y (v - origin) and of y over columns. Of many terms, as few as a lane of a long group has are added plainly.
 */
typedef struct sums_under {
    double products[MOST_GROUPS], weights[MOST_GROUPS];
} sums_under;

ALWAYS_INLINE void add_few_under(sums_under *restrict t, const REAL *restrict v, const REAL *restrict y,
                                 const REAL *restrict origin, size_t n, size_t w, size_t apart)
{
    for (size_t l = 0; l < w; l++)
        t->products[l] = t->weights[l] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < w; l++) {
            t->products[l] += (double)y[i * apart + l] * (double)(v[i * apart + l] - origin[l]);
            t->weights[l] += (double)y[i * apart + l];
        }
}

ALWAYS_INLINE void add_under(sums_under *restrict t, const REAL *restrict v, const REAL *restrict y,
                             const REAL *restrict origin, size_t n, size_t w, size_t apart)
{
    enum { FEW_ROWS = VIA_BLOCK / LANES };
    sums_under few, rest;
    if (n <= SHORT) {
        add_few_under(t, v, y, origin, n, w, apart);
        return;
    }
    for (size_t l = 0; l < w; l++)
        t->products[l] = t->weights[l] = rest.products[l] = rest.weights[l] = 0;
    for (size_t i = 0; i < n; i += FEW_ROWS) {
        add_few_under(&few, v + i * apart, y + i * apart, origin, n - i < FEW_ROWS ? n - i : FEW_ROWS, w, apart);
        for (size_t l = 0; l < w; l++) {
            add_exactly(t->products + l, rest.products + l, few.products[l]);
            add_exactly(t->weights + l, rest.weights + l, few.weights[l]);
        }
    }
    for (size_t l = 0; l < w; l++) {
        t->products[l] = exact_total_of((ad_total){t->products[l], rest.products[l]});
        t->weights[l] = exact_total_of((ad_total){t->weights[l], rest.weights[l]});
    }
}

/* As mean_under, of columns. */
ALWAYS_INLINE void means_of_columns(REAL *restrict origin, REAL *restrict rest, const REAL *restrict v,
                                    const REAL *restrict y, size_t n, size_t w, size_t apart)
{
    sums_under t;
    uint32_t infinite = 0;
    origins_of_columns(origin, v, y, n, w, apart);
    add_under(&t, v, y, origin, n, w, apart);
    for (size_t l = 0; l < w; l++)
        infinite += fabs(1 - t.weights[l]) <= DBL_MAX ? 0U : 1U;
    if (infinite) {
        for (size_t l = 0; l < w; l++)
            origin[l] = fabs(1 - t.weights[l]) <= DBL_MAX ? origin[l] : 0;
        add_under(&t, v, y, origin, n, w, apart);
    }
    for (size_t l = 0; l < w; l++) {
        const double missing = 1 - t.weights[l], small = 16 * (double)REAL_EPSILON;
        const double lack = fabs(missing) > small && fabs(missing) <= DBL_MAX ? (double)origin[l] * missing : 0;
        rest[l] = (REAL)(t.products[l] - lack);
    }
}

#endif
#endif
