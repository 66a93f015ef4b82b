/* gradtape info: what is in tables, arrays and models, as text and as JSON. */
#include <math.h>
#include <string.h>

#include "../support/check.h"
#include "../support/command.h"

static const char table[] = "age,colour,y\n30,red,yes\n41,blue,no\n4,,yes\n";

START_TEST(a_table_is_shown)
{
    static const char wanted[] = "t.csv: 3 rows, 3 columns, 1 value missing\n"
                                 "  column  kind      missing  values\n"
                                 "  age     number    0        4 to 41, mean 25\n"
                                 "  colour  category  1        2 different values: blue (1), red (1)\n"
                                 "  y       label     0        2 classes\n"
                                 "classes: yes (2), no (1)\n";
    char with_refused[1000];
    write_file("t.csv", table);
    run_command("info --data t.csv --label y --categorical colour");
    expect_status(0);
    expect_err_is("");
    snprintf(with_refused, sizeof with_refused,
             "%srefused: t.csv:4: column \"colour\" is empty; --impute mean of gradtape train fills it, --ignore "
             "colour leaves the column out\n",
             wanted);
    expect_out_is(with_refused);
    run_command_with("info --data - --label y --categorical colour", table);
    expect_status(0);
    expect_out("standard input: 3 rows, 3 columns");
    expect_out("y       label     0        2 classes");
}
END_TEST

START_TEST(a_table_is_shown_as_json)
{
    write_file("t.csv", table);
    run_command("info --data t.csv --label y --json");
    expect_status(0);
    expect_err_is("");
    expect_out_is("{\"name\":\"t.csv\",\"rows\":3,\"missing\":1,\"columns\":["
                  "{\"name\":\"age\",\"kind\":\"number\",\"missing\":0,\"numbers\":3,\"least\":4,\"largest\":41,"
                  "\"mean\":25,\"levels\":[{\"text\":\"30\",\"count\":1},{\"text\":\"4\",\"count\":1},"
                  "{\"text\":\"41\",\"count\":1}],\"has_many\":false,\"refused\":null},"
                  "{\"name\":\"colour\",\"kind\":\"number\",\"missing\":1,\"numbers\":0,\"least\":null,"
                  "\"largest\":null,\"mean\":null,\"levels\":[{\"text\":\"blue\",\"count\":1},"
                  "{\"text\":\"red\",\"count\":1}],\"has_many\":false,\"refused\":\"t.csv:2:2: 'red' in column "
                  "\\\"colour\\\" is not a number; if the column holds categories: --categorical colour\"},"
                  "{\"name\":\"y\",\"kind\":\"label\",\"missing\":0,\"numbers\":0,\"least\":null,\"largest\":null,"
                  "\"mean\":null,\"levels\":[{\"text\":\"yes\",\"count\":2},{\"text\":\"no\",\"count\":1}],"
                  "\"has_many\":false,\"refused\":null}]}\n");
}
END_TEST

/* Labels and targets of the other tasks are columns, one or more. */
START_TEST(label_follows_the_task)
{
    write_file("t.csv", "a,p,q\n1,0,1\n2,1,1\n");
    run_command("info --data t.csv --task labels --label p,q");
    expect_status(0);
    expect_out("p       target");
    expect_out("q       target");
    run_command("info --data t.csv --task regression --label 2");
    expect_out("p       target");
    run_command("info --data t.csv --label p,q");
    expect_status(2);
}
END_TEST

/* IDX files of 2 x 1 images: so many rows, with labels or without. */
static void write_idx(unsigned rows, unsigned n_labels)
{
    file_bytes images = {.n = 0}, labels = {.n = 0};
    put_bytes(&images, (const unsigned char[]){0, 0, 8, 3, 0, 0, 0, (unsigned char)rows, 0, 0, 0, 2, 0, 0, 0, 1}, 16);
    put_bytes(&labels, (const unsigned char[]){0, 0, 8, 1, 0, 0, 0, (unsigned char)n_labels}, 8);
    for (unsigned i = 0; i < rows; i++)
        put_number(&images, 3 + i + (200 - i) * 256, 2);
    for (unsigned i = 0; i < n_labels; i++)
        put_number(&labels, i % 3 ? 7 : 1, 1);
    write_file("d/train-images-idx3-ubyte", "");
    save_bytes("d/train-images-idx3-ubyte", &images);
    if (n_labels)
        save_bytes("d/train-labels-idx1-ubyte", &labels);
}

START_TEST(images_are_shown)
{
    write_idx(4, 4);
    run_command("info --data d");
    expect_status(0);
    expect_out_is("d: 4 rows, 2 features of u8, 3 to 200\n2 different labels: 1 (2), 7 (2)\n");
    run_command("info --data d --json");
    expect_out_is("{\"name\":\"d\",\"rows\":4,\"columns\":2,\"element\":\"u8\",\"missing\":0,\"least\":3,"
                  "\"largest\":200,\"classes\":[{\"text\":\"1\",\"count\":2},{\"text\":\"7\",\"count\":2}],"
                  "\"n_targets\":0,\"refused\":null}\n");
    run_command("info --data d --part test");
    expect_status(1);
    run_command("info --data d/train-images-idx3-ubyte");
    expect_out_is("d/train-images-idx3-ubyte: 4 rows, 2 features of u8, 3 to 200\n");
}
END_TEST

/* A look shows the features though the labels are not as training wants them. */
START_TEST(labels_that_cannot_be_are_told)
{
    write_idx(4, 3);
    run_command("info --data d");
    expect_status(0);
    expect_out("d: 4 rows, 2 features of u8, 3 to 200\nrefused: ");
    expect_out("3 labels");
    run_command("info --data d --json");
    expect_out("\"classes\":[],\"n_targets\":0,\"refused\":\"");
    write_idx(4, 0);
    remove(path_in_folder("d/train-labels-idx1-ubyte"));
    run_command("info --data d");
    expect_status(0);
    expect_out("refused: ");
    run_command("train --data d --model m");
    expect_status(1);
}
END_TEST

START_TEST(arrays_are_shown)
{
    file_bytes bytes;
    make_npy(&bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", 0);
    for (int i = 0; i < 6; i++)
        put_bytes(&bytes, &(float){i == 4 ? (float)NAN : (float)i - 2.5F}, 4);
    save_bytes("x.npy", &bytes);
    run_command("info --data x.npy");
    expect_out_is("x.npy: 3 rows, 2 features of f32, -2.5 to 2.5, 1 missing\n");
    write_file("t.svm", "1 1:2 3:4\n-1 2:0.5\n");
    run_command("info --data t.svm --input libsvm");
    expect_out_is("t.svm: 2 rows, 3 features of f32, 0 to 4\n2 different labels: -1 (1), 1 (1)\n"
                  "1 target of f64 for each row\n");
    write_file("y.svm", "1.5 1:2\n");
    run_command("info --data y.svm --input libsvm --json");
    expect_out("\"classes\":[],\"n_targets\":1");
}
END_TEST

/* A reader of JSON knows no infinity. */
START_TEST(what_json_does_not_have_is_null)
{
    file_bytes bytes;
    make_npy(&bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", 0);
    put_bytes(&bytes, &(float){(float)INFINITY}, 4);
    put_bytes(&bytes, &(float){-2}, 4);
    save_bytes("x.npy", &bytes);
    run_command("info --data x.npy");
    expect_out("-2 to inf");
    run_command("info --data x.npy --json");
    expect_out("\"least\":-2,\"largest\":null,");
}
END_TEST

START_TEST(a_model_is_shown)
{
    write_file("t.csv", "a,y\n1,no\n2,yes\n3,no\n4,yes\n");
    run_command("train --data t.csv --label y --model m --hidden-units 3 --steps 4 --validation t.csv");
    expect_status(0);
    run_command("info --model m");
    expect_status(0);
    expect_out("m: a classifier of gradtape ");
    expect_out("hidden_units=3");
    expect_out("hiddenlayer_0.weight F32 [3, 1]");
    run_command("info --model m --json");
    expect_status(0);
    expect_out("{\"estimator\":\"classifier\",\"version\":\"");
    expect_out("\"is_whole\":true,\"options\":\"hidden_units=3 ");
    expect_out("\"step\":4,");
    expect_out("\"goal\":4,");
    expect_out("\"note\":\"# gradtape train\\ndata = t.csv\\n");
    expect_out("\"best\":{\"step\":4,");
    expect_out("\"columns\":[{\"name\":\"a\",\"kind\":\"number\",\"width\":1,\"levels\":[]},"
               "{\"name\":\"y\",\"kind\":\"label\",\"width\":1,\"levels\":[\"no\",\"yes\"]}]");
    expect_out("{\"name\":\"hiddenlayer_0.weight\",\"type\":\"F32\",\"sizes\":[3,1]}");
    flip_bit(path_in_folder("m"), 8 * 1000);
    run_command("info --model m --json");
    ck_assert(run_command("info --model m")->status == 1 || strstr(run_command("info --model m")->out, "WRONG"));
}
END_TEST

START_TEST(what_cannot_be_looked_at_is_an_error)
{
    write_file("t.csv", table);
    run_command("info");
    expect_status(2);
    expect_err_is("gradtape: give --data FILE or --model FILE\n");
    run_command("info --data t.csv --model m");
    expect_status(2);
    expect_err_is("gradtape: --data and --model: give one\n");
    run_command("info --data none");
    expect_status(1);
    expect_err("gradtape: none: No such file or directory");
    run_command("info --data t.csv --label z");
    expect_status(2);
    expect_err("gradtape: no column \"z\" in t.csv");
    run_command("info --model t.csv");
    expect_status(1);
    expect_err("gradtape: t.csv: not a safetensors file");
    run_command_as((command_run){.arguments = "info --data t.csv", .output = "/dev/full"});
    expect_status(1);
    expect_err_is("gradtape: the results could not be written to standard output: No space left on device\n");
    run_command_as((command_run){.arguments = "info --data t.csv --json", .output = "/dev/full"});
    expect_status(1);
    ck_assert_int_eq(count_files(), 1);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_table_is_shown);
    tcase_add_test(tests, a_table_is_shown_as_json);
    tcase_add_test(tests, label_follows_the_task);
    tcase_add_test(tests, images_are_shown);
    tcase_add_test(tests, labels_that_cannot_be_are_told);
    tcase_add_test(tests, arrays_are_shown);
    tcase_add_test(tests, what_json_does_not_have_is_null);
    tcase_add_test(tests, a_model_is_shown);
    tcase_add_test(tests, what_cannot_be_looked_at_is_an_error);
}

int main(void) { return run_in_folder("info", add_tests); }
