/* The view Training: figures of a training over its steps. */
#include <math.h>
#include <string.h>

#include "../advice.h"
#include "../describe.h"
#include "courses.h"

enum { MOST_LISTED = 200, MOST_SAID = 5 };

#define NOT_KNOWN "<span class=\"m nc\" aria-label=\"not validated\">\xc2\xb7</span>"

/* ---- Sentences --------------------------------------------------------------------------------------------------- */

static void put_number(const ad_courses *f, const ad_course *course, int64_t step, double x)
{
    ad_put_step_figure(f->sink, "span", course, step, x);
}

static void put_step(const ad_courses *f, const char *before, int64_t step)
{
    ad_put(f->sink, before);
    ad_put_step(f->sink, step);
}

/* The best validation; NULL: there was none. */
static const ad_training_row *find_best(const ad_training *t)
{
    const ad_training_row *lowest = NULL, *highest = NULL;
    for (size_t i = 0; i < t->n_rows; i++) {
        const ad_training_row *r = &t->rows[i];
        if (r->validated && isfinite(r->validation_loss) && (!lowest || r->validation_loss < lowest->validation_loss))
            lowest = r;
        if (r->validated && isfinite(r->validation_accuracy) &&
            (!highest || r->validation_accuracy > highest->validation_accuracy))
            highest = r;
    }
    return t->best ? t->best : lowest ? lowest : highest;
}

static void put_way(const ad_courses *f)
{
    const ad_training *t = f->training;
    const ad_training_row *first = t->rows, *last = first + t->n_rows - 1, *best = find_best(t);
    ad_put(f->sink, "<p class=\"lead\">The loss ");
    ad_put(f->sink, t->n_rows > 1 ? "went from " : "was ");
    put_number(f, &f->loss[0], first->step, first->loss);
    put_step(f, " at step ", first->step);
    if (t->n_rows > 1) {
        ad_put(f->sink, " to ");
        put_number(f, &f->loss[0], last->step, last->loss);
        put_step(f, " at step ", last->step);
    }
    if (best) {
        put_step(f, ". The best validation was at step ", best->step);
        ad_put(f->sink, ": ");
        if (!isnan(best->validation_loss)) {
            ad_put(f->sink, "loss ");
            put_number(f, &f->loss[1], best->step, best->validation_loss);
        }
        if (!isnan(best->validation_accuracy)) {
            ad_put(f->sink, isnan(best->validation_loss) ? "accuracy " : ", accuracy ");
            put_number(f, &f->accuracy, best->step, best->validation_accuracy);
        }
    }
    ad_put(f->sink, ".</p>\n");
}

/* Says from where on the numbers of a course are not finite, and returns whether they are. */
static bool put_not_finite(const ad_courses *f, const char *before, const ad_course *course, bool is_said)
{
    size_t first = 0, bad = 0;
    while (first < course->n && isfinite(course->points[first].y))
        first++;
    for (size_t i = first; i < course->n; i++)
        bad += isfinite(course->points[i].y) ? 0 : 1;
    if (bad == 0 || !is_said)
        return bad > 0;
    ad_put_format(f->sink, "<p class=\"warn\">%s", before);
    if (course->is_parameter)
        ad_put_text(f->sink, AD_INK_HTML, course->name, AD_NAME_IN_PAGE);
    const bool is_to_end = bad > 1 && bad == course->n - first;
    put_step(f, is_to_end ? " is not finite from step " : " is not finite at step ", course->points[first].step);
    if (is_to_end)
        ad_put(f->sink, " on");
    else if (bad == 2)
        ad_put(f->sink, " and once later");
    else if (bad > 2)
        ad_put_format(f->sink, " and %zu times later", bad - 1);
    ad_put(f->sink, ".</p>\n");
    return true;
}

static void put_all_not_finite(const ad_courses *f, const char *before, const char *noun, const ad_course *courses)
{
    size_t n = 0;
    for (size_t k = 0; k < f->n; k++)
        if (put_not_finite(f, before, &courses[k], n < MOST_SAID))
            n++;
    if (n > MOST_SAID)
        ad_put_format(f->sink, "<p class=\"warn\">So %s of %zu more parameters.</p>\n", noun, n - MOST_SAID);
}

/* What kind of layer's parameter has this name. One that the tape has not counts as weights. */
static int kind_of(const ad_courses *f, const char *name)
{
    for (size_t i = 0; i < ad_param_count(f->tape); i++)
        if (strcmp(ad_name_of(ad_param_at(f->tape, i)), name) == 0)
            return ad_layer_kind(ad_param_at(f->tape, i));
    return AD_WEIGHTS;
}

static void put_sentence(ad_sink *sink, const char *text) { ad_put(sink, text); }

/* Compares the layers at the last step, as ad_print_flow does. */
static void put_trend(const ad_courses *f)
{
    const int64_t step = f->training->flows[f->training->n_flows - 1].step;
    ad_layers layers[AD_LAYER_KINDS] = {{0}};
    for (size_t k = 0; k < f->n; k++) {
        const ad_course_point *last = ad_last_finite(&f->rms[k]);
        if (last && last->step == step && last->y > 0)
            ad_add_layer(&layers[kind_of(f, f->rms[k].name)], last->y);
    }
    ad_trend of = ad_trend_of(&layers[AD_WEIGHTS]);
    if (!of.vanishes && !of.explodes)
        of = ad_trend_of(&layers[AD_BIASES]);
    if (!of.vanishes && !of.explodes)
        return;
    put_step(f, "<p class=\"warn\">At step ", step);
    ad_put(f->sink, ": ");
    ad_put_trend(f->tape, &of, &(ad_speech){.sink = f->sink, .ink = AD_INK_HTML, .put_sentence = put_sentence});
    ad_put(f->sink, "</p>\n");
}

/* ---- The table of rows ------------------------------------------------------------------------------------------- */

static void put_cell(const ad_courses *f, const ad_course *course, bool is_known, int64_t step, double x)
{
    if (course->n == 0) /* there is no such column */
        return;
    ad_put(f->sink, "<td class=\"num\">");
    if (is_known)
        put_number(f, course, step, x);
    else
        ad_put(f->sink, NOT_KNOWN);
}

static void put_row(const ad_courses *f, const char *name, const ad_training_row *r)
{
    ad_put(f->sink, "<tr>");
    if (name)
        ad_put_format(f->sink, "<th scope=\"row\">%s", name);
    put_step(f, name ? "<td class=\"num\">" : "<th scope=\"row\" class=\"num\">", r->step);
    put_cell(f, &f->loss[0], true, r->step, r->loss);
    put_cell(f, &f->loss[1], r->validated, r->step, r->validation_loss);
    put_cell(f, &f->accuracy, r->validated && !isnan(r->validation_accuracy), r->step, r->validation_accuracy);
    ad_put(f->sink, "\n");
}

static void put_head(const ad_courses *f, const char *caption, bool has_names)
{
    ad_put_format(f->sink,
                  "<table><caption class=\"vh\">%s</caption><thead><tr>%s<th class=\"num\">step<th class=\"num\">"
                  "training loss%s%s</thead><tbody>\n",
                  caption, has_names ? "<th>row" : "", f->loss[1].n ? "<th class=\"num\">validation loss" : "",
                  f->accuracy.n ? "<th class=\"num\">validation accuracy" : "");
}

static void put_summary(const ad_courses *f)
{
    const ad_training *t = f->training;
    const ad_training_row *best = find_best(t);
    ad_put(f->sink, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"First, best and last row\">");
    put_head(f, "First, best and last row of the training", true);
    put_row(f, "first", t->rows);
    if (best)
        put_row(f, "best validation", best);
    if (t->n_rows > 1)
        put_row(f, "last", t->rows + t->n_rows - 1);
    ad_put(f->sink, "</tbody></table></div>\n");
}

/* All rows, or of too many each k-th and the last. */
static void put_all_rows(const ad_courses *f)
{
    const size_t n = f->training->n_rows, every = n <= MOST_LISTED ? 1 : (n + MOST_LISTED - 3) / (MOST_LISTED - 1);
    ad_put(f->sink, "<details><summary>");
    if (every == 1)
        ad_put_format(f->sink, n == 1 ? "The row" : "All %zu rows", n);
    else {
        ad_put(f->sink, "Every ");
        ad_put_ordinal(f->sink, (int)every - 1);
        ad_put_format(f->sink, " of %zu rows, and the last", n);
    }
    ad_put(f->sink,
           "</summary><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Rows of the training\">");
    put_head(f, "Rows of the training", false);
    for (size_t i = 0; i < n && ad_sink_is_good(f->sink); i++)
        if (i % every == 0 || i == n - 1)
            put_row(f, NULL, &f->training->rows[i]);
    ad_put(f->sink, "</tbody></table></div></details>\n");
}

/* ---- The table of parameters ------------------------------------------------------------------------------------- */

static void put_point(const ad_courses *f, const ad_course *course, const ad_course_point *p)
{
    ad_put(f->sink, "<td class=\"num\">");
    if (p)
        put_number(f, course, p->step, p->y);
    else
        ad_put(f->sink, "<span class=\"m nc\" aria-label=\"not known\">\xc2\xb7</span>");
}

static void put_parameter(const ad_courses *f, const ad_course *rms, const ad_course *update)
{
    const ad_course_point *least = NULL, *most = NULL;
    for (size_t i = 0; i < rms->n; i++) {
        const ad_course_point *p = &rms->points[i];
        least = isfinite(p->y) && (!least || p->y < least->y) ? p : least;
        most = isfinite(p->y) && (!most || p->y > most->y) ? p : most;
    }
    ad_put(f->sink, "<tr><th scope=\"row\" class=\"m\">");
    ad_put_text(f->sink, AD_INK_HTML, rms->name, AD_NAME_IN_PAGE);
    put_point(f, rms, rms->points);
    put_point(f, rms, least);
    put_point(f, rms, most);
    put_point(f, rms, rms->points + rms->n - 1);
    put_point(f, update, update->n ? update->points : NULL);
    put_point(f, update, update->n ? update->points + update->n - 1 : NULL);
    ad_put(f->sink, "\n");
}

static void put_parameters(const ad_courses *f)
{
    ad_put_format(
        f->sink,
        "<details><summary>Gradients and updates of %zu parameter%s</summary><div class=\"wide\" tabindex=\"0\" "
        "role=\"region\" aria-label=\"Gradients and updates of the parameters\"><table><caption class=\"vh\">"
        "Gradients and updates of the parameters</caption><thead><tr><th>parameter<th class=\"num\">gradient "
        "rms, first<th class=\"num\">smallest<th class=\"num\">largest<th class=\"num\">last<th class=\"num\">"
        "update / value, first<th class=\"num\">last</thead><tbody>\n",
        f->n, f->n == 1 ? "" : "s");
    for (size_t k = 0; k < f->n && ad_sink_is_good(f->sink); k++)
        put_parameter(f, &f->rms[k], &f->update[k]);
    ad_put(f->sink, "</tbody></table></div></details>\n");
    if (f->more)
        ad_put_format(f->sink, "<p class=\"note\">Parameters after the first %d are not shown.</p>\n", AD_MOST_COURSES);
}

/* ---- The view ---------------------------------------------------------------------------------------------------- */

static ad_chart chart_of(const ad_courses *f, const char *title, const ad_course *courses, size_t n)
{
    return (ad_chart){.title = title, .courses = courses, .n = n, .first = f->first, .last = f->last};
}

/* Whether losses are so far from each other that only their logarithms show them: most of the training's are then at
 * the foot of a linear axis. */
static bool needs_log(const ad_course *courses, size_t n)
{
    const double far = 1000, foot = 0.01;
    double least = INFINITY, low = INFINITY, high = 0;
    size_t at_foot = 0;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < courses[k].n; i++) {
            const double y = courses[k].points[i].y;
            low = isfinite(y) && y < low ? y : low;
            least = y > 0 && y < least ? y : least;
            high = isfinite(y) && y > high ? y : high;
        }
    for (size_t i = 0; i < courses[0].n; i++)
        at_foot += courses[0].points[i].y < foot * high;
    return low >= 0 && high > far * least && 2 * at_foot > courses[0].n;
}

static void put_charts(const ad_courses *f)
{
    ad_put(f->sink, "<div class=\"charts\">\n");
    ad_chart loss = chart_of(f, "Loss", f->loss, f->loss[1].n ? 2 : 1);
    ad_chart rms = chart_of(f, "Gradient rms of each parameter", f->rms, f->n);
    ad_chart update = chart_of(f, "Update / value of each parameter", f->update, f->n);
    const ad_chart accuracy = chart_of(f, "Accuracy", &f->accuracy, 1);
    loss.is_log = needs_log(loss.courses, loss.n);
    rms.is_log = update.is_log = true;
    update.from = AD_UPDATE_SLOW;
    update.to = AD_UPDATE_FAST;
    ad_put_chart(f->sink, &loss);
    ad_put_chart(f->sink, &accuracy);
    ad_put_chart(f->sink, &rms);
    ad_put_chart(f->sink, &update);
    ad_put(f->sink, "</div>\n");
}

static void put_view(const ad_courses *f)
{
    const bool has_rows = f->training->n_rows > 0, has_flows = f->training->n_flows > 0;
    ad_put(f->sink, "<section class=\"view\" id=\"v-training\" role=\"tabpanel\" aria-labelledby=\"t-training\">\n"
                    "<h2>Training</h2>\n");
    if (has_rows) {
        put_way(f);
        put_not_finite(f, "The training loss", &f->loss[0], true);
        put_not_finite(f, "The validation loss", &f->loss[1], true);
    }
    if (has_flows) {
        put_all_not_finite(f, "The gradient of ", "are the gradients", f->rms);
        put_all_not_finite(f, "The update of ", "are the updates", f->update);
        put_trend(f);
    }
    if (has_rows)
        put_summary(f);
    put_charts(f);
    if (has_rows)
        put_all_rows(f);
    if (has_flows)
        put_parameters(f);
    ad_put(f->sink, "</section>\n");
}

void ad_put_training(ad_page *page)
{
    const ad_training *t = page->options->training;
    if (!t || !ad_check_training(page->sink, t) || (t->n_rows == 0 && t->n_flows == 0))
        return;
    ad_courses f = {.sink = page->sink, .tape = page->t, .training = t};
    if (ad_find_courses(&f))
        put_view(&f);
    else
        ad_sink_fail(page->sink, AD_NO_MEMORY, "write_html: out of memory");
    ad_free_courses(&f);
}
