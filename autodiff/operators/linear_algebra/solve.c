/* Systems of equations with matrices in the last two axes, and inverses. */
#include <limits.h>

#include "../../base/blas.h"
#include "../../base/lapack.h"
#include "../family.h"
#include "matrices.h"

#ifdef AD_REAL

/* y = below x, on x or above x, as the element lies to the diagonal of its [m,n] matrix; what counts 0 is 0 whatever it
 * was. The weights are in array 2. */
LOOP(triangles)
{
    const REAL *restrict X = s->array[1];
    const double *weight = s->array[2];
    REAL *restrict Y = s->array[0];
    const size_t m = s->size[0], n = s->size[1];
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            const REAL w = (REAL)weight[j < i ? 0 : j == i ? 1 : 2];
            Y[i * n + j] = w == 0 ? 0 : w * X[i * n + j];
        }
}
/* The first 0 on the diagonal of an [n,n] matrix into array 0; n if no element is 0. */
LOOP(find_zero_pivot)
{
    const REAL *X = s->array[1];
    const size_t n = s->size[0];
    size_t i = 0;
    while (i < n && X[i * n + i] != 0)
        i++;
    *(size_t *)s->array[0] = i;
}

#else

AD_FAMILY(linear_algebra_solve)

LOOP_TABLE(triangles)
LOOP_TABLE(find_zero_pivot)

/* ---- Triangles --------------------------------------------------------------------------------------------------- */

static void triangles_shape(ad_call *c)
{
    char text[AD_OPERAND_TEXT];
    if (c->x[0]->shape->rank < 2)
        ad_call_fail(c, AD_BAD_SHAPE, "%s has less than two axes", ad_operand_text(c, 0, text));
    else
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[0]->shape);
}

static void triangles_run(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape;
    const size_t m = (size_t)ad_last(x, 2), n = (size_t)ad_last(x, 1), n_matrices = ad_matrix_count(c->x[0]);
    double weights[] = {c->attributes[0].real, c->attributes[1].real, c->attributes[2].real};
    for (size_t at = 0; at < n_matrices; at++) {
        ad_span span = {.array = {ad_matrix_of(c->y[0], at), ad_matrix_of(c->x[0], at), weights}, .size = {m, n}};
        ad_loop_for(&triangles_loops, c->x[0]->type)(&span);
    }
}

/* y = x with weights :  dx = dy with the same weights */
static void triangles_vjp(ad_pullback *p)
{
    ad_give(
        p, 0,
        ad_triangles(ad_dy(p), ad_attribute_at(p, 0)->real, ad_attribute_at(p, 1)->real, ad_attribute_at(p, 2)->real));
}

static const ad_sample samples_triangles[] = {
    {.n_x = 1, .x = {{2, {3, 3}}}, .attributes = {{.real = 1}, {.real = 0.5}, {.real = 0}}},
    {.n_x = 1, .x = {{3, {2, 2, 3}}}, .attributes = {{.real = 0}, {.real = 1}, {.real = -2}}},
    {.n_x = 1, .x = {{2, {0, 0}}}, .attributes = {{.real = 1}, {.real = 1}, {.real = 0}}},
};

AD_OPERATOR(triangles,
    .arity = 1,
    .attributes = {{"below", AD_ATTRIBUTE_REAL}, {"on", AD_ATTRIBUTE_REAL}, {"above", AD_ATTRIBUTE_REAL}},
    .shape = triangles_shape,
    .run = triangles_run,
    .vjp = triangles_vjp,
    SAMPLES(samples_triangles),
    .linear = AD_LINEAR_IN(0),
    .formula = "x times below, on or above, as it lies to the diagonal",
    .gradient = "triangles(dy)",
    .convention = "0 where the weight is 0, whatever x is",
);

ad_tensor ad_triangles(ad_tensor x, double below, double on, double above)
{
    return ad_apply_one(&ad_operator_triangles, &x, 1,
                        (const ad_attribute[]){{.real = below}, {.real = on}, {.real = above}});
}

/* ---- Systems ----------------------------------------------------------------------------------------------------- */

static void fail_operands(ad_call *c, const char *what)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    ad_call_fail(c, AD_BAD_SHAPE, "%s: %s and %s", what, ad_operand_text(c, 0, a), ad_operand_text(c, 1, b));
}

/* a [...,n,n], b [...,n,k] :  y [...,n,k] */
static void system_shape(ad_call *c)
{
    const ad_shape *a = c->x[0]->shape, *b = c->x[1]->shape;
    if (!ad_check_square(c, 0))
        return;
    if (b->rank < 2) {
        fail_operands(c, "the right side must have two axes or more, [n,k]");
        return;
    }
    ad_shape y = ad_leading(a), lead_b = ad_leading(b);
    if (ad_last(a, 1) != ad_last(b, 2))
        fail_operands(c, "the numbers of rows differ");
    else if (ad_last(b, 1) > INT_MAX)
        fail_operands(c, "the right side has more than 2147483647 columns");
    else if (!ad_broadcast(&y, &lead_b))
        fail_operands(c, "leading sizes do not broadcast");
    else {
        y.dims[y.rank++] = ad_last(b, 2);
        y.dims[y.rank++] = ad_last(b, 1);
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    }
}

/* The matrices of both operands that belong to matrix number `at` of the result. */
typedef struct equations {
    size_t a, b;
} equations;

static equations system_at(const ad_call *c, size_t at)
{
    const ad_shape lead = ad_leading(c->y[0]->shape), a = ad_leading(c->x[0]->shape), b = ad_leading(c->x[1]->shape);
    return (equations){ad_matrix_at(&lead, &a, at), ad_matrix_at(&lead, &b, at)};
}

#define SAMPLES_OF_SYSTEMS(...)                                                                                        \
    {.n_x = 2, .x = {{2, {3, 3}}, {2, {3, 2}}}, .attributes = {__VA_ARGS__}},                                          \
        {.n_x = 2, .x = {{3, {2, 2, 2}}, {2, {2, 1}}}, .attributes = {__VA_ARGS__}},                                   \
    {                                                                                                                  \
        .n_x = 2, .x = {{4, {2, 1, 2, 2}}, {3, {3, 2, 2}}}, .attributes = { __VA_ARGS__ }                              \
    }

static const ad_sample samples_solve_triangular[] = {
    SAMPLES_OF_SYSTEMS({.integer = AD_LOWER}),
    SAMPLES_OF_SYSTEMS({.integer = AD_UPPER | AD_TRANSPOSED}),
    {.n_x = 2, .x = {{2, {3, 3}}, {2, {3, 2}}}, .attributes = {{.integer = AD_LOWER | AD_TRANSPOSED}}},
    {.n_x = 2, .x = {{2, {3, 3}}, {2, {3, 2}}}, .attributes = {{.integer = AD_UPPER}}},
    {.n_x = 2, .x = {{2, {3, 3}}, {2, {3, 2}}}, .attributes = {{.integer = AD_LOWER | AD_UNIT_DIAGONAL}}},
    {.n_x = 2, .x = {{2, {1, 1}}, {2, {1, 3}}}, .attributes = {{.integer = AD_UPPER}}},
    {.n_x = 2, .x = {{2, {0, 0}}, {2, {0, 2}}}, .attributes = {{.integer = AD_LOWER}}},
    {.n_x = 2, .x = {{2, {2, 2}}, {2, {2, 0}}}, .attributes = {{.integer = AD_LOWER}}},
};

static const ad_sample samples_solve[] = {
    SAMPLES_OF_SYSTEMS({.integer = 0}),
    SAMPLES_OF_SYSTEMS({.integer = 1}),
    {.n_x = 2, .x = {{2, {1, 1}}, {2, {1, 3}}}, .attributes = {{.integer = 0}}},
    {.n_x = 2, .x = {{2, {0, 0}}, {2, {0, 2}}}, .attributes = {{.integer = 0}}},
    {.n_x = 2, .x = {{2, {2, 2}}, {2, {2, 0}}}, .attributes = {{.integer = 0}}},
};

/* ---- Their rule -------------------------------------------------------------------------------------------------- */

/* One way to divide by a matrix. */
typedef struct division {
    ad_tensor (*by)(ad_tensor a, ad_tensor b, ad_triangle how);
    ad_triangle how;
} division;

static ad_tensor divide(division d, ad_tensor a, ad_tensor b) { return d.by(a, b, d.how); }

static division turned(division d) { return (division){d.by, (ad_triangle)((unsigned)d.how ^ AD_TRANSPOSED)}; }

static ad_tensor product_of(ad_tensor db, ad_tensor y, bool transposed)
{
    return transposed ? ad_matmul_nt(y, db) : ad_matmul_nt(db, y);
}

/* The same where y or db is out of range and their product may not be: both are computed anew, of order 1. */
static ad_tensor product_in_range(ad_pullback *p, division d, bool transposed)
{
    ad_tensor a = ad_x(p, 0), e[4];
    ad_tensor y = ad_normalised(divide(d, a, ad_normalised(ad_x(p, 1), &e[0])), &e[1]);
    ad_tensor db = ad_normalised(divide(turned(d), a, ad_normalised(ad_dy(p), &e[2])), &e[3]);
    return ad_shifted(product_of(db, y, transposed), ad_add(ad_add(e[0], e[1]), ad_add(e[2], e[3])));
}

/* Gives b its db = a'^-1 dy. Returns db y', or y db' if a is transposed, if the rule needs it. */
static ad_tensor give_db(ad_pullback *p, division d, bool transposed)
{
    ad_tensor db = divide(turned(d), ad_x(p, 0), ad_dy(p));
    ad_give(p, 1, db);
    if (!ad_wants(p, 0))
        return db;
    if (ad_is_out_of_range(db, ad_dy(p)) || ad_is_out_of_range(ad_y(p), ad_x(p, 1)))
        return product_in_range(p, d, transposed);
    return product_of(db, ad_y(p), transposed);
}

/* ---- A triangle -------------------------------------------------------------------------------------------------- */

static ad_triangle_kind kind_of(const ad_attribute *triangle)
{
    return (ad_triangle_kind){.upper = triangle->integer & AD_UPPER,
                              .transposed = triangle->integer & AD_TRANSPOSED,
                              .unit_diagonal = triangle->integer & AD_UNIT_DIAGONAL};
}

static void solve_triangular_shape(ad_call *c)
{
    const int64_t triangle = c->attributes[0].integer;
    if (triangle & ~(int64_t)(AD_UPPER | AD_TRANSPOSED | AD_UNIT_DIAGONAL))
        ad_call_fail(c, AD_BAD_VALUE, "triangle %lld is no sum of AD_UPPER, AD_TRANSPOSED and AD_UNIT_DIAGONAL",
                     (long long)triangle);
    else
        system_shape(c);
}

/* Whether matrix number `at` can be divided by; if not, the call fails. */
static bool check_triangle(ad_call *c, ad_triangle_kind kind, size_t at)
{
    size_t pivot, n = (size_t)ad_last(c->x[0]->shape, 1);
    char text[AD_MATRIX_TEXT];
    if (kind.unit_diagonal)
        return ad_check_finite_matrix(c, 0, at, kind.upper ? AD_ABOVE_DIAGONAL : AD_BELOW_DIAGONAL);
    if (!ad_check_finite_matrix(c, 0, at, kind.upper ? AD_UPPER_PART : AD_LOWER_PART))
        return false;
    ad_span span = {.array = {&pivot, ad_matrix_of(c->x[0], at)}, .size = {n}};
    ad_loop_for(&find_zero_pivot_loops, c->x[0]->type)(&span);
    if (pivot < n)
        ad_call_fail(c, AD_BAD_VALUE, "%s is singular: pivot %zu, its element [%zu,%zu], is 0",
                     ad_matrix_text(c, 0, at, text), pivot, pivot, pivot);
    return pivot == n;
}

static void solve_triangular_by_blas(ad_call *c)
{
    const ad_triangle_kind kind = kind_of(&c->attributes[0]);
    const int64_t n = ad_last(c->x[0]->shape, 1), k = ad_last(c->x[1]->shape, 1);
    const size_t n_systems = ad_matrix_count(c->y[0]);
    for (size_t at = 0; at < ad_matrix_count(c->x[0]); at++)
        if (!check_triangle(c, kind, at))
            return;
    for (size_t at = 0; at < n_systems; at++) {
        const equations s = system_at(c, at);
        void *y = ad_matrix_of(c->y[0], at);
        memcpy(y, ad_matrix_of(c->x[1], s.b), (size_t)(n * k) * ad_bytes_of(c->x[1]->type));
        ad_blas_solve_triangular((ad_type)c->x[0]->type, kind, n, k, ad_matrix_of(c->x[0], s.a), y);
    }
}

static void solve_triangular_run(ad_call *c) { ad_run_with_blas(c, solve_triangular_by_blas); }

/* a y = b :  db = a'^-1 dy,  da = -db y';  a' y = b :  db = a^-1 dy,  da = -y db';  in the triangle, without a diagonal
 * of ones (Giles 2008, 2.3.1) */
static void solve_triangular_vjp(ad_pullback *p)
{
    const ad_attribute *triangle = ad_attribute_at(p, 0);
    const ad_triangle_kind kind = kind_of(triangle);
    ad_tensor all = give_db(p, (division){ad_solve_triangular, (ad_triangle)triangle->integer}, kind.transposed);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_triangles(all, kind.upper ? 0 : -1, kind.unit_diagonal ? 0 : -1, kind.upper ? -1 : 0));
}

AD_OPERATOR(solve_triangular,
    .arity = 2,
    .attributes = {{"triangle", AD_ATTRIBUTE_INTEGER}},
    .shape = solve_triangular_shape,
    .run = solve_triangular_run,
    .vjp = solve_triangular_vjp,
    SAMPLES(samples_solve_triangular),
    .linear = AD_LINEAR_IN(1),
    .formula = "a^-1 b, a a triangle",
    .gradient = "-db y' in the triangle, db = a'^-1 dy",
    .convention = "a 0 on the diagonal is an error, and so is an a that is not finite",
    .domain = {{-1, 1, .diagonal = 2}, {0}},
);

ad_tensor ad_solve_triangular(ad_tensor a, ad_tensor b, ad_triangle triangle)
{
    return ad_apply_one(&ad_operator_solve_triangular, (const ad_tensor[]){a, b}, 2,
                        &(ad_attribute){.integer = (int64_t)triangle});
}

/* ---- Any regular matrix ------------------------------------------------------------------------------------------ */

/* Room for a factorisation. */
typedef struct factors {
    void *lu;
    int *exchanges;
} factors;

/* Factors matrix number `at` of operand 0; if it is not finite or singular the call fails. */
static bool factor(ad_call *c, size_t at, factors f)
{
    const size_t n = (size_t)ad_last(c->x[0]->shape, 1);
    char text[AD_MATRIX_TEXT];
    if (!ad_check_finite_matrix(c, 0, at, AD_WHOLE))
        return false;
    const size_t pivot = ad_factor(c, n, ad_matrix_of(c->x[0], at), f.lu, f.exchanges);
    if (pivot < n)
        ad_call_fail(c, AD_BAD_VALUE, "%s is singular: pivot %zu is 0, to within rounding",
                     ad_matrix_text(c, 0, at, text), pivot);
    return pivot == n;
}

static void solve_by_blas(ad_call *c)
{
    const ad_type type = (ad_type)c->x[0]->type;
    const size_t n = (size_t)ad_last(c->x[0]->shape, 1), k = (size_t)ad_last(c->x[1]->shape, 1);
    const size_t bytes = ad_type_bytes(type), n_systems = ad_matrix_count(c->y[0]);
    const factors f = {ad_scratch(c, n * n, bytes), ad_scratch(c, n, sizeof *f.exchanges)};
    void *columns = ad_scratch(c, n * k, bytes);
    if (!f.lu || !f.exchanges || !columns)
        return;
    for (size_t at = 0, factored = SIZE_MAX; at < n_systems; at++) {
        const equations s = system_at(c, at);
        if (s.a != factored && !factor(c, s.a, f))
            return;
        factored = s.a;
        ad_turn(c, n, k, ad_matrix_of(c->x[1], s.b), columns);
        ad_lapack_solve(type, c->attributes[0].integer, (int64_t)n, (int64_t)k, f.lu, f.exchanges, columns);
        ad_turn(c, k, n, columns, ad_matrix_of(c->y[0], at));
    }
}

static void solve_run(ad_call *c) { ad_run_with_blas(c, solve_by_blas); }

static ad_tensor solve(ad_tensor a, ad_tensor b, ad_triangle how);

/* a y = b :  db = a'^-1 dy,  da = -db y';  a' y = b :  db = a^-1 dy,  da = -y db' (Giles 2008, 2.3.1) */
static void solve_vjp(ad_pullback *p)
{
    const bool transposed = ad_attribute_at(p, 0)->integer;
    ad_tensor all = give_db(p, (division){solve, transposed ? AD_TRANSPOSED : AD_LOWER}, transposed);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_neg(all));
}

AD_OPERATOR(solve,
    .arity = 2,
    .attributes = {{"transposed", AD_ATTRIBUTE_INTEGER}},
    .shape = system_shape,
    .run = solve_run,
    .vjp = solve_vjp,
    SAMPLES(samples_solve),
    .linear = AD_LINEAR_IN(1),
    .formula = "a^-1 b",
    .gradient = "-db y', db = a'^-1 dy",
    .convention = "a singular a is an error, and so is one that is not finite",
    .domain = {{-1, 1, .diagonal = 3}, {0}},
);

/* Of the triangle only AD_TRANSPOSED counts. */
static ad_tensor solve(ad_tensor a, ad_tensor b, ad_triangle how)
{
    return ad_apply_one(&ad_operator_solve, (const ad_tensor[]){a, b}, 2,
                        &(ad_attribute){.integer = (how & AD_TRANSPOSED) != 0});
}

ad_tensor ad_solve(ad_tensor a, ad_tensor b) { return solve(a, b, AD_LOWER); }

static void inverse_by_blas(ad_call *c)
{
    const ad_type type = (ad_type)c->x[0]->type;
    const size_t n = (size_t)ad_last(c->x[0]->shape, 1), n_matrices = ad_matrix_count(c->x[0]);
    int *exchanges = ad_scratch(c, n, sizeof *exchanges);
    void *work = ad_scratch(c, n, AD_LAPACK_BLOCK * ad_type_bytes(type));
    if (!exchanges || !work)
        return;
    for (size_t at = 0; at < n_matrices; at++) {
        void *y = ad_matrix_of(c->y[0], at);
        if (!factor(c, at, (factors){y, exchanges}))
            return;
        ad_lapack_inverse(type, (int64_t)n, y, exchanges, work);
    }
}

static void inverse_run(ad_call *c) { ad_run_with_blas(c, inverse_by_blas); }

/* y = a^-1 :  da = -y' dy y' (Giles 2008, 2.2.3) */
static void inverse_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_neg(ad_matmul_nt(ad_matmul_tn(ad_y(p), ad_dy(p)), ad_y(p))));
}

AD_OPERATOR(inverse,
    .arity = 1,
    .shape = ad_square_shape,
    .run = inverse_run,
    .vjp = inverse_vjp,
    SAMPLES(ad_samples_of_square),
    .formula = "x^-1",
    .gradient = "-y' dy y'",
    .convention = "a singular matrix is an error, and so is one that is not finite",
    .domain = {{-1, 1, .diagonal = 3}},
);

ad_tensor ad_inverse(ad_tensor a) { return ad_apply1(&ad_operator_inverse, a); }

#endif
