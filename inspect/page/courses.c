/* The figures of a training as courses: what the caller gave is checked, and sorted by what it is of. */
#include "courses.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- What the caller gave ---------------------------------------------------------------------------------------- */

static bool check_count(ad_sink *sink, const char *what, const void *array, size_t n)
{
    if (n > AD_MOST_TRAINING)
        ad_sink_fail(sink, AD_BAD_VALUE, "write_html: the training has %zu %s, and a page takes %d", n, what,
                     AD_MOST_TRAINING);
    else if (n > 0 && !array)
        ad_sink_fail(sink, AD_BAD_VALUE, "write_html: the training has %zu %s, but their array is NULL", n, what);
    return ad_sink_is_good(sink);
}

/* Number i is at `step`, after one at `before`, which may be the same step only where `is_repeated` says so. */
static void check_step(ad_sink *sink, const char *what, size_t i, int64_t step, int64_t before, bool is_repeated)
{
    if (step < 0)
        ad_sink_fail(sink, AD_BAD_VALUE, "write_html: %s %zu of the training is at step %" PRId64 ", which is below 0",
                     what, i, step);
    else if (step < before || (step == before && !is_repeated))
        ad_sink_fail(sink, AD_BAD_VALUE,
                     "write_html: %s %zu of the training is at step %" PRId64 ", after one at step %" PRId64
                     ": sort them by their steps",
                     what, i, step, before);
}

bool ad_check_training(ad_sink *sink, const ad_training *t)
{
    if (!check_count(sink, "rows", t->rows, t->n_rows) || !check_count(sink, "flows", t->flows, t->n_flows))
        return false;
    for (size_t i = 0; i < t->n_rows && ad_sink_is_good(sink); i++)
        check_step(sink, "row", i, t->rows[i].step, i ? t->rows[i - 1].step : -1, false);
    for (size_t i = 0; i < t->n_flows && ad_sink_is_good(sink); i++) {
        check_step(sink, "flow", i, t->flows[i].step, i ? t->flows[i - 1].step : -1, true);
        if (!t->flows[i].name)
            ad_sink_fail(sink, AD_BAD_VALUE,
                         "write_html: flow %zu of the training has no name: give that of its parameter", i);
    }
    const ad_training_row *best = t->best;
    if (best && (!best->validated || (isnan(best->validation_loss) && isnan(best->validation_accuracy))))
        ad_sink_fail(sink, AD_BAD_VALUE,
                     "write_html: the best row of the training was not validated: set .validated and a figure of it");
    else if (best && best->step < 0)
        ad_sink_fail(sink, AD_BAD_VALUE,
                     "write_html: the best row of the training is at step %" PRId64 ", which is below 0", best->step);
    return ad_sink_is_good(sink);
}

/* ---- Courses ----------------------------------------------------------------------------------------------------- */

static void add_point(ad_course *course, int64_t step, double y)
{
    course->points[course->n++] = (ad_course_point){step, y};
}

/* Gives a course room for n points. */
static ad_course begin_course(ad_courses *f, const char *name, const char *what, size_t n)
{
    const ad_course course = {.name = name, .what = what, .points = f->points + f->n_points};
    f->n_points += n;
    return course;
}

static bool is_any_finite(const ad_course *course) { return ad_last_finite(course) != NULL; }

static void find_rows(ad_courses *f)
{
    const ad_training *t = f->training;
    f->loss[0] = begin_course(f, "training", "training-loss", t->n_rows);
    f->loss[1] = begin_course(f, "validation", "training-validation-loss", t->n_rows);
    f->accuracy = begin_course(f, "validation", "training-accuracy", t->n_rows);
    for (size_t i = 0; i < t->n_rows; i++) {
        const ad_training_row *r = &t->rows[i];
        add_point(&f->loss[0], r->step, r->loss);
        if (r->validated)
            add_point(&f->loss[1], r->step, r->validation_loss);
        if (r->validated && !isnan(r->validation_accuracy))
            add_point(&f->accuracy, r->step, r->validation_accuracy);
    }
    if (!is_any_finite(&f->loss[1])) /* it is not known */
        f->loss[1].n = 0;
}

/* FNV-1a. */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
    return hash;
}

/* The number of the parameter; f->n if there is none of the name. */
static size_t find_parameter(const ad_courses *f, const char *name, uint64_t hash)
{
    size_t k = 0;
    while (k < f->n && (f->hashes[k] != hash || strcmp(f->rms[k].name, name) != 0))
        k++;
    return k;
}

/* Lists the parameters, and counts their points. */
static void find_parameters(ad_courses *f)
{
    for (size_t i = 0; i < f->training->n_flows; i++) {
        const char *name = f->training->flows[i].name;
        const uint64_t hash = hash_of(name);
        const size_t k = find_parameter(f, name, hash);
        if (k == AD_MOST_COURSES) {
            f->more++;
            continue;
        }
        if (k == f->n) {
            f->hashes[f->n] = hash;
            f->rms[f->n++] = (ad_course){.name = name};
        }
        f->rms[k].n++;
    }
}

static void find_flows(ad_courses *f)
{
    for (size_t k = 0; k < f->n; k++) {
        const size_t n = f->rms[k].n;
        const char *name = f->rms[k].name;
        f->rms[k] = begin_course(f, name, "training-gradient-rms", n);
        f->update[k] = begin_course(f, name, "training-update-ratio", n);
        f->rms[k].is_parameter = f->update[k].is_parameter = true;
    }
    for (size_t i = 0; i < f->training->n_flows; i++) {
        const ad_training_flow *flow = &f->training->flows[i];
        const size_t k = find_parameter(f, flow->name, hash_of(flow->name));
        if (k == f->n)
            continue;
        add_point(&f->rms[k], flow->step, flow->gradient_rms);
        if (!isnan(flow->update_ratio))
            add_point(&f->update[k], flow->step, flow->update_ratio);
    }
}

/* Of many courses the first and the last have a name, and those that end lowest and highest. */
static void choose_names(ad_course *courses, size_t n)
{
    size_t low = 0, high = 0;
    for (size_t k = 0; k < n; k++) {
        const ad_course_point *own = ad_last_finite(&courses[k]);
        const ad_course_point *least = ad_last_finite(&courses[low]), *most = ad_last_finite(&courses[high]);
        low = own && (!least || own->y < least->y) ? k : low;
        high = own && (!most || own->y > most->y) ? k : high;
    }
    for (size_t k = 0; k < n; k++)
        courses[k].is_thin = n > AD_MOST_LABELS && k > 0 && k < n - 1 && k != low && k != high;
}

static void find_steps(ad_courses *f)
{
    const ad_training *t = f->training;
    f->first = t->n_rows ? t->rows[0].step : t->flows[0].step;
    f->last = t->n_rows ? t->rows[t->n_rows - 1].step : 0;
    if (t->n_flows) {
        const int64_t first = t->flows[0].step, last = t->flows[t->n_flows - 1].step;
        f->first = first < f->first ? first : f->first;
        f->last = last > f->last ? last : f->last;
    }
}

bool ad_find_courses(ad_courses *f)
{
    const ad_allocator allocator = ad_allocator_of(f->tape);
    f->memory = ad_memory_over(&allocator);
    f->room = 3 * f->training->n_rows + 2 * f->training->n_flows;
    f->points = ad_memory_take(&f->memory, f->room, sizeof *f->points);
    f->rms = ad_memory_take(&f->memory, AD_MOST_COURSES, sizeof *f->rms);
    f->update = ad_memory_take(&f->memory, AD_MOST_COURSES, sizeof *f->update);
    f->hashes = ad_memory_take(&f->memory, AD_MOST_COURSES, sizeof *f->hashes);
    if (!f->points || !f->rms || !f->update || !f->hashes)
        return false;
    find_rows(f);
    find_parameters(f);
    find_flows(f);
    choose_names(f->rms, f->n);
    choose_names(f->update, f->n);
    find_steps(f);
    return true;
}

void ad_free_courses(ad_courses *f)
{
    ad_memory_release(&f->memory, f->points, f->room, sizeof *f->points);
    ad_memory_release(&f->memory, f->rms, AD_MOST_COURSES, sizeof *f->rms);
    ad_memory_release(&f->memory, f->update, AD_MOST_COURSES, sizeof *f->update);
    ad_memory_release(&f->memory, f->hashes, AD_MOST_COURSES, sizeof *f->hashes);
}
