/* Pictures of large tensors, for the script.
 *
 * A picture has at most 128 x 128 cells. Where a tensor has more elements, each cell is the element of the largest
 * magnitude of a block, so that a single spike is seen. A cell is a whole number: x = cell / 32000 * scale. -32768 is a
 * NaN, -32767 and 32767 are the infinities. */
#include <math.h>

#include "../gradients.h"
#include "../json.h"
#include "../statistics.h"
#include "page.h"

enum {
    MOST_SIDE = 128,
    MOST_CELLS = 180000, /* of all pictures of a page: about half a megabyte */
    FULL = 32000,
    NOT_A_NUMBER = -32768, /* cells */
    INFINITE = 32767,
};

typedef struct picture {
    size_t rows, columns;     /* of the elements of a matrix, which are the last two axes */
    size_t facets, across;    /* matrices, and how many stand side by side; of more than are seen, one: all rows */
    size_t height, width;     /* of a block */
    size_t n_rows, n_columns; /* of the cells of a matrix */
    double scale;             /* the largest finite magnitude */
} picture;

/* How many matrices stand side by side: those along the axis before them, or as many as make a square. */
static size_t across_of(const ad_shape *shape, const picture *p)
{
    const int64_t along = shape->rank > 3 ? shape->dims[shape->rank - 3] : 0;
    size_t side = 1;
    while (side * side * p->columns < p->facets * p->rows)
        side++;
    const size_t across = along > 1 && along <= 16 ? (size_t)along : side;
    return across < p->facets ? across : p->facets;
}

static size_t parts_of(size_t n, size_t size) { return size ? (n + size - 1) / size : 0; }

static picture picture_of(ad_tensor x, const ad_statistics *s)
{
    const ad_shape shape = ad_shape_of(x);
    const size_t columns = shape.rank == 0 ? 1 : (size_t)shape.dims[shape.rank - 1];
    const size_t all = columns ? s->n / columns : 0;
    picture p = {.rows = all, .columns = columns, .facets = 1, .across = 1};
    if (shape.rank > 2 && s->n > 0) {
        p.rows = (size_t)shape.dims[shape.rank - 2];
        p.facets = all / p.rows;
        p.across = p.facets <= MOST_SIDE * MOST_SIDE ? across_of(&shape, &p) : MOST_SIDE + 1;
        if (p.across > MOST_SIDE || parts_of(p.facets, p.across) > MOST_SIDE)
            p = (picture){.rows = all, .columns = columns, .facets = 1, .across = 1};
    }
    p.height = parts_of(p.rows * parts_of(p.facets, p.across), MOST_SIDE);
    p.width = parts_of(p.columns * p.across, MOST_SIDE);
    p.n_rows = parts_of(p.rows, p.height);
    p.n_columns = parts_of(p.columns, p.width);
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

/* Row r is one of the cells of all matrices, one under the other. */
static int cell_at(const picture *p, const ad_numbers *numbers, size_t r, size_t c)
{
    const size_t first = r / p->n_rows * p->rows, top = r % p->n_rows * p->height, left = c * p->width;
    double largest = 0;
    for (size_t i = top; i < top + p->height && i < p->rows; i++)
        for (size_t k = left; k < left + p->width && k < p->columns; k++) {
            const double x = ad_element_of(numbers->data, numbers->type, (first + i) * p->columns + k);
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
    for (size_t r = 0; r < p->facets * p->n_rows; r++)
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
    if (p.facets > 1)
        ad_put_format(sink, ",\"facets\":%zu,\"across\":%zu", p.facets, p.across);
    const size_t n_cells = p.facets * p.n_rows * p.n_columns;
    if (numbers->n > AD_MOST_WRITTEN && n_cells <= *cells) {
        *cells -= n_cells;
        ad_put_format(sink, ",\"rows\":%zu,\"columns\":%zu,\"height\":%zu,\"width\":%zu,\"scale\":%s,\"cells\":\"",
                      p.facets * p.n_rows, p.n_columns, p.height, p.width, ad_number_text(p.scale, 17, text));
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

void ad_put_pictures(ad_page *page)
{
    size_t cells = MOST_CELLS;
    bool is_first = true;
    for (size_t v = 0; v < page->folds.kept + page->folds.recorded && ad_sink_is_good(page->sink); v++)
        if (ad_has_row(page, v))
            is_first &= !put_pictures_of(page, ad_node_tensor(&page->folds, v), is_first, &cells);
}
