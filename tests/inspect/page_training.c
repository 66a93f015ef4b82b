/* The view Training of a page as text: its numbers, lines, sentences and errors. tests/inspect/training.mjs opens it in
 * a browser. */
#include <float.h>
#include <math.h>

#include <gradtape/gradtape.h>
#include <gradtape/history.h>

#include "../support/one_folder.h"

enum { MOST = 4096 };

static char *page; /* the view of the page that was written last; "" if it has none */
static ad_training_row rows[MOST];
static ad_training_flow flows[MOST];
static ad_training training;

static ad_shown write_figures(const ad_training *figures)
{
    return ad_write_html(t, path_of("page.html"), &(ad_write_options){.title = "page", .training = figures});
}

static char *read_page(void)
{
    char *all = read_from_folder("page.html");
    ck_assert_int_eq(empty_folder(), 1);
    return all;
}

static void show(const ad_training *figures)
{
    const ad_shown shown = write_figures(figures);
    ck_assert_msg(shown.status == AD_OK, "%s", shown.message);
    free(page);
    page = read_page();
    char *from = strstr(page, "<section class=\"view\" id=\"v-training\"");
    char *to = from ? strstr(from, "</section>") : page;
    ck_assert_ptr_nonnull(to);
    *to = 0;
    if (from)
        memmove(page, from, strlen(from) + 1);
}

/* n rows at the steps 1, 2, .. of these losses; what is not a row of `rows` yet is not validated. */
static void give(const double *losses, size_t n)
{
    memset(rows, 0, sizeof rows);
    for (size_t i = 0; i < n; i++)
        rows[i] = (ad_training_row){.step = (int64_t)i + 1, .loss = losses[i]};
    training = (ad_training){.rows = rows, .n_rows = n};
}
#define GIVE(...) give((const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static void validate(size_t i, double loss, double accuracy)
{
    rows[i].validated = true;
    rows[i].validation_loss = loss;
    rows[i].validation_accuracy = accuracy;
}

/* One step of so many parameters, with these gradients. */
static void flow(int64_t step, const char *const *names, const double *rms, size_t n)
{
    for (size_t i = 0; i < n; i++)
        flows[training.n_flows++] =
            (ad_training_flow){.step = step, .name = names[i], .gradient_rms = rms[i], .update_ratio = rms[i] / 2};
    training.flows = flows;
}

static int count(const char *text)
{
    int n = 0;
    for (const char *at = strstr(page, text); at; at = strstr(at + 1, text))
        n++;
    return n;
}

static void expect_text(const char *text) { ck_assert_msg(count(text) > 0, "the view has no %s", text); }
static void expect_none(const char *text) { ck_assert_msg(count(text) == 0, "the view has %s", text); }

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

START_TEST(no_figures_no_view)
{
    show(NULL);
    expect_none("id=\"v-training\"");
    training = (ad_training){.n_rows = 0};
    show(&training);
    expect_none("id=\"v-training\"");
}
END_TEST

START_TEST(a_loop_of_ones_own)
{
    GIVE(2, 1, 0.25);
    show(&training);
    expect_text(
        "The loss went from <span class=\"m\" data-what=\"training-loss\" data-at=\"1\" data-exact=\"2\">2</span> at "
        "step 1 to <span class=\"m\" data-what=\"training-loss\" data-at=\"3\" data-exact=\"0.25\">0.25</span> at "
        "step 3.</p>");
    ck_assert_int_eq(count("<svg"), 1);
    expect_text("All 3 rows");
    expect_none("validation");
    expect_none("class=\"warn\"");
    GIVE(0.1);
    show(&training);
    expect_text("The loss was <span class=\"m\" data-what=\"training-loss\" data-at=\"1\" "
                "data-exact=\"0.10000000000000001\">0.1</span> at step 1.</p>");
    expect_text("M265 ");                 /* the middle of 68 and 462 */
    ck_assert_int_eq(count("h0\"/>"), 2); /* a line without a length, and its dot */
}
END_TEST

START_TEST(the_best_validation)
{
    GIVE(4, 3, 2, 1);
    validate(1, 2.5, 0.5);
    validate(2, 2.25, 0.25);
    validate(3, 3, 0.75);
    show(&training);
    expect_text(
        "The best validation was at step 3: loss <span class=\"m\" data-what=\"training-validation-loss\" "
        "data-at=\"3\" data-exact=\"2.25\">2.25</span>, accuracy <span class=\"m\" data-what=\"training-accuracy\" "
        "data-at=\"3\" data-exact=\"0.25\">0.25</span>.");
    ck_assert_int_eq(count("<svg"), 2);
    expect_text("aria-label=\"not validated\"");
    training.best = &rows[3]; /* the caller knows better */
    show(&training);
    expect_text("The best validation was at step 4: loss");
    training.best = NULL;
    for (size_t i = 1; i < 4; i++)
        rows[i].validation_loss = (double)NAN; /* is not known, and the highest accuracy counts */
    show(&training);
    expect_text("The best validation was at step 4: accuracy <span");
    expect_none("training-validation-loss");
    for (size_t i = 1; i < 4; i++)
        validate(i, 1, (double)NAN);
    show(&training);
    expect_none("training-accuracy");
    ck_assert_int_eq(count("<svg"), 1);
}
END_TEST

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

/* From 0 to 1 is from 178 to 10, the steps 1 to 3 are from 68 to 462. */
START_TEST(a_line_has_its_points)
{
    GIVE(1, 0.5, 0);
    show(&training);
    expect_text(" d=\"M68 10L265 94L462 178\"/>");
    expect_text("<text class=\"ty\" x=\"62\" y=\"182\">0</text>");
    expect_text("<text class=\"ty\" x=\"62\" y=\"98\">0.5</text>");
    expect_text("<text class=\"ty\" x=\"62\" y=\"14\">1</text>");
    ck_assert_int_eq(count("class=\"ty\""), 3);
    expect_text("<text class=\"tx\" x=\"265\" y=\"194\">2</text>");
    expect_none("logarithmic");
    GIVE(1, 0.45); /* not far from 0: the axis begins there */
    show(&training);
    expect_text(" d=\"M68 10L462 102.4\"/>");
}
END_TEST

/* Of 10000 to 1 the decades are marked: 42 from one to the next. Logarithms are taken where the largest is over 1000
 * times the smallest, and over half of the numbers lie below a hundredth of it. */
START_TEST(numbers_far_from_each_other)
{
    GIVE(10000, 99, 1);
    show(&training);
    expect_text("Loss <span class=\"note\">on a logarithmic axis");
    expect_text("M462 178L468");
    expect_text("y=\"182\">1</text>");
    expect_text("y=\"140\">10</text>");
    expect_text("y=\"14\">1e4</text>");
    GIVE(10000, 101, 1); /* one of three is small */
    show(&training);
    expect_none("logarithmic");
    expect_text("Loss <span class=\"note\">on a linear axis</span>");
    GIVE(10000, 11, 11); /* not far enough */
    show(&training);
    expect_none("logarithmic");
    GIVE(10000, 9, 0); /* 0 has no logarithm, but the others are far from each other */
    show(&training);
    expect_text("Loss <span class=\"note\">on a logarithmic axis");
    expect_text("1 number is not above 0 and has no place on a logarithmic axis.");
    GIVE(10000, 9, -1);
    show(&training);
    expect_none("logarithmic");
    GIVE(10000, 99, 1, (double)NAN); /* two of four */
    show(&training);
    expect_none("logarithmic");
}
END_TEST

START_TEST(gaps_and_words)
{
    GIVE(1, 0.5, (double)NAN, 0.5, 0, (double)INFINITY);
    show(&training);
    expect_text(" d=\"M68 10L146.8 94M304.4 94L383.2 178\"/>");
    expect_text("The training loss is not finite at step 3 and once later.");
    expect_text("training <tspan class=\"m\" data-what=\"training-loss\" data-at=\"5\" data-exact=\"0\">0</tspan>");
    GIVE(1, 0.5, (double)NAN, (double)-INFINITY);
    show(&training);
    expect_text("The training loss is not finite from step 3 on.");
    expect_text("data-exact=\"-inf\">\xe2\x88\x92\xe2\x88\x9e</span> at step 4.");
    GIVE(1, (double)NAN, 1);
    show(&training);
    expect_text("The training loss is not finite at step 2.");
    GIVE((double)NAN, (double)NAN);
    show(&training);
    expect_text("The training loss is not finite from step 1 on.");
}
END_TEST

/* Of 1,000 rows at most 120 groups are drawn, of ceil(1000 / 120) = 9 rows each: 111 groups and one row. The
 * row that is far off is among them.
 */
START_TEST(many_rows)
{
    static double losses[MOST];
    for (int i = 0; i < MOST; i++)
        losses[i] = i == 503 ? 1 : 0.25 + i % 2 * 0.25;
    give(losses, 1000);
    show(&training);
    expect_text("Of up to 9 numbers in a row the smallest and the largest are drawn.");
    char *line = strstr(page, "data-course=\"training\" d=\""), spike[40];
    ck_assert_ptr_nonnull(line);
    *strstr(line, "\"/>") = 0;
    snprintf(spike, sizeof spike, "L%.1f 10", 68 + 503 / 999.0 * 394);
    ck_assert_ptr_nonnull(strstr(line, spike));
    int points = 0;
    for (const char *at = line; *at; at++)
        points += *at == 'L';
    ck_assert_int_eq(points + 1, 2 * 111 + 1);
    show(&training);
    expect_text("Every 6th of 1000 rows, and the last");
    ck_assert_int_eq(count("<th scope=\"row\" class=\"num\">"), 168); /* 0, 6, .. 996 and 999 */
    give(losses, MOST);
    show(&training);
    expect_text("Of up to 35 numbers"); /* ceil(4096 / 120) */
    ck_assert_int_le(count("<th scope=\"row\" class=\"num\">"), 200);
    give(losses, 200);
    show(&training);
    expect_text("All 200 rows");
    ck_assert_int_eq(count("<th scope=\"row\" class=\"num\">"), 200);
    expect_none("Of up to");
}
END_TEST

START_TEST(one_row_at_the_last_step)
{
    give((const double[]){1}, 1);
    rows[0].step = INT64_MAX;
    show(&training);
    ck_assert_int_eq(count("class=\"tx\""), 1);
    expect_none("\xe2\x88\x92");
}
END_TEST

START_TEST(numbers_of_any_size)
{
    static const double cases[][3] = {{DBL_MAX, -DBL_MAX, 1},
                                      {DBL_MIN / 4, 0, DBL_MIN / 2},
                                      {5, 5, 5},
                                      {0, 0, 0},
                                      {-1e-300, -1e-299, -2e-300},
                                      {1, 1 + DBL_EPSILON, 1},
                                      {DBL_MAX, DBL_MIN, 1},
                                      {1e-320, 1, 1e300},
                                      {-5, -7, -6},
                                      {123456.5, 123457, 123458},
                                      {DBL_MAX, DBL_MAX, DBL_MAX},
                                      {1.2e308, 1.5e308, 1.3e308},
                                      {-1.5e308, -1.2e308, -1.3e308}};
    const double *numbers = cases[_i];
    give(numbers, 3);
    rows[2].step = INT64_MAX;
    show(&training);
    for (const char *at = strstr(page, " d=\""); at; at = strstr(at + 1, " d=\"")) {
        const size_t n = strcspn(at + 4, "\"");
        for (size_t i = 0; i < n; i++)
            ck_assert_msg(strchr("MLHVh0123456789. ", at[4 + i]), "a line is %.*s", (int)n, at + 4);
    }
    expect_none(">NaN</text>");
    ck_assert_int_ge(count("class=\"ty\""), 2);
    ck_assert_int_le(count("class=\"ty\""), 12);
    ck_assert_int_le(count("class=\"tx\""), 8);
}
END_TEST

/* ---- Parameters -------------------------------------------------------------------------------------------------- */

START_TEST(gradients_and_updates)
{
    static const char *const names[] = {"w1", "<w2>"};
    GIVE(1);
    flow(10, names, (const double[]){0.01, 0.125}, 2);
    flow(20, names, (const double[]){1, 0}, 2);
    flow(30, names, (const double[]){0.1, (double)NAN}, 2);
    flows[0].update_ratio = (double)NAN; /* not known: there is no such number */
    show(&training);
    ck_assert_int_eq(count("<svg"), 3);
    expect_text("Gradients and updates of 2 parameters");
    expect_text("data-what=\"training-gradient-rms\" data-of=\"w1\" data-at=\"10\" data-exact=\"0.01\"");
    expect_text("data-what=\"training-gradient-rms\" data-of=\"&#60;w2&#62;\" data-at=\"30\" data-exact=\"nan\">NaN<");
    expect_text("data-what=\"training-update-ratio\" data-of=\"w1\" data-at=\"20\" data-exact=\"0.5\"");
    expect_none("data-of=\"w1\" data-at=\"10\" data-exact=\"nan\"");
    expect_text("The gradient of &#60;w2&#62; is not finite at step 30.");
    expect_text("1 number is not above 0 and has no place on a logarithmic axis.");
    expect_text("ok from 1e\xe2\x88\x92"
                "4 to 0.01 (dotted)");
    /* Of 1e-4 to 1 the band takes the lower half. */
    expect_text("<rect class=\"ok\" x=\"68\" width=\"394\" y=\"94\" height=\"84\"/>");
    /* From 0.01 to 1 are two decades of 84. The axis of steps begins at the row of step 1: 20 lies at 68 + 19/29 394.
     */
    expect_text("data-course=\"w1\" d=\"M190.3 178L326.1 10L462 94\"");
    /* Where no update is known, its chart is left out; of updates of 0 only words are there. */
    for (size_t i = 0; i < training.n_flows; i++)
        flows[i].update_ratio = (double)NAN;
    show(&training);
    ck_assert_int_eq(count("<svg"), 2);
    expect_none("<figcaption>Update");
    flows[0].update_ratio = 0;
    show(&training);
    ck_assert_int_eq(count("<svg"), 2);
    expect_text("<figcaption>Update");
    rows[0].step = 50; /* it is the last step now */
    show(&training);
    expect_text("data-course=\"w1\" d=\"M68 178L166.5 10L265 94\"");
}
END_TEST

/* Of more than 8 the first, the last, the smallest and the largest have a name. */
START_TEST(many_parameters)
{
    static char text[300][20];
    const char *names[300];
    double rms[300];
    for (int i = 0; i < 300; i++) {
        snprintf(text[i], sizeof text[i], "scope/w%d", i);
        names[i] = text[i];
        rms[i] = i == 4 ? 1e-7 : i == 6 ? 10 : 0.1;
    }
    GIVE(1);
    flow(1, names, rms, 8);
    show(&training);
    expect_none("course thin");
    ck_assert_int_eq(count("class=\"tl m\""), 16);
    training.n_flows = 0;
    flow(1, names, rms, 9);
    show(&training);
    ck_assert_int_eq(count("class=\"tl m\""), 8);
    expect_text(">scope/w0</text>");
    expect_text(">scope/w4</text>");
    expect_text(">scope/w6</text>");
    expect_text(">scope/w8</text>");
    expect_text("Thin lines: the other 5 parameters.");
    expect_none("are not shown");
    training.n_flows = 0;
    flow(1, names, rms, 300);
    flow(2, names, rms, 300);
    show(&training);
    expect_text("Parameters after the first 200 are not shown.");
    expect_text("Gradients and updates of 200 parameters");
}
END_TEST

/* A long name loses what all have in common, then its middle. */
START_TEST(long_names)
{
    static const char *const names[] = {"encoder/layer_1/attention/weights", "encoder/layer_2/short",
                                        "encoder/\xc3\xa9\xc3\xa9\x1b/twenty-two characters"};
    GIVE(1);
    flow(1, names, (const double[]){1, 1, 1}, 3);
    show(&training);
    expect_text(">layer_1/..ion/weights</text>");
    expect_text(">encoder/layer_2/short</text>"); /* 21 characters have room */
    expect_text(">\xc3\xa9\xc3\xa9\\x1b/twen.. characters</text>");
}
END_TEST

/* 1e-6, 1e-3, 1 shrink to 1e-3 per layer. Biases are compared with biases: of 1e-9 they are no layer between. */
START_TEST(gradients_that_vanish)
{
    static const char *const names[] = {"w1", "b1", "w2", "b2", "w3"};
    for (int i = 0; i < 5; i++)
        ad_param(t, AD_F64, i % 2 ? AD_SHAPE(2) : AD_SHAPE(2, 2), NULL, names[i]);
    GIVE(1);
    flow(7, names, (const double[]){1e-6, 1e-9, 1e-3, 1e-9, 1}, 5);
    show(&training);
    expect_text(
        "<p class=\"warn\">At step 7: The gradient shrinks to 0.001 of itself per layer. Use relu, larger first "
        "weights, or fewer layers.</p>");
    flow(8, names, (const double[]){1e-3, 1e-9, 1e-3, 1e-9, 1}, 5); /* not below 1e-4 of the last any more */
    show(&training);
    expect_none("shrinks");
    flow(9, names, (const double[]){1, 1e-6, 1, 1, 1}, 5); /* biases do */
    show(&training);
    expect_text("At step 9: The gradient shrinks to 1e-06 of itself per layer.");
    flow(10, names, (const double[]){1e5, 1, 1e3, 1, 1}, 5);
    show(&training);
    expect_text("At step 10: The gradient grows to 3.2e+02 times itself per layer. Use smaller first weights");
    flow(11, names, (const double[]){1e5, 1, 1e3, 1, 1}, 1); /* one layer alone says nothing */
    show(&training);
    expect_none("times itself");
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static void expect_message(const char *message)
{
    const ad_shown shown = write_figures(&training);
    ck_assert_int_eq(shown.status, AD_BAD_VALUE);
    ck_assert_str_eq(shown.message, message);
    ck_assert_int_eq(empty_folder(), 0);
}

START_TEST(errors)
{
    static const char *const names[] = {"w", NULL};
    GIVE(1, 2, 3);
    training.rows = NULL;
    expect_message("write_html: the training has 3 rows, but their array is NULL");
    training = (ad_training){.n_flows = 2};
    expect_message("write_html: the training has 2 flows, but their array is NULL");
    training = (ad_training){.rows = rows, .n_rows = SIZE_MAX};
    char message[200];
    snprintf(message, sizeof message, "write_html: the training has %zu rows, and a page takes 4194304", SIZE_MAX);
    expect_message(message);
    GIVE(1, 2, 3);
    rows[2].step = 2;
    expect_message("write_html: row 2 of the training is at step 2, after one at step 2: sort them by their steps");
    rows[0].step = -1;
    expect_message("write_html: row 0 of the training is at step -1, which is below 0");
    GIVE(1, 2);
    rows[0].step = rows[1].step = INT64_MAX; /* no step comes after it */
    ck_assert_int_eq(write_figures(&training).status, AD_BAD_VALUE);
    GIVE(1);
    flow(5, names, (const double[]){1, 1}, 2);
    expect_message("write_html: flow 1 of the training has no name: give that of its parameter");
    flows[1] = (ad_training_flow){.step = 4, .name = "w"};
    expect_message("write_html: flow 1 of the training is at step 4, after one at step 5: sort them by their steps");
    training.n_flows = 0;
    training.best = rows;
    expect_message("write_html: the best row of the training was not validated: set .validated and a figure of it");
    training.best = &(ad_training_row){
        .step = 2, .validated = true, .validation_loss = (double)NAN, .validation_accuracy = (double)NAN};
    expect_message("write_html: the best row of the training was not validated: set .validated and a figure of it");
    training.best = &(ad_training_row){.step = -3, .validated = true, .validation_loss = 1};
    expect_message("write_html: the best row of the training is at step -3, which is below 0");
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    static const char *const names[] = {"w1", "w2"};
    size_t k = 0, refused;
    GIVE(1, 2);
    flow(1, names, (const double[]){1, 2}, 2);
    do {
        const size_t blocks = memory.blocks;
        refused = memory.refused;
        counting_fail(&memory, ++k, COUNTING_ONCE);
        const ad_shown shown = write_figures(&training);
        counting_heal(&memory);
        refused = memory.refused - refused;
        ck_assert_uint_eq(memory.blocks, blocks);
        ck_assert_int_eq(shown.status, (refused ? AD_NO_MEMORY : AD_OK));
        ck_assert_int_eq(empty_folder(), (refused ? 0 : 1));
    } while (refused);
    ck_assert_uint_ge(k, 5);
}
END_TEST

/* ---- Estimators -------------------------------------------------------------------------------------------------- */

START_TEST(the_history_of_a_classifier)
{
    static const float x[8][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {0, 0}, {0, 1}, {1, 0}, {1, 1}};
    static const int32_t labels[8] = {0, 1, 1, 0, 0, 1, 1, 0};
    const nn_data data = {.features = x, .rows = 8, .columns = 2, .labels = labels};
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.hidden_units = {8}, .n_classes = 2});
    const nn_history *h = nn_classifier_history(c);
    ck_assert_uint_eq(nn_history_training(NULL).n_rows, 0);
    ck_assert_ptr_null(nn_history_training(h).best);
    nn_classifier_fit(c, &data,
                      &(nn_fit_options){.steps = 20, .validation = &data, .validate_every = 5, .watch_every = 10});
    ck_assert_int_eq(nn_classifier_status(c), AD_OK);
    training = nn_history_training(h);
    ck_assert_uint_eq(training.n_rows, 20);
    ck_assert_uint_eq(training.n_flows, 8);
    ck_assert_ptr_eq(training.rows, nn_history_at(h, 0));
    ck_assert_ptr_eq(training.flows, nn_history_flow_at(h, 0));
    ck_assert_int_eq(training.best->step, nn_history_best(h).step);
    ck_assert(training.best->validation_loss == nn_history_best(h).validation_loss);
    show(&training);
    ck_assert_int_eq(count("<svg"), 4);
    char text[200];
    snprintf(text, sizeof text, "data-what=\"training-loss\" data-at=\"20\" data-exact=\"%.17g\"",
             nn_history_at(h, 19)->loss);
    expect_text(text);
    snprintf(text, sizeof text, "data-of=\"logits/biases\" data-at=\"20\" data-exact=\"%.17g\"",
             nn_history_flow_at(h, 7)->gradient_rms);
    expect_text(text);
    nn_classifier_close(c);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, no_figures_no_view);
    tcase_add_test(tests, a_loop_of_ones_own);
    tcase_add_test(tests, the_best_validation);
    tcase_add_test(tests, a_line_has_its_points);
    tcase_add_test(tests, numbers_far_from_each_other);
    tcase_add_test(tests, gaps_and_words);
    tcase_add_test(tests, many_rows);
    tcase_add_loop_test(tests, numbers_of_any_size, 0, 13);
    tcase_add_test(tests, one_row_at_the_last_step);
    tcase_add_test(tests, gradients_and_updates);
    tcase_add_test(tests, many_parameters);
    tcase_add_test(tests, long_names);
    tcase_add_test(tests, gradients_that_vanish);
    tcase_add_test(tests, errors);
    tcase_add_test(tests, every_allocation_may_fail);
    tcase_add_test(tests, the_history_of_a_classifier);
}

int main(void) { return run_in_one_folder("page_training", add_tests); }
