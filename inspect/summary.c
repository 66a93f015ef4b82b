/* nn_print_summary: a line for each layer of a network, and the totals. */
#include <stdio.h>
#include <string.h>

#include <gradtape/network.h>

#include "escape.h"
#include "lines.h"

enum { LAYER, KIND, OUTPUT, PARAMETERS, BYTES, COLUMNS, FIRST_NUMBER = PARAMETERS, GROUPED = 32 };

/* What some parts of a network have. */
typedef struct tally {
    size_t parameters, frozen, states, bytes;
} tally;

static tally count(const nn_network *network, size_t first, size_t n)
{
    tally c = {0};
    for (size_t i = first; i < first + n; i++) {
        const ad_tensor part = nn_network_part(network, i);
        const size_t size = ad_size_of(part);
        const bool is_state = nn_network_role(network, i) == NN_STATE;
        c.parameters += is_state ? 0 : size;
        c.frozen += !is_state && nn_network_is_frozen(network, i) ? size : 0;
        c.states += is_state ? size : 0;
        c.bytes += size * ad_type_bytes(ad_type_of(part));
    }
    return c;
}

/* 235500 as "235,500". */
static const char *grouped(size_t number, char text[GROUPED])
{
    char *at = text + GROUPED;
    *--at = '\0';
    for (int digits = 0; digits == 0 || number; digits++, number /= 10) {
        if (digits && digits % 3 == 0)
            *--at = ',';
        *--at = (char)('0' + number % 10);
    }
    return at;
}

/* What is printed, and how. */
typedef struct table {
    const nn_network *network;
    ad_ink ink;
    ad_widths widths;
    size_t lengths[NN_MAX_DEPTH]; /* own_name */
} table;

/* ---- Cells ------------------------------------------------------------------------------------------------------- */

static ad_sink cell(ad_line *line, int i) { return ad_sink_into(line->cells[i], sizeof line->cells[i]); }

/* A number, with blanks before it up to so many characters. */
static void put_number(ad_line *line, int i, size_t number, const ad_widths *widths)
{
    char text[GROUPED];
    const char *digits = grouped(number, text);
    snprintf(line->cells[i], sizeof line->cells[i], "%*s", widths->widths[i], digits);
}

/* The name of a layer without that of the layer around it: "3/dense" is in copy 3 of a list. `lengths` has those of the
 * names of the last layer of each depth. */
static const char *own_name(const nn_network_layer *layer, size_t lengths[NN_MAX_DEPTH])
{
    lengths[layer->depth] = strlen(layer->name);
    if (layer->depth > 0)
        return layer->name + lengths[layer->depth - 1] + 1;
    const char *slash = strrchr(layer->name, '/');
    return slash ? slash + 1 : layer->name;
}

/* The shape of what it gives: [n, 300]. */
static void put_output(ad_sink *sink, const ad_shape *shape)
{
    ad_put(sink, "[n");
    for (int i = 0; i < shape->rank; i++)
        ad_put_format(sink, ", %lld", (long long)shape->dims[i]);
    ad_put(sink, "]");
}

static void fill_layer(ad_line *line, table *t, size_t i)
{
    const nn_network_layer layer = nn_network_layer_at(t->network, i);
    const tally own = count(t->network, layer.first_part, layer.n_parts);
    ad_sink name = cell(line, LAYER), kind = cell(line, KIND), output = cell(line, OUTPUT);
    for (int depth = 0; depth < layer.depth; depth++)
        ad_put(&name, "  ");
    ad_put_text(&name, t->ink, own_name(&layer, t->lengths), AD_NAME_IN_PAGE);
    ad_put_text(&kind, t->ink, layer.kind->name, AD_NAME_IN_PAGE);
    put_output(&output, &layer.output);
    put_number(line, PARAMETERS, own.parameters, &t->widths);
    put_number(line, BYTES, own.bytes, &t->widths);
}

static void fill_total(ad_line *line, const tally *all, const ad_widths *widths)
{
    ad_sink name = cell(line, LAYER);
    line->cells[KIND][0] = line->cells[OUTPUT][0] = '\0';
    ad_put(&name, "total");
    put_number(line, PARAMETERS, all->parameters, widths);
    put_number(line, BYTES, all->bytes, widths);
}

/* Names of columns, those of numbers with blanks before them. */
static void fill_head(ad_line *line, const ad_widths *widths)
{
    static const char *const names[COLUMNS] = {"layer", "kind", "output", "parameters", "bytes"};
    for (int i = 0; i < COLUMNS; i++)
        snprintf(line->cells[i], sizeof line->cells[i], "%*s", i < FIRST_NUMBER ? 0 : widths->widths[i], names[i]);
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

static void put_totals(ad_sink *sink, const tally *all)
{
    char frozen[GROUPED], states[GROUPED], text[200];
    snprintf(text, sizeof text, "%s of the parameters are frozen; states have %s numbers",
             all->frozen ? grouped(all->frozen, frozen) : "none", grouped(all->states, states));
    ad_put_paragraph(sink, 2, text);
}

static void measure(table *t, const tally *all)
{
    ad_line line;
    fill_head(&line, &t->widths);
    ad_measure_line(&t->widths, &line);
    for (size_t i = 0; i < nn_network_layer_count(t->network); i++) {
        fill_layer(&line, t, i);
        ad_measure_line(&t->widths, &line);
    }
    fill_total(&line, all, &t->widths);
    ad_measure_line(&t->widths, &line);
    for (int i = FIRST_NUMBER; i < COLUMNS; i++)
        t->widths.least[i] = t->widths.widths[i];
    ad_fit_widths(&t->widths);
}

static void print(ad_sink *sink, const nn_network *network)
{
    const tally all = count(network, 0, nn_network_part_count(network));
    table t = {network, ad_ink_of_locale(), {.n = COLUMNS, .least = {20, 10, 8}, .keeps_last = true}, {0}};
    ad_line line;
    measure(&t, &all);
    fill_head(&line, &t.widths);
    ad_put_line(sink, &t.widths, &line);
    for (size_t i = 0; i < nn_network_layer_count(network) && ad_sink_is_good(sink); i++) {
        fill_layer(&line, &t, i);
        ad_put_line(sink, &t.widths, &line);
    }
    fill_total(&line, &all, &t.widths);
    ad_put_line(sink, &t.widths, &line);
    put_totals(sink, &all);
}

ad_shown nn_print_summary(const nn_network *network, FILE *to)
{
    ad_sink sink = ad_sink_over_for("print_summary", to);
    if (!ad_sink_is_good(&sink))
        return ad_sink_close(&sink);
    if (nn_network_layer_count(network)) {
        print(&sink, network);
        return ad_sink_close(&sink);
    }
    const char *what = network ? "could not be made: the message of its tape says why"
                               : "is NULL: opening it failed, or an estimator was not fitted yet";
    ad_put_format(&sink, "the network %s\n", what);
    ad_sink_fail(&sink, AD_BAD_HANDLE, "print_summary: the network %s", what);
    return ad_sink_close(&sink);
}
