/* How gradients flow: a line a parameter, and sentences with remedies. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/show.h>

#include "../support/one_tape.h"

enum { MOST_LAYERS = 16, UNITS = 8, ROWS = 24, MOST_LINES = 64 };

typedef struct dense {
    ad_tensor weights, biases;
    ad_activation activation;
} dense;

static dense layers[MOST_LAYERS];
static char text[200000];
static char *lines[MOST_LINES];
static int n_lines;

static ad_tensor apply(const dense *layer, ad_tensor x)
{
    return ad_linear(x, layer->weights, layer->biases, layer->activation);
}

/* Makes layers of 8 units, scales their weights, and records a batch: a loss. */
static ad_tensor record(int n, ad_activation activation, double scale)
{
    char weights[20], biases[20];
    ad_tensor x = some_input(t, AD_F64, AD_SHAPE(ROWS, UNITS), 90);
    for (int i = 0; i < n; i++) {
        snprintf(weights, sizeof weights, "layer%d/weights", i + 1);
        snprintf(biases, sizeof biases, "layer%d/biases", i + 1);
        layers[i] = (dense){.weights = ad_param(t, AD_F64, AD_SHAPE(UNITS, UNITS), NULL, weights),
                            .biases = ad_param(t, AD_F64, AD_SHAPE(UNITS), NULL, biases),
                            .activation = activation};
        nn_initialise(layers[i].weights, NN_GLOROT_UNIFORM, 5, ad_stream(AD_STREAM_WEIGHTS, (uint64_t)i));
        double scaled[UNITS * UNITS];
        for (int k = 0; k < UNITS * UNITS; k++)
            scaled[k] = scale * ad_f64(layers[i].weights)[k];
        ad_assign(layers[i].weights, scaled);
    }
    for (int i = 0; i < n; i++)
        x = apply(&layers[i], x);
    return ad_mean(ad_square(ad_sub(x, some_input(t, AD_F64, AD_SHAPE(ROWS, UNITS), 91))));
}

static void run(ad_tensor loss)
{
    ad_watch(t, AD_ON);
    ck_assert_int_eq(ad_backward(loss), AD_OK);
}

static void descend(int n, double rate)
{
    for (int i = 0; i < n; i++) {
        ad_descend(layers[i].weights, rate);
        ad_descend(layers[i].biases, rate);
    }
}

static void read_lines(FILE *file)
{
    const long n = ftell(file);
    ck_assert(n > 0 && n < (long)sizeof text);
    rewind(file);
    ck_assert_uint_eq(fread(text, 1, (size_t)n, file), (size_t)n);
    text[n] = 0;
    fclose(file);
    n_lines = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        ck_assert_int_lt(n_lines, MOST_LINES);
        ck_assert_uint_le(strlen(line), 100);
        lines[n_lines++] = line;
    }
}

static void print(void)
{
    FILE *file = tmpfile();
    const ad_shown shown = ad_print_flow(t, file, NULL);
    ck_assert_msg(shown.status == AD_OK, "%s", shown.message);
    read_lines(file);
}

/* Cell i of a line: cells are parted by two blanks or more. */
static char *cell(const char *line, int i)
{
    static char cells[8][120];
    static int next;
    char *to = cells[next++ % 8];
    line += strspn(line, " ");
    for (; i > 0 && *line; i--) {
        while (*line && strncmp(line, "  ", 2) != 0)
            line++;
        line += strspn(line, " ");
    }
    const char *end = strstr(line, "  ");
    snprintf(to, 120, "%.*s", (int)(end ? end - line : (long)strlen(line)), line);
    return to;
}

static const char *line_of(const char *name)
{
    for (int i = 0; i < n_lines; i++)
        if (strcmp(cell(lines[i], 0), name) == 0)
            return lines[i];
    ck_abort_msg("no line of %s", name);
}

static double rms_of(ad_tensor x)
{
    const ad_tensor g = ad_gradient(x);
    double sum = 0;
    for (size_t i = 0; i < ad_size_of(g); i++)
        sum += number_at(g, i) * number_at(g, i);
    return sqrt(sum / (double)ad_size_of(g));
}

/* The verdict on a parameter, whose rms and bar must be right. */
static const char *verdict_on(ad_tensor x)
{
    const char *line = line_of(ad_name_of(x));
    const double rms = rms_of(x), columns = 24 * (log10(rms) + 9) / 9;
    const char *bar = cell(line, 3);
    ck_assert_int_eq(strncmp(cell(line, 2), "rms ", 4), 0);
    ck_assert_double_eq_tol(strtod(cell(line, 2) + 4, NULL), rms, 0.06 * rms + 1e-300);
    if (rms > 0) {
        const double want = columns < 1 ? 1 : columns > 24 ? 24 : columns;
        ck_assert_double_eq_tol((double)strspn(bar, "#"), want, 1);
    }
    const char *last = line;
    for (const char *gap = line; (gap = strstr(gap, "  ")); gap += 2)
        last = gap;
    return last + strspn(last, " ");
}

/* Whether the sentences, joined, have this. */
static bool says(const char *what)
{
    static char all[20000];
    all[0] = 0;
    for (int i = 0; i < n_lines; i++) {
        strcat(all, lines[i] + strspn(lines[i], " "));
        strcat(all, " ");
    }
    return strstr(all, what) != NULL;
}

/* ---- Networks ---------------------------------------------------------------------------------------------------- */

START_TEST(healthy)
{
    const ad_tensor loss = record(3, AD_TANH, 1);
    run(loss);
    descend(3, 0.05);
    print();
    ck_assert_int_eq(n_lines, 6);
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(cell(line_of(ad_name_of(layers[i].weights)), 1), "[8, 8]");
        ck_assert_str_eq(verdict_on(layers[i].weights), "ok");
        ck_assert_str_eq(verdict_on(layers[i].biases), "ok");
        ck_assert_str_eq(cell(line_of(ad_name_of(layers[i].biases)), 4), "update from 0");
    }
    const double *now = ad_f64(layers[0].weights), *g = ad_f64(ad_gradient(layers[0].weights));
    double moved = 0, size = 0;
    for (int i = 0; i < UNITS * UNITS; i++) {
        const double before = now[i] + 0.05 * g[i];
        moved += 0.05 * g[i] * 0.05 * g[i];
        size += before * before;
    }
    const char *update = cell(line_of("layer1/weights"), 4);
    ck_assert_int_eq(strncmp(update, "update/weight ", 14), 0);
    ck_assert_double_eq_tol(strtod(update + 14, NULL) / sqrt(moved / size), 1, 0.06);
}
END_TEST

START_TEST(vanishing)
{
    run(record(10, AD_LOGISTIC, 1));
    print();
    ck_assert_str_eq(verdict_on(layers[0].weights), "vanished");
    ck_assert_str_eq(verdict_on(layers[9].weights), "ok");
    ck_assert(says("The gradient shrinks to 0."));
    ck_assert(says(
        "of itself per layer (logistic' is at most 1/4). Use relu or tanh, larger first weights, or fewer layers."));
    ck_assert_str_eq(cell(line_of("layer1/weights"), 4), "no update");
}
END_TEST

/* By tanh with small weights: another remedy. */
START_TEST(vanishing_by_small_weights)
{
    run(record(8, AD_TANH, 0.05));
    print();
    ck_assert_str_eq(verdict_on(layers[0].biases), "vanished"); /* weights see the activations vanish too */
    ck_assert(says("of itself per layer. Use relu, larger first weights, or fewer layers."));
}
END_TEST

START_TEST(exploding)
{
    run(record(10, AD_IDENTITY, 6));
    print();
    ck_assert(says("The gradient grows to "));
    ck_assert(says("times itself per layer. Use smaller first weights, layer_norm between layers, or fewer layers."));
    ck_assert_str_eq(verdict_on(layers[0].biases), "exploded");
}
END_TEST

START_TEST(one_that_is_far_larger)
{
    const ad_tensor a = PARAMS("a", 1, 2), b = PARAMS("b", 1, 2), c = PARAMS("c", 1, 2);
    run(ad_sum(ad_add(ad_scale(a, 1e5), ad_add(b, c))));
    print();
    ck_assert_str_eq(verdict_on(a), "exploded");
    ck_assert_str_eq(verdict_on(b), "ok");
    ck_assert(says("The gradient of a is far larger than the others."));
}
END_TEST

/* Layers that are all alike are judged too: by their sizes. */
START_TEST(all_large_or_all_tiny)
{
    static const struct {
        double scale;
        const char *verdict, *says;
    } cases[] = {
        {4.8e15, "exploded", "The gradient of w0, and of 11 more, is above 1000. Use smaller first weights, "},
        {1001, "exploded", "is above 1000."},
        {999, "ok", ""},
        {1.1e-12, "ok", ""},
        {9e-13, "vanished", "The gradient of w0, and of 11 more, is below 1e-12: a step changes next to nothing."},
    };
    char name[20];
    ad_tensor w[12], sum = ad_sum(PARAMS("w0", 1, 2));
    w[0] = ad_param_at(t, 0);
    for (int i = 1; i < 12; i++) {
        snprintf(name, sizeof name, "w%d", i);
        w[i] = PARAMS(name, 1, 2);
        sum = ad_add(sum, ad_sum(w[i]));
    }
    run(ad_scale(sum, cases[_i].scale));
    print();
    for (int i = 0; i < 12; i++)
        ck_assert_str_eq(verdict_on(w[i]), cases[_i].verdict);
    ck_assert(says(cases[_i].says));
    ck_assert_int_eq(n_lines > 12, *cases[_i].says != 0);
    ck_assert(!says("far larger"));
}
END_TEST

START_TEST(one_that_is_tiny)
{
    const ad_tensor a = PARAMS("a", 1, 2), b = PARAMS("b", 1, 2);
    run(ad_sum(ad_add(ad_scale(a, 1e-20), b)));
    print();
    ck_assert_str_eq(verdict_on(b), "ok");
    ck_assert(!says("next to nothing"));
}
END_TEST

START_TEST(not_finite)
{
    const ad_tensor a = PARAMS("a", 0, 2), b = PARAMS("b", 1, 2);
    run(ad_sum(ad_add(ad_sqrt(a), b)));
    print();
    ck_assert(strstr(line_of("a"), "not finite") != NULL);
    ck_assert_str_eq(verdict_on(b), "ok");
    ck_assert(says("The gradient of a is not finite. Run the step with ad_check_finite"));
}
END_TEST

static void kill_units(ad_tensor biases, int n)
{
    double b[UNITS] = {0};
    for (int i = 0; i < n; i++)
        b[2 * i % UNITS + (2 * i >= UNITS)] = -1000;
    ad_assign(biases, b);
}

/* Three of 8 units are 0 for all 24 rows; of one nothing is said. */
START_TEST(dead_units)
{
    record(2, AD_RELU, 1);
    ad_reset(t);
    for (int n = 1; n < 9; n++) {
        kill_units(layers[0].biases, n);
        const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(ROWS, UNITS), 90);
        ad_tensor h =
            _i ? ad_relu(ad_add(ad_matmul(x, layers[0].weights), layers[0].biases)) : apply(&layers[0], x);
        run(ad_mean(ad_square(ad_matmul(ad_name(h, "hidden"), layers[1].weights))));
        print();
        char wanted[100];
        snprintf(wanted, sizeof wanted, "Of 8 units of hidden, %d are dead: 0 for all 24 rows", n);
        ck_assert_msg(says(wanted) == (n >= 2), "%d: %s", n, wanted);
        ck_assert_int_eq(says("(units 0, 2, 4)."), n == 3);
        ck_assert_int_eq(says("leaky_relu"), n >= 2);
        if (n == 8)
            ck_assert(says("The gradient of layer1/weights is all zero: "));
        ad_reset(t);
    }
}
END_TEST

/* A batch of fewer than 20 rows says nothing of units. */
START_TEST(a_small_batch)
{
    record(1, AD_RELU, 1);
    ad_reset(t);
    kill_units(layers[0].biases, 8);
    run(ad_mean(apply(&layers[0], some_input(t, AD_F64, AD_SHAPE(19, UNITS), 90))));
    print();
    ck_assert(!says("are dead"));
    ck_assert(says("The gradient of layer1/weights is all zero"));
}
END_TEST

START_TEST(saturated)
{
    run(record(2, _i ? AD_LOGISTIC : AD_TANH, 200));
    print();
    ck_assert(says(_i ? "are saturated (within 0.015 of 0 or 1, where logistic is flat)"
                      : "are saturated (beyond 0.97 either way, where tanh is flat)"));
    ck_assert(says("Scale the inputs, or use smaller first weights."));
}
END_TEST

START_TEST(updates)
{
    static const struct {
        double rate;
        const char *verdict, *says;
    } cases[] = {
        {1e-6, "too slow", "of its value: it hardly learns. Use a higher rate."},
        {5e-5, "slow", ""},
        {1e-3, "ok", ""},
        {5e-2, "fast", ""},
        {0.5, "too fast", "The update of w is 0.5 of its value: it jumps. Use a lower rate."},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        const ad_tensor w = _i ? ad_param(t, AD_F32, AD_SHAPE(2), (const float[]){1, 1}, "w") : PARAMS("w", 1, 1);
        run(ad_sum(w));
        ad_descend(w, cases[i].rate / 4);
        ad_descend(w, cases[i].rate * 3 / 4); /* all changes since the sweep are one update */
        print();
        ck_assert_str_eq(verdict_on(w), cases[i].verdict);
        ck_assert(says(cases[i].says));
        close_tape();
        open_tape();
    }
}
END_TEST

/* More numbers than are copied: what they were is not known. */
START_TEST(large_parameters)
{
    const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(AD_MOST_COPIED + 1), NULL, "w"), v = PARAMS("v", 1, 1);
    ad_fill(w, 1);
    run(ad_add(ad_sum(w), ad_sum(v)));
    ad_descend(w, 0.001);
    print();
    ck_assert_str_eq(cell(line_of("w"), 4), "update unknown");
    ck_assert_str_eq(verdict_on(w), "ok");
}
END_TEST

/* ---- All kinds of tapes ------------------------------------------------------------------------------------------ */

START_TEST(odd_parameters)
{
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    const ad_tensor lone = PARAM(3, "\x1b[31m\n</script>\xff"),
                    unnamed = ad_param(t, AD_F64, AD_SCALAR, &(double){2}, NULL);
    ad_state(t, AD_F64, AD_SHAPE(3), NULL, "state");
    PARAM(1, "unused");
    const ad_tensor none = ad_param(t, AD_F64, AD_SHAPE(0), NULL, "none");
    const ad_tensor deep = ad_param(t, AD_F64, AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1), &(double){2}, name);
    run(ad_mul(ad_add(ad_mul(lone, unnamed), ad_sum(none)), ad_sum(deep)));
    print();
    ck_assert_int_ge(n_lines, 5);
    ck_assert(strstr(line_of("unused"), "not computed") != NULL);
    ck_assert(strstr(line_of("none"), "all zero") != NULL);
    line_of("k1");
    for (int i = 0; i < n_lines; i++) {
        ck_assert_ptr_null(strstr(lines[i], "state "));
        ck_assert_ptr_null(strchr(lines[i], 0x1b));
    }
}
END_TEST

/* In the order in which the recording uses them. */
START_TEST(in_order_of_use)
{
    const ad_tensor late = PARAMS("late", 1, 2), early = PARAMS("early", 3, 4);
    run(ad_sum(ad_mul(late, ad_exp(early))));
    print();
    ck_assert_str_eq(cell(lines[0], 0), "early");
    ck_assert_str_eq(cell(lines[1], 0), "late");
}
END_TEST

/* Values that a segment dropped are not looked at; a tape in error is. */
START_TEST(dropped_and_in_error)
{
    record(1, AD_RELU, 1);
    ad_reset(t);
    kill_units(layers[0].biases, 8);
    ad_segment_begin(t);
    ad_tensor y = ad_shift(apply(&layers[0], some_input(t, AD_F64, AD_SHAPE(ROWS, UNITS), 90)), 1);
    ad_segment_end(t, &y, 1);
    run(ad_mean(y));
    ad_fail(t, AD_BAD_VALUE, "an error");
    const size_t entries = ad_entry_count(t);
    print();
    ck_assert(!says("are dead"));
    ck_assert_str_eq(ad_message(t), "an error");
    ck_assert_uint_eq(ad_entry_count(t), entries);
    ad_clear_error(t);
}
END_TEST

START_TEST(not_watched)
{
    const ad_tensor w = PARAMS("w", 1, 1);
    ck_assert_int_eq(ad_backward(ad_sum(ad_scale(w, 0))), AD_OK);
    print();
    ck_assert_str_eq(verdict_on(w), "all zero");
    ck_assert(says("The gradient of w is all zero"));
    ck_assert_str_eq(cell(line_of("w"), 3), "update unknown"); /* there is no bar */
}
END_TEST

START_TEST(many_that_are_all_zero)
{
    char name[20];
    ad_tensor sum = {0};
    for (int i = 0; i < 6 + _i; i++) {
        snprintf(name, sizeof name, "w%d", i);
        const ad_tensor part = ad_sum(ad_scale(PARAMS(name, 1, 2), 0));
        sum = i ? ad_add(sum, part) : part;
    }
    run(sum);
    print();
    ck_assert(says("The gradient of w0 is all zero: in #1 = scale(w0) the factor is 0."));
    ck_assert(
        says(_i ? "There are 2 more gradients that are all zero." : "There is 1 more gradient that is all zero."));
}
END_TEST

/* Of many layers with dead units the first are named. */
START_TEST(many_dead_layers)
{
    record(9, AD_RELU, 1);
    ad_reset(t);
    ad_tensor x = some_input(t, AD_F64, AD_SHAPE(ROWS, UNITS), 90);
    for (int i = 0; i < 9; i++) {
        kill_units(layers[i].biases, 8);
        x = apply(&layers[i], x);
    }
    run(ad_mean(x));
    print();
    ck_assert(says("layer5/weights), 8 are dead") && !says("layer6/weights), 8 are dead"));
    ck_assert(says("There are 4 more layers with dead units or saturated numbers."));
}
END_TEST

static void expect_refused(ad_shown shown, ad_status status, const char *message)
{
    ck_assert_int_eq(shown.status, status);
    ck_assert_msg(strstr(shown.message, message) != NULL, "%s", shown.message);
}

START_TEST(mistakes)
{
    FILE *file = tmpfile(), *full = fopen("/dev/full", "w");
    expect_refused(ad_print_flow(NULL, file, NULL), AD_BAD_HANDLE, "print_flow: the tape is NULL");
    expect_refused(ad_print_flow(t, NULL, NULL), AD_BAD_VALUE, "print_flow: the FILE is NULL");
    expect_refused(ad_print_flow(t, file, NULL), AD_NO_GRADIENT,
                   "print_flow: no parameter has a gradient: run ad_backward");
    const ad_tensor w = PARAMS("w", 1, 1);
    ad_variable(t, AD_F64, AD_SCALAR, NULL);
    expect_refused(ad_print_flow(t, file, NULL), AD_NO_GRADIENT, "no parameter has a gradient");
    run(ad_sum(w));
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        expect_refused(ad_print_flow(t, full, NULL), AD_BAD_FILE, "cannot be written");
        fclose(full);
    }
    counting_fail(&memory, 1, COUNTING_FOR_GOOD);
    expect_refused(ad_print_flow(t, file, NULL), AD_NO_MEMORY, "memory is out");
    counting_heal(&memory);
    expect_ok(t);
    expect_refused(nn_print_flow(NULL, file, NULL), AD_BAD_HANDLE, "the classifier is NULL");
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.n_classes = 2});
    expect_refused(nn_print_flow(c, file, NULL), AD_BAD_STATE, "was not fitted yet");
    expect_refused(nn_print_flow(c, NULL, NULL), AD_BAD_VALUE, "print_flow: the FILE is NULL");
    ck_assert_int_eq(nn_classifier_status(c), AD_OK);
    nn_classifier_close(c);
    fclose(file);
}
END_TEST

/* The gradients of a classifier's last step. */
START_TEST(of_a_classifier)
{
    const float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
    const int32_t labels[] = {0, 1, 1, 0};
    const nn_data data = {.rows = 4, .columns = 2, .features = x, .labels = labels};
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.n_classes = 2, .hidden_units = {5}});
    ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 3}), AD_OK);
    FILE *file = tmpfile();
    ck_assert_int_eq(nn_print_flow(c, file, NULL).status, AD_OK);
    read_lines(file);
    ck_assert_str_eq(cell(line_of("hiddenlayer_0/weights"), 1), "[2, 5]");
    line_of("logits/biases");
    ad_tensor loss;
    ck_assert_int_eq(nn_classifier_record(c, &data, 2, &loss), AD_OK);
    file = tmpfile();
    ck_assert_int_eq(nn_print_flow(c, file, &(ad_print_options){.exact = true, .ascii = true}).status, AD_OK);
    const long n = ftell(file);
    rewind(file);
    ck_assert_uint_eq(fread(text, 1, (size_t)n, file), (size_t)n);
    fclose(file);
    const double rms = rms_of(nn_classifier_parameter(c, 0));
    ck_assert_double_eq_tol(strtod(strstr(text, "rms ") + 4, NULL), rms, 1e-14 * rms);
    ck_assert(ad_is_valid(loss) && ad_is_watched(loss.tape));
    nn_classifier_close(c);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, healthy);
    tcase_add_test(tests, vanishing);
    tcase_add_test(tests, vanishing_by_small_weights);
    tcase_add_test(tests, exploding);
    tcase_add_test(tests, one_that_is_far_larger);
    tcase_add_loop_test(tests, all_large_or_all_tiny, 0, 5);
    tcase_add_test(tests, one_that_is_tiny);
    tcase_add_test(tests, not_finite);
    tcase_add_loop_test(tests, dead_units, 0, 2);
    tcase_add_test(tests, a_small_batch);
    tcase_add_loop_test(tests, saturated, 0, 2);
    tcase_add_loop_test(tests, updates, 0, 2);
    tcase_add_test(tests, large_parameters);
    tcase_add_test(tests, odd_parameters);
    tcase_add_test(tests, in_order_of_use);
    tcase_add_test(tests, dropped_and_in_error);
    tcase_add_test(tests, not_watched);
    tcase_add_loop_test(tests, many_that_are_all_zero, 0, 2);
    tcase_add_test(tests, many_dead_layers);
    tcase_add_test(tests, mistakes);
    tcase_add_test(tests, of_a_classifier);
}

int main(void) { return run_on_one_tape("flow", add_tests); }
