/* Matrices of derivatives, by rows or by columns. */
#include <gradtape/differentiate.h>
#include <gradtape/operators.h>

#include "../tape/status.h"
#include "path.h"

/* Element i of a tensor like x is 1, the others 0. */
static ad_tensor unit(ad_tensor x, size_t i)
{
    ad_tape *t = x.tape;
    const ad_entry *e = ad_entry_of(t, x);
    if (!e)
        return ad_inert(t);
    const ad_tensor one = ad_input(t, (ad_type)e->value.type, *e->value.shape, NULL);
    if (ad_is_inert(one))
        return one;
    ad_value *value = &ad_entry_at(t, one.id)->value;
    if (value->type == AD_F32)
        ((float *)value->data)[i] = 1;
    else
        ((double *)value->data)[i] = 1;
    return one;
}

/* Rows: each the gradient of one element of y. */
static void fill_rows(ad_tensor y, ad_tensor x, ad_tensor *rows, size_t n, const char *who)
{
    for (size_t i = 0; i < n && ad_status_of(y.tape) == AD_OK; i++)
        ad_sweep_to(y, unit(y, i), &x, 1, &rows[i], who);
}

static ad_shape joined(const ad_shape *a, const ad_shape *b)
{
    ad_shape y = *a;
    for (int i = 0; i < b->rank; i++)
        y.dims[y.rank++] = b->dims[i];
    return y;
}

/* n rows like x, one below the other, in the shape given. */
static ad_tensor stacked(ad_tensor x, const ad_tensor *rows, size_t n, ad_shape shape)
{
    ad_tape *t = x.tape;
    if (t->status != AD_OK)
        return ad_inert(t);
    if (n == 0)
        return ad_zeros(t, ad_type_of(x), shape);
    if (n == 1)
        return ad_reshape(rows[0], shape); /* a stack has one axis more */
    return ad_reshape(ad_stack(rows, (int)n, 0), shape);
}

static ad_tensor by_rows(ad_tensor y, ad_tensor x, size_t n, ad_shape shape, const char *who)
{
    ad_tape *t = y.tape;
    ad_storage *room;
    ad_tensor *rows = ad_room_for_tensors(t, n, &room), all = ad_inert(t);
    if (rows) {
        fill_rows(y, x, rows, n, who);
        all = stacked(x, rows, n, shape);
    }
    ad_pool_drop(&t->pool, room);
    return all;
}

/* Columns: g = vjp(u) is linear in u, and column j is the gradient of element j of g by u. */
static ad_tensor columns_of(ad_tensor g, ad_tensor u, ad_tensor y, ad_tensor x, ad_shape shape, const char *who)
{
    ad_tape *t = y.tape;
    const ad_shape of_y = ad_shape_of(y), of_x = ad_shape_of(x), across = joined(&of_x, &of_y);
    const size_t n = ad_count_of(&of_x);
    ad_storage *room;
    ad_tensor all = ad_inert(t), *columns = ad_room_for_tensors(t, n, &room);
    if (columns) {
        fill_rows(g, u, columns, n, who);
        all = ad_reshape(stacked(y, columns, n, across), AD_SHAPE((int64_t)n, (int64_t)ad_count_of(&of_y)));
        all = ad_reshape(ad_transpose(all), shape);
        all = ad_type_of(all) == ad_type_of(x) ? all : ad_cast(all, ad_type_of(x)); /* as by rows */
    }
    ad_pool_drop(&t->pool, room);
    return all;
}

/* By columns; by rows if a rule on the path turns out to have a survivor, which has no second derivative. */
static ad_tensor by_columns(ad_tensor y, ad_tensor x, size_t rows, ad_shape shape, const char *who)
{
    ad_tensor u = ad_zeros_like(y), g;
    if (ad_is_inert(u) || !ad_sweep_to(y, u, &x, 1, &g, who))
        return ad_inert(y.tape);
    return ad_path_has_raw(g, u) ? by_rows(y, x, rows, shape, who) : columns_of(g, u, y, x, shape, who);
}

/* Whether there is room for the rows and for the matrix made of them. This is asked before the work, so that the work
 * is not in vain; not where the tape holds room of that size already, as in every step after the first. */
static bool has_room(ad_tape *t, const ad_shape *shape, ad_type type, const char *who)
{
    char text[AD_SHAPE_TEXT];
    const size_t n = ad_count_of(shape), bytes = 2 * ad_type_bytes(type);
    if (ad_pool_idle_bytes(&t->pool) / bytes >= n)
        return true;
    void *room = ad_memory_take(&t->memory, n, bytes);
    if (!room)
        ad_fail(t, AD_NO_MEMORY, "%s: memory is out for a result %s of %s, which takes twice its size to make", who,
                ad_shape_text(shape, text), ad_type_name(type));
    ad_memory_release(&t->memory, room, n, bytes);
    return room != NULL;
}

static ad_tensor jacobian(ad_tensor y, ad_tensor x, const char *who)
{
    ad_tape *t = y.tape;
    const ad_shape of_y = ad_shape_of(y), of_x = ad_shape_of(x);
    if (of_y.rank + of_x.rank > AD_MAX_RANK) {
        ad_fail(t, AD_BAD_SHAPE, "%s: the result would have %d axes, %d of y and %d of x: there can be at most %d", who,
                of_y.rank + of_x.rank, of_y.rank, of_x.rank, AD_MAX_RANK);
        return ad_inert(t);
    }
    const ad_shape shape = joined(&of_y, &of_x);
    const size_t rows = ad_count_of(&of_y), columns = ad_count_of(&of_x);
    if (!ad_check_shape(t, who, &shape, sizeof(double)) || !has_room(t, &shape, ad_type_of(x), who))
        return ad_inert(t);
    return rows <= columns || ad_path_has_raw(y, x) ? by_rows(y, x, rows, shape, who)
                                                    : by_columns(y, x, rows, shape, who);
}

ad_tensor ad_jacobian(ad_tensor y, ad_tensor x)
{
    const ad_place begin = ad_begin_derivative(y.tape);
    ad_tensor all = ad_inert(y.tape);
    if (ad_check_derivative(y.tape, y, &x, 1, "jacobian"))
        all = jacobian(y, x, "jacobian");
    ad_end_derivative(y.tape, begin, &all, 1);
    return all;
}

ad_tensor ad_hessian(ad_tensor y, ad_tensor x)
{
    const ad_place begin = ad_begin_derivative(y.tape);
    ad_tensor all = ad_inert(y.tape), g;
    if (ad_check_derivative(y.tape, y, &x, 1, "hessian") && ad_check_one_element(y.tape, y, "hessian") &&
        ad_sweep_to(y, ad_inert(y.tape), &x, 1, &g, "hessian"))
        all = jacobian(g, x, "hessian");
    ad_end_derivative(y.tape, begin, &all, 1);
    return all;
}
