/* gradtape cross-validate: the figures are those of nn_classifier_cross_validate and of its twin. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/cross_validation.h>

#include "../support/command.h"
#include "../support/json_reader.h"

enum { ROWS = 12 };
static const double features[ROWS][2] = {{0, 1},  {1, 0},  {2, 2},  {3, 1},  {.5, 3}, {-1, 0},
                                         {-2, 1}, {-3, 2}, {-1, 3}, {-2, 2}, {.5, 1}, {-.5, 2}};
static const char *const kinds[ROWS] = {"b", "b", "b", "b", "b", "a", "a", "a", "a", "a", "a", "b"};

static void write_table(void)
{
    char text[1000] = "x,y,kind\n";
    for (int i = 0; i < ROWS; i++)
        snprintf(text + strlen(text), 60, "%g,%g,%s\n", features[i][0], features[i][1], kinds[i]);
    write_file("t.csv", text);
}

static const nn_column columns[] = {{.name = "x"}, {.name = "y"}};
static const nn_data rows = {.features = features,
                             .element = NN_F64,
                             .rows = ROWS,
                             .columns = 2,
                             .label_texts = kinds,
                             .schema = NN_SCHEMA(columns)};

static nn_cross_validation *by_library(uint64_t seed)
{
    return nn_classifier_cross_validate(
        &(nn_classifier_options){.label_texts = NN_TEXTS("a", "b"), .scaling = NN_SCALE_FEATURE, .seed = seed}, &rows,
        &(nn_cross_validation_options){.folds = 3, .seed = seed, .fit = {.steps = 50}});
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

START_TEST(lines)
{
    char line[200];
    write_table();
    nn_cross_validation *v = by_library(42);
    ck_assert_msg(nn_cross_validation_status(v) == AD_OK, "%s", nn_cross_validation_message(v));
    run_command("cross-validate --data t.csv --label kind --folds 3 --steps 50 --quiet");
    expect_status(0);
    expect_err_is("");
    for (int i = 0; i < 3; i++) {
        const nn_evaluation e = nn_cross_validation_fold(v, i);
        snprintf(line, sizeof line, "fold %d: accuracy = %.4f, loss = %.4f\n", i + 1, e.accuracy, e.loss);
        expect_out(line);
    }
    static const char *const names[] = {"accuracy", "loss", "auc"};
    for (int i = 0; i < 3; i++) {
        const nn_spread s = nn_cross_validation_figure(v, names[i]);
        snprintf(line, sizeof line, "\n%s = %.4f +- %.4f (3 folds)\n", names[i], s.mean, s.standard_error);
        expect_out(line);
    }
    nn_cross_validation_close(v);
}
END_TEST

START_TEST(json_has_all_digits)
{
    write_table();
    nn_cross_validation *v = by_library(7);
    const command_result *r =
        run_command("cross-validate --data t.csv --label kind --folds 3 --steps 50 --seed 7 --json --quiet");
    expect_status(0);
    ck_assert(strchr(r->out, '\n') == r->out + r->out_bytes - 1);
    json *f = json_read(r->out);
    ck_assert_int_eq(json_in(f, "folds")->n, 3);
    const nn_evaluation e = nn_cross_validation_fold(v, 1);
    const json *fold = json_at(json_in(f, "folds"), 1);
    ck_assert_double_eq(json_number(json_in(fold, "loss")), e.loss);
    ck_assert_double_eq(json_number(json_in(fold, "accuracy")), e.accuracy);
    ck_assert_double_eq(json_number(json_in(fold, "global_step")), 50);
    const nn_spread s = nn_cross_validation_figure(v, "loss");
    const json *loss = json_in(json_in(f, "figures"), "loss");
    ck_assert_double_eq(json_number(json_in(loss, "mean")), s.mean);
    ck_assert_double_eq(json_number(json_in(loss, "standard_error")), s.standard_error);
    ck_assert_double_eq(json_number(json_in(loss, "folds")), 3);
    json_free(f);
    nn_cross_validation_close(v);
}
END_TEST

START_TEST(regression)
{
    write_table();
    run_command("cross-validate --data t.csv --task regression --label y --ignore kind --steps 20 --folds 2 --quiet");
    expect_status(0);
    expect_out("fold 2: rmse = ");
    expect_out("\nrmse = ");
    expect_out(" (2 folds)\n");
    run_command("cross-validate --data t.csv --task regression --label y --ignore kind --steps 20 --json --quiet");
    expect_status(0);
    expect_out("\"rmse\":{\"mean\":");
}
END_TEST

START_TEST(defaults_are_said)
{
    write_table();
    run_command("cross-validate --data t.csv --label kind");
    expect_status(0);
    expect_out(" (5 folds)\n");
    expect_err("2,000 steps; ");
    expect_err("fold 5 of 5  step 2,000 of 2,000");
    ck_assert_int_eq(count_files(), 1); /* nothing is saved */
}
END_TEST

START_TEST(each_fold_has_each_class)
{
    write_file("t.csv", "x,kind\n1,a\n2,a\n3,b\n4,b\n5,a\n6,b\n7,c\n8,c\n");
    run_command("cross-validate --data t.csv --label kind --folds 2 --steps 10 --quiet");
    expect_status(0);
    run_command("cross-validate --data t.csv --label kind --folds 3 --steps 10 --quiet");
    expect_status(1);
    expect_err("--folds is 3, and the smallest class, 'c', has 2 rows; use no more folds than that\n");
}
END_TEST

START_TEST(figures_of_folds_that_lack_them)
{
    write_file("t.csv", "x,a,b\n1,0,1\n2,0,1\n3,1,0\n4,0,0\n");
    run_command("cross-validate --data t.csv --task labels --label a,b --folds 4 --steps 10 --json --quiet");
    expect_status(0);
    expect_out("\"accuracy\":{\"mean\":");
}
END_TEST

/* ---- Mistakes and signals ---------------------------------------------------------------------------------------- */

START_TEST(mistakes)
{
    write_table();
    run_command("cross-validate --label kind");
    expect_status(2);
    expect_err("gradtape: --data is missing: ");
    run_command("cross-validate --data t.csv --label kind --folds 1");
    expect_status(2);
    run_command("cross-validate --data t.csv --label kind --folds 40 --quiet");
    expect_status(1);
    expect_err("gradtape: ");
    run_command("cross-validate --data t.csv --label kind --steps 5 --epochs 5");
    expect_status(2);
    expect_err("--steps and --epochs: give one");
    run_command_as((command_run){.arguments = "cross-validate --data t.csv --label kind --steps 5 --quiet",
                                 .output = "/dev/full"});
    expect_status(1);
}
END_TEST

START_TEST(a_signal_ends_it)
{
    write_table();
    start_command((command_run){.arguments = "cross-validate --data t.csv --label kind --steps 2000000"});
    wait_for_text("step ");
    end_command(SIGINT);
    expect_status(130);
    expect_out_is("");
    expect_err("stopped in fold 1 of 5; nothing is saved, because cross-validate saves no model\n");
    ck_assert_int_eq(count_files(), 1);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, lines);
    tcase_add_test(tests, json_has_all_digits);
    tcase_add_test(tests, regression);
    tcase_add_test(tests, defaults_are_said);
    tcase_add_test(tests, each_fold_has_each_class);
    tcase_add_test(tests, figures_of_folds_that_lack_them);
    tcase_add_test(tests, mistakes);
    tcase_add_test(tests, a_signal_ends_it);
}

int main(void) { return run_in_folder("cross_validate", add_tests); }
