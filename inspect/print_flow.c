/* ad_print_flow: a line for each parameter, and sentences. */
#include <math.h>

#include <gradtape/classifier.h>
#include <gradtape/regressor.h>

#include "advice.h"
#include "lines.h"

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

enum { NAME, SHAPE, RMS, BAR, UPDATE, VERDICT, COLUMNS, BAR_COLUMNS = 24, LEAST_BAR = 12, DIGITS = 2, WHOLE = 99 };

/* How lines are written. */
typedef struct printing {
    ad_ink ink;
    int digits, bar; /* of numbers; the columns of the bar */
} printing;

static ad_sink cell(ad_line *line, int i) { return ad_sink_into(line->cells[i], sizeof line->cells[i]); }

static void write_bar(ad_sink *to, double rms, int columns)
{
    const double n = ad_place_on_bar(rms) * columns;
    if (!(rms > 0) || isinf(rms))
        return;
    ad_put(to, "#");
    for (int i = 1; i + 0.5 <= n; i++)
        ad_put(to, "#");
}

static void fill(const printing *p, const ad_flow_row *r, ad_line *line)
{
    static const char *const without[] = {"no update", "update from 0", "update unknown"};
    ad_sink name = cell(line, NAME), shape = cell(line, SHAPE), rms = cell(line, RMS), bar = cell(line, BAR);
    ad_sink update = cell(line, UPDATE), verdict = cell(line, VERDICT);
    ad_put_name(&name, p->ink, r->x, AD_NAME_IN_TEXT);
    ad_put_shape(&shape, ad_shape_of(r->x));
    if (r->verdict != AD_FLOW_NOT_COMPUTED) {
        ad_put(&rms, "rms ");
        ad_put_number(&rms, r->rms, p->digits);
    }
    write_bar(&bar, r->rms, p->bar);
    ad_put(&update, r->kind == AD_UPDATE_KNOWN ? "update/weight " : without[r->kind]);
    if (r->kind == AD_UPDATE_KNOWN)
        ad_put_number(&update, r->update, p->digits);
    ad_put(&verdict, ad_flow_verdict_word(r->verdict));
}

static void put_lines(ad_sink *sink, const ad_flow *f, const printing *how)
{
    ad_widths widths = {
        .n = COLUMNS, .least = {20, 6, WHOLE, LEAST_BAR, WHOLE}, .keeps_last = true, .widths = {[BAR] = BAR_COLUMNS}};
    printing p = {how->ink, how->digits, 1};
    ad_line line;
    for (size_t k = 0; k < f->n; k++) {
        fill(&p, &f->rows[k], &line);
        ad_measure_line(&widths, &line);
    }
    ad_fit_widths(&widths);
    p.bar = widths.widths[BAR];
    for (size_t k = 0; k < f->n && ad_sink_is_good(sink); k++) {
        fill(&p, &f->rows[k], &line);
        ad_put_line(sink, &widths, &line);
    }
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static void put_sentence(ad_sink *sink, const char *text) { ad_put_paragraph(sink, 2, text); }

static void put_count(ad_sink *sink, ad_tensor y, size_t dead)
{
    (void)y;
    ad_put_format(sink, "%zu", dead);
}

static void print(ad_sink *sink, const ad_flow *f, const ad_print_options *options)
{
    const ad_ink ink = options && options->ascii ? AD_INK_ASCII : ad_ink_of_locale();
    size_t known = 0;
    for (size_t k = 0; k < f->n; k++)
        known += f->rows[k].verdict != AD_FLOW_NOT_COMPUTED;
    if (known == 0) {
        ad_sink_fail(sink, AD_NO_GRADIENT,
                     "print_flow: no parameter has a gradient: run ad_backward on a loss that depends on one");
        return;
    }
    put_lines(sink, f, &(printing){ink, options && options->exact ? ad_exact_digits(AD_F64) : DIGITS, BAR_COLUMNS});
    ad_put_advice(f, &(ad_speech){sink, ink, put_sentence, put_count});
}

ad_shown ad_print_flow(ad_tape *t, FILE *to, const ad_print_options *options)
{
    ad_sink sink = ad_sink_over(to);
    ad_flow f;
    if (!t)
        ad_sink_fail(&sink, AD_BAD_HANDLE, "print_flow: the tape is NULL: ad_tape_open gives one");
    if (!ad_sink_is_good(&sink))
        return ad_sink_close(&sink);
    if (ad_find_flow(&f, t))
        print(&sink, &f, options);
    else
        ad_sink_fail(&sink, AD_NO_MEMORY, "print_flow: memory is out for %zu parameters", f.room);
    ad_free_flow(&f);
    return ad_sink_close(&sink);
}

/* That of an estimator whose parameters are on this tape; NULL: it has none. */
static ad_shown print_of(const void *estimator, const char *noun, ad_tape *t, FILE *to, const ad_print_options *options)
{
    if (t)
        return ad_print_flow(t, to, options);
    ad_sink sink = ad_sink_over_for("print_flow", to);
    ad_sink_fail(&sink, estimator ? AD_BAD_STATE : AD_BAD_HANDLE, "print_flow: the %s %s", noun,
                 estimator ? "was not fitted yet: it has no parameters" : "is NULL");
    return ad_sink_close(&sink);
}

ad_shown nn_print_flow(nn_classifier *c, FILE *to, const ad_print_options *options)
{
    const bool has_network = nn_classifier_parameter_count(c) > 0;
    return print_of(c, "classifier", has_network ? nn_classifier_parameter(c, 0).tape : NULL, to, options);
}

ad_shown nn_print_regressor_flow(nn_regressor *r, FILE *to, const ad_print_options *options)
{
    const bool has_network = nn_regressor_parameter_count(r) > 0;
    return print_of(r, "regressor", has_network ? nn_regressor_parameter(r, 0).tape : NULL, to, options);
}
