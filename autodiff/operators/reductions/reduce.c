/* What the files of reductions share: shapes, and walking an operand in blocks of groups. */
#include "reduce.h"

#ifdef AD_REAL

LOOP(fill)
{
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = (REAL)s->constant;
}

#else

LOOP_TABLE(fill)

const ad_sample ad_samples_over_axes[8] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {0}}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.axes = {0}}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {1, false, {1}}}}},
    {.n_x = 1, .x = {{2, {3, 2}}}, .attributes = {{.axes = {1, true, {-1}}}}},
    {.n_x = 1, .x = {{4, {2, 3, 2, 2}}}, .attributes = {{.axes = {2, false, {0, 2}}}}},
    {.n_x = 1, .x = {{3, {2, 3, 4}}}, .attributes = {{.axes = {1, true, {1}}}}},
    {.n_x = 1, .x = {{5, {2, 1, 2, 2, 3}}}, .attributes = {{.axes = {3, true, {-1, 2, 0}}}}},
    {.n_x = 1, .x = {{3, {0, 3, 2}}}, .attributes = {{.axes = {1, false, {1}}}}},
};

/* ---- Shapes ------------------------------------------------------------------------------------------------------ */

unsigned ad_reduced_axes(ad_call *c)
{
    unsigned mask = 0;
    ad_axes_mask(c, &c->attributes[0].axes, c->x[0]->shape->rank, &mask);
    return mask;
}

ad_shape ad_kept_shape(ad_call *c) { return ad_reduced(c->x[0]->shape, ad_reduced_axes(c), true); }

static void reduced_shape_of(ad_call *c, ad_type type)
{
    unsigned mask;
    const ad_axes *axes = &c->attributes[0].axes;
    if (!ad_axes_mask(c, axes, c->x[0]->shape->rank, &mask))
        return;
    const ad_shape y = ad_reduced(c->x[0]->shape, mask, axes->keep);
    ad_result(c, 0, type, &y);
}

void ad_reduced_shape(ad_call *c) { reduced_shape_of(c, (ad_type)c->x[0]->type); }

void ad_reduced_shape_of_something(ad_call *c, ad_type type, const char *what)
{
    const ad_shape *x = c->x[0]->shape;
    unsigned mask;
    char text[AD_OPERAND_TEXT];
    if (!ad_axes_mask(c, &c->attributes[0].axes, x->rank, &mask))
        return;
    for (int i = 0; i < x->rank; i++)
        if (mask & 1U << i && x->dims[i] == 0) {
            ad_call_fail(c, AD_BAD_SHAPE, "axis %d of %s is empty: there is no %s of nothing", i,
                         ad_operand_text(c, 0, text), what);
            return;
        }
    reduced_shape_of(c, type);
}

double ad_group_size(const ad_shape *x, unsigned mask)
{
    double n = 1;
    for (int i = 0; i < x->rank; i++)
        n *= mask & 1U << i ? (double)x->dims[i] : 1;
    return n;
}

bool ad_spreads(const ad_shape *y, const ad_shape *x, unsigned *mask)
{
    *mask = 0;
    for (int i = 0; i < x->rank && y->rank == x->rank; i++)
        if (y->dims[i] != x->dims[i]) {
            *mask |= 1U << i;
            if (y->dims[i] != 1)
                return false;
        }
    return y->rank == x->rank;
}

ad_axes ad_axes_kept(const ad_pullback *p)
{
    ad_axes axes = ad_attribute_at(p, 0)->axes;
    axes.keep = true;
    return axes;
}

ad_tensor ad_keep_axes(ad_pullback *p, ad_tensor g)
{
    const ad_axes *axes = &ad_attribute_at(p, 0)->axes;
    ad_shape kept = *ad_x_shape(p, 0);
    for (int i = 0; i < kept.rank; i++)
        if (axes->count == 0)
            kept.dims[i] = 1;
    for (int i = 0; i < axes->count; i++)
        kept.dims[axes->axis[i] < 0 ? axes->axis[i] + kept.rank : axes->axis[i]] = 1;
    return axes->keep ? g : ad_reshape(g, kept);
}

/* ---- Walking ----------------------------------------------------------------------------------------------------- */

/* Sets the block {m, n, k} to the innermost axes. */
static void take_block(ad_groups *of)
{
    int at = 0;
    of->block[2] = at < of->n_axes && !of->reduced[at] ? of->size[at++] : 1;
    of->block[1] = at < of->n_axes ? of->size[at++] : 1;
    of->block[0] = at < of->n_axes ? of->size[at++] : 1;
    of->in_block = at;
    of->go_on = false;
    for (; at < of->n_axes; at++)
        of->go_on = of->go_on || of->reduced[at];
}

ad_groups ad_groups_of(const ad_shape *x, unsigned mask)
{
    ad_groups of;
    of.x = x, of.mask = mask, of.count = 1, of.n = 1, of.n_axes = 0;
    for (int i = x->rank - 1; i >= 0; i--) {
        const bool reduced = mask & 1U << i;
        const size_t size = (size_t)x->dims[i];
        if (size == 1)
            continue;
        if (reduced)
            of.n *= (double)size;
        else
            of.count *= size;
        if (of.n_axes == 0 || of.reduced[of.n_axes - 1] != reduced) {
            of.reduced[of.n_axes] = reduced;
            of.size[of.n_axes++] = 1;
        }
        of.size[of.n_axes - 1] *= size;
    }
    take_block(&of);
    return of;
}

ad_groups ad_groups_reduced(ad_call *c) { return ad_groups_of(c->x[0]->shape, ad_reduced_axes(c)); }

/* Sets *group to the first group of block b; returns how many elements its groups had in the blocks before. */
static size_t place_of(const ad_groups *of, size_t b, size_t *group)
{
    size_t group_stride = of->block[0] * of->block[2], stride = of->block[1], before = 0;
    *group = 0;
    for (int axis = of->in_block; axis < of->n_axes; axis++) {
        const size_t i = b % of->size[axis];
        size_t *const at = of->reduced[axis] ? &before : group, *const step =
                                                                    of->reduced[axis] ? &stride : &group_stride;
        *at += i * *step;
        *step *= of->size[axis];
        b /= of->size[axis];
    }
    return before;
}

void ad_walk_span(ad_call *c, const ad_loops *loops, const ad_groups *of, ad_span s, int n,
                  const ad_group_array arrays[])
{
    const size_t bytes = ad_bytes_of(c->x[0]->type), block = of->block[0] * of->block[1] * of->block[2];
    size_t blocks = 1;
    ad_loop *loop = ad_loop_for(loops, c->x[0]->type);
    for (int i = 0; i < AD_SPAN_SIZES; i++)
        s.size[i] = of->block[i];
    for (int axis = of->in_block; axis < of->n_axes; axis++)
        blocks *= of->size[axis];
    for (size_t b = 0; b < blocks; b++) {
        size_t group;
        s.n = place_of(of, b, &group);
        for (int i = 0; i < n; i++) {
            const size_t at = arrays[i].is_wide ? b * block : group, size = i == 0 && s.step[0]  ? sizeof(ad_total)
                                                                            : arrays[i].is_index ? sizeof(int32_t)
                                                                                                 : bytes;
            s.array[i] = arrays[i].data ? (char *)arrays[i].data + at * size : NULL;
        }
        loop(&s);
    }
}

void ad_walk_groups(ad_call *c, const ad_loops *loops, const ad_shape *x, unsigned mask, double nothing, int n,
                    const ad_group_array arrays[])
{
    const ad_groups of = ad_groups_of(x, mask);
    if (ad_count_of(x))
        ad_walk_span(c, loops, &of, (ad_span){0}, n, arrays);
    else if (!arrays[0].is_wide)
        ad_fill_reals(c, arrays[0].data, of.count, nothing);
}

void ad_reduce_into(ad_call *c, const ad_loops *loops, void *y, double nothing)
{
    ad_walk_groups(c, loops, c->x[0]->shape, ad_reduced_axes(c), nothing, 2,
                   (const ad_group_array[]){{.data = y}, {c->x[0]->data, true, false}});
}

void ad_fill_reals(const ad_call *c, void *data, size_t n, double value)
{
    ad_span s = {.n = n, .array = {data}, .constant = value};
    ad_loop_for(&fill_loops, c->x[0]->type)(&s);
}
#endif
