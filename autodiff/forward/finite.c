/* Finding where a number first is not finite. */
#include "finite.h"

#include <gradtape/inspect.h>

#include <math.h>
#include <stdio.h>

#include "../tape/entries.h"
#include "../tape/handles.h"
#include "../tape/names.h"
#include "../tape/status.h"
#include "call.h"

/* The first element that is not finite; the number of elements if all are. */
static size_t first_bad(const ad_value *x)
{
    const size_t n = ad_elements(x);
    size_t i = 0;
    while (i < n && isfinite(ad_number_at(x, i)))
        i++;
    return i;
}

/* ---- Which entry ------------------------------------------------------------------------------------------------- */

static const char *name_of_operand(const ad_tape *t, const ad_entry *e)
{
    const char *name = "";
    for (uint32_t i = 0; !*name && e->op && i < e->value.n_operands; i++)
        name = ad_name_or(ad_entry_at(t, ad_operands_of(e)[i]), "");
    return name;
}

/* The nearest name before entry `id`: of an operand of `call`, which is not recorded yet, or NULL; then, back through
 * the recording, of an entry or of what it was made from. "": there is none. */
static const char *nearest_name(const ad_tape *t, uint32_t id, const ad_call *call)
{
    const char *name = call ? "" : name_of_operand(t, ad_entry_at(t, id));
    for (int i = 0; call && !*name && i < call->n_x; i++) /* a value is the first member of its entry */
        name = ad_name_or((const ad_entry *)(const void *)call->x[i], "");
    while (!*name && --id >= t->first) {
        name = ad_name_or(ad_entry_at(t, id), "");
        if (!*name)
            name = name_of_operand(t, ad_entry_at(t, id));
    }
    return name;
}

/* Writes "entry 50, log, after layer23/w" for the call that entry `id` is a result of. */
enum { PLACE_TEXT = 180 };
static const char *place_text(const ad_tape *t, uint32_t id, const char *op, const ad_call *call, char text[PLACE_TEXT])
{
    const char *name = nearest_name(t, id, call);
    snprintf(text, PLACE_TEXT, "entry %zu, %.60s%s%.60s", ad_count_entries(t, t->first, id) + 1, op,
             *name ? ", after " : "", name);
    return text;
}

/* The same for the entry whose gradient rule runs. */
static const char *rule_text(const ad_tape *t, const ad_frame *rule, char text[PLACE_TEXT])
{
    return place_text(t, rule->id, rule->entry->op->name, NULL, text);
}

/* A sweep goes only where the loss depends on. */
static const char *reach_text(const ad_frame *rule)
{
    return rule && rule->outer && rule->outer->kind == AD_IN_SWEEP ? "; the loss depends on it" : "";
}

/* ---- What came in ------------------------------------------------------------------------------------------------ */

/* A number that is not finite, in words: the sign of a NaN means nothing. */
static const char *bad_text(double x) { return isnan(x) ? "nan" : x < 0 ? "-inf" : "inf"; }

/* "in [0.5, 2]", or the first number that is not finite, into text; "" for no elements. */
static void write_range(const ad_value *x, char *text, size_t size)
{
    const size_t n = ad_elements(x), bad = first_bad(x);
    double low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < n; k++) {
        low = fmin(low, ad_number_at(x, k));
        high = fmax(high, ad_number_at(x, k));
    }
    text[0] = 0;
    if (bad < n)
        snprintf(text, size, " with %s at element %zu", bad_text(ad_number_at(x, bad)), bad);
    else if (n > 0)
        snprintf(text, size, " in [%g, %g]", low, high);
}

static void fail(ad_call *c, int j)
{
    char place[PLACE_TEXT + 20], rule_place[PLACE_TEXT], operands[240] = "", shape[AD_SHAPE_TEXT];
    size_t at = 0;
    const ad_tape *t = c->tape;
    const uint32_t id = ((const ad_running_call *)c->frame)->y_ids[0];
    const size_t bad = first_bad(c->y[j]);
    const ad_frame *rule = ad_running_rule(t);
    if (ad_is_temporary(id))
        snprintf(place, sizeof place, "%.60s", c->op->name);
    else
        place_text(t, id, c->op->name, c, place);
    for (int i = 0; i < c->n_x && at < sizeof operands - 1; i++) {
        char name[AD_OPERAND_TEXT], range[60];
        write_range(c->x[i], range, sizeof range);
        at += (size_t)snprintf(operands + at, sizeof operands - at, "%s%s%s",
                               i ? ", " : "; operands: ", ad_operand_text(c, i, name), range);
    }
    ad_fail(c->tape, AD_NOT_FINITE, "%s%s%s: its result %s is %s at element %zu%s%s", place,
            rule ? " in the gradient rule of " : "", rule ? rule_text(t, rule, rule_place) : "",
            ad_shape_text(c->y[j]->shape, shape), bad_text(ad_number_at(c->y[j], bad)), bad, reach_text(rule),
            operands);
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

void ad_check_gradient(ad_tape *t, const ad_frame *rule, uint32_t dy, const ad_entry *x)
{
    char place[PLACE_TEXT], range[60] = "";
    const ad_value *dx = x->gradient ? &ad_entry_at(t, x->gradient)->value : NULL;
    const size_t bad = dx ? first_bad(dx) : 0;
    if (!dx || bad == ad_elements(dx))
        return;
    if (dy)
        write_range(&ad_entry_at(t, dy)->value, range, sizeof range);
    ad_fail(t, AD_NOT_FINITE,
            "backward: what the gradient rule of %s adds makes the gradient of %.60s %s at element %zu%s%s%s",
            rule_text(t, rule, place), ad_name_or(x, "its operand"), bad_text(ad_number_at(dx, bad)), bad,
            dy ? "; dy" : "", range, reach_text(rule));
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

/* Marks in `reached`, a byte for each entry from `first` on, what depends on entry x. */
static void mark_reached(const ad_tape *t, uint32_t x, uint32_t first, uint32_t last, char *reached)
{
    for (uint32_t id = first; id <= last; id++) {
        const ad_entry *e = ad_entry_at(t, id);
        reached[id - first] = id == x;
        for (uint32_t i = 0; e->op && i < e->value.n_operands && !reached[id - first]; i++) {
            const uint32_t operand = ad_operands_of(e)[i];
            reached[id - first] = operand == x || (operand >= first && operand < id && reached[operand - first]);
        }
    }
}

/* Whether a path leads from x to the loss: through operators of every kind, for a NaN passes all. */
static bool does_reach(ad_tape *t, uint32_t x, ad_tensor loss)
{
    const uint32_t first = x >> AD_INDEX_BITS == AD_STEP ? x : t->first;
    if (loss.id == x || ad_table_of(loss) != AD_STEP || loss.id < first)
        return loss.id == x;
    const size_t n = loss.id - first + 1;
    char *reached = ad_memory_take(&t->memory, n, 1);
    if (!reached) {
        ad_fail_memory(t, "first_not_finite");
        return false;
    }
    mark_reached(t, x, first, loss.id, reached);
    const bool does = reached[n - 1];
    ad_memory_release(&t->memory, reached, n, 1);
    return does;
}

static bool is_not_finite(const ad_entry *e)
{
    return !(e->value.flags & AD_IS_DROPPED) && e->value.type != AD_I32 &&
           first_bad(&e->value) < ad_elements(&e->value);
}

/* The id of the first parameter, state or entry with such a number; 0: there is none. */
static uint32_t first_not_finite(const ad_tape *t)
{
    for (uint32_t i = 0; i < ad_persistent_count(t); i++)
        if (is_not_finite(ad_persistent_entry(t, i)))
            return (uint32_t)AD_PERSISTENT << AD_INDEX_BITS | i;
    for (uint32_t id = t->first; id < t->ends[AD_STEP]; id++)
        if (ad_count_entries(t, id, id + 1) && is_not_finite(ad_entry_at(t, id))) /* not in a call that still runs */
            return id;
    return 0;
}

ad_tensor ad_first_not_finite(ad_tape *t, ad_tensor loss, bool *reaches)
{
    const bool has_loss = loss.id && loss.tape;
    if (reaches)
        *reaches = false;
    if (has_loss && loss.tape != t)
        ad_fail_handle(t ? t : loss.tape, loss, "first_not_finite: the loss", -1);
    if (!t || (has_loss && (loss.tape != t || !ad_require_to_look(loss, "first_not_finite"))))
        return ad_inert(t);
    const uint32_t id = first_not_finite(t);
    if (id && has_loss && reaches)
        *reaches = does_reach(t, id, loss);
    return id ? ad_handle(t, id) : ad_inert(t);
}

ad_status ad_check_finite(ad_tape *t, ad_switch on)
{
    if (!t)
        return AD_BAD_HANDLE;
    t->checking = on == AD_ON;
    return t->status;
}
