/* Sums over groups: in one block or in several, means that keep all digits of deviations, and results that overflow or
 * vanish only on the way. */
#include "reduce.h"

#include <float.h>

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
    REAL *Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = (REAL)(total_of(T[i]) / s->constant);
}

enum { FEW = 16 };

static inline REAL middle_of(REAL a, REAL b, REAL c)
{
    const REAL least = a < b ? a : b, most = a < b ? b : a;
    return c < least ? least : c > most ? most : c;
}

/* y = an element of the group: the first of few. Of many it is that of the first, the middle and the last which lies
 * between the others, so that it is seldom far from all others. */
LOOP(pivots)
{
    const REAL *X = s->array[1];
    REAL *Y = s->array[0];
    const size_t n = s->size[1], k = s->size[2];
    if (s->n)
        return;
    for (size_t o = 0; o < s->size[0]; o++)
        for (size_t j = 0; j < k; j++) {
            const REAL *x = X + o * n * k + j;
            Y[o * k + j] = n < FEW ? x[0] : middle_of(x[0], x[n / 2 * k], x[(n - 1) * k]);
        }
}

/* high + low = pivot + mean distance from it, exactly. Array 0 is high, and holds the pivots; 1 is low, and holds the
 * distances. Source: D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B. */
LOOP(add_in_two)
{
    REAL *restrict H = s->array[0], *restrict L = s->array[1];
    for (size_t i = 0; i < s->n; i++) {
        const REAL a = H[i], b = L[i], sum = a + b, part = sum - a;
        H[i] = sum;
        L[i] = (a - (sum - part)) + (b - part);
    }
}

/* Whether a result is not finite, or too small to have all its digits. */
static inline bool is_lost(REAL y, REAL least) { return !(R(fabs)(y) >= least && R(fabs)(y) <= REAL_MAX); }

/* The squares of deviations are in range where the largest element is above this and they are not 0: a deviation is at
 * least a rounding of it. */
#define SAFE_SIZE (sizeof(REAL) == sizeof(float) ? 0x1p-36 : 0x1p-440)

/* Array 2, a size_t, becomes how many results may have been lost. */
LOOP(count_suspects)
{
    const REAL *restrict Y = s->array[0], least = (REAL)s->constant;
    size_t count = 0;
    for (size_t i = 0; i < s->n; i++)
        count += is_lost(Y[i], least) ? 1 : 0;
    *(size_t *)s->array[2] = count;
}

/* Array 2, a size_t, becomes how many have been lost. Array 1 has the largest size of an element of each group. */
LOOP(count_lost)
{
    const REAL *restrict Y = s->array[0], *restrict M = s->array[1], least = (REAL)s->constant;
    size_t count = 0;
    for (size_t i = 0; i < s->n; i++)
        count += is_lost(Y[i], least) && M[i] > 0 && M[i] <= REAL_MAX && !(Y[i] == 0 && M[i] >= (REAL)SAFE_SIZE);
    *(size_t *)s->array[2] = count;
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
LOOP_TABLE(add_in_two)
LOOP_TABLE(count_suspects)
LOOP_TABLE(count_lost)
LOOP_TABLE(scales)
LOOP_TABLE(take_rescued)

#define CHANGEABLE(data) ((void *)(uintptr_t)(data))
#define WIDE(array)                                                                                                    \
    {                                                                                                                  \
        CHANGEABLE(array), true, false                                                                                 \
    }

static void run(ad_call *c, const ad_loops *loops, ad_span s) { ad_loop_for(loops, c->x[0]->type)(&s); }

static void *reals(ad_call *c, size_t n) { return ad_scratch(c, n, ad_bytes_of(c->x[0]->type)); }

ad_groups ad_groups_of(const ad_shape *x, unsigned mask)
{
    const ad_shape y = ad_reduced(x, mask, false);
    return (ad_groups){x, mask, ad_count_of(&y), ad_group_size(x, mask)};
}

ad_groups ad_groups_reduced(ad_call *c) { return ad_groups_of(c->x[0]->shape, ad_reduced_axes(c)); }

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
    } else if (ad_is_one_block_each(of->x, of->mask)) {
        ad_walk_span(c, loops, of->x, of->mask, s, 4, arrays);
    } else {
        ad_total *totals = ad_scratch(c, of->count, sizeof(ad_total));
        if (!totals)
            return;
        arrays[0] = (ad_group_array){.data = totals};
        s.step[0] = 1;
        ad_walk_span(c, loops, of->x, of->mask, s, 4, arrays);
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

static void means_in_two(ad_call *c, const ad_groups *of, void *high, void *low, const void *x)
{
    ad_walk_span(c, &pivots_loops, of->x, of->mask, (ad_span){0}, 2, (const ad_group_array[]){{.data = high}, WIDE(x)});
    ad_sum_groups(c, of, &sum_from_loops, low, of->n, &(ad_sum_terms){.x = x, .g = high});
    run(c, &add_in_two_loops, (ad_span){.n = of->count, .array = {high, low}});
}

void ad_means_in_two(ad_call *c, const ad_groups *of, void *high, void *low, const void *x)
{
    void *scale;
    if (!ad_count_of(of->x))
        return;
    means_in_two(c, of, high, low, x);
    const void *near = ad_rescued(c, of, high, 0, x, &scale);
    if (near) {
        void *h = reals(c, of->count), *l = h ? reals(c, of->count) : NULL;
        if (!l)
            return;
        means_in_two(c, of, h, l, near);
        ad_take_rescued(c, of, low, 0, l, scale, 1);
        ad_take_rescued(c, of, high, 0, h, scale, 1);
    }
}

/* ---- Range ------------------------------------------------------------------------------------------------------- */

static bool are_lost(ad_call *c, const ad_groups *of, const void *y, double least, void *largest)
{
    size_t count = 0;
    run(c, largest ? &count_lost_loops : &count_suspects_loops,
        (ad_span){.n = of->count, .array = {CHANGEABLE(y), largest, &count}, .constant = least});
    return count > 0;
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
