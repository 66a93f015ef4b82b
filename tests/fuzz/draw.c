/* Drawing values, shapes and attributes. */
#include "draw.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { STREAM_VALUES, STREAM_SPECIAL, STREAM_SHAPE, STREAM_ATTRIBUTE };

static uint32_t below(uint32_t n, uint32_t seed, uint64_t stream, uint64_t index)
{
    return ad_random_bits(seed, stream, index) % n;
}

/* ---- Shapes ------------------------------------------------------------------------------------------------------ */

size_t fuzz_count(const ad_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dims[i] == 0)
            return 0;
        if (count <= FUZZ_ELEMENTS)
            count = shape->dims[i] > FUZZ_ELEMENTS ? FUZZ_ELEMENTS + 1 : count * (size_t)shape->dims[i];
    }
    return count > FUZZ_ELEMENTS ? FUZZ_ELEMENTS + 1 : count;
}

bool fuzz_same_shape(const ad_shape *a, const ad_shape *b)
{
    return a->rank == b->rank && !memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]);
}

ad_shape fuzz_shape(uint8_t which)
{
    static const ad_shape shapes[] = {
        {2, {2, 3}},    {0},         {1, {3}},    {2, {3, 3}},    {2, {2, 1}},
        {1, {5}},       {2, {1, 3}}, {2, {3, 2}}, {1, {1}},       {2, {0, 3}},
        {3, {2, 3, 4}}, {2, {4, 4}}, {2, {2, 0}}, {3, {2, 2, 2}}, {8, {1, 1, 1, 2, 1, 1, 1, 3}},
        {2, {17, 18}},
    };
    return shapes[which % COUNT(shapes)];
}

static int64_t wild_size(uint32_t seed, uint64_t index)
{
    static const int64_t sizes[] = {
        0,         1,        2, 3, 4, 5, 7, 64, -1, -2, 1000, 1 << 20, INT32_MAX, INT64_C(1) << 32, INT64_C(1) << 40,
        INT64_MAX, INT64_MIN};
    /* Half of them small, so that the others stand alone. */
    const uint32_t n = below(2, seed, STREAM_SHAPE, 2 * index) ? 5 : COUNT(sizes);
    return sizes[below(n, seed, STREAM_SHAPE, 2 * index + 1)];
}

ad_shape fuzz_wild_shape(uint32_t seed)
{
    ad_shape shape = {.rank = (int)below(5, seed, STREAM_SHAPE, 1000)};
    if (below(8, seed, STREAM_SHAPE, 1001) == 0)
        shape.rank = (int)below(12, seed, STREAM_SHAPE, 1002) - 1;
    for (int i = 0; i < AD_MAX_RANK; i++)
        shape.dims[i] = wild_size(seed, (uint64_t)i);
    return shape;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

char fuzz_letter(const ad_operator *row, int i)
{
    const size_t n = row->types ? strlen(row->types) : 0;
    if (n == 0)
        return 'r';
    return row->types[(size_t)i < n ? (size_t)i : n - 1];
}

ad_domain fuzz_domain(const ad_operator *row, int i)
{
    ad_domain d = row->domain[i < AD_SAMPLE_OPERANDS ? i : 0];
    if (d.low == 0 && d.high == 0) {
        d.low = -2;
        d.high = 2;
    }
    return d;
}

/* The number at the share u of what the domain leaves beside its kink. */
static double place(const ad_domain *d, double u)
{
    if (!(d->gap > 0))
        return d->low + u * (d->high - d->low);
    const double under = fmax(0, d->kink - d->gap - d->low), over = fmax(0, d->high - d->kink - d->gap);
    if (under + over == 0)
        return u < 0.5 ? d->low : d->high;
    const double at = u * (under + over);
    return at < under ? d->low + at : d->kink + d->gap + (at - under);
}

static double special_value(ad_type type, uint32_t seed, uint64_t index)
{
    static const double values[] = {0, -0.0, 1, -1, 1e-40, 3e38, -3e38, 100, -100, 2147483648.0};
    const double at[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, type == AD_F64 ? DBL_MAX : 1e30};
    const uint32_t k = below(COUNT(values) + COUNT(at), seed, STREAM_SPECIAL, index);
    return k < COUNT(values) ? values[k] : at[k - COUNT(values)];
}

/* What a domain says of the matrices in the last two axes: they are symmetric, something is added on their diagonal. */
static void shape_matrices(const ad_domain *d, const ad_shape *shape, double *x)
{
    const int r = shape->rank;
    const size_t n = r >= 2 && shape->dims[r - 1] == shape->dims[r - 2] ? (size_t)shape->dims[r - 1] : 0;
    for (size_t at = 0; n && at < fuzz_count(shape); at += n * n)
        for (size_t i = 0; i < n; i++) {
            x[at + i * n + i] += d->diagonal;
            for (size_t j = 0; d->symmetric && j < i; j++)
                x[at + i * n + j] = x[at + j * n + i];
        }
}

static void narrow(ad_type type, size_t n, const double *x, fuzz_numbers *numbers)
{
    for (size_t i = 0; i < n; i++)
        if (type == AD_F64)
            numbers->f64[i] = x[i];
        else if (type == AD_F32)
            numbers->f32[i] = (float)x[i];
        else
            numbers->i32[i] = (int32_t)x[i];
}

void fuzz_draw(const ad_domain *d, ad_type type, const ad_shape *shape, uint32_t seed, bool special,
               fuzz_numbers *numbers)
{
    double x[FUZZ_ELEMENTS];
    const size_t n = fuzz_count(shape);
    for (size_t i = 0; i < n; i++) {
        const double u = ad_random_uniform(seed, STREAM_VALUES, i);
        x[i] = type == AD_I32 ? d->low + floor(u * (d->high - d->low + 1)) : place(d, u);
    }
    if (type != AD_I32)
        shape_matrices(d, shape, x);
    for (size_t i = 0; special && type != AD_I32 && i < n; i++)
        if (below(3, seed, STREAM_SPECIAL, 100000 + i) == 0)
            x[i] = special_value(type, seed, i);
    narrow(type, n, x, numbers);
}

/* ---- Attributes -------------------------------------------------------------------------------------------------- */

static ad_axes wild_axes(uint32_t seed)
{
    ad_axes axes = {.count = (int)below(4, seed, STREAM_ATTRIBUTE, 0), .keep = below(2, seed, STREAM_ATTRIBUTE, 1)};
    const bool far = below(4, seed, STREAM_ATTRIBUTE, 2) == 0;
    if (below(8, seed, STREAM_ATTRIBUTE, 3) == 0)
        axes.count = (int)below(12, seed, STREAM_ATTRIBUTE, 4) - 1;
    for (uint32_t i = 0; i < AD_MAX_RANK; i++)
        axes.axis[i] = (int)below(far ? 20 : 6, seed, STREAM_ATTRIBUTE, 10 + i) - (far ? 10 : 3);
    return axes;
}

static int64_t wild_integer(uint32_t seed)
{
    static const int64_t integers[] = {0, 1, -1, 2,    -2,        3,         4,         5,
                                       8, 9, -9, 1000, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    return integers[below(COUNT(integers), seed, STREAM_ATTRIBUTE, 0)];
}

ad_attribute fuzz_wild_attribute(ad_attribute_kind kind, uint32_t seed)
{
    ad_attribute a;
    memset(&a, 0, sizeof a);
    switch (kind) {
    case AD_ATTRIBUTE_REAL: a.real = special_value(AD_F64, seed, 0); break;
    case AD_ATTRIBUTE_AXES: a.axes = wild_axes(seed); break;
    case AD_ATTRIBUTE_SHAPE:
    case AD_ATTRIBUTE_INTEGERS: a.shape = fuzz_wild_shape(seed); break;
    case AD_ATTRIBUTE_TYPE: a.integer = (int64_t)below(6, seed, STREAM_ATTRIBUTE, 0) - 1; break;
    default: a.integer = wild_integer(seed);
    }
    return a;
}
