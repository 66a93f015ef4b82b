/* Small classifiers and the data that they learn. */
#include "classifiers.h"

#include <string.h>

#include "check.h"

/* ---- Data -------------------------------------------------------------------------------------------------------- */

double cloud_noise(uint64_t stream, int64_t i) { return 2 * ad_random_uniform(77, stream, (uint64_t)i) - 1; }

void fill_clouds(table *t, int64_t rows, uint64_t stream)
{
    t->data = (nn_data){.features = t->x, .rows = rows, .columns = COLUMNS, .labels = t->labels};
    for (int64_t i = 0; i < rows; i++) {
        t->labels[i] = (int32_t)(ad_random_bits(78, stream, (uint64_t)i) % CLASSES);
        for (int64_t j = 0; j < COLUMNS; j++)
            t->x[i * COLUMNS + j] =
                (float)((j % CLASSES == t->labels[i] ? 1 : -1) + 0.8 * cloud_noise(stream, i * COLUMNS + j));
    }
}

void fill_exclusive_or(table *t, int64_t rows)
{
    t->data = (nn_data){.features = t->x, .rows = rows, .columns = 2, .labels = t->labels};
    for (int64_t i = 0; i < rows; i++) {
        const bool a = i % 2, b = i / 2 % 2;
        t->labels[i] = a != b;
        t->x[2 * i] = (float)((a ? 1 : -1) + 0.3 * cloud_noise(1, 2 * i));
        t->x[2 * i + 1] = (float)((b ? 1 : -1) + 0.3 * cloud_noise(1, 2 * i + 1));
    }
}

/* ---- Classifiers ------------------------------------------------------------------------------------------------- */

counting memory;
table train, test;
state wanted, other_state;

void open_clouds(void)
{
    counting_open(&memory);
    fill_clouds(&train, 47, 1);
    fill_clouds(&test, 700, 2);
}

void close_clouds(void) { counting_check_released(&memory); }

nn_classifier *open_with(nn_classifier_options options)
{
    options.allocator = &memory.allocator;
    nn_classifier *c = nn_classifier_open(&options);
    ck_assert_ptr_nonnull(c);
    return c;
}

const nn_classifier_options small_net = {.hidden_units = {5}, .n_classes = CLASSES, .seed = 42};

nn_classifier *open_small(void) { return open_with(small_net); }

void fit(nn_classifier *c, const table *t, int64_t batch_size, int64_t steps)
{
    ad_status status = nn_classifier_fit(c, &t->data, &(nn_fit_options){.batch_size = batch_size, .steps = steps});
    ck_assert_msg(status == AD_OK, "fit: %s: %s", ad_status_name(status), nn_classifier_message(c));
}

void take_state_on(nn_classifier *c, const nn_data *data, state *s)
{
    memset(s, 0, sizeof *s);
    ad_tape *tape = nn_classifier_parameter(c, 0).tape;
    for (size_t i = 0; i < ad_kept_count(tape); i++) {
        ad_tensor x = ad_kept_at(tape, i);
        const size_t floats = ad_size_of(x) * (ad_type_of(x) == AD_F64 ? 2 : 1); /* bits, whatever they mean */
        ck_assert_uint_le(s->n + floats, COUNT(s->kept));
        memcpy(s->kept + s->n, ad_data(x), floats * sizeof(float));
        s->n += floats;
    }
    s->step = nn_classifier_evaluate(c, data).global_step;
    ck_assert_int_eq(nn_classifier_logits(c, data, s->logits), AD_OK);
}

void take_state(nn_classifier *c, state *s) { take_state_on(c, &train.data, s); }

bool same_state(const state *a, const state *b)
{
    return a->step == b->step && a->n == b->n && !memcmp(a->kept, b->kept, sizeof a->kept) &&
           !memcmp(a->logits, b->logits, sizeof a->logits);
}

void close_as(nn_classifier *c, const state *as, const char *what)
{
    static state got;
    take_state(c, &got);
    nn_classifier_close(c);
    ck_assert_msg(got.step == as->step, "%s: step %lld instead of %lld", what, (long long)got.step,
                  (long long)as->step);
    ck_assert_msg(same_state(&got, as), "%s: weights, slots or logits differ", what);
}

static double late(const nn_schedule_options *o, double s)
{
    (void)o;
    return s < 120 ? 1e-27 : 1;
}

static const nn_schedule suddenly = {.name = "suddenly", .factor = late};

nn_classifier *open_sudden(void)
{
    nn_classifier_options o = small_net;
    o.optimiser = (nn_optimiser_options){.rule = &nn_gradient_descent, .rate = 1e25, .schedule = {.rule = &suddenly}};
    return open_with(o);
}

void expect_same_parts(nn_classifier *c, nn_classifier *as)
{
    for (size_t i = 0; i < nn_classifier_parameter_count(c); i++) {
        const ad_tensor x = nn_classifier_parameter(c, i), y = nn_classifier_parameter(as, i);
        ck_assert_mem_eq(ad_data(x), ad_data(y), ad_size_of(x) * ad_type_bytes(ad_type_of(x)));
    }
}

void state_after(state *s, const table *t, int64_t batch_size, int64_t steps)
{
    nn_classifier *c = open_small();
    fit(c, t, batch_size, steps);
    take_state(c, s);
    nn_classifier_close(c);
}

/* ---- Diaries ----------------------------------------------------------------------------------------------------- */

bool keep_diary(const nn_progress *progress, void *context)
{
    diary *d = context;
    ck_assert_int_lt(d->n, COUNT(d->seen));
    d->seen[d->n++] = *progress;
    return progress->step != d->stop_at;
}

ad_status fit_with_diary(nn_classifier *c, const table *t, int64_t batch_size, int64_t steps, diary *d)
{
    d->n = 0;
    nn_fit_options o = {.batch_size = batch_size, .steps = steps, .callback = keep_diary, .context = d};
    return nn_classifier_fit(c, &t->data, &o);
}
