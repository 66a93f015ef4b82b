/* A tensor as text. */
#include <gradtape/backward.h>

#include "describe.h"
#include "gradients.h"
#include "lines.h"

/* Of more elements the first and the last of each axis are printed, `MOST_OF_AN_END` or fewer. */
enum { MOST_ELEMENTS = 1000, MOST_OF_AN_END = 3, INDENT = 2, FURTHER = 4, GAP = 2 };

/* Numbers in rows. */
typedef struct grid {
    ad_sink *sink;
    const ad_numbers *numbers;
    bool exact;
    int64_t end; /* so many of the first and of the last of each axis; 0: all */
    int width;   /* of the widest number */
    int column;  /* where the line is */
} grid;

static bool is_cut(const grid *g, int axis) { return g->end && g->numbers->shape.dims[axis] > 2 * g->end; }

static size_t shown(const ad_shape *shape, int64_t end)
{
    size_t n = 1;
    for (int i = 0; i < shape->rank; i++)
        n *= (size_t)(shape->dims[i] > 2 * end ? 2 * end : shape->dims[i]);
    return n;
}

static int64_t end_for(const ad_numbers *numbers, bool all)
{
    int64_t end = MOST_OF_AN_END;
    if (all || numbers->n <= MOST_ELEMENTS)
        return 0;
    while (end > 1 && shown(&numbers->shape, end) > MOST_ELEMENTS)
        end--;
    return end;
}

static char *text_of(const grid *g, size_t k, char text[AD_NUMBER_TEXT])
{
    const ad_numbers *x = g->numbers;
    return ad_number_text(ad_element_of(x->data, x->type, k), ad_digits_of(x->type, g->exact), text);
}

/* ---- Walking ----------------------------------------------------------------------------------------------------- */

static size_t offset_of(const ad_shape *shape, const int64_t *index)
{
    size_t k = 0;
    for (int i = 0; i < shape->rank; i++)
        k = k * (size_t)shape->dims[i] + (size_t)index[i];
    return k;
}

/* Steps on to the next element that is shown. Returns false after the last. */
static bool step_on(const grid *g, int64_t *index)
{
    const ad_shape *shape = &g->numbers->shape;
    for (int i = shape->rank; i-- > 0;) {
        index[i]++;
        if (is_cut(g, i) && index[i] == g->end)
            index[i] = shape->dims[i] - g->end;
        if (index[i] < shape->dims[i])
            return true;
        index[i] = 0;
    }
    return false;
}

static void put_word(grid *g, const char *text)
{
    const int width = ad_characters_of(text);
    if (g->column + GAP + g->width > AD_MOST_COLUMNS) {
        ad_put_format(g->sink, "\n%*s", FURTHER - GAP, "");
        g->column = FURTHER - GAP;
    }
    ad_put_format(g->sink, "%*s%s", GAP + g->width - width, "", text);
    g->column += GAP + g->width;
}

/* Whether this index is the first after those that are not shown. */
static bool is_after_cut(const grid *g, const int64_t *index, int axis)
{
    return axis >= 0 && is_cut(g, axis) && index[axis] == g->numbers->shape.dims[axis] - g->end;
}

/* "[2, 0, :, :]" above each matrix of a tensor of more than two axes. */
static void put_head(const grid *g, const int64_t *index)
{
    const int rank = g->numbers->shape.rank;
    for (int i = 0; i + 2 < rank; i++)
        ad_put_format(g->sink, "%s%lld, ", i ? "" : "  [", (long long)index[i]);
    ad_put(g->sink, rank > 2 ? ":, :]\n" : "");
}

static void begin_row(grid *g, const int64_t *index)
{
    const int rank = g->numbers->shape.rank;
    if (rank < 2 || index[rank - 2] == 0)
        put_head(g, index);
    else if (is_after_cut(g, index, rank - 2))
        ad_put(g->sink, "  ..\n");
    g->column = 0;
}

static void put_rows(grid *g)
{
    const ad_shape *shape = &g->numbers->shape;
    const int last = shape->rank - 1;
    int64_t index[AD_MAX_RANK] = {0};
    bool is_more = true;
    while (is_more) {
        char text[AD_NUMBER_TEXT];
        if (last < 0 || index[last] == 0)
            begin_row(g, index);
        if (is_after_cut(g, index, last))
            put_word(g, "..");
        put_word(g, text_of(g, offset_of(shape, index), text));
        is_more = step_on(g, index);
        if (last < 0 || index[last] == 0)
            ad_put(g->sink, "\n");
    }
}

static void measure(grid *g)
{
    int64_t index[AD_MAX_RANK] = {0};
    do {
        char text[AD_NUMBER_TEXT];
        const int width = ad_characters_of(text_of(g, offset_of(&g->numbers->shape, index), text));
        g->width = width > g->width ? width : g->width;
    } while (step_on(g, index));
}

/* ---- Tensors ----------------------------------------------------------------------------------------------------- */

static void put_numbers(ad_sink *sink, const ad_numbers *numbers, const ad_print_options *options)
{
    grid g = {.sink = sink, .numbers = numbers, .exact = options->exact, .end = end_for(numbers, options->all)};
    const bool has_rows = numbers->n > 0 && numbers->data;
    ad_put(sink, has_rows && numbers->n == 1 ? "" : ", ");
    if (has_rows && numbers->n > 1)
        ad_put_range(sink, numbers, options->exact);
    else if (!has_rows)
        ad_put_values(sink, numbers, options->exact);
    ad_put(sink, "\n");
    if (!has_rows)
        return;
    measure(&g);
    put_rows(&g);
}

static void put_first_line(ad_sink *sink, ad_ink ink, ad_tensor x)
{
    const ad_shape shape = ad_shape_of(x);
    ad_put_name(sink, ink, x, AD_NAME_IN_TEXT);
    ad_put(sink, " ");
    ad_put_shape(sink, shape);
    ad_put_format(sink, ", %s, ", ad_type_name(ad_type_of(x)));
    ad_put_made_by(sink, ink, x);
}

/* The value, and the one now where the recording used another. */
static void put_value(ad_sink *sink, ad_tensor x, const ad_print_options *options)
{
    ad_numbers value;
    const ad_value_state state = ad_value_to_show(x, &value);
    if (state == AD_VALUE_AFTER) {
        ad_put(sink, ", ");
        ad_put_change(sink, x, state, options->exact);
    }
    put_numbers(sink, &value, options);
    if (state == AD_VALUE_BEFORE) {
        const ad_numbers now = ad_value_now(x);
        ad_put(sink, "changed since, now");
        put_numbers(sink, &now, options);
    }
}

ad_shown ad_print_tensor(ad_tensor x, FILE *to, const ad_print_options *options)
{
    static const ad_print_options none = {0};
    ad_sink sink = ad_sink_over(to);
    options = options ? options : &none;
    if (ad_sink_is_good(&sink) && ad_sink_check_tensor(&sink, "the tensor", x) && ad_is_dropped(x))
        ad_sink_fail(&sink, AD_BAD_STATE,
                     "print_tensor: the tensor's segment dropped its value: make it an output of ad_segment_end");
    if (!ad_sink_is_good(&sink))
        return ad_sink_close(&sink);
    ad_numbers gradient;
    put_first_line(&sink, options->ascii ? AD_INK_ASCII : ad_ink_of_locale(), x);
    put_value(&sink, x, options);
    if (ad_find_gradient(x, &gradient)) {
        ad_put(&sink, "gradient");
        put_numbers(&sink, &gradient, options);
    }
    return ad_sink_close(&sink);
}
