/* Matrices in the last two axes: what the families of linear algebra share. */
#include "matrices.h"

#include <limits.h>
#include <stdio.h>

#include "../../base/lapack.h"
#include "../family.h"

#ifdef AD_REAL

/* Whether a row has an infinity or a NaN: without a branch, for vectors. */
static inline bool has_not_finite(const REAL *x, size_t n)
{
    int bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= !(x[i] - x[i] == 0);
    return bad;
}

/* The place of the first number that is not finite, in a part (size[1]) of an [n,n] matrix, into array 0; n n if all
 * are finite. */
LOOP(find_not_finite)
{
    const REAL *X = s->array[1];
    const size_t n = s->size[0], part = s->size[1];
    size_t *found = s->array[0];
    *found = n * n;
    for (size_t i = 0; i < n; i++) {
        const size_t from = part == AD_UPPER_PART ? i : part == AD_ABOVE_DIAGONAL ? i + 1 : 0;
        const size_t end = part == AD_LOWER_PART ? i + 1 : part == AD_BELOW_DIAGONAL ? i : n;
        if (!has_not_finite(X + n * i + from, end - from))
            continue;
        for (size_t j = end; j-- > from;)
            if (!(X[n * i + j] - X[n * i + j] == 0))
                *found = n * i + j;
        return;
    }
}

enum { TILE = 16 };

/* y [k,n] = x', tile by tile, so that both stay in the cache. */
LOOP(turn_matrix)
{
    const REAL *restrict X = s->array[1];
    REAL *restrict Y = s->array[0];
    const size_t n = s->size[0], k = s->size[1];
    for (size_t i0 = 0; i0 < n; i0 += TILE)
        for (size_t j0 = 0; j0 < k; j0 += TILE)
            for (size_t i = i0; i < n && i < i0 + TILE; i++)
                for (size_t j = j0; j < k && j < j0 + TILE; j++)
                    Y[j * n + i] = X[i * k + j];
}

/* The first pivot of LU that is lost, into array 0; n if none is. lapack.h says where the numbers of LU are. Pivot k is
 * an element of a less the sum of products of row k of L and column k of U. */
LOOP(find_lost_pivot)
{
    const REAL *X = s->array[1], eps = REAL_EPSILON;
    const size_t n = s->size[0];
    size_t k = 0;
    for (; k < n; k++) {
        REAL sum = 0;
        for (size_t i = 0; i < k; i++)
            sum += R(fabs)(X[i * n + k] * X[k * n + i]);
        if (X[k * n + k] == 0 || R(fabs)(X[k * n + k]) < eps * sum)
            break;
    }
    *(size_t *)s->array[0] = k;
}

/* The bits of |x| are in the order of the numbers, infinities and NaN last. The largest of whole numbers is found by
 * vectors, that of floating-point numbers is not. */
static inline int64_t largest_bits_f32(const float *x, size_t n)
{
    int32_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= INT32_MAX;
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

static inline int64_t largest_bits_f64(const double *x, size_t n)
{
    int64_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= INT64_MAX;
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

#define largest_bits(x, n) _Generic((x), const float * : largest_bits_f32, const double * : largest_bits_f64)(x, n)

/* Numbers from here on have all digits, and so has what they were made of by products. */
#define WITH_ALL_DIGITS _Generic((REAL)0, float : FLT_MIN / FLT_EPSILON, double : DBL_MIN / DBL_EPSILON)

/* Whether one of n matrices of size[0] elements is out of range, into array 0: its largest element is not finite, or so
 * small that it may have lost digits. */
LOOP(find_out_of_range)
{
    const REAL *X = s->array[1], ends[] = {WITH_ALL_DIGITS, REAL_MAX};
    const int64_t least = largest_bits(&ends[0], 1), most = largest_bits(&ends[1], 1);
    bool is_out = false;
    for (size_t k = 0; k < s->n; k++) {
        const int64_t largest = largest_bits(X + k * s->size[0], s->size[0]);
        is_out = is_out || largest < least || largest > most;
    }
    *(bool *)s->array[0] = is_out;
}

#else

LOOP_TABLE(find_lost_pivot)
LOOP_TABLE(find_out_of_range)
LOOP_TABLE(find_not_finite)
LOOP_TABLE(turn_matrix)

const ad_sample ad_samples_of_square[5] = {
    {.n_x = 1, .x = {{2, {3, 3}}}}, {.n_x = 1, .x = {{3, {2, 2, 2}}}}, {.n_x = 1, .x = {{2, {1, 1}}}},
    {.n_x = 1, .x = {{2, {0, 0}}}}, {.n_x = 1, .x = {{3, {0, 2, 2}}}},
};

bool ad_check_square(ad_call *c, int i)
{
    const ad_shape *x = c->x[i]->shape;
    char text[AD_OPERAND_TEXT];
    if (x->rank < 2 || ad_last(x, 1) != ad_last(x, 2))
        ad_call_fail(c, AD_BAD_SHAPE, "%s is not square: its last two axes must be equal", ad_operand_text(c, i, text));
    else if (ad_last(x, 1) > INT_MAX)
        ad_call_fail(c, AD_BAD_SHAPE, "%s: a matrix has more than %d rows", ad_operand_text(c, i, text), INT_MAX);
    else
        return true;
    return false;
}

const char *ad_matrix_text(const ad_call *c, int i, size_t at, char text[AD_MATRIX_TEXT])
{
    const ad_shape lead = ad_leading(c->x[i]->shape);
    ad_shape index = lead;
    char operand[AD_OPERAND_TEXT], place[AD_SHAPE_TEXT];
    for (int axis = lead.rank - 1; axis >= 0; axis--) {
        index.dims[axis] = (int64_t)(at % (size_t)lead.dims[axis]);
        at /= (size_t)lead.dims[axis];
    }
    ad_operand_text(c, i, operand);
    if (lead.rank)
        snprintf(text, AD_MATRIX_TEXT, "matrix %s of %s", ad_shape_text(&index, place), operand);
    else
        snprintf(text, AD_MATRIX_TEXT, "the matrix %s", operand);
    return text;
}

void *ad_matrix_of(const ad_value *x, size_t at)
{
    const size_t elements = (size_t)ad_last(x->shape, 1) * (size_t)ad_last(x->shape, 2);
    return (char *)x->data + at * elements * ad_bytes_of(x->type);
}

size_t ad_matrix_count(const ad_value *x)
{
    const ad_shape lead = ad_leading(x->shape);
    return ad_last(x->shape, 1) && ad_last(x->shape, 2) ? ad_count_of(&lead) : 0;
}

void ad_square_shape(ad_call *c)
{
    if (ad_check_square(c, 0))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[0]->shape);
}

/* Where the first number stands that is not finite; n n if all are. */
static size_t find_not_finite(ad_call *c, int i, size_t at, ad_part part)
{
    size_t found;
    ad_span span = {.array = {&found, ad_matrix_of(c->x[i], at)}, .size = {(size_t)ad_last(c->x[i]->shape, 1), part}};
    ad_loop_for(&find_not_finite_loops, c->x[i]->type)(&span);
    return found;
}

bool ad_is_finite_matrix(ad_call *c, int i, size_t at, ad_part part)
{
    const size_t n = (size_t)ad_last(c->x[i]->shape, 1);
    return find_not_finite(c, i, at, part) == n * n;
}

bool ad_check_finite_matrix(ad_call *c, int i, size_t at, ad_part part)
{
    const size_t n = (size_t)ad_last(c->x[i]->shape, 1), found = find_not_finite(c, i, at, part);
    char text[AD_MATRIX_TEXT];
    if (found == n * n)
        return true;
    ad_call_fail(c, AD_NOT_FINITE, "%s is infinite or NaN at [%zu,%zu]", ad_matrix_text(c, i, at, text), found / n,
                 found % n);
    return false;
}

void ad_turn(const ad_call *c, size_t n, size_t k, const void *x, void *y)
{
    ad_span span = {.array = {y, (void *)(uintptr_t)x}, .size = {n, k}};
    ad_loop_for(&turn_matrix_loops, c->x[0]->type)(&span);
}

size_t ad_factor(const ad_call *c, size_t n, const void *a, void *lu, int *exchanges)
{
    const ad_type type = (ad_type)c->x[0]->type;
    size_t pivot;
    ad_span span = {.array = {&pivot, lu}, .size = {n}};
    memcpy(lu, a, n * n * ad_type_bytes(type));
    ad_lapack_factor(type, (int64_t)n, lu, exchanges);
    ad_loop_for(&find_lost_pivot_loops, (uint8_t)type)(&span);
    return pivot;
}

static bool is_zero(ad_tensor x)
{
    const void *data = ad_data(x);
    const bool narrow = ad_type_of(x) == AD_F32;
    bool is = true;
    for (size_t i = 0; data && is && i < ad_size_of(x); i++)
        is = narrow ? ((const float *)data)[i] == 0 : ((const double *)data)[i] == 0;
    return is;
}

bool ad_is_out_of_range(ad_tensor x, ad_tensor from)
{
    const ad_shape shape = ad_shape_of(x);
    const void *data = ad_data(x);
    bool is_out = false;
    if (!data || shape.rank < 2 || ad_size_of(x) == 0)
        return false;
    const size_t size = (size_t)(ad_last(&shape, 1) * ad_last(&shape, 2));
    ad_span span = {.n = ad_size_of(x) / size, .array = {&is_out, (void *)(uintptr_t)data}, .size = {size}};
    ad_loop_for(&find_out_of_range_loops, (uint8_t)ad_type_of(x))(&span);
    return is_out && !is_zero(from);
}

ad_tensor ad_normalised(ad_tensor x, ad_tensor *exponents)
{
    ad_tensor largest = ad_max_over(ad_abs(ad_detach(x)), AD_KEEP_AXES(-2, -1));
    *exponents = ad_floor(ad_log2(largest));
    return ad_shifted(x, ad_neg(*exponents));
}

/* The exponents, which are infinite where all is 0, are cut to what two finite factors have: it takes every number of
 * order 1 out of range. */
ad_tensor ad_shifted(ad_tensor x, ad_tensor exponents)
{
    const double most = ad_type_of(x) == AD_F32 ? FLT_MAX_EXP - 2 : DBL_MAX_EXP - 2;
    ad_tensor e = ad_clamp(exponents, -2 * most, 2 * most), half = ad_floor(ad_scale(e, 0.5));
    return ad_mul(ad_mul(x, ad_exp2(half)), ad_exp2(ad_sub(e, half)));
}

ad_tensor ad_for_matrices(ad_tensor x)
{
    ad_shape shape = ad_shape_of(x);
    shape.dims[shape.rank++] = 1;
    shape.dims[shape.rank++] = 1;
    return ad_reshape(x, shape);
}

#endif
