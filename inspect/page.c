/* ad_write_html: one page that goes through the step. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/backward.h>
#include <gradtape/version.h>

#include "gradients.h"
#include "json.h"
#include "page/page.h"
#include "reasons.h"
#include "title.h"

enum { MOST_NODES = 3000, MOST_PARTS = 6000 }; /* of a larger tape the page has only what it shows */

/* ---- What stands where ------------------------------------------------------------------------------------------- */

static void put_title(ad_page *page)
{
    if (page->options->title || ad_is_valid(page->loss))
        ad_put_title(page->sink, AD_INK_HTML, page->t, page->options);
    else
        ad_put(page->sink, "Gradtape");
}

static void put_count(ad_sink *sink, size_t n, const char *one, const char *many)
{
    ad_put_format(sink, "%zu %s", n, n == 1 ? one : many);
}

static void put_facts(ad_page *page)
{
    put_count(page->sink, ad_param_count(page->t), "parameter", "parameters");
    ad_put(page->sink, " \xc2\xb7 ");
    put_count(page->sink, page->folds.recorded, "entry", "entries");
    ad_put(page->sink, " \xc2\xb7 ");
    put_count(page->sink, ad_part_count(page->t, AD_BAND_BACKWARD), "part of a gradient", "parts of gradients");
    ad_put_format(page->sink, " \xc2\xb7 Gradtape %s", ad_version());
}

/* Where numbers stop being finite, as ad_print says it. */
static void put_first_bad(const ad_page *page)
{
    ad_sink *sink = page->sink;
    const ad_part *part = page->bad_part;
    const ad_tensor x = part ? part->of : page->bad;
    ad_numbers value;
    if (!part && ad_is_inert(x))
        return;
    ad_put_format(sink,
                  "<p class=\"alert nan\" role=\"alert\">First %s that is not finite: ", part ? "gradient" : "tensor");
    ad_put(sink, part ? "of " : "");
    if (part || !ad_operator_of(x))
        ad_put_name(sink, AD_INK_HTML, x, AD_NAME_IN_PAGE);
    else
        ad_put_call(sink, AD_INK_HTML, x);
    if (part && part->origin == AD_FROM_RULE) {
        ad_put(sink, ", by the rule of ");
        ad_put_call(sink, AD_INK_HTML, part->from);
    } else if (!part) {
        ad_value_to_show(x, &value);
        ad_put(sink, ", ");
        ad_put_values(sink, &value, false);
        if (!ad_is_inert(page->loss))
            ad_put(sink, page->is_bad_used ? "; the loss depends on it" : "; the loss does not depend on it");
    }
    ad_put(sink, "</p>\n");
}

/* The error of the tape, and what keeps the page from going through the reverse pass. */
static void put_alert(ad_page *page)
{
    ad_sink *sink = page->sink;
    put_first_bad(page);
    if (ad_status_of(page->t) != AD_OK) {
        ad_put_format(sink, "<p class=\"alert\" role=\"alert\"><b>%s</b>: ", ad_status_name(ad_status_of(page->t)));
        ad_put_text(sink, AD_INK_HTML, ad_message(page->t), 2000);
        ad_put(sink, "</p>\n");
    } else if (ad_part_count(page->t, AD_BAND_BACKWARD) == 0)
        ad_put_format(sink, "<p class=\"alert hint\">No parts of gradients are known: %s</p>\n",
                      ad_is_watched(page->t) ? "there was no ad_backward since ad_watch."
                                             : "call ad_watch(t, AD_ON) before ad_backward, and the page goes through "
                                               "the reverse pass too.");
}

/* Writes what a name in the page's text stands for. Returns false if memory is out. */
static bool put_named(ad_page *page, const char *name)
{
    static const struct {
        const char *name;
        void (*put)(ad_page *);
    } parts[] = {{"title", put_title},        {"facts", put_facts},           {"alert", put_alert},
                 {"tape", ad_put_tape_table}, {"layers", ad_put_layer_table}, {"tensors", ad_put_tensor_table},
                 {"neurons", ad_put_neurons}, {"activations", ad_put_activations}, {"training", ad_put_training},
                 {"data", ad_put_page_data}};
    if (strcmp(name, "drawings") == 0)
        return ad_put_drawings(page);
    if (strcmp(name, "json") == 0)
        ad_put_json_of(page->sink, page->t, page->options, page->drawn);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(name, parts[i].name) == 0)
            parts[i].put(page);
    return true;
}

/* ---- Numbers that are not finite --------------------------------------------------------------------------------- */

/* Whether the value that the recording used is known and has such a number. */
static bool is_bad(ad_tensor x)
{
    ad_numbers value;
    size_t i = 0;
    if (ad_type_of(x) == AD_I32 || !ad_find_value(x, &value) || !value.data)
        return false;
    while (i < value.n && isfinite(ad_element_of(value.data, value.type, i)))
        i++;
    return i < value.n;
}

/* Says whether the loss was computed from node `bad`. Returns false if memory is out. */
static bool find_use(ad_page *page, size_t bad)
{
    const size_t loss = ad_node_of(&page->folds, page->loss), n = page->folds.kept + page->folds.recorded;
    if (loss == SIZE_MAX)
        return true;
    unsigned char *depends = ad_memory_take(&page->folds.memory, n, 1);
    if (!depends)
        return false;
    for (size_t v = 0; v <= loss; v++) {
        const ad_tensor y = ad_node_tensor(&page->folds, v);
        const int operands = ad_operand_count(y);
        depends[v] = v == bad;
        for (int i = 0; i < operands && !depends[v]; i++) {
            const size_t x = ad_node_of(&page->folds, ad_operand(y, i));
            depends[v] = x != SIZE_MAX && x < v && depends[x];
        }
    }
    page->is_bad_used = depends[loss];
    ad_memory_release(&page->folds.memory, depends, n, 1);
    return true;
}

/* Finds where numbers of a tape without error stop being finite: forward, else backward. A leaf that an update made so
 * comes after both. Returns false if memory is out. */
static bool find_bad(ad_page *page)
{
    const size_t n = page->folds.kept + page->folds.recorded;
    size_t v = 0, i = 0;
    if (ad_status_of(page->t) != AD_OK)
        return true;
    while (v < n && !is_bad(ad_node_tensor(&page->folds, v)))
        v++;
    page->bad = v < n ? ad_node_tensor(&page->folds, v) : (ad_tensor){0};
    if (v < n)
        return find_use(page, v);
    while ((page->bad_part = ad_backward_part(page->t, i)) && isfinite(page->bad_part->part.norm))
        i++;
    if (!page->bad_part)
        page->bad = ad_first_not_finite(page->t, (ad_tensor){0}, NULL);
    return true;
}

/* ---- The page ---------------------------------------------------------------------------------------------------- */

/* The entry whose gradient rule a check for finite numbers stopped, which its message names; SIZE_MAX: it was none. */
static size_t stopped_at(const ad_page *page)
{
    static const char words[] = "the gradient rule of entry ";
    const char *at = ad_status_of(page->t) == AD_NOT_FINITE ? strstr(ad_message(page->t), words) : NULL;
    const unsigned long long number = at ? strtoull(at + strlen(words), NULL, 10) : 0;
    return number > 0 && number <= page->folds.recorded ? page->folds.kept + (size_t)number - 1 : SIZE_MAX;
}

/* Where to look first: in a tape in error where it happened, which is a rule that was stopped, the rule that gave the
 * last part or the last entry; else where numbers stop being finite, or at the tensor that was differentiated. */
static size_t opened_at(ad_page *page)
{
    const size_t n = page->folds.kept + page->folds.recorded, parts = ad_part_count(page->t, AD_BAND_BACKWARD);
    size_t last = n ? n - 1 : SIZE_MAX;
    const size_t stopped = stopped_at(page);
    page->failed_back = stopped != SIZE_MAX || (ad_status_of(page->t) != AD_OK && ad_sweep_failed(page->t));
    if (stopped != SIZE_MAX)
        return stopped;
    if (page->failed_back) {
        const ad_part *part = ad_part_at(page->t, AD_BAND_BACKWARD, parts - 1);
        return ad_node_of(&page->folds, ad_is_inert(part->from) ? part->of : part->from);
    }
    const ad_tensor bad = page->bad_part ? page->bad_part->of : page->bad;
    if (!ad_is_inert(bad))
        return ad_node_of(&page->folds, bad) - (size_t)ad_result_number(bad);
    if (ad_status_of(page->t) == AD_OK && ad_is_valid(page->loss))
        return ad_node_of(&page->folds, page->loss);
    while (last != SIZE_MAX && last > page->folds.kept && ad_is_byproduct(ad_node_tensor(&page->folds, last)))
        last--;
    return last;
}

/* Of a large tape, the data of the page has what tables and drawings show. */
static bool choose_nodes(ad_page *page)
{
    const size_t n = page->folds.kept + page->folds.recorded;
    if (n <= MOST_NODES && ad_part_count(page->t, AD_BAND_BACKWARD) <= MOST_PARTS)
        return true;
    page->drawn = ad_memory_take(&page->folds.memory, n, 1);
    if (!page->drawn)
        return false;
    for (size_t v = 0; v < n; v++)
        page->drawn[v] = ad_has_row(page, v);
    return true;
}

/* Marks the entries that gave parts to ad_grad or its kin: links from them have labels. */
static bool mark_functional(ad_page *page)
{
    const size_t n = page->folds.kept + page->folds.recorded, parts = ad_part_count(page->t, AD_BAND_FUNCTIONAL);
    if (parts == 0)
        return true;
    page->functional = ad_memory_take(&page->folds.memory, n, 1);
    if (!page->functional)
        return false;
    memset(page->functional, 0, n);
    for (size_t i = 0; i < parts; i++) {
        const ad_part *part = ad_part_at(page->t, AD_BAND_FUNCTIONAL, i);
        const size_t from = part->origin == AD_FROM_RULE ? ad_node_of(&page->folds, part->from) : SIZE_MAX;
        if (from != SIZE_MAX)
            page->functional[from] = 1;
    }
    return true;
}

static bool put_page(ad_page *page)
{
    if (!ad_find_folds(&page->folds, page->t) || !choose_nodes(page) || !mark_functional(page) || !find_bad(page))
        return false;
    page->opened = opened_at(page);
    if (page->drawn && page->opened != SIZE_MAX)
        page->drawn[page->opened] = 1;
    for (const ad_page_piece *piece = ad_page_pieces; ad_sink_is_good(page->sink); piece++) {
        ad_put_bytes(page->sink, piece->text, piece->length);
        if (!*piece->then)
            return true;
        if (!put_named(page, piece->then))
            return false;
    }
    return true;
}

ad_shown ad_write_html(ad_tape *t, const char *path, const ad_write_options *options)
{
    ad_sink sink = ad_sink_open(t, path);
    if (ad_sink_is_good(&sink)) {
        const ad_write_options none = {0};
        const ad_tensor loss = ad_sweep_began_at(t);
        ad_page page = {.sink = &sink, .t = t, .options = options ? options : &none};
        page.loss = ad_is_inert(loss) || !ad_is_valid(loss) ? (ad_tensor){0} : loss;
        if (!put_page(&page))
            ad_sink_fail(&sink, AD_NO_MEMORY, "write_html: out of memory");
        const size_t n = page.folds.kept + page.folds.recorded;
        ad_memory_release(&page.folds.memory, page.drawn, n, 1);
        ad_memory_release(&page.folds.memory, page.functional, n, 1);
        ad_free_folds(&page.folds);
    }
    return ad_sink_close(&sink);
}
