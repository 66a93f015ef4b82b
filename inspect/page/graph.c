/* The drawings of a page, as SVG. */
#include <math.h>
#include <string.h>

#include <gradtape/operator.h>

#include "../gradients.h"
#include "page.h"

enum { MOST_DRAWINGS = 48 };

const ad_part *ad_part_to(ad_tensor y, int place)
{
    size_t n;
    const size_t first = ad_parts_from(y, &n);
    for (size_t i = first; i < first + n; i++) {
        const ad_part *part = ad_part_at(y.tape, AD_BAND_BACKWARD, i);
        if (part->origin == AD_FROM_RULE && part->place == place)
            return part;
    }
    return NULL;
}

/* ---- Text in boxes ----------------------------------------------------------------------------------------------- */

/* How wide text is, in hundredths of its size: of a bold proportional letter, and of one of fixed width. */
enum { WIDE = 70, FIXED = 61, INSIDE = AD_BOX_WIDTH - 20 };

static int count_characters(const char *text, int most)
{
    int n = 0;
    for (; *text && n < most; n++)
        if (ad_next_character(&text) >= 0x1100)
            n++;
    return n;
}

static const char *name_of(ad_tensor x, char number[24])
{
    const char *name = ad_name_of(x);
    if (*name)
        return name;
    const size_t i = ad_number_of(x);
    snprintf(number, 24, i == SIZE_MAX ? "gradient" : ad_is_kept(x) ? "k%zu" : "#%zu", ad_is_kept(x) ? i : i + 1);
    return number;
}

/* The sign of an operator between two operands; NULL if there is none. */
static const char *infix_of(const ad_operator *op)
{
    static const char *const infix[][2] = {{"add", "+"}, {"sub", "\xe2\x88\x92"}, {"mul", "\xc2\xb7"}, {"div", "/"}};
    for (size_t i = 0; op && i < sizeof infix / sizeof *infix; i++)
        if (strcmp(op->name, infix[i][0]) == 0)
            return infix[i][1];
    return NULL;
}

/* Writes how x was made in at most `most` characters: "s · x", "tanh r", or only "linear". */
static void put_made(ad_sink *sink, ad_tensor x, int most)
{
    char numbers[2][24];
    const ad_operator *op = ad_operator_of(x);
    const int n = op ? ad_operand_count(x) : 0;
    const char *made = op ? op->name : ad_made_by(x), *infix = infix_of(op);
    const char *a = n > 0 ? name_of(ad_operand(x, 0), numbers[0]) : "";
    const char *b = n > 1 ? name_of(ad_operand(x, 1), numbers[1]) : "";
    const int length = count_characters(a, most) + count_characters(b, most);
    if (n == 2 && infix && length + 3 <= most) {
        ad_put_text(sink, AD_INK_HTML, a, SIZE_MAX);
        ad_put_format(sink, " %s ", infix);
        ad_put_text(sink, AD_INK_HTML, b, SIZE_MAX);
    } else {
        ad_put_text(sink, AD_INK_HTML, made, (size_t)(most > 3 ? most : 3));
        if (n == 1 && length + 1 + count_characters(made, most) <= most) {
            ad_put(sink, " ");
            ad_put_text(sink, AD_INK_HTML, a, SIZE_MAX);
        }
    }
}

static int made_length(ad_tensor x)
{
    char numbers[2][24];
    const ad_operator *op = ad_operator_of(x);
    const int n = op ? ad_operand_count(x) : 0;
    int length = n == 2 && infix_of(op) ? 3 : count_characters(op ? op->name : ad_made_by(x), 24) + (n == 1);
    for (int i = 0; i < n && n <= (infix_of(op) ? 2 : 1); i++)
        length += count_characters(name_of(ad_operand(x, i), numbers[i]), 24);
    return length;
}

/* ---- Boxes ------------------------------------------------------------------------------------------------------- */

static void put_text_at(ad_sink *sink, const char *kind, int x, int y)
{
    ad_put_format(sink, "<text class=\"%s\" x=\"%d\" y=\"%d\"", kind, x, y);
}

/* The first one or two lines of a box: its name, and how it was made. `size` is the letters' in the drawing. */
static void put_head(ad_page *page, ad_tensor x, int size)
{
    char number[24];
    ad_sink *sink = page->sink;
    const int name = count_characters(name_of(x, number), 40), made = made_length(x), letters = 100 * INSIDE / size;
    const bool in_one = name * WIDE + (made + 1) * FIXED <= letters;
    put_text_at(sink, "nm", 10, 23);
    ad_put(sink, ">");
    ad_put_name(sink, AD_INK_HTML, x, (size_t)(letters / WIDE));
    ad_put(sink, "</text>");
    put_text_at(sink, in_one ? "fm" : "fm l", in_one ? AD_BOX_WIDTH - 10 : 10, in_one ? 23 : 41);
    ad_put(sink, ">");
    put_made(sink, x, letters / FIXED);
    ad_put(sink, "</text>");
}

static void put_value(ad_page *page, ad_tensor x)
{
    ad_sink *sink = page->sink;
    const ad_shape shape = ad_shape_of(x);
    const bool is_number = ad_size_of(x) == 1 && !ad_is_dropped(x);
    put_text_at(sink, is_number ? "val" : "val sh", AD_BOX_WIDTH - 10, 61);
    if (is_number) {
        char text[AD_SHOWN_TEXT];
        const double item = ad_element_of(ad_data(x), ad_type_of(x), 0);
        ad_put_figure_attributes(sink, &(ad_figure){"value", x, {0}, 0, -1, ad_type_of(x), item});
        ad_put_format(sink, ">%s</text>", ad_short_number(item, 4, text));
    } else if (ad_is_dropped(x))
        ad_put(sink, ">dropped</text>");
    else {
        ad_put(sink, ">");
        ad_put_shape(sink, shape);
        ad_put(sink, "</text>");
    }
}

static void put_gradient(ad_page *page, ad_tensor x, const ad_numbers *gradient)
{
    char text[AD_SHOWN_TEXT];
    ad_sink *sink = page->sink;
    put_text_at(sink, "gr", AD_BOX_WIDTH - 10, 88);
    if (!gradient)
        ad_put(sink, ">\xc2\xb7</text>");
    else if (gradient->n == 1 && gradient->data) {
        const double item = ad_element_of(gradient->data, gradient->type, 0);
        ad_put_figure_attributes(sink, &(ad_figure){"gradient", x, {0}, 0, -1, gradient->type, item});
        ad_put_format(sink, ">%s</text>", ad_short_number(item, 4, text));
    } else {
        ad_put_figure_attributes(sink, &(ad_figure){"gradient-norm", x, {0}, 0, -1, AD_F64, gradient->norm});
        ad_put_format(sink, ">%s</text>", ad_short_number(gradient->norm, 3, text));
    }
}

/* The label beside a gradient: of what, if its name is short; the norm of a tensor has its bars. */
static void put_gradient_label(ad_page *page, bool is_norm)
{
    char number[24];
    ad_sink *sink = page->sink;
    const char *loss = ad_is_valid(page->loss) ? name_of(page->loss, number) : "";
    put_text_at(sink, "gl", 10, 88);
    ad_put(sink, is_norm ? ">\xe2\x80\x96\xe2\x88\x82\xe2\x80\x96" : ">\xe2\x88\x82");
    if (!is_norm && count_characters(loss, 4) <= 2)
        ad_put_text(sink, AD_INK_HTML, loss, SIZE_MAX);
    ad_put(sink, "</text>");
}

static void put_frame(ad_sink *sink, const ad_box *box, const char *more)
{
    ad_put_format(sink, " tabindex=\"0\" role=\"button\" transform=\"translate(%d %d)\"%s>", box->x, box->y, more);
    ad_put_format(sink, "<rect width=\"%d\" height=\"%d\" rx=\"%d\"/>", AD_BOX_WIDTH, AD_BOX_HEIGHT,
                  box->is_leaf && box->fold < 0 ? 20 : 8);
}

static void put_tensor_box(ad_page *page, const ad_box *box, int size)
{
    ad_sink *sink = page->sink;
    ad_numbers gradient;
    const ad_tensor x = ad_node_tensor(&page->folds, box->node);
    const bool has_gradient = ad_find_gradient(x, &gradient);
    const double g =
        has_gradient && gradient.n == 1 && gradient.data ? ad_element_of(gradient.data, gradient.type, 0) : 0;
    ad_put_format(sink, "<g class=\"node %s%s%s%s\" data-id=\"", ad_operator_of(x) ? "op" : "leaf",
                  box->is_outside ? " outside" : "", has_gradient ? " given" : " no-g",
                  g < 0   ? " neg"
                  : g > 0 ? " pos"
                          : "");
    ad_put_id(sink, x);
    ad_put(sink, "\" aria-label=\"");
    ad_put_name(sink, AD_INK_HTML, x, AD_NAME_IN_PAGE);
    ad_put(sink, ", ");
    put_made(sink, x, 60);
    ad_put(sink, "\"");
    put_frame(sink, box, "");
    put_head(page, x, size);
    put_value(page, x);
    ad_put_format(sink, "<path class=\"sep\" d=\"M0 70h%d\"/>", AD_BOX_WIDTH);
    put_gradient_label(page, ad_size_of(x) != 1);
    put_gradient(page, x, has_gradient ? &gradient : NULL);
    ad_put(sink, "</g>\n");
}

/* The Euclidean norm of the gradients of the parameters that only a fold consumes; their number. */
static double norm_of_fold(const ad_folds *folds, int fold, size_t *parameters, bool *is_known)
{
    double squares = 0;
    *parameters = 0;
    *is_known = false;
    for (size_t v = 0; v < folds->kept; v++) {
        int32_t around = folds->inner[v];
        while (around >= 0 && around != fold)
            around = folds->list[around].outer;
        const ad_tensor x = around >= 0 ? ad_node_tensor(folds, v) : (ad_tensor){0};
        ad_numbers gradient;
        if (around < 0 || !ad_wants_gradient(x))
            continue;
        ++*parameters;
        if (ad_find_gradient(x, &gradient)) {
            squares += gradient.norm * gradient.norm;
            *is_known = true;
        }
    }
    return sqrt(squares);
}

static void put_kept_of_fold(ad_page *page, int fold)
{
    const char *between = "";
    for (size_t v = 0; v < page->folds.kept; v++) {
        int32_t around = page->folds.inner[v];
        while (around >= 0 && around != fold)
            around = page->folds.list[around].outer;
        if (around < 0)
            continue;
        ad_put_format(page->sink, "%sk%zu", between, v);
        between = " ";
    }
}

static void put_fold_box(ad_page *page, const ad_box *box, int size)
{
    char text[AD_SHOWN_TEXT];
    ad_sink *sink = page->sink;
    const ad_fold *fold = &page->folds.list[box->fold];
    size_t parameters;
    bool is_known;
    const double norm = norm_of_fold(&page->folds, box->fold, &parameters, &is_known);
    ad_put_format(sink, "<g class=\"node fold%s\" data-fold=\"%d\" data-first=\"%zu\" data-n=\"%zu\" data-kept=\"",
                  is_known ? " given" : " no-g", box->fold, fold->first + 1, fold->n);
    put_kept_of_fold(page, box->fold);
    ad_put(sink, "\" data-name=\"");
    ad_put_fold_name(sink, AD_INK_HTML, fold, AD_NAME_IN_PAGE);
    ad_put_format(sink, "\" data-times=\"%d\" aria-label=\"", fold->times);
    ad_put_fold_name(sink, AD_INK_HTML, fold, AD_NAME_IN_PAGE);
    ad_put_format(sink, ", folded: %zu entries, %zu parameters\"", fold->n, parameters);
    put_frame(sink, box, "");
    put_text_at(sink, "nm", 10, 23);
    ad_put(sink, ">");
    ad_put_fold_name(sink, AD_INK_HTML, fold, (size_t)(100 * INSIDE / size / WIDE));
    ad_put(sink, "</text>");
    put_text_at(sink, "fm l", 10, 41);
    ad_put_format(sink, ">%zu entries</text>", fold->n);
    put_text_at(sink, "val", AD_BOX_WIDTH - 10, 61);
    if (fold->times > 1)
        ad_put_format(sink, ">\xc3\x97 %d</text>", fold->times);
    else {
        ad_put(sink, ">");
        ad_put_shape(sink, ad_shape_of(ad_recorded_at(page->t, fold->first + fold->n - 1)));
        ad_put(sink, "</text>");
    }
    ad_put_format(sink, "<path class=\"sep\" d=\"M0 70h%d\"/>", AD_BOX_WIDTH);
    put_gradient_label(page, true);
    put_text_at(sink, "gr", AD_BOX_WIDTH - 10, 88);
    if (is_known)
        ad_put_figure_attributes(sink, &(ad_figure){"gradient-norm", {0}, {0}, 0, -1, AD_F64, norm});
    ad_put_format(sink, ">%s</text></g>\n", is_known ? ad_short_number(norm, 3, text) : "\xc2\xb7");
}

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

/* Tenths of a pixel: the size of a part on a logarithmic scale. */
static int width_of(double part)
{
    const double width = part == 0 ? 1.2 : 1.2 + 1.45 * (log10(fabs(part)) + 3);
    return !(width > 1.2) ? 12 : width > 7 ? 70 : (int)(10 * width + 0.5);
}

static void put_labels(ad_sink *sink, const ad_link *link, ad_tensor y, const ad_part *part)
{
    char text[AD_SHOWN_TEXT];
    const bool is_number = part->part.n == 1 && part->part.data;
    const double g = is_number ? ad_element_of(part->part.data, part->part.type, 0) : part->part.norm;
    if (part->has_local) {
        ad_put_format(sink, "<text class=\"loc\" x=\"%d\" y=\"%d\"", link->label_x, link->label_y - 6);
        ad_put_figure_attributes(sink, &(ad_figure){"local", part->of, y, link->place + 1, -1, AD_F64, part->local});
        ad_put_format(sink, ">\xc3\x97%s</text>", ad_short_number(part->local, 3, text));
    }
    ad_put_format(sink, "<text class=\"con\" x=\"%d\" y=\"%d\"", link->label_x, link->label_y + 16);
    ad_put_figure_attributes(sink, &(ad_figure){is_number ? "part" : "part-norm", part->of, y, link->place + 1, -1,
                                                is_number ? part->part.type : AD_F64, g});
    ad_put_format(sink, is_number ? ">%s</text>" : ">\xe2\x80\x96%s\xe2\x80\x96</text>", ad_short_number(g, 3, text));
}

static void put_link(ad_page *page, const ad_drawing *d, const ad_link *link)
{
    ad_sink *sink = page->sink;
    const bool is_one = link->user != SIZE_MAX;
    const ad_tensor y = is_one ? ad_node_tensor(&page->folds, link->user) : (ad_tensor){0};
    const ad_part *part = is_one ? ad_part_to(y, link->place) : NULL;
    const bool is_number = part && part->part.n == 1 && part->part.data;
    const double g = is_number ? ad_element_of(part->part.data, part->part.type, 0) : part ? part->part.norm : 0;
    ad_put_format(sink, "<g class=\"edge%s%s\" data-a=\"%d\" data-b=\"%d\"", part ? " given" : "",
                  !part || g == 0 ? " zero"
                  : !is_number    ? ""
                  : g < 0         ? " neg"
                                  : " pos",
                  link->from, link->to);
    if (is_one) {
        const size_t call = link->user - (size_t)ad_result_number(y);
        ad_put(sink, " data-from=\"");
        ad_put_id(sink, ad_node_tensor(&page->folds, call));
        ad_put_format(sink, "\" data-place=\"%d\"", link->place + 1);
    }
    const int width = width_of(g);
    ad_put_format(sink, " style=\"--w:%d.%d\"><path class=\"flow\" d=\"", width / 10, width % 10);
    put_path(sink, d, link);
    ad_put(sink, "\"/><path class=\"line\" d=\"");
    put_path(sink, d, link);
    ad_put(sink, "\"/>");
    if (part && ad_result_number(y) == 0)
        put_labels(sink, link, part->from, part);
    ad_put(sink, "</g>\n");
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
    for (size_t b = 0; b < d->n; b++) {
        if (d->boxes[b].fold < 0)
            put_tensor_box(page, &d->boxes[b], (narrow + 9) / 10);
        else
            put_fold_box(page, &d->boxes[b], (narrow + 9) / 10);
    }
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
