/* Finding where a number first is not finite. */
#include "finite.h"

#include <gradtape/inspect.h>

#include <math.h>
#include <stdio.h>

#include "../tape/frames.h"
#include "../tape/names.h"

static double number_at(const ad_value *x, size_t i)
{
    if (x->type == AD_I32)
        return ((const int32_t *)x->data)[i];
    return x->type == AD_F32 ? (double)((const float *)x->data)[i] : ((const double *)x->data)[i];
}

/* The first element that is not finite; the number of elements if all are. */
static size_t first_bad(const ad_value *x)
{
    const size_t n = ad_elements(x);
    size_t i = 0;
    while (i < n && isfinite(number_at(x, i)))
        i++;
    return i;
}

/* "x [3] in [0.5, 2]", or the first number in it that is not finite, into text. */
static void describe(const ad_call *c, int i, char *text, size_t size)
{
    char name[AD_OPERAND_TEXT];
    const ad_value *x = c->x[i];
    const size_t n = ad_elements(x), bad = first_bad(x);
    double low = INFINITY, high = -INFINITY;
    ad_operand_text(c, i, name);
    for (size_t k = 0; k < n; k++) {
        low = fmin(low, number_at(x, k));
        high = fmax(high, number_at(x, k));
    }
    if (n == 0)
        snprintf(text, size, "%s", name);
    else if (bad < n)
        snprintf(text, size, "%s with %g at element %zu", name, number_at(x, bad), bad);
    else
        snprintf(text, size, "%s in [%g, %g]", name, low, high);
}

static void fail(ad_call *c, int j)
{
    char where[100] = "", operands[300] = "", shape[AD_SHAPE_TEXT];
    size_t at = 0;
    const size_t bad = first_bad(c->y[j]);
    const ad_frame *rule = ad_running_rule(c->tape);
    if (rule)
        snprintf(where, sizeof where, " in the gradient rule of %.60s", rule->entry->op->name);
    for (int i = 0; i < c->n_x && at < sizeof operands - 1; i++) {
        char text[AD_OPERAND_TEXT + 60];
        describe(c, i, text, sizeof text);
        at += (size_t)snprintf(operands + at, sizeof operands - at, "%s%s", i ? ", " : "; operands: ", text);
    }
    ad_call_fail(c, AD_NOT_FINITE, "its result %s%s is %g at element %zu%s", ad_shape_text(c->y[j]->shape, shape),
                 where, number_at(c->y[j], bad), bad, operands);
}

void ad_check_results(ad_call *c)
{
    const int n = ad_result_count(c->op);
    for (int j = 0; j < n; j++)
        if (c->y[j]->type != AD_I32 && first_bad(c->y[j]) < ad_elements(c->y[j])) {
            fail(c, j);
            return;
        }
}

void ad_check_gradient(ad_tape *t, const char *rule, const ad_entry *x)
{
    const ad_value *dx = x->gradient ? &ad_entry_at(t, x->gradient)->value : NULL;
    const size_t bad = dx ? first_bad(dx) : 0;
    if (dx && bad < ad_elements(dx))
        ad_fail(t, AD_NOT_FINITE, "backward: what the rule of %s adds makes the gradient of %s %g at element %zu", rule,
                ad_name_or(x, "its operand"), number_at(dx, bad), bad);
}

ad_status ad_check_finite(ad_tape *t, ad_switch on)
{
    if (!t)
        return AD_BAD_HANDLE;
    t->checking = on == AD_ON;
    return t->status;
}
