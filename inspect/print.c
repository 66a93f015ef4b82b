/* A tape as text. */
#include "describe.h"
#include "gradients.h"
#include "lines.h"
#include "reasons.h"

#include <math.h>

#include <gradtape/backward.h>

enum { NUMBER, ENTRY, MADE_BY, FROM, SHAPE, VALUE, GRADIENT, LOCALS, COLUMNS };

/* Of so many leaves the reason for a gradient of 0, or for none, is looked for: each takes a way through the tape. */
enum { MOST_REASONS = 64 };

/* Of operands with longer names their numbers stand in the column `from`. */
enum { MOST_FROM = 24 };

/* What is printed, and how. */
typedef struct printing {
    ad_tape *tape;
    ad_print_options options;
    ad_ink ink;
    ad_sink *sink;
    ad_tensor y; /* the tensor that the sweep began at */
    ad_widths widths;
    bool is_measuring; /* the first of two ways through the tape finds the widths */
    int reasons;       /* that were looked for */
} printing;

/* ---- One line of a tape ------------------------------------------------------------------------------------------ */

static ad_sink cell(ad_line *line, int i) { return ad_sink_into(line->cells[i], sizeof line->cells[i]); }

static void fill_number(ad_line *line, ad_tensor x)
{
    ad_sink to = cell(line, NUMBER);
    if (ad_is_kept(x))
        ad_put_identity(&to, x);
    else
        ad_put_format(&to, "%zu", ad_number_of(x) + 1);
}

static void fill_names(const printing *p, ad_line *line, ad_tensor x)
{
    const ad_shape shape = ad_shape_of(x);
    ad_sink name = cell(line, ENTRY), made_by = cell(line, MADE_BY), from = cell(line, FROM), dims = cell(line, SHAPE);
    ad_put_name(&name, p->ink, x, AD_NAME_IN_TEXT);
    ad_put_made_by(&made_by, p->ink, x);
    ad_put_operands(&from, p->ink, x);
    if (ad_characters_of(line->cells[FROM]) > MOST_FROM) {
        from = cell(line, FROM);
        ad_put_operand_numbers(&from, x);
    }
    ad_put_shape(&dims, shape);
}

static void fill_value(const printing *p, ad_line *line, ad_tensor x)
{
    ad_sink to = cell(line, VALUE);
    ad_numbers value;
    if (ad_value_to_show(x, &value) == AD_VALUE_DROPPED)
        ad_put(&to, "dropped");
    else
        ad_put_values(&to, &value, p->options.exact);
}

/* Returns whether there is a gradient. */
static bool fill_gradient(const printing *p, ad_line *line, ad_tensor x, ad_numbers *gradient)
{
    ad_sink to = cell(line, GRADIENT);
    const bool is_found = ad_find_gradient(x, gradient);
    if (is_found)
        ad_put_values(&to, gradient, p->options.exact);
    else
        ad_put(&to, ad_wants_gradient(x) ? "not computed" : "not wanted");
    return is_found;
}

/* Why a leaf has the gradient 0, or none. */
static void put_reason(printing *p, ad_sink *to, ad_tensor x, bool is_zero)
{
    if (p->reasons++ >= MOST_REASONS) {
        ad_put(to, "ad_why_zero says why");
    } else if (is_zero) {
        ad_put(to, "0: ");
        ad_put_zero_reason(to, p->ink, x);
    } else if (ad_is_used(x) && ad_sweep_failed(x.tape)) {
        ad_put(to, "the sweep failed");
    } else {
        ad_put_name(to, p->ink, p->y, AD_NAME_IN_TEXT);
        ad_put(to, ad_is_used(x) ? "'s gradient does not come to it: ad_why_zero says why" : " does not depend on it");
    }
}

static void fill_locals(printing *p, ad_line *line, ad_tensor x, const ad_numbers *gradient)
{
    ad_sink to = cell(line, LOCALS);
    const bool is_leaf = !ad_operator_of(x), is_zero = gradient && ad_is_all_zero(gradient);
    const bool has_reason = is_leaf && !ad_is_inert(p->y) && ad_wants_gradient(x) && (is_zero || !gradient);
    ad_numbers value;
    const ad_value_state state = ad_value_to_show(x, &value);
    if (ad_is_after_change(state)) {
        ad_put_change(&to, x, state, p->options.exact);
        ad_put(&to, has_reason || !is_leaf ? "; " : "");
    }
    if (has_reason)
        put_reason(p, &to, x, is_zero);
    else if (!is_leaf && ad_result_number(x) == 0)
        ad_put_locals(&to, p->ink, x, p->options.exact);
}

static void put_entry(printing *p, ad_tensor x)
{
    ad_line line;
    ad_numbers gradient;
    if (ad_is_byproduct(x) && !p->options.all)
        return;
    fill_number(&line, x);
    fill_names(p, &line, x);
    fill_value(p, &line, x);
    const bool has_gradient = fill_gradient(p, &line, x, &gradient);
    line.cells[LOCALS][0] = 0;
    if (p->is_measuring) {
        ad_measure_line(&p->widths, &line);
        return;
    }
    fill_locals(p, &line, x, has_gradient ? &gradient : NULL);
    ad_put_line(p->sink, &p->widths, &line);
}

/* ---- All lines --------------------------------------------------------------------------------------------------- */

/* Goes through n tensors; those in the middle of a long list are skipped. */
static void put_list(printing *p, size_t n, ad_tensor (*at)(ad_tape *, size_t))
{
    const bool is_folded = n > AD_MOST_LINES && !p->options.all, is_kept = at == ad_kept_at;
    for (size_t i = 0; i < n; i++) {
        if (is_folded && i == AD_LINES_OF_AN_END) {
            i = n - AD_LINES_OF_AN_END;
            if (!p->is_measuring)
                ad_put_format(p->sink,
                              is_kept ? "  k%d to k%zu not shown: .all\n" : "  entries %d to %zu not shown: .all\n",
                              AD_LINES_OF_AN_END + !is_kept, i - is_kept);
        }
        put_entry(p, at(p->tape, i));
    }
}

static void put_head(printing *p)
{
    static const ad_line head = {{"#", "entry", "made by", "from", "shape", "value", "gradient", "local derivatives"}};
    if (p->is_measuring)
        ad_measure_line(&p->widths, &head);
    else
        ad_put_line(p->sink, &p->widths, &head);
}

static void put_table(printing *p)
{
    put_head(p);
    put_list(p, ad_kept_count(p->tape), ad_kept_at);
    put_list(p, ad_entry_count(p->tape), ad_recorded_at);
}

/* ---- The first line, and the last -------------------------------------------------------------------------------- */

/* What the first line counts. */
typedef struct census {
    size_t params, states, entries;
    bool has_type[AD_TYPE_COUNT], has_gradient;
} census;

static void count(census *c, ad_tensor x)
{
    c->has_type[ad_type_of(x)] = true;
    c->has_gradient = c->has_gradient || (!ad_is_dropped(x) && ad_has_gradient(x));
}

static census count_all(ad_tape *t)
{
    census c = {.params = ad_param_count(t), .states = ad_kept_count(t) - ad_param_count(t)};
    for (size_t i = 0; i < ad_kept_count(t); i++)
        count(&c, ad_kept_at(t, i));
    for (size_t i = 0; i < ad_entry_count(t); i++) {
        const ad_tensor x = ad_recorded_at(t, i);
        if (ad_is_byproduct(x))
            continue;
        count(&c, x);
        c.entries++;
    }
    return c;
}

static void put_first_line(const printing *p)
{
    const census c = count_all(p->tape);
    ad_put_format(p->sink, "%zu parameter%s", c.params, c.params == 1 ? "" : "s");
    if (c.states)
        ad_put_format(p->sink, ", %zu state%s", c.states, c.states == 1 ? "" : "s");
    ad_put_format(p->sink, ", %zu %s", c.entries, c.entries == 1 ? "entry" : "entries");
    for (int i = 0; i < AD_TYPE_COUNT; i++)
        if (c.has_type[i])
            ad_put_format(p->sink, ", %s", ad_type_name((ad_type)i));
    ad_put(p->sink, "; ");
    if (!ad_is_inert(p->y)) {
        ad_put(p->sink, "gradients of ");
        ad_put_name(p->sink, p->ink, p->y, AD_NAME_IN_TEXT);
    } else {
        ad_put(p->sink, c.has_gradient ? "gradients whose parts were not kept" : "no gradients");
    }
    ad_put(p->sink, "\n");
}

/* The part of the last ad_backward that made the first gradient that is not finite; NULL: none did. */
static const ad_part *part_not_finite(const ad_tape *t)
{
    const ad_part *part;
    size_t i = 0;
    while ((part = ad_backward_part(t, i)) && isfinite(part->part.norm))
        i++;
    return part;
}

/* Where numbers stop being finite: forward, else backward. */
static void put_not_finite(const printing *p)
{
    char text[1000];
    ad_sink to = ad_sink_into(text, sizeof text);
    const ad_tensor x = ad_first_not_finite(p->tape, (ad_tensor){0}, NULL);
    const ad_part *part = ad_is_inert(x) ? part_not_finite(p->tape) : NULL;
    ad_numbers value;
    if (ad_is_inert(x) && !part)
        return;
    ad_put(&to, part ? "first gradient that is not finite: of " : "first tensor that is not finite: ");
    if (part || !ad_operator_of(x))
        ad_put_name(&to, p->ink, part ? part->of : x, AD_NAME_IN_TEXT);
    else
        ad_put_call(&to, p->ink, x);
    if (part && part->origin == AD_FROM_RULE) {
        ad_put(&to, ", by the rule of ");
        ad_put_call(&to, p->ink, part->from);
    } else if (!part) {
        ad_value_to_show(x, &value);
        ad_put(&to, ", ");
        ad_put_values(&to, &value, p->options.exact);
    }
    ad_put_paragraph(p->sink, 0, text);
}

static void put_error(const printing *p)
{
    char text[2000];
    ad_sink to = ad_sink_into(text, sizeof text);
    if (ad_status_of(p->tape) == AD_OK)
        return;
    ad_put_format(&to, "%s: ", ad_status_name(ad_status_of(p->tape)));
    ad_put_text(&to, p->ink, ad_message(p->tape), sizeof text);
    ad_put_paragraph(p->sink, 0, text);
}

ad_shown ad_print(ad_tape *t, FILE *to, const ad_print_options *options)
{
    static const ad_print_options none = {0};
    ad_sink sink = ad_sink_over(to);
    printing p = {.tape = t, .options = options ? *options : none, .sink = &sink, .y = ad_sweep_began_at(t)};
    p.widths = (ad_widths){.n = COLUMNS, .least = {20, 6, 6, 6, 6, [LOCALS] = 11}};
    if (!t)
        ad_sink_fail(&sink, AD_BAD_HANDLE, "print: the tape is NULL: ad_tape_open gives one");
    if (!ad_sink_is_good(&sink))
        return ad_sink_close(&sink);
    p.ink = p.options.ascii ? AD_INK_ASCII : ad_ink_of_locale();
    put_first_line(&p);
    put_not_finite(&p);
    p.is_measuring = true;
    put_table(&p);
    ad_fit_widths(&p.widths);
    p.is_measuring = false;
    put_table(&p);
    put_error(&p);
    return ad_sink_close(&sink);
}
