/* What the script needs beside the JSON of the tape: the words of rules, why gradients are 0, and parts as products. */
#include <math.h>
#include <string.h>

#include <gradtape/operator.h>

#include "../describe.h"
#include "../gradients.h"
#include "../operators.h"
#include "../products.h"
#include "../reasons.h"
#include "page.h"

enum {
    MOST_RULES = 200,
    MOST_PRODUCTS = 500,
    MOST_WORK = 20000000, /* entries that are read to say why gradients are 0 */
    TEXT = 1000,
};

static void put_string(ad_sink *sink, const char *text, size_t most)
{
    ad_put(sink, "\"");
    ad_put_text(sink, AD_INK_JSON, text ? text : "", most);
    ad_put(sink, "\"");
}

static void put_key(ad_sink *sink, ad_tensor x, bool *is_first)
{
    ad_put(sink, *is_first ? "\"" : ",\n\"");
    ad_put_identity(sink, x);
    ad_put(sink, "\":");
    *is_first = false;
}

static size_t count_nodes(const ad_page *page) { return page->folds.kept + page->folds.recorded; }

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static void put_rules(ad_page *page)
{
    const ad_operator *known[MOST_RULES];
    size_t n = 0;
    for (size_t i = 0; i < page->folds.recorded && n < MOST_RULES; i++) {
        const ad_operator *op = ad_operator_of(ad_recorded_at(page->t, i));
        bool is_new = op;
        for (size_t k = n; is_new && k-- > 0;)
            is_new = strcmp(known[k]->name, op->name) != 0;
        if (!is_new)
            continue;
        ad_put(page->sink, n ? "," : "");
        put_string(page->sink, op->name, AD_NAME_IN_PAGE);
        ad_put(page->sink, ":[");
        put_string(page->sink, op->formula, AD_NAME_IN_PAGE);
        ad_put(page->sink, ",");
        put_string(page->sink, op->gradient, AD_NAME_IN_PAGE);
        ad_put(page->sink, "]");
        known[n++] = op;
    }
}

/* The activations of layers: "linear tanh". */
static void put_made(ad_page *page)
{
    bool is_first = true;
    for (size_t v = page->folds.kept; v < count_nodes(page); v++) {
        const ad_tensor y = ad_node_tensor(&page->folds, v);
        if (strcmp(ad_made_by(y), "linear") != 0 || ad_result_number(y) != 0 || (page->drawn && !page->drawn[v]))
            continue;
        put_key(page->sink, y, &is_first);
        ad_put(page->sink, "\"");
        ad_put_made_by(page->sink, AD_INK_JSON, y);
        ad_put(page->sink, "\"");
    }
}

/* ---- Gradients ----------------------------------------------------------------------------------------------------
 */

/* The element of the largest magnitude. */
static size_t largest_of(const ad_numbers *x)
{
    size_t found = 0;
    for (size_t i = 1; i < x->n; i++)
        if (fabs(ad_element_of(x->data, x->type, i)) > fabs(ad_element_of(x->data, x->type, found)))
            found = i;
    return found;
}

/* For each part of several numbers its largest element as a sum of products: "0.5 * 0.0594608 = 0.0297304". */
static void put_products(ad_page *page, ad_band band)
{
    const size_t all = ad_part_count(page->t, band), n = page->drawn ? 0 : all < MOST_PRODUCTS ? all : MOST_PRODUCTS;
    bool is_first = true;
    for (size_t i = 0; i < n; i++) {
        char text[TEXT];
        ad_sink sink = ad_sink_into(text, sizeof text);
        const ad_part *part = ad_part_at(page->t, band, i);
        if (part->origin != AD_FROM_RULE || part->part.n < 2 || !part->part.data)
            continue;
        const size_t k = largest_of(&part->part);
        if (!ad_put_products(&sink, part, k))
            continue;
        ad_put_format(page->sink, is_first ? "\"%zu\":[%zu," : ",\n\"%zu\":[%zu,", i, k);
        put_string(page->sink, text, TEXT);
        ad_put(page->sink, "]");
        is_first = false;
    }
}

static bool may_be_zero(ad_tensor x)
{
    ad_numbers gradient;
    if (!ad_wants_gradient(x) || ad_is_byproduct(x))
        return false;
    return !ad_find_gradient(x, &gradient) || gradient.norm == 0;
}

/* Why gradients are 0 or absent, as ad_why_zero says it; of a long tape for the first tensors only. */
static void put_reasons(ad_page *page)
{
    const size_t most = MOST_WORK / (page->folds.recorded + ad_part_count(page->t, AD_BAND_BACKWARD) + 1);
    bool is_first = true;
    size_t n = 0;
    for (size_t v = 0; v < count_nodes(page) && n < most && ad_is_valid(page->loss); v++) {
        char text[TEXT];
        ad_sink sink = ad_sink_into(text, sizeof text);
        const ad_tensor x = ad_node_tensor(&page->folds, v);
        if (!ad_has_row(page, v) || !may_be_zero(x))
            continue;
        n++;
        ad_put_why_zero(&sink, AD_INK_TEXT, page->loss, x);
        if (!ad_sink_is_good(&sink)) {
            ad_sink_fail(page->sink, sink.shown.status, "%s: %s", page->sink->who, sink.shown.message);
            return;
        }
        if (sink.room < 2) /* it may have been cut */
            continue;
        put_key(page->sink, x, &is_first);
        put_string(page->sink, text, TEXT);
    }
}

/* ---- What is not whole ------------------------------------------------------------------------------------------- */

/* The tensors of which the page's data has not all parts. */
static void put_incomplete(ad_page *page)
{
    const size_t n = ad_part_count(page->t, AD_BAND_BACKWARD);
    for (size_t i = 0; page->drawn && i < n; i++) {
        const ad_part *part = ad_part_at(page->t, AD_BAND_BACKWARD, i);
        const size_t of = ad_node_of(&page->folds, part->of), from = ad_node_of(&page->folds, part->from);
        if (of != SIZE_MAX && page->drawn[of] && part->origin == AD_FROM_RULE &&
            (from == SIZE_MAX || !page->drawn[from]))
            page->drawn[of] = 2;
    }
    const char *between = "\"";
    for (size_t v = 0; page->drawn && v < count_nodes(page); v++) {
        if (page->drawn[v] != 2)
            continue;
        ad_put(page->sink, between);
        ad_put_identity(page->sink, ad_node_tensor(&page->folds, v));
        ad_put(page->sink, "\"");
        between = ",\"";
    }
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static void put_open(ad_page *page)
{
    ad_put(page->sink, "{\"open\":");
    if (page->opened == SIZE_MAX) {
        ad_put(page->sink, "null");
        return;
    }
    ad_put(page->sink, "\"");
    ad_put_identity(page->sink, ad_node_tensor(&page->folds, page->opened));
    ad_put(page->sink, "\"");
}

void ad_put_page_data(ad_page *page)
{
    ad_sink *sink = page->sink;
    put_open(page);
    ad_put_format(sink, ",\"failed_back\":%s,\"rules\":{", page->failed_back ? "true" : "false");
    put_rules(page);
    ad_put(sink, "},\"made\":{");
    put_made(page);
    ad_put(sink, "},\"products\":[{");
    put_products(page, AD_BAND_BACKWARD);
    ad_put(sink, "},{");
    put_products(page, AD_BAND_FUNCTIONAL);
    ad_put(sink, "}],\"why\":{");
    put_reasons(page);
    ad_put(sink, "},\"incomplete\":[");
    put_incomplete(page);
    ad_put(sink, "],\"pictures\":{");
    ad_put_pictures(page);
    ad_put(sink, "}}\n");
}
