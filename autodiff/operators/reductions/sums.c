/* Sums over groups: in one block or in several, means that keep all digits of deviations, and results that overflow or
 * vanish only on the way. */
#include "reduce.h"

SUM(sum, x)
SUM(sum_squares, (x) * (x))
SUM_OF_GROUPS(sum_from, x - g)
FOLD(largest_size, 0, R(fabs)(x) > y || x != x ? R(fabs)(x) : y)
SPREAD(times_scale, x *v)

#ifdef AD_REAL

/* y = the totals in array 1, divided by the constant */
LOOP(round_totals)
{
    const ad_total *T = s->array[1];
    const ad_divisor by = divisor_of(s->constant);
    REAL *Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = divided(total_of(T[i]), by);
}

/* y = an element of the group: the first of few. Of many it is that of the first, the middle and the last which lies
 * between the others, so that it is seldom far from all others. */
LOOP(pivots)
{
    const REAL *X = s->array[1];
    REAL *restrict Y = s->array[0];
    const size_t n = s->size[1], k = s->size[2], middle = n / 2 * k, last = (n - 1) * k;
    if (s->n)
        return;
    for (size_t o = 0; o < s->size[0]; o++, X += n * k, Y += k)
        if (n < FEW)
            for (size_t j = 0; j < k; j++)
                Y[j] = X[j];
        else
            for (size_t j = 0; j < k; j++)
                Y[j] = middle_of(X[j], X[middle + j], X[last + j]);
}

/* high + low = pivot + mean distance from it. Array 0 is high, and holds the pivots; 1 is low, and holds the
 * distances. */
LOOP(pivots_and_distances)
{
    REAL *restrict H = s->array[0], *restrict L = s->array[1];
    for (size_t i = 0; i < s->n; i++)
        add_in_two(H[i], L[i], H + i, L + i);
}

#define RUN_LOOP(name, span) AD_JOIN4(ad_loop_, name, AD_TYPE_SUFFIX, AD_PROCESSOR_SUFFIX)(span)

/* high + low = mean, of the groups of x in array 2, which do not go on. The constant is their size. */
LOOP(means)
{
    ad_span pivots = {.array = {s->array[0], s->array[2]}}, distances = {.constant = s->constant, .step = {0, 1}};
    for (int i = 0; i < AD_SPAN_SIZES; i++)
        pivots.size[i] = distances.size[i] = s->size[i];
    distances.array[0] = s->array[1], distances.array[1] = s->array[2], distances.array[3] = s->array[0];
    RUN_LOOP(pivots, &pivots);
    RUN_LOOP(sum_from, &distances);
    RUN_LOOP(pivots_and_distances, (&(ad_span){.n = s->size[0] * s->size[2], .array = {s->array[0], s->array[1]}}));
}

/* high + low = mean, of rows of x in array 2 */
LOOP(means_of_rows)
{
    const REAL *X = s->array[2];
    REAL *H = s->array[0], *L = s->array[1], tile[AD_TILE_ROW * TILE_ROWS];
    const size_t m = s->size[0], n = s->size[1];
    const ad_divisor by_n = divisor_of((double)n);
    for (size_t o = 0; o < m; o += TILE_ROWS) {
        const size_t at = tile_at(o, m);
        load_tile(tile, X + at * n, n);
        means_of_tile(tile, n, by_n, H + at, L + at);
    }
}

/* Whether a result is not finite, or too small to have all its digits. */
static inline bool is_lost(REAL y, REAL least) { return !(R(fabs)(y) >= least && R(fabs)(y) <= REAL_MAX); }

/* The squares of deviations are in range where the largest element is above this and they are not 0: a deviation is at
 * least a rounding of it. */
#define SAFE_SIZE (sizeof(REAL) == sizeof(float) ? 0x1p-36 : 0x1p-440)

/* An integer as wide as REAL gathers flags in vectors. */
#if AD_REAL_BITS == 32
typedef int32_t flags;
#else
typedef int64_t flags;
#endif

/* Array 2, a bool, becomes whether a result may have been lost. */
LOOP(any_suspect)
{
    const REAL *restrict Y = s->array[0], least = (REAL)s->constant;
    flags any = 0;
    for (size_t i = 0; i < s->n; i++)
        any |= is_lost(Y[i], least);
    *(bool *)s->array[2] = any;
}

/* Array 2, a bool, becomes whether one has been lost. Array 1 has the largest size of an element of each group. */
LOOP(any_lost)
{
    const REAL *restrict Y = s->array[0], *restrict M = s->array[1], least = (REAL)s->constant;
    flags any = 0;
    for (size_t i = 0; i < s->n; i++)
        any |= is_lost(Y[i], least) && M[i] > 0 && M[i] <= REAL_MAX && !(Y[i] == 0 && M[i] >= (REAL)SAFE_SIZE);
    *(bool *)s->array[2] = any;
}

/* y = a power of two that brings y, the largest of a group, near to 1 */
LOOP(scales)
{
    REAL *restrict Y = s->array[0];
    const int most = sizeof(REAL) == sizeof(float) ? 126 : 1022;
    for (size_t i = 0; i < s->n; i++) {
        int exponent = 0;
        if (Y[i] > 0 && Y[i] <= REAL_MAX)
            (void)R(frexp)(Y[i], &exponent);
        exponent = exponent > most ? most : exponent < -most ? -most : exponent;
        Y[i] = R(ldexp)(1, -exponent);
    }
}

/* y = z / scale, size[0] times, where y has been lost */
LOOP(take_rescued)
{
    const REAL *Z = s->array[1], *G = s->array[2], least = (REAL)s->constant;
    REAL *Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        if (is_lost(Y[i], least))
            Y[i] = s->size[0] == 2 ? Z[i] / G[i] / G[i] : Z[i] / G[i];
}

#else

LOOP_TABLE(round_totals)
LOOP_TABLE(pivots)
LOOP_TABLE(pivots_and_distances)
LOOP_TABLE(means)
LOOP_TABLE(means_of_rows)
LOOP_TABLE(any_suspect)
LOOP_TABLE(any_lost)
LOOP_TABLE(scales)
LOOP_TABLE(take_rescued)

#define CHANGEABLE(data) ((void *)(uintptr_t)(data))
#define WIDE(array)                                                                                                    \
    {                                                                                                                  \
        CHANGEABLE(array), true, false                                                                                 \
    }

static void run(ad_call *c, const ad_loops *loops, ad_span s) { ad_loop_for(loops, c->x[0]->type)(&s); }

static void *reals(ad_call *c, size_t n) { return ad_scratch(c, n, ad_bytes_of(c->x[0]->type)); }

void ad_round_totals(ad_call *c, void *y, size_t n, const ad_total *totals, double divisor)
{
    run(c, &round_totals_loops, (ad_span){.n = n, .array = {y, CHANGEABLE(totals)}, .constant = divisor});
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

void ad_sum_groups(ad_call *c, const ad_groups *of, const ad_loops *loops, void *y, double divisor,
                   const ad_sum_terms *t)
{
    ad_group_array arrays[] = {
        {.data = y}, WIDE(t->x), {CHANGEABLE(t->u), t->u_is_wide, false}, {.data = CHANGEABLE(t->g)}};
    ad_span s = {.constant = divisor, .step = {0, divisor != 1}};
    if (!ad_count_of(of->x)) {
        ad_fill_reals(c, y, of->count, 0 / divisor);
    } else if (!of->go_on) {
        ad_walk_span(c, loops, of, s, 4, arrays);
    } else {
        ad_total *totals = ad_scratch(c, of->count, sizeof(ad_total));
        if (!totals)
            return;
        arrays[0] = (ad_group_array){.data = totals};
        s.step[0] = 1;
        ad_walk_span(c, loops, of, s, 4, arrays);
        ad_round_totals(c, y, of->count, totals, divisor);
    }
}

void ad_sum_divided(ad_call *c, const ad_groups *of, void *y, double divisor, const void *x)
{
    void *scale, *z;
    ad_sum_groups(c, of, &sum_loops, y, divisor, &(ad_sum_terms){.x = x});
    const void *near = ad_rescued(c, of, y, 0, x, &scale);
    if (!near || !(z = reals(c, of->count)))
        return;
    ad_sum_groups(c, of, &sum_loops, z, divisor, &(ad_sum_terms){.x = near});
    ad_take_rescued(c, of, y, 0, z, scale, 1);
}

void ad_sum_squared(ad_call *c, const ad_groups *of, void *y, const void *x)
{
    ad_sum_groups(c, of, &sum_squares_loops, y, 1, &(ad_sum_terms){.x = x});
}

/* ---- Means ------------------------------------------------------------------------------------------------------- */

void ad_means_in_range(ad_call *c, const ad_groups *of, void *high, void *low, const void *x)
{
    if (!of->go_on) {
        ad_walk_span(c, ad_are_tiles(of) ? &means_of_rows_loops : &means_loops, of, (ad_span){.constant = of->n}, 3,
                     (const ad_group_array[]){{.data = high}, {.data = low}, WIDE(x)});
        return;
    }
    ad_walk_span(c, &pivots_loops, of, (ad_span){0}, 2, (const ad_group_array[]){{.data = high}, WIDE(x)});
    ad_sum_groups(c, of, &sum_from_loops, low, of->n, &(ad_sum_terms){.x = x, .g = high});
    run(c, &pivots_and_distances_loops, (ad_span){.n = of->count, .array = {high, low}});
}

void ad_means_in_two(ad_call *c, const ad_groups *of, void *high, void *low, const void *x)
{
    void *scale;
    if (!ad_count_of(of->x))
        return;
    ad_means_in_range(c, of, high, low, x);
    const void *near = ad_rescued(c, of, high, 0, x, &scale);
    if (near) {
        void *h = reals(c, of->count), *l = h ? reals(c, of->count) : NULL;
        if (!l)
            return;
        ad_means_in_range(c, of, h, l, near);
        ad_take_rescued(c, of, low, 0, l, scale, 1);
        ad_take_rescued(c, of, high, 0, h, scale, 1);
    }
}

/* ---- Range ------------------------------------------------------------------------------------------------------- */

static bool are_lost(ad_call *c, const ad_groups *of, const void *y, double least, void *largest)
{
    bool are = false;
    run(c, largest ? &any_lost_loops : &any_suspect_loops,
        (ad_span){.n = of->count, .array = {CHANGEABLE(y), largest, &are}, .constant = least});
    return are;
}

void *ad_rescued(ad_call *c, const ad_groups *of, const void *y, double least, const void *x, void **scale)
{
    void *z;
    if (!ad_count_of(of->x) || !are_lost(c, of, y, least, NULL) || !(*scale = reals(c, of->count)))
        return NULL;
    ad_walk_groups(c, &largest_size_loops, of->x, of->mask, 0, 2, (const ad_group_array[]){{.data = *scale}, WIDE(x)});
    if (!are_lost(c, of, y, least, *scale) || !(z = reals(c, ad_count_of(of->x))))
        return NULL;
    run(c, &scales_loops, (ad_span){.n = of->count, .array = {*scale}});
    ad_walk_groups(c, &times_scale_loops, of->x, of->mask, 0, 3,
                   (const ad_group_array[]){WIDE(z), WIDE(x), {.data = *scale}});
    return z;
}

void ad_take_rescued(ad_call *c, const ad_groups *of, void *y, double least, const void *z, const void *scale,
                     int power)
{
    run(c, &take_rescued_loops,
        (ad_span){.n = of->count,
                  .array = {y, CHANGEABLE(z), CHANGEABLE(scale)},
                  .size = {(size_t)power},
                  .constant = least});
}

#endif
