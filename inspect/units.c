/* Units that learn nothing: dead ones, and numbers that are saturated. */
#include <math.h>

#include "cells.h"
#include "flow.h"
#include "lines.h"
#include "operators.h"

/* The name of y; of a layer without one also that of its weights. */
static void put_layer(ad_sink *sink, ad_ink ink, ad_tensor y)
{
    ad_put_name(sink, ink, y, AD_NAME_IN_TEXT);
    if (*ad_name_of(y) || !ad_is_made_by(y, "linear"))
        return;
    ad_put(sink, " (of ");
    ad_put_name(sink, ink, ad_operand(y, 1), AD_NAME_IN_TEXT);
    ad_put(sink, ")");
}

/* ---- Dead units -------------------------------------------------------------------------------------------------- */

static bool is_dead(const ad_numbers *y, size_t unit)
{
    const size_t units = (size_t)y->shape.dims[1];
    for (size_t i = unit; i < y->n; i += units)
        if (ad_element_of(y->data, y->type, i) != 0)
            return false;
    return true;
}

/* "1, 4, 7 and 2 more" */
static void put_list_of_dead(ad_sink *sink, const ad_numbers *y, size_t n)
{
    enum { MOST = 10 };
    size_t listed = 0;
    for (size_t unit = 0; listed < n && listed < MOST; unit++)
        if (is_dead(y, unit))
            ad_put_format(sink, "%s%zu", listed++ ? ", " : "", unit);
    if (n > MOST)
        ad_put_format(sink, " and %zu more", n - MOST);
}

static void put_dead(ad_sink *sink, ad_ink ink, ad_tensor y, const ad_numbers *value)
{
    const size_t rows = value->shape.rank == 2 ? (size_t)value->shape.dims[0] : 0;
    const size_t units = rows ? (size_t)value->shape.dims[1] : 0;
    size_t dead = 0;
    for (size_t unit = 0; unit < units && rows >= ad_flow_limit.rows; unit++)
        dead += is_dead(value, unit);
    if (dead == 0 || (double)dead < ad_flow_limit.dead * (double)units)
        return;
    ad_sentence s;
    ad_begin_sentence(&s);
    ad_put_format(&s.sink, "Of %zu units of ", units);
    put_layer(&s.sink, ink, y);
    ad_put_format(&s.sink, ", %zu are dead: 0 for all %zu rows, so that nothing flows back through them (units ", dead,
                  rows);
    put_list_of_dead(&s.sink, value, dead);
    ad_put(&s.sink, "). Use a lower rate, smaller first weights, or leaky_relu or elu.");
    ad_end_sentence(&s, sink);
}

/* ---- Saturated numbers ------------------------------------------------------------------------------------------- */

static bool is_saturated(ad_activation activation, double y)
{
    return activation == AD_TANH ? fabs(y) > ad_flow_limit.tanh : fabs(y - 0.5) > 0.5 - ad_flow_limit.logistic;
}

static void put_saturated(ad_sink *sink, ad_ink ink, ad_tensor y, const ad_numbers *value, ad_activation activation)
{
    char limit[AD_NUMBER_TEXT];
    size_t n = 0;
    for (size_t i = 0; i < value->n; i++)
        n += is_saturated(activation, ad_element_of(value->data, value->type, i));
    if (value->n < ad_flow_limit.rows || (double)n < ad_flow_limit.saturated * (double)value->n)
        return;
    ad_sentence s;
    ad_begin_sentence(&s);
    ad_put_format(&s.sink, "%.0f %% of the numbers of ", 100 * (double)n / (double)value->n);
    put_layer(&s.sink, ink, y);
    if (activation == AD_TANH)
        ad_put_format(&s.sink, " are saturated (beyond %s either way, where tanh is flat)",
                      ad_number_text(ad_flow_limit.tanh, AD_FEW_DIGITS, limit));
    else
        ad_put_format(&s.sink, " are saturated (within %s of 0 or 1, where logistic is flat)",
                      ad_number_text(ad_flow_limit.logistic, AD_FEW_DIGITS, limit));
    ad_put(&s.sink, ". Scale the inputs, or use smaller first weights.");
    ad_end_sentence(&s, sink);
}

void ad_put_units(ad_sink *sink, ad_ink ink, ad_tape *t)
{
    for (size_t i = 0; i < ad_entry_count(t) && ad_sink_is_good(sink); i++) {
        const ad_tensor y = ad_recorded_at(t, i);
        const ad_activation activation = ad_activation_of(y);
        ad_numbers value;
        if (activation == AD_IDENTITY || ad_is_byproduct(y) || !ad_find_value(y, &value))
            continue;
        if (activation == AD_RELU)
            put_dead(sink, ink, y, &value);
        else if (activation == AD_TANH || activation == AD_LOGISTIC)
            put_saturated(sink, ink, y, &value, activation);
    }
}
