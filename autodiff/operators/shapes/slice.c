/* Part of a tensor along an axis, and its adjoint. */
#include "../family.h"

#include <inttypes.h>

#include "../../kernels/strided_copy.h"

AD_FAMILY(shapes_slice)

/* What a slice takes of an axis of n elements: `count` of them, from `first` on. */
typedef struct places {
    int64_t first, step, count;
} places;

/* A place counted from the end if it is negative, and cut to low..high. */
static int64_t cut(int64_t at, int64_t n, int64_t low, int64_t high)
{
    at = at < 0 ? (at < -n ? -1 : at + n) : at;
    return at < low ? low : at > high ? high : at;
}

/* Python's rules: a slice stops before `stop`, which may be n; a backward slice stops after `stop`, which may be -1. */
static places places_of(ad_range r, int64_t n)
{
    places p = {.step = r.step ? r.step : 1};
    const bool forwards = p.step > 0;
    const int64_t low = forwards ? 0 : -1, high = forwards ? n : n - 1;
    p.first = cut(r.start, n, low, high);
    const int64_t stop = cut(r.stop, n, low, high);
    const uint64_t length = forwards ? (uint64_t)(stop - p.first) : (uint64_t)(p.first - stop);
    const uint64_t by = forwards ? (uint64_t)p.step : -(uint64_t)p.step;
    if (forwards ? stop > p.first : stop < p.first)
        p.count = (int64_t)((length - 1) / by + 1);
    return p;
}

static ad_range range_at(const ad_attribute *attribute)
{
    const int64_t *range = attribute->shape.dims;
    return (ad_range){range[0], range[1], range[2]};
}

static ad_attribute as_attribute(ad_range r) { return (ad_attribute){.shape = AD_SHAPE(r.start, r.stop, r.step)}; }

/* Whether attribute a is a range: ad_apply takes any list. */
static bool has_range(ad_call *c, int a)
{
    const int n = c->attributes[a].shape.rank;
    if (n != 3)
        ad_call_fail(c, AD_BAD_VALUE, "a range of %d numbers is given: it must be start, stop, step", n);
    return n == 3;
}

static void slice_shape(ad_call *c)
{
    ad_shape y = *c->x[0]->shape;
    const int axis = ad_axis_index(c, c->attributes[0].integer, y.rank);
    if (axis < 0 || !has_range(c, 1))
        return;
    y.dims[axis] = places_of(range_at(&c->attributes[1]), y.dims[axis]).count;
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

/* Returns the first element that a slice takes; steps has the distances to the next one along each axis. */
static char *sliced(const ad_value *x, int axis, places p, ptrdiff_t steps[AD_MAX_RANK])
{
    ad_dense_steps(x->shape, ad_bytes_of(x->type), steps);
    char *first = (char *)x->data + steps[axis] * (ptrdiff_t)p.first;
    steps[axis] = p.count > 1 ? steps[axis] * (ptrdiff_t)p.step : 0;
    return first;
}

/* A slice without gaps: one run for each place of the axes before. */
static void copy_runs(const ad_value *x, const ad_value *y, int axis, places p)
{
    size_t outer = 1, unit = ad_bytes_of(x->type);
    for (int i = 0; i < axis; i++)
        outer *= (size_t)x->shape->dims[i];
    for (int i = axis + 1; i < x->shape->rank; i++)
        unit *= (size_t)x->shape->dims[i];
    const size_t run = unit * (size_t)p.count, all = unit * (size_t)x->shape->dims[axis];
    const char *from = (const char *)x->data + unit * (size_t)p.first;
    for (size_t o = 0; o < outer; o++)
        ad_copy_run((char *)y->data + o * run, from + o * all, run);
}

static void slice_run(ad_call *c)
{
    const ad_value *x = c->x[0], *y = c->y[0];
    const int axis = ad_axis_index(c, c->attributes[0].integer, x->shape->rank);
    const places p = places_of(range_at(&c->attributes[1]), x->shape->dims[axis]);
    ptrdiff_t to[AD_MAX_RANK], from[AD_MAX_RANK];
    if (!ad_elements(y))
        return;
    if (p.step == 1) {
        copy_runs(x, y, axis, p);
        return;
    }
    ad_strided_copy move = {.to = y->data, .from = sliced(x, axis, p, from), .bytes = ad_bytes_of(x->type)};
    ad_dense_steps(y->shape, move.bytes, to);
    for (int i = 0; i < y->shape->rank; i++)
        ad_add_axis(&move, y->shape->dims[i], to[i], from[i]);
    ad_copy_strided(&move);
}

/* y = x[range] :  dx = dy in these places, 0 elsewhere */
static void slice_vjp(ad_pullback *p)
{
    const int axis = (int)ad_attribute_at(p, 0)->integer;
    const ad_shape x = ad_shape_of(ad_x(p, 0));
    const int64_t n = size_at(&x, axis);
    ad_give(p, 0, ad_slice_backward(ad_dy(p), axis, range_at(ad_attribute_at(p, 1)), n));
}

#define RANGE(...) .shape = {3, {__VA_ARGS__}}

static const ad_sample samples_slice[] = {
    {.n_x = 1, .x = {{2, {3, 5}}}, .attributes = {{.integer = 1}, {RANGE(1, 4, 1)}}},
    {.n_x = 1, .x = {{3, {2, 5, 2}}}, .attributes = {{.integer = -2}, {RANGE(0, AD_END, 2)}}},
    {.n_x = 1, .x = {{1, {7}}}, .attributes = {{.integer = 0}, {RANGE(-2, AD_BEGIN, -3)}}},
    {.n_x = 1, .x = {{2, {5, 3}}}, .attributes = {{.integer = 0}, {RANGE(-3, 100, 0)}}},
    {.n_x = 1, .x = {{2, {3, 4}}}, .attributes = {{.integer = 0}, {RANGE(2, 1, 1)}}},
    {.n_x = 1, .x = {{2, {0, 4}}}, .attributes = {{.integer = 1}, {RANGE(0, 2, 1)}}},
};

AD_OPERATOR(slice,
    .arity = 1,
    .types = "*",
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}, {"range", AD_ATTRIBUTE_INTEGERS}},
    .shape = slice_shape,
    SAMPLES(samples_slice),
    .run = slice_run,
    .vjp = slice_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x[start:stop:step] along the axis",
    .gradient = "dy in its places, 0 elsewhere",
    .convention = "Python's: negative places count from the end, and all are cut to the axis",
);

ad_tensor ad_slice(ad_tensor x, int axis, ad_range range)
{
    return ad_apply_one(&ad_operator_slice, &x, 1, (const ad_attribute[]){{.integer = axis}, as_attribute(range)});
}

static void slice_backward_shape(ad_call *c)
{
    ad_shape y = *c->x[0]->shape;
    char text[AD_OPERAND_TEXT];
    const int axis = ad_axis_index(c, c->attributes[1].integer, y.rank);
    if (axis < 0 || !has_range(c, 2))
        return;
    const int64_t n = c->attributes[0].integer, count = n < 0 ? -1 : places_of(range_at(&c->attributes[2]), n).count;
    if (y.dims[axis] != count) {
        ad_call_fail(c, AD_BAD_SHAPE, "%s does not have on axis %d what the slice takes of %" PRId64 " elements",
                     ad_operand_text(c, 0, text), axis, n);
        return;
    }
    y.dims[axis] = n;
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static void slice_backward_run(ad_call *c)
{
    const ad_value *v = c->x[0], *y = c->y[0];
    const int axis = ad_axis_index(c, c->attributes[1].integer, v->shape->rank);
    const places p = places_of(range_at(&c->attributes[2]), y->shape->dims[axis]);
    ptrdiff_t to[AD_MAX_RANK], from[AD_MAX_RANK];
    memset(y->data, 0, ad_elements(y) * ad_bytes_of(y->type));
    if (!ad_elements(v))
        return;
    ad_strided_copy move = {.to = sliced(y, axis, p, to), .from = v->data, .bytes = ad_bytes_of(v->type)};
    ad_dense_steps(v->shape, move.bytes, from);
    for (int i = 0; i < v->shape->rank; i++)
        ad_add_axis(&move, v->shape->dims[i], to[i], from[i]);
    ad_copy_strided(&move);
}

/* y[range] = v, else 0 :  dv = dy[range] */
static void slice_backward_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_slice(ad_dy(p), (int)ad_attribute_at(p, 1)->integer, range_at(ad_attribute_at(p, 2))));
}

static const ad_sample samples_slice_backward[] = {
    {.n_x = 1, .x = {{2, {3, 3}}}, .attributes = {{.integer = 5}, {.integer = 1}, {RANGE(1, 4, 1)}}},
    {.n_x = 1, .x = {{3, {2, 3, 2}}}, .attributes = {{.integer = 5}, {.integer = -2}, {RANGE(0, AD_END, 2)}}},
    {.n_x = 1, .x = {{1, {2}}}, .attributes = {{.integer = 7}, {.integer = 0}, {RANGE(-2, AD_BEGIN, -3)}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.integer = 4}, {.integer = 0}, {RANGE(2, 1, 1)}}},
};

AD_OPERATOR(slice_backward,
    .arity = 1,
    .attributes = {{"n", AD_ATTRIBUTE_INTEGER}, {"axis", AD_ATTRIBUTE_INTEGER}, {"range", AD_ATTRIBUTE_INTEGERS}},
    .types = "*",
    .shape = slice_backward_shape,
    SAMPLES(samples_slice_backward),
    .run = slice_backward_run,
    .vjp = slice_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v in the places of a slice, 0 elsewhere",
    .gradient = "dy[start:stop:step]",
);

ad_tensor ad_slice_backward(ad_tensor v, int axis, ad_range range, int64_t n)
{
    return ad_apply_one(&ad_operator_slice_backward, &v, 1,
                        (const ad_attribute[]){{.integer = n}, {.integer = axis}, as_attribute(range)});
}
