/* gradtape evaluate: figures of a model, which are those that the library gives. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/model.h>

#include "../support/command.h"
#include "../support/json_reader.h"

enum { ROWS = 6 };
static const float features[ROWS][2] = {{0.25f, 1}, {0.5f, 1.25f}, {3, -1}, {2.75f, -1.5f}, {-2, 0.5f}, {-2.25f, 0}};
static const char table[] = "x,y,kind,size,rain,wind,w\n"
                            "0.25,1,red,1.5,0,1,1\n"
                            "0.5,1.25,red,2,0,0,2\n"
                            "3,-1,green,7,1,1,1\n"
                            "2.75,-1.5,green,6.5,1,0,.5\n"
                            "-2,0.5,blue,-3,0,1,1\n"
                            "-2.25,0,red,-3.25,1,1,1\n";

static void train(const char *options)
{
    char arguments[300];
    write_file("t.csv", table);
    snprintf(arguments, sizeof arguments, "train --data t.csv --model m --steps 40 --quiet %s", options);
    run_command(arguments);
    expect_status(0);
}

#define KIND "--label kind --ignore size,rain,wind,w"
#define FLAGS "--task labels --label rain,wind --ignore kind,size,w"
#define SIZES "--task regression --label size --ignore kind,rain,wind,w"

static const command_result *evaluate(const char *more)
{
    char arguments[300];
    snprintf(arguments, sizeof arguments, "evaluate --model m --data t.csv --quiet %s", more);
    return run_command(arguments);
}

static json *figures(const char *more)
{
    char options[200];
    snprintf(options, sizeof options, "--json %s", more);
    const command_result *r = evaluate(options);
    expect_status(0);
    ck_assert(strchr(r->out, '\n') == r->out + r->out_bytes - 1);
    return json_read(r->out);
}

static const char *last_line(const command_result *r)
{
    const char *at = r->out + r->out_bytes - 1;
    while (at > r->out && at[-1] != '\n')
        at--;
    return at;
}

static const nn_column columns[] = {{.name = "x"}, {.name = "y"}};
static const nn_data rows = {.features = features, .rows = ROWS, .columns = 2, .schema = NN_SCHEMA(columns)};

static void expect_near(double x, double wanted)
{
    ck_assert_msg(fabs(x - wanted) <= 1e-12 * fmax(1, fabs(wanted)), "%.17g is not %.17g", x, wanted);
}

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

START_TEST(classes)
{
    static const char *const kinds[ROWS] = {"red", "red", "green", "green", "blue", "red"};
    char line[200];
    train(KIND);
    nn_classifier *c = nn_classifier_load(path_in_folder("m"), NULL);
    nn_data data = rows;
    data.label_texts = kinds;
    const nn_evaluation e = nn_classifier_evaluate(c, &data);
    ck_assert_msg(e.status == AD_OK, "%s", nn_classifier_message(c));
    snprintf(line, sizeof line, "accuracy = %.4f, global_step = 40, loss = %.4f\n", e.accuracy, e.loss);
    const command_result *r = evaluate("");
    expect_status(0);
    ck_assert_str_eq(last_line(r), line);
    expect_out("rows = 6\naccuracy = ");
    expect_out("\nclass precision");
    expect_out("\ntrue \\ called  blue green   red\n");
    json *f = figures("");
    expect_near(json_number(json_in(f, "accuracy")), e.accuracy);
    expect_near(json_number(json_in(f, "loss")), e.loss);
    expect_near(json_number(json_in(f, "global_step")), 40);
    ck_assert_int_eq(json_in(f, "recall_per_class")->n, 3);
    ck_assert_str_eq(json_text(json_at(json_in(f, "classes"), 0)), "blue");
    ck_assert(fabs(json_number(json_in(f, "log_loss")) - e.loss) < 1e-6);
    json_free(f);
    nn_classifier_close(c);
}
END_TEST

START_TEST(weights_count)
{
    train(KIND);
    json *plain = figures(""), *weighted = figures("--weight w");
    ck_assert(fabs(json_number(json_in(plain, "loss")) - json_number(json_in(weighted, "loss"))) > 1e-3);
    ck_assert(fabs(json_number(json_in(weighted, "log_loss")) - json_number(json_in(weighted, "loss"))) < 1e-6);
    const json *row = json_at(json_in(weighted, "confusion"), 1);
    expect_near(json_number(json_at(row, 0)) + json_number(json_at(row, 1)) + json_number(json_at(row, 2)), 1.5);
    json_free(plain);
    json_free(weighted);
}
END_TEST

START_TEST(labels)
{
    static const int32_t flags[ROWS][2] = {{0, 1}, {0, 0}, {1, 1}, {1, 0}, {0, 1}, {1, 1}};
    char line[200];
    train(FLAGS);
    nn_classifier *c = nn_classifier_load(path_in_folder("m"), NULL);
    nn_data data = rows;
    data.labels = &flags[0][0];
    const nn_evaluation e = nn_classifier_evaluate(c, &data);
    ck_assert_msg(e.status == AD_OK, "%s", nn_classifier_message(c));
    snprintf(line, sizeof line, "accuracy = %.4f, global_step = 40, loss = %.4f\n", e.accuracy, e.loss);
    ck_assert_str_eq(last_line(evaluate("")), line);
    expect_out("\nlabel precision ");
    json *f = figures("");
    expect_near(json_number(json_in(f, "subset_accuracy")), e.accuracy);
    expect_near(json_number(json_in(f, "accuracy")), e.accuracy);
    ck_assert_str_eq(json_text(json_at(json_in(f, "labels"), 1)), "wind");
    json_free(f);
    nn_classifier_close(c);
}
END_TEST

START_TEST(regression)
{
    static const double sizes[ROWS] = {1.5, 2, 7, 6.5, -3, -3.25};
    char line[200];
    train(SIZES);
    nn_regressor *c = nn_regressor_load(path_in_folder("m"), NULL);
    nn_data data = rows;
    data.targets = sizes;
    data.target_element = NN_F64;
    const nn_evaluation e = nn_regressor_evaluate(c, &data);
    ck_assert_msg(e.status == AD_OK, "%s", nn_regressor_message(c));
    const double rmse = nn_evaluation_named(&e, "rmse").value;
    snprintf(line, sizeof line, "rmse = %.6g, global_step = 40, loss = %.6g\n", rmse, e.loss);
    ck_assert_str_eq(last_line(evaluate("")), line);
    json *f = figures("");
    ck_assert(fabs(json_number(json_in(f, "rmse")) - rmse) < 1e-6 * rmse);
    ck_assert_str_eq(json_text(json_at(json_in(f, "targets"), 0)), "size");
    ck_assert(!json_has(f, "accuracy"));
    json_free(f);
    nn_regressor_close(c);
}
END_TEST

START_TEST(columns_come_in_any_order_and_from_standard_input)
{
    char once[200];
    train(KIND);
    snprintf(once, sizeof once, "%s", last_line(evaluate("")));
    const command_result *r = run_command_with("evaluate --model m --data - --quiet",
                                               "kind,more,y,x\nred,q,1,0.25\nred,,1.25,0.5\ngreen,3,-1,3\n"
                                               "green,3,-1.5,2.75\nblue,,.5,-2\nred,,0,-2.25\n");
    expect_status(0);
    ck_assert_str_eq(last_line(r), once);
}
END_TEST

START_TEST(labels_may_be_whole_numbers)
{
    write_file("n.csv", "x,k\n1,7\n-1,-2\n2,7\n-2,-2\n");
    run_command("train --data n.csv --label k --model m --steps 200 --quiet");
    expect_status(0);
    const command_result *r = run_command("evaluate --data n.csv --model m");
    expect_status(0);
    ck_assert_msg(!strncmp(last_line(r), "accuracy = 1.0000, global_step = 200, loss = 0.", 47), "%s", r->out);
    expect_out("\ntrue \\ called -2  7\n-2             2  0\n7              0  2\n");
    expect_out("\nroc_auc = 1\n");
    write_file("n.csv", "x,k\n1,7\n-1,8\n2,8\n");
    run_command("evaluate --data n.csv --model m");
    expect_status(1);
    expect_err("gradtape: n.csv:3: class \"8\" was not in the training data (-2, 7); ");
}
END_TEST

/* ---- Mistakes ---------------------------------------------------------------------------------------------------- */

START_TEST(a_label_that_was_not_trained_is_an_error)
{
    train(KIND);
    write_file("t.csv", "x,y,kind\n1,2,red\n2,3,grey\n");
    const command_result *r = evaluate("");
    expect_status(1);
    ck_assert_str_eq(r->out, "");
    expect_err("gradtape: t.csv:3: class \"grey\" was not in the training data (blue, green, red); ");
}
END_TEST

/* Four images of 1 x 2 and their labels, as IDX files "NAME-images-idx3-ubyte" and "NAME-labels-idx1-ubyte". */
static void write_idx(const char *name, const unsigned char kinds[4])
{
    static const unsigned char images[] = {0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 9, 9, 0, 1, 8, 8, 2};
    static const unsigned char head[] = {0, 0, 8, 1, 0, 0, 0, 4};
    static file_bytes b;
    char file[80];
    b.n = 0;
    put_bytes(&b, images, sizeof images);
    snprintf(file, sizeof file, "idx/%s-images-idx3-ubyte", name);
    write_file(file, "");
    save_bytes(file, &b);
    b.n = 0;
    put_bytes(&b, head, sizeof head);
    put_bytes(&b, kinds, 4);
    snprintf(file, sizeof file, "idx/%s-labels-idx1-ubyte", name);
    save_bytes(file, &b);
}

START_TEST(labels_of_images)
{
    write_idx("train", (const unsigned char[]){3, 5, 3, 5});
    write_idx("t10k", (const unsigned char[]){3, 5, 9, 5});
    run_command("train --data idx --model m --steps 200 --quiet");
    expect_status(0);
    const command_result *r = run_command("evaluate --data idx --part train --model m");
    expect_status(0);
    ck_assert_msg(!strncmp(last_line(r), "accuracy = 1.0000, global_step = 200, loss = 0.", 47), "%s", r->out);
    run_command("evaluate --data idx --model m");
    expect_status(1);
    expect_err_is("gradtape: idx: row 2 (from 0 on): class '9' was not in the training data (3, 5); 1 row has such a "
                  "label: correct it, or leave the row out\n");
}
END_TEST

START_TEST(data_without_labels_are_an_error)
{
    train(KIND);
    write_file("t.csv", "x,y\n1,2\n2,3\n");
    const command_result *r = evaluate("");
    expect_status(1);
    ck_assert_str_eq(r->out, "");
    expect_err("gradtape: t.csv has no labels: ");
}
END_TEST

START_TEST(what_is_missing_is_said)
{
    train(KIND);
    run_command("evaluate --data t.csv");
    expect_status(2);
    expect_err("gradtape: --model is missing: ");
    run_command("evaluate --model m");
    expect_status(2);
    expect_err("gradtape: --data is missing: ");
    run_command("evaluate --model none --data t.csv");
    expect_status(1);
    expect_err("gradtape: none: ");
    write_file("t.csv", "x,kind\n1,red\n");
    evaluate("");
    expect_err("gradtape: t.csv has no column \"y\", which the model needs");
}
END_TEST

START_TEST(results_that_cannot_be_written_are_an_error)
{
    train(KIND);
    run_command_as((command_run){.arguments = "evaluate --model m --data t.csv", .output = "/dev/full"});
    expect_status(1);
    expect_err("gradtape: the results could not be written to standard output: ");
    write_file("t.csv", "x,y,kind\n1,2,red\n2,3,blue\n");
    run_command_as((command_run){.arguments = "evaluate --model m --data t.csv", .is_reader_gone = true});
    expect_err_is("");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, classes);
    tcase_add_test(tests, weights_count);
    tcase_add_test(tests, labels);
    tcase_add_test(tests, regression);
    tcase_add_test(tests, columns_come_in_any_order_and_from_standard_input);
    tcase_add_test(tests, labels_may_be_whole_numbers);
    tcase_add_test(tests, a_label_that_was_not_trained_is_an_error);
    tcase_add_test(tests, labels_of_images);
    tcase_add_test(tests, data_without_labels_are_an_error);
    tcase_add_test(tests, what_is_missing_is_said);
    tcase_add_test(tests, results_that_cannot_be_written_are_an_error);
}

int main(void) { return run_in_folder("evaluate", add_tests); }
