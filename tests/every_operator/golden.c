/* Values, gradients and second gradients of every operator against numbers from PyTorch, kept in golden/. The module
 * beside the numbers, golden.py, says how a file is laid out, and the script of each family, make_NAME.py, where we
 * differ from PyTorch on purpose.
 *
 * The first operators are called through their public functions, all others by their row in the table. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>
#include <gradtape/operators/backward.h>

#include "../support/check.h"
#include "../support/gaps.h"
#include "../support/golden_reader.h"

#define VALUE_TOLERANCE 1e-12
#define SECOND_TOLERANCE 1e-10

/* Each family has its numbers in NAME.txt and NAME_special.txt. */
static const char *const families[] = {
    "core",
    "activations",
    "fused",
    "comparisons",
    "functions",
    "indexing",
    "linear_algebra",
    "losses",
    "reductions",
    "scans",
    "shapes",
};
enum { FAMILIES = COUNT(families) };

enum { MAX_OPERANDS = 8 };

/* ---- Golden files ------------------------------------------------------------------------------------------------ */

/* One operand or result of a case. Arrays that the file does not give are NULL. */
typedef struct golden_value {
    ad_type type;
    ad_shape shape;
    size_t n;
    double *value;     /* x, or y */
    double *direction; /* u, or v */
    double *gradient;  /* dx */
    double *second;    /* d2x, or d2v */
} golden_value;

typedef struct golden_case {
    char operator[48];
    char label[48];
    golden_attributes attributes;
    bool zeros_of_any_sign;
    int n_x, n_y;
    golden_value x[MAX_OPERANDS];
    golden_value y[AD_MAX_RESULTS];
} golden_case;

typedef struct golden_file {
    char name[64];
    golden_case *cases;
    size_t n;
    bool complete; /* read to its last line without a fault */
} golden_file;

static golden_file gradients[FAMILIES], specials[FAMILIES];

/* TYPE RANK SIZES... VALUES... */
static bool read_value(FILE *file, golden_value *g)
{
    return golden_read_type(file, &g->type) && golden_read_shape(file, &g->shape, &g->n) &&
           (g->value = golden_read_numbers(file, g->type, g->n)) != NULL;
}

/* Reads what follows a keyword. What has no shape of its own belongs to the operand or result last read, g. */
static bool read_line(FILE *file, const char *keyword, golden_case *c, golden_value **g)
{
    if (strcmp(keyword, "attributes") == 0)
        return golden_read_attributes(file, &c->attributes);
    if (strcmp(keyword, "zeros_of_any_sign") == 0)
        return c->zeros_of_any_sign = true;
    if (strcmp(keyword, "x") == 0 && c->n_x < MAX_OPERANDS)
        return read_value(file, *g = &c->x[c->n_x++]);
    if (strcmp(keyword, "y") == 0 && c->n_y < AD_MAX_RESULTS)
        return read_value(file, *g = &c->y[c->n_y++]);
    if (!*g)
        return false;
    double **numbers = NULL;
    if (strcmp(keyword, "u") == 0 || strcmp(keyword, "v") == 0)
        numbers = &(*g)->direction;
    else if (strcmp(keyword, "dx") == 0)
        numbers = &(*g)->gradient;
    else if (strcmp(keyword, "d2x") == 0 || strcmp(keyword, "d2v") == 0)
        numbers = &(*g)->second;
    return numbers && !*numbers && (*numbers = golden_read_numbers(file, (*g)->type, (*g)->n)) != NULL;
}

static bool has_gradients(const golden_case *c)
{
    bool has = false;
    for (int j = 0; j < c->n_y; j++)
        has = has || c->y[j].direction;
    return has;
}

/* Each gradient comes with its direction and its second gradient. A case with gradients has one of an operand. */
static bool is_whole(const golden_case *c)
{
    bool whole = c->n_y > 0, any = false;
    for (int k = 0; k < c->n_x; k++) {
        const golden_value *x = &c->x[k];
        whole = whole && !x->gradient == !x->direction && !x->gradient == !x->second;
        any = any || x->gradient;
    }
    for (int j = 0; j < c->n_y; j++)
        whole = whole && !c->y[j].direction == !c->y[j].second;
    return whole && any == has_gradients(c);
}

static bool read_case(FILE *file, golden_case *c)
{
    char keyword[32];
    golden_value *g = NULL;
    if (fscanf(file, "%47s %47s", c->operator, c->label) != 2)
        return false;
    while (fscanf(file, "%31s", keyword) == 1) {
        if (strcmp(keyword, "end") == 0)
            return is_whole(c);
        if (!read_line(file, keyword, c, &g))
            return false;
    }
    return false;
}

/* Makes room for one more case, zeroed. */
static golden_case *append_case(golden_file *f)
{
    golden_case *cases = realloc(f->cases, (f->n + 1) * sizeof *cases);
    if (!cases)
        return NULL;
    f->cases = cases;
    memset(&cases[f->n], 0, sizeof *cases);
    return &cases[f->n++];
}

static void read_file(FILE *file, golden_file *f)
{
    char keyword[32];
    while (fscanf(file, "%31s", keyword) == 1) {
        golden_case *c;
        size_t count;
        if (keyword[0] == '#') {
            golden_skip_line(file);
        } else if (strcmp(keyword, "cases") == 0) {
            f->complete = fscanf(file, "%zu", &count) == 1 && count == f->n;
        } else if (strcmp(keyword, "case") != 0 || !(c = append_case(f)) || !read_case(file, c)) {
            return;
        }
    }
}

static golden_file open_golden(const char *family, const char *suffix)
{
    char path[4096];
    golden_file f = {0};
    snprintf(f.name, sizeof f.name, "%s%s.txt", family, suffix);
    FILE *file = golden_open(f.name, path, sizeof path);
    if (file) {
        read_file(file, &f);
        fclose(file);
    }
    if (!f.complete)
        fprintf(stderr, "%s: cannot be read, or is wrong after %zu cases\n", path, f.n);
    return f;
}

static void free_value(golden_value *g)
{
    free(g->value);
    free(g->direction);
    free(g->gradient);
    free(g->second);
}

static void close_golden(golden_file *f)
{
    for (size_t i = 0; i < f->n; i++) {
        for (int k = 0; k < f->cases[i].n_x; k++)
            free_value(&f->cases[i].x[k]);
        for (int j = 0; j < f->cases[i].n_y; j++)
            free_value(&f->cases[i].y[j]);
    }
    free(f->cases);
}

/* How many cases the files of all families have. Those of a file that is wrong are not run: one was read in part. */
static int case_count(const golden_file files[FAMILIES])
{
    size_t n = 0;
    for (size_t f = 0; f < FAMILIES; f++)
        n += files[f].complete ? files[f].n : 0;
    return (int)n;
}

/* The i-th of them. */
static const golden_case *case_at(const golden_file files[FAMILIES], int i)
{
    size_t f = 0, rest = (size_t)i;
    for (; !files[f].complete || rest >= files[f].n; f++)
        rest -= files[f].complete ? files[f].n : 0;
    return &files[f].cases[rest];
}

/* ---- Calling an operator by its name ----------------------------------------------------------------------------- */

static ad_tensor cast_to_type_of_y(const golden_case *c, const ad_tensor *x)
{
    return ad_cast(x[0], c->y[0].type);
}

static ad_tensor scatter(const golden_case *c, const ad_tensor *x)
{
    return ad_scatter_add_rows(x[0], x[1], (int64_t)c->attributes.number[0]);
}

/* One public function, or two where a short form exists: its type says what its attributes are. */
typedef struct golden_call {
    const char *name;
    ad_tensor (*one)(ad_tensor x);
    ad_tensor (*two)(ad_tensor a, ad_tensor b);
    ad_tensor (*three)(ad_tensor a, ad_tensor b, ad_tensor c);
    ad_tensor (*by)(ad_tensor x, double c);
    ad_tensor (*to)(ad_tensor x, ad_shape shape);
    ad_tensor (*over)(ad_tensor x, ad_axes axes);
    ad_tensor (*three_over)(ad_tensor a, ad_tensor b, ad_tensor c, ad_axes axes);
    ad_tensor (*along)(ad_tensor x, int axis);
    ad_tensor (*two_along)(ad_tensor a, ad_tensor b, int axis);
    ad_tensor (*other)(const golden_case *c, const ad_tensor *x);
} golden_call;

static const golden_call calls[] = {
    {"add", .two = ad_add},
    {"sub", .two = ad_sub},
    {"mul", .two = ad_mul},
    {"div", .two = ad_div},
    {"maximum", .two = ad_maximum},
    {"minimum", .two = ad_minimum},
    {"neg", .one = ad_neg},
    {"shift", .by = ad_shift},
    {"scale", .by = ad_scale},
    {"pow_constant", .by = ad_pow_constant},
    {"exp", .one = ad_exp},
    {"log", .one = ad_log},
    {"sqrt", .one = ad_sqrt},
    {"square", .one = ad_square},
    {"abs", .one = ad_abs},
    {"logistic", .one = ad_logistic},
    {"tanh", .one = ad_tanh},
    {"relu", .one = ad_relu},
    {"softplus", .one = ad_softplus},
    {"elu", .one = ad_elu},
    {"step", .one = ad_step},
    {"sum", .one = ad_sum, .over = ad_sum_over},
    {"mean", .one = ad_mean, .over = ad_mean_over},
    {"max", .one = ad_max, .over = ad_max_over},
    {"logsumexp", .one = ad_logsumexp, .over = ad_logsumexp_over},
    {"reshape", .to = ad_reshape},
    {"transpose", .one = ad_transpose},
    {"broadcast_to", .to = ad_broadcast_to},
    {"sum_to", .to = ad_sum_to},
    {"gather_rows", .two = ad_gather_rows},
    {"scatter_add_rows", .other = scatter},
    {"cast", .other = cast_to_type_of_y},
    {"detach", .one = ad_detach},
    {"matmul", .two = ad_matmul},
    {"matmul_nt", .two = ad_matmul_nt},
    {"matmul_tn", .two = ad_matmul_tn},
    {"softmax", .along = ad_softmax},
    {"log_softmax", .along = ad_log_softmax},
    {"softmax_cross_entropy", .two = ad_softmax_cross_entropy},
    {"logistic_cross_entropy", .two = ad_logistic_cross_entropy},
    {"tanh_backward", .three = ad_tanh_backward},
    {"logistic_backward", .three = ad_logistic_backward},
    {"elu_backward", .three = ad_elu_backward},
    {"where_positive", .two = ad_where_positive},
    {"where_not_positive", .two = ad_where_not_positive},
    {"times_sign", .two = ad_times_sign},
    {"share_greater", .three = ad_share_greater},
    {"spread_ties", .three_over = ad_spread_ties},
    {"mean_ties", .three_over = ad_mean_ties},
    {"softmax_backward", .two_along = ad_softmax_backward},
    {"softmax_cross_entropy_backward", .three = ad_softmax_cross_entropy_backward},
};

static const golden_call *call_named(const char *name)
{
    for (size_t i = 0; i < COUNT(calls); i++) {
        if (strcmp(calls[i].name, name) == 0)
            return &calls[i];
    }
    return NULL;
}

static ad_axes axes_of(const golden_case *c)
{
    ad_axes axes = {.count = c->attributes.n - 1, .keep = c->attributes.number[0] != 0};
    for (int a = 0; a < axes.count; a++)
        axes.axis[a] = (int)c->attributes.number[a + 1];
    return axes;
}

static ad_shape shape_of(const golden_case *c)
{
    ad_shape shape = {.rank = c->attributes.n};
    for (int d = 0; d < shape.rank; d++)
        shape.dims[d] = (int64_t)c->attributes.number[d];
    return shape;
}

static ad_tensor call_public(const golden_call *k, const golden_case *c, const ad_tensor *x)
{
    if (k->other)
        return k->other(c, x);
    if (k->by)
        return k->by(x[0], c->attributes.number[0]);
    if (k->to)
        return k->to(x[0], shape_of(c));
    if (k->along)
        return k->along(x[0], (int)c->attributes.number[0]);
    if (k->two_along)
        return k->two_along(x[0], x[1], (int)c->attributes.number[0]);
    if (k->three_over)
        return k->three_over(x[0], x[1], x[2], axes_of(c));
    if (k->over && c->attributes.n > 0)
        return k->over(x[0], axes_of(c));
    return k->one ? k->one(x[0]) : k->two ? k->two(x[0], x[1]) : k->three(x[0], x[1], x[2]);
}

/* ---- Calling an operator by its row ------------------------------------------------------------------------------ */

static void call_by_row(const golden_case *c, ad_tape *tape, const ad_tensor *x, ad_tensor *y)
{
    const ad_operator *op = ad_operator_named(c->operator);
    ck_assert_msg(op, "%s: no such operator", c->operator);
    ck_assert_msg(c->n_y == (op->n_results ? op->n_results : 1), "%s %s: golden has %d results, its row has %d",
                  c->operator, c->label, c->n_y, op->n_results);
    char what[100];
    snprintf(what, sizeof what, "%s %s", c->operator, c->label);
    ad_attribute attributes[AD_MAX_ATTRIBUTES] = {{0}};
    const int n = golden_row_attributes(op, &c->attributes, what, attributes);
    ad_apply(tape, op, x, c->n_x, n > 0 ? attributes : NULL, y);
}

static void call(const golden_case *c, ad_tape *tape, const ad_tensor *x, ad_tensor *y)
{
    const golden_call *k = call_named(c->operator);
    if (k)
        y[0] = call_public(k, c, x);
    else
        call_by_row(c, tape, x, y);
}

/* ---- Recording a case -------------------------------------------------------------------------------------------- */

typedef struct recording {
    ad_tape *tape;
    ad_tensor x[MAX_OPERANDS];
    ad_tensor y[AD_MAX_RESULTS];
    ad_tensor v[AD_MAX_RESULTS]; /* only of results with gradients */
    ad_tensor loss;              /* the sum over these results of sum(v y) */
} recording;

/* A leaf like g with the numbers given: a parameter if it has a gradient in the file, else an input. */
static ad_tensor leaf(ad_tape *tape, const golden_value *g, const double *numbers, bool wants_gradient)
{
    void *data = malloc((g->n + 1) * sizeof(double));
    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < g->n; i++) {
        if (g->type == AD_F64)
            ((double *)data)[i] = numbers[i];
        else if (g->type == AD_F32)
            ((float *)data)[i] = (float)numbers[i];
        else
            ((int32_t *)data)[i] = (int32_t)numbers[i];
    }
    ad_tensor x = wants_gradient ? ad_param(tape, g->type, g->shape, data, NULL)
                                 : ad_input(tape, g->type, g->shape, data);
    free(data);
    return x;
}

static void assert_no_error(const golden_case *c, const ad_tape *tape)
{
    ad_status status = ad_status_of(tape);
    ck_assert_msg(status == AD_OK, "%s %s: %s: %s", c->operator, c->label, ad_status_name(status), ad_message(tape));
}

static void record_loss(const golden_case *c, recording *r)
{
    bool first = true;
    for (int j = 0; j < c->n_y; j++) {
        if (!c->y[j].direction)
            continue;
        r->v[j] = leaf(r->tape, &c->y[j], c->y[j].direction, true);
        ad_tensor term = ad_sum(ad_mul(r->v[j], r->y[j]));
        r->loss = first ? term : ad_add(r->loss, term);
        first = false;
    }
}

static recording record(const golden_case *c)
{
    recording r = {.tape = ad_tape_open(NULL)};
    ck_assert_ptr_nonnull(r.tape);
    for (int k = 0; k < c->n_x; k++)
        r.x[k] = leaf(r.tape, &c->x[k], c->x[k].value, c->x[k].gradient != NULL);
    call(c, r.tape, r.x, r.y);
    record_loss(c, &r);
    assert_no_error(c, r.tape);
    return r;
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

static void assert_same_kind(const golden_case *c, const char *what, ad_tensor got, const golden_value *g)
{
    ad_shape shape = ad_shape_of(got);
    bool same = shape.rank == g->shape.rank && ad_type_of(got) == g->type;
    for (int d = 0; same && d < shape.rank; d++)
        same = shape.dims[d] == g->shape.dims[d];
    ck_assert_msg(same, "%s %s: %s has rank %d, type %s and %zu elements; golden: rank %d, type %s, %zu elements",
                  c->operator, c->label, what, shape.rank, ad_type_name(ad_type_of(got)), ad_size_of(got),
                  g->shape.rank, ad_type_name(g->type), g->n);
}

/* The largest difference must be small beside the largest number of the block. */
static void assert_close(const golden_case *c, const char *what, ad_tensor got, const golden_value *g,
                         const double *want, double tolerance)
{
    assert_same_kind(c, what, got, g);
    double largest = 1e-300, error = 0;
    size_t worst = 0;
    for (size_t i = 0; i < g->n; i++) {
        if (isfinite(want[i]))
            largest = fmax(largest, fabs(want[i]));
        if (golden_distance(number_at(got, i), want[i]) > error) {
            error = golden_distance(number_at(got, i), want[i]);
            worst = i;
        }
    }
    ck_assert_msg(error <= tolerance * largest,
                  "%s %s: %s: relative error %.3g; element %zu is %.17g, golden %.17g", c->operator, c->label, what,
                  error / largest, worst, g->n ? number_at(got, worst) : 0, g->n ? want[worst] : 0);
}

/* A gradient that was not computed is one of zeros here: no path leads to the leaf. */
static void assert_gradient(const golden_case *c, const char *what, ad_tensor x, const golden_value *g,
                            const double *want, double tolerance)
{
    if (ad_has_gradient(x)) {
        assert_close(c, what, ad_gradient(x), g, want, tolerance);
        return;
    }
    for (size_t i = 0; i < g->n; i++) {
        ck_assert_msg(want[i] == 0, "%s %s: %s was not computed; golden has %.17g", c->operator, c->label, what,
                      want[i]);
    }
}

/* "gradient of x[2]", for messages. */
static const char *called(char text[48], const char *what, int index)
{
    snprintf(text, 48, "%s[%d]", what, index);
    return text;
}

static void assert_first_gradients(const golden_case *c, const recording *r)
{
    char what[48];
    for (int k = 0; k < c->n_x; k++) {
        const golden_value *g = &c->x[k];
        if (g->gradient)
            assert_gradient(c, called(what, "gradient of x", k), r->x[k], g, g->gradient, VALUE_TOLERANCE);
    }
}

static void assert_second_gradients(const golden_case *c, const recording *r)
{
    char what[48];
    for (int k = 0; k < c->n_x; k++) {
        const golden_value *g = &c->x[k];
        if (g->second)
            assert_gradient(c, called(what, "second gradient of x", k), r->x[k], g, g->second, SECOND_TOLERANCE);
    }
    for (int j = 0; j < c->n_y; j++) {
        const golden_value *g = &c->y[j];
        if (g->second)
            assert_gradient(c, called(what, "second gradient of v", j), r->v[j], g, g->second, SECOND_TOLERANCE);
    }
}

/* Whether the cases of an operator are to be tested: all are, unless the environment names one in GRADTAPE_ROW. */
static bool is_asked(const golden_case *c)
{
    const char *only = getenv("GRADTAPE_ROW");
    return !only || !only[0] || strcmp(only, c->operator) == 0;
}

/* ---- Tests of NAME.txt ------------------------------------------------------------------------------------------- */

START_TEST(values_and_gradients)
{
    const golden_case *c = case_at(gradients, _i);
    if (!is_asked(c))
        return;
    recording r = record(c);
    char what[48];
    for (int j = 0; j < c->n_y; j++)
        assert_close(c, called(what, "y", j), r.y[j], &c->y[j], c->y[j].value, VALUE_TOLERANCE);
    if (has_gradients(c)) {
        ad_backward(r.loss);
        assert_no_error(c, r.tape);
        assert_first_gradients(c, &r);
    }
    ad_tape_close(r.tape);
}
END_TEST

/* A sum whose gradient is 0, and which depends on a parameter even where no dx does. */
static ad_tensor nothing(const golden_case *c, const recording *r)
{
    int k = 0;
    while (!c->x[k].gradient)
        k++;
    return ad_scale(ad_sum(r->x[k]), 0.0);
}

/* The sum of u dx over the operands. */
static ad_tensor directional(const golden_case *c, const recording *r)
{
    ad_tensor s = nothing(c, r);
    for (int k = 0; k < c->n_x; k++) {
        if (c->x[k].gradient && ad_has_gradient(r->x[k])) {
            ad_tensor u = leaf(r->tape, &c->x[k], c->x[k].direction, false);
            s = ad_add(s, ad_sum(ad_mul(u, ad_gradient(r->x[k]))));
        }
    }
    return s;
}

START_TEST(second_gradients)
{
    const golden_case *c = case_at(gradients, _i);
    if (!has_gradients(c) || !is_asked(c))
        return;
    recording r = record(c);
    ad_backward_with(r.loss, &(ad_backward_options){.differentiable = true});
    assert_no_error(c, r.tape);
    assert_first_gradients(c, &r);
    ad_backward(directional(c, &r));
    assert_no_error(c, r.tape);
    assert_second_gradients(c, &r);
    ad_tape_close(r.tape);
}
END_TEST

/* ---- Tests of NAME_special.txt ----------------------------------------------------------------------------------- */

/* NaN for NaN, an infinity for itself, a zero for a zero (of its sign), and a finite number near by. */
static bool is_same_class(double got, double want, ad_type type, bool zeros_of_any_sign)
{
    if (isnan(want))
        return isnan(got);
    if (isinf(want))
        return got == want;
    if (want == 0)
        return got == 0 && (zeros_of_any_sign || !signbit(got) == !signbit(want));
    double relative = type == AD_F32 ? 2e-6 : VALUE_TOLERANCE;
    double denormal = type == AD_F32 ? (double)FLT_TRUE_MIN : DBL_TRUE_MIN;
    return got != 0 && !signbit(got) == !signbit(want) && fabs(got - want) <= relative * fabs(want) + 4 * denormal;
}

/* Writes the elements of the operands that have as many as the result, n, beside a value that is wrong. */
static const char *operands_at(const golden_case *c, size_t n, size_t i, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int k = 0; k < c->n_x && used < size; k++) {
        if (c->x[k].n == n)
            used += (size_t)snprintf(text + used, size - used, " x[%d] = %.9g", k, c->x[k].value[i]);
    }
    return text;
}

static void assert_same_classes(const golden_case *c, int j, ad_tensor got)
{
    const golden_value *y = &c->y[j];
    char what[48], operands[300];
    assert_same_kind(c, called(what, "y", j), got, y);
    for (size_t i = 0; i < y->n; i++) {
        ck_assert_msg(is_same_class(number_at(got, i), y->value[i], y->type, c->zeros_of_any_sign),
                      "%s %s: element %zu of y[%d] is %.17g, golden %.17g;%s", c->operator, c->label, i, j,
                      number_at(got, i), y->value[i], operands_at(c, y->n, i, operands, sizeof operands));
    }
}

START_TEST(special_values)
{
    const golden_case *c = case_at(specials, _i);
    if (!is_asked(c))
        return;
    recording r = record(c);
    for (int j = 0; j < c->n_y; j++)
        assert_same_classes(c, j, r.y[j]);
    ad_tape_close(r.tape);
}
END_TEST

/* ---- Nothing is left out ----------------------------------------------------------------------------------------- */

static void assert_complete(const golden_file *f)
{
    ck_assert_msg(f->complete && f->n > 0, "%s: missing, empty, or wrong at case %zu", f->name, f->n);
}

START_TEST(files_are_complete)
{
    assert_complete(&gradients[_i]);
    assert_complete(&specials[_i]);
}
END_TEST

/* Whose special values are not all here, and why not. */
static const struct {
    const char *operator, * why;
} exemptions[] = {
    {"cholesky", "what is not finite or not positive is an error"},
    {"cofactor", "the singular values of what is not finite are none"},
    {"cofactor_slope", "as cofactor"},
    {"det", "PyTorch's is arbitrary where the matrix is not finite"},
    {"dropout_mask", "it reads no number of its operand"},
    {"eigh", "what is not finite is an error"},
    {"inverse", "what is not finite or singular is an error"},
    {"polygamma", "neither PyTorch nor mpmath has a number at its poles and beyond"},
    {"slogdet", "as det"},
    {"solve", "what is not finite or singular is an error"},
    {"solve_triangular", "what is not finite or singular is an error"},
};

static bool is_exempt(const char *operator)
{
    for (size_t i = 0; i < COUNT(exemptions); i++)
        if (strcmp(exemptions[i].operator, operator) == 0)
            return true;
    return false;
}

static bool takes_only_i32(const ad_operator *op) { return op->types && strspn(op->types, "i") == strlen(op->types); }

static bool needs_gradients(const ad_operator *op)
{
    return op->arity != 0 && !(op->properties & (AD_NOT_DIFFERENTIABLE | AD_PIECEWISE_CONSTANT | AD_STOPS));
}

static bool needs_special_values(const ad_operator *op)
{
    return op->arity != 0 && !takes_only_i32(op) && !is_exempt(op->name);
}

static int cases_of(const golden_file files[FAMILIES], const char *operator, bool only_with_gradients)
{
    int n = 0;
    for (int i = 0; i < case_count(files); i++) {
        const golden_case *c = case_at(files, i);
        n += strcmp(c->operator, operator) == 0 && (!only_with_gradients || has_gradients(c));
    }
    return n;
}

/* A row that needs numbers and has none is a gap. One that has some must have them all. */
static const char no_numbers[] = "has no numbers from PyTorch: tests/golden/make_FAMILY.py makes them";

static bool is_gap(const ad_operator *op)
{
    return (needs_gradients(op) || needs_special_values(op)) && !cases_of(gradients, op->name, false) &&
           !cases_of(specials, op->name, false);
}

START_TEST(gaps_are_listed) { gaps_check(is_gap, no_numbers, ad_operator_named("tanh")); }
END_TEST

START_TEST(every_operator_has_cases)
{
    const ad_operator *op = ad_operator_at((size_t)_i);
    ck_assert_ptr_nonnull(op);
    if (needs_gradients(op) && !is_gap(op))
        ck_assert_msg(cases_of(gradients, op->name, true) > 0,
                      "%s: no case with gradients in golden/; add one to the script of its family", op->name);
}
END_TEST

/* ---- Special values, row by row ---------------------------------------------------------------------------------- */

enum { ZERO, MINUS_ZERO, DENORMAL, HUGE, INFINITE, MINUS_INFINITE, NOT_A_NUMBER, CLASSES };
static const char *const class_names[CLASSES] = {"0", "-0", "a denormal", "a huge number", "inf", "-inf", "NaN"};

/* -1: an ordinary number. */
static int class_of(double x, ad_type type)
{
    if (x == 0)
        return signbit(x) ? MINUS_ZERO : ZERO;
    if (isnan(x))
        return NOT_A_NUMBER;
    if (isinf(x))
        return x > 0 ? INFINITE : MINUS_INFINITE;
    if (fabs(x) < (type == AD_F32 ? (double)FLT_MIN : DBL_MIN))
        return DENORMAL;
    return fabs(x) > (type == AD_F32 ? 1e35 : 1e299) ? HUGE : -1;
}

/* Which classes operand k of an operator has in any case, as bits; `is_real` says whether it has any real number. */
static unsigned classes_of_operand(const char *operator, int k, bool *is_real)
{
    unsigned seen = 0;
    for (int i = 0; i < case_count(specials); i++) {
        const golden_case *c = case_at(specials, i);
        if (strcmp(c->operator, operator) != 0 || k >= c->n_x || c->x[k].type == AD_I32)
            continue;
        *is_real = true;
        for (size_t j = 0; j < c->x[k].n; j++) {
            const int class = class_of(c->x[k].value[j], c->x[k].type);
            seen |= class < 0 ? 0 : 1U << class;
        }
    }
    return seen;
}

START_TEST(every_operator_has_special_values)
{
    const ad_operator *op = ad_operator_at((size_t)_i);
    bool any_real = false, all = true;
    for (int k = 0; k < (op->arity == AD_VARIADIC ? 2 : op->arity); k++) {
        bool is_real = false;
        const unsigned seen = classes_of_operand(op->name, k, &is_real);
        any_real = any_real || is_real;
        for (int class = 0; is_real && class < CLASSES; class ++) {
            all = all && seen >> class & 1;
            ck_assert_msg(seen >> class & 1 || is_exempt(op->name), "%s: no special case has %s in operand %d",
                          op->name, class_names[class], k);
        }
    }
    if (needs_special_values(op) && !is_gap(op))
        ck_assert_msg(any_real, "%s: no special case in golden/", op->name);
    ck_assert_msg(!(any_real && all && is_exempt(op->name)), "%s: it has all special values: it need not be exempt",
                  op->name);
}
END_TEST

/* Which pairs of classes an element-wise operator has in its two operands, of classes * classes. */
static int count_pairs(const char *operator)
{
    bool seen[CLASSES][CLASSES] = {{false}};
    int n = 0;
    for (int i = 0; i < case_count(specials); i++) {
        const golden_case *c = case_at(specials, i);
        if (strcmp(c->operator, operator) != 0 || c->x[0].n != c->x[1].n)
            continue;
        for (size_t j = 0; j < c->x[0].n; j++) {
            const int a = class_of(c->x[0].value[j], c->x[0].type), b = class_of(c->x[1].value[j], c->x[1].type);
            n += a >= 0 && b >= 0 && !seen[a][b];
            if (a >= 0 && b >= 0)
                seen[a][b] = true;
        }
    }
    return n;
}

START_TEST(binary_operators_have_all_pairs)
{
    const ad_operator *op = ad_operator_at((size_t)_i);
    if (op->arity == 2 && op->properties & AD_ELEMENTWISE && !takes_only_i32(op) && !is_gap(op))
        ck_assert_msg(count_pairs(op->name) == CLASSES * CLASSES, "%s: only %d of %d pairs of special values", op->name,
                      count_pairs(op->name), CLASSES * CLASSES);
}
END_TEST

static Suite *golden_suite(void)
{
    Suite *suite = suite_create("golden");
    TCase *files = tcase_create("files");
    tcase_add_loop_test(files, files_are_complete, 0, FAMILIES);
    tcase_add_test(files, gaps_are_listed);
    tcase_add_loop_test(files, every_operator_has_cases, 0, (int)ad_operator_count());
    tcase_add_loop_test(files, every_operator_has_special_values, 0, (int)ad_operator_count());
    tcase_add_loop_test(files, binary_operators_have_all_pairs, 0, (int)ad_operator_count());
    suite_add_tcase(suite, files);

    TCase *cases = tcase_create("gradients");
    tcase_add_loop_test(cases, values_and_gradients, 0, case_count(gradients));
    tcase_add_loop_test(cases, second_gradients, 0, case_count(gradients));
    suite_add_tcase(suite, cases);

    TCase *values = tcase_create("special");
    tcase_add_loop_test(values, special_values, 0, case_count(specials));
    suite_add_tcase(suite, values);
    return suite;
}

int main(void)
{
    for (size_t f = 0; f < FAMILIES; f++) {
        gradients[f] = open_golden(families[f], "");
        specials[f] = open_golden(families[f], "_special");
    }
    gaps_print(is_gap, no_numbers);
    const int status = run_suites(srunner_create(golden_suite()));
    for (size_t f = 0; f < FAMILIES; f++) {
        close_golden(&gradients[f]);
        close_golden(&specials[f]);
    }
    return status;
}
