/* gradtape predict: what a model predicts, as a table, as objects and as an array. Models are made by the library,
 * which also says what must come out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/model.h>

#include "../../cli/rows.h"
#include "../support/command.h"

enum { ROWS = 6, MOST_CLASSES = 3 };
static const float features[ROWS][2] = {{0.25f, 1}, {0.5f, 1.25f}, {3, -1}, {2.75f, -1.5f}, {-2, 0.5f}, {-2.25f, 0}};
static const char table[] = "x,y\n0.25,1\n0.5,1.25\n3,-1\n2.75,-1.5\n-2,0.5\n-2.25,0\n";
static const nn_column columns[] = {{.name = "x"}, {.name = "y"}};

static const nn_data data = {.features = features, .rows = ROWS, .columns = 2, .schema = NN_SCHEMA(columns)};
static const int32_t thirds[ROWS] = {0, 0, 1, 1, 2, 2}, halves[ROWS] = {0, 0, 0, 1, 1, 1};
static const int32_t flags[ROWS][2] = {{0, 0}, {0, 1}, {1, 1}, {1, 0}, {0, 1}, {0, 0}};

/* ---- Models ------------------------------------------------------------------------------------------------------ */

/* Fits a classifier, and saves it as "m". */
static nn_classifier *make_classifier(nn_classifier_options options, nn_data train)
{
    nn_classifier *c = nn_classifier_open(&options);
    nn_classifier_fit(c, &train, &(nn_fit_options){.steps = 30});
    nn_classifier_save(c, path_in_folder("m"), NULL);
    ck_assert_msg(nn_classifier_status(c) == AD_OK, "%s", nn_classifier_message(c));
    write_file("t.csv", table);
    return c;
}

/* The classes are texts: `third` is one with all that must be quoted. */
static nn_classifier *make_texts(const char *third)
{
    const char *labels[ROWS] = {"red", "red", "blue", "blue", third, third}, *classes[] = {"blue", "red", third};
    nn_data train = data;
    train.label_texts = labels;
    return make_classifier((nn_classifier_options){.label_texts = {classes, 3}}, train);
}

static nn_classifier *make_integers(const nn_head *head)
{
    static const int32_t sevens[] = {7, -3, 12};
    nn_data train = data;
    int32_t labels[ROWS];
    for (int i = 0; i < ROWS; i++)
        labels[i] = sevens[head ? halves[i] : thirds[i]];
    train.labels = labels;
    return make_classifier(
        (nn_classifier_options){.head = head, .label_integers = {sevens, head ? 2 : 3}, .hidden_units = {4}}, train);
}

static nn_classifier *make_flags(void)
{
    nn_data train = data;
    train.labels = &flags[0][0];
    return make_classifier((nn_classifier_options){.head = &nn_head_independent, .n_classes = 2}, train);
}

static nn_regressor *make_regressor(int64_t targets)
{
    float values[2 * ROWS];
    for (int i = 0; i < 2 * ROWS; i++)
        values[i] = (float)i / 3;
    nn_data train = data;
    train.targets = values;
    train.n_targets = targets;
    nn_regressor *r = nn_regressor_open(&(nn_regressor_options){.n_targets = targets});
    nn_regressor_fit(r, &train, &(nn_fit_options){.steps = 30});
    nn_regressor_save(r, path_in_folder("m"), NULL);
    ck_assert_msg(nn_regressor_status(r) == AD_OK, "%s", nn_regressor_message(r));
    write_file("t.csv", table);
    return r;
}

/* ---- What was written -------------------------------------------------------------------------------------------- */

static const command_result *predict(const char *more)
{
    char arguments[300];
    snprintf(arguments, sizeof arguments, "predict --model m --data t.csv %s", more);
    return run_command(arguments);
}

static void expect_predicted(const char *more, const char *out)
{
    predict(more);
    expect_status(0);
    expect_err_is("");
    expect_out_is(out);
}

static void expect_refused(const char *more, int status, const char *err)
{
    predict(more);
    expect_err_is(err);
    expect_out_is("");
    expect_status(status);
}

/* Reads the numbers of a result, [rows, n], each after one of `before` (or at the start of a line): they are the bits
 * that the library gives. */
static void expect_numbers(const char *text, const char *before, const float *numbers, int n)
{
    for (int i = 0; i < n; i++) {
        text += strcspn(text, before);
        ck_assert_msg(*text, "there are %d numbers, not %d", i, n);
        char *end;
        const float x = strtof(++text, &end);
        ck_assert_msg(end != text && !memcmp(&x, &numbers[i], sizeof x), "number %d is %.9g, not %.9g", i, (double)x,
                      (double)numbers[i]);
        ck_assert_msg(end - text <= 16, "%.20s has too many digits", text);
        text = end;
    }
    ck_assert_msg(strcspn(text, before) + 2 >= strlen(text), "something is left: %s", text);
}

/* The output is an array of NumPy's with this dictionary and these bytes. */
static void expect_array(const command_result *r, const char *dictionary, const void *bytes, size_t n)
{
    expect_status(0);
    const unsigned char *out = (const unsigned char *)r->out;
    ck_assert_uint_eq(r->out_bytes, 128 + n);
    ck_assert_mem_eq(out, "\x93NUMPY\1\0\x76\0", 10);
    ck_assert_mem_eq(out + 10, dictionary, strlen(dictionary));
    for (size_t i = 10 + strlen(dictionary); i < 127; i++)
        ck_assert_int_eq(out[i], ' ');
    ck_assert_int_eq(out[127], '\n');
    ck_assert_mem_eq(out + 128, bytes, n);
}

/* ---- Classes ----------------------------------------------------------------------------------------------------- */

START_TEST(one_line_a_row_names_the_class)
{
    nn_classifier_close(make_texts("green, \"dark\""));
    expect_predicted("", "label\nred\nred\nblue\nblue\n\"green, \"\"dark\"\"\"\n\"green, \"\"dark\"\"\"\n");
    expect_predicted("--format jsonl", "{\"label\":\"red\"}\n{\"label\":\"red\"}\n{\"label\":\"blue\"}\n"
                                       "{\"label\":\"blue\"}\n{\"label\":\"green, \\\"dark\\\"\"}\n"
                                       "{\"label\":\"green, \\\"dark\\\"\"}\n");
    expect_predicted("--format tsv --output classes",
                     "label\nred\nred\nblue\nblue\n\"green, \"\"dark\"\"\"\n\"green, \"\"dark\"\"\"\n");
    run_command_with("predict --model m --data -", table);
    expect_status(0);
    expect_out_is("label\nred\nred\nblue\nblue\n\"green, \"\"dark\"\"\"\n\"green, \"\"dark\"\"\"\n");
}
END_TEST

START_TEST(texts_stand_in_quotes_where_they_must)
{
    nn_classifier_close(make_texts("a\tb"));
    expect_predicted("", "label\nred\nred\nblue\nblue\na\tb\na\tb\n");
    expect_predicted("--format tsv", "label\nred\nred\nblue\nblue\n\"a\tb\"\n\"a\tb\"\n");
    nn_classifier_close(make_texts("a\nb"));
    expect_predicted("", "label\nred\nred\nblue\nblue\n\"a\nb\"\n\"a\nb\"\n");
    nn_classifier_close(make_texts("a\rb"));
    expect_predicted("--format tsv", "label\nred\nred\nblue\nblue\n\"a\rb\"\n\"a\rb\"\n");
    nn_classifier_close(make_texts("a,b"));
    expect_predicted("--format tsv", "label\nred\nred\nblue\nblue\na,b\na,b\n");
}
END_TEST

START_TEST(whole_numbers_are_numbers)
{
    static const unsigned char bytes[4 * ROWS] = {7,    0,    0,    0,    7,  0, 0, 0, 0xfd, 0xff, 0xff, 0xff,
                                                  0xfd, 0xff, 0xff, 0xff, 12, 0, 0, 0, 12,   0,    0,    0};
    nn_classifier_close(make_integers(NULL));
    expect_predicted("", "label\n7\n7\n-3\n-3\n12\n12\n");
    expect_predicted("--format jsonl", "{\"label\":7}\n{\"label\":7}\n{\"label\":-3}\n{\"label\":-3}\n{\"label\":12}\n"
                                       "{\"label\":12}\n");
    expect_array(predict("--format npy"), "{'descr': '<i4', 'fortran_order': False, 'shape': (6,), }", bytes,
                 sizeof bytes);
}
END_TEST

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

START_TEST(probabilities_have_a_column_for_each_class)
{
    float p[ROWS * MOST_CLASSES];
    nn_classifier *c = make_integers(NULL);
    ck_assert_int_eq(nn_classifier_predict_proba(c, &data, p), AD_OK);
    const command_result *r = predict("--output probabilities");
    expect_status(0);
    ck_assert_msg(!strncmp(r->out, "7,-3,12\n", 8), "%s", r->out);
    expect_numbers(r->out + 7, ",\n", p, ROWS * 3);
    r = predict("--output probabilities --format tsv");
    ck_assert_msg(!strncmp(r->out, "7\t-3\t12\n", 8), "%s", r->out);
    expect_numbers(r->out + 7, "\t\n", p, ROWS * 3);
    r = predict("--output probabilities --format jsonl");
    ck_assert_msg(!strncmp(r->out, "{\"7\":", 5) && strstr(r->out, ",\"-3\":") && strstr(r->out, "}\n{\"7\":"), "%s",
                  r->out);
    expect_numbers(r->out, ":", p, ROWS * 3);
    expect_array(predict("--output probabilities --format npy"),
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 3), }", p, sizeof p);
    nn_classifier_close(c);
}
END_TEST

START_TEST(logits_have_a_column_for_each_output)
{
    float z[ROWS * MOST_CLASSES];
    nn_classifier *c = make_integers(NULL);
    ck_assert_int_eq(nn_classifier_logits(c, &data, z), AD_OK);
    const command_result *r = predict("--output logits");
    ck_assert_msg(!strncmp(r->out, "7,-3,12\n", 8), "%s", r->out);
    expect_numbers(r->out + 7, ",\n", z, ROWS * 3);
    nn_classifier_close(c);
    c = make_integers(&nn_head_one_logit);
    ck_assert_int_eq(nn_classifier_logits(c, &data, z), AD_OK);
    r = predict("--output logits");
    ck_assert_msg(!strncmp(r->out, "logit\n", 6), "%s", r->out);
    expect_numbers(r->out + 5, "\n", z, ROWS);
    expect_array(predict("--output logits --format npy"), "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 1), }",
                 z, ROWS * sizeof *z);
    ck_assert_int_eq(nn_classifier_predict_proba(c, &data, z), AD_OK);
    r = predict("--output probabilities");
    ck_assert_msg(!strncmp(r->out, "7,-3\n", 5), "%s", r->out);
    expect_numbers(r->out + 4, ",\n", z, 2 * ROWS);
    nn_classifier_close(c);
}
END_TEST

START_TEST(independent_labels_have_a_column_each)
{
    int32_t labels[2 * ROWS];
    unsigned char bytes[2 * ROWS];
    float p[2 * ROWS];
    char lines[200] = "";
    nn_classifier *c = make_flags();
    ck_assert_int_eq(nn_classifier_predict(c, &data, labels), AD_OK);
    ck_assert_int_eq(nn_classifier_predict_proba(c, &data, p), AD_OK);
    for (int i = 0; i < ROWS; i++)
        snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "%d,%d\n", (int)labels[2 * i],
                 (int)labels[2 * i + 1]);
    for (int i = 0; i < 2 * ROWS; i++)
        bytes[i] = (unsigned char)labels[i];
    const command_result *r = predict("");
    expect_status(0);
    ck_assert_str_eq(strchr(r->out, '\n') + 1, lines);
    ck_assert(strchr(lines, '1') && strchr(lines, '0'));
    r = predict("--output probabilities");
    expect_numbers(strchr(r->out, '\n'), ",\n", p, 2 * ROWS);
    expect_array(predict("--format npy"), "{'descr': '|u1', 'fortran_order': False, 'shape': (6, 2), }", bytes,
                 sizeof bytes);
    nn_classifier_close(c);
}
END_TEST

START_TEST(a_regression_predicts_its_targets)
{
    float y[2 * ROWS];
    nn_regressor *one = make_regressor(1);
    ck_assert_int_eq(nn_regressor_predict(one, &data, y), AD_OK);
    const command_result *r = predict("");
    ck_assert_msg(!strncmp(r->out, "target\n", 7), "%s", r->out);
    expect_numbers(r->out + 6, "\n", y, ROWS);
    expect_array(predict("--format npy"), "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 1), }", y,
                 ROWS * sizeof *y);
    expect_refused("--output probabilities", 2,
                   "gradtape: --output probabilities: m predicts numbers, which have no probabilities; leave out "
                   "--output\n");
    expect_refused("--output logits", 2,
                   "gradtape: --output logits: m predicts numbers, which have no logits; leave out --output\n");
    nn_regressor_close(one);
    nn_regressor *two = make_regressor(2);
    ck_assert_int_eq(nn_regressor_predict(two, &data, y), AD_OK);
    r = predict("");
    expect_numbers(strchr(r->out, '\n'), ",\n", y, 2 * ROWS);
    nn_regressor_close(two);
}
END_TEST

/* ---- Ids --------------------------------------------------------------------------------------------------------- */

static const char with_ids[] = "x,who,y,label,red\n0.25,\"Ann, A.\",1,7,p\n3,\"say \"\"b\"\"\",-1,,q\n";

START_TEST(ids_come_first)
{
    nn_classifier_close(make_texts("green"));
    write_file("t.csv", with_ids);
    predict("--id who --quiet");
    expect_out_is("who,label\n\"Ann, A.\",red\n\"say \"\"b\"\"\",blue\n");
    predict("--id who --format jsonl");
    expect_out_is("{\"who\":\"Ann, A.\",\"label\":\"red\"}\n{\"who\":\"say \\\"b\\\"\",\"label\":\"blue\"}\n");
    predict("--id who,red");
    expect_out_is("who,red,label\n\"Ann, A.\",p,red\n\"say \"\"b\"\"\",q,blue\n");
    const command_result *r = predict("--id label --output probabilities");
    expect_status(0);
    ck_assert_msg(!strncmp(r->out, "label,blue,red,green\n7,", 23) && strstr(r->out, "\n,"), "%s", r->out);
}
END_TEST

START_TEST(ids_that_cannot_be_are_refused)
{
    nn_classifier_close(make_texts("green"));
    write_file("t.csv", with_ids);
    expect_refused("--id who --format npy --output probabilities", 2,
                   "gradtape: --format npy: the array has numbers only, and ids are texts; leave out --id, or take "
                   "--format csv\n");
    expect_refused("--format npy", 2,
                   "gradtape: --format npy: the classes of m are texts, and the array has numbers only; take --format "
                   "csv, or --output probabilities\n");
}
END_TEST

START_TEST(an_id_and_a_prediction_have_different_names)
{
    nn_classifier_close(make_texts("green"));
    write_file("t.csv", "x,label,y,predicted_red,red\n0.25,7,1,p,q\n3,8,-1,r,s\n");
    predict("--id label,predicted_red,red");
    expect_status(0);
    expect_out_is("label,predicted_red,red,predicted_label\n7,p,q,red\n8,r,s,blue\n");
    expect_err_is("gradtape: warning: an id is called 'label', too, so that the prediction is called "
                  "'predicted_label'\n");
    predict("--id label,predicted_red,red --output probabilities --format jsonl");
    expect_out("{\"label\":\"7\",\"predicted_red\":\"p\",\"red\":\"q\",\"blue\":0.");
    expect_out(",\"predicted_predicted_red\":0.");
    expect_err_is("gradtape: warning: an id is called 'red', too, so that the prediction is called "
                  "'predicted_predicted_red'\n");
}
END_TEST

/* What is true of the rows may stand beside what is predicted, for gradtape metrics. */
START_TEST(the_label_may_be_an_id)
{
    write_file("t.csv", "x,y,kind\n1,2,a\n2,1,b\n3,5,a\n");
    run_command("train --data t.csv --label kind --model m --steps 2 --quiet");
    expect_status(0);
    predict("--id kind --output probabilities");
    expect_status(0);
    expect_err_is("");
    expect_out("kind,a,b\na,0.");
    predict("");
    expect_status(0);
    expect_err_is("");
    write_file("t.csv", "x,y,kind\n1,2,other\n3,5,\n"); /* without --id it is not looked at */
    predict("");
    expect_status(0);
    expect_err_is("");
}
END_TEST

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* Writes a table of n rows, with their numbers as ids. */
static void write_rows(int n)
{
    static char text[1 << 16];
    size_t at = (size_t)snprintf(text, sizeof text, "row,x,y\n");
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%d,%d,1\n", i, i % 7 - 3);
    ck_assert_uint_lt(at, sizeof text - 1);
    write_file("many.csv", text);
}

START_TEST(no_row_is_dropped)
{
    enum { MANY = 5000 };
    nn_classifier_close(make_integers(NULL));
    write_rows(MANY);
    run_command_as((command_run){.arguments = "predict --model m --data many.csv --id row --output probabilities",
                                 .output = path_in_folder("out")});
    expect_status(0);
    const char *at = read_text_file("out");
    ck_assert_uint_gt(strlen(at), 100000);
    for (int i = 0; i < MANY; i++) {
        at = strchr(at, '\n') + 1;
        ck_assert_int_eq(strtol(at, NULL, 10), i);
    }
    ck_assert_str_eq(strchr(at, '\n'), "\n");
}
END_TEST

START_TEST(a_missing_value_is_no_dropped_row)
{
    nn_classifier_close(make_integers(NULL));
    write_file("t.csv", "x,y\n1,2\n,2\n");
    const command_result *r = predict("");
    expect_status(1);
    expect_out_is("");
    ck_assert_msg(!strncmp(r->err, "gradtape: t.csv:3", 17) && strstr(r->err, "x"), "%s", r->err);
}
END_TEST

START_TEST(other_files_are_told)
{
    nn_classifier_close(make_integers(NULL));
    write_file("t.csv", "x,z\n1,2\n");
    predict("");
    expect_out_is("");
    expect_err_is("gradtape: t.csv has no column \"y\", which the model needs\n");
    run_command("predict --model m");
    expect_status(2);
    expect_err("gradtape: --data is missing: ");
    run_command("predict --data t.csv");
    expect_status(2);
    expect_err("gradtape: --model is missing: ");
    run_command("predict --model none --data t.csv");
    expect_status(1);
    run_command("predict --model m --data none.csv");
    expect_status(1);
}
END_TEST

/* ---- Where it goes ----------------------------------------------------------------------------------------------- */

START_TEST(a_full_disk_is_an_error)
{
    nn_classifier_close(make_integers(NULL));
    run_command_as((command_run){.arguments = "predict --model m --data t.csv", .output = "/dev/full"});
    expect_status(1);
    expect_err_is("gradtape: the results could not be written to standard output: No space left on device\n");
    write_rows(5000);
    run_command_as(
        (command_run){.arguments = "predict --model m --data many.csv --output logits --quiet", .output = "/dev/full"});
    expect_status(1);
    expect_err("gradtape: the results could not be written to standard output: No space left on device\n");
}
END_TEST

/* Runs it with SIGPIPE ignored, as some programs start theirs; the reader takes a line, and ends. */
static void run_ignoring_pipe(const char *arguments)
{
    char line[4000];
    snprintf(line, sizeof line,
             "cd '%s' && trap '' PIPE && { \"$GRADTAPE_COMMAND\" %s 2>err; echo $? >status; } | head -1 >first",
             path_in_folder("."), arguments);
    ck_assert_int_eq(system(line), 0);
}

START_TEST(a_reader_that_goes_away_is_no_error)
{
    nn_classifier_close(make_integers(NULL));
    write_rows(5000);
    const char *arguments = "predict --model m --data many.csv --id row --output probabilities";
    run_command_as((command_run){.arguments = arguments, .is_reader_gone = true});
    expect_status(128 + 13);
    expect_err_is("");
    run_ignoring_pipe(arguments);
    ck_assert_str_eq(read_text_file("status"), "0\n");
    ck_assert_str_eq(read_text_file("err"), "");
    ck_assert_str_eq(read_text_file("first"), "row,7,-3,12\n");
}
END_TEST

/* Writes rows with the k-th request for memory refused. Returns the status. */
static int write_without(size_t k, cli_format format, const cli_rows *rows)
{
    counting memory;
    counting_open(&memory);
    counting_fail(&memory, k, COUNTING_ONCE);
    cli_arguments a = {.memory = ad_memory_over(&memory.allocator)};
    FILE *to = tmpfile();
    ck_assert(to != NULL);
    const int status = cli_write_rows(&a, rows, format, to);
    ck_assert_int_eq(status, memory.refused ? 1 : 0);
    ck_assert(memory.refused == 0 || ftell(to) == 0);
    fclose(to);
    counting_check_released(&memory);
    return status;
}

START_TEST(memory_that_is_out_is_an_error)
{
    static char text[1000];
    memset(text, 'a', sizeof text - 1);
    const char *const names[] = {"n"}, *const ids[] = {text, text, text};
    static const float reals[] = {1, 2, 3};
    const cli_rows rows = {.rows = 3,
                           .id_names = names,
                           .ids = ids,
                           .n_ids = 1,
                           .names = names,
                           .n = 1,
                           .cells = CLI_CELLS_REALS,
                           .reals = reals};
    size_t refused = 0;
    for (int format = 0; format < CLI_FORMATS; format++)
        for (size_t k = 1; write_without(k, (cli_format)format, &rows) != 0; k++)
            refused++;
    ck_assert_uint_gt(refused, 8);
}
END_TEST

/* JSON has no NaN and no infinity. */
START_TEST(what_json_does_not_have_is_null)
{
    static const char *const names[] = {"a", "b", "c"};
    static const float reals[] = {(float)NAN, (float)INFINITY, -0.5F};
    const cli_rows rows = {.rows = 1, .names = names, .n = 3, .cells = CLI_CELLS_REALS, .reals = reals};
    cli_arguments a = {.memory = ad_memory_over(NULL)};
    char text[100] = "";
    FILE *file = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(cli_write_rows(&a, &rows, CLI_FORMAT_JSONL, file), CLI_OK);
    fclose(file);
    ck_assert_str_eq(text, "{\"a\":null,\"b\":null,\"c\":-0.5}\n");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, one_line_a_row_names_the_class);
    tcase_add_test(tests, texts_stand_in_quotes_where_they_must);
    tcase_add_test(tests, whole_numbers_are_numbers);
    tcase_add_test(tests, probabilities_have_a_column_for_each_class);
    tcase_add_test(tests, logits_have_a_column_for_each_output);
    tcase_add_test(tests, independent_labels_have_a_column_each);
    tcase_add_test(tests, a_regression_predicts_its_targets);
    tcase_add_test(tests, ids_come_first);
    tcase_add_test(tests, ids_that_cannot_be_are_refused);
    tcase_add_test(tests, an_id_and_a_prediction_have_different_names);
    tcase_add_test(tests, the_label_may_be_an_id);
    tcase_add_test(tests, no_row_is_dropped);
    tcase_add_test(tests, a_missing_value_is_no_dropped_row);
    tcase_add_test(tests, other_files_are_told);
    tcase_add_test(tests, memory_that_is_out_is_an_error);
    tcase_add_test(tests, what_json_does_not_have_is_null);
    tcase_add_test(tests, a_full_disk_is_an_error);
    tcase_add_test(tests, a_reader_that_goes_away_is_no_error);
}

int main(void) { return run_in_folder("predict", add_tests); }
