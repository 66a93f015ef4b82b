/* Every head in its estimator: training, predictions and evaluation against plain loops in f64. */
#include <math.h>
#include <string.h>

#include "../support/check.h"
#include "../support/models.h"

enum { ROWS = 40, UNITS = 5, MAX_K = MODEL_MOST_K, STEPS = 20, TEST_ROWS = MODEL_ROWS };

/* ---- What is learnt ---------------------------------------------------------------------------------------------- */

/* One configuration: a head with its options, and how rows count. */
typedef struct setup {
    const nn_head *head;
    int64_t k;
    nn_head_options options;
    const nn_optimiser *optimiser; /* NULL: adagrad */
    bool has_weights, has_class_weights;
} setup;

static const setup setups[] = {
    {.head = &nn_head_softmax, .k = 3},
    {.head = &nn_head_softmax, .k = 3, .options = {.label_smoothing = 0.2}, .optimiser = &nn_gradient_descent},
    {.head = &nn_head_softmax, .k = 2, .has_weights = true},
    {.head = &nn_head_softmax, .k = 3, .options = {.label_smoothing = 0.1}, .has_class_weights = true},
    {.head = &nn_head_softmax, .k = 3, .has_weights = true, .has_class_weights = true},
    {.head = &nn_head_one_logit, .k = 2},
    {.head = &nn_head_one_logit, .k = 2, .options = {.label_smoothing = 0.3}, .optimiser = &nn_gradient_descent},
    {.head = &nn_head_one_logit, .k = 2, .has_weights = true, .has_class_weights = true},
    {.head = &nn_head_independent, .k = 2},
    {.head = &nn_head_independent, .k = 2, .options = {.label_smoothing = 0.1}, .has_weights = true},
    {.head = &nn_head_independent, .k = 1, .optimiser = &nn_gradient_descent},
    {.head = &nn_head_squared, .k = 1, .optimiser = &nn_gradient_descent},
    {.head = &nn_head_squared, .k = 3, .has_weights = true},
    {.head = &nn_head_absolute, .k = 1},
    {.head = &nn_head_absolute, .k = 3, .optimiser = &nn_gradient_descent},
    {.head = &nn_head_huber, .k = 1, .options = {.delta = 0.5}},
    {.head = &nn_head_huber, .k = 3, .has_weights = true, .optimiser = &nn_gradient_descent},
};

static const double class_weights[MAX_K] = {1, 0.25, 3};

static rows_of learnt, asked;

static void fill(rows_of *r, const setup *s, int64_t rows, uint64_t stream)
{
    fill_rows(r, s->head, s->k, rows, stream);
    r->data.weights = s->has_weights ? r->weights : NULL;
}

static model open_setup(const setup *s, double rate)
{
    const nn_optimiser_options optimiser = {.rule = rate < 1e-9 ? &nn_gradient_descent : s->optimiser, .rate = rate};
    if (!s->has_class_weights)
        return open_model(s->head, s->k,
                          (nn_regressor_options){.hidden_units = {UNITS},
                                                 .head_options = s->options,
                                                 .activation = AD_TANH,
                                                 .optimiser = optimiser,
                                                 .seed = 9});
    return open_classifier((nn_classifier_options){.hidden_units = {UNITS},
                                                   .n_classes = s->k,
                                                   .head = s->head,
                                                   .head_options = s->options,
                                                   .activation = AD_TANH,
                                                   .optimiser = optimiser,
                                                   .class_weights = {class_weights, (size_t)s->k},
                                                   .seed = 9});
}

static bool note(const nn_progress *progress, void *context)
{
    diary *d = context;
    d->seen[d->n++] = *progress;
    return true;
}

static void fit_noting(model m, const nn_data *data, int64_t steps, diary *d)
{
    const nn_fit_options o = {.batch_size = data->rows, .steps = steps, .callback = note, .context = d};
    d->n = 0;
    ck_assert_msg(model_fit(m, data, &o) == AD_OK, "%s", model_message(m));
}

/* ---- A network in plain loops ------------------------------------------------------------------------------------ */

/* w1 [COLUMNS,UNITS], b1 [UNITS], w2 [UNITS,o], b2 [o], one after the other. */
enum { MOST_NUMBERS = COLUMNS * UNITS + UNITS + UNITS * MAX_K + MAX_K };
typedef struct plain_network {
    const setup *s;
    int64_t o, n;
    double p[MOST_NUMBERS], dp[MOST_NUMBERS], sum[MOST_NUMBERS];
} plain_network;

/* The first weights: those of a fit whose rate changes nothing. */
static void take_first_weights(plain_network *net, const setup *s)
{
    diary d;
    model m = open_setup(s, 1e-30);
    fit_noting(m, &learnt.data, 1, &d);
    *net = (plain_network){.s = s, .o = s->head == &nn_head_one_logit ? 1 : s->k};
    for (size_t i = 0; i < 4; i++) {
        const ad_tensor x = model_parameter(m, i);
        for (size_t j = 0; j < ad_size_of(x); j++)
            net->p[net->n++] = (double)ad_f32(x)[j];
    }
    close_model(m);
    ck_assert_int_eq(net->n, COLUMNS * UNITS + UNITS + UNITS * net->o + net->o);
    for (int64_t i = 0; i < net->n; i++)
        net->sum[i] = 0.1; /* Adagrad's accumulator */
}

static void plain_forward(const plain_network *net, const float *x, double h[UNITS], double z[MAX_K])
{
    const double *w1 = net->p, *b1 = w1 + COLUMNS * UNITS, *w2 = b1 + UNITS, *b2 = w2 + UNITS * net->o;
    for (int64_t u = 0; u < UNITS; u++) {
        h[u] = b1[u];
        for (int64_t j = 0; j < COLUMNS; j++)
            h[u] += (double)x[j] * w1[j * UNITS + u];
        h[u] = tanh(h[u]);
    }
    for (int64_t c = 0; c < net->o; c++) {
        z[c] = b2[c];
        for (int64_t u = 0; u < UNITS; u++)
            z[c] += h[u] * w2[u * net->o + c];
    }
}

static double logistic(double z) { return 1 / (1 + exp(-z)); }
static double plain_softplus(double z) { return fmax(z, 0) + log1p(exp(-fabs(z))); }

/* The loss of one logit whose target is t: softplus(z) - t z. */
static double logistic_loss(double z, int32_t y, double smoothing, double *dz)
{
    const double target = (1 - smoothing) * y + smoothing / 2;
    *dz = logistic(z) - target;
    return plain_softplus(z) - target * z;
}

static double softmax_loss(const double *z, int64_t k, int32_t y, double smoothing, double *dz)
{
    double total = 0, loss = 0;
    for (int64_t c = 0; c < k; c++)
        total += exp(z[c]);
    for (int64_t c = 0; c < k; c++) {
        const double target = (1 - smoothing) * (c == y) + smoothing / (double)k;
        dz[c] = exp(z[c]) / total - target;
        loss -= target * (z[c] - log(total));
    }
    return loss;
}

/* The loss of one target, by e = z - y. */
static double error_loss(const setup *s, double e, double *dz)
{
    const double delta = s->options.delta > 0 ? s->options.delta : 1, size = fabs(e), sign = e > 0 ? 1 : -1;
    if (s->head == &nn_head_squared) {
        *dz = 2 * e;
        return e * e;
    }
    *dz = s->head == &nn_head_absolute ? sign : size <= delta ? e : delta * sign;
    if (s->head == &nn_head_absolute)
        return size;
    return size <= delta ? e * e / 2 : delta * (size - delta / 2);
}

/* The loss of row i and its gradient by the logits. */
static double plain_loss(const setup *s, const rows_of *r, int64_t i, const double *z, double smoothing, double *dz)
{
    double loss = 0;
    if (s->head == &nn_head_softmax)
        return softmax_loss(z, s->k, r->labels[i], smoothing, dz);
    if (s->head == &nn_head_one_logit)
        return logistic_loss(z[0], r->labels[i], smoothing, dz);
    for (int64_t j = 0; j < s->k; j++) {
        loss += s->head == &nn_head_independent ? logistic_loss(z[j], r->labels[i * s->k + j], smoothing, &dz[j])
                                                : error_loss(s, z[j] - (double)(float)r->targets[i * s->k + j], &dz[j]);
        dz[j] /= (double)s->k;
    }
    return loss / (double)s->k;
}

static double weight_of_row(const setup *s, const rows_of *r, int64_t i)
{
    return (s->has_weights ? r->weights[i] : 1) * (s->has_class_weights ? class_weights[r->labels[i]] : 1);
}

static void plain_backward(plain_network *net, const float *x, const double h[UNITS], const double *dz, double share)
{
    const double *w2 = net->p + COLUMNS * UNITS + UNITS;
    double *dw1 = net->dp, *db1 = dw1 + COLUMNS * UNITS, *dw2 = db1 + UNITS, *db2 = dw2 + UNITS * net->o;
    for (int64_t c = 0; c < net->o; c++)
        db2[c] += share * dz[c];
    for (int64_t u = 0; u < UNITS; u++) {
        double dh = 0;
        for (int64_t c = 0; c < net->o; c++) {
            dw2[u * net->o + c] += share * h[u] * dz[c];
            dh += w2[u * net->o + c] * dz[c];
        }
        dh *= share * (1 - h[u] * h[u]);
        db1[u] += dh;
        for (int64_t j = 0; j < COLUMNS; j++)
            dw1[j * UNITS + u] += (double)x[j] * dh;
    }
}

/* One step on all rows. Returns the mean loss. */
static double plain_step(plain_network *net, double rate)
{
    double h[UNITS], z[MAX_K], dz[MAX_K], loss = 0, weights = 0;
    memset(net->dp, 0, sizeof net->dp);
    for (int64_t i = 0; i < ROWS; i++)
        weights += weight_of_row(net->s, &learnt, i);
    for (int64_t i = 0; i < ROWS; i++) {
        const float *x = learnt.x + i * COLUMNS;
        const double share = weight_of_row(net->s, &learnt, i) / weights;
        plain_forward(net, x, h, z);
        loss += share * plain_loss(net->s, &learnt, i, z, net->s->options.label_smoothing, dz);
        plain_backward(net, x, h, dz, share);
    }
    for (int64_t i = 0; i < net->n; i++) {
        const double g = net->dp[i];
        net->sum[i] += g * g;
        net->p[i] -= !net->s->optimiser ? rate * g / sqrt(net->sum[i]) : rate * g;
    }
    return loss;
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

/* Trains both for so many steps; the losses of the steps must agree. */
static model train_both(const setup *s, plain_network *net)
{
    static diary d;
    const double rate = 0.05;
    fill(&learnt, s, ROWS, 21);
    fill(&asked, s, TEST_ROWS, 22);
    take_first_weights(net, s);
    model m = open_setup(s, rate);
    fit_noting(m, &learnt.data, STEPS, &d);
    for (int i = 0; i < STEPS; i++) {
        const double loss = plain_step(net, rate);
        ck_assert_msg(fabs(d.seen[i].loss - loss) <= 1e-5 * (1 + loss),
                      "%s: step %d has the loss %.9g, plain loops %.9g", s->head->name, i + 1, d.seen[i].loss, loss);
    }
    ck_assert_msg(d.seen[STEPS - 1].loss < d.seen[0].loss, "%s: it does not learn", s->head->name);
    return m;
}

static void expect_number(const char *what, double got, double right)
{
    ck_assert_msg(fabs(got - right) <= 2e-5 * (1 + fabs(right)), "%s: %.9g instead of %.9g", what, got, right);
}

START_TEST(heads_train_as_plain_loops_do)
{
    plain_network net;
    model m = train_both(&setups[_i], &net);
    int64_t at = 0;
    for (size_t i = 0; i < 4; i++) {
        const ad_tensor x = model_parameter(m, i);
        for (size_t j = 0; j < ad_size_of(x); j++)
            expect_number(ad_name_of(x), (double)ad_f32(x)[j], net.p[at++]);
    }
    close_model(m);
}
END_TEST

/* ---- Using ------------------------------------------------------------------------------------------------------- */

static float logits_of[TEST_ROWS * MAX_K], predicted[TEST_ROWS * MAX_K];
static int32_t called[TEST_ROWS * MAX_K];

/* The probability of class or label j. */
static double plain_probability(const setup *s, const double *z, int64_t j)
{
    if (s->head == &nn_head_independent)
        return logistic(z[j]);
    if (s->head == &nn_head_one_logit)
        return logistic(j ? z[0] : -z[0]);
    double total = 0;
    for (int64_t c = 0; c < s->k; c++)
        total += exp(z[c]);
    return exp(z[j]) / total;
}

static void ask(model m)
{
    const nn_data plain = {.features = asked.x, .rows = TEST_ROWS, .columns = COLUMNS};
    ck_assert_msg(model_predict(m, &plain, predicted) == AD_OK, "%s", model_message(m));
    if (!m.c)
        return;
    ck_assert_msg(nn_classifier_logits(m.c, &plain, logits_of) == AD_OK, "%s", model_message(m));
    ck_assert_msg(nn_classifier_predict(m.c, &plain, called) == AD_OK, "%s", model_message(m));
}

/* What is called of row i, from its probabilities as they were given. */
static void expect_called(const setup *s, int64_t i)
{
    const float *p = predicted + i * s->k;
    int32_t best = 0;
    for (int32_t j = 0; j < s->k; j++) {
        best = p[j] > p[best] ? j : best;
        if (s->head->task == NN_LABELS)
            ck_assert_int_eq(called[i * s->k + j], p[j] >= 0.5F);
    }
    if (s->head->task == NN_CLASSES)
        ck_assert_int_eq(called[i], best);
}

START_TEST(predictions_are_those_of_plain_loops)
{
    const setup *s = &setups[_i];
    plain_network net;
    model m = train_both(s, &net);
    ask(m);
    for (int64_t i = 0; i < TEST_ROWS; i++) {
        double h[UNITS], z[MAX_K];
        plain_forward(&net, asked.x + i * COLUMNS, h, z);
        for (int64_t j = 0; j < net.o && m.c; j++)
            expect_number("a logit", (double)logits_of[i * net.o + j], z[j]);
        for (int64_t j = 0; j < s->k; j++)
            expect_number("a prediction", (double)predicted[i * s->k + j], m.c ? plain_probability(s, z, j) : z[j]);
        if (m.c)
            expect_called(s, i);
    }
    close_model(m);
}
END_TEST

/* Whether all that was called of row i is true. */
static bool is_right(const setup *s, int64_t i)
{
    const int64_t width = s->head->task == NN_CLASSES ? 1 : s->k;
    return !memcmp(called + i * width, asked.labels + i * width, (size_t)width * sizeof *called);
}

/* Without smoothing and class weights, each row by its own weight. */
START_TEST(evaluations_are_those_of_plain_loops)
{
    const setup *s = &setups[_i];
    plain_network net;
    model m = train_both(s, &net);
    ask(m);
    double loss = 0, right = 0, weights = 0;
    for (int64_t i = 0; i < TEST_ROWS; i++) {
        double h[UNITS], z[MAX_K], dz[MAX_K];
        const double weight = s->has_weights ? asked.weights[i] : 1;
        plain_forward(&net, asked.x + i * COLUMNS, h, z);
        loss += weight * plain_loss(s, &asked, i, z, 0, dz);
        right += m.c && is_right(s, i) ? weight : 0;
        weights += weight;
    }
    const nn_evaluation e = m.c ? nn_classifier_evaluate(m.c, &asked.data) : nn_regressor_evaluate(m.r, &asked.data);
    ck_assert_msg(e.status == AD_OK, "%s", model_message(m));
    expect_number("the loss", e.loss, loss / weights);
    ck_assert_int_eq(e.global_step, STEPS);
    if (m.c)
        ck_assert_double_eq_tol(e.accuracy, right / weights, 1e-12);
    else
        ck_assert(isnan(e.accuracy));
    close_model(m);
}
END_TEST

/* ---- Element types of targets ------------------------------------------------------------------------------------ */

#define FILL_TARGETS(name, text, type)                                                                                 \
    static type targets_##text[ROWS * 2];                                                                              \
    static const void *fill_##text(void)                                                                               \
    {                                                                                                                  \
        for (int i = 0; i < ROWS * 2; i++)                                                                             \
            targets_##text[i] = (type)(i * 7 % 23);                                                                    \
        return targets_##text;                                                                                         \
    }
NN_ELEMENT_LIST(FILL_TARGETS)

static const struct {
    nn_element element;
    const void *(*fill)(void);
} targets_of[] = {
#define TARGETS_ROW(name, text, type) {name, fill_##text},
    NN_ELEMENT_LIST(TARGETS_ROW)};

START_TEST(targets_of_every_element_type_train_alike)
{
    uint64_t first = 0;
    fill(&learnt, &setups[0], ROWS, 23);
    for (int i = 0; i < COUNT(targets_of); i++) {
        const model m = open_model(&nn_head_squared, 2, (nn_regressor_options){.hidden_units = {4}, .seed = 3});
        nn_data data = {.features = learnt.x, .rows = ROWS, .columns = COLUMNS, .n_targets = 2};
        data.target_element = targets_of[i].element;
        data.targets = targets_of[i].fill();
        fit_well(m, &data, 7, 12);
        const nn_evaluation e = model_evaluate(m, &data);
        ck_assert_int_eq(e.status, AD_OK);
        ck_assert_double_eq_tol(nn_evaluation_named(&e, "mse").value, e.loss, 1e-6 * e.loss);
        first = i ? first : model_hash(m);
        ck_assert_msg(model_hash(m) == first, "%s targets train to other bits", nn_element_name(targets_of[i].element));
        close_model(m);
    }
}
END_TEST

/* A target left out of the number of targets is one. */
START_TEST(one_target_is_the_default)
{
    nn_regressor *r = nn_regressor_open(&(nn_regressor_options){.allocator = &memory.allocator});
    ck_assert_ptr_nonnull(strstr(nn_regressor_settings(r), "n_targets=1 head=squared"));
    fill(&learnt, &setups[11], ROWS, 24);
    learnt.data.n_targets = 0;
    ck_assert_int_eq(nn_regressor_fit(r, &learnt.data, NULL), AD_OK);
    ck_assert_int_eq(nn_regressor_predict(r, &learnt.data, predicted), AD_OK);
    ck_assert_uint_eq(nn_regressor_parameter_count(r), 2);
    nn_regressor_close(r);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_loop_test(tests, heads_train_as_plain_loops_do, 0, COUNT(setups));
    tcase_add_loop_test(tests, predictions_are_those_of_plain_loops, 0, COUNT(setups));
    tcase_add_loop_test(tests, evaluations_are_those_of_plain_loops, 0, COUNT(setups));
    tcase_add_test(tests, targets_of_every_element_type_train_alike);
    tcase_add_test(tests, one_target_is_the_default);
}

int main(void) { return run_tests("estimator_heads", add_tests); }
