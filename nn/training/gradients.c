/* The gradients of all parameters of a step: they are checked, and their norm is computed. */
#include "gradients.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#include <gradtape/backward.h>
#include <gradtape/inspect.h>
#include <gradtape/threads.h>

#include "../each_processor.h"
#include "../options/writer.h"

enum { LANES = 32 };

#define REAL double
#define OF(name) name
#define SIZE fabs
#define LARGEST DBL_MAX
#include "gradient_loops.h"
#undef REAL
#undef OF
#undef SIZE
#undef LARGEST

#define REAL float
#define OF(name) name##_in_f32
#define SIZE fabsf
#define LARGEST FLT_MAX
#include "gradient_loops.h"
#undef REAL
#undef OF
#undef SIZE
#undef LARGEST

/* ---- One gradient ------------------------------------------------------------------------------------------------ */

/* A gradient is cut into parts for the threads. Where they begin depends on its size only. */
enum { LEAST_PART = 16384, MOST_PARTS = 64 };

/* Without clipping, larger gradients are not looked at: it would take up to 7 % of a step's time, and what is not
 * finite in the gradient of a layer's weights is so in that of its biases, unless only the product overflowed. */
enum { MOST_CHECKED = LEAST_PART };

typedef struct gradient {
    const float *f32; /* one of the two is NULL */
    const double *f64;
    size_t n, part;
    bool checks; /* whether it is finite; else its squares are added up */
    double bound, unit;
    bool are_finite[MOST_PARTS];
    double sum[MOST_PARTS];
} gradient;

static void do_part(void *context, size_t i)
{
    gradient *const g = context;
    const size_t first = i * g->part, n = g->n - first < g->part ? g->n - first : g->part;
    if (g->checks)
        g->are_finite[i] = g->f32 ? are_finite_in_f32(g->f32 + first, n) : are_finite(g->f64 + first, n);
    else
        g->sum[i] = g->f32 ? squares_in_f32(g->f32 + first, n, g->bound, g->unit)
                           : squares(g->f64 + first, n, g->bound, g->unit);
}

/* Does all parts. Returns how many there are. */
static size_t do_parts(gradient *g)
{
    const size_t least = (g->n + MOST_PARTS - 1) / MOST_PARTS;
    g->part = least > LEAST_PART ? least : LEAST_PART;
    const size_t parts = (g->n + g->part - 1) / g->part;
    if (parts == 1)
        do_part(g, 0);
    else
        ad_parallel(parts, do_part, g);
    return parts;
}

static bool is_finite(gradient *g)
{
    g->checks = true;
    const size_t parts = do_parts(g);
    bool good = true;
    for (size_t i = 0; i < parts; i++)
        good &= g->are_finite[i];
    return good;
}

static double add_squares(gradient *g, double bound, double unit)
{
    g->checks = false;
    g->bound = bound;
    g->unit = unit;
    const size_t parts = do_parts(g);
    double sum = 0;
    for (size_t i = 0; i < parts; i++)
        sum += g->sum[i];
    return sum;
}

/* ---- All of them ------------------------------------------------------------------------------------------------- */

/* Takes the gradient of x. Returns false, and the tape is in error, if there is none. */
static bool take(gradient *g, ad_tensor x)
{
    const ad_tensor dx = ad_gradient(x);
    const bool is_f32 = ad_type_of(dx) == AD_F32;
    g->f32 = is_f32 ? ad_f32(dx) : NULL;
    g->f64 = is_f32 ? NULL : ad_f64(dx);
    g->n = g->f32 || g->f64 ? ad_size_of(dx) : 0;
    return ad_status_of(x.tape) == AD_OK;
}

const char *nn_parameter_text(ad_tensor x, size_t number, char text[NN_PARAMETER_TEXT])
{
    const char *const name = ad_name_of(x);
    if (name && *name)
        return name;
    snprintf(text, NN_PARAMETER_TEXT, "parameter %zu", number);
    return text;
}

static void fail_not_finite(const gradient *g, ad_tensor x, size_t number)
{
    size_t i = 0;
    while (i + 1 < g->n && isfinite(g->f32 ? (double)g->f32[i] : g->f64[i]))
        i++;
    const double found = g->f32 ? (double)g->f32[i] : g->f64[i];
    const char *const what = isnan(found) ? "NaN" : found > 0 ? "infinite" : "-infinite";
    char text[NN_PARAMETER_TEXT], rate[NN_OPTION_TEXT];
    ad_fail(x.tape, AD_NOT_FINITE,
            "optimiser: element %zu of the gradient of %s is %s, and nothing was updated: a smaller %s, scaled "
            "features or a loss that takes logits may mend it",
            i, nn_parameter_text(x, number, text), what, nn_option_text(rate, "rate", NULL));
}

/* The sum of all squares times unit^2. */
static double add_all(const ad_tensor *parameters, size_t n, double bound, double unit)
{
    gradient g;
    double sum = 0;
    for (size_t i = 0; i < n && take(&g, parameters[i]); i++)
        sum += add_squares(&g, bound, unit);
    return sum;
}

/* Squares that f64 does not hold are those of smaller or larger numbers. */
static double norm_of(double sum, const ad_tensor *parameters, size_t n, double bound)
{
    if (sum > 1e300)
        return sqrt(add_all(parameters, n, bound, 0x1p-600)) * 0x1p600;
    if (sum < 1e-280)
        return sqrt(add_all(parameters, n, bound, 0x1p500)) * 0x1p-500;
    return sqrt(sum);
}

double nn_check_gradients(const nn_optimiser_options *o, const ad_tensor *parameters, size_t n)
{
    const double bound = o->clip_value > 0 ? o->clip_value : HUGE_VAL;
    const bool clips = o->clip_norm > 0 || o->clip_value > 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        gradient g;
        if (!take(&g, parameters[i]))
            return 1;
        if (!clips && g.n > MOST_CHECKED)
            continue;
        const double squares_of_x = o->clip_norm > 0 ? add_squares(&g, bound, 1) : 0;
        /* A sum is finite only if all numbers are, but for those that were clipped. */
        if ((o->clip_norm == 0 || o->clip_value > 0 || !isfinite(squares_of_x)) && !is_finite(&g)) {
            fail_not_finite(&g, parameters[i], i);
            return 1;
        }
        sum += squares_of_x;
    }
    if (o->clip_norm == 0)
        return 1;
    const double norm = norm_of(sum, parameters, n, bound);
    return norm > o->clip_norm ? o->clip_norm / norm : 1;
}
