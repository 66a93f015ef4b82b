/* gradtape metrics: figures of predictions in a table, which scikit-learn 1.9.1 gave for the same numbers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/command.h"
#include "../support/json_reader.h"

/* Other columns may hold anything: a name twice, none, texts among numbers, nothing. */
static const char table[] = ",y,junk,b,a,c,w,pred,same,same,s,half\n"
                            "0,a,x,.2,.7,.1,1,a,1,,-3,0\n"
                            "1,b,,.8,.1,.1,2,b,,1,250,1\n"
                            "2,c,7,.5,.2,.3,.5,c,,,0,1\n"
                            "3,b,-,.4,.3,.3,1,c,z,z,0,0\n"
                            "4,a,x,.5,.25,.25,1,a,1,1,1e6,1\n"
                            "5,c,8,.2,.1,.7,3,b,1,1,-3.5,0\n";

static const command_result *metrics(const char *options)
{
    char arguments[600];
    snprintf(arguments, sizeof arguments, "metrics --data t.csv %s", options);
    return run_command(arguments);
}

/* The object that a run with these options prints on one line. The caller frees it. */
static json *figures(const char *options)
{
    char more[500];
    snprintf(more, sizeof more, "%s --json", options);
    const command_result *r = metrics(more);
    expect_status(0);
    ck_assert(strchr(r->out, '\n') == r->out + r->out_bytes - 1);
    return json_read(r->out);
}

static void expect_near(double x, double wanted)
{
    ck_assert_msg(fabs(x - wanted) <= 1e-12 * fmax(1, fabs(wanted)), "%.17g is not %.17g", x, wanted);
}

static void expect_figure(const json *all, const char *name, double wanted)
{
    expect_near(json_number(json_in(all, name)), wanted);
}

/* ---- Classes ----------------------------------------------------------------------------------------------------- */

START_TEST(probabilities_are_columns_named_as_classes)
{
    write_file("t.csv", table);
    json *f = figures("--label y --probabilities b,a,c");
    expect_figure(f, "rows", 6);
    expect_figure(f, "accuracy", 2. / 3);
    expect_figure(f, "log_loss", 0.7405085560852761);
    expect_figure(f, "f1_macro", 2. / 3);
    expect_figure(f, "balanced_accuracy", 2. / 3);
    expect_figure(f, "matthews", 0.5773502691896257);
    ck_assert_str_eq(json_text(json_at(json_in(f, "classes"), 0)), "b");
    ck_assert_str_eq(json_text(json_at(json_in(f, "classes"), 2)), "c");
    ck_assert(!json_has(f, "loss") && !json_has(f, "global_step"));
    json_free(f);
}
END_TEST

START_TEST(weights_count)
{
    write_file("t.csv", table);
    json *f = figures("--label y --probabilities a,b,c --weight w");
    expect_figure(f, "accuracy", 0.8235294117647058);
    expect_figure(f, "log_loss", 0.5620656910047486);
    expect_figure(f, "f1_macro", 0.7965811965811967);
    expect_figure(f, "matthews", 0.7539998038156257);
    expect_near(json_number(json_at(json_in(f, "f1_per_class"), 2)), 0.9230769230769231);
    expect_near(json_number(json_at(json_in(f, "top_k"), 1)), 0.8823529411764706);
    ck_assert_int_eq(json_in(f, "accuracy_standard_error")->kind, JSON_NULL);
    json_free(f);
}
END_TEST

START_TEST(predictions_stand_alone)
{
    write_file("t.csv", table);
    json *f = figures("--label y --prediction pred --weight w");
    expect_figure(f, "accuracy", 0.5294117647058824);
    expect_figure(f, "f1_macro", 0.5666666666666667);
    const json *row = json_at(json_in(f, "confusion"), 2);
    expect_near(json_number(json_at(row, 0)), 0);
    expect_near(json_number(json_at(row, 1)), 3);
    expect_near(json_number(json_at(row, 2)), 0.5);
    ck_assert(!json_has(f, "log_loss"));
    json_free(f);
}
END_TEST

START_TEST(predictions_stand_beside_probabilities)
{
    write_file("t.csv", "y,a,b,p\na,.9,.1,b\nb,.2,.8,b\na,.6,.4,a\n");
    json *f = figures("--label y --probabilities a,b --prediction p");
    expect_figure(f, "accuracy", 2. / 3);
    expect_figure(f, "roc_auc", 1);
    json_free(f);
    write_file("t.csv", "y,a,b,p\na,.9,.1,b\nb,.2,.8,cat\n");
    metrics("--label y --probabilities a,b --prediction p");
    expect_status(1);
    expect_err_is("gradtape: t.csv: row 1 (from 0 on): the predicted class 'cat' is none of --probabilities (a, b)\n");
}
END_TEST

START_TEST(numbers_of_classes_are_places_of_columns)
{
    write_file("t.csv", "y,p0,p1,p2\n2,.1,.2,.7\n0,.4,.3,.3\n2,.6,.2,.2\n");
    json *f = figures("--label y --probabilities p0,p1,p2");
    expect_figure(f, "accuracy", 2. / 3);
    ck_assert_str_eq(json_text(json_at(json_in(f, "classes"), 1)), "1");
    json_free(f);
    write_file("t.csv", "2,.1,.2,.7\n0,.4,.3,.3\n2,.6,.2,.2\n"); /* columns are called 1 to 4, and 2 is a label */
    f = figures("--no-header --label 1 --probabilities 2,3,4");
    expect_figure(f, "accuracy", 2. / 3);
    json_free(f);
    write_file("t.csv", ".1,.8,.1,1\n.1,.1,.8,2\n"); /* each label is a name, too, but places count */
    f = figures("--no-header --label 4 --probabilities 1,2,3");
    expect_figure(f, "accuracy", 1);
    json_free(f);
    write_file("t.csv", "y,p0,p1\n01,.1,.9\n00,.9,.1\n"); /* with zeros before them labels are texts */
    run_command("metrics --data t.csv --label y --probabilities p0,p1");
    expect_status(1);
    expect_err("gradtape: t.csv: labels are 00, 01, and columns of --probabilities are p0, p1; ");
}
END_TEST

START_TEST(names_of_columns_that_are_numbers_are_names)
{
    write_file("t.csv", "y,1,0\n1,.9,.1\n0,.3,.7\n1,.8,.2\n");
    json *f = figures("--header --label y --probabilities 1,0");
    expect_figure(f, "accuracy", 1);
    ck_assert_str_eq(json_text(json_at(json_in(f, "classes"), 0)), "1");
    json_free(f);
}
END_TEST

START_TEST(classes_are_in_the_order_of_numbers)
{
    write_file("t.csv", "y,p\n10,9\n9,9\n-1,10\n10,10\n");
    json *f = figures("--label y --prediction p");
    ck_assert_str_eq(json_text(json_at(json_in(f, "classes"), 0)), "-1");
    ck_assert_str_eq(json_text(json_at(json_in(f, "classes"), 1)), "9");
    ck_assert_str_eq(json_text(json_at(json_in(f, "classes"), 2)), "10");
    expect_figure(f, "accuracy", 0.5);
    json_free(f);
}
END_TEST

START_TEST(columns_may_be_given_by_their_places)
{
    write_file("t.csv", "id,y,p,note\n1,a,a,x\n2,b,a,\n");
    json *f = figures("--label 2 --prediction 3");
    expect_figure(f, "accuracy", 0.5);
    json_free(f);
    write_file("t.csv", table);
    metrics("--label 2 --prediction 8");
    expect_status(1);
    expect_err_is("gradtape: t.csv:1: column 1 has no name (row numbers of a spreadsheet?); --ignore 1\n");
    f = figures("--label 2 --prediction 8 --ignore 1,9,10");
    expect_figure(f, "accuracy", 2. / 3);
    json_free(f);
}
END_TEST

START_TEST(standard_input_is_a_table)
{
    const command_result *r = run_command_with("metrics --data - --label y --prediction pred --json", table);
    expect_status(0);
    json *f = json_read(r->out);
    expect_figure(f, "accuracy", 2. / 3);
    json_free(f);
    run_command_with("metrics --data - --label 2 --prediction 3 --json", "id,y,p\n1,a,a\n2,b,a\n");
    expect_status(0);
    expect_out("\"accuracy\":0.5,");
    run_command_with("metrics --data - --label y --prediction perd", table);
    expect_status(2);
    expect_err("no column \"perd\" in standard input; did you mean \"pred\"?");
}
END_TEST

START_TEST(wide_tables_fit_80_columns)
{
    char text[4000] = "y,p\n";
    for (int i = 0; i < 10; i++)
        snprintf(text + strlen(text), 200,
                 "Größenklasse %d mit einem sehr langen Namen,Größenklasse %d mit einem sehr langen Namen\n", i, i);
    write_file("t.csv", text);
    const command_result *r = metrics("--label y --prediction p");
    expect_status(0);
    expect_out("class ");
    expect_out("true \\ called ");
    for (const char *line = r->out; *line; line += strcspn(line, "\n") + 1) {
        int width = 0;
        for (const char *at = line; *at != '\n'; at++)
            width += ((unsigned char)*at & 0xc0) != 0x80;
        ck_assert_msg(width <= 80, "%d columns: %.*s", width, (int)strcspn(line, "\n"), line);
    }
}
END_TEST

START_TEST(long_names_are_cut_by_characters)
{
    write_file("t.csv", "y,p\nGrößenklasse,Größenklasse\nKölner Straße,Größenklasse\nKölner Straßen,b\n");
    metrics("--label y --prediction p");
    expect_status(0);
    expect_out("\nclass          precision    recall        f1         rows\n"
               "Größenklasse      0.5000    1.0000    0.6667            1\n");
    expect_out("\ntrue \\ called   Größenklasse Kölner Straße Kölner Stra..             b\n"
               "Größenklasse               1             0             0             0\n"
               "Kölner Straße              1 ");
}
END_TEST

START_TEST(lines_and_tables_of_classes)
{
    write_file("t.csv", table);
    metrics("--label y --probabilities a,b,c");
    expect_status(0);
    expect_out("rows = 6\naccuracy = 0.666667\n");
    expect_out("top_1 = 0.666667\ntop_2 = 0.833333\n");
    expect_out("\nclass precision    recall        f1         rows\n"
               "a        1.0000    0.5000    0.6667            2\n");
    expect_out("\ntrue \\ called a b c\n"
               "a             1 1 0\n"
               "b             0 2 0\n"
               "c             0 1 1\n");
    metrics("--label y --probabilities a,b,c --weight w");
    expect_out("accuracy_standard_error = n/a (");
    expect_out("f1       weight\n");
    expect_out("b               0   3   0\n"
               "c               0 0.5   3\n");
}
END_TEST

START_TEST(a_table_of_confusion_that_is_too_wide_is_left_out)
{
    char text[3000] = "y,p,w\n";
    for (int i = 0; i < 10; i++)
        snprintf(text + strlen(text), 200, "k%d,k%d,1.2345e-7\n", i, i);
    write_file("t.csv", text);
    metrics("--label y --prediction p --weight w");
    expect_status(0);
    expect_out("\nThe table of confusion is wider than 80 columns; --json has it.\n");
}
END_TEST

/* ---- Scores, labels, regression ---------------------------------------------------------------------------------- */

START_TEST(scores_have_any_range)
{
    write_file("t.csv", table);
    json *f = figures("--label half --scores s");
    expect_figure(f, "roc_auc", 0.9444444444444444);
    expect_figure(f, "average_precision", 0.9166666666666665);
    expect_err_is("t.csv: the larger the score, the likelier is class '1'\n");
    json_free(f);
    f = figures("--label half --scores s --weight w --quiet");
    expect_figure(f, "roc_auc", 0.9857142857142858);
    expect_figure(f, "average_precision", 0.9682539682539683);
    expect_err_is("");
    json_free(f);
}
END_TEST

START_TEST(scores_are_for_the_second_class)
{
    write_file("t.csv", "y,s\nyes,3\nno,1\nyes,-2\nno,-5\n");
    json *f = figures("--label y --scores s");
    expect_figure(f, "roc_auc", 0.75);
    expect_err("the likelier is class 'yes'\n");
    json_free(f);
    write_file("t.csv", "y,s\n10,3\n9,1\n10,-2\n9,-5\n"); /* by bytes 9 would be the second */
    f = figures("--label y --scores s");
    expect_figure(f, "roc_auc", 0.75);
    expect_err("the likelier is class '10'\n");
    json_free(f);
}
END_TEST

START_TEST(labels_of_one_kind_are_undefined)
{
    write_file("t.csv", "y,s\n1,3\n1,1\n");
    json *f = figures("--label y --scores s");
    ck_assert_int_eq(json_in(f, "roc_auc")->kind, JSON_NULL);
    expect_figure(f, "label_mean", 1);
    json_free(f);
    metrics("--label y --scores s");
    expect_out("roc_auc = n/a (there is no negative row)\n");
    write_file("t.csv", "y,s\na,3\na,1\n");
    metrics("--label y --scores s");
    expect_status(1);
    expect_err_is("gradtape: t.csv: --scores needs two classes, and column 'y' has a\n");
}
END_TEST

START_TEST(several_labels)
{
    write_file("t.csv", "a,b,pa,pb\n0,1,.2,.9\n1,1,.6,.4\n1,0,.5,.1\n0,0,.7,.2\n1,1,.9,.8\n0,1,.1,.3\n");
    json *f = figures("--task labels --label a,b --probabilities pa,pb");
    expect_figure(f, "subset_accuracy", 0.5);
    expect_figure(f, "hamming_loss", 0.25);
    expect_near(json_number(json_at(json_in(f, "f1_per_label"), 0)), 0.8571428571428571);
    expect_near(json_number(json_at(json_in(f, "roc_auc_per_label"), 0)), 0.7777777777777779);
    ck_assert_str_eq(json_text(json_at(json_in(f, "labels"), 1)), "b");
    json_free(f);
    metrics("--task labels --label a,b --probabilities pa,pb");
    expect_out("\nlabel precision  recall      f1 roc_auc average_precision         rows\n"
               "a        0.7500  1.0000  0.8571  0.7778            0.8056            3\n"
               "b        1.0000  0.5000  0.6667  1.0000            1.0000            4\n");
    write_file("t.csv", "a,b,pa,pb\n0,1,.2,.9\n1,2,.6,.4\n");
    metrics("--task labels --label a,b --probabilities pa,pb");
    expect_status(1);
    expect_err_is("gradtape: t.csv: row 1 (from 0 on) of column 'b' is 2; for --task labels it must be 0 or 1\n");
}
END_TEST

START_TEST(several_targets)
{
    write_file("t.csv", "y,z,p,q,w\n1,100,1.5,90,1\n2,250,2,200,2\n3,-50,2.5,-40,.5\n4,0,4.25,10,1\n5,20,5,0,1\n"
                        "7,80,6,100,3\n");
    json *f = figures("--task regression --label y,z --prediction p,q");
    expect_figure(f, "mse", 300.1302083333333);
    expect_figure(f, "rmse", 12.502603895455804);
    expect_figure(f, "mae", 10.1875);
    expect_figure(f, "r2_uniform", 0.9338697313871135);
    json_free(f);
    f = figures("--task regression --label y,z --prediction p,q --weight w");
    expect_figure(f, "rmse", 14.512000430463704);
    expect_near(json_number(json_at(json_in(f, "rmse_per_target"), 1)), 28.38806708709095);
    ck_assert_str_eq(json_text(json_at(json_in(f, "targets"), 1)), "z");
    json_free(f);
    metrics("--task regression --label y,z --prediction p,q");
    expect_out("\ntarget          mse          mae         rmse           r2\n"
               "y          0.260417 ");
    metrics("--task regression --label y --prediction p");
    expect_out("rmse = 0.51031\n");
}
END_TEST

/* ---- Mistakes ---------------------------------------------------------------------------------------------------- */

static void refuses(const char *options, int status, const char *message)
{
    const command_result *r = metrics(options);
    char whole[800];
    snprintf(whole, sizeof whole, "gradtape: %s\n", message);
    expect_status(status);
    ck_assert_str_eq(r->out, "");
    expect_err_is(whole);
}

START_TEST(wrong_use_is_status_2)
{
    write_file("t.csv", table);
    run_command("metrics --label y --prediction p");
    expect_status(2);
    expect_err("gradtape: --data is missing: ");
    metrics("--prediction p");
    expect_status(2);
    expect_err("gradtape: --label is missing: ");
    refuses("--label y", 2,
            "--prediction, --probabilities and --scores are missing: which columns of t.csv were predicted? give one");
    refuses("--label y --prediction pred --scores s", 2, "--prediction and --scores: give one");
    refuses("--label y --probabilities a,b --scores s", 2, "--probabilities and --scores: give one");
    refuses("--task labels --label half --probabilities a --prediction b", 2,
            "--prediction and --probabilities: give one");
    refuses("--task regression --label w --probabilities a", 2,
            "--task regression takes --prediction, not --probabilities");
    refuses("--task labels --label half --scores a", 2, "--task labels takes --probabilities, not --scores");
    refuses("--task regression --label w,s --prediction a", 2,
            "--label names 2 columns and --prediction 1: give each label a column of predictions");
    refuses("--label y,pred --prediction a", 2,
            "--label names 2 columns, and classes are in one column; for several columns of 0 and 1 say "
            "--task labels, for several columns of numbers --task regression");
    refuses("--label y --prediction pred,a", 2, "--prediction names 2 columns, and the predicted class is in one");
    refuses("--label y --probabilities a", 2,
            "--probabilities names one column: give one for each class; a column for one of two classes is --scores a");
    refuses("--label y --prediction y", 2, "--label and --prediction both name column 'y'; give each one of its own");
    refuses("--label y --prediction pred --input npy", 2, "--input npy: metrics reads a table; leave --input out");
    metrics("--label yy --prediction pred");
    expect_status(2);
    expect_err("gradtape: no column \"yy\" in t.csv");
    metrics("--label y --prediction pred --weight weight");
    expect_status(2);
    expect_err("gradtape: no column \"weight\" in t.csv");
}
END_TEST

START_TEST(tables_that_do_not_fit_are_status_1)
{
    write_file("t.csv", table);
    refuses("--label y --prediction s", 1,
            "t.csv: no prediction is a label: predicted are -3, -3.5, 0, 1e6, 250, labels are a, b, c; they must be "
            "written alike");
    refuses("--label y --probabilities a,b", 1,
            "t.csv: labels are a, b, c, and columns of --probabilities are a, b; call each column as its class, or let "
            "labels be their places from 0 on");
    refuses("--label y --probabilities a,b,c,pred", 1, "t.csv:2:8: 'a' in column \"pred\" is not a number");
    refuses("--label y --probabilities a,b,c,s", 1,
            "the probability of row 0, column 3 is -3: it must be 0 to 1");
    refuses("--task regression --label w --prediction same", 1,
            "t.csv:1: two columns are called \"same\" (9 and 10); rename one");
    write_file("t.csv", "y,p,s\n1,1,\n1,1,2\n");
    refuses("--label y --scores s", 1,
            "t.csv: row 0 (from 0 on) has no value in column 's' of --scores; each row "
            "needs one");
    refuses("--label y --prediction p", 1, "t.csv: all labels and predictions are '1'; figures of classes need two");
    metrics("--label s --prediction p");
    expect_status(1);
    expect_err("gradtape: t.csv:2: column \"s\" is empty; each row must have a label");
    write_file("t.csv", "y,p\n");
    metrics("--label y --prediction p");
    expect_status(1);
    run_command("metrics --data none.csv --label y --prediction p");
    expect_status(1);
    expect_err("gradtape: none.csv: ");
}
END_TEST

START_TEST(results_that_cannot_be_written_are_an_error)
{
    write_file("t.csv", table);
    run_command_as(
        (command_run){.arguments = "metrics --data t.csv --label y --prediction pred", .output = "/dev/full"});
    expect_status(1);
    expect_err("gradtape: the results could not be written to standard output: ");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, probabilities_are_columns_named_as_classes);
    tcase_add_test(tests, weights_count);
    tcase_add_test(tests, predictions_stand_alone);
    tcase_add_test(tests, predictions_stand_beside_probabilities);
    tcase_add_test(tests, numbers_of_classes_are_places_of_columns);
    tcase_add_test(tests, names_of_columns_that_are_numbers_are_names);
    tcase_add_test(tests, classes_are_in_the_order_of_numbers);
    tcase_add_test(tests, columns_may_be_given_by_their_places);
    tcase_add_test(tests, standard_input_is_a_table);
    tcase_add_test(tests, wide_tables_fit_80_columns);
    tcase_add_test(tests, long_names_are_cut_by_characters);
    tcase_add_test(tests, lines_and_tables_of_classes);
    tcase_add_test(tests, a_table_of_confusion_that_is_too_wide_is_left_out);
    tcase_add_test(tests, scores_have_any_range);
    tcase_add_test(tests, scores_are_for_the_second_class);
    tcase_add_test(tests, labels_of_one_kind_are_undefined);
    tcase_add_test(tests, several_labels);
    tcase_add_test(tests, several_targets);
    tcase_add_test(tests, wrong_use_is_status_2);
    tcase_add_test(tests, tables_that_do_not_fit_are_status_1);
    tcase_add_test(tests, results_that_cannot_be_written_are_an_error);
}

int main(void) { return run_in_folder("metrics_table", add_tests); }
