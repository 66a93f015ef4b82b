/* Checking a gradient rule at both orders. */
#include "checker.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIALS = 16, MANY_NUMBERS = 100, PARAMETERS = CHECKER_OPERANDS + AD_MAX_RESULTS + 1 };

/* Streams of random numbers; that of w is followed by one for each operand. */
enum { STREAM_PLACE, STREAM_WITHIN, STREAM_V, STREAM_W, STREAM_DIRECTION = 100 };

static const double tolerances[] = {0, 1e-8, 1e-8}; /* by order */

/* A tape with the parameters of a check, and what was recorded last. */
typedef struct rig {
    const checker_call *call;
    uint64_t seed;
    ad_tape *tape;
    checker_numbers numbers;
    ad_tensor leaf[CHECKER_OPERANDS]; /* q of a free operand, the variable of a constant one; else inert */
    ad_tensor x[CHECKER_OPERANDS];
    ad_tensor v[AD_MAX_RESULTS]; /* inert where the result is i32 */
    ad_tensor anchor;            /* in every loss, so that each depends on something */
    bool is_empty;               /* an operand or a result has no elements */
} rig;

/* ---- Calls --------------------------------------------------------------------------------------------------- */

bool checker_is_asked(const char *row)
{
    const char *only = getenv("GRADTAPE_ROW");
    return !only || !only[0] || !strcmp(only, row);
}

checker_call checker_call_of(const ad_operator *row, int k)
{
    const ad_sample *sample = &row->samples[k];
    checker_call call = {.row = row, .n_x = sample->n_x};
    memcpy(call.x, sample->x, sizeof sample->x);
    memcpy(call.attributes, sample->attributes, sizeof sample->attributes);
    return call;
}

char checker_letter(const ad_operator *row, int i)
{
    const size_t n = row->types ? strlen(row->types) : 0;
    if (n == 0)
        return 'r';
    return row->types[(size_t)i < n ? (size_t)i : n - 1];
}

static bool is_constant(const ad_operator *row, int i)
{
    return row->properties & AD_PIECEWISE_CONSTANT || row->domain[i < AD_SAMPLE_OPERANDS ? i : 0].constant;
}

checker_kind checker_kind_of(const checker_call *call, int i)
{
    if (checker_letter(call->row, i) == 'i')
        return CHECKER_INDEX;
    bool constant = is_constant(call->row, i);
    for (int k = 0; call->same_operand && k < call->n_x; k++)
        constant = constant && is_constant(call->row, k);
    return constant ? CHECKER_CONSTANT : CHECKER_FREE;
}

size_t checker_size(const ad_shape *shape)
{
    size_t n = 1;
    for (int i = 0; i < shape->rank; i++)
        n *= (size_t)shape->dims[i];
    return n;
}

int checker_result_count(const ad_operator *row) { return row->n_results ? row->n_results : 1; }

/* ---- Values -------------------------------------------------------------------------------------------------- */

static ad_domain own_domain(const ad_operator *row, int i)
{
    ad_domain d = row->domain[i < AD_SAMPLE_OPERANDS ? i : 0];
    if (d.low == 0 && d.high == 0) {
        d.low = -2;
        d.high = 2;
    }
    return d;
}

/* An operand that stands in every place must lie in the domains of all of them. */
static ad_domain domain_of(const checker_call *call, int i)
{
    ad_domain d = own_domain(call->row, i);
    for (int k = 0; call->same_operand && k < call->n_x; k++) {
        const ad_domain other = own_domain(call->row, k);
        d.low = fmax(d.low, other.low);
        d.high = fmin(d.high, other.high);
        if (other.gap > d.gap) {
            d.kink = other.kink;
            d.gap = other.gap;
        }
        d.diagonal = fmax(d.diagonal, other.diagonal);
        d.symmetric = d.symmetric || other.symmetric;
    }
    return d;
}

/* The number at the share u of what the domain leaves beside its kink. */
static double place(const ad_domain *d, double u)
{
    if (!(d->gap > 0))
        return d->low + u * (d->high - d->low);
    const double below = fmax(0, d->kink - d->gap - d->low), above = fmax(0, d->high - d->kink - d->gap);
    if (below + above == 0)
        return u < 0.5 ? d->low : d->high;
    const double at = u * (below + above);
    return at < below ? d->low + at : d->kink + d->gap + (at - below);
}

/* ---- Matrices: what a domain says of the last two axes --------------------------------------------------------- */

/* The size of the square matrices in the last two axes, 0 if there are none. */
static size_t matrix_size(const ad_shape *shape)
{
    const int r = shape->rank;
    return r >= 2 && shape->dims[r - 1] == shape->dims[r - 2] ? (size_t)shape->dims[r - 1] : 0;
}

/* (B + B') / 2 of each matrix B, in place. */
static void mirror(const ad_shape *shape, double *x)
{
    const size_t n = matrix_size(shape);
    for (size_t at = 0; n && at < checker_size(shape); at += n * n)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < i; j++)
                x[at + i * n + j] = x[at + j * n + i] = (x[at + i * n + j] + x[at + j * n + i]) / 2;
}

static void add_to_diagonal(const ad_shape *shape, double c, double *x)
{
    const size_t n = matrix_size(shape);
    for (size_t at = 0; n && at < checker_size(shape); at += n * n)
        for (size_t i = 0; i < n; i++)
            x[at + i * n + i] += c;
}

/* Makes numbers that were drawn an operand of the domain, or the direction in which one is moved. */
static void shape_operand(const ad_domain *d, const ad_shape *shape, bool is_direction, double *x)
{
    if (d->symmetric)
        mirror(shape, x);
    if (d->diagonal != 0 && !is_direction)
        add_to_diagonal(shape, d->diagonal, x);
}

/* The same with operators: what is moved below it moves both halves of a symmetric matrix. */
static ad_tensor record_shaped(ad_tape *t, const ad_domain *d, const ad_shape *shape, ad_tensor x)
{
    double diagonal[CHECKER_NUMBERS] = {0};
    if (d->symmetric && matrix_size(shape))
        x = ad_scale(ad_add(x, ad_transpose(x)), 0.5);
    add_to_diagonal(shape, d->diagonal, diagonal);
    return d->diagonal != 0 ? ad_add(x, ad_input(t, AD_F64, *shape, diagonal)) : x;
}

/* ---- Drawing ------------------------------------------------------------------------------------------------- */

/* FNV-1a, so that a row keeps its numbers when others join the table. */
static uint64_t seed_of(const ad_operator *row, uint64_t trial)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = row->name; *c; c++)
        hash = (hash ^ (uint64_t)(unsigned char)*c) * UINT64_C(0x100000001b3);
    return hash + trial;
}

/* Gives each operand its place among the numbers; how many they are. */
static size_t lay_out(const checker_call *call, checker_numbers *numbers)
{
    size_t total = 0;
    for (int i = 0; i < call->n_x; i++) {
        numbers->first[i] = total;
        total += checker_size(&call->x[i]);
    }
    numbers->first[call->n_x] = total;
    assert(total <= CHECKER_NUMBERS);
    return total;
}

/* Each number has its own part of the range, in a random order, so that no two are nearly equal: at such places maximum
 * has its kink, and differences would step over it. */
void checker_draw(const checker_call *call, uint64_t seed, checker_numbers *numbers)
{
    int32_t order[CHECKER_NUMBERS];
    const size_t total = lay_out(call, numbers);
    ad_random_permutation(seed_of(call->row, seed), STREAM_PLACE, (int64_t)total, order);
    for (int i = 0; i < call->n_x; i++) {
        const ad_domain d = domain_of(call, i);
        for (size_t k = numbers->first[i]; k < numbers->first[i + 1]; k++) {
            const double within = 0.25 + 0.5 * ad_random_uniform(seed_of(call->row, seed), STREAM_WITHIN, k);
            const double u = ((double)order[k] + within) / (double)total;
            const bool whole = checker_kind_of(call, i) == CHECKER_INDEX;
            numbers->at[k] = whole ? d.low + floor(u * (d.high - d.low + 1)) : place(&d, u);
        }
        shape_operand(&d, &call->x[i], false, numbers->at + numbers->first[i]);
    }
}

void checker_fill_random(double *values, size_t n, uint64_t seed, uint64_t stream)
{
    for (size_t k = 0; k < n; k++) {
        const double u = 2 * ad_random_uniform(seed, stream, k) - 1;
        values[k] = u < 0 ? u - 0.5 : u + 0.5;
    }
}

void checker_draw_direction(const checker_call *call, uint64_t seed, checker_numbers *direction)
{
    const size_t total = lay_out(call, direction);
    checker_fill_random(direction->at, total, seed_of(call->row, seed), STREAM_DIRECTION);
    for (int i = 0; i < call->n_x; i++) {
        const ad_domain d = domain_of(call, i);
        shape_operand(&d, &call->x[i], true, direction->at + direction->first[i]);
    }
}

/* A number has a part of the range for itself, and stands a quarter of it away from the ends. */
double checker_step(const checker_call *call, int i)
{
    const ad_domain d = domain_of(call, i);
    size_t total = 0;
    for (int k = 0; k < call->n_x; k++)
        total += checker_size(&call->x[k]);
    const double below = fmax(0, d.kink - d.gap - d.low), above = fmax(0, d.high - d.kink - d.gap);
    const double range = d.gap > 0 ? below + above : d.high - d.low;
    return fmin(1e-3, range / (16 * fmax(1, (double)total)));
}

static ad_tensor input_i32(ad_tape *t, const ad_shape *shape, const double *from)
{
    int32_t values[CHECKER_NUMBERS];
    for (size_t k = 0; k < checker_size(shape); k++)
        values[k] = (int32_t)from[k];
    return ad_input(t, AD_I32, *shape, values);
}

ad_tensor checker_input(ad_tape *t, ad_type type, const checker_call *call, const checker_numbers *numbers, int i)
{
    const ad_shape *shape = &call->x[i];
    const double *from = numbers->at + numbers->first[i];
    float narrow[CHECKER_NUMBERS];
    double wide[CHECKER_NUMBERS];
    if (checker_kind_of(call, i) == CHECKER_INDEX)
        return input_i32(t, shape, from);
    for (size_t k = 0; k < checker_size(shape); k++)
        wide[k] = (double)(narrow[k] = (float)from[k]);
    return ad_input(t, type, *shape, type == AD_F32 ? (const void *)narrow : wide);
}

/* ---- Recording ----------------------------------------------------------------------------------------------- */

/* x again, by ways that change nothing. */
static ad_tensor through_views(ad_tensor x)
{
    if (ad_type_of(x) == AD_I32)
        return x;
    const ad_shape shape = ad_shape_of(x), flat = AD_SHAPE((int64_t)ad_size_of(x));
    ad_tensor constant = ad_detach(x), y = ad_reshape(ad_reshape(x, flat), shape);
    if (shape.rank >= 2)
        y = ad_transpose(ad_transpose(y));
    return ad_add(y, ad_sub(constant, constant));
}

static ad_tensor record_operand(rig *r, int i)
{
    const ad_domain d = domain_of(r->call, i);
    const double *values = r->numbers.at + r->numbers.first[i];
    ad_tensor x;
    switch (checker_kind_of(r->call, i)) {
    case CHECKER_INDEX: return input_i32(r->tape, &r->call->x[i], values);
    case CHECKER_CONSTANT: x = r->leaf[i] = ad_variable(r->tape, AD_F64, r->call->x[i], values); break;
    default:
        x = ad_shift(ad_scale(ad_logistic(r->leaf[i]), d.high - d.low), d.low);
        x = record_shaped(r->tape, &d, &r->call->x[i], x);
    }
    return r->call->between_views ? through_views(x) : x;
}

static void record_results(rig *r, ad_tensor y[AD_MAX_RESULTS])
{
    const checker_call *call = r->call;
    for (int i = 0; i < call->n_x; i++)
        r->x[i] = i && call->same_operand ? r->x[0] : record_operand(r, i);
    ad_apply(r->tape, call->row, r->x, call->n_x, call->attributes, y);
    for (int j = 0; j < checker_result_count(call->row); j++) {
        if (ad_type_of(y[j]) == AD_F32)
            y[j] = ad_cast(y[j], AD_F64);
        if (call->between_views && ad_type_of(y[j]) != AD_I32)
            y[j] = through_views(y[j]);
        /* An operator may be constant for equal operands, as a - a is: x is then used beside it. */
        if (call->same_operand && checker_kind_of(call, 0) == CHECKER_FREE)
            y[j] = ad_add(y[j], ad_mean(r->x[0]));
    }
}

/* L, and the square of the anchor. */
static ad_tensor record_first(ad_tape *t, void *context)
{
    rig *r = context;
    ad_tensor y[AD_MAX_RESULTS], loss = ad_square(r->anchor);
    (void)t;
    record_results(r, y);
    for (int j = 0; j < checker_result_count(r->call->row); j++) {
        if (ad_is_inert(r->v[j]))
            continue;
        ad_tensor used = ad_add(ad_softplus(y[j]), ad_scale(ad_mul(y[j], y[j]), 0.1));
        loss = ad_add(loss, ad_sum(ad_mul(r->v[j], used)));
    }
    return loss;
}

/* S, and the square of the anchor. */
static ad_tensor record_second(ad_tape *t, void *context)
{
    rig *r = context;
    double w[CHECKER_NUMBERS];
    ad_tensor s = ad_square(r->anchor);
    ad_backward_with(record_first(t, r), &(ad_backward_options){.differentiable = true});
    for (int i = 0; i < r->call->n_x; i++) {
        if (ad_is_inert(r->leaf[i]) || !ad_has_gradient(r->leaf[i]))
            continue;
        checker_fill_random(w, checker_size(&r->call->x[i]), r->seed, STREAM_W + (uint64_t)i);
        s = ad_add(s, ad_sum(ad_mul(ad_input(t, AD_F64, r->call->x[i], w), ad_gradient(r->leaf[i]))));
    }
    return s;
}

/* ---- Opening ------------------------------------------------------------------------------------------------- */

/* q with x = low + (high - low) logistic(q), without the diagonal that is added. */
static void make_parameter(rig *r, int i)
{
    const ad_domain d = domain_of(r->call, i);
    const size_t n = checker_size(&r->call->x[i]);
    double q[CHECKER_NUMBERS];
    char name[16];
    if (n)
        memcpy(q, r->numbers.at + r->numbers.first[i], n * sizeof *q);
    add_to_diagonal(&r->call->x[i], -d.diagonal, q);
    for (size_t k = 0; k < n; k++) {
        const double u = (q[k] - d.low) / (d.high - d.low);
        q[k] = log(u / (1 - u));
    }
    snprintf(name, sizeof name, "q%d", i);
    r->leaf[i] = ad_param(r->tape, AD_F64, r->call->x[i], q, name);
}

/* The shapes of the results are found by recording them once. */
static void make_upstream(rig *r)
{
    ad_tensor y[AD_MAX_RESULTS];
    record_results(r, y);
    for (int j = 0; j < checker_result_count(r->call->row); j++) {
        double v[CHECKER_NUMBERS];
        char name[16];
        const ad_shape shape = ad_shape_of(y[j]);
        r->is_empty = r->is_empty || checker_size(&shape) == 0;
        if (ad_type_of(y[j]) == AD_I32)
            continue;
        assert(checker_size(&shape) <= CHECKER_NUMBERS);
        checker_fill_random(v, checker_size(&shape), r->seed, STREAM_V + 1000 + (uint64_t)j);
        snprintf(name, sizeof name, "v%d", j);
        r->v[j] = ad_param(r->tape, AD_F64, shape, v, name);
    }
    ad_reset(r->tape);
}

static void open_rig(rig *r, const checker_call *call, uint64_t trial)
{
    *r = (rig){.call = call, .seed = seed_of(call->row, trial), .tape = ad_tape_open(NULL)};
    checker_draw(call, trial, &r->numbers);
    for (int i = 0; i < (call->same_operand ? 1 : call->n_x); i++) {
        r->is_empty = r->is_empty || checker_size(&call->x[i]) == 0;
        if (checker_kind_of(call, i) == CHECKER_FREE)
            make_parameter(r, i);
    }
    make_upstream(r);
    r->anchor = ad_param(r->tape, AD_F64, AD_SCALAR, &(double){0.7}, "anchor");
}

/* ---- Judging ------------------------------------------------------------------------------------------------- */

static char complaint[800];

static void complain(const char *format, ...) AD_PRINTF(1, 2);

static void complain(const char *format, ...)
{
    va_list arguments;
    if (complaint[0])
        return;
    va_start(arguments, format);
    vsnprintf(complaint, sizeof complaint, format, arguments);
    va_end(arguments);
}

static void complain_of_status(const rig *r, const char *doing)
{
    if (ad_status_of(r->tape) != AD_OK)
        complain("%s fails: %s", doing, ad_message(r->tape));
}

static void compare_with_differences(rig *r, int order, bool shown[PARAMETERS])
{
    ad_gradcheck_result results[PARAMETERS];
    const ad_gradcheck_options options = {.tolerance = tolerances[order]};
    ad_gradcheck(r->tape, order == 1 ? record_first : record_second, r, &options, results);
    complain_of_status(r, order == 1 ? "gradcheck of the first order" : "gradcheck of the second order");
    for (size_t k = 0; k < ad_kept_count(r->tape) && !complaint[0]; k++) {
        const ad_gradcheck_result *found = &results[k];
        shown[k] = shown[k] || found->verdict == AD_GRADIENT_RIGHT;
        if (found->verdict == AD_GRADIENT_WRONG || found->verdict == AD_GRADIENT_MISSING)
            complain("order %d, %s: the gradient is %s: error %.3g; element %zu is %.12g, by differences %.12g", order,
                     found->name, ad_verdict_name(found->verdict), found->error, found->worst, found->analytic,
                     found->numeric);
    }
}

static bool is_zero_everywhere(ad_tensor gradient)
{
    const double *numbers = ad_f64(gradient);
    for (size_t k = 0; numbers && k < ad_size_of(gradient); k++)
        if (numbers[k] != 0)
            return false;
    return true;
}

/* In a constant operand the gradient is exactly 0, or was not computed. */
static void look_at_constants(rig *r, int order)
{
    ad_reset(r->tape);
    ad_backward(order == 1 ? record_first(r->tape, r) : record_second(r->tape, r));
    complain_of_status(r, "backward");
    for (int i = 0; i < r->call->n_x && !complaint[0]; i++)
        if (checker_kind_of(r->call, i) == CHECKER_CONSTANT && ad_has_gradient(r->leaf[i]) &&
            !is_zero_everywhere(ad_gradient(r->leaf[i])))
            complain("order %d: the operator is constant in operand %d, but its gradient is not 0", order, i);
}

/* The gradients of all parameters; how many numbers they are. */
static size_t collect_gradients(ad_tape *t, double numbers[2 * CHECKER_NUMBERS])
{
    size_t n = 0;
    for (size_t k = 0; k < ad_kept_count(t); k++) {
        ad_tensor x = ad_kept_at(t, k);
        if (!ad_has_gradient(x))
            continue;
        assert(n + ad_size_of(x) <= 2 * CHECKER_NUMBERS);
        memcpy(numbers + n, ad_f64(ad_gradient(x)), ad_size_of(x) * sizeof *numbers);
        n += ad_size_of(x);
    }
    return n;
}

/* Whether inner gradients are kept or recycled, and whether the sweep is recorded, changes no number. */
static void compare_ways_back(rig *r)
{
    static const ad_backward_options ways[] = {{.keep = true}, {.differentiable = true}, {.keep = false}};
    double plain[2 * CHECKER_NUMBERS], other[2 * CHECKER_NUMBERS];
    ad_reset(r->tape);
    ad_tensor loss = record_first(r->tape, r);
    ad_backward(loss);
    const size_t n = collect_gradients(r->tape, plain);
    for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
        ad_backward_with(loss, &ways[way]);
        if (collect_gradients(r->tape, other) != n || memcmp(plain, other, n * sizeof *plain))
            complain("gradients differ between ad_backward and a backward that %s",
                     ways[way].keep             ? "keeps inner gradients"
                     : ways[way].differentiable ? "is recorded"
                                                : "comes second");
    }
    complain_of_status(r, "backward");
}

/* Whether each parameter showed a gradient that is not zero: where nothing is empty all must, but that S need depend on
 * one v only, and on none if there is no q: a result may be constant, as the sign of a determinant is. */
static bool is_shown(const rig *r, int order, const bool shown[PARAMETERS])
{
    bool any_q = false, any_v = false, all = true;
    for (size_t k = 0; k < ad_kept_count(r->tape) && !r->is_empty; k++) {
        const char kind = ad_name_of(ad_kept_at(r->tape, k))[0];
        any_q = any_q || kind == 'q';
        any_v = any_v || (kind == 'v' && shown[k]);
        all = all && (shown[k] || (order == 2 && kind == 'v'));
    }
    return all && (order == 1 || any_v || !any_q);
}

/* One draw of values; whether everything that must be shown was shown. */
static bool try_once(const checker_call *call, uint64_t trial, bool shown[2][PARAMETERS])
{
    rig r;
    bool all = true;
    open_rig(&r, call, trial);
    complain_of_status(&r, "recording");
    for (int order = 1; order <= 2 && !complaint[0]; order++) {
        compare_with_differences(&r, order, shown[order - 1]);
        look_at_constants(&r, order);
        all = is_shown(&r, order, shown[order - 1]) && all;
    }
    if (!complaint[0])
        compare_ways_back(&r);
    if (!all && trial + 1 == TRIALS)
        complain("of a parameter all gradients are zero in each of %d draws: nothing was shown", TRIALS);
    ad_tape_close(r.tape);
    return all;
}

const char *checker_gradients(const checker_call *call)
{
    bool shown[2][PARAMETERS] = {{false}};
    size_t numbers = 0;
    complaint[0] = '\0';
    for (int i = 0; i < call->n_x; i++)
        numbers += checker_size(&call->x[i]);
    /* Two draws at least, if they are cheap: they fall on other sides of the kinks. */
    const uint64_t enough = numbers > MANY_NUMBERS ? 1 : 2;
    for (uint64_t trial = 0; trial < TRIALS && !complaint[0]; trial++)
        if (try_once(call, trial, shown) && trial + 1 >= enough)
            break;
    return complaint;
}
