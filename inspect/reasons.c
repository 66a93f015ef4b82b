/* Why a gradient is 0, or why there is none. */
#include "reasons.h"

#include <math.h>
#include <string.h>

#include <gradtape/backward.h>

#include "describe.h"
#include "gradients.h"
#include "operators.h"

static void put_name(ad_sink *sink, ad_ink ink, ad_tensor x) { ad_put_name(sink, ink, x, AD_NAME_IN_TEXT); }

/* ---- One call that gives 0 --------------------------------------------------------------------------------------- */

/* Which operand stands beside dy in what a part is; -1: none. */
static int factor_of(const ad_part *part)
{
    return part->place < 2 ? ad_notes_of(part->from)->factors[part->place] - 1 : -1;
}

static bool has_zero_factor(const ad_part *part, ad_tensor *factor)
{
    const int other = factor_of(part);
    ad_numbers value;
    if (other < 0)
        return false;
    *factor = ad_operand(part->from, other);
    return ad_find_value(*factor, &value) && ad_is_all_zero(&value);
}

/* The values of the operand at which the call is asked for its slope: where the gradient of the result is not 0. */
static void put_where_flat(ad_sink *sink, const ad_part *part)
{
    ad_numbers x;
    const ad_numbers *dy = part->upstream;
    double low = INFINITY, high = -INFINITY;
    if (!ad_find_value(ad_operand(part->from, part->place), &x))
        return;
    for (size_t i = 0; dy->data && dy->n == x.n && i < x.n; i++) {
        const double number = ad_element_of(x.data, x.type, i);
        const bool counts = ad_element_of(dy->data, dy->type, i) != 0;
        low = counts && number < low ? number : low;
        high = counts && number > high ? number : high;
    }
    if (low > high)
        return;
    ad_put(sink, low < high ? " from " : " at ");
    ad_put_number(sink, low, ad_digits_of(x.type, false));
    if (low < high) {
        ad_put(sink, " to ");
        ad_put_number(sink, high, ad_digits_of(x.type, false));
    }
}

static void put_zero_factor(ad_sink *sink, ad_ink ink, const ad_part *part, ad_tensor factor, bool is_own)
{
    if (!is_own) {
        ad_put(sink, "in ");
        ad_put_call(sink, ink, part->from);
    }
    ad_put(sink, is_own ? "its factor " : " the factor ");
    put_name(sink, ink, factor);
    ad_put(sink, " is 0");
}

/* Whether a call uses each number of an operand in several places: broadcast, or as the biases of a layer. */
static bool is_spread(const ad_part *part)
{
    const size_t n = ad_size_of(part->of);
    const bool is_summed = ad_operator_of(part->from)->properties & AD_ELEMENTWISE ||
                           (ad_is_made_by(part->from, "linear") && part->place == 3);
    return is_summed && n > 0 && n < ad_size_of(part->from);
}

/* Says why a part is 0 though the gradient of the result is not. `is_own`: it is a part of the gradient that is asked
 * about. */
static void put_culprit(ad_sink *sink, ad_ink ink, const ad_part *part, bool is_own)
{
    const ad_operator *op = ad_operator_of(part->from);
    ad_tensor factor;
    ad_numbers y;
    if (has_zero_factor(part, &factor)) {
        put_zero_factor(sink, ink, part, factor, is_own);
        return;
    }
    const bool is_scale = ad_is_made_by(part->from, "scale");
    if (is_scale && ad_attributes_of(part->from)->real == 0) {
        ad_put(sink, "in ");
        ad_put_call(sink, ink, part->from);
        ad_put(sink, " the factor is 0");
        return;
    }
    const bool is_sum = factor_of(part) >= 0 && !ad_is_made_by(part->from, "linear");
    ad_put(sink, is_sum ? "the products add up to 0 in " : "");
    ad_put_call(sink, ink, part->from);
    if (is_sum)
        return;
    if (is_spread(part)) {
        ad_put_format(sink, " spreads it over %zu places, whose gradients cancel each other",
                      ad_size_of(part->from) / ad_size_of(part->of));
    } else if (op->properties & AD_PIECEWISE_CONSTANT) {
        ad_put(sink, " is flat: its slope is 0 wherever it has one");
    } else if (op->properties & AD_ELEMENTWISE && op->arity == 1 && !is_scale) {
        ad_put(sink, " is flat");
        put_where_flat(sink, part);
    } else if (ad_is_made_by(part->from, "linear") && ad_find_value(part->from, &y) && ad_is_all_zero(&y)) {
        ad_put(sink, " is flat: all its units are 0, or dead");
    } else {
        ad_put(sink, " gives 0 to its ");
        ad_put_ordinal(sink, part->place);
        ad_put(sink, " place: ");
        ad_put_rule(sink, ink, part->from);
    }
}

/* ---- From a gradient of 0 to the call that made it --------------------------------------------------------------- */

static bool has_upstream(const ad_part *part)
{
    for (int j = 0; j < part->n_upstream; j++)
        if (ad_is_computed(&part->upstream[j]) && part->upstream[j].norm != 0)
            return true;
    return false;
}

/* Whether a part was given to a result of the call whose first result is `call`. */
static bool is_to_call(const ad_part *part, ad_tensor call, int n)
{
    const uint32_t id = part->of.id;
    return id >= call.id && id < call.id + (uint32_t)n;
}

/* The parts of the gradient of x: how many, the last of them, and whether one is not 0. */
static size_t count_parts(ad_tensor x, size_t *last, bool *cancel)
{
    const size_t n = ad_part_count(x.tape, AD_BAND_BACKWARD);
    size_t count = 0;
    *cancel = false;
    for (size_t i = 0; i < n; i++) {
        const ad_part *part = ad_backward_part(x.tape, i);
        if (!ad_is_part_of(part, x))
            continue;
        *cancel = *cancel || part->part.norm != 0;
        *last = i;
        count++;
    }
    return count;
}

/* The sweep goes down the tape, so that the parts of a result stand before those that its call gave. */
void ad_put_zero_reason(ad_sink *sink, ad_ink ink, ad_tensor x)
{
    size_t i = 0;
    bool cancel;
    const size_t n = count_parts(x, &i, &cancel);
    if (cancel && n > 1)
        ad_put_format(sink, "its %zu parts cancel each other", n);
    if (n == 0 || cancel)
        return;
    const ad_part *part = ad_backward_part(x.tape, i);
    while (part->origin == AD_FROM_RULE && !has_upstream(part)) {
        const ad_tensor call = part->from;
        const int results = part->n_upstream;
        while (i > 0 && !is_to_call(ad_backward_part(x.tape, i), call, results))
            i--;
        part = ad_backward_part(x.tape, i);
        if (!is_to_call(part, call, results))
            break;
    }
    if (part->origin == AD_FROM_RULE && has_upstream(part))
        put_culprit(sink, ink, part, part->of.id == x.id);
    else
        ad_put(sink,
               part->origin == AD_FROM_BEFORE ? "it was 0 before the sweep" : "the sweep began with a gradient of 0");
}

/* ---- No gradient ------------------------------------------------------------------------------------------------- */

static bool uses(ad_tensor y, ad_tensor x)
{
    const int n = ad_operand_count(y);
    for (int i = 0; i < n; i++)
        if (ad_operand(y, i).id == x.id)
            return true;
    return false;
}

bool ad_is_used(ad_tensor x)
{
    const size_t n = ad_entry_count(x.tape);
    for (size_t i = ad_is_kept(x) ? 0 : ad_number_of(x); i < n; i++)
        if (uses(ad_recorded_at(x.tape, i), x))
            return true;
    return false;
}

enum { FROM_X = 1, TO_Y = 2 };

/* The mark of an entry among the first n; NULL for a leaf that is kept. */
static unsigned char *mark_of(unsigned char *marks, size_t n, ad_tensor z)
{
    const size_t i = ad_is_kept(z) ? SIZE_MAX : ad_number_of(z);
    return i < n ? &marks[i] : NULL;
}

/* Marks what the last of the first n entries depends on. */
static void mark_ways_to(unsigned char *marks, size_t n, ad_tape *t)
{
    marks[n - 1] = TO_Y;
    for (size_t i = n; i-- > 0;) {
        const ad_tensor z = ad_recorded_at(t, i);
        for (int k = ad_operand_count(z); marks[i] && k-- > 0;) {
            unsigned char *mark = mark_of(marks, n, ad_operand(z, k));
            if (mark)
                *mark = TO_Y;
        }
    }
}

/* Marks what depends on x. */
static void mark_ways_from(unsigned char *marks, size_t n, ad_tensor x)
{
    for (size_t i = 0; i < n; i++) {
        const ad_tensor z = ad_recorded_at(x.tape, i);
        for (int k = ad_operand_count(z); k-- > 0;) {
            const ad_tensor operand = ad_operand(z, k);
            const unsigned char *mark = mark_of(marks, n, operand);
            if (operand.id == x.id || (mark && *mark & FROM_X))
                marks[i] |= FROM_X;
        }
    }
}

/* The first entry on the way from x to y that no gradient passes; SIZE_MAX: there is no way; the number of y + 1: none
 * stops it. */
static size_t find_stop(const unsigned char *marks, ad_tensor y)
{
    const size_t end = ad_number_of(y) + 1;
    if (marks[end - 1] != (FROM_X | TO_Y))
        return SIZE_MAX;
    for (size_t i = 0; i < end; i++)
        if (marks[i] == (FROM_X | TO_Y) && !ad_wants_gradient(ad_recorded_at(y.tape, i)))
            return i;
    return end;
}

bool ad_has_part(ad_tensor x)
{
    size_t last;
    bool cancel;
    return count_parts(x, &last, &cancel) > 0;
}

/* Only a sweep that failed drops the gradient of a parameter that was given a part; a replay drops those of variables,
 * too. */
bool ad_sweep_failed(const ad_tape *t)
{
    const size_t n = ad_part_count(t, AD_BAND_BACKWARD);
    for (size_t i = n; i-- > 0;) {
        const ad_tensor x = ad_backward_part(t, i)->of;
        const bool is_leaf = ad_is_valid(x) && !ad_is_dropped(x) && !ad_operator_of(x);
        if (is_leaf && ad_has_gradient(x))
            return false;
        if (is_leaf && ad_is_kept(x))
            return true;
    }
    return n > 0 && ad_status_of(t) != AD_OK;
}

/* Says why there is no gradient of x, which y depends on, or which is y. */
static void put_lost(ad_sink *sink, ad_ink ink, ad_tensor y, ad_tensor x)
{
    const bool has_part = ad_has_part(x);
    if (ad_sweep_failed(x.tape)) {
        ad_put(sink, "the sweep failed, and its gradients were dropped");
        ad_put(sink, ad_status_of(x.tape) != AD_OK ? ": the tape's message says where" : "");
    } else if (has_part && !ad_operator_of(x)) {
        ad_put(sink, "it was dropped, by a replay or because the sweep failed");
    } else if (has_part) {
        ad_put(sink, "no part came from its call: the sweep failed before it, or its rule gave none");
    } else {
        put_name(sink, ink, y);
        ad_put(sink, " depends on ");
        put_name(sink, ink, x);
        ad_put(sink, ", but no part came to it: the sweep failed on its way, or a rule gave none");
    }
}

static bool is_guard(ad_tensor y)
{
    const ad_operator *op = ad_operator_of(y);
    return op && op->properties & AD_NOT_DIFFERENTIABLE && strcmp(op->name, "guard") == 0;
}

/* Says that y does not depend on x, or only by a choice of the program. */
static void put_no_way(ad_sink *sink, ad_ink ink, ad_tensor y, ad_tensor x, const unsigned char *marks)
{
    const size_t end = marks ? ad_number_of(y) + 1 : 0;
    size_t i = 0;
    while (i < end && !(marks[i] & FROM_X && is_guard(ad_recorded_at(y.tape, i))))
        i++;
    put_name(sink, ink, y);
    ad_put(sink, i < end ? " depends on " : " does not depend on ");
    put_name(sink, ink, x);
    if (i < end) {
        ad_put(sink, " only by the choice of the guard ");
        put_name(sink, ink, ad_recorded_at(y.tape, i));
        ad_put(sink, ", which no gradient passes");
    } else if (!ad_is_used(x)) {
        ad_put(sink, ": nothing uses it");
    }
}

/* Says what was found on the way from x to y. */
static void put_stop(ad_sink *sink, ad_ink ink, ad_tensor y, ad_tensor x, size_t stop)
{
    if (stop > ad_number_of(y)) {
        put_lost(sink, ink, y, x);
        return;
    }
    put_name(sink, ink, y);
    ad_put(sink, " depends on ");
    put_name(sink, ink, x);
    ad_put(sink, " only through ");
    ad_put_call(sink, ink, ad_recorded_at(y.tape, stop));
    ad_put(sink, ", which no gradient passes");
}

static void put_unwanted(ad_sink *sink, ad_ink ink, ad_tensor x)
{
    put_name(sink, ink, x);
    if (ad_number_of(x) == SIZE_MAX)
        ad_put(sink, " is a gradient that was not recorded: ad_backward_with(.differentiable = true) records it");
    else if (!ad_operator_of(x) && ad_is_kept(x))
        ad_put(sink, " is a state, which wants no gradient: ad_param makes a leaf that does");
    else if (!ad_operator_of(x))
        ad_put(sink, " is an input, which wants no gradient: ad_variable makes one that does");
    else if (ad_operator_of(x)->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS))
        ad_put_format(sink, " is a result that no gradient passes");
    else
        ad_put(sink, " depends on no parameter or variable");
}

void ad_put_absence_reason(ad_sink *sink, ad_ink ink, ad_tensor y, ad_tensor x)
{
    const ad_allocator allocator = ad_allocator_of(y.tape);
    ad_memory memory = ad_memory_over(&allocator);
    if (!ad_wants_gradient(x)) {
        put_unwanted(sink, ink, x);
        return;
    }
    if (x.id == y.id) {
        put_lost(sink, ink, y, x);
        return;
    }
    if (ad_is_kept(y)) {
        put_no_way(sink, ink, y, x, NULL);
        return;
    }
    const size_t n = ad_number_of(y) + 1;
    unsigned char *marks = ad_memory_take(&memory, n, 1);
    if (!marks) {
        ad_sink_fail(sink, AD_NO_MEMORY, "out of memory: %zu bytes to find a way through the recording", n);
        return;
    }
    memset(marks, 0, n);
    mark_ways_to(marks, n, y.tape);
    mark_ways_from(marks, n, x);
    const size_t stop = find_stop(marks, y);
    if (stop == SIZE_MAX)
        put_no_way(sink, ink, y, x, marks);
    else
        put_stop(sink, ink, y, x, stop);
    ad_memory_release(&memory, marks, n, 1);
}
