/* The boxes of a drawing, as SVG. */
#include <math.h>
#include <string.h>

#include "../gradients.h"
#include "../operators.h"
#include "page.h"

/* ---- Text in boxes ----------------------------------------------------------------------------------------------- */

/* How wide text is, in hundredths of its size: of a bold proportional letter, and of one of fixed width. */
enum { WIDE = 70, FIXED = 61, INSIDE = AD_BOX_WIDTH - 20 };

/* How many letters wide a character is drawn: \x1b and \u202e stand for those that are not seen. */
static int width_of_character(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return 4;
    if (c == 0x61c || (c >= 0x2000 && c < 0x2070) || c == 0xfeff)
        return 6;
    return c >= 0x1100 ? 2 : 1;
}

static int count_characters(const char *text, int most)
{
    int n = 0;
    while (*text && n < most)
        n += width_of_character(ad_next_character(&text));
    return n;
}

/* Writes as much of a text as there is room for. */
static void put_fitting(ad_sink *sink, const char *text, int room)
{
    char start[4 * AD_NAME_IN_PAGE];
    const char *end = text;
    const bool is_whole = count_characters(text, room + 1) <= room;
    for (int n = 0; *end && end - text < (int)sizeof start - 5;) {
        const char *next = end;
        n += width_of_character(ad_next_character(&next));
        if (n > (is_whole ? room : room - 2))
            break;
        end = next;
    }
    memcpy(start, text, (size_t)(end - text));
    start[end - text] = 0;
    ad_put_text(sink, AD_INK_HTML, start, SIZE_MAX);
    ad_put(sink, is_whole ? "" : "..");
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

/* What made x, of a layer with its activation: "linear tanh". */
static const char *made_of(ad_tensor x, char room[48])
{
    const ad_activation activation = ad_is_made_by(x, "linear") ? ad_activation_of(x) : AD_IDENTITY;
    snprintf(room, 48, "linear %s", ad_activation_name(activation));
    return activation != AD_IDENTITY ? room : ad_operator_of(x) ? ad_operator_of(x)->name : ad_made_by(x);
}

/* Writes how x was made in at most `most` characters: "s · x", "tanh r", or only "linear". */
static void put_made(ad_sink *sink, ad_tensor x, int most)
{
    char numbers[2][24], room[48];
    const int n = ad_operator_of(x) ? ad_operand_count(x) : 0;
    const char *made = made_of(x, room), *infix = ad_notes_of(x)->sign;
    const char *a = n > 0 ? name_of(ad_operand(x, 0), numbers[0]) : "";
    const char *b = n > 1 ? name_of(ad_operand(x, 1), numbers[1]) : "";
    const int length = count_characters(a, most) + count_characters(b, most);
    if (infix && length + 3 <= most) {
        ad_put_text(sink, AD_INK_HTML, a, SIZE_MAX);
        ad_put_format(sink, " %s ", infix);
        ad_put_text(sink, AD_INK_HTML, b, SIZE_MAX);
    } else {
        const char *last = strrchr(made, ' '); /* where both do not fit, the activation alone */
        put_fitting(sink, last && count_characters(made, most + 1) > most ? last + 1 : made, most);
        if (n == 1 && length + 1 + count_characters(made, most) <= most) {
            ad_put(sink, " ");
            ad_put_text(sink, AD_INK_HTML, a, SIZE_MAX);
        }
    }
}

/* How many characters that needs. */
static int made_length(ad_tensor x)
{
    char numbers[2][24], room[48];
    const char *infix = ad_notes_of(x)->sign;
    const int n = ad_operator_of(x) ? ad_operand_count(x) : 0;
    int length = infix ? 3 : count_characters(made_of(x, room), 24) + (n == 1);
    for (int i = 0; i < n && n <= (infix ? 2 : 1); i++)
        length += count_characters(name_of(ad_operand(x, i), numbers[i]), 24);
    return length;
}

/* ---- Boxes ------------------------------------------------------------------------------------------------------- */

static void put_text_at(ad_sink *sink, const char *kind, int x, int y)
{
    ad_put_format(sink, "<text class=\"%s\" x=\"%d\" y=\"%d\"", kind, x, y);
}

/* Writes the first n bytes of a name; of many characters only the last, which tell layers apart. */
static void put_start(ad_sink *sink, const char *name, size_t n, int most)
{
    char start[4 * AD_NAME_IN_PAGE + 1];
    const char *at = start;
    if (n >= sizeof start)
        name += n - (sizeof start - 1);
    n = n < sizeof start ? n : sizeof start - 1;
    memcpy(start, name, n);
    start[n] = 0;
    const int length = count_characters(start, (int)sizeof start);
    if (length > most) {
        ad_put(sink, "..");
        while (*at && count_characters(at, (int)sizeof start) > most - 2)
            ad_next_character(&at);
    }
    ad_put_text(sink, AD_INK_HTML, at, SIZE_MAX);
}

/* The first one or two lines of a box: its name, and how it was made. Of a long name like "encoder/weights" the second
 * line is what stands before the /. `size` is the letters' in the drawing. */
static void put_head(ad_page *page, ad_tensor x, int size)
{
    char number[24];
    ad_sink *sink = page->sink;
    const char *name = name_of(x, number), *slash = strrchr(name, '/');
    const int n = count_characters(name, 40), made = made_length(x), letters = 100 * INSIDE / size;
    const bool in_one = n * WIDE + (made + 1) * FIXED <= letters, is_split = n * WIDE > letters && slash && slash[1];
    put_text_at(sink, "nm", 10, 23);
    ad_put(sink, ">");
    put_fitting(sink, is_split ? slash + 1 : name, letters / WIDE);
    ad_put(sink, "</text>");
    put_text_at(sink, in_one ? "fm" : "fm l", in_one ? AD_BOX_WIDTH - 10 : 10, in_one ? 23 : 41);
    ad_put(sink, ">");
    if (is_split)
        put_start(sink, name, (size_t)(slash - name), letters / FIXED);
    else
        put_made(sink, x, letters / FIXED);
    ad_put(sink, "</text>");
}

/* Writes a shape, of a long one the first sizes. */
static void put_short_shape(ad_sink *sink, ad_shape shape, int most)
{
    char text[32];
    int length = 2;
    ad_put(sink, "[");
    for (int i = 0; i < shape.rank; i++) {
        length += snprintf(text, sizeof text, i ? ", %lld" : "%lld", (long long)shape.dims[i]);
        if (length > most - (i + 1 < shape.rank ? 4 : 0)) {
            ad_put(sink, i ? ", .." : "..");
            break;
        }
        ad_put(sink, text);
    }
    ad_put(sink, "]");
}

static void put_value(ad_page *page, ad_tensor x, int size)
{
    ad_sink *sink = page->sink;
    const bool is_number = ad_size_of(x) == 1 && ad_has_value(x);
    put_text_at(sink, is_number ? "val" : "val sh", AD_BOX_WIDTH - 10, 61);
    if (is_number) {
        char text[AD_SHOWN_TEXT];
        const double item = ad_element_of(ad_look_at(x), ad_type_of(x), 0);
        ad_put_figure_attributes(sink, &(ad_figure){"value", x, {0}, 0, -1, ad_type_of(x), item});
        ad_put_format(sink, ">%s</text>", ad_short_number(item, 4, text));
    } else if (ad_is_dropped(x))
        ad_put(sink, ">dropped</text>");
    else {
        ad_put(sink, ">");
        put_short_shape(sink, ad_shape_of(x), 100 * INSIDE / size / FIXED);
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
    ad_put_identity(sink, x);
    ad_put(sink, "\" aria-label=\"");
    ad_put_name(sink, AD_INK_HTML, x, AD_NAME_IN_PAGE);
    ad_put(sink, ", ");
    put_made(sink, x, 60);
    ad_put(sink, "\"");
    put_frame(sink, box, "");
    put_head(page, x, size);
    put_value(page, x, size);
    ad_put_format(sink, "<path class=\"sep\" d=\"M0 70h%d\"/>", AD_BOX_WIDTH);
    put_gradient_label(page, ad_size_of(x) != 1);
    put_gradient(page, x, has_gradient ? &gradient : NULL);
    ad_put(sink, "</g>\n");
}

/* Whether only a fold consumes a node, or what is inside it. */
static bool is_inside(const ad_folds *folds, size_t node, int fold)
{
    int32_t around = folds->inner[node];
    while (around >= 0 && around != fold)
        around = folds->list[around].outer;
    return around >= 0;
}

/* The Euclidean norm of the gradients of the parameters that only a fold consumes; their number. */
static double norm_of_fold(const ad_folds *folds, int fold, size_t *parameters, bool *is_known)
{
    double squares = 0;
    *parameters = 0;
    *is_known = false;
    for (size_t v = 0; v < folds->kept; v++) {
        const ad_tensor x = ad_node_tensor(folds, v);
        ad_numbers gradient;
        if (!is_inside(folds, v, fold) || !ad_wants_gradient(x))
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
        if (!is_inside(&page->folds, v, fold))
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
    ad_put_format(sink, ", folded; entries: %zu, parameters: %zu\"", fold->n, parameters);
    put_frame(sink, box, "");
    put_text_at(sink, "nm", 10, 23);
    ad_put(sink, ">");
    ad_put_fold_name(sink, AD_INK_HTML, fold, (size_t)(100 * INSIDE / size / WIDE));
    ad_put(sink, "</text>");
    put_text_at(sink, "fm l", 10, 41);
    ad_put_format(sink, ">%zu %s</text>", fold->n, fold->n == 1 ? "entry" : "entries");
    put_text_at(sink, "val", AD_BOX_WIDTH - 10, 61);
    if (fold->times > 1)
        ad_put_format(sink, ">\xc3\x97 %d</text>", fold->times);
    else {
        ad_put(sink, ">");
        put_short_shape(sink, ad_shape_of(ad_recorded_at(page->t, fold->first + fold->n - 1)),
                        100 * INSIDE / size / FIXED);
        ad_put(sink, "</text>");
    }
    ad_put_format(sink, "<path class=\"sep\" d=\"M0 70h%d\"/>", AD_BOX_WIDTH);
    put_gradient_label(page, true);
    put_text_at(sink, "gr", AD_BOX_WIDTH - 10, 88);
    if (is_known)
        ad_put_figure_attributes(sink, &(ad_figure){"gradient-norm", {0}, {0}, 0, -1, AD_F64, norm});
    ad_put_format(sink, ">%s</text></g>\n", is_known ? ad_short_number(norm, 3, text) : "\xc2\xb7");
}

void ad_put_box(ad_page *page, const ad_box *box, int size)
{
    if (box->fold < 0)
        put_tensor_box(page, box, size);
    else
        put_fold_box(page, box, size);
}
