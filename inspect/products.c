/* A part of a gradient as products of numbers. */
#include "products.h"

#include <math.h>
#include <string.h>

#include "describe.h"
#include "operators.h"

enum { MOST_TERMS = 3 };

static void put_number(ad_sink *sink, double number) { ad_put_number(sink, number, AD_FEW_DIGITS); }

static double element(const ad_numbers *x, size_t i) { return ad_element_of(x->data, x->type, i); }

static size_t dim(const ad_numbers *x, int i) { return (size_t)x->shape.dims[i]; }

/* ---- Products of matrices ---------------------------------------------------------------------------------------- */

/* A sum of n products a[a0 + i astep] b[b0 + i bstep]. */
typedef struct terms {
    size_t n, a0, astep, b0, bstep;
} terms;

/* One of the two gradients of a product of matrices. */
typedef struct matrix_rule {
    int other;               /* the operand that is the factor */
    bool dy_first;           /* dy stands before it */
    bool a_turned, b_turned; /* the first, the second is transposed */
} matrix_rule;

/* Reads the words of the operator's row. Returns false if the part is no product of matrices. */
static bool find_rule(const ad_part *part, matrix_rule *rule)
{
    const ad_operator_notes *notes = ad_notes_of(part->from);
    if (!notes->is_matrix_product || part->place > 1)
        return false;
    const char *words = notes->gradients[part->place], *end_of_first = strchr(words, ' ') - 1;
    *rule = (matrix_rule){.other = 1 - part->place,
                          .dy_first = *words == 'd',
                          .a_turned = *end_of_first == '\'',
                          .b_turned = words[strlen(words) - 1] == '\''};
    return true;
}

/* A matrix of x: all axes but the last are rows. */
static ad_shape matrix_of(const ad_shape *shape, bool turned)
{
    const int64_t columns = shape->rank ? shape->dims[shape->rank - 1] : 1;
    int64_t rows = 1;
    for (int i = 0; i + 1 < shape->rank; i++)
        rows *= shape->dims[i];
    return turned ? AD_SHAPE(columns, rows) : AD_SHAPE(rows, columns);
}

bool ad_put_matrix_product(ad_sink *sink, ad_ink ink, const ad_part *part)
{
    matrix_rule rule;
    if (!ad_notes_of(part->from)->is_matrix_product)
        return false;
    ad_put_operand_gradient(sink, ink, part->from, part->place);
    if (!find_rule(part, &rule)) {
        ad_put(sink, " over rows");
        return true;
    }
    const ad_shape factor = ad_shape_of(ad_operand(part->from, rule.other)), dy = ad_shape_of(part->from);
    ad_put(sink, " = ");
    ad_put_shape(sink, matrix_of(rule.dy_first ? &dy : &factor, rule.a_turned));
    ad_put(sink, " ");
    ad_put_shape(sink, matrix_of(rule.dy_first ? &factor : &dy, rule.b_turned));
    return true;
}

/* The terms of element k of a product of two matrices, stored as they are and read turned or not. */
static terms terms_of(const ad_numbers *a, bool a_turned, const ad_numbers *b, bool b_turned, size_t k)
{
    const ad_shape x = matrix_of(&a->shape, false), y = matrix_of(&b->shape, false);
    const size_t x_columns = (size_t)x.dims[1], y_columns = (size_t)y.dims[1];
    const size_t columns = b_turned ? (size_t)y.dims[0] : y_columns, i = k / columns, j = k % columns;
    return (terms){
        .n = a_turned ? (size_t)x.dims[0] : x_columns,
        .a0 = a_turned ? i : i * x_columns,
        .astep = a_turned ? x_columns : 1,
        .b0 = b_turned ? j * y_columns : j,
        .bstep = b_turned ? 1 : y_columns,
    };
}

/* ---- The gradient before the activation of linear ---------------------------------------------------------------- */

/* The slope of an activation as a function of its value y. */
static double slope(ad_activation activation, double y)
{
    switch (activation) {
    case AD_RELU: return y > 0;
    case AD_TANH: return (1 - y) * (1 + y);
    case AD_LOGISTIC: return y * (1 - y);
    case AD_SOFTPLUS: return -expm1(-y);
    case AD_ELU: return y > 0 ? 1 : y + 1;
    default: return 1;
    }
}

/* What stands for dy in the rule. */
typedef struct upstream {
    const ad_numbers *dy;
    ad_numbers y; /* of linear with an activation; its data is NULL elsewhere */
    ad_activation activation;
} upstream;

static double slope_at(const upstream *u, size_t i) { return u->y.data ? slope(u->activation, element(&u->y, i)) : 1; }

static double upstream_at(const upstream *u, size_t i) { return element(u->dy, i) * slope_at(u, i); }

static bool find_upstream(const ad_part *part, upstream *u)
{
    *u = (upstream){.dy = &part->upstream[0]};
    if (ad_is_made_by(part->from, "linear")) {
        u->activation = ad_activation_of(part->from);
        if (!ad_find_value(part->from, &u->y))
            return false;
    }
    return u->dy->data;
}

/* ---- Terms ------------------------------------------------------------------------------------------------------- */

/* The terms of an element, the factor beside dy, and which of both comes first. Without a factor it is the slope. */
typedef struct sum_of_products {
    terms terms;
    upstream upstream;
    ad_numbers factor;
    bool has_factor, dy_first;
} sum_of_products;

static bool find_matrix_terms(const ad_part *part, const matrix_rule *rule, size_t k, sum_of_products *s)
{
    if (!find_upstream(part, &s->upstream) || !ad_find_value(ad_operand(part->from, rule->other), &s->factor))
        return false;
    const bool is_linear = ad_is_made_by(part->from, "linear");
    if (!is_linear && (s->factor.shape.rank != 2 || s->upstream.dy->shape.rank != 2))
        return false;
    s->has_factor = true;
    s->dy_first = rule->dy_first;
    const ad_numbers *a = s->dy_first ? s->upstream.dy : &s->factor, *b = s->dy_first ? &s->factor : s->upstream.dy;
    s->terms = terms_of(a, rule->a_turned, b, rule->b_turned, k);
    return true;
}

/* The bias of linear: a sum over rows of dy times the slope of the activation. */
static bool find_bias_terms(const ad_part *part, size_t k, sum_of_products *s)
{
    if (!ad_is_made_by(part->from, "linear") || part->place != 2 || !find_upstream(part, &s->upstream))
        return false;
    const ad_shape rows = matrix_of(&s->upstream.dy->shape, false);
    s->dy_first = true;
    s->terms = (terms){.n = (size_t)rows.dims[0], .a0 = k, .astep = (size_t)rows.dims[1]};
    return true;
}

static void term_at(const sum_of_products *s, size_t i, double *a, double *b)
{
    const size_t at_a = s->terms.a0 + i * s->terms.astep, at_b = s->terms.b0 + i * s->terms.bstep;
    if (!s->has_factor) {
        *a = element(s->upstream.dy, at_a);
        *b = slope_at(&s->upstream, at_a);
        return;
    }
    *a = s->dy_first ? upstream_at(&s->upstream, at_a) : element(&s->factor, at_a);
    *b = s->dy_first ? element(&s->factor, at_b) : upstream_at(&s->upstream, at_b);
}

/* Whether the products add up to the element, to within rounding. If they do not, the rule computes something else. */
static bool adds_up(const sum_of_products *s, const ad_numbers *part, size_t k)
{
    double sum = 0, size = 0;
    for (size_t i = 0; i < s->terms.n; i++) {
        double a, b;
        term_at(s, i, &a, &b);
        sum += a * b;
        size += fabs(a * b);
    }
    return fabs(sum - element(part, k)) <= size * (part->type == AD_F32 ? 1e-4 : 1e-9);
}

static void put_terms(ad_sink *sink, const sum_of_products *s, double result)
{
    for (size_t i = 0; i < s->terms.n && i < MOST_TERMS; i++) {
        double a, b;
        term_at(s, i, &a, &b);
        ad_put(sink, i ? " + " : "");
        put_number(sink, a);
        ad_put(sink, " * ");
        put_number(sink, b);
    }
    if (s->terms.n > MOST_TERMS)
        ad_put_format(sink, " + .. (%zu more)", s->terms.n - MOST_TERMS);
    ad_put(sink, " = ");
    put_number(sink, result);
}

/* ---- One product ------------------------------------------------------------------------------------------------- */

static bool has_same_shape(const ad_numbers *a, const ad_numbers *b)
{
    if (a->shape.rank != b->shape.rank)
        return false;
    for (int i = 0; i < a->shape.rank; i++)
        if (dim(a, i) != dim(b, i))
            return false;
    return true;
}

/* Which element of dy gives element k of the part by itself; SIZE_MAX if several do. */
static size_t upstream_of(const ad_part *part, size_t k)
{
    const ad_operator *op = ad_operator_of(part->from);
    const ad_numbers *dy = &part->upstream[0];
    if (part->n_upstream != 1 || !dy->data)
        return SIZE_MAX;
    if (dy->n == 1)
        return 0;
    const bool is_single = op->properties & AD_VIEW
                               ? dy->n == part->part.n
                               : op->properties & AD_ELEMENTWISE && has_same_shape(dy, &part->part);
    return is_single ? k : SIZE_MAX;
}

/* A gradient is linear in dy: the part is dy times the local derivative, which is their quotient. */
static bool put_product(ad_sink *sink, const ad_part *part, size_t k)
{
    const size_t at = upstream_of(part, k);
    if (at == SIZE_MAX)
        return false;
    const double dy = element(&part->upstream[0], at), result = element(&part->part, k);
    if (!part->has_local && (dy == 0 || !isfinite(dy)))
        return false;
    put_number(sink, dy);
    ad_put(sink, " * ");
    put_number(sink, part->has_local ? part->local : result / dy);
    ad_put(sink, " = ");
    put_number(sink, result);
    return true;
}

bool ad_put_products(ad_sink *sink, const ad_part *part, size_t k)
{
    sum_of_products s = {0};
    matrix_rule rule;
    if (part->origin != AD_FROM_RULE || !part->part.data)
        return false;
    const bool has_terms =
        find_rule(part, &rule) ? find_matrix_terms(part, &rule, k, &s) : find_bias_terms(part, k, &s);
    if (!has_terms || part->has_local)
        return put_product(sink, part, k);
    if (!adds_up(&s, &part->part, k))
        return false;
    put_terms(sink, &s, element(&part->part, k));
    return true;
}
