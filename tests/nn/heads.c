/* Heads: losses and predictions against PyTorch, differences and the definition, bad input, and the figures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/estimator.h>

#include "../support/json_reader.h"
#include "../support/one_tape.h"

static const nn_head *const all[] = {&nn_head_softmax, &nn_head_one_logit, &nn_head_independent,
                                     &nn_head_squared, &nn_head_absolute,  &nn_head_huber};

static int64_t outputs_of(const nn_head *head, int64_t k) { return head->outputs ? head->outputs(k) : k; }

static bool has(const nn_head *head, int64_t k) { return k >= head->least && (head->most == 0 || k <= head->most); }

/* Some k that the head can have. */
static int64_t some_k(const nn_head *head) { return has(head, 3) ? 3 : head->least; }

/* Whether an option of this name is among the head's. */
static bool has_field(const nn_head *head, const char *name)
{
    for (size_t i = 0; i < head->fields.n; i++)
        if (!strcmp(head->fields.at[i].name, name))
            return true;
    return false;
}

/* Labels of n rows, none of which are all alike. */
static ad_tensor some_labels(const nn_head *head, int64_t n, int64_t k)
{
    int32_t labels[64];
    const int64_t size = head->task == NN_LABELS ? n * k : n, classes = head->task == NN_LABELS ? 2 : k;
    ck_assert_int_le(size, COUNT(labels));
    for (int64_t i = 0; i < size; i++)
        labels[i] = (int32_t)((i * i + i / 3) % classes);
    return ad_input(t, AD_I32, head->task == NN_LABELS ? AD_SHAPE(n, k) : AD_SHAPE(n), labels);
}

static ad_tensor some_truth(const nn_head *head, ad_type type, int64_t n, int64_t k)
{
    return head->task == NN_REGRESSION ? ad_scale(some_input(t, type, AD_SHAPE(n, k), 7), 3) : some_labels(head, n, k);
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

START_TEST(the_table_has_all_heads)
{
    static const char *const names[] = {"softmax", "one_logit", "independent", "squared", "absolute", "huber"};
    static const nn_task tasks[] = {NN_CLASSES, NN_CLASSES, NN_LABELS, NN_REGRESSION, NN_REGRESSION, NN_REGRESSION};
    static const int64_t least[] = {2, 2, 1, 1, 1, 1}, most[] = {0, 2, 0, 0, 0, 0};
    ck_assert_uint_eq(nn_head_count(), COUNT(all));
    for (size_t i = 0; i < COUNT(all); i++) {
        ck_assert_ptr_eq(nn_head_at(i), all[i]);
        ck_assert_ptr_eq(nn_head_named(names[i]), all[i]);
        ck_assert_str_eq(all[i]->name, names[i]);
        ck_assert_int_eq(all[i]->task, tasks[i]);
        ck_assert_int_eq(all[i]->least, least[i]);
        ck_assert_int_eq(all[i]->most, most[i]);
        ck_assert(all[i]->loss_formula[0] && all[i]->prediction_formula[0]);
        ck_assert_int_eq(has_field(all[i], "label_smoothing"), tasks[i] != NN_REGRESSION);
        ck_assert_int_eq(has_field(all[i], "delta"), all[i] == &nn_head_huber);
    }
    ck_assert_ptr_null(nn_head_at(COUNT(all)));
    ck_assert_ptr_null(nn_head_at(SIZE_MAX));
    static const char *const unknown[] = {NULL, "", "Softmax", "softmax ", "squar"};
    for (size_t i = 0; i < COUNT(unknown); i++)
        ck_assert_ptr_null(nn_head_named(unknown[i]));
}
END_TEST

START_TEST(losses_and_predictions_have_their_shapes)
{
    const nn_head *head = all[_i];
    for (int type = AD_F32; type <= AD_F64; type++)
        for (int64_t k = head->least; k < 5 && has(head, k); k++)
            for (int64_t n = 0; n < 5; n += n + 1) {
                const ad_tensor z = some_input(t, (ad_type)type, AD_SHAPE(n, outputs_of(head, k)), 1);
                const ad_tensor loss = head->loss(z, some_truth(head, (ad_type)type, n, k), NULL), p = head->predict(z);
                expect_ok(t);
                expect_shape(loss, AD_SHAPE(n));
                expect_shape(p, AD_SHAPE(n, k));
                ck_assert_int_eq(ad_type_of(loss), (ad_type)type);
                ck_assert_int_eq(ad_type_of(p), (ad_type)type);
            }
    ck_assert_int_eq(outputs_of(head, some_k(head)), head == &nn_head_one_logit ? 1 : some_k(head));
}
END_TEST

/* ---- Against PyTorch --------------------------------------------------------------------------------------------- */

enum { MOST = 64 };

static json *read_golden(void)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/heads.json", getenv("GRADTAPE_GOLDEN_DIR"));
    return json_read_file(path);
}

/* The numbers of a member; how many there are must be n. */
static const double *numbers(const json *of, const char *key, size_t n, double room[MOST])
{
    const json *list = json_in(of, key);
    ck_assert_uint_eq((size_t)list->n, n);
    ck_assert_uint_le(n, MOST);
    size_t i = 0;
    for (const json *x = list->first; x; x = x->next)
        room[i++] = json_number(x);
    return room;
}

static ad_tensor input_in(const json *of, const char *key, ad_shape shape)
{
    double room[MOST];
    return ad_input(t, AD_F64, shape, numbers(of, key, elements_of(shape), room));
}

static ad_tensor variable_in(const json *of, const char *key, ad_shape shape)
{
    double room[MOST];
    return ad_variable(t, AD_F64, shape, numbers(of, key, elements_of(shape), room));
}

/* Compares with a member, relative to its largest number. */
static void expect_golden(const json *of, const char *key, ad_tensor got, double tolerance)
{
    double room[MOST], largest = 1e-300;
    const size_t n = ad_size_of(got);
    expect_ok(t);
    numbers(of, key, n, room);
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(room[i]));
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(number_at(got, i) - room[i]) <= tolerance * largest,
                      "%s, k = %g: element %zu of %s is %.17g, not %.17g", json_text(json_in(of, "head")),
                      json_number(json_in(of, "k")), i, key, number_at(got, i), room[i]);
}

/* The loss with both orders of its gradient, by z and by y if that is real. */
static void expect_loss(const json *of, const nn_head *head, ad_tensor z, ad_tensor y)
{
    const nn_head_options o = {.label_smoothing = json_number(json_in(of, "label_smoothing")),
                               .delta = json_number(json_in(of, "delta"))};
    const ad_tensor loss = head->loss(z, y, &o), x[] = {z, y};
    const int n_x = head->task == NN_REGRESSION ? 2 : 1;
    ad_tensor dx[2], d2x[2];
    expect_golden(of, "loss", loss, 1e-14);
    ad_grad(ad_sum(ad_mul(input_in(of, "v", ad_shape_of(loss)), loss)), x, n_x, dx);
    expect_golden(of, "dz", dx[0], 1e-13);
    ad_grad(ad_sum(ad_mul(input_in(of, "u", ad_shape_of(z)), dx[0])), x, n_x, d2x);
    expect_golden(of, "d2z", d2x[0], 1e-12);
    if (n_x == 2) {
        expect_golden(of, "dy", dx[1], 1e-13);
        expect_golden(of, "d2y", d2x[1], 1e-12);
    }
}

START_TEST(the_numbers_are_those_of_pytorch)
{
    const nn_head *head = all[_i];
    json *golden = read_golden();
    int checked = 0;
    for (const json *of = json_in(golden, "cases")->first; of; of = of->next) {
        if (strcmp(json_text(json_in(of, "head")), head->name) != 0)
            continue;
        const int64_t n = (int64_t)json_number(json_in(of, "n")), k = (int64_t)json_number(json_in(of, "k"));
        const ad_shape shape = head->task == NN_CLASSES ? AD_SHAPE(n) : AD_SHAPE(n, k);
        const ad_tensor z = variable_in(of, "z", AD_SHAPE(n, outputs_of(head, k)));
        ad_tensor y;
        if (head->task == NN_REGRESSION)
            y = variable_in(of, "y", shape);
        else
            y = ad_cast(input_in(of, "y", shape), AD_I32);
        expect_loss(of, head, z, y);
        ad_tensor dz, p = head->predict(z);
        expect_golden(of, "prediction", p, 1e-14);
        ad_grad(ad_sum(ad_mul(input_in(of, "w", ad_shape_of(p)), p)), &z, 1, &dz);
        expect_golden(of, "dprediction", dz, 1e-13);
        ad_reset(t);
        checked++;
    }
    json_free(golden);
    ck_assert_int_ge(checked, 3);
}
END_TEST

/* ---- Against differences ----------------------------------------------------------------------------------------- */

/* A function of the parameters q, below z, and r, below what is true. */
typedef struct problem {
    const nn_head *head;
    nn_head_options options;
    int64_t k;
    ad_tensor q, r;
    bool is_prediction, is_second;
} problem;

enum { ROWS = 4 };

static ad_tensor run_problem(ad_tape *tape, void *context)
{
    const problem *p = context;
    const nn_head *head = p->head;
    const ad_tensor z = ad_scale(ad_tanh(p->q), 3);
    ad_tensor y = head->task == NN_REGRESSION ? ad_scale(ad_tanh(p->r), 3) : some_labels(head, ROWS, p->k);
    y = p->is_prediction ? head->predict(z) : head->loss(z, y, &p->options);
    const ad_shape shape = ad_shape_of(y);
    const ad_tensor v = ad_input(tape, AD_F64, shape, some_numbers(4, elements_of(shape), -1, 1));
    const ad_tensor sum = ad_sum(ad_mul(v, y));
    if (!p->is_second)
        return sum;
    const ad_tensor x[] = {p->q, p->r};
    const int n = ad_is_inert(p->r) ? 1 : 2;
    ad_tensor dx[2], second = ad_scalar(tape, 0);
    ad_grad(sum, x, n, dx);
    for (int i = 0; i < n; i++)
        second = ad_add(second, ad_sum(ad_mul(some_input(tape, AD_F64, ad_shape_of(x[i]), 5), dx[i])));
    return second;
}

/* Checks the gradient of each parameter. */
static void expect_gradients(problem *p)
{
    ad_gradcheck_result results[2];
    ad_gradcheck(t, run_problem, p, NULL, results);
    expect_ok(t);
    for (size_t i = 0; i < ad_param_count(t); i++)
        ck_assert_msg(
            results[i].verdict == AD_GRADIENT_RIGHT,
            "%s, %s, order %d, smoothing %g, delta %g: the gradient by %s is %s: element %zu is %.12g, not %.12g",
            p->head->name, p->is_prediction ? "prediction" : "loss", p->is_second ? 2 : 1, p->options.label_smoothing,
            p->options.delta, results[i].name, ad_verdict_name(results[i].verdict), results[i].worst,
            results[i].analytic, results[i].numeric);
}

START_TEST(gradients_are_those_of_differences)
{
    static const nn_head_options options[] = {{.delta = 0}, {.label_smoothing = 0.1, .delta = 0.5}, {.delta = 2}};
    const nn_head *head = all[_i];
    problem p = {.head = head, .k = some_k(head)};
    p.q = some_param(t, AD_F64, AD_SHAPE(ROWS, outputs_of(head, p.k)), 2, "q");
    for (int order = 1; order <= 2; order++) {
        p.is_prediction = true;
        p.is_second = order == 2;
        expect_gradients(&p);
    }
    if (head->task == NN_REGRESSION)
        p.r = some_param(t, AD_F64, AD_SHAPE(ROWS, p.k), 3, "r");
    p.is_prediction = false;
    for (size_t i = 0; i < COUNT(options); i++)
        for (int order = 1; order <= 2; order++) {
            p.options = options[i];
            p.is_second = order == 2;
            expect_gradients(&p);
        }
}
END_TEST

/* ---- By definition ----------------------------------------------------------------------------------------------- */

static double logistic(double x) { return 1 / (1 + exp(-x)); }

/* Each prediction has the digits of its type, also the small ones, and those of classes sum to 1. */
REAL_TEST(probabilities_are_logistic)
{
    const double x[] = {-80, -40, -9.5, -1, -0.0625, 0, 0.5, 2, 20, 37, 60, 80}, digits = real == AD_F32 ? 1e-6 : 1e-14;
    double pairs[2 * COUNT(x)];
    for (size_t i = 0; i < COUNT(x); i++) {
        pairs[2 * i] = -1.5;
        pairs[2 * i + 1] = x[i] - 1.5;
    }
    const ad_tensor z = input_of(real, AD_SHAPE(COUNT(x), 1), x), two = input_of(real, AD_SHAPE(COUNT(x), 2), pairs);
    const ad_tensor one_logit = nn_head_one_logit.predict(z), softmax = nn_head_softmax.predict(two);
    const ad_tensor independent = nn_head_independent.predict(z);
    for (size_t i = 0; i < COUNT(x); i++) {
        const double p = logistic(x[i]), not = logistic(-x[i]);
        const double got[] = {number_at(one_logit, 2 * i), number_at(one_logit, 2 * i + 1), number_at(softmax, 2 * i),
                              number_at(softmax, 2 * i + 1), number_at(independent, i)};
        const double wanted[] = {not, p, not, p, p};
        for (size_t j = 0; j < COUNT(got); j++)
            ck_assert_msg(fabs(got[j] - wanted[j]) <= 8 * digits * wanted[j], "z = %g: %zu is %.17g, not %.17g", x[i],
                          j, got[j], wanted[j]);
        ck_assert_double_le(fabs(got[0] + got[1] - 1), digits);
        ck_assert_double_le(fabs(got[2] + got[3] - 1), digits);
    }
}
END_REAL_TEST

START_TEST(predictions_of_many_classes_sum_to_1)
{
    const ad_tensor p = nn_head_softmax.predict(ad_scale(some_input(t, AD_F64, AD_SHAPE(5, 9), 3), 20));
    for (size_t i = 0; i < 5; i++) {
        double sum = 0;
        for (size_t j = 0; j < 9; j++)
            sum += number_at(p, 9 * i + j);
        ck_assert_double_le(fabs(sum - 1), 1e-14);
    }
    const ad_tensor z = some_input(t, AD_F64, AD_SHAPE(4, 3), 6);
    for (size_t i = 3; i < COUNT(all); i++)
        expect_same_bits(all[i]->predict(z), z);
}
END_TEST

/* Plain sums over the labels and over the targets, in f64. */
START_TEST(losses_are_means_over_labels_and_targets)
{
    enum { K = 3 };
    const ad_tensor z = ad_scale(some_input(t, AD_F64, AD_SHAPE(ROWS, K), 8), 4);
    const ad_tensor target = some_truth(&nn_head_squared, AD_F64, ROWS, K);
    const ad_tensor labels = some_labels(&nn_head_independent, ROWS, K);
    double wanted[4][ROWS] = {{0}};
    for (size_t i = 0; i < ROWS * K; i++) {
        const double e = fabs(number_at(z, i) - number_at(target, i)), y = number_at(labels, i) * 0.75 + 0.125;
        wanted[0][i / K] += e * e / K;
        wanted[1][i / K] += e / K;
        wanted[2][i / K] += (e <= 1 ? e * e / 2 : e - 0.5) / K;
        wanted[3][i / K] -= (y * log(logistic(number_at(z, i))) + (1 - y) * log(logistic(-number_at(z, i)))) / K;
    }
    expect_values(nn_head_squared.loss(z, target, NULL), wanted[0], 1e-14);
    expect_values(nn_head_absolute.loss(z, target, NULL), wanted[1], 1e-14);
    expect_values(nn_head_huber.loss(z, target, NULL), wanted[2], 1e-14);
    expect_values(nn_head_independent.loss(z, labels, &(nn_head_options){.label_smoothing = 0.25}), wanted[3], 1e-14);
    for (size_t i = 0; i < ROWS; i++)
        wanted[0][i] /= 2;
    expect_values(nn_head_huber.loss(z, target, &(nn_head_options){.delta = INFINITY}), wanted[0], 1e-14);
    expect_ok(t);
}
END_TEST

/* One logit is softmax over (0, z), also with smoothing. */
START_TEST(one_logit_is_softmax_of_two)
{
    const nn_head_options options[] = {{.delta = 0}, {.label_smoothing = 0.3}};
    const ad_tensor z = ad_scale(some_input(t, AD_F64, AD_SHAPE(6, 1), 9), 5), y = some_labels(&nn_head_softmax, 6, 2);
    const ad_tensor two = ad_concat((const ad_tensor[]){ad_zeros_like(z), z}, 2, 1);
    for (size_t i = 0; i < COUNT(options); i++) {
        const ad_tensor wanted = nn_head_softmax.loss(two, y, &options[i]);
        expect_values(nn_head_one_logit.loss(z, y, &options[i]), ad_f64(wanted), 1e-14);
    }
    expect_ok(t);
}
END_TEST

/* Without smoothing softmax records the plain operator and nothing else. No options are the default ones. */
REAL_TEST(defaults_are_the_plain_losses)
{
    const ad_tensor z = some_input(t, real, AD_SHAPE(7, 3), 1), y = some_labels(&nn_head_softmax, 7, 3);
    const ad_tensor wanted = ad_softmax_cross_entropy(z, y), got = nn_head_softmax.loss(z, y, NULL);
    expect_same_bits(got, wanted);
    ck_assert_uint_eq(got.id, wanted.id + 1);
    for (size_t i = 0; i < COUNT(all); i++) {
        const int64_t k = some_k(all[i]);
        const ad_tensor x = some_input(t, real, AD_SHAPE(7, outputs_of(all[i], k)), 2);
        const ad_tensor truth = some_truth(all[i], real, 7, k);
        expect_same_bits(all[i]->loss(x, truth, NULL), all[i]->loss(x, truth, &(nn_head_options){0}));
        expect_same_bits(all[i]->loss(x, truth, NULL), all[i]->loss(x, truth, &(nn_head_options){.delta = 1}));
    }
}
END_REAL_TEST

/* ---- At the ends of the range ------------------------------------------------------------------------------------ */

static void expect_finite(const nn_head *head, ad_tensor x)
{
    expect_ok(t);
    for (size_t i = 0; i < ad_size_of(x); i++)
        ck_assert_msg(isfinite(number_at(x, i)), "%s: element %zu is %g", head->name, i, number_at(x, i));
}

START_TEST(extreme_logits_have_finite_losses)
{
    static const double sizes[] = {90, 1e4, 1e8}, smoothing[] = {0, 0.1};
    const nn_head *head = all[_i];
    const int64_t k = some_k(head), outputs = outputs_of(head, k);
    for (size_t s = 0; s < COUNT(sizes) * COUNT(smoothing); s++) {
        double x[12];
        for (int64_t i = 0; i < 4 * outputs; i++)
            x[i] = (i * 5 + i / 3) % 2 ? sizes[s / 2] : -sizes[s / 2];
        ad_tensor z = ad_variable(t, AD_F32, AD_SHAPE(4, outputs), ad_f32(input_of(AD_F32, AD_SHAPE(4 * outputs), x)));
        const ad_tensor y = some_truth(head, AD_F32, 4, k);
        const ad_tensor loss = head->loss(z, y, &(nn_head_options){.label_smoothing = smoothing[s % 2]});
        ad_tensor dz;
        expect_finite(head, loss);
        expect_finite(head, head->predict(z));
        ad_grad(ad_mean(loss), &z, 1, &dz);
        expect_finite(head, dz);
    }
}
END_TEST

/* The mean over labels whose losses have no room for their sum. */
START_TEST(the_largest_logits_have_a_finite_mean)
{
    static const float x[] = {3e38F, 3e38F, 3e38F, 3e38F};
    const ad_tensor z = ad_input(t, AD_F32, AD_SHAPE(1, 4), x), y = ad_input(t, AD_I32, AD_SHAPE(1, 4), NULL);
    EXPECT_NEAR(nn_head_independent.loss(z, y, NULL), 1e-6, (double)3e38F);
    expect_ok(t);
}
END_TEST

/* ---- Bad input --------------------------------------------------------------------------------------------------- */

/* What z and y are; the sizes end with 0. */
static const struct {
    const nn_head *head;
    ad_status status;
    ad_type z_type;
    int64_t z[3];
    ad_type y_type;
    int64_t y[3];
    const char *message;
} bad_shapes[] = {
/* clang-format off */
#define OF_CLASSES ": z must be f32 or f64 [n,k], k at least 2, y i32 [n]"
#define ONE_LOGIT ": z must be f32 or f64 [n,1], y i32 [n]"
#define OF_LABELS ": z must be f32 or f64 [n,k], k at least 1, y i32 [n,k]"
#define OF_TARGETS ": z must be f32 or f64 [n,k], k at least 1, y [n,k] of the type of z"
    {&nn_head_softmax, AD_BAD_SHAPE, AD_F32, {4, 1}, AD_I32, {4}, "z is f32 [4,1] and y is i32 [4]" OF_CLASSES},
    {&nn_head_softmax, AD_BAD_SHAPE, AD_F32, {4, 3}, AD_I32, {5}, "z is f32 [4,3] and y is i32 [5]" OF_CLASSES},
    {&nn_head_softmax, AD_BAD_SHAPE, AD_F64, {4, 3}, AD_I32, {4, 3}, "z is f64 [4,3] and y is i32 [4,3]" OF_CLASSES},
    {&nn_head_softmax, AD_BAD_TYPE, AD_F32, {4, 3}, AD_F32, {4}, "z is f32 [4,3] and y is f32 [4]" OF_CLASSES},
    {&nn_head_softmax, AD_BAD_TYPE, AD_I32, {4, 3}, AD_I32, {4}, "z is i32 [4,3] and y is i32 [4]" OF_CLASSES},
    {&nn_head_softmax, AD_BAD_SHAPE, AD_F32, {4}, AD_I32, {4}, "z is f32 [4] and y is i32 [4]" OF_CLASSES},
    {&nn_head_one_logit, AD_BAD_SHAPE, AD_F32, {4, 2}, AD_I32, {4}, "z is f32 [4,2] and y is i32 [4]" ONE_LOGIT},
    {&nn_head_one_logit, AD_BAD_SHAPE, AD_F32, {4}, AD_I32, {4}, "z is f32 [4] and y is i32 [4]" ONE_LOGIT},
    {&nn_head_one_logit, AD_BAD_SHAPE, AD_F32, {4, 1}, AD_I32, {4, 1}, "z is f32 [4,1] and y is i32 [4,1]" ONE_LOGIT},
    {&nn_head_one_logit, AD_BAD_TYPE, AD_F32, {4, 1}, AD_F32, {4}, "z is f32 [4,1] and y is f32 [4]" ONE_LOGIT},
    {&nn_head_independent, AD_BAD_SHAPE, AD_F32, {4, 3}, AD_I32, {4}, "z is f32 [4,3] and y is i32 [4]" OF_LABELS},
    {&nn_head_independent, AD_BAD_SHAPE, AD_F32, {4, 3}, AD_I32, {1, 3}, "z is f32 [4,3] and y is i32 [1,3]" OF_LABELS},
    {&nn_head_independent, AD_BAD_TYPE, AD_F32, {4, 3}, AD_F32, {4, 3}, "z is f32 [4,3] and y is f32 [4,3]" OF_LABELS},
    {&nn_head_squared, AD_BAD_SHAPE, AD_F32, {4, 3}, AD_F32, {4, 1}, "z is f32 [4,3] and y is f32 [4,1]" OF_TARGETS},
    {&nn_head_squared, AD_BAD_TYPE, AD_F32, {4, 3}, AD_F64, {4, 3}, "z is f32 [4,3] and y is f64 [4,3]" OF_TARGETS},
    {&nn_head_squared, AD_BAD_TYPE, AD_I32, {4, 3}, AD_I32, {4, 3}, "z is i32 [4,3] and y is i32 [4,3]" OF_TARGETS},
    {&nn_head_absolute, AD_BAD_SHAPE, AD_F64, {4, 1}, AD_F64, {4}, "z is f64 [4,1] and y is f64 [4]" OF_TARGETS},
    {&nn_head_huber, AD_BAD_SHAPE, AD_F64, {4}, AD_F64, {4}, "z is f64 [4] and y is f64 [4]" OF_TARGETS},
    /* clang-format on */
};

static ad_tensor zeros(ad_type type, const int64_t sizes[3])
{
    ad_shape shape = AD_SCALAR;
    for (; shape.rank < 3 && sizes[shape.rank]; shape.rank++)
        shape.dims[shape.rank] = sizes[shape.rank];
    return ad_zeros(t, type, shape);
}

START_TEST(bad_shapes_and_types_are_named)
{
    const nn_head *head = bad_shapes[_i].head;
    char message[200];
    snprintf(message, sizeof message, "%s: %s", head->name, bad_shapes[_i].message);
    const ad_tensor z = zeros(bad_shapes[_i].z_type, bad_shapes[_i].z);
    const ad_tensor y = zeros(bad_shapes[_i].y_type, bad_shapes[_i].y);
    expect_inert(head->loss(z, y, NULL), bad_shapes[_i].status, message);
}
END_TEST

#define SMOOTHING_RANGE ": it must be at least 0 and below 1"
static const struct {
    const nn_head *head;
    nn_head_options options;
    const char *message;
} bad_options[] = {
    {&nn_head_softmax, {.label_smoothing = 1}, "softmax: label_smoothing is 1" SMOOTHING_RANGE},
    {&nn_head_softmax, {.label_smoothing = -0.25}, "softmax: label_smoothing is -0.25" SMOOTHING_RANGE},
    {&nn_head_softmax, {.label_smoothing = NAN}, "softmax: label_smoothing is nan" SMOOTHING_RANGE},
    {&nn_head_one_logit, {.label_smoothing = 2}, "one_logit: label_smoothing is 2" SMOOTHING_RANGE},
    {&nn_head_independent, {.label_smoothing = INFINITY}, "independent: label_smoothing is inf" SMOOTHING_RANGE},
    {&nn_head_huber, {.delta = -1}, "huber: delta is -1: it must be above 0"},
    {&nn_head_huber, {.delta = NAN}, "huber: delta is nan: it must be above 0"},
};

START_TEST(bad_options_are_named)
{
    const nn_head *head = bad_options[_i].head;
    const int64_t k = some_k(head);
    const ad_tensor z = some_input(t, AD_F32, AD_SHAPE(4, outputs_of(head, k)), 1);
    expect_inert(head->loss(z, some_truth(head, AD_F32, 4, k), &bad_options[_i].options), AD_BAD_VALUE,
                 bad_options[_i].message);
}
END_TEST

START_TEST(options_of_other_heads_are_not_read)
{
    const nn_head *head = all[_i];
    const int64_t k = some_k(head);
    const ad_tensor z = some_input(t, AD_F64, AD_SHAPE(4, outputs_of(head, k)), 1), y = some_truth(head, AD_F64, 4, k);
    nn_head_options o = {.label_smoothing = 0.5, .delta = NAN};
    if (head->task == NN_REGRESSION)
        o = (nn_head_options){.label_smoothing = -7, .delta = head == &nn_head_huber ? 1 : -1};
    ck_assert(!ad_is_inert(head->loss(z, y, &o)));
    expect_ok(t);
}
END_TEST

START_TEST(bad_labels_are_named)
{
    static const int32_t labels[] = {0, 1, 1, 2, 0, -1};
    const ad_tensor z = ad_input(t, AD_F32, AD_SHAPE(6, 1), NULL), two = ad_input(t, AD_F32, AD_SHAPE(2, 3), NULL);
    const ad_tensor y = ad_input(t, AD_I32, AD_SHAPE(6), labels);
    expect_inert(nn_head_one_logit.loss(z, y, NULL), AD_BAD_VALUE,
                 "one_logit: the label of row 3 is 2: it must be 0 or 1");
    expect_inert(nn_head_one_logit.loss(ad_slice(z, 0, (ad_range){4, 6, 1}), ad_slice(y, 0, (ad_range){4, 6, 1}), NULL),
                 AD_BAD_VALUE, "one_logit: the label of row 1 is -1: it must be 0 or 1");
    expect_inert(nn_head_independent.loss(two, ad_reshape(y, AD_SHAPE(2, 3)), NULL), AD_BAD_VALUE,
                 "independent: the label of row 1, column 0 is 2: it must be 0 or 1");
    const ad_tensor x = ad_input(t, AD_F32, AD_SHAPE(6, 2), NULL);
    for (int i = 0; i < 2; i++) {
        ck_assert(ad_is_inert(nn_head_softmax.loss(x, y, &(nn_head_options){.label_smoothing = i * 0.1})));
        expect_error_with(t, AD_BAD_VALUE, "label 2 of row 3 is out of range", "2 classes");
    }
}
END_TEST

START_TEST(bad_logits_of_a_prediction_are_named)
{
    static const char *const messages[][2] = {
        {"softmax: z is f32 [4,1]: it must be f32 or f64 [n,k], k at least 2",
         "softmax: z is i32 [4,2]: it must be f32 or f64 [n,k], k at least 2"},
        {"one_logit: z is f32 [4,2]: it must be f32 or f64 [n,1]",
         "one_logit: z is i32 [4,2]: it must be f32 or f64 [n,1]"},
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        char flat[120], whole[120];
        snprintf(flat, sizeof flat, "%s: z is f32 [4]: it must be f32 or f64 [n,k], k at least 1", all[i]->name);
        snprintf(whole, sizeof whole, "%s: z is i32 [4,2]: it must be f32 or f64 [n,k], k at least 1", all[i]->name);
        const ad_shape shape = i == 0 ? AD_SHAPE(4, 1) : i == 1 ? AD_SHAPE(4, 2) : AD_SHAPE(4);
        expect_inert(all[i]->predict(ad_input(t, AD_F32, shape, NULL)), AD_BAD_SHAPE, i < 2 ? messages[i][0] : flat);
        expect_inert(all[i]->predict(ad_input(t, AD_I32, AD_SHAPE(4, 2), NULL)), AD_BAD_TYPE,
                     i < 2 ? messages[i][1] : whole);
    }
}
END_TEST

/* Tensors that are none, that are of another tape, and a tape that is in error already. */
START_TEST(bad_handles_are_refused)
{
    const nn_head *head = all[_i];
    const int64_t k = some_k(head);
    const ad_tensor z = some_input(t, AD_F32, AD_SHAPE(4, outputs_of(head, k)), 1), y = some_truth(head, AD_F32, 4, k);
    const ad_tensor none = {0}, inert = {.tape = t};
    char message[100];
    snprintf(message, sizeof message, "%s: y is not on the tape of z: make both on one tape", head->name);
    ck_assert(ad_is_inert(head->loss(none, none, NULL)) && ad_is_inert(head->loss(none, y, NULL)));
    ck_assert(ad_is_inert(head->predict(none)));
    expect_ok(t);
    expect_inert(head->loss(z, none, NULL), AD_BAD_HANDLE, message);
    ad_tape *other = ad_tape_open(NULL);
    const ad_tensor far = ad_input(other, ad_type_of(y), ad_shape_of(y), NULL);
    expect_inert(head->loss(z, far, NULL), AD_BAD_HANDLE, message);
    expect_ok(other);
    ad_tape_close(other);
    ck_assert(ad_is_inert(head->loss(z, inert, NULL)));
    expect_error_with(t, AD_BAD_HANDLE, "inert", "");
    ck_assert(ad_is_inert(head->loss(inert, y, NULL)));
    expect_error_with(t, AD_BAD_HANDLE, "inert", "");
    ck_assert(ad_is_inert(head->predict(inert)));
    expect_error_with(t, AD_BAD_HANDLE, "inert", "");
    ad_fail(t, AD_BAD_STATE, "an error from before");
    ck_assert(ad_is_inert(head->loss(z, y, NULL)) && ad_is_inert(head->predict(z)));
    expect_error(t, AD_BAD_STATE, "an error from before");
    ck_assert(!ad_is_inert(head->loss(z, y, NULL)) && !ad_is_inert(head->predict(z)));
    expect_ok(t);
}
END_TEST

/* A recording that is replayed on other labels has the bits of one made anew, and refuses what is no label. */
START_TEST(replays_take_other_labels)
{
    const nn_head *head = _i ? &nn_head_independent : &nn_head_one_logit;
    const int64_t k = head == &nn_head_one_logit ? 2 : 1;
    const nn_head_options o = {.label_smoothing = 0.1};
    static const int32_t other[] = {1, 1, 0}, wrong[] = {1, 2, 0};
    const ad_tensor z = some_input(t, AD_F64, AD_SHAPE(3, 1), 1), y = some_labels(head, 3, k);
    const ad_tensor loss = head->loss(z, y, &o);
    ck_assert_mem_ne(ad_i32(y), other, sizeof other);
    ad_assign(y, other);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    expect_same_bits(head->loss(z, y, &o), loss);
    ad_assign(y, wrong);
    ck_assert_int_eq(ad_replay(t), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "2 at place 1 is out of range", "");
}
END_TEST

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

/* Five rows. Of class 1 are 2, and 4 are called so, one of them rightly. */
static const int32_t of_rows[] = {1, 0, 1, 0, 0}, of_labels[] = {0, 1, 1, 1, 1, 1, 0, 0, 1, 1};
static const double scores[] = {0.8, 0.75, 0.125, 0.875, 0.625};
static const double probabilities[] = {0.2, 0.8, 0.25, 0.75, 0.875, 0.125, 0.125, 0.875, 0.375, 0.625};
static const double targets[] = {1, 2, 3, 4, 6, 1, 2, 3, 4, 5}, predictions[] = {1.5, 2, 2, 5, 8, 1, 2, 3, 4, 6};

static nn_outcome outcome_of(nn_task task, int64_t k)
{
    return (nn_outcome){.task = task,
                        .rows = 5,
                        .columns = k,
                        .element = NN_F64,
                        .labels = task == NN_LABELS ? of_labels : of_rows,
                        .probabilities = probabilities,
                        .scores = scores,
                        .targets = targets,
                        .predictions = predictions};
}

static bool is_of_figures(const nn_head_figure *f, const nn_head *head)
{
    return f->task == head->task || (f->task == NN_SCORES && head->task == NN_CLASSES);
}

/* Each figure is the element of a metric that an outcome of its task and its k has. */
START_TEST(figures_are_metrics)
{
    const nn_head *head = all[_i];
    ck_assert_uint_gt(head->n_figures, 0);
    ck_assert_uint_le(head->n_figures, NN_MAX_FIGURES);
    for (size_t i = 0; i < head->n_figures; i++) {
        const nn_head_figure *f = &head->figures[i];
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(f->name, head->figures[j].name);
        ck_assert(strcmp(f->name, "accuracy") && strcmp(f->name, "loss") && strcmp(f->name, "global_step"));
        ck_assert(is_of_figures(f, head) && (f->k == 0 || has(head, f->k)));
        const nn_outcome o = outcome_of(f->task, f->k ? f->k : 2);
        nn_metrics *m = nn_metrics_open(&o, NULL);
        const nn_figure found = nn_metrics_figure(m, f->metric);
        ck_assert_msg(!found.undefined, "%s, %s: %s; %s", head->name, f->name, found.undefined, nn_metrics_message(m));
        ck_assert(f->element >= 0 && (size_t)f->element < found.count);
        /* What is not of one k is a number for any. */
        ck_assert(f->k != 0 || found.count == 1);
        nn_metrics_close(m);
    }
}
END_TEST

/* Counted by hand from the outcomes above. */
static const struct {
    nn_task task;
    const char *name;
    double value;
} counted[] = {
    {NN_CLASSES, "accuracy_baseline", 3.0 / 5},
    {NN_CLASSES, "auc", 2.0 / 6},
    {NN_CLASSES, "average_precision", (1.0 / 2 + 2.0 / 5) / 2},
    {NN_CLASSES, "precision", 1.0 / 4},
    {NN_CLASSES, "recall", 1.0 / 2},
    {NN_CLASSES, "prediction/mean", 0.635},
    {NN_CLASSES, "label/mean", 2.0 / 5},
    {NN_LABELS, "subset_accuracy", 1.0 / 5},
    {NN_LABELS, "hamming_loss", 4.0 / 10},
    {NN_LABELS, "precision_micro", 4.0 / 5},
    {NN_LABELS, "recall_micro", 4.0 / 7},
    {NN_LABELS, "f1_micro", 8.0 / 12},
    {NN_LABELS, "f1_macro", (2.0 / 4 + 6.0 / 8) / 2},
    {NN_REGRESSION, "mse", (5.25 / 5 + 2.0 / 5) / 2},
    {NN_REGRESSION, "mae", (3.5 / 5 + 2.0 / 5) / 2},
    {NN_REGRESSION, "rmse", 0.82857530431481785},
    {NN_REGRESSION, "r2", 1 - (5.25 / 14.8 + 2.0 / 10) / 2},
    {NN_REGRESSION, "prediction/mean", 3.7},
    {NN_REGRESSION, "label/mean", 3.2},
};

static double wanted_figure(nn_task task, const char *name)
{
    size_t i = 0;
    while (i < COUNT(counted) && !(counted[i].task == task && !strcmp(counted[i].name, name)))
        i++;
    ck_assert_msg(i < COUNT(counted), "%s (%s) was not counted", name, nn_task_name(task));
    return counted[i].value;
}

START_TEST(figures_are_what_their_names_say)
{
    const nn_head *head = all[_i];
    size_t n = 0;
    for (size_t i = 0; i < COUNT(counted); i++)
        n += counted[i].task == head->task;
    ck_assert_uint_eq(head->n_figures, n);
    for (size_t i = 0; i < n; i++) {
        const nn_head_figure *f = &head->figures[i];
        const nn_outcome o = outcome_of(f->task, f->k ? f->k : 2);
        nn_metrics *m = nn_metrics_open(&o, NULL);
        const double got = nn_metrics_figure(m, f->metric).values[f->element];
        ck_assert_msg(fabs(got - wanted_figure(head->task, f->name)) < 1e-12, "%s: %s is %.17g", head->name, f->name,
                      got);
        nn_metrics_close(m);
        /* What only a certain k has. */
        const bool of_one_k = head->task == NN_CLASSES || strchr(f->name, '/');
        ck_assert_int_eq(f->k, !of_one_k ? 0 : head->task == NN_CLASSES ? 2 : 1);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    const int heads = (int)COUNT(all);
    tcase_add_test(tests, the_table_has_all_heads);
    tcase_add_loop_test(tests, losses_and_predictions_have_their_shapes, 0, heads);
    tcase_add_loop_test(tests, the_numbers_are_those_of_pytorch, 0, heads);
    tcase_add_loop_test(tests, gradients_are_those_of_differences, 0, heads);
    ADD(probabilities_are_logistic);
    tcase_add_test(tests, predictions_of_many_classes_sum_to_1);
    tcase_add_test(tests, losses_are_means_over_labels_and_targets);
    tcase_add_test(tests, one_logit_is_softmax_of_two);
    ADD(defaults_are_the_plain_losses);
    tcase_add_loop_test(tests, extreme_logits_have_finite_losses, 0, heads);
    tcase_add_test(tests, the_largest_logits_have_a_finite_mean);
    tcase_add_loop_test(tests, bad_shapes_and_types_are_named, 0, (int)COUNT(bad_shapes));
    tcase_add_loop_test(tests, bad_options_are_named, 0, (int)COUNT(bad_options));
    tcase_add_loop_test(tests, options_of_other_heads_are_not_read, 0, heads);
    tcase_add_test(tests, bad_labels_are_named);
    tcase_add_test(tests, bad_logits_of_a_prediction_are_named);
    tcase_add_loop_test(tests, bad_handles_are_refused, 0, heads);
    tcase_add_loop_test(tests, replays_take_other_labels, 0, 2);
    tcase_add_loop_test(tests, figures_are_metrics, 0, heads);
    tcase_add_loop_test(tests, figures_are_what_their_names_say, 0, heads);
}

int main(void) { return run_on_one_tape("heads", add_tests); }
