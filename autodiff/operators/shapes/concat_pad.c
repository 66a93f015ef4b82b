/* Operators that put parts together, or a border around them; split, which takes apart what they made. */
#include "../family.h"

#include <inttypes.h>

#include "../../kernels/strided_copy.h"
#include "../../reverse/pullback.h"

AD_FAMILY(shapes_concat_pad)

/* ---- Concat and stack -------------------------------------------------------------------------------------------- */

/* Whether operand i has the sizes of operand 0, except on one axis (-1: on no axis). */
static bool fits_first(ad_call *c, int i, int axis)
{
    const ad_value *first = c->x[0], *x = c->x[i];
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    ad_shape like = *x->shape;
    if (axis >= 0 && axis < like.rank && axis < first->shape->rank)
        like.dims[axis] = first->shape->dims[axis];
    if (ad_same_dims(&like, first->shape))
        return true;
    ad_operand_text(c, 0, a);
    ad_operand_text(c, i, b);
    if (axis < 0)
        ad_call_fail(c, AD_BAD_SHAPE, "shapes differ: %s and operand %d, %s", a, i, b);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "shapes differ on other axes than %d: %s and operand %d, %s", axis, a, i, b);
    return false;
}

/* Writes y in order. For each place of the axes before `axis`, each operand in turn gives the run that belongs there.
 * An operand's size along the axis is its own, or 1 in a stack. */
static void join(ad_call *c, int axis, bool is_stack)
{
    const ad_value *y = c->y[0];
    size_t outer = ad_elements(y) ? 1 : 0, unit = ad_bytes_of(y->type);
    char *to = y->data;
    for (int i = 0; i < axis; i++)
        outer *= (size_t)y->shape->dims[i];
    for (int i = axis + 1; i < y->shape->rank; i++)
        unit *= (size_t)y->shape->dims[i];
    for (size_t o = 0; o < outer; o++)
        for (int i = 0; i < c->n_x; i++) {
            const size_t run = is_stack ? unit : unit * (size_t)c->x[i]->shape->dims[axis];
            ad_copy_run(to, (const char *)c->x[i]->data + o * run, run);
            to += run;
        }
}

static void concat_shape(ad_call *c)
{
    ad_shape y = *c->x[0]->shape;
    const int axis = ad_axis_index(c, c->attributes[0].integer, y.rank);
    for (int i = 1; axis >= 0 && i < c->n_x; i++) {
        if (!fits_first(c, i, axis))
            return;
        const int64_t more = c->x[i]->shape->dims[axis];
        if (more > INT64_MAX - y.dims[axis]) {
            ad_call_fail(c, AD_BAD_SHAPE, "the sizes along axis %d add up to more than a size can be", axis);
            return;
        }
        y.dims[axis] += more;
    }
    if (axis >= 0)
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static void concat_run(ad_call *c) { join(c, ad_axis_index(c, c->attributes[0].integer, c->x[0]->shape->rank), false); }

/* Whether all axes before `axis` have size 1: parts along it are runs of memory. */
static bool is_outermost(const ad_shape *x, int axis)
{
    const int end = axis < 0 ? axis + x->rank : axis;
    bool is = true;
    for (int i = 0; i < end; i++)
        is = is && x->dims[i] == 1;
    return is;
}

/* y = the x one after the other :  each dx is its part of dy */
static void concat_vjp(ad_pullback *p)
{
    const int axis = (int)ad_attribute_at(p, 0)->integer, n = ad_x_count(p);
    const bool are_runs = is_outermost(ad_x_shape(p, 0), axis);
    const ad_tensor dy = ad_dy(p);
    ad_range range = {.stop = 0, .step = 1};
    size_t from = 0;
    for (int i = 0; i < n; i++) {
        const ad_shape *x = ad_x_shape(p, i);
        range = (ad_range){range.stop, range.stop + size_at(x, axis), 1};
        if (ad_wants(p, i) && !(are_runs && ad_give_run(p, i, dy, from)))
            ad_give(p, i, ad_slice(dy, axis, range));
        from += ad_count_of(x);
    }
}

static const ad_sample samples_concat[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 2}}}, .attributes = {{.integer = 1}}},
    {.n_x = 3, .x = {{2, {2, 3}}, {2, {1, 3}}, {2, {2, 3}}}, .attributes = {{.integer = -2}}},
    {.n_x = 3, .x = {{3, {2, 1, 3}}, {3, {2, 0, 3}}, {3, {2, 4, 3}}}, .attributes = {{.integer = 1}}},
    {.n_x = 3, .x = {{1, {3}}, {1, {0}}, {1, {2}}}, .attributes = {{.integer = 0}}},
    {.n_x = 2, .x = {{2, {1, 2}}, {2, {1, 3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {2, {0, 2}}}, .attributes = {{.integer = 1}}},
};

AD_OPERATOR(concat,
    .arity = AD_VARIADIC,
    .types = "s",
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}},
    .shape = concat_shape,
    SAMPLES(samples_concat),
    .run = concat_run,
    .vjp = concat_vjp,
    .linear = AD_LINEAR_IN_ALL,
    .formula = "one after the other along the axis",
    .gradient = "each its part of dy",
);

/* Without an operand there is no tape either: the result is inert. */
ad_tensor ad_concat(const ad_tensor *x, int n, int axis)
{
    return ad_apply_one(&ad_operator_concat, x, x ? n : 0, &(ad_attribute){.integer = axis});
}

static void stack_shape(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape;
    const int axis = ad_new_axis_index(c, c->attributes[0].integer, x->rank);
    for (int i = 1; axis >= 0 && i < c->n_x; i++)
        if (!fits_first(c, i, -1))
            return;
    if (axis < 0)
        return;
    const ad_shape y = ad_expanded(x, axis, c->n_x);
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static void stack_run(ad_call *c)
{
    join(c, ad_new_axis_index(c, c->attributes[0].integer, c->x[0]->shape->rank), true);
}

/* y[i] = x_i :  dx_i = dy[i] */
static void stack_vjp(ad_pullback *p)
{
    const ad_shape x = *ad_x_shape(p, 0);
    const int n = ad_x_count(p), new_axis = (int)ad_attribute_at(p, 0)->integer,
              axis = new_axis < 0 ? new_axis + x.rank + 1 : new_axis;
    const bool are_runs = is_outermost(&x, axis), side_by_side = axis < x.rank && x.dims[axis] <= INT64_MAX / n;
    const int64_t size = side_by_side ? x.dims[axis] : 1;
    ad_shape wide = x; /* dy as concat would have it: a part then has the shape of x */
    if (side_by_side)
        wide.dims[axis] *= n;
    const ad_tensor dy = side_by_side ? ad_reshape(ad_dy(p), wide) : ad_dy(p);
    for (int i = 0; i < n; i++) {
        if (!ad_wants(p, i) || (are_runs && ad_give_run(p, i, dy, (size_t)i * ad_count_of(&x))))
            continue;
        const ad_tensor part = ad_slice(dy, axis, (ad_range){i * size, (i + 1) * size, 1});
        ad_give(p, i, side_by_side ? part : ad_reshape(part, x));
    }
}

static const ad_sample samples_stack[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 3}}}, .attributes = {{.integer = 1}}},
    {.n_x = 3, .x = {{1, {3}}, {1, {3}}, {1, {3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 4, .x = {{0}, {0}, {0}, {0}}, .attributes = {{.integer = 0}}},
    {.n_x = 3, .x = {{3, {2, 1, 2}}, {3, {2, 1, 2}}, {3, {2, 1, 2}}}, .attributes = {{.integer = 0}}},
    {.n_x = 2, .x = {{1, {1}}, {1, {1}}}, .attributes = {{.integer = 1}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {2, {0, 3}}}, .attributes = {{.integer = 2}}},
};

AD_OPERATOR(stack,
    .arity = AD_VARIADIC,
    .types = "s",
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}},
    .shape = stack_shape,
    SAMPLES(samples_stack),
    .run = stack_run,
    .vjp = stack_vjp,
    .linear = AD_LINEAR_IN_ALL,
    .formula = "side by side along a new axis",
    .gradient = "each its part of dy",
);

ad_tensor ad_stack(const ad_tensor *x, int n, int axis)
{
    return ad_apply_one(&ad_operator_stack, x, x ? n : 0, &(ad_attribute){.integer = axis});
}

/* ---- Split ------------------------------------------------------------------------------------------------------- */

/* Halves come first: the gradients of n parts are then joined in log n passes over x, not in n. */
static void split_in_halves(ad_tensor x, int axis, int64_t size, int n, ad_tensor *parts)
{
    const int half = n / 2;
    if (n == 1) {
        *parts = x;
        return;
    }
    split_in_halves(ad_slice(x, axis, (ad_range){0, half * size, 1}), axis, size, half, parts);
    split_in_halves(ad_slice(x, axis, (ad_range){half * size, n * size, 1}), axis, size, n - half, parts + half);
}

/* The size of a part, -1 if there is none. */
static int64_t part_size(ad_tensor x, int axis, int n)
{
    const ad_entry *e = ad_require(x, "split");
    char text[AD_SHAPE_TEXT];
    if (!e)
        return -1;
    const ad_shape *shape = e->value.shape;
    const char *name = ad_name_of(x), *space = name[0] ? " " : "";
    const int place = axis < 0 ? axis + shape->rank : axis;
    ad_shape_text(shape, text);
    if (n < 1)
        ad_fail(x.tape, AD_BAD_VALUE, "split: %d parts are asked for: it must be at least 1", n);
    else if (place < 0 || place >= shape->rank)
        ad_fail(x.tape, AD_BAD_SHAPE, "split: axis %d is out of range for %.60s%s%s", axis, name, space, text);
    else if (shape->dims[place] % n)
        ad_fail(x.tape, AD_BAD_SHAPE, "split: axis %d of %.60s%s%s cannot be split into %d equal parts", axis, name,
                space, text, n);
    else
        return shape->dims[place] / n;
    return -1;
}

void ad_split(ad_tensor x, int axis, int n, ad_tensor *parts)
{
    const int64_t size = parts ? part_size(x, axis, n) : -1;
    if (!parts)
        ad_fail(x.tape, AD_BAD_VALUE, "split: the room for the parts is NULL");
    else if (size >= 0)
        split_in_halves(n == 1 ? ad_slice(x, axis, (ad_range){0, AD_END, 1}) : x, axis, size, n, parts);
    else
        for (int i = 0; i < n; i++)
            parts[i] = ad_inert(x.tape);
}

/* ---- Pad --------------------------------------------------------------------------------------------------------- */

static bool pads_axis(ad_call *c, int i, int64_t *size)
{
    const int64_t before = c->attributes[0].shape.dims[i], after = c->attributes[1].shape.dims[i];
    char text[AD_OPERAND_TEXT];
    if (before >= 0 && after >= 0 && before <= INT64_MAX - *size && after <= INT64_MAX - *size - before) {
        *size += before + after;
        return true;
    }
    ad_call_fail(c, AD_BAD_SHAPE, "%" PRId64 " before and %" PRId64 " after axis %d of %s: they must be sizes", before,
                 after, i, ad_operand_text(c, 0, text));
    return false;
}

static void pad_shape(ad_call *c)
{
    ad_shape y = *c->x[0]->shape;
    const int before = c->attributes[0].shape.rank, after = c->attributes[1].shape.rank;
    const double value = c->attributes[2].real;
    char text[AD_OPERAND_TEXT];
    if (before != y.rank || after != y.rank) {
        ad_call_fail(c, AD_BAD_SHAPE,
                     "%d numbers before and %d after are given for %s: one for each of its %d axes is needed", before,
                     after, ad_operand_text(c, 0, text), y.rank);
        return;
    }
    if (c->x[0]->type == AD_I32 && !(value >= INT32_MIN && value <= INT32_MAX && value == (double)(int32_t)value)) {
        ad_call_fail(c, AD_BAD_VALUE, "%g is no i32", value);
        return;
    }
    for (int i = 0; i < y.rank; i++)
        if (!pads_axis(c, i, &y.dims[i]))
            return;
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static void fill_with(const ad_value *y, double value)
{
    const size_t n = ad_elements(y);
    if (y->type == AD_F32)
        for (size_t i = 0; i < n; i++)
            ((float *)y->data)[i] = (float)value;
    else if (y->type == AD_F64)
        for (size_t i = 0; i < n; i++)
            ((double *)y->data)[i] = value;
    else
        for (size_t i = 0; i < n; i++)
            ((int32_t *)y->data)[i] = (int32_t)value;
}

static void pad_run(ad_call *c)
{
    const ad_value *x = c->x[0], *y = c->y[0];
    ad_strided_copy move = {.to = y->data, .from = x->data, .bytes = ad_bytes_of(x->type)};
    ptrdiff_t to[AD_MAX_RANK], from[AD_MAX_RANK];
    fill_with(y, c->attributes[2].real);
    if (!ad_elements(x))
        return;
    ad_dense_steps(y->shape, move.bytes, to);
    ad_dense_steps(x->shape, move.bytes, from);
    for (int i = 0; i < x->shape->rank; i++) {
        move.to += to[i] * (ptrdiff_t)c->attributes[0].shape.dims[i];
        ad_add_axis(&move, x->shape->dims[i], to[i], from[i]);
    }
    ad_copy_strided(&move);
}

/* y = x with more around it :  dx = the inner part of dy */
static void pad_vjp(ad_pullback *p)
{
    const ad_shape x = ad_shape_of(ad_x(p, 0)), before = ad_attribute_at(p, 0)->shape;
    ad_tensor g = ad_dy(p);
    for (int i = 0; i < x.rank; i++)
        if (ad_shape_of(g).dims[i] != x.dims[i])
            g = ad_slice(g, i, (ad_range){before.dims[i], before.dims[i] + x.dims[i], 1});
    ad_give(p, 0, g);
}

static const ad_sample samples_pad[] = {
    {.n_x = 1, .x = {{1, {3}}}, .attributes = {{.shape = {1, {1}}}, {.shape = {1, {2}}}, {.real = 0.5}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {2, {0, 2}}}, {.shape = {2, {1, 0}}}, {.real = 0}}},
    {.n_x = 1,
     .x = {{3, {2, 1, 3}}},
     .attributes = {{.shape = {3, {1, 0, 1}}}, {.shape = {3, {1, 0, 2}}}, {.real = -1}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.shape = {0}}, {.shape = {0}}, {.real = 1}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.shape = {2, {1, 0}}}, {.shape = {2, {1, 1}}}, {.real = 2}}},
};

AD_OPERATOR(pad,
    .arity = 1,
    .types = "*",
    .attributes = {{"before", AD_ATTRIBUTE_INTEGERS}, {"after", AD_ATTRIBUTE_INTEGERS}, {"value", AD_ATTRIBUTE_REAL}},
    .shape = pad_shape,
    SAMPLES(samples_pad),
    .run = pad_run,
    .vjp = pad_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x with `value` before and after it on each axis",
    .gradient = "the inner part of dy",
);

ad_tensor ad_pad(ad_tensor x, ad_shape before, ad_shape after, double value)
{
    return ad_apply_one(&ad_operator_pad, &x, 1,
                        (const ad_attribute[]){{.shape = before}, {.shape = after}, {.real = value}});
}
