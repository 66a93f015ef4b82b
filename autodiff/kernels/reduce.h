#ifndef AUTODIFF_KERNELS_REDUCE_H
#define AUTODIFF_KERNELS_REDUCE_H
/* Loops of reductions. A block is x [m,n,k]; its middle axis is reduced: m k groups of n elements, k apart. The
 * span's size is {m, n, k}. An array is as wide as x, or has one element for each group. The span's n is the number of
 * elements that each group had in earlier blocks: if n > 0, the result of a group already holds theirs and goes on.
 *
 * Both layouts run along memory. Where k = 1, rows are short or long: short ones are taken several at a time, so that
 * their sums do not wait for each other; a long one is taken as many rows of COLUMNS. Where k > 1, whole rows of k are
 * added. */
#include "kernel.h"
#include "total.h"

#ifdef AD_REAL

enum { ROWS_AT_ONCE = 8, SHORT_ROW = 192, SUM_BLOCK = 128, COLUMNS = 64 };

/* Short rows are written in whole vectors: what goes over the end of a row is written again by the next rows. */
#ifdef __AVX512F__
enum { WIDTH = 64 / sizeof(REAL) };
#else
enum { WIDTH = 32 / sizeof(REAL) };
#endif
#define IN_WHOLE_VECTORS(n) (((n) + WIDTH - 1) / WIDTH * WIDTH)

/* A term of a sum: of x and u, which are wide, and of g, the group's. */
typedef REAL ad_term(REAL x, REAL u, REAL g);

/* The values of k groups side by side, again and again for several rows. */
ALWAYS_INLINE void repeat_groups(REAL *restrict repeated, const REAL *restrict g, size_t rows, size_t k)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < k; j++)
            repeated[i * k + j] = g[j];
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

ALWAYS_INLINE void sum_short_rows(ad_term *term, const ad_span *s)
{
    const REAL *restrict X = s->array[1], *restrict U = s->array[2], *restrict G = s->array[3];
    const size_t m = s->size[0], n = s->size[1];
    REAL *restrict Y = s->array[0];
    size_t o = 0;
    for (; o + ROWS_AT_ONCE <= m; o += ROWS_AT_ONCE) {
        REAL sum[ROWS_AT_ONCE] = {0};
        for (size_t i = 0; i < n; i++)
            for (size_t r = 0; r < ROWS_AT_ONCE; r++)
                sum[r] += term(X[(o + r) * n + i], U[(o + r) * n + i], G[o + r]);
        for (size_t r = 0; r < ROWS_AT_ONCE; r++)
            Y[o + r] = s->n ? Y[o + r] + sum[r] : sum[r];
    }
    for (; o < m; o++) {
        REAL sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += term(X[o * n + i], U[o * n + i], G[o]);
        Y[o] = s->n ? Y[o] + sum : sum;
    }
}

/* In blocks, whose sums are added in f64. total[j] += the sums of w <= COLUMNS columns of n rows, k apart; row i has
 * the groups of row 0. */
ALWAYS_INLINE void sum_columns(ad_term *term, const REAL *x, const REAL *u, const REAL *g, size_t n, size_t w, size_t k,
                               double *restrict total)
{
    for (size_t from = 0; from < n; from += SUM_BLOCK) {
        const size_t end = n - from < SUM_BLOCK ? n : from + SUM_BLOCK;
        REAL sum[COLUMNS];
        for (size_t j = 0; j < w; j++)
            sum[j] = 0;
        if (w == COLUMNS)
            for (size_t i = from; i < end; i++)
                for (size_t j = 0; j < COLUMNS; j++)
                    sum[j] += term(x[i * k + j], u[i * k + j], g[j]);
        else
            for (size_t i = from; i < end; i++)
                for (size_t j = 0; j < w; j++)
                    sum[j] += term(x[i * k + j], u[i * k + j], g[j]);
        for (size_t j = 0; j < w; j++)
            total[j] += (double)sum[j];
    }
}

/* Few columns of many rows: several rows are taken as one wide row, and its columns are added in the end. */
ALWAYS_INLINE void sum_narrow_columns(ad_term *term, const REAL *x, const REAL *u, const REAL *g, size_t n, size_t k,
                                      double *restrict total)
{
    const size_t rows = COLUMNS / k, wide = rows * k, whole = n / rows * rows;
    REAL repeated[COLUMNS];
    double sum[COLUMNS] = {0};
    repeat_groups(repeated, g, rows, k);
    sum_columns(term, x, u, repeated, n / rows, wide, wide, sum);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < k; j++)
            total[j] += sum[i * k + j];
    sum_columns(term, x + whole * k, u + whole * k, g, n - whole, k, k, total);
}

ALWAYS_INLINE void sum_long_rows(ad_term *term, const ad_span *s)
{
    const REAL *X = s->array[1], *U = s->array[2], *G = s->array[3];
    const size_t n = s->size[1];
    REAL *Y = s->array[0];
    for (size_t o = 0; o < s->size[0]; o++) {
        double total = s->n ? (double)Y[o] : 0;
        sum_narrow_columns(term, X + o * n, U + o * n, G + o, n, 1, &total);
        Y[o] = (REAL)total;
    }
}

ALWAYS_INLINE void sum_rows_of_columns(ad_term *term, const ad_span *s)
{
    const REAL *X = s->array[1], *U = s->array[2], *G = s->array[3];
    const size_t m = s->size[0], n = s->size[1], k = s->size[2];
    REAL *Y = s->array[0];
    for (size_t o = 0; o < m; o++)
        for (size_t from = 0; from < k; from += COLUMNS) {
            const size_t w = k - from < COLUMNS ? k - from : COLUMNS, x = o * n * k + from, y = o * k + from;
            double total[COLUMNS];
            for (size_t j = 0; j < w; j++)
                total[j] = s->n ? (double)Y[y + j] : 0;
            if (k <= COLUMNS / 2 && n > COLUMNS)
                sum_narrow_columns(term, X + x, U + x, G + y, n, k, total);
            else
                sum_columns(term, X + x, U + x, G + y, n, w, k, total);
            for (size_t j = 0; j < w; j++)
                Y[y + j] = (REAL)total[j];
        }
}

/* Array 0 of groups becomes the sums of the terms; 1 is x, 2 is u and 3 is g. What the term does not use is NULL. */
ALWAYS_INLINE void sum_groups(ad_term *term, const ad_span *span)
{
    ad_span s = *span;
    s.array[2] = s.array[2] ? s.array[2] : s.array[1];
    s.array[3] = s.array[3] ? s.array[3] : s.array[1];
    if (s.size[2] > 1)
        sum_rows_of_columns(term, &s);
    else if (s.size[1] < SHORT_ROW)
        sum_short_rows(term, &s);
    else
        sum_long_rows(term, &s);
}

/* SUM(sum_squares, x * x): a loop that sums terms of x, u and g */
#define SUM(name, term)                                                                                                \
    static inline REAL name##_term(REAL x, REAL u, REAL g)                                                             \
    {                                                                                                                  \
        (void)u, (void)g, (void)x;                                                                                     \
        return (REAL)(term);                                                                                           \
    }                                                                                                                  \
    LOOP(name) { sum_groups(name##_term, s); }

/* ---- Folds ------------------------------------------------------------------------------------------------------- */

/* What y becomes when x is added to it. The order of the elements must not matter, except for rounding. */
typedef REAL ad_fold(REAL y, REAL x);

ALWAYS_INLINE REAL fold_long_row(ad_fold *fold, REAL first, const REAL *x, size_t n)
{
    REAL column[COLUMNS];
    size_t i = 0;
    for (size_t j = 0; j < COLUMNS; j++)
        column[j] = first;
    for (; i + COLUMNS <= n; i += COLUMNS)
        for (size_t j = 0; j < COLUMNS; j++)
            column[j] = fold(column[j], x[i + j]);
    for (; i < n; i++)
        column[0] = fold(column[0], x[i]);
    for (size_t j = 1; j < COLUMNS; j++)
        column[0] = fold(column[0], column[j]);
    return column[0];
}

ALWAYS_INLINE void fold_short_rows(ad_fold *fold, REAL *restrict Y, const REAL *restrict X, size_t m, size_t n)
{
    size_t o = 0;
    for (; o + ROWS_AT_ONCE <= m; o += ROWS_AT_ONCE) {
        REAL y[ROWS_AT_ONCE];
        for (size_t r = 0; r < ROWS_AT_ONCE; r++)
            y[r] = Y[o + r];
        for (size_t i = 0; i < n; i++)
            for (size_t r = 0; r < ROWS_AT_ONCE; r++)
                y[r] = fold(y[r], X[(o + r) * n + i]);
        for (size_t r = 0; r < ROWS_AT_ONCE; r++)
            Y[o + r] = y[r];
    }
    for (; o < m; o++)
        for (size_t i = 0; i < n; i++)
            Y[o] = fold(Y[o], X[o * n + i]);
}

ALWAYS_INLINE void fold_columns(ad_fold *fold, REAL *restrict y, const REAL *restrict x, size_t n, size_t k)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++)
            y[j] = fold(y[j], x[i * k + j]);
}

/* Few columns of many rows: several rows are taken as one wide row. */
ALWAYS_INLINE void fold_narrow_columns(ad_fold *fold, REAL first, REAL *y, const REAL *x, size_t n, size_t k)
{
    const size_t rows = COLUMNS / k, whole = n / rows * rows;
    REAL wide[COLUMNS];
    for (size_t j = 0; j < COLUMNS; j++)
        wide[j] = first;
    fold_columns(fold, wide, x, n / rows, rows * k);
    fold_columns(fold, y, wide, rows, k);
    fold_columns(fold, y, x + whole * k, n - whole, k);
}

/* Array 0 of groups becomes the fold of array 1, which begins with `first`; fold(first, x) must be as good as x. */
ALWAYS_INLINE void fold_groups(ad_fold *fold, REAL first, const ad_span *s)
{
    const REAL *restrict X = s->array[1];
    const size_t m = s->size[0], n = s->size[1], k = s->size[2];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < m * k && !s->n; i++)
        Y[i] = first;
    if (k == 1 && n < SHORT_ROW)
        fold_short_rows(fold, Y, X, m, n);
    else if (k == 1)
        for (size_t o = 0; o < m; o++)
            Y[o] = fold(Y[o], fold_long_row(fold, first, X + o * n, n));
    else
        for (size_t o = 0; o < m; o++)
            if (k <= COLUMNS / 2 && n > COLUMNS)
                fold_narrow_columns(fold, first, Y + o * k, X + o * n * k, n, k);
            else
                fold_columns(fold, Y + o * k, X + o * n * k, n, k);
}

/* FOLD(max, -INFINITY, x > y || x != x ? x : y): a loop that folds x into y */
#define FOLD(name, first, fold)                                                                                        \
    static inline REAL name##_fold(REAL y, REAL x) { return (REAL)(fold); }                                            \
    LOOP(name) { fold_groups(name##_fold, (REAL)(first), s); }

/* ---- Spreading --------------------------------------------------------------------------------------------------- */

/* Array 0, as wide as x in array 1, becomes the term of x and of what its group has in arrays 2 and 3. */
typedef REAL ad_spread(REAL x, REAL v, REAL g);

ALWAYS_INLINE void spread_rows(ad_spread *of, REAL *restrict Y, const REAL *restrict X, const REAL *restrict V,
                               const REAL *restrict G, size_t m, size_t n)
{
    for (size_t o = 0; o < m; o++) {
        const REAL v = V[o], g = G[o];
        const size_t at = o * n;
        if (at + IN_WHOLE_VECTORS(n) <= m * n)
            for (size_t i = at; i < at + n; i += WIDTH)
                for (size_t l = 0; l < WIDTH; l++)
                    Y[i + l] = of(X[i + l], v, g);
        else
            for (size_t i = at; i < at + n; i++)
                Y[i] = of(X[i], v, g);
    }
}

ALWAYS_INLINE void spread_columns(ad_spread *of, REAL *restrict Y, const REAL *restrict X, const REAL *restrict V,
                                  const REAL *restrict G, size_t n, size_t k)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++)
            Y[i * k + j] = of(X[i * k + j], V[j], G[j]);
}

/* Few columns of many rows: several rows are taken as one wide row. */
ALWAYS_INLINE void spread_narrow_columns(ad_spread *of, REAL *Y, const REAL *X, const REAL *V, const REAL *G, size_t n,
                                         size_t k)
{
    const size_t rows = COLUMNS / k, wide = rows * k, whole = n / rows * wide;
    REAL v[COLUMNS], g[COLUMNS];
    repeat_groups(v, V, rows, k);
    repeat_groups(g, G, rows, k);
    spread_columns(of, Y, X, v, g, n / rows, wide);
    spread_columns(of, Y + whole, X + whole, V, G, n % rows, k);
}

ALWAYS_INLINE void spread_groups(ad_spread *of, const ad_span *s)
{
    const size_t m = s->size[0], n = s->size[1], k = s->size[2];
    const REAL *X = s->array[1], *V = s->array[2], *G = s->array[3] ? s->array[3] : s->array[2];
    REAL *Y = s->array[0];
    if (k == 1)
        spread_rows(of, Y, X, V, G, m, n);
    else
        for (size_t o = 0; o < m; o++)
            if (k <= COLUMNS / 2 && n > COLUMNS)
                spread_narrow_columns(of, Y + o * n * k, X + o * n * k, V + o * k, G + o * k, n, k);
            else
                spread_columns(of, Y + o * n * k, X + o * n * k, V + o * k, G + o * k, n, k);
}

/* SPREAD(select_ties, x == g ? v : 0) */
#define SPREAD(name, expression)                                                                                       \
    static inline REAL name##_spread(REAL x, REAL v, REAL g)                                                           \
    {                                                                                                                  \
        (void)g;                                                                                                       \
        return (REAL)(expression);                                                                                     \
    }                                                                                                                  \
    LOOP(name) { spread_groups(name##_spread, s); }

#else

#define SUM(name, term) LOOP_TABLE(name)
#define FOLD(name, first, fold) LOOP_TABLE(name)
#define SPREAD(name, expression) LOOP_TABLE(name)

#endif
#endif
