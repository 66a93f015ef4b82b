/* gradtape inspect: what a row is, and the files that show its gradients. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/model.h>

#include "../support/command.h"

enum { ROWS = 6 };
static const float features[ROWS][2] = {{0.25f, 1}, {0.5f, 1.25f}, {3, -1}, {2.75f, -1.5f}, {-2, 0.5f}, {-2.25f, 0}};
static const char table[] = "x,y,kind,size,rain,wind\n"
                            "0.25,1,red,1.5,0,1\n"
                            "0.5,1.25,red,2,0,0\n"
                            "3,-1,\"green, dark\",7,1,1\n"
                            "2.75,-1.5,\"green, dark\",6.5,1,0\n"
                            "-2,0.5,blue,-3,0,1\n"
                            "-2.25,0,blue,-3.25,1,1\n";

/* Trains a model "m" on the table. */
static void train(const char *options)
{
    char arguments[300];
    write_file("t.csv", table);
    snprintf(arguments, sizeof arguments, "train --data t.csv --model m --steps 40 --quiet %s", options);
    run_command(arguments);
    expect_status(0);
}

#define KIND "--label kind --ignore size,rain,wind"

static const command_result *inspect(const char *more)
{
    char arguments[300];
    snprintf(arguments, sizeof arguments, "inspect --model m --data t.csv --quiet %s", more);
    return run_command(arguments);
}

static nn_classifier *load(void)
{
    nn_classifier *c = nn_classifier_load(path_in_folder("m"), NULL);
    ck_assert_msg(nn_classifier_status(c) == AD_OK, "%s", nn_classifier_message(c));
    return c;
}

static nn_data row_at(int row)
{
    static const nn_column columns[] = {{.name = "x"}, {.name = "y"}};
    return (nn_data){.features = features[row], .rows = 1, .columns = 2, .schema = NN_SCHEMA(columns)};
}

/* The first line is this one. */
static void expect_line(const char *line)
{
    expect_status(0);
    expect_out(line);
}

/* ---- The line of the row ----------------------------------------------------------------------------------------- */

START_TEST(the_line_of_a_class_has_its_probability_and_loss)
{
    static const char *const classes[] = {"blue", "\"green, dark\"", "red"};
    static const int truth[] = {2, 2, 1, 1, 0, 0};
    train(KIND);
    nn_classifier *c = load();
    for (int row = 0; row < ROWS; row++) {
        float p[3];
        char line[200], option[20];
        const nn_data one = row_at(row);
        ck_assert_int_eq(nn_classifier_predict_proba(c, &one, p), AD_OK);
        const int best = p[0] >= p[1] && p[0] >= p[2] ? 0 : p[1] >= p[2] ? 1 : 2;
        snprintf(line, sizeof line, "row %d: label %s, predicted %s with probability %.4f, loss %.4f\n", row,
                 classes[truth[row]], classes[best], (double)p[best], -log((double)p[truth[row]]));
        snprintf(option, sizeof option, "--row %d", row);
        const command_result *r = inspect(option);
        expect_line(line);
        ck_assert_ptr_eq(strstr(r->out, line), r->out);
    }
    nn_classifier_close(c);
}
END_TEST

START_TEST(whole_numbers_are_labels)
{
    train("--label rain --ignore kind,size,wind");
    expect_status(0);
    inspect("");
    expect_line("row 0: label 0, predicted ");
    inspect("--row 2");
    expect_line("row 2: label 1, predicted ");
}
END_TEST

START_TEST(the_line_of_labels_names_each)
{
    float p[2];
    char line[200];
    train("--task labels --label rain,wind --ignore kind,size");
    nn_classifier *c = load();
    const nn_data one = row_at(3);
    ck_assert_int_eq(nn_classifier_predict_proba(c, &one, p), AD_OK);
    snprintf(
        line, sizeof line,
        "row 3: rain is 1, predicted with probability %.4f; wind is 0, predicted with probability %.4f; loss %.4f\n",
        (double)p[0], (double)p[1], -(log((double)p[0]) + log1p(-(double)p[1])) / 2);
    inspect("--row 3");
    expect_line(line);
    nn_classifier_close(c);
}
END_TEST

static void predict_targets(int row, float *y)
{
    nn_regressor *r = nn_regressor_load(path_in_folder("m"), NULL);
    const nn_data one = row_at(row);
    ck_assert_msg(nn_regressor_predict(r, &one, y) == AD_OK, "%s", nn_regressor_message(r));
    nn_regressor_close(r);
}

START_TEST(the_line_of_targets_has_their_numbers)
{
    float y[2];
    char line[200];
    train("--task regression --target-scaling none --label size --ignore kind,rain,wind");
    predict_targets(1, y);
    const double error = (double)y[0] - 2;
    snprintf(line, sizeof line, "row 1: target 2, predicted %.6g, loss ", (double)y[0]);
    const command_result *r = inspect("--row 1 --text");
    expect_line(line);
    const double loss = strtod(strstr(r->out, "loss ") + 5, NULL);
    ck_assert_double_eq_tol(loss / (error * error), 1, 1e-4);
    train("--task regression --label size,wind --ignore kind,rain");
    predict_targets(3, y);
    snprintf(line, sizeof line, "row 3: size 6.5, predicted %.6g; wind 0, predicted %.6g; loss ", (double)y[0],
             (double)y[1]);
    inspect("--row 3");
    expect_line(line);
}
END_TEST

/* ---- What is shown ----------------------------------------------------------------------------------------------- */

START_TEST(text_is_printed_if_no_file_is_named)
{
    train(KIND);
    const command_result *r = inspect("--row 1");
    expect_line("row 1: label red, ");
    expect_out("logits/weights");
    expect_out("softmax(z) - one_hot(label)");
    expect_out("rms");
    ck_assert(strstr(r->out, "row 1") < strstr(r->out, "logits/weights"));
    inspect("--row 1 --dot row.dot --text");
    expect_out("softmax(z) - one_hot(label)");
    ck_assert(file_exists("row.dot"));
    r = inspect("--row 1 --dot row.dot");
    ck_assert_ptr_eq(strchr(r->out, '\n') + 1, r->out + r->out_bytes);
}
END_TEST

START_TEST(files_are_written_with_a_title)
{
    train(KIND);
    run_command("inspect --model m --data t.csv --row 1 --html row.html --dot row.dot --json row.json");
    expect_status(0);
    expect_err("row.html is written\nrow.dot is written\nrow.json is written\n");
    ck_assert(strstr(read_text_file("row.html"), "m, row 1 of t.csv"));
    ck_assert(strstr(read_text_file("row.html"), "<html"));
    ck_assert(strstr(read_text_file("row.html"), " at step 40.")); /* the training of the model: its last step */
    ck_assert(strstr(read_text_file("row.dot"), "m, row 1 of t.csv"));
    ck_assert(strstr(read_text_file("row.dot"), "digraph"));
    ck_assert(strstr(read_text_file("row.json"), "m, row 1 of t.csv"));
    ck_assert_int_eq(read_text_file("row.json")[0], '{');
}
END_TEST

/* ---- What cannot be ---------------------------------------------------------------------------------------------- */

static void expect_refused(const char *more, int status, const char *err)
{
    const int files = count_files();
    inspect(more);
    expect_err_is(err);
    expect_out_is("");
    expect_status(status);
    ck_assert_int_eq(count_files(), files);
}

START_TEST(a_row_out_of_range_is_told_how_many_there_are)
{
    train(KIND);
    inspect("--row 6 --html row.html");
    expect_status(2);
    expect_err("gradtape: --row 6: t.csv has 6 rows, from 0 to 5\n");
    inspect("--row -1");
    expect_status(2);
    inspect("--row x");
    expect_status(2);
    ck_assert(!file_exists("row.html"));
}
END_TEST

START_TEST(files_have_names_of_their_own)
{
    train(KIND);
    expect_refused("--html -", 2, "gradtape: --html -: it is a file, not standard output; give it a name\n");
    expect_refused("--dot -", 2, "gradtape: --dot -: it is a file, not standard output; give it a name\n");
    expect_refused("--json -", 2, "gradtape: --json -: it is a file, not standard output; give it a name\n");
    inspect("--html t.csv");
    expect_status(2);
    ck_assert_str_eq(read_text_file("t.csv"), table);
    inspect("--json m");
    expect_status(2);
    nn_classifier_close(load());
    inspect("--html row --dot row");
    expect_status(2);
    ck_assert(!file_exists("row"));
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_an_error)
{
    train(KIND);
    const command_result *r = inspect("--html none/row.html");
    expect_status(1);
    expect_out_is("");
    ck_assert_msg(strstr(r->err, "gradtape: ") && strstr(r->err, "none/row.html"), "%s", r->err);
    run_command_as((command_run){.arguments = "inspect --model m --data t.csv", .output = "/dev/full"});
    expect_status(1);
    expect_err("gradtape: the results could not be written to standard output: No space left on device\n");
}
END_TEST

START_TEST(labels_are_needed)
{
    train(KIND);
    write_file("t.csv", "x,y\n1,2\n");
    const command_result *r = inspect("");
    expect_status(1);
    expect_out_is("");
    ck_assert_msg(strstr(r->err, "gradtape: t.csv has no labels: ") != NULL, "%s", r->err);
    run_command("inspect --data t.csv");
    expect_status(2);
    expect_err("gradtape: --model is missing: ");
    run_command("inspect --model m");
    expect_status(2);
    expect_err("gradtape: --data is missing: ");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, the_line_of_a_class_has_its_probability_and_loss);
    tcase_add_test(tests, whole_numbers_are_labels);
    tcase_add_test(tests, the_line_of_labels_names_each);
    tcase_add_test(tests, the_line_of_targets_has_their_numbers);
    tcase_add_test(tests, text_is_printed_if_no_file_is_named);
    tcase_add_test(tests, files_are_written_with_a_title);
    tcase_add_test(tests, a_row_out_of_range_is_told_how_many_there_are);
    tcase_add_test(tests, files_have_names_of_their_own);
    tcase_add_test(tests, a_file_that_cannot_be_written_is_an_error);
    tcase_add_test(tests, labels_are_needed);
}

int main(void) { return run_in_folder("inspect", add_tests); }
