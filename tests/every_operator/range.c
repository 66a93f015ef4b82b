/* Values and gradients of every row at the ends of the range: operands and upstream gradients of 1e+-20 and 1e+-38 in
 * f32, of 1e+-150 and 1e+-300 in f64. A result that can be represented is there, though something on the way to it is
 * beyond the range; one that is too large is infinite, one that is too small is 0 or denormal.
 *
 * The numbers come from mpmath with 2,000 digits; golden/make_range.py makes them and says how they are written. A row
 * without numbers fails. With GRADTAPE_ROW=name in the environment all that is wrong of that row is printed. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "../support/check.h"
#include "../support/checker.h"
#include "../support/golden_reader.h"

/* Exponents of operands and of upstream gradients, by type. */
enum { MAGNITUDES = 5 };
static const int magnitudes[][MAGNITUDES] = {{0, 20, -20, 38, -38}, {0, 150, -150, 300, -300}};

enum { OPERANDS = 6, ELEMENTS = 32, COPIES = 17, SHOWN = 4, LINE = 1 << 14 };

/* ---- What cannot be mended --------------------------------------------------------------------------------------- */

/* Of a row, a place: `y`, or `dx0` for the gradient of operand 0. At most 20. */
typedef struct exception {
    const char *row, *place, *reason;
} exception;

static const exception exceptions[] = {
    {"cofactor_slope", "dx0", "the inverse and the determinant of a are parts of it, and one is out of range"},
    {"cumprod_backward", "dx0", "products of four numbers, of which f64 carries no wider type"},
    {"cumprod_backward", "dx1", "products of four numbers, of which f64 carries no wider type"},
    {"det", "dx0", "cofactors, of which each is a difference of products"},
    {"kl_divergence", "dx0", "of p beyond 1e19, which is no logarithm of a probability: both parts are infinite"},
    {"layer_norm", "dx0", "of rows of 1e150 at upstream gradients of 1e300"},
    {"layer_norm_backward", "dx0", "of rows of 1e38 and 1e300, whose deviations have no reciprocal with all digits"},
    {"layer_norm_backward", "dx1", "a second derivative, of rows of 1e20 and 1e150: a product of four factors"},
    {"layer_norm_backward", "y", "of rows of 1e300"},
    {"lstm_cell_backward", "dx1", "a sum of products of four factors"},
    {"norm", "dx0", "of elements that are 1e-76 of the norm and 1e-600: x / y is 0 before dy multiplies it"},
    {"normal_nll", "dx2", "d^2 is out of range before dl multiplies it"},
    {"poisson_nll", "y", "of r and k of 1e150 and 1e300: e^r and k r are infinite"},
    {"prod_after", "dx0", "products of three numbers out of range times a gradient of 0"},
    {"prod_before", "dx0", "products of three numbers out of range times a gradient of 0"},
    {"prod_slope", "dx1", "products of four numbers, of which f64 carries no wider type"},
    {"quotient_slope", "dx2", "r / b of an r that is out of range"},
    {"quotient_slope_or_zero", "dx2", "r / b of an r that is out of range"},
    {"recurrence", "dx0", "the recurrence itself is out of range beside a neighbour that is 0"},
    {"softmax_cross_entropy_with_backward", "dx1", "weights of 1e20 and 1e300 overflow beside a probability of 0"},
};
_Static_assert(COUNT(exceptions) <= 20, "exceptions are few");

static bool is_exception(const char *row, const char *place)
{
    for (int e = 0; e < COUNT(exceptions); e++)
        if (!strcmp(exceptions[e].row, row) && !strcmp(exceptions[e].place, place))
            return true;
    return false;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

/* A number of any size, and what rounding may change of it. */
typedef struct wanted {
    double mantissa, slack;
    int exponent, slack_exponent;
    bool unknown;
} wanted;

typedef struct numbers {
    size_t n;
    wanted at[ELEMENTS];
} numbers;

/* Operands, or upstream gradients: mantissas, or indices. */
typedef struct array {
    char letter;
    ad_shape shape;
    size_t n;
    double at[ELEMENTS];
} array;

/* One call of a case: the exponents of its real operands, and what is right. */
typedef struct point {
    ad_type type;
    int n_exponents, n_y, n_dx;
    struct {
        int exponent;
        bool alternates;
    } of[OPERANDS];
    numbers *y[AD_MAX_RESULTS], *dx[OPERANDS];
} point;

typedef struct range_case {
    char row[48], label[48];
    golden_attributes attributes;
    int n_x, n_v;
    array x[OPERANDS], v[AD_MAX_RESULTS];
    size_t n_points;
    point *points;
} range_case;

static range_case *cases;
static size_t n_cases;
static bool is_complete;

/* The next word of a line; NULL at its end. */
static char *word(char **line)
{
    char *w = *line + strspn(*line, " \n");
    const size_t n = strcspn(w, " \n");
    if (n == 0)
        return NULL;
    *line = w + n + (w[n] != 0);
    w[n] = 0;
    return w;
}

/* MANTISSAeEXPONENT */
static double split(const char *text, int *exponent)
{
    char mantissa[64];
    const char *e = strpbrk(text, "e~");
    const size_t n = e ? (size_t)(e - text) : strlen(text);
    snprintf(mantissa, sizeof mantissa, "%.*s", (int)n, text);
    *exponent = e && *e == 'e' ? atoi(e + 1) : 0;
    return strtod(mantissa, NULL);
}

static numbers *read_numbers(char *line)
{
    numbers *to = calloc(1, sizeof *to);
    for (char *w; to && to->n < ELEMENTS && (w = word(&line)) != NULL;) {
        wanted *x = &to->at[to->n++];
        const char *slack = strchr(w, '~');
        x->unknown = *w == '?';
        x->mantissa = split(w, &x->exponent);
        if (slack)
            x->slack = split(slack + 1, &x->slack_exponent);
    }
    return to;
}

static int read_int(char **line)
{
    const char *w = word(line);
    return w ? atoi(w) : -1;
}

/* RANK SIZES... NUMBERS... */
static bool read_array(char *line, array *to)
{
    char *w;
    to->shape.rank = read_int(&line);
    if (to->shape.rank < 0 || to->shape.rank > AD_MAX_RANK)
        return false;
    for (int d = 0; d < to->shape.rank; d++)
        to->shape.dims[d] = read_int(&line);
    while (to->n < ELEMENTS && (w = word(&line)) != NULL)
        to->at[to->n++] = strtod(w, NULL);
    return to->n == elements_of(to->shape);
}

static bool read_attributes(char *line, golden_attributes *to)
{
    to->n = read_int(&line);
    if (to->n < 0 || to->n > GOLDEN_NUMBERS)
        return false;
    for (int a = 0; a < to->n; a++) {
        const char *w = word(&line);
        if (!w)
            return false;
        to->number[a] = strtod(w, NULL);
    }
    return true;
}

static bool read_point(char *line, range_case *c)
{
    point *points = realloc(c->points, (c->n_points + 1) * sizeof *points), p = {0};
    const char *type = word(&line), *w;
    if (points)
        c->points = points;
    if (!points || !type)
        return false;
    p.type = strcmp(type, "f32") ? AD_F64 : AD_F32;
    for (; p.n_exponents < OPERANDS && (w = word(&line)) != NULL; p.n_exponents++) {
        p.of[p.n_exponents].alternates = *w == '~';
        p.of[p.n_exponents].exponent = atoi(w + (*w == '~'));
    }
    c->points[c->n_points++] = p;
    return true;
}

static bool begin_case(char *line)
{
    range_case *more = realloc(cases, (n_cases + 1) * sizeof *cases);
    const char *row = word(&line), *label = word(&line);
    if (more)
        cases = more;
    if (!more || !row || !label)
        return false;
    range_case *c = &cases[n_cases++];
    memset(c, 0, sizeof *c);
    snprintf(c->row, sizeof c->row, "%s", row);
    snprintf(c->label, sizeof c->label, "%s", label);
    return true;
}

static bool read_line(char *line)
{
    const char *keyword = word(&line);
    if (!keyword || *keyword == '#' || !strcmp(keyword, "end"))
        return true;
    if (!strcmp(keyword, "case"))
        return begin_case(line);
    if (!strcmp(keyword, "cases"))
        return is_complete = read_int(&line) == (int)n_cases;
    if (!n_cases)
        return false;
    range_case *c = &cases[n_cases - 1];
    point *p = c->n_points ? &c->points[c->n_points - 1] : NULL;
    if (!strcmp(keyword, "attributes"))
        return read_attributes(line, &c->attributes);
    if (!strcmp(keyword, "x") && c->n_x < OPERANDS) {
        array *x = &c->x[c->n_x++];
        x->letter = *word(&line);
        return read_array(line, x);
    }
    if (!strcmp(keyword, "v") && c->n_v < AD_MAX_RESULTS)
        return read_array(line, &c->v[c->n_v++]);
    if (!strcmp(keyword, "at"))
        return read_point(line, c);
    if (p && !strcmp(keyword, "y") && p->n_y < AD_MAX_RESULTS)
        return (p->y[p->n_y++] = read_numbers(line)) != NULL;
    return p && !strcmp(keyword, "dx") && p->n_dx < OPERANDS && (p->dx[p->n_dx++] = read_numbers(line)) != NULL;
}

static void read_file(void)
{
    static char line[LINE];
    char path[4096];
    FILE *file = golden_open("range.txt", path, sizeof path);
    bool good = file != NULL;
    while (good && fgets(line, sizeof line, file))
        good = read_line(line);
    is_complete = is_complete && good;
    if (!is_complete)
        fprintf(stderr, "%s: cannot be read, or is wrong after %zu cases\n", path, n_cases);
    if (file)
        fclose(file);
}

static void free_cases(void)
{
    for (size_t i = 0; i < n_cases; i++) {
        for (size_t k = 0; k < cases[i].n_points; k++) {
            for (int j = 0; j < AD_MAX_RESULTS; j++)
                free(cases[i].points[k].y[j]);
            for (int j = 0; j < OPERANDS; j++)
                free(cases[i].points[k].dx[j]);
        }
        free(cases[i].points);
    }
    free(cases);
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

/* A call of a case at a point. An element-wise row is called with some of the elements: with one as a scalar, with all,
 * and with many copies of all. */
typedef struct trial {
    const range_case *c;
    const point *p;
    const ad_operator *row;
    const char *how;
    size_t from, count, copies;
    int upstream; /* the exponent of the upstream gradients */
    double loose;
    int *lost, shown;
} trial;

static double decimal(double mantissa, int exponent)
{
    char text[64];
    snprintf(text, sizeof text, "%.17ge%d", mantissa, exponent);
    return strtod(text, NULL);
}

/* Whether a number of a tensor of some type is right; `loose` is the tolerance beside what rounding may change. A sum
 * that is beyond the range, or nearly so, need only not be finite: its terms may be infinite, with both signs. A loss
 * that promises to be finite may be the largest number there. */
static bool is_right(double got, const wanted *w, int shift, ad_type type, double loose, const ad_operator *row)
{
    const double want = decimal(w->mantissa, w->exponent + shift);
    const double slack = w->slack > 0 ? decimal(w->slack, w->slack_exponent + shift) : 0;
    const double last = type == AD_F32 ? 0x1p-149 : 0x1p-1074, most = type == AD_F32 ? (double)FLT_MAX : DBL_MAX;
    const double allowed = loose * fabs(want) + slack + 4 * last;
    const bool is_sum = !(row->properties & AD_ELEMENTWISE);
    if (w->unknown || isnan(want))
        return w->unknown || isnan(got);
    if (type == AD_I32)
        return got == want;
    if (!isfinite(got) && is_sum && fabs(want) > most / 16)
        return true;
    if (row->convention && strstr(row->convention, "finite for any finite logits") && got == copysign(most, want))
        return fabs(want) > most / 16;
    if (isinf(got))
        return allowed == INFINITY || (got * want > 0 && fabs(want) + allowed >= most);
    return isfinite(want) && fabs(got - want) <= allowed;
}

static void print_lost(trial *t, const char *place, size_t k, double got, const wanted *w, int shift)
{
    ++*t->lost;
    if (++t->shown > SHOWN && !getenv("GRADTAPE_ROW"))
        return;
    printf("range: %s %s %s[%zu] %s %s at", t->row->name, t->c->label, place, k, ad_type_name(t->p->type), t->how);
    for (int i = 0; i < t->p->n_exponents; i++)
        printf(" %s%d", t->p->of[i].alternates ? "~" : "", t->p->of[i].exponent);
    if (place[0] == 'd')
        printf(" up %d", t->upstream);
    printf(": want %.8ge%d, got %.9g\n", w->mantissa, w->exponent + shift, got);
}

static void compare(trial *t, const char *place, ad_tensor x, const numbers *n, int shift)
{
    const bool elementwise = t->row->properties & AD_ELEMENTWISE;
    const size_t size = ad_size_of(x), part = elementwise ? t->count : n->n;
    if (is_exception(t->row->name, place))
        return;
    ck_assert_msg(size == part * t->copies, "%s %s: %s has %zu elements", t->row->name, t->c->label, place, size);
    for (size_t k = 0; k < size; k++) {
        const wanted *w = &n->at[t->from + k % part];
        const double got = number_at(x, k);
        if (!is_right(got, w, shift, ad_type_of(x), t->loose, t->row))
            print_lost(t, place, t->from + k % part, got, w, shift);
    }
}

/* ---- Calling ----------------------------------------------------------------------------------------------------- */

/* The elements of an array that a trial has, times 10^exponent. */
static ad_tensor leaf(ad_tape *tape, const trial *t, const array *a, ad_type type, int exponent, bool alternates)
{
    union {
        float f32[ELEMENTS * COPIES];
        double f64[ELEMENTS * COPIES];
        int32_t i32[ELEMENTS * COPIES];
    } data;
    const bool elementwise = t->row->properties & AD_ELEMENTWISE;
    const size_t part = elementwise ? t->count : a->n;
    for (size_t k = 0; k < part * t->copies; k++) {
        const size_t from = t->from + k % part;
        const double x = a->at[from] * decimal(1, alternates && from % 2 ? -exponent : exponent);
        if (a->letter == 'i')
            data.i32[k] = (int32_t)a->at[from];
        else if (type == AD_F32)
            data.f32[k] = (float)x;
        else
            data.f64[k] = x;
    }
    const ad_shape shape = !elementwise ? a->shape : t->count == 1 ? AD_SCALAR : AD_SHAPE((int64_t)(part * t->copies));
    if (a->letter == 'i')
        return ad_input(tape, AD_I32, shape, data.i32);
    return ad_variable(tape, type, shape, type == AD_F32 ? (const void *)data.f32 : data.f64);
}

/* The gradients of the sum of all real results, each times its upstream gradient. */
static void gradients(ad_tape *tape, const trial *t, const ad_tensor *y, const ad_tensor *x, int n, ad_tensor *dx)
{
    ad_tensor v[AD_MAX_RESULTS] = {{0}}, real[AD_MAX_RESULTS], all = {0};
    int m = 0;
    for (int j = 0; j < checker_result_count(t->row); j++)
        if (ad_type_of(y[j]) != AD_I32) {
            v[m] = leaf(tape, t, &t->c->v[m], ad_type_of(y[j]), t->upstream, false);
            real[m++] = y[j];
        }
    if (m == 1) {
        ad_vjp(real[0], v[0], x, n, dx);
        return;
    }
    for (int j = 0; j < m; j++)
        all = j ? ad_add(all, ad_sum(ad_mul(v[j], real[j]))) : ad_sum(ad_mul(v[j], real[j]));
    ad_grad(all, x, n, dx);
}

/* Whether the gradient of the i-th real operand is compared at an upstream gradient of 10^upstream. A backward row's v
 * is an upstream gradient too, and its gradients by the other operands are second derivatives, products of both: they
 * are compared where one of the two is of order 1. */
static bool is_compared(const range_case *c, const point *p, int i, int upstream)
{
    int real = 0;
    bool are_large = false;
    for (int k = 0; k < c->n_x; k++) {
        if (c->x[k].letter == 'i')
            continue;
        are_large = are_large || (c->x[k].letter == 'v' && real != i && p->of[real].exponent != 0 && upstream != 0);
        real++;
    }
    return !are_large;
}

static void compare_gradients(ad_tape *tape, trial *t, const ad_tensor *y, const ad_tensor *x, int n)
{
    ad_tensor dx[OPERANDS];
    char place[16];
    for (int u = 0; u < MAGNITUDES; u++) {
        t->upstream = magnitudes[ad_type_of(y[0])][u];
        gradients(tape, t, y, x, n, dx);
        if (ad_status_of(tape) != AD_OK)
            return;
        for (int i = 0; i < n; i++) {
            snprintf(place, sizeof place, "dx%d", i);
            t->shown = u ? t->shown : 0;
            if (is_compared(t->c, t->p, i, t->upstream))
                compare(t, place, dx[i], t->p->dx[i], t->upstream);
        }
    }
}

static void try_call(ad_tape *tape, trial *t)
{
    const range_case *c = t->c;
    const point *p = t->p;
    ad_attribute attributes[AD_MAX_ATTRIBUTES] = {{0}};
    ad_tensor x[OPERANDS], real[OPERANDS], y[AD_MAX_RESULTS];
    int n = 0;
    golden_row_attributes(t->row, &c->attributes, c->row, attributes);
    for (int i = 0; i < c->n_x; i++) {
        x[i] = leaf(tape, t, &c->x[i], p->type, p->of[n].exponent, p->of[n].alternates);
        if (c->x[i].letter != 'i')
            real[n++] = x[i];
    }
    ad_apply(tape, t->row, x, c->n_x, attributes, y);
    t->loose = p->type == AD_F32 || ad_type_of(y[0]) == AD_F32 ? 1e-4 : 1e-9;
    for (int j = 0; j < p->n_y && ad_status_of(tape) == AD_OK; j++)
        compare(t, "y", y[j], p->y[j], 0);
    if (p->n_dx && ad_status_of(tape) == AD_OK)
        compare_gradients(tape, t, y, real, n);
    if (ad_status_of(tape) != AD_OK) {
        printf("range: %s %s %s at %d: %s\n", c->row, c->label, ad_type_name(p->type), p->of[0].exponent,
               ad_message(tape));
        ++*t->lost;
        ad_clear_error(tape);
    }
    ad_reset(tape);
}

/* ---- The tests --------------------------------------------------------------------------------------------------- */

static void try_point(ad_tape *tape, trial t)
{
    const size_t n = t.c->n_x ? t.c->x[0].n : 1;
    try_call(tape, &(trial){.c = t.c, .p = t.p, .row = t.row, .lost = t.lost, .how = "all", .count = n, .copies = 1});
    if (!(t.row->properties & AD_ELEMENTWISE))
        return;
    try_call(tape,
             &(trial){.c = t.c, .p = t.p, .row = t.row, .lost = t.lost, .how = "long", .count = n, .copies = COPIES});
    for (size_t k = 0; k < n; k++)
        try_call(
            tape,
            &(trial){
                .c = t.c, .p = t.p, .row = t.row, .lost = t.lost, .how = "scalar", .from = k, .count = 1, .copies = 1});
}

/* Whether a case is of the row as it is: of its operands, results and gradients. */
static bool fits(const range_case *c, const ad_operator *row)
{
    int reals = 0;
    for (int i = 0; i < c->n_x; i++)
        reals += c->x[i].letter != 'i';
    const int n_dx = row->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS) ? 0 : reals;
    bool fit = c->n_points && (row->arity == AD_VARIADIC || row->arity == c->n_x);
    for (size_t k = 0; k < c->n_points; k++) {
        const point *p = &c->points[k];
        fit = fit && p->n_exponents == reals && p->n_dx == n_dx && p->n_y == checker_result_count(row);
    }
    return fit;
}

START_TEST(results_are_not_lost)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    int lost = 0, tried = 0;
    if (!checker_is_asked(row->name))
        return;
    ad_tape *tape = ad_tape_open(NULL);
    for (size_t i = 0; i < n_cases; i++) {
        if (strcmp(cases[i].row, row->name) != 0)
            continue;
        ck_assert_msg(fits(&cases[i], row), "%s %s: the numbers are of other operands or results", row->name,
                      cases[i].label);
        for (size_t k = 0; k < cases[i].n_points; k++)
            try_point(tape, (trial){.c = &cases[i], .p = &cases[i].points[k], .row = row, .lost = &lost});
        tried++;
    }
    ad_tape_close(tape);
    fflush(stdout);
    ck_assert_msg(tried || (row->arity == 0 && row->properties & AD_RANDOM), "%s is not tried", row->name);
    ck_assert_msg(lost == 0, "%s: %d numbers are lost", row->name, lost);
}
END_TEST

/* Every case is of a row, and so is every exception. */
START_TEST(numbers_are_of_rows)
{
    ck_assert(is_complete);
    for (size_t i = 0; i < n_cases; i++)
        ck_assert_msg(ad_operator_named(cases[i].row) != NULL, "%s is no row", cases[i].row);
    for (int e = 0; e < COUNT(exceptions); e++)
        ck_assert_msg(ad_operator_named(exceptions[e].row) != NULL, "%s is no row", exceptions[e].row);
}
END_TEST

static void print_count(void)
{
    size_t rows = 0, n = 0, points = 0;
    for (size_t i = 0; i < n_cases; i++) {
        rows += i == 0 || strcmp(cases[i].row, cases[i - 1].row) != 0;
        points += cases[i].n_points;
        for (size_t k = 0; k < cases[i].n_points; k++) {
            const point *p = &cases[i].points[k];
            for (int j = 0; j < p->n_y; j++)
                n += p->y[j]->n;
            for (int j = 0; j < p->n_dx * MAGNITUDES; j++)
                n += is_compared(&cases[i], p, j / MAGNITUDES, magnitudes[p->type][j % MAGNITUDES])
                         ? p->dx[j / MAGNITUDES]->n
                         : 0;
        }
    }
    printf("range: %zu rows x 2 types x %d magnitudes of operands x %d upstream, %zu points: %zu numbers compared, "
           "%d exceptions\n",
           rows, MAGNITUDES, MAGNITUDES, points, n, COUNT(exceptions));
}

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, numbers_are_of_rows);
    tcase_add_loop_test(tests, results_are_not_lost, 0, (int)ad_operator_count());
}

int main(void)
{
    read_file();
    const int status = run_tests("range", add_tests);
    print_count();
    free_cases();
    return status;
}
