/* The activations of the engine as curves. */
#include "curves.h"

#include <math.h>
#include <string.h>

#include "operators.h"
#include "page/page.h"

#define BREAKS_AT(...) .n_breaks = (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), .breaks = {__VA_ARGS__}

#define ALL                                                                                                            \
    {                                                                                                                  \
        -INFINITY, INFINITY                                                                                            \
    }
#define AT_0 .steepest = 0, .steepest_at = "at z = 0"
#define ABOVE_0 .steepest = 1, .steepest_at = "where z > 0"

/* The places that are not 0 or an end are where the derivative of gelu and silu, and the second one, is 0. */
/* clang-format off */
static const ad_curve curves[] = {
    {.name = "step", .title = "step", .value = "1 where z >= 0, else 0", .derivative = "0", .ends = ALL,
     .steepest_at = "everywhere", BREAKS_AT(0)},
    {.name = "logistic", .title = "logistic", .activation = AD_LOGISTIC, .value = "1 / (1 + e^-z)",
     .derivative = "y (1 - y)", .ends = ALL, AT_0},
    {.name = "tanh", .title = "tanh", .activation = AD_TANH, .value = "(e^z - e^-z) / (e^z + e^-z)",
     .derivative = "1 - y^2", .ends = ALL, AT_0},
    {.name = "relu", .title = "ReLU", .activation = AD_RELU, .value = "max(0, z)",
     .derivative = "1 where z > 0, else 0", .ends = ALL, ABOVE_0, BREAKS_AT(0)},
    {.name = "softplus", .title = "softplus", .activation = AD_SOFTPLUS, .value = "ln(1 + e^z)",
     .derivative = "logistic(z)", .ends = ALL, .steepest = INFINITY, .steepest_at = "where z is large"},
    {.name = "elu", .title = "ELU", .activation = AD_ELU, .value = "z where z > 0, else e^z - 1",
     .derivative = "1 where z > 0, else y + 1", .ends = ALL, .steepest = 0, .steepest_at = "where z >= 0"},
    {.name = "gelu", .title = "GELU", .value = "z P(z), P the normal distribution function",
     .derivative = "P(z) + z p(z), p the normal density", .ends = {-0.75179152469356445, INFINITY},
     .steepest = 1.4142135623730951, .steepest_at = "at z = 1.414"},
    {.name = "silu", .title = "SiLU", .value = "z s, s = logistic(z)", .derivative = "s (1 + z (1 - s))",
     .ends = {-1.2784645427610738, INFINITY}, .steepest = 2.3993572805154677, .steepest_at = "at z = 2.399"},
    {.name = "selu", .title = "SELU", .value = "s z where z > 0, else s a (e^z - 1); s = 1.0507, a = 1.6733",
     .derivative = "s where z > 0, else y + s a", .ends = ALL, AT_0, BREAKS_AT(0)},
    {.name = "leaky_relu", .title = "leaky ReLU", .value = "z where z > 0, else # z",
     .derivative = "1 where z > 0, else #", .ends = ALL, ABOVE_0, BREAKS_AT(0), .attribute = 0.01},
    {.name = "hardtanh", .title = "hardtanh", .value = "z, but at least -1 and at most 1",
     .derivative = "1 where -1 <= z <= 1, else 0", .ends = ALL, .steepest_at = "where -1 <= z <= 1",
     BREAKS_AT(-1, 1)},
    {.name = "log_logistic", .title = "log logistic", .value = "ln logistic(z)", .derivative = "logistic(-z)",
     .ends = ALL, .steepest = -INFINITY, .steepest_at = "where -z is large"},
    {.name = "identity", .title = "identity", .activation = AD_IDENTITY, .value = "z", .derivative = "1", .ends = ALL,
     .steepest_at = "everywhere", .made_by = "scale", .attribute = 1},
};
/* clang-format on */

enum { CURVES = sizeof curves / sizeof curves[0] };

const ad_curve *ad_curve_at(size_t i) { return i < CURVES ? &curves[i] : NULL; }

const ad_curve *ad_curve_named(const char *name)
{
    for (size_t i = 0; i < CURVES; i++)
        if (strcmp(curves[i].name, name) == 0)
            return &curves[i];
    return NULL;
}

const ad_curve *ad_curve_of_layer(ad_activation activation)
{
    for (size_t i = 0; i < CURVES && activation != AD_ACTIVATION_DEFAULT; i++) /* what no layer applies has that */
        if (curves[i].activation == activation)
            return &curves[i];
    return ad_curve_named("identity");
}

const ad_curve *ad_curve_of(ad_tensor y, double *attribute)
{
    const ad_curve *curve = NULL;
    if (ad_result_number(y) != 0)
        return NULL;
    if (ad_is_made_by(y, "linear")) {
        curve = ad_curve_of_layer(ad_activation_of(y));
        *attribute = curve->attribute;
        return curve;
    }
    curve = ad_operator_of(y) ? ad_curve_named(ad_made_by(y)) : NULL;
    if (!curve || !ad_is_made_by(y, curve->name))
        return NULL;
    *attribute = curve->attribute == 0 ? 0 : ad_attributes_of(y)->real;
    return curve;
}

/* ---- Formulas ---------------------------------------------------------------------------------------------------- */

/* Writes the sign that begins at `at` as a page has it. Returns its length, 0 if there is none. */
static size_t put_sign(ad_sink *sink, const char *at)
{
    static const char *const signs[][2] = {
        {">=", "\xe2\x89\xa5"}, {"<=", "\xe2\x89\xa4"}, {">", "&gt;"}, {"<", "&lt;"}, {"-", "\xe2\x88\x92"}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncmp(at, signs[i][0], strlen(signs[i][0])) == 0) {
            ad_put(sink, signs[i][1]);
            return strlen(signs[i][0]);
        }
    return 0;
}

void ad_put_curve_formula(ad_sink *sink, ad_ink ink, const char *formula, double attribute)
{
    const bool is_page = ink == AD_INK_HTML;
    char text[AD_SHOWN_TEXT];
    bool is_raised = false;
    while (*formula) {
        if (is_raised && strchr(" )", *formula)) {
            ad_put(sink, "</sup>");
            is_raised = false;
        }
        const size_t n = is_page ? put_sign(sink, formula) : 0;
        if (*formula == '#')
            ad_put(sink, is_page ? ad_shown_number(attribute, AD_FEW_DIGITS, text)
                                 : ad_number_text(attribute, AD_FEW_DIGITS, text));
        else if (*formula == '^' && is_page)
            ad_put(sink, "<sup>");
        else if (n == 0)
            ad_put_bytes(sink, formula, 1);
        is_raised |= is_page && *formula == '^';
        formula += n ? n : 1;
    }
    ad_put(sink, is_raised ? "</sup>" : "");
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

static ad_status compute(ad_tape *t, const ad_curve *curve, double attribute, const double *z, size_t n, double *values,
                         double *derivatives)
{
    const ad_operator *op = ad_operator_named(curve->made_by ? curve->made_by : curve->name);
    const ad_attribute attributes[] = {{.real = attribute}};
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE((int64_t)n), z);
    ad_tensor y;
    ad_apply(t, op, &x, 1, curve->attribute == 0 ? NULL : attributes, &y);
    const ad_tensor dx = ad_local_gradient(y, 0);
    if (ad_status_of(t) == AD_OK) {
        memcpy(values, ad_f64(y), n * sizeof *values);
        memcpy(derivatives, ad_f64(dx), n * sizeof *derivatives);
    }
    return ad_status_of(t);
}

ad_status ad_compute_curve(const ad_curve *curve, double attribute, const ad_allocator *allocator, const double *z,
                           size_t n, double *values, double *derivatives)
{
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = allocator});
    const ad_status status = t ? compute(t, curve, attribute, z, n, values, derivatives) : AD_NO_MEMORY;
    ad_tape_close(t);
    return status;
}

ad_status ad_compute_curve_on_grid(const ad_curve *curve, double attribute, const ad_allocator *allocator,
                                   const double ends[2], size_t n, double *values, double *derivatives)
{
    for (size_t i = 0; i < n; i++)
        values[i] = ad_grid_point(ends, n, i);
    return ad_compute_curve(curve, attribute, allocator, values, n, values, derivatives);
}
