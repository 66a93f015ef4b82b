/* The product over axes. It is carried in f64, and, where that leaves the range on the way, in numbers of any size. The
 * gradient is exact with zeros: the product of the others is made of the products before and after, never of a
 * quotient.
 */
#include "reduce.h"

#include "../../kernels/scaled.h"

#ifdef AD_REAL

enum { LANES = 32 };

static inline double product_of_row(const REAL *restrict x, size_t n)
{
    double product = 1;
    size_t i = 0;
    if (n >= LANES) {
        double lane[LANES];
        for (size_t j = 0; j < LANES; j++)
            lane[j] = 1;
        for (; i + LANES <= n; i += LANES)
            for (size_t j = 0; j < LANES; j++)
                lane[j] *= (double)x[i + j];
        for (size_t j = 0; j < LANES; j++)
            product *= lane[j];
    }
    for (; i < n; i++)
        product *= (double)x[i];
    return product;
}

/* Short rows are taken several at a time, so that their products do not wait for each other. */
static inline void products_of_rows(REAL *restrict y, const REAL *restrict x, size_t n)
{
    double product[ROWS_AT_ONCE];
    for (size_t r = 0; r < ROWS_AT_ONCE; r++)
        product[r] = 1;
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < ROWS_AT_ONCE; r++)
            product[r] *= (double)x[r * n + i];
    for (size_t r = 0; r < ROWS_AT_ONCE; r++)
        y[r] = ad_in_real(product[r]);
}

static inline void products_of_columns(REAL *restrict y, const REAL *restrict x, size_t n, size_t w, size_t k)
{
    double product[COLUMNS];
    for (size_t j = 0; j < w; j++)
        product[j] = 1;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w; j++)
            product[j] *= (double)x[i * k + j];
    for (size_t j = 0; j < w; j++)
        y[j] = ad_in_real(product[j]);
}

/* Groups that have all their elements in one block. */
LOOP(prod)
{
    const REAL *X = s->array[1];
    const size_t m = s->size[0], n = s->size[1], k = s->size[2];
    REAL *Y = s->array[0];
    size_t o = 0;
    if (k == 1 && n < LANES)
        for (; o + ROWS_AT_ONCE <= m; o += ROWS_AT_ONCE)
            products_of_rows(Y + o, X + o * n, n);
    for (; o < m; o++)
        if (k == 1)
            Y[o] = ad_in_real(product_of_row(X + o * n, n));
        else
            for (size_t j = 0; j < k; j += COLUMNS)
                products_of_columns(Y + o * k + j, X + o * n * k + j, n, k - j < COLUMNS ? k - j : COLUMNS, k);
}

/* The part of a scaled number from two numbers of REAL: -0 stays -0. */
static inline double part_of(REAL part, REAL rest) { return rest != 0 ? (double)part + (double)rest : (double)part; }

/* x = part * 2^power, where 1 <= |part| < 2. Returns a negative number if x is 0, denormal, infinite or NaN. */
ALWAYS_INLINE int64_t split(double x, double *part, int64_t *power)
{
    const uint64_t field = UINT64_C(0x7ff) << 52;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const int64_t exponent = (int64_t)((bits & field) >> 52);
    bits = (bits & ~field) | UINT64_C(1023) << 52;
    memcpy(part, &bits, sizeof bits);
    *power = exponent - 1023;
    return (exponent - 1) | (0x7fe - exponent);
}

/* So many factors below 2 stay in range. */
enum { FACTORS = 512 };

/* product *= the product of a row of whole LANES, in vectors. Returns false, having done nothing, if an element cannot
 * be split. */
static inline bool scaled_times_row(ad_scaled *product, const REAL *restrict x, size_t n)
{
    double lane[LANES], part;
    int64_t powers[LANES] = {0}, power, odd = 0;
    for (size_t j = 0; j < LANES; j++)
        lane[j] = 1;
    for (size_t i = 0, end; i < n; i = end) {
        end = n - i < FACTORS * LANES ? n : i + FACTORS * LANES;
        for (size_t at = i; at < end; at += LANES)
            for (size_t j = 0; j < LANES; j++) {
                odd |= split((double)x[at + j], &part, &power);
                lane[j] *= part;
                powers[j] += power;
            }
        for (size_t j = 0; j < LANES; j++) {
            (void)split(lane[j], &part, &power);
            lane[j] = part;
            powers[j] += power;
        }
    }
    for (size_t j = 0; j < LANES && odd >= 0; j++)
        *product = ad_scaled_mul(
            *product, (ad_scaled){lane[j] * ad_power_of_two((int)(powers[j] % 60)), (double)(powers[j] / 60)});
    return odd >= 0;
}

/* Each group's product so far is a scaled number: its part is the sum of arrays 0 and 2, its steps are in array 3. */
LOOP(prod_scaled)
{
    const REAL *X = s->array[1];
    const size_t n = s->size[1], k = s->size[2], whole = k == 1 && n >= 4 * LANES ? n / LANES * LANES : 0;
    REAL *part = s->array[0], *rest = s->array[2], *steps = s->array[3];
    for (size_t g = 0; g < s->size[0] * k; g++) {
        ad_scaled product = {part_of(part[g], rest[g]), (double)steps[g]};
        for (size_t i = whole && scaled_times_row(&product, X + g * n, whole) ? whole : 0; i < n; i++)
            product = ad_scaled_times(product, (double)X[(g / k * n + i) * k + g % k]);
        part[g] = (REAL)product.part;
        rest[g] = part[g] - part[g] == 0 ? (REAL)(product.part - (double)part[g]) : 0;
        steps[g] = (REAL)product.steps;
    }
}

LOOP(prod_round)
{
    REAL *part = s->array[0], *rest = s->array[1], *steps = s->array[2];
    for (size_t g = 0; g < s->n; g++)
        part[g] = (REAL)ad_scaled_value(ad_scaled_of(part_of(part[g], rest[g]), (double)steps[g]));
}

#else

AD_FAMILY(reductions_prod)

LOOP_TABLE(prod)
LOOP_TABLE(prod_scaled)
LOOP_TABLE(prod_round)

/* Whether the groups of a reduction lie in several blocks: reduced axes have a kept axis between them. */
static bool is_in_pieces(const ad_shape *x, unsigned mask)
{
    int runs = 0;
    bool within = false;
    for (int i = 0; i < x->rank; i++)
        if (x->dims[i] != 1) {
            const bool reduced = mask & 1U << i;
            runs += reduced && !within;
            within = reduced;
        }
    return runs > 1;
}

static void prod_scaled_run(ad_call *c, size_t groups)
{
    const size_t bytes = ad_bytes_of(c->y[0]->type);
    char *rest = ad_scratch(c, groups, 2 * bytes), *steps = rest ? rest + groups * bytes : NULL;
    void *y = c->y[0]->data;
    if (!rest)
        return;
    memset(rest, 0, 2 * groups * bytes);
    ad_fill_reals(c, y, groups, 1);
    ad_walk_groups(
        c, &prod_scaled_loops, c->x[0]->shape, ad_reduced_axes(c), 1, 4,
        (const ad_group_array[]){{.data = y}, {c->x[0]->data, true, false}, {.data = rest}, {.data = steps}});
    ad_loop_for(&prod_round_loops, c->x[0]->type)(&(ad_span){.n = groups, .array = {y, rest, steps}});
}

/* Of groups in one block the plain loop is right if it stayed in range. */
static void prod_run(ad_call *c)
{
    const size_t groups = ad_elements(c->y[0]);
    const bool in_pieces = is_in_pieces(c->x[0]->shape, ad_reduced_axes(c));
    const unsigned before = ad_watch_range();
    if (!in_pieces)
        ad_reduce_into(c, &prod_loops, c->y[0]->data, 1);
    if (ad_left_range(before) || in_pieces)
        prod_scaled_run(c, groups);
}

/* The axes of x with the reduced ones last; returns how many are kept. */
static int reduced_last(const ad_pullback *p, ad_axes *order)
{
    const ad_axes *axes = &ad_attribute_at(p, 0)->axes;
    const int rank = ad_x_shape(p, 0)->rank;
    unsigned mask = axes->count ? 0 : (1U << rank) - 1;
    for (int i = 0; i < axes->count; i++)
        mask |= 1U << (axes->axis[i] < 0 ? axes->axis[i] + rank : axes->axis[i]);
    int kept = 0;
    *order = (ad_axes){.count = rank};
    for (int i = 0; i < rank; i++)
        if (!(mask & 1U << i))
            order->axis[kept++] = i;
    for (int i = 0, at = kept; i < rank; i++)
        if (mask & 1U << i)
            order->axis[at++] = i;
    return kept;
}

/* The product of the others in all groups, times dy: the reduced axes are made one, the last. */
static ad_tensor times_others(ad_pullback *p)
{
    ad_axes order, inverse = {0};
    const int kept = reduced_last(p, &order);
    const ad_shape *x = ad_x_shape(p, 0);
    ad_shape moved = *x, flat = {.rank = kept + 1, .dims = {1}}, groups;
    flat.dims[kept] = 1;
    for (int i = 0; i < x->rank; i++) {
        moved.dims[i] = x->dims[order.axis[i]];
        inverse.axis[order.axis[i]] = i;
        if (i < kept)
            flat.dims[i] = moved.dims[i];
        else
            flat.dims[kept] *= moved.dims[i];
    }
    inverse.count = order.count;
    groups = flat;
    groups.dims[kept] = 1;
    const ad_tensor wide = ad_reshape(ad_permute(ad_x(p, 0), order), flat),
                    v = ad_broadcast_to(ad_reshape(ad_dy(p), groups), flat);
    return ad_permute(ad_reshape(ad_prod_others(v, wide, kept), moved), inverse);
}

/* y = product of x :  dx = dy times the product of the others */
static void prod_vjp(ad_pullback *p)
{
    const ad_axes *axes = &ad_attribute_at(p, 0)->axes;
    const ad_tensor x = ad_x(p, 0), dy = ad_dy(p);
    const ad_shape shape = *ad_x_shape(p, 0), flat = AD_SHAPE((int64_t)ad_count_of(&shape));
    if (ad_count_of(&shape) == 0)
        ad_give(p, 0, ad_zeros(x.tape, ad_type_of(x), shape));
    else if (axes->count == 1)
        ad_give(p, 0, ad_prod_others(ad_broadcast_to(ad_keep_axes(p, dy), shape), x, axes->axis[0]));
    else if (axes->count == 0 || axes->count == shape.rank)
        ad_give(p, 0,
                ad_reshape(ad_prod_others(ad_broadcast_to(ad_reshape(dy, AD_SHAPE(1)), flat), ad_reshape(x, flat), 0),
                           shape));
    else
        ad_give(p, 0, times_others(p));
}

AD_OPERATOR(prod,
    OVER_AXES,
    SAMPLES(ad_samples_over_axes),
    .run = prod_run,
    .vjp = prod_vjp,
    .formula = "product of x over axes",
    .gradient = "dy times the product of the others",
    .convention = "1 over nothing; exact with zeros",
);

ad_tensor ad_prod_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_prod, x, axes); }
ad_tensor ad_prod(ad_tensor x) { return ad_prod_over(x, AD_ALL_AXES); }

#endif
