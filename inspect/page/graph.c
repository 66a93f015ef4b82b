/* The drawings of a page, as SVG. */
#include <math.h>

#include "../gradients.h"
#include "page.h"

enum { MOST_DRAWINGS = 48 };

/* ---- Links ------------------------------------------------------------------------------------------------------- */

static void put_path(ad_sink *sink, const ad_drawing *d, const ad_link *link)
{
    const ad_bend *bend = &d->bends[link->first_bend];
    ad_put_format(sink, "M%d %d", bend->x, bend->y);
    for (int i = 1; i < link->bends; i++) {
        const ad_bend *from = &bend[i - 1], *to = &bend[i];
        const int half = (to->x - from->x) / 2;
        if (i % 2 == 0 || from->y == to->y)
            ad_put_format(sink, "L%d %d", to->x, to->y);
        else
            ad_put_format(sink, "C%d %d %d %d %d %d", from->x + half, from->y, to->x - half, to->y, to->x, to->y);
    }
}

void ad_put_link_width(ad_sink *sink, double part)
{
    const double width = part == 0 ? 1.2 : 1.2 + 1.45 * (log10(fabs(part)) + 3);
    const int tenths = !(width > 1.2) ? 12 : width > 7 ? 70 : (int)(10 * width + 0.5);
    ad_put_format(sink, " style=\"--w:%d.%d\"", tenths / 10, tenths % 10);
}

/* A part, of a tensor its norm; 0 if there is none. */
static double size_of(const ad_part *part)
{
    const bool is_number = part && part->part.n == 1 && part->part.data;
    return is_number ? ad_element_of(part->part.data, part->part.type, 0) : part ? part->part.norm : 0;
}

static void put_numbers(ad_sink *sink, const ad_link *link, const ad_part *part)
{
    char text[AD_SHOWN_TEXT];
    const bool is_number = part && part->part.n == 1 && part->part.data;
    const double g = size_of(part);
    ad_put_format(sink, "<text class=\"loc\" x=\"%d\" y=\"%d\"", link->label_x, link->label_y - 6);
    if (part && part->has_local) {
        const ad_figure local = {"local", part->of, part->from, link->place + 1, -1, AD_F64, part->local};
        ad_put_figure_attributes(sink, &local);
        ad_put_format(sink, ">\xc3\x97%s", ad_short_number(part->local, 3, text));
    } else
        ad_put(sink, ">");
    ad_put_format(sink, "</text><text class=\"con\" x=\"%d\" y=\"%d\"", link->label_x, link->label_y + 16);
    if (part) {
        const ad_type type = is_number ? part->part.type : AD_F64;
        const char *what = is_number ? "part" : "part-norm";
        ad_put_figure_attributes(sink, &(ad_figure){what, part->of, part->from, link->place + 1, -1, type, g});
        ad_put_format(sink, is_number ? ">%s" : ">\xe2\x80\x96%s\xe2\x80\x96", ad_short_number(g, 3, text));
    } else
        ad_put(sink, ">");
    ad_put(sink, "</text>");
}

/* Writes the beginning of a group for a link, as the script finds it. */
static void begin_link(ad_page *page, const ad_link *link, const ad_part *part)
{
    ad_sink *sink = page->sink;
    const bool is_number = part && part->part.n == 1 && part->part.data;
    const double g = size_of(part);
    ad_put_format(sink, "<g class=\"edge%s%s\" data-a=\"%d\" data-b=\"%d\"", part ? " given" : "",
                  !part || g == 0 ? " zero"
                  : !is_number    ? ""
                  : g < 0         ? " neg"
                                  : " pos",
                  link->from, link->to);
    if (link->user == SIZE_MAX)
        return;
    const size_t call = link->user - (size_t)ad_result_number(ad_node_tensor(&page->folds, link->user));
    ad_put(sink, " data-from=\"");
    ad_put_identity(sink, ad_node_tensor(&page->folds, call));
    ad_put_format(sink, "\" data-place=\"%d\"", link->place + 1);
}

static const ad_part *part_of(const ad_page *page, const ad_link *link)
{
    return link->user == SIZE_MAX ? NULL : ad_part_to(ad_node_tensor(&page->folds, link->user), link->place);
}

static void put_link(ad_page *page, const ad_drawing *d, const ad_link *link)
{
    ad_sink *sink = page->sink;
    const ad_part *part = part_of(page, link);
    begin_link(page, link, part);
    ad_put_link_width(sink, size_of(part));
    ad_put(sink, "><path class=\"flow\" d=\"");
    put_path(sink, d, link);
    ad_put(sink, "\"/><path class=\"line\" d=\"");
    put_path(sink, d, link);
    ad_put(sink, "\"/></g>\n");
}

/* Labels come after all lines, so that none is crossed out. Of a call with several results the first one's links have
 * them. What only the functional sweep gave is written by the script. */
static void put_label(ad_page *page, const ad_link *link)
{
    const ad_part *part = part_of(page, link);
    const bool is_first = link->user != SIZE_MAX && ad_result_number(ad_node_tensor(&page->folds, link->user)) == 0;
    if (!is_first || (!part && !(page->functional && page->functional[link->user])))
        return;
    begin_link(page, link, part);
    ad_put(page->sink, ">");
    put_numbers(page->sink, link, part);
    ad_put(page->sink, "</g>\n");
}

/* ---- Drawings ---------------------------------------------------------------------------------------------------- */

/* The size of letters in tenths: as large as a drawing needs that is shrunk to this width and height. */
static int letters_for(const ad_drawing *d, int width, int height)
{
    const int by_width = 111 * d->width / width, by_height = 111 * d->height / height;
    const int size = by_width > by_height ? by_width : by_height;
    return size < 140 ? 140 : size > 165 ? 165 : size;
}

static void put_size(ad_sink *sink, const char *of, const ad_drawing *d, int letters)
{
    ad_put_format(sink, "--%s:%d.%dpx;--%sw:%dpx;--%sh:%dpx;", of, letters / 10, letters % 10, of,
                  111 * d->width / letters, of, 111 * d->height / letters);
}

static void put_drawing(ad_page *page, const ad_drawing *d)
{
    ad_sink *sink = page->sink;
    const int wide = letters_for(d, 905, 395), narrow = letters_for(d, 760, 325);
    const ad_fold *fold = d->fold < 0 ? NULL : &page->folds.list[d->fold];
    ad_put_format(sink, "<div class=\"graph\" data-drawing=\"%d\" data-outer=\"%d\" data-name=\"", d->fold,
                  fold ? fold->outer : -1);
    if (fold)
        ad_put_fold_name(sink, AD_INK_HTML, fold, AD_NAME_IN_PAGE);
    ad_put_format(sink, "\"%s><svg viewBox=\"0 0 %d %d\" style=\"", d->fold < 0 ? "" : " hidden", d->width, d->height);
    put_size(sink, "a", d, wide);
    put_size(sink, "b", d, narrow);
    ad_put_format(sink, "--r:%d\" role=\"group\" aria-label=\"Graph", d->width);
    if (fold) {
        ad_put(sink, " of the inside of ");
        ad_put_fold_name(sink, AD_INK_HTML, fold, AD_NAME_IN_PAGE);
    }
    ad_put(sink, ", left to right. The view Tape has all of it as a table.\">\n");
    for (size_t i = 0; i < d->n_links; i++)
        put_link(page, d, &d->links[i]);
    for (size_t i = 0; i < d->n_links; i++)
        put_label(page, &d->links[i]);
    for (size_t b = 0; b < d->n; b++)
        ad_put_box(page, &d->boxes[b], (narrow + 9) / 10);
    ad_put(sink, "</svg>");
    if (d->left_out)
        ad_put_format(sink,
                      "<p class=\"note\">%zu entries not drawn: only what is near the entry at which the page "
                      "opens. Scopes (ad_scope_begin) fold a long recording.</p>",
                      d->left_out);
    ad_put(sink, "</div>\n");
}

/* Marks the nodes that stand in a drawing, so that the page's data has them. */
static void mark_drawn(ad_page *page, const ad_drawing *d)
{
    for (size_t b = 0; page->drawn && b < d->n; b++)
        if (d->boxes[b].node != SIZE_MAX)
            page->drawn[d->boxes[b].node] = 1;
}

/* Adds the folds that a drawing shows to those that get a drawing of their own. */
static int add_folds(const ad_drawing *d, int *folds, int n, int most)
{
    for (size_t b = 0; b < d->n; b++) {
        bool is_new = d->boxes[b].fold >= 0;
        for (int i = 0; is_new && i < n; i++)
            is_new = folds[i] != d->boxes[b].fold;
        if (is_new && n < most)
            folds[n++] = d->boxes[b].fold;
    }
    return n;
}

bool ad_put_drawings(ad_page *page)
{
    int folds[MOST_DRAWINGS] = {-1}, n = 1;
    const size_t work = page->folds.recorded / 40000;
    const int most = work >= MOST_DRAWINGS ? 1 : MOST_DRAWINGS - (int)work;
    bool is_good = true;
    for (int i = 0; is_good && i < n && ad_sink_is_good(page->sink); i++) {
        ad_drawing drawing;
        is_good =
            ad_draw(&drawing, &page->folds, folds[i], page->options->open_all, page->opened) && ad_lay_out(&drawing);
        if (is_good) {
            mark_drawn(page, &drawing);
            put_drawing(page, &drawing);
            n = add_folds(&drawing, folds, n, most);
        }
        ad_free_drawing(&drawing);
    }
    return is_good;
}
