/* A tape as a graph in DOT. */
#include "dot.h"

#include <gradtape/operator.h>

#include "describe.h"
#include "gradients.h"
#include "title.h"

/* ---- Boxes ------------------------------------------------------------------------------------------------------- */

/* The id of a tensor, as in JSON; `what` stands before that of a call. */
static void put_id(ad_sink *sink, const char *what, ad_tensor x)
{
    ad_put_format(sink, "\"%s", what);
    ad_put_identity(sink, x);
    ad_put(sink, "\"");
}

/* A line of a label: one element as it is, of more their range. */
static void put_numbers(ad_sink *sink, const char *what, const ad_numbers *numbers)
{
    ad_put_format(sink, "\\n%s", what);
    if (numbers->n > 1 && numbers->data)
        ad_put_range(sink, numbers, false);
    else
        ad_put_values(sink, numbers, false);
}

static void put_value(ad_sink *sink, ad_tensor x)
{
    ad_numbers value;
    const ad_value_state state = ad_value_to_show(x, &value);
    if (state == AD_VALUE_DROPPED)
        ad_put(sink, "\\nvalue dropped");
    else
        put_numbers(sink, "", &value);
    if (!ad_is_after_change(state))
        return;
    ad_put(sink, "\\n");
    ad_put_change(sink, x, state, false);
}

static void put_label(ad_sink *sink, ad_tensor x)
{
    ad_numbers gradient;
    ad_put_name(sink, AD_INK_DOT, x, AD_NAME_IN_TEXT);
    ad_put(sink, "\\n");
    ad_put_text(sink, AD_INK_DOT, ad_made_by(x), AD_NAME_IN_TEXT);
    ad_put(sink, " ");
    ad_put_shape(sink, ad_shape_of(x));
    put_value(sink, x);
    if (ad_find_gradient(x, &gradient))
        put_numbers(sink, "gradient ", &gradient);
    else if (ad_wants_gradient(x))
        ad_put(sink, "\\ngradient \xc2\xb7"); /* not computed */
}

static void put_box(ad_sink *sink, ad_tensor x, const ad_operator *op)
{
    put_id(sink, "", x);
    ad_put_format(sink, " [style=\"%s\", label=\"", !op ? "rounded" : ad_is_byproduct(x) ? "dashed" : "solid");
    put_label(sink, x);
    ad_put(sink, "\"];\n");
}

/* ---- Edges ------------------------------------------------------------------------------------------------------- */

/* The box of y, or the ellipse of its call. */
static void put_target(ad_sink *sink, ad_tensor y, bool is_call) { put_id(sink, is_call ? "call " : "", y); }

static void put_operands(ad_sink *sink, ad_tensor y, bool is_call)
{
    const int n = ad_operand_count(y);
    for (int i = 0; i < n && ad_sink_is_good(sink); i++) {
        const ad_tensor x = ad_operand(y, i);
        if (ad_number_of(x) == SIZE_MAX)
            continue;
        put_id(sink, "", x);
        ad_put(sink, " -> ");
        put_target(sink, y, is_call);
        if (n > 1)
            ad_put_format(sink, " [label=\"%d\"]", i + 1);
        ad_put(sink, ";\n");
    }
}

/* From result 0 of its call, or the ellipse of that, to another result or a by-product. */
static void put_sibling(ad_sink *sink, ad_tape *t, ad_tensor y, bool is_call, bool is_byproduct)
{
    put_target(sink, ad_recorded_at(t, ad_number_of(y) - (size_t)ad_result_number(y)), is_call);
    ad_put(sink, " -> ");
    put_id(sink, "", y);
    ad_put(sink, is_byproduct ? " [style=\"dashed\"];\n" : ";\n");
}

static bool is_of_several(const ad_operator *op) { return op && op->n_results > 1; }

/* The edges to y. */
static void put_edges(ad_sink *sink, ad_tape *t, ad_tensor y)
{
    const ad_operator *op = ad_operator_of(y);
    const int result = ad_result_number(y);
    if (op && result == 0)
        put_operands(sink, y, is_of_several(op));
    if (op && (result > 0 || is_of_several(op)))
        put_sibling(sink, t, y, is_of_several(op), ad_is_byproduct(y));
}

/* The box of y, and before the first of several results the ellipse of their call. */
static void put_entry(ad_sink *sink, ad_tensor y)
{
    const ad_operator *op = ad_operator_of(y);
    if (is_of_several(op) && ad_result_number(y) == 0) {
        put_target(sink, y, true);
        ad_put(sink, " [shape=ellipse, label=\"");
        ad_put_text(sink, AD_INK_DOT, op->name, AD_NAME_IN_TEXT);
        ad_put(sink, "\"];\n");
    }
    put_box(sink, y, op);
}

/* ---- Scopes ------------------------------------------------------------------------------------------------------ */

/* Where the writing is: the scopes that began, and the innermost that is open. */
typedef struct clusters {
    size_t begun;
    int open;
} clusters;

/* Closes what has ended before entry i. */
static void close_clusters(ad_sink *sink, const ad_tape *t, size_t i, clusters *c)
{
    while (c->open >= 0) {
        const ad_scope scope = ad_scope_at(t, (size_t)c->open);
        if (i - scope.first < scope.n)
            break;
        ad_put(sink, "}\n");
        c->open = scope.outer;
    }
}

/* Opens what begins at entry i. */
static void open_clusters(ad_sink *sink, const ad_tape *t, size_t i, clusters *c)
{
    for (; c->begun < ad_scope_count(t) && ad_scope_at(t, c->begun).first <= i; c->begun++) {
        const ad_scope scope = ad_scope_at(t, c->begun);
        if (scope.n == 0)
            continue;
        ad_put_format(sink, "subgraph \"cluster_%zu\" {\nlabel=\"", c->begun);
        ad_put_text(sink, AD_INK_DOT, scope.name, AD_NAME_IN_TEXT);
        ad_put(sink, "\";\n");
        c->open = (int)c->begun;
    }
}

/* ---- The tape ---------------------------------------------------------------------------------------------------- */

void ad_put_dot(ad_sink *sink, ad_tape *t, const ad_write_options *options)
{
    const size_t kept = ad_kept_count(t), recorded = ad_entry_count(t);
    clusters c = {0, -1};
    ad_put(sink, "digraph \"tape\" {\nlabel=\"");
    ad_put_title(sink, AD_INK_DOT, t, options);
    ad_put(sink, "\";\nrankdir=\"LR\";\nnode [shape=box, fontname=\"sans-serif\", fontsize=11];\n"
                 "edge [fontname=\"sans-serif\", fontsize=10];\n");
    for (size_t i = 0; i < kept && ad_sink_is_good(sink); i++)
        put_box(sink, ad_kept_at(t, i), NULL);
    for (size_t i = 0; i < recorded && ad_sink_is_good(sink); i++) {
        close_clusters(sink, t, i, &c);
        open_clusters(sink, t, i, &c);
        put_entry(sink, ad_recorded_at(t, i));
    }
    close_clusters(sink, t, recorded, &c);
    for (size_t i = 0; i < recorded && ad_sink_is_good(sink); i++) /* an edge in a cluster would draw both ends there */
        put_edges(sink, t, ad_recorded_at(t, i));
    ad_put(sink, "}\n");
}

ad_shown ad_write_dot(ad_tape *t, const char *path, const ad_write_options *options)
{
    ad_sink sink = ad_sink_open(t, path);
    if (ad_sink_is_good(&sink))
        ad_put_dot(&sink, t, options);
    return ad_sink_close(&sink);
}
