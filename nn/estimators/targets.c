/* Targets that are scaled: mean and deviation, learnt from data or from a file. */
#include "targets.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../data/feed.h"
#include "../data/view.h"
#include "../total.h"
#include "batch.h"

/* ---- Room -------------------------------------------------------------------------------------------------------- */

enum { TARGET_BYTES = 2 * sizeof(double) };

static bool make_fresh(nn_targets *fresh, int64_t k, ad_memory *memory)
{
    *fresh = (nn_targets){.k = k, .mean = ad_memory_take(memory, (size_t)k, TARGET_BYTES)};
    fresh->deviation = fresh->mean ? fresh->mean + k : NULL;
    return fresh->mean;
}

void nn_targets_release(nn_targets *t, ad_memory *memory)
{
    ad_memory_release(memory, t->mean, (size_t)t->k, TARGET_BYTES);
    *t = (nn_targets){.k = 0};
}

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

/* Sums over rows, by their weights, of y - centre and of its square. */
typedef struct sums {
    nn_total weight;
    nn_total *away, *square; /* [k] each, in one block that begins with away */
} sums;

static double weight_of(const nn_data *data, int64_t row) { return data->weights ? data->weights[row] : 1; }

/* The first row that counts is the centre of the first pass: so a constant target has no sums at all. */
static void find_centre(nn_targets *t, const nn_data *data)
{
    for (nn_parts p = nn_parts_of(data); nn_next_part(&p);)
        for (int64_t i = 0; i < p.part.rows; i++) {
            const int64_t row = nn_row_of(&p.part, i);
            if (weight_of(&p.part, row) == 0)
                continue;
            for (int64_t j = 0; j < t->k; j++)
                t->mean[j] = nn_target_at(&p.part, row * t->k + j);
            return;
        }
}

static void add_row(sums *s, const nn_targets *t, const nn_data *data, int64_t row)
{
    const double weight = weight_of(data, row);
    nn_add(&s->weight, weight);
    for (int64_t j = 0; j < t->k; j++) {
        const double away = nn_target_at(data, row * t->k + j) - t->mean[j];
        nn_add(&s->away[j], weight * away);
        nn_add(&s->square[j], weight * away * away);
    }
}

static void add_up(sums *s, const nn_targets *t, const nn_data *data)
{
    s->weight = (nn_total){0};
    memset(s->away, 0, 2 * (size_t)t->k * sizeof *s->away);
    for (nn_parts p = nn_parts_of(data); nn_next_part(&p);)
        for (int64_t i = 0; i < p.part.rows; i++)
            add_row(s, t, &p.part, nn_row_of(&p.part, i));
}

/* A first pass finds the means, a second one the squares around them. */
static void learn_into(nn_targets *t, sums *s, const nn_data *data)
{
    find_centre(t, data);
    add_up(s, t, data);
    const double weight = nn_total_of(&s->weight);
    for (int64_t j = 0; j < t->k; j++)
        t->mean[j] += nn_total_of(&s->away[j]) / weight;
    add_up(s, t, data);
    for (int64_t j = 0; j < t->k; j++) {
        const double wrong_by = nn_total_of(&s->away[j]) / weight;
        const double variance = nn_total_of(&s->square[j]) / weight - wrong_by * wrong_by;
        t->deviation[j] = variance > 0 ? sqrt(variance) : 1;
    }
}

ad_status nn_targets_learn(nn_targets *targets, const nn_data *data, int64_t k, ad_memory *memory)
{
    enum { SUM_BYTES = 2 * sizeof(nn_total) };
    nn_targets fresh;
    sums s = {.away = ad_memory_take(memory, (size_t)k, SUM_BYTES)};
    if (!s.away)
        return AD_NO_MEMORY;
    s.square = s.away + k;
    const bool has_room = make_fresh(&fresh, k, memory);
    if (has_room)
        learn_into(&fresh, &s, data);
    ad_memory_release(memory, s.away, (size_t)k, SUM_BYTES);
    if (!has_room)
        return AD_NO_MEMORY;
    nn_targets_release(targets, memory);
    *targets = fresh;
    return AD_OK;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

ad_status nn_targets_restore(nn_targets *targets, int64_t k, const double *mean, const double *deviation,
                             ad_memory *memory)
{
    nn_targets fresh;
    for (int64_t j = 0; j < k; j++)
        if (!isfinite(mean[j]) || !isfinite(deviation[j]) || deviation[j] <= 0)
            return AD_BAD_VALUE;
    if (!make_fresh(&fresh, k, memory))
        return AD_NO_MEMORY;
    memcpy(fresh.mean, mean, (size_t)k * sizeof *mean);
    memcpy(fresh.deviation, deviation, (size_t)k * sizeof *deviation);
    nn_targets_release(targets, memory);
    *targets = fresh;
    return AD_OK;
}

/* ---- Predictions ------------------------------------------------------------------------------------------------- */

void nn_targets_back(const nn_targets *t, ad_tensor z, const nn_data *data, int64_t first, int64_t n,
                     nn_element element, void *to)
{
    const float *x = ad_f32(z);
    for (int64_t i = 0; x && i < n * t->k; i++) {
        const int64_t j = i % t->k;
        const float y = (float)(t->mean[j] + t->deviation[j] * (double)x[i]);
        if (!isfinite(y)) {
            ad_fail(z.tape, AD_NOT_FINITE,
                    "row %" PRId64 ": the prediction is too large for f32 in the units of the data",
                    nn_row_of(data, first + i / t->k));
            return;
        }
        if (element == NN_F64)
            ((double *)to)[i] = (double)y;
        else
            ((float *)to)[i] = y;
    }
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

const char *nn_target_scaling_name(int scaling)
{
    static const char *const names[NN_TARGET_SCALING_COUNT] = {"none", "standard"};
    return (unsigned)scaling < NN_TARGET_SCALING_COUNT ? names[scaling] : NULL;
}
