/* What is wrong with gradients, updates and units, and what helps: in sentences. */
#include "advice.h"

#include <math.h>

#include "gradients.h"
#include "operators.h"
#include "reasons.h"

/* Of more layers or parameters only the number is said. */
enum { MOST = 5 };

/* A sentence that is made piece by piece. The longest piece of one is a reason. */
enum { SENTENCE = 2000 };
typedef struct sentence {
    ad_sink sink;
    char text[SENTENCE];
} sentence;

static void begin_sentence(sentence *s) { s->sink = ad_sink_into(s->text, sizeof s->text); }

static void end_sentence(sentence *s, const ad_speech *to) { to->put_sentence(to->sink, s->text); }

static void put_more(size_t n, const char *one, const char *many, const ad_speech *to)
{
    sentence s;
    if (n <= MOST)
        return;
    begin_sentence(&s);
    if (n - MOST == 1)
        ad_put_format(&s.sink, "There is 1 more %s.", one);
    else
        ad_put_format(&s.sink, "There are %zu more %s.", n - MOST, many);
    end_sentence(&s, to);
}

/* ---- Gradients and updates --------------------------------------------------------------------------------------- */

static bool has_logistic(ad_tape *t)
{
    size_t i = ad_entry_count(t);
    while (i > 0 && ad_activation_of(ad_recorded_at(t, i - 1)) != AD_LOGISTIC)
        i--;
    return i > 0;
}

void ad_put_trend(ad_tape *t, const ad_trend *of, const ad_speech *to)
{
    char number[AD_NUMBER_TEXT];
    sentence s;
    begin_sentence(&s);
    ad_number_text(of->step, 2, number);
    if (of->vanishes) {
        ad_put_format(&s.sink, "The gradient shrinks to %s of itself per layer%s. ", number,
                      has_logistic(t) ? " (logistic' is at most 1/4)" : "");
        ad_put_format(&s.sink, "Use relu%s, larger first weights, or fewer layers.", has_logistic(t) ? " or tanh" : "");
    } else {
        ad_put_format(&s.sink, "The gradient grows to %s times itself per layer. ", number);
        ad_put(&s.sink, "Use smaller first weights, layer_norm between layers, or fewer layers.");
    }
    end_sentence(&s, to);
}

/* Says something about the first parameter of a verdict, and how many more there are. */
static void put_about(const ad_flow *f, ad_flow_verdict v, const ad_speech *to, const char *before, const char *after)
{
    const ad_flow_row *first = NULL;
    size_t n = 0;
    sentence s;
    char number[AD_NUMBER_TEXT];
    for (size_t k = 0; k < f->n; k++)
        if (f->rows[k].verdict == v && n++ == 0)
            first = &f->rows[k];
    if (!first)
        return;
    begin_sentence(&s);
    ad_put(&s.sink, before);
    ad_put_name(&s.sink, to->ink, first->x, AD_NAME_IN_TEXT);
    const bool is_update = v == AD_FLOW_TOO_SLOW || v == AD_FLOW_TOO_FAST;
    if (is_update)
        ad_put_format(&s.sink, " is %s of its value", ad_number_text(first->update, 2, number));
    if (n > 1)
        ad_put_format(&s.sink, is_update ? ", and %zu more are " : ", and of %zu more,", n - 1);
    if (n > 1 && is_update)
        ad_put(&s.sink, ad_flow_verdict_word(v));
    ad_put(&s.sink, after);
    end_sentence(&s, to);
}

/* Of gradients that are too large or too small by themselves. */
static void put_sizes(const ad_flow *f, const ad_speech *to)
{
    char number[AD_NUMBER_TEXT];
    sentence s;
    begin_sentence(&s);
    ad_put_format(&s.sink, " is above %s. Use smaller first weights, layer_norm between layers, or scale the loss.",
                  ad_number_text(AD_LARGE_RMS, AD_FEW_DIGITS, number));
    put_about(f, AD_FLOW_LARGE, to, "The gradient of ", s.text);
    begin_sentence(&s);
    ad_put_format(&s.sink, " is below %s: a step changes next to nothing. ",
                  ad_number_text(AD_TINY_RMS, AD_FEW_DIGITS, number));
    ad_put(&s.sink, "Unless the loss is at its least, scale it, or use relu or larger first weights.");
    put_about(f, AD_FLOW_ALL_TINY, to, "The gradient of ", s.text);
}

/* Each with its reason, up to a few. */
static void put_all_zero(const ad_flow *f, const ad_speech *to)
{
    size_t n = 0;
    for (size_t k = 0; k < f->n; k++) {
        if (f->rows[k].verdict != AD_FLOW_ALL_ZERO || n++ >= MOST)
            continue;
        sentence s;
        char reason[SENTENCE / 2];
        ad_sink why = ad_sink_into(reason, sizeof reason);
        ad_put_zero_reason(&why, to->ink, f->rows[k].x);
        if (why.room < 2) /* it may have been cut, also inside of what an ink writes for a character */
            *reason = 0;
        begin_sentence(&s);
        ad_put(&s.sink, "The gradient of ");
        ad_put_name(&s.sink, to->ink, f->rows[k].x, AD_NAME_IN_TEXT);
        ad_put_format(&s.sink, " is all zero%s%s.", *reason ? ": " : "", reason);
        end_sentence(&s, to);
    }
    put_more(n, "gradient that is all zero", "gradients that are all zero", to);
}

/* ---- Dead units -------------------------------------------------------------------------------------------------- */

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
    enum { MOST_UNITS = 10 };
    size_t listed = 0;
    for (size_t unit = 0; listed < n && listed < MOST_UNITS; unit++)
        if (is_dead(y, unit))
            ad_put_format(sink, "%s%zu", listed++ ? ", " : "", unit);
    if (n > MOST_UNITS)
        ad_put_format(sink, " and %zu more", n - MOST_UNITS);
}

/* Writes a sentence if there is something to say, and returns whether; so does the other one below. */
static bool write_dead(sentence *s, const ad_speech *to, ad_tensor y, const ad_numbers *value)
{
    const size_t rows = value->shape.rank == 2 ? (size_t)value->shape.dims[0] : 0;
    const size_t units = rows ? (size_t)value->shape.dims[1] : 0;
    size_t dead = 0;
    for (size_t unit = 0; unit < units && rows >= AD_ROWS_TO_JUDGE_UNITS; unit++)
        dead += is_dead(value, unit);
    if (dead == 0 || (double)dead < AD_DEAD_SHARE * (double)units)
        return false;
    ad_put_format(&s->sink, "Of %zu units of ", units);
    put_layer(&s->sink, to->ink, y);
    ad_put(&s->sink, ", ");
    to->put_count(&s->sink, y, dead);
    ad_put_format(&s->sink, " are dead: 0 for all %zu rows, so that nothing flows back through them (units ", rows);
    put_list_of_dead(&s->sink, value, dead);
    ad_put(&s->sink, "). Use a lower rate, smaller first weights, or leaky_relu or elu.");
    return true;
}

/* ---- Saturated numbers ------------------------------------------------------------------------------------------- */

static bool is_saturated(ad_activation activation, double y)
{
    return activation == AD_TANH ? fabs(y) > AD_SATURATED_TANH : fabs(y - 0.5) > 0.5 - AD_SATURATED_LOGISTIC;
}

static bool write_saturated(sentence *s, const ad_speech *to, ad_tensor y, const ad_numbers *value,
                            ad_activation activation)
{
    const bool is_tanh = activation == AD_TANH;
    size_t n = 0;
    for (size_t i = 0; i < value->n; i++)
        n += is_saturated(activation, ad_element_of(value->data, value->type, i));
    if (value->n < AD_ROWS_TO_JUDGE_UNITS || (double)n < AD_SATURATED_SHARE * (double)value->n)
        return false;
    ad_put_format(&s->sink, "%.0f %% of the numbers of ", 100 * (double)n / (double)value->n);
    put_layer(&s->sink, to->ink, y);
    ad_put(&s->sink, is_tanh ? " are saturated (beyond " : " are saturated (within ");
    ad_put_number(&s->sink, is_tanh ? AD_SATURATED_TANH : AD_SATURATED_LOGISTIC, AD_FEW_DIGITS);
    ad_put(&s->sink, is_tanh ? " either way, where tanh is flat)" : " of 0 or 1, where logistic is flat)");
    ad_put(&s->sink, ". Scale the inputs, or use smaller first weights.");
    return true;
}

static bool write_units(sentence *s, const ad_speech *to, ad_tensor y)
{
    const ad_activation activation = ad_activation_of(y);
    ad_numbers value;
    begin_sentence(s);
    if ((activation != AD_RELU && activation != AD_TANH && activation != AD_LOGISTIC) || ad_is_byproduct(y) ||
        !ad_find_value(y, &value))
        return false;
    return activation == AD_RELU ? write_dead(s, to, y, &value) : write_saturated(s, to, y, &value, activation);
}

static void put_units(ad_tape *t, const ad_speech *to)
{
    size_t n = 0;
    sentence s;
    for (size_t i = 0; i < ad_entry_count(t) && ad_sink_is_good(to->sink); i++)
        if (write_units(&s, to, ad_recorded_at(t, i)) && n++ < MOST)
            end_sentence(&s, to);
    put_more(n, "layer with dead units or saturated numbers", "layers with dead units or saturated numbers", to);
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

void ad_put_advice(const ad_flow *f, const ad_speech *to)
{
    const ad_trend *weights = &f->trends[AD_WEIGHTS];
    const ad_trend *of = weights->vanishes || weights->explodes ? weights : &f->trends[AD_BIASES];
    if (of->vanishes || of->explodes)
        ad_put_trend(f->tape, of, to);
    if (!of->explodes)
        put_about(f, AD_FLOW_EXPLODED, to, "The gradient of ",
                  " is far larger than the others. Use smaller first weights or a lower rate, or scale the loss.");
    put_sizes(f, to);
    put_about(f, AD_FLOW_NOT_FINITE, to, "The gradient of ",
              " is not finite. Run the step with ad_check_finite: it names the entry where that begins.");
    put_about(f, AD_FLOW_TOO_SLOW, to, "The update of ", ": it hardly learns. Use a higher rate.");
    put_about(f, AD_FLOW_TOO_FAST, to, "The update of ", ": it jumps. Use a lower rate.");
    put_all_zero(f, to);
    put_units(f->tape, to);
}
