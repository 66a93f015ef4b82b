#ifndef AUTODIFF_KERNELS_REDUCE_H
#define AUTODIFF_KERNELS_REDUCE_H
/* Loops of reductions. A block is x [m,n,k]; its middle axis is reduced: m k groups of n elements, k apart. The
 * span's size is {m, n, k}. An array is as wide as x, or has one element for each group. The span's n is the number of
 * elements that each group had in earlier blocks: if n > 0, the result of a group already holds theirs and goes on.
 *
 * Both layouts run along memory. Where k = 1, rows are short or long: short ones are taken several at a time, so that
 * their sums do not wait for each other; a long one is taken as many rows of COLUMNS. Where k > 1, whole rows of k are
 * added. */
#include <stdbool.h>
#include <string.h>

#include "kernel.h"
#include "total.h"
#include "turn.h"

/* The longest rows that are taken as tiles, and how many make a tile. They are more than the compiler unrolls. */
enum { AD_TILE_ROW = 64, TILE_ROWS = 32 };

#ifdef AD_REAL

enum { ROWS_AT_ONCE = 8, SHORT_ROW = 192, COLUMNS = 64, FEW = 16, IN_TURN = IS_WIDE ? 16 : 8 };

/* Short rows are written in whole vectors: what goes over the end of a row is written again by the next rows. */
#ifdef __AVX512F__
enum { WIDTH = 64 / sizeof(REAL) };
#else
enum { WIDTH = 32 / sizeof(REAL) };
#endif
#define IN_WHOLE_VECTORS(n) (((n) + WIDTH - 1) / WIDTH * WIDTH)

/* A term of a sum: of x, of u, which is as wide as x or the group's, and of g, the group's. */
typedef REAL ad_term(REAL x, REAL u, REAL g);

/* What one call sums. `wide` says what u is, and `in_columns` is sum_columns() of just these terms, compiled once. */
typedef struct terms terms;
typedef void ad_columns(terms t, size_t n, size_t w, size_t k, double *restrict sum, double *restrict rest);
struct terms {
    ad_term *of;
    ad_columns *in_columns;
    bool wide;
    const REAL *x, *u, *g;
};

/* The values of k groups side by side, again and again for several rows. */
ALWAYS_INLINE void repeat_groups(REAL *restrict repeated, const REAL *restrict g, size_t rows, size_t k)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < k; j++)
            repeated[i * k + j] = g[j];
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

/* The terms at x[at], of the group j places on. */
ALWAYS_INLINE REAL term_at(terms t, size_t at, size_t j) { return t.of(t.x[at], t.u[t.wide ? at : j], t.g[j]); }

/* Four of them, `step` apart. */
ALWAYS_INLINE REAL four_at(terms t, size_t at, size_t step, size_t j)
{
    return (term_at(t, at, j) + term_at(t, at + step, j)) +
           (term_at(t, at + 2 * step, j) + term_at(t, at + 3 * step, j));
}

/* The same terms, from the element `at` and the group `j` on. */
ALWAYS_INLINE terms terms_from(terms t, size_t at, size_t j)
{
    t.x += at;
    t.u += t.wide ? at : j;
    t.g += j;
    return t;
}

/* In f32 a quotient is a product in f64: it rounds to the same number, but for one in 10^8. */
typedef struct ad_divisor {
    double is, inverse;
} ad_divisor;

ALWAYS_INLINE ad_divisor divisor_of(double is) { return (ad_divisor){is, 1 / is}; }

ALWAYS_INLINE REAL divided(double sum, ad_divisor by) { return (REAL)(IS_WIDE ? sum / by.is : sum * by.inverse); }

/* high + low = a + b, exactly. Source: D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B. */
ALWAYS_INLINE void add_in_two(REAL a, REAL b, REAL *restrict high, REAL *restrict low)
{
    const REAL sum = a + b, part = sum - a;
    *high = sum;
    *low = (a - (sum - part)) + (b - part);
}

/* The totals of w groups before the loop adds to them; array 0 has them as the span's step[0] says. */
ALWAYS_INLINE void begin_totals(const ad_span *s, size_t group, size_t w, double *restrict sum, double *restrict rest)
{
    const ad_total *T = s->array[0];
    const REAL *Y = s->array[0];
    for (size_t j = 0; j < w; j++) {
        sum[j] = !s->n ? 0 : s->step[0] ? T[group + j].sum : (double)Y[group + j];
        rest[j] = s->n && s->step[0] ? T[group + j].rest : 0;
    }
}

ALWAYS_INLINE void end_totals(const ad_span *s, size_t group, size_t w, const double *restrict sum,
                              const double *restrict rest)
{
    ad_total *T = s->array[0];
    REAL *Y = s->array[0];
    if (s->step[0])
        for (size_t j = 0; j < w; j++)
            T[group + j] = (ad_total){sum[j], rest[j]};
    else if (s->step[1]) {
        const ad_divisor by = divisor_of(s->constant);
        for (size_t j = 0; j < w; j++)
            Y[group + j] = divided(total_of((ad_total){sum[j], rest[j]}), by);
    } else
        for (size_t j = 0; j < w; j++)
            Y[group + j] = (REAL)total_of((ad_total){sum[j], rest[j]});
}

/* A clump of n <= CLUMP terms of each of w groups. The terms of a group are `step` apart, and groups lie `apart`. */
ALWAYS_INLINE void clumps_of(terms t, size_t n, size_t step, size_t w, size_t apart, REAL *restrict clump)
{
    size_t i = 0;
    for (size_t j = 0; j < w; j++)
        clump[j] = 0;
    for (; IS_WIDE && i + 8 <= n; i += 8)
        for (size_t j = 0; j < w; j++)
            clump[j] += four_at(t, i * step + j * apart, step, j) + four_at(t, (i + 4) * step + j * apart, step, j);
    for (; i + 4 <= n; i += 4)
        for (size_t j = 0; j < w; j++)
            clump[j] += four_at(t, i * step + j * apart, step, j);
    for (; i < n; i++)
        for (size_t j = 0; j < w; j++)
            clump[j] += term_at(t, i * step + j * apart, j);
}

ALWAYS_INLINE void add_clumps(terms t, size_t n, size_t step, size_t w, size_t apart, double *restrict sum,
                              double *restrict rest)
{
    REAL clump[COLUMNS];
    clumps_of(t, n, step, w, apart, clump);
    for (size_t j = 0; j < w; j++)
        add_to_total(sum + j, rest + j, (double)clump[j]);
}

/* Adds n rows of w <= COLUMNS columns, k apart, to the totals of the columns. */
ALWAYS_INLINE void sum_columns(terms t, size_t n, size_t w, size_t k, double *restrict sum, double *restrict rest)
{
    for (size_t i = 0; i < n; i += CLUMP) {
        const size_t rows = n - i < CLUMP ? n - i : CLUMP;
        const terms from = terms_from(t, i * k, 0);
        if (w == COLUMNS && rows == CLUMP)
            add_clumps(from, CLUMP, k, COLUMNS, 1, sum, rest);
        else if (w == COLUMNS)
            add_clumps(from, rows, k, COLUMNS, 1, sum, rest);
        else
            add_clumps(from, rows, k, w, 1, sum, rest);
    }
}

/* Few columns of many rows: several rows are taken as one wide row, and its columns are added in the end. */
ALWAYS_INLINE void sum_narrow_columns(terms t, size_t n, size_t k, double *restrict sum, double *restrict rest)
{
    const size_t rows = COLUMNS / k, wide = rows * k, whole = n / rows * rows;
    REAL us[COLUMNS], gs[COLUMNS];
    double sums[COLUMNS] = {0}, rests[COLUMNS] = {0};
    terms repeated = t;
    repeat_groups(gs, t.g, rows, k);
    repeated.g = gs;
    if (!t.wide) {
        repeat_groups(us, t.u, rows, k);
        repeated.u = us;
    }
    t.in_columns(repeated, n / rows, wide, wide, sums, rests);
    if (IS_WIDE && k == 1)
        fold_64_totals(sums, rests);
    else
        fold_totals(sums, rests, rows, k);
    for (size_t j = 0; j < k; j++) {
        add_to_total(sum + j, rest + j, sums[j]);
        rest[j] += rests[j];
    }
    t.in_columns(terms_from(t, whole * k, 0), n - whole, k, k, sum, rest);
}

/* Sums of n <= CLUMP terms that do not go on need no totals. */
ALWAYS_INLINE bool are_clumps(const ad_span *s) { return s->size[1] <= CLUMP && !s->n && !s->step[0]; }

ALWAYS_INLINE void divide_groups(const ad_span *s, REAL *Y, size_t n)
{
    if (s->step[1]) {
        const ad_divisor by = divisor_of(s->constant);
        for (size_t i = 0; i < n; i++)
            Y[i] = divided((double)Y[i], by);
    }
}

/* The sums of m rows of n each. Where the compiler knows n, it takes many rows in one vector. */
ALWAYS_INLINE void sum_rows_of(terms t, REAL *restrict Y, size_t m, size_t n)
{
    for (size_t o = 0; o < m; o++) {
        REAL sum = term_at(t, o * n, o);
        for (size_t i = 1; i < n; i++)
            sum += term_at(t, o * n + i, o);
        Y[o] = sum + 0;
    }
}

/* The same of rows of a length that it does not know. Up to IN_TURN terms are added one after another. */
ALWAYS_INLINE void sum_rows_of_any(terms t, REAL *restrict Y, size_t m, size_t n)
{
    size_t o = 0;
    for (; o + ROWS_AT_ONCE <= m; o += ROWS_AT_ONCE) {
        REAL sum[ROWS_AT_ONCE] = {0};
        if (n > IN_TURN)
            clumps_of(terms_from(t, o * n, o), n, 1, ROWS_AT_ONCE, n, sum);
        else
            for (size_t i = 0; i < n; i++)
                for (size_t r = 0; r < ROWS_AT_ONCE; r++)
                    sum[r] += term_at(t, (o + r) * n + i, o + r);
        for (size_t r = 0; r < ROWS_AT_ONCE; r++)
            Y[o + r] = sum[r];
    }
    for (; o < m; o++)
        clumps_of(terms_from(t, o * n, o), n, 1, 1, n, Y + o);
}

/* The sums of rows of n <= CLUMP each, which do not go on. */
ALWAYS_INLINE void sum_shortest_rows(terms t, const ad_span *s)
{
    const size_t m = s->size[0], n = s->size[1];
    REAL *restrict Y = s->array[0];
    if (n == 2)
        sum_rows_of(t, Y, m, 2);
    else if (n == 4)
        sum_rows_of(t, Y, m, 4);
    else if (n == 8)
        sum_rows_of(t, Y, m, 8);
    else
        sum_rows_of_any(t, Y, m, n);
    divide_groups(s, Y, m);
}

/* Adds `rows` rows of n each. */
ALWAYS_INLINE void sum_rows_side_by_side(terms t, const ad_span *s, size_t group, size_t rows)
{
    const size_t n = s->size[1];
    double sum[ROWS_AT_ONCE], rest[ROWS_AT_ONCE];
    begin_totals(s, group, rows, sum, rest);
    for (size_t i = 0; i < n; i += CLUMP)
        add_clumps(terms_from(t, group * n + i, group), n - i < CLUMP ? n - i : CLUMP, 1, rows, n, sum, rest);
    end_totals(s, group, rows, sum, rest);
}

ALWAYS_INLINE void sum_rows(terms t, const ad_span *s)
{
    const size_t m = s->size[0], n = s->size[1];
    size_t o = 0;
    if (are_clumps(s)) {
        sum_shortest_rows(t, s);
        return;
    }
    if (n < SHORT_ROW) {
        for (; o + ROWS_AT_ONCE <= m; o += ROWS_AT_ONCE)
            sum_rows_side_by_side(t, s, o, ROWS_AT_ONCE);
        for (; o < m; o++)
            sum_rows_side_by_side(t, s, o, 1);
    }
    for (; o < m; o++) {
        double sum, rest;
        begin_totals(s, o, 1, &sum, &rest);
        sum_narrow_columns(terms_from(t, o * n, o), n, 1, &sum, &rest);
        end_totals(s, o, 1, &sum, &rest);
    }
}

/* The sums of columns of n <= CLUMP each, which do not go on. */
ALWAYS_INLINE void sum_shortest_columns(terms t, const ad_span *s)
{
    const size_t m = s->size[0], n = s->size[1], k = s->size[2];
    REAL *Y = s->array[0];
    for (size_t o = 0; o < m; o++)
        for (size_t from = 0; from < k; from += COLUMNS) {
            const size_t w = k - from < COLUMNS ? k - from : COLUMNS, group = o * k + from;
            const terms own = terms_from(t, o * n * k + from, group);
            if (w == COLUMNS)
                clumps_of(own, n, k, COLUMNS, 1, Y + group);
            else
                clumps_of(own, n, k, w, 1, Y + group);
        }
    divide_groups(s, Y, m * k);
}

ALWAYS_INLINE void sum_rows_of_columns(terms t, const ad_span *s)
{
    const size_t m = s->size[0], n = s->size[1], k = s->size[2];
    for (size_t o = 0; o < m; o++)
        for (size_t from = 0; from < k; from += COLUMNS) {
            const size_t w = k - from < COLUMNS ? k - from : COLUMNS, group = o * k + from;
            const terms own = terms_from(t, o * n * k + from, group);
            double sum[COLUMNS], rest[COLUMNS];
            begin_totals(s, group, w, sum, rest);
            if (k <= COLUMNS / 2 && n > COLUMNS)
                sum_narrow_columns(own, n, k, sum, rest);
            else
                t.in_columns(own, n, w, k, sum, rest);
            end_totals(s, group, w, sum, rest);
        }
}

/* The terms of a loop. Array 0 of groups becomes their sums, divided by the span's constant if its step[1] is 1; 1 is
 * x, 2 is u and 3 is g. What the term does not use is NULL. If step[0] is 1, array 0 has totals, which go on. */
ALWAYS_INLINE terms terms_of(ad_term *term, ad_columns *in_columns, bool wide, const ad_span *s)
{
    const REAL *x = s->array[1];
    return (terms){term, in_columns, wide, x, s->array[2] ? s->array[2] : x, s->array[3] ? s->array[3] : x};
}

#define TERM(name, term)                                                                                               \
    static inline REAL name##_term(REAL x, REAL u, REAL g)                                                             \
    {                                                                                                                  \
        (void)u, (void)g, (void)x;                                                                                     \
        return (REAL)(term);                                                                                           \
    }

#define SUM_OF(name, wide_, term)                                                                                      \
    TERM(name, term)                                                                                                   \
    static __attribute__((noinline)) void name##_in_columns(terms t, size_t n, size_t w, size_t k,                     \
                                                            double *restrict sum, double *restrict rest)               \
    {                                                                                                                  \
        t.of = name##_term, t.wide = wide_;                                                                            \
        sum_columns(t, n, w, k, sum, rest);                                                                            \
    }                                                                                                                  \
    NEVER_INLINE void name##_of_columns(const ad_span *s)                                                              \
    {                                                                                                                  \
        const terms t = terms_of(name##_term, name##_in_columns, wide_, s);                                            \
        if (are_clumps(s))                                                                                             \
            sum_shortest_columns(t, s);                                                                                \
        else                                                                                                           \
            sum_rows_of_columns(t, s);                                                                                 \
    }                                                                                                                  \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        if (s->size[2] > 1)                                                                                            \
            name##_of_columns(s);                                                                                      \
        else                                                                                                           \
            sum_rows(terms_of(name##_term, name##_in_columns, wide_, s), s);                                           \
    }

/* SUM(sum_squares, x * x): a loop that sums terms of x, u and g; u is wide, or the group's in SUM_OF_GROUPS */
#define SUM(name, term) SUM_OF(name, true, term)
#define SUM_OF_GROUPS(name, term) SUM_OF(name, false, term)

/* ---- Tiles of short rows -------------------------------------------------------------------------------------------

 * Rows of up to AD_TILE_ROW are turned into columns, so that several passes over them are passes over vectors. */

/* The tile's columns become rows of n each. */
ALWAYS_INLINE void load_tile(REAL *restrict tile, const REAL *restrict x, size_t n)
{
    if (n == AD_TILE_ROW)
        turn(tile, TILE_ROWS, x, AD_TILE_ROW, TILE_ROWS, AD_TILE_ROW);
    else if (n == 8)
        turn(tile, TILE_ROWS, x, 8, TILE_ROWS, 8);
    else
        turn(tile, TILE_ROWS, x, n, TILE_ROWS, n);
}

/* The first row of the tile at o of m: the last one begins early enough to be whole. */
ALWAYS_INLINE size_t tile_at(size_t o, size_t m) { return o + TILE_ROWS <= m ? o : m - TILE_ROWS; }

/* The sums of its columns. They are of few terms, and need no rest. */
ALWAYS_INLINE void sum_tile(terms t, size_t n, double *restrict sum)
{
    REAL clump[TILE_ROWS];
    for (size_t r = 0; r < TILE_ROWS; r++)
        sum[r] = 0;
    for (size_t i = 0; i < n; i += CLUMP) {
        clumps_of(terms_from(t, i * TILE_ROWS, 0), n - i < CLUMP ? n - i : CLUMP, TILE_ROWS, TILE_ROWS, 1, clump);
        for (size_t r = 0; r < TILE_ROWS; r++)
            sum[r] += (double)clump[r];
    }
}

static inline REAL middle_of(REAL a, REAL b, REAL c)
{
    const REAL least = a < b ? a : b, most = a < b ? b : a;
    return c < least ? least : c > most ? most : c;
}

static inline REAL from_pivot(REAL x, REAL u, REAL g)
{
    (void)u;
    return x - g;
}

/* The means of its columns of n, each as the sum of two numbers: see ad_means_in_two(). */
ALWAYS_INLINE void means_of_tile(const REAL *restrict tile, size_t n, ad_divisor by_n, REAL *restrict high,
                                 REAL *restrict low)
{
    const REAL *middle = tile + n / 2 * TILE_ROWS, *last = tile + (n - 1) * TILE_ROWS;
    double sum[TILE_ROWS];
    REAL pivot[TILE_ROWS];
    if (n < FEW)
        for (size_t r = 0; r < TILE_ROWS; r++)
            pivot[r] = tile[r];
    else
        for (size_t r = 0; r < TILE_ROWS; r++)
            pivot[r] = middle_of(tile[r], middle[r], last[r]);
    sum_tile((terms){.of = from_pivot, .x = tile, .u = tile, .g = pivot}, n, sum);
    for (size_t r = 0; r < TILE_ROWS; r++)
        add_in_two(pivot[r], divided(sum[r], by_n), high + r, low + r);
}

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
#define SUM_OF_GROUPS(name, term) LOOP_TABLE(name)
#define FOLD(name, first, fold) LOOP_TABLE(name)
#define SPREAD(name, expression) LOOP_TABLE(name)

#endif
#endif
