/* Sorting along one axis, and the largest along it. */
#include "../along_axis.h"

#include <inttypes.h>

#ifdef AD_REAL

/* An element and the place from which it comes. */
typedef struct item {
    REAL x;
    int32_t at;
} item;

enum { SHORT_RUN = 16 };

/* Whether b, which stands after a, must come before it. Equal elements stay in their order. NaN is the largest. */
static inline bool out_of_order(REAL a, REAL b, bool descending)
{
    return descending ? b > a || (b != b && a == a) : b < a || (a != a && b == b);
}

/* By insertion: the best for a few. */
static void sort_run(item *items, size_t n, bool descending)
{
    for (size_t i = 1; i < n; i++) {
        const item moved = items[i];
        size_t j = i;
        for (; j && out_of_order(items[j - 1].x, moved.x, descending); j--)
            items[j] = items[j - 1];
        items[j] = moved;
    }
}

/* The sorted runs a and b, one after the other in `from`, into `to`. */
static void merge_runs(const item *from, item *to, size_t a, size_t b, bool descending)
{
    const item *left = from, *right = from + a, *const left_end = right, *const right_end = right + b;
    while (left < left_end && right < right_end)
        *to++ = out_of_order(left->x, right->x, descending) ? *right++ : *left++;
    memcpy(to, left, (size_t)(left_end - left) * sizeof *to);
    memcpy(to + (left_end - left), right, (size_t)(right_end - right) * sizeof *to);
}

/* Merge sort: where the sorted items are, `items` or `other`. */
static const item *sort_items(item *items, item *other, size_t n, bool descending)
{
    for (size_t from = 0; from < n; from += SHORT_RUN)
        sort_run(items + from, n - from < SHORT_RUN ? n - from : SHORT_RUN, descending);
    for (size_t run = SHORT_RUN; run < n; run *= 2) {
        for (size_t from = 0; from < n; from += 2 * run) {
            const size_t a = n - from < run ? n - from : run, rest = n - from - a, b = rest < run ? rest : run;
            merge_runs(items + from, other + from, a, b, descending);
        }
        item *const sorted = other;
        other = items;
        items = sorted;
    }
    return items;
}

/* The first s->n elements of each sorted group of array 1 go into array 0, their places into array 2; either may be
 * NULL. Array 3 is room for two groups. Size is {m, n, k}; the order is descending if the constant is not 0. */
LOOP(sort)
{
    const size_t take = s->n, n = s->size[1], k = s->size[2];
    item *const items = s->array[3];
    REAL *Y = s->array[0];
    int32_t *at = s->array[2];
    for (size_t o = 0; o < s->size[0]; o++)
        for (size_t j = 0; j < k; j++) {
            const REAL *x = (const REAL *)s->array[1] + o * n * k + j;
            const size_t y = o * take * k + j;
            for (size_t i = 0; i < n; i++)
                items[i] = (item){x[i * k], (int32_t)i};
            const item *sorted = sort_items(items, items + n, n, s->constant != 0);
            for (size_t i = 0; Y && i < take; i++)
                Y[y + i * k] = sorted[i].x;
            for (size_t i = 0; at && i < take; i++)
                at[y + i * k] = sorted[i].at;
        }
}

#else

AD_FAMILY(scans_sort)

LOOP_TABLE(sort)

/* Sorts operand 0 along the axis of attribute 0. The first `take` elements of each group go to y, their places to
 * at. */
static void sort_along(ad_call *c, void *y, void *at, int64_t take, bool descending)
{
    const ad_shape *x = c->x[0]->shape;
    const int axis = ad_axis_index(c, c->attributes[0].integer, x->rank);
    const size_t n = (size_t)x->dims[axis], pair = 2 * ad_bytes_of(c->x[0]->type);
    ad_span s = {.n = (size_t)take,
                 .array = {y, c->x[0]->data, at, ad_scratch(c, 2 * n, pair)},
                 .size = {1, 1, 1},
                 .constant = descending};
    for (int i = 0; i < x->rank; i++)
        s.size[i < axis ? 0 : i == axis ? 1 : 2] *= (size_t)x->dims[i];
    if (s.array[3] && ad_count_of(x))
        ad_loop_for(&sort_loops, c->x[0]->type)(&s);
}

/* y = the elements in another order, or some of them :  dx = dy put back in their places */
static void sorted_vjp(ad_pullback *p)
{
    const ad_shape x = ad_shape_of(ad_x(p, 0));
    const int axis = ad_axis_of(p);
    ad_give(p, 0, ad_scatter_add(ad_dy(p), axis, ad_y_at(p, 1), size_at(&x, axis)));
}

/* ---- Sort and argsort -------------------------------------------------------------------------------------------- */

static int64_t axis_size(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape;
    return x->dims[ad_axis_index(c, c->attributes[0].integer, x->rank)];
}

static void sort_shape(ad_call *c)
{
    ad_countable_axis_shape(c, (ad_type)c->x[0]->type);
    ad_result(c, 1, AD_I32, c->x[0]->shape);
}

static void sort_run(ad_call *c) { sort_along(c, c->y[0]->data, c->y[1]->data, axis_size(c), false); }

AD_OPERATOR(sort,
    .arity = 1,
    .n_byproducts = 1,
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}},
    .shape = sort_shape,
    SAMPLES(ad_samples_along_axis),
    .run = sort_run,
    .vjp = sorted_vjp,
    .formula = "x in ascending order along axis",
    .gradient = "dy put back in its places",
    .convention = "NaN last; equal elements in their order",
);

ad_tensor ad_sort(ad_tensor x, int axis) { return ad_along(&ad_operator_sort, x, axis); }

static void argsort_shape(ad_call *c) { ad_countable_axis_shape(c, AD_I32); }
static void argsort_run(ad_call *c) { sort_along(c, NULL, c->y[0]->data, axis_size(c), false); }

AD_OPERATOR(argsort,
    .arity = 1,
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}},
    .properties = AD_NOT_DIFFERENTIABLE,
    .shape = argsort_shape,
    SAMPLES(ad_samples_along_axis),
    .run = argsort_run,
    .formula = "the places of sort(x)'s elements in x along axis",
    .gradient = "not differentiable",
    .convention = "NaN last; equal elements in their order",
);

ad_tensor ad_argsort(ad_tensor x, int axis) { return ad_along(&ad_operator_argsort, x, axis); }

/* ---- The k largest ----------------------------------------------------------------------------------------------- */

static void top_k_shape(ad_call *c)
{
    ad_shape y = *c->x[0]->shape;
    const int axis = ad_countable_axis(c);
    const int64_t k = c->attributes[1].integer;
    char text[AD_OPERAND_TEXT];
    if (axis < 0)
        return;
    if (k < 0 || k > y.dims[axis]) {
        ad_call_fail(c, AD_BAD_VALUE, "k = %" PRId64 " is out of range: axis %d of %s has %" PRId64 " elements", k,
                     axis, ad_operand_text(c, 0, text), y.dims[axis]);
        return;
    }
    y.dims[axis] = k;
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    ad_result(c, 1, AD_I32, &y);
}

static void top_k_run(ad_call *c) { sort_along(c, c->y[0]->data, c->y[1]->data, c->attributes[1].integer, true); }

static const ad_sample samples_top_k[] = {
    {.n_x = 1, .x = {{2, {2, 4}}}, .attributes = {{.integer = -1}, {.integer = 2}}},
    {.n_x = 1, .x = {{3, {2, 3, 2}}}, .attributes = {{.integer = 1}, {.integer = 3}}},
    {.n_x = 1, .x = {{1, {5}}}, .attributes = {{.integer = 0}, {.integer = 0}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.integer = 1}, {.integer = 1}}},
};

AD_OPERATOR(top_k,
    .arity = 1,
    .n_results = 2,
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}, {"k", AD_ATTRIBUTE_INTEGER}},
    .shape = top_k_shape,
    SAMPLES(samples_top_k),
    .run = top_k_run,
    .vjp = sorted_vjp,
    .formula = "the k largest of x along axis, descending; their places",
    .gradient = "dy put back in its places, 0 elsewhere",
    .convention = "NaN is the largest; equal elements in their order",
);

ad_tensor ad_top_k(ad_tensor x, int64_t k, int axis, ad_tensor *indices)
{
    ad_tensor y[AD_MAX_RESULTS] = {{0}};
    ad_apply(NULL, &ad_operator_top_k, &x, 1, (const ad_attribute[]){{.integer = axis}, {.integer = k}}, y);
    if (indices)
        *indices = y[1];
    return y[0];
}

#endif
