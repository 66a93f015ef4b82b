/* What the script needs beside the JSON of the tape: formulas of operators, and pictures of large tensors.
 *
 * A picture has at most 128 x 128 cells. Where a tensor has more elements, each cell is the element of the largest
 * magnitude of a block, so that a single spike is seen. A cell is a whole number: x = cell / 32000 * scale. -32768 is a
 * NaN, -32767 and 32767 are the infinities. */
#include <math.h>
#include <string.h>

#include <gradtape/operator.h>

#include "../gradients.h"
#include "../statistics.h"
#include "page.h"

enum {
    MOST_SIDE = 128,
    MOST_EXACT = 256,    /* up to so many elements the JSON has each */
    MOST_CELLS = 180000, /* of all pictures of a page: about half a megabyte */
    MOST_RULES = 200,
    FULL = 32000,
    NOT_A_NUMBER = -32768, /* cells */
    INFINITE = 32767,
};

typedef struct picture {
    size_t rows, columns;     /* of elements: the last axis is the columns, all others the rows */
    size_t height, width;     /* of a block */
    size_t n_rows, n_columns; /* of cells */
    double scale;             /* the largest finite magnitude */
} picture;

static picture picture_of(ad_tensor x, const ad_statistics *s)
{
    const ad_shape shape = ad_shape_of(x);
    const size_t columns = shape.rank == 0 ? 1 : (size_t)shape.dims[shape.rank - 1];
    picture p = {.rows = columns ? s->n / columns : 0, .columns = columns};
    p.height = (p.rows + MOST_SIDE - 1) / MOST_SIDE;
    p.width = (p.columns + MOST_SIDE - 1) / MOST_SIDE;
    p.n_rows = p.height ? (p.rows + p.height - 1) / p.height : 0;
    p.n_columns = p.width ? (p.columns + p.width - 1) / p.width : 0;
    p.scale = s->n > s->not_finite ? fmax(fabs(s->min), fabs(s->max)) : 0;
    return p;
}

static int cell_of(double x, double scale)
{
    if (isnan(x))
        return NOT_A_NUMBER;
    if (isinf(x))
        return x > 0 ? INFINITE : -INFINITE;
    return scale > 0 ? (int)(x / scale * FULL + (x > 0 ? 0.5 : -0.5)) : 0;
}

/* Whether a is more worth seeing than b. */
static bool is_larger(double a, double b)
{
    if (isnan(b) || isnan(a))
        return isnan(a) && !isnan(b);
    return fabs(a) > fabs(b);
}

static int cell_at(const picture *p, const ad_numbers *numbers, size_t r, size_t c)
{
    double largest = 0;
    for (size_t i = r * p->height; i < (r + 1) * p->height && i < p->rows; i++)
        for (size_t k = c * p->width; k < (c + 1) * p->width && k < p->columns; k++) {
            const double x = ad_element_of(numbers->data, numbers->type, i * p->columns + k);
            largest = is_larger(x, largest) ? x : largest;
        }
    return cell_of(largest, p->scale);
}

/* ---- Base 64 ----------------------------------------------------------------------------------------------------- */

typedef struct base64 {
    ad_sink *sink;
    unsigned bits;
    int n; /* bytes that wait */
    size_t length;
    char text[1024];
} base64;

static void flush(base64 *p)
{
    ad_put_bytes(p->sink, p->text, p->length);
    p->length = 0;
}

static void pack(base64 *p, unsigned byte)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    p->bits = p->bits << 8 | byte;
    if (++p->n < 3)
        return;
    for (int i = 3; i >= 0; i--)
        p->text[p->length++] = letters[p->bits >> 6 * i & 63];
    if (p->length == sizeof p->text)
        flush(p);
    p->bits = 0;
    p->n = 0;
}

static void put_cells(ad_sink *sink, const picture *p, const ad_numbers *numbers)
{
    base64 packer = {.sink = sink};
    for (size_t r = 0; r < p->n_rows; r++)
        for (size_t c = 0; c < p->n_columns; c++) {
            const unsigned cell = (unsigned)cell_at(p, numbers, r, c);
            pack(&packer, cell & 0xff);
            pack(&packer, cell >> 8 & 0xff);
        }
    while (packer.n) /* whole threes: the reader knows how many cells there are */
        pack(&packer, 0);
    flush(&packer);
}

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static void put_picture(ad_page *page, ad_tensor x, const char *of, const ad_numbers *numbers, size_t *cells)
{
    char text[AD_NUMBER_TEXT];
    size_t bins[AD_BINS];
    ad_sink *sink = page->sink;
    const ad_statistics s = ad_statistics_of(numbers->data, numbers->type, numbers->n);
    const picture p = picture_of(x, &s);
    ad_fill_histogram(numbers->data, numbers->type, &s, bins);
    ad_put_format(sink, "\"%s\":{\"bins\":[", of);
    for (int i = 0; i < AD_BINS; i++)
        ad_put_format(sink, i ? ",%zu" : "%zu", bins[i]);
    ad_put(sink, "]");
    if (numbers->n > MOST_EXACT && p.n_rows * p.n_columns <= *cells) {
        *cells -= p.n_rows * p.n_columns;
        ad_put_format(sink, ",\"rows\":%zu,\"columns\":%zu,\"height\":%zu,\"width\":%zu,\"scale\":%s,\"cells\":\"",
                      p.n_rows, p.n_columns, p.height, p.width, ad_number_text(p.scale, 17, text));
        put_cells(sink, &p, numbers);
        ad_put(sink, "\"");
    }
    ad_put(sink, "}");
}

static bool put_pictures_of(ad_page *page, ad_tensor x, bool is_first, size_t *cells)
{
    ad_numbers gradient;
    const bool has_value = ad_size_of(x) > 1 && ad_has_value(x);
    const bool has_gradient = ad_find_gradient(x, &gradient) && gradient.data && gradient.n > 1;
    if (ad_is_byproduct(x) || (!has_value && !has_gradient))
        return false;
    ad_put(page->sink, is_first ? "\n\"" : ",\n\"");
    ad_put_identity(page->sink, x);
    ad_put(page->sink, "\":{");
    if (has_value) {
        const ad_numbers value = ad_value_now(x);
        put_picture(page, x, "value", &value, cells);
    }
    if (has_gradient) {
        ad_put(page->sink, has_value ? "," : "");
        put_picture(page, x, "gradient", &gradient, cells);
    }
    ad_put(page->sink, "}");
    return true;
}

/* ---- Formulas ---------------------------------------------------------------------------------------------------- */

static void put_string(ad_sink *sink, const char *text)
{
    ad_put(sink, "\"");
    ad_put_text(sink, AD_INK_JSON, text ? text : "", AD_NAME_IN_PAGE);
    ad_put(sink, "\"");
}

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
        put_string(page->sink, op->name);
        ad_put(page->sink, ":[");
        put_string(page->sink, op->formula);
        ad_put(page->sink, ",");
        put_string(page->sink, op->gradient);
        ad_put(page->sink, "]");
        known[n++] = op;
    }
}

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
    for (size_t v = 0; page->drawn && v < page->folds.kept + page->folds.recorded; v++) {
        if (page->drawn[v] != 2)
            continue;
        ad_put(page->sink, between);
        ad_put_identity(page->sink, ad_node_tensor(&page->folds, v));
        ad_put(page->sink, "\"");
        between = ",\"";
    }
}

void ad_put_page_data(ad_page *page)
{
    ad_sink *sink = page->sink;
    size_t cells = MOST_CELLS;
    bool is_first = true;
    ad_put(sink, "{\"open\":");
    if (page->opened == SIZE_MAX)
        ad_put(sink, "null");
    else {
        ad_put(sink, "\"");
        ad_put_identity(sink, ad_node_tensor(&page->folds, page->opened));
        ad_put(sink, "\"");
    }
    ad_put_format(sink, ",\"watched\":%s,\"failed_back\":%s,\"rules\":{", ad_is_watched(page->t) ? "true" : "false",
                  page->failed_back ? "true" : "false");
    put_rules(page);
    ad_put(sink, "},\"incomplete\":[");
    put_incomplete(page);
    ad_put(sink, "],\"pictures\":{");
    for (size_t v = 0; v < page->folds.kept + page->folds.recorded && ad_sink_is_good(sink); v++)
        if (ad_has_row(page, v))
            is_first &= !put_pictures_of(page, ad_node_tensor(&page->folds, v), is_first, &cells);
    ad_put(sink, "}}\n");
}
