/* The figure of the view Activations that the book has too: four activations side by side, and their derivatives. */
#include <stdio.h>

#include "activations.h"

/* Where the label of a curve is, in both drawings. */
typedef struct book_curve {
    const char *name;
    double value[2], derivative[2];
} book_curve;

static const book_curve book_curves[] = {
    {"step", {-0.55, 0.95}, {-3, -0.11}},
    {"logistic", {-1.7, 0.32}, {-2.3, 0.17}},
    {"tanh", {-0.2, -0.85}, {-1.2, 0.6}},
    {"relu", {0.9, 1.5}, {2.6, 1.05}},
};
enum { BOOK_CURVES = sizeof book_curves / sizeof book_curves[0] };

static void put_book_drawing(const ad_plot *plot, const ad_plotted *plotted, bool of_derivatives)
{
    ad_sink *sink = plot->sink;
    ad_put_format(sink, "<figure><figcaption>%s</figcaption>", of_derivatives ? "derivatives y" AD_PRIME : "values y");
    ad_begin_plot(plot, of_derivatives ? "The derivatives of step, logistic, tanh and ReLU for z from " AD_MINUS_4_TO_4
                                       : "Step, logistic, tanh and ReLU for z from " AD_MINUS_4_TO_4);
    ad_put_grid(plot);
    ad_put_axis(plot);
    for (int i = 0; i < BOOK_CURVES; i++) {
        const book_curve *b = &book_curves[i];
        const double *y = of_derivatives ? plotted[i].derivatives : plotted[i].values;
        char kind[32];
        snprintf(kind, sizeof kind, "c %s", b->name);
        ad_put_curve(plot, &plotted[i], y, kind);
        ad_put_jumps(plot, &plotted[i], y);
        ad_put_label(plot, of_derivatives ? b->derivative : b->value, ad_curve_named(b->name)->title);
    }
    ad_put(sink, "</svg></figure>\n");
}

static bool put_figure(const ad_activations *v)
{
    ad_sink *sink = v->page->sink;
    const ad_plot values = {.sink = sink, .width = 424, .height = 250, .low = -1.25, .high = 2, .first = -1, .step = 1};
    const ad_plot derivatives = {
        .sink = sink, .width = 424, .height = 250, .low = -0.15, .high = 1.15, .first = 0, .step = 0.25};
    ad_plotted plotted[BOOK_CURVES];
    for (int i = 0; i < BOOK_CURVES; i++)
        if (ad_find_plotted(&plotted[i], ad_curve_named(book_curves[i].name), 0, &v->allocator) != AD_OK)
            return false;
    ad_put(sink, "<div class=\"curves book\">\n");
    put_book_drawing(&values, plotted, false);
    put_book_drawing(&derivatives, plotted, true);
    ad_put(sink, "</div>\n");
    return true;
}

/* What the figure says, in words. */
static void put_lesson(ad_activations *v)
{
    static const struct {
        const char *before, *name;
        bool is_largest;
    } sentences[] = {
        {"The derivative of the step is ", "step", true},
        {" everywhere: no gradient passes, and the layers below cannot be trained. That of logistic is at most ",
         "logistic", true},
        {", so that gradients may shrink from layer to layer until they vanish. That of tanh is at most ", "tanh",
         true},
        {", and that of ReLU is ", "relu", true},
        {" where z &gt; 0. At 0 the engine takes ", "relu", false},
    };
    ad_put(v->page->sink, "<p class=\"note\">");
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        const ad_panel *p = ad_find_panel(v, ad_curve_named(sentences[i].name), 0);
        ad_put(v->page->sink, sentences[i].before);
        ad_put_panel_derivative(v->page->sink, p, sentences[i].is_largest ? p->figures.steepest : AD_AT_0);
    }
    ad_put(v->page->sink, " for it. \xe2\x97\x8f is the number that the engine takes at a jump, \xe2\x97\x8b the other "
                          "end of the jump.</p>\n");
}

bool ad_put_book(ad_activations *v)
{
    if (!put_figure(v))
        return false;
    put_lesson(v);
    return true;
}
