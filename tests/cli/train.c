/* gradtape train: what it says, what it writes, and that its models have the bits of a program's own fit. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <gradtape/csv.h>
#include <gradtape/model.h>
#include <gradtape/options.h>

#include "../support/check.h"
#include "../support/command.h"

/* ---- Files ------------------------------------------------------------------------------------------------------- */

enum { ROWS = 60, MORE_ROWS = 24, PIXELS = 4 };

/* Rows of two numbers, a category, a size, two flags and a label. `holes`: a number is missing now and then. */
static void write_table(const char *name, int from, int rows, bool holes)
{
    static const char *const kinds[] = {"red", "green", "blue"};
    static char text[1 << 14];
    strcpy(text, "a,b,kind,size,rain,wind,y\n");
    for (int i = from; i < from + rows; i++) {
        const double a = i * 7 % 13 + 0.25 * (i % 4);
        const int b = i * i % 17 - 8;
        char *end = text + strlen(text);
        if (holes && i % 9 == 4)
            sprintf(end, "?,%d,", b);
        else
            sprintf(end, "%g,%d,", a, b);
        sprintf(end + strlen(end), "%s,%g,%d,%d,%s\n", kinds[(i + b + 8) % 3], 1.5 * a - 0.5 * b, a > 6, b > 0,
                a + b > 4 ? "yes" : "no");
    }
    write_file(name, text);
}

/* The same rows as those of the other file, with the columns in another order. */
static void write_other_order(const char *name)
{
    static char text[1 << 14];
    strcpy(text, "y,b,a,wind,size,kind,rain\n");
    const char *at = strchr(read_text_file("v.csv"), '\n') + 1;
    for (; *at; at = strchr(at, '\n') + 1) {
        char w[7][20];
        ck_assert_int_eq(sscanf(at, "%19[^,],%19[^,],%19[^,],%19[^,],%19[^,],%19[^,],%19[^\n]", w[0], w[1], w[2], w[3],
                                w[4], w[5], w[6]),
                         7);
        sprintf(text + strlen(text), "%s,%s,%s,%s,%s,%s,%s\n", w[6], w[1], w[0], w[5], w[3], w[2], w[4]);
    }
    write_file(name, text);
}

static unsigned char pixels[ROWS][PIXELS];
static int32_t digits[ROWS];

static void fill_arrays(void)
{
    for (int i = 0; i < ROWS; i++) {
        for (int k = 0; k < PIXELS; k++)
            pixels[i][k] = (unsigned char)(i * (37 + 50 * k) + k * k);
        digits[i] = (pixels[i][0] > 128) + (pixels[i][1] > 128);
    }
}

static nn_data array_data(void)
{
    return (nn_data){.features = pixels, .element = NN_U8, .rows = ROWS, .columns = PIXELS, .labels = digits};
}

static void put_head(file_bytes *b, const unsigned *sizes, int n)
{
    b->n = 0;
    put_bytes(b, (unsigned char[]){0, 0, 8, (unsigned char)n}, 4);
    for (int i = 0; i < n; i++)
        put_bytes(b, (unsigned char[]){0, 0, (unsigned char)(sizes[i] >> 8), (unsigned char)sizes[i]}, 4);
}

static void write_idx(const char *part, const char *separator)
{
    static file_bytes b;
    char name[80];
    snprintf(name, sizeof name, "idx/%s-images%cidx3-ubyte", part, *separator);
    write_file(name, "");
    put_head(&b, (const unsigned[]){ROWS, 2, 2}, 3);
    put_bytes(&b, pixels, sizeof pixels);
    save_bytes(name, &b);
    put_head(&b, (const unsigned[]){ROWS}, 1);
    for (int i = 0; i < ROWS; i++)
        put_number(&b, (uint64_t)digits[i], 1);
    snprintf(name, sizeof name, "idx/%s-labels%cidx1-ubyte", part, *separator);
    save_bytes(name, &b);
}

/* An entry of an archive that is stored as it is, and what its directory says of it. */
static void put_entry(file_bytes *archive, file_bytes *directory, const char *name, const file_bytes *content)
{
    const uint64_t at = archive->n, sum = crc32(0, content->at, (unsigned)content->n);
    for (int i = 0; i < 2; i++) {
        file_bytes *to = i ? directory : archive;
        put_text(to, i ? "PK\001\002" : "PK\003\004");
        put_number(to, 20, i ? 4 : 2);
        put_number(to, 0, 4); /* flags, method */
        put_number(to, 0x210000, 4);
        put_number(to, sum, 4);
        put_number(to, content->n, 4);
        put_number(to, content->n, 4);
        put_number(to, strlen(name), 2);
        put_number(to, 0, 2);
        for (int k = 0; i && k < 5; k++)
            put_number(to, 0, 2);
        if (i)
            put_number(to, at, 4);
        put_text(to, name);
    }
    put_bytes(archive, content->at, content->n);
}

static void write_archive(const char *name, const char *x, const char *y)
{
    static file_bytes archive, directory, array;
    archive.n = directory.n = 0;
    make_npy(&array, "{'descr': '|u1', 'fortran_order': False, 'shape': (60, 4), }", 0);
    put_bytes(&array, pixels, sizeof pixels);
    put_entry(&archive, &directory, x, &array);
    make_npy(&array, "{'descr': '<i4', 'fortran_order': False, 'shape': (60,), }", 0);
    for (int i = 0; i < ROWS; i++)
        put_number(&array, (uint64_t)digits[i], 4);
    put_entry(&archive, &directory, y, &array);
    const size_t at = archive.n;
    put_bytes(&archive, directory.at, directory.n);
    put_text(&archive, "PK\005\006");
    put_number(&archive, 0, 4);
    put_number(&archive, 2, 2);
    put_number(&archive, 2, 2);
    put_number(&archive, directory.n, 4);
    put_number(&archive, at, 4);
    put_number(&archive, 0, 2);
    save_bytes(name, &archive);
}

static void write_libsvm(const char *name)
{
    static char text[1 << 14];
    *text = 0;
    for (int i = 0; i < ROWS; i++)
        sprintf(text + strlen(text), "%d 1:%d 2:%d 3:%d 4:%d\n", (int)digits[i], pixels[i][0], pixels[i][1],
                pixels[i][2], pixels[i][3]);
    write_file(name, text);
}

static void write_files(void)
{
    write_table("t.csv", 0, ROWS, false);
    write_table("v.csv", ROWS, MORE_ROWS, false);
    write_table("holes.csv", 0, ROWS, true);
    write_other_order("other.csv");
    fill_arrays();
    write_idx("train", "-");
    write_archive("xy.npz", "x.npy", "y.npy");
    write_archive("keras.npz", "x_train.npy", "y_train.npy");
    write_libsvm("t.svm");
}

/* ---- Runs -------------------------------------------------------------------------------------------------------- */

#define Y "--label y --ignore kind,size,rain,wind "
#define T "train --data t.csv --model m " Y

static const command_result *train(const char *arguments)
{
    const command_result *r = run_command(arguments);
    expect_status(0);
    ck_assert_msg(r->out_bytes == 0, "train writes on stdout: %s", r->out);
    return r;
}

/* The lines of stderr, each a text. */
typedef struct said {
    char text[1 << 14], *at[200];
    int n;
} said;

static const said *lines_of(const command_result *r)
{
    static said s;
    ck_assert(r->err_bytes < sizeof s.text && (!r->err_bytes || r->err[r->err_bytes - 1] == '\n'));
    memcpy(s.text, r->err, r->err_bytes + 1);
    s.n = 0;
    for (char *at = s.text; *at; at = strchr(at, 0) + 1) {
        ck_assert(s.n < COUNT(s.at));
        s.at[s.n++] = at;
        *strchr(at, '\n') = 0;
    }
    return &s;
}

static void expect_begin(const char *line, const char *begin)
{
    ck_assert_msg(!strncmp(line, begin, strlen(begin)), "'%s' does not begin with '%s'", line, begin);
}

static nn_model_info *look(const char *name)
{
    nn_model_info *info = nn_model_look(path_in_folder(name), NULL);
    ck_assert_msg(info && info->status == AD_OK && info->is_whole, "%s: %s", name, info ? info->message : "");
    return info;
}

static void expect_steps(const char *name, int64_t steps)
{
    nn_model_info *info = look(name);
    ck_assert_msg(info->step == steps, "%s has %lld steps", name, (long long)info->step);
    nn_model_info_close(info);
}

/* ---- What it says ------------------------------------------------------------------------------------------------ */

START_TEST(lines_are_said_in_order)
{
    write_files();
    const said *s = lines_of(train(T "--hidden-units 4 --batch-size 20 --steps 20"));
    nn_classifier *c = nn_classifier_load(path_in_folder("m"), NULL);
    ck_assert_int_eq(s->n, 13);
    ck_assert_str_eq(s->at[0], "t.csv: 60 rows, 2 columns, 2 classes (no 25, yes 35)");
    ck_assert_str_eq(s->at[1], "options: --hidden-units 4 --activation relu --dropout 0 --head softmax "
                               "--label-smoothing 0 --scaling feature --scaling-constant 255 --impute refuse "
                               "--seed 42 --optimizer adagrad:initial_accumulator=0.1 --rate 0.05");
    for (int i = 0; i < 10; i++) {
        char begin[60];
        snprintf(begin, sizeof begin, "step %d of 20  loss 0.", 2 * (i + 1));
        expect_begin(s->at[2 + i], begin);
        ck_assert_ptr_null(strstr(s->at[2 + i], "validation"));
    }
    ck_assert_str_eq(s->at[12], "m is saved after 20 steps; gradtape evaluate --model m --data FILE tests it");
    nn_classifier_close(c);
    ck_assert(file_exists("m") && !file_exists("m.1"));
}
END_TEST

START_TEST(validation_is_said)
{
    char best[200];
    write_files();
    const said *s = lines_of(train(T "--validation 0.25 --validate-every 4 --steps 20"));
    ck_assert_int_eq(s->n, 14);
    ck_assert_str_eq(s->at[0], "t.csv: 60 rows, 2 columns, 2 classes (no 25, yes 35)");
    ck_assert_ptr_null(strstr(s->at[2], "validation"));
    for (int i = 3; i < 12; i++)
        ck_assert_msg(strstr(s->at[i], "  validation "), "%s", s->at[i]);
    nn_model_info *info = look("m");
    snprintf(best, sizeof best,
             "best validation: accuracy %.4f, loss %.4f, step %d; the model has the weights of the last step "
             "(--patience keeps the best)",
             info->best.validation_accuracy, info->best.validation_loss, (int)info->best.step);
    ck_assert_str_eq(s->at[12], best);
    nn_model_info_close(info);
    s = lines_of(train("train --data t.csv --model r --task regression --label size --ignore kind,rain,wind,y "
                       "--validation 0.25 --steps 20"));
    ck_assert_str_eq(s->at[0], "t.csv: 60 rows, 2 columns");
    expect_begin(s->at[12], "best validation: loss ");
}
END_TEST

/* More than eight classes are counted, and not listed. */
START_TEST(many_classes_are_counted)
{
    write_files();
    const said *s = lines_of(train("train --data t.csv --model m --label b --ignore kind,size,rain,wind,y --steps 1"));
    ck_assert_str_eq(s->at[0], "t.csv: 60 rows, 1 column, 9 classes");
}
END_TEST

/* ---- Goals ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *options, *goal; /* NULL: nothing is said */
    int64_t steps, patience;
} goals[] = {
    {"", "2,000 steps; --steps, --to-step or --epochs says otherwise", 2000, 0},
    {"--validation 0.25 --rate 0.001 --batch-size 45",
     "at most 100 epochs; it stops after 10 validations that are no better; --steps, --to-step or --epochs says "
     "otherwise",
     100, 10},
    {"--validation v.csv --rate 0.001 --batch-size 60 --patience 3",
     "at most 100 epochs; it stops after 3 validations that are no better; --steps, --to-step or --epochs says "
     "otherwise",
     100, 3},
    {"--validation 0.25 --epochs 2 --batch-size 5", NULL, 18, 0},
    {"--to-step 7", NULL, 7, 0},
    {"--steps 9", NULL, 9, 0},
};

START_TEST(goal)
{
    char arguments[300], patience[40];
    write_files();
    snprintf(arguments, sizeof arguments, T "%s", goals[_i].options);
    const said *s = lines_of(train(arguments));
    if (goals[_i].goal)
        ck_assert_str_eq(s->at[1], goals[_i].goal);
    else
        expect_begin(s->at[1], "options: --");
    nn_model_info *info = look("m");
    ck_assert_int_eq(info->step, goals[_i].steps);
    snprintf(patience, sizeof patience, "patience = %d\n", (int)goals[_i].patience);
    ck_assert_msg(!goals[_i].patience == !strstr(info->note, "patience"), "%s", info->note);
    ck_assert_msg(!goals[_i].patience || strstr(info->note, patience), "%s", info->note);
    nn_model_info_close(info);
}
END_TEST

/* Patience ends it, with the weights of the best validation; an option of one's own counts. */
START_TEST(patience_ends_it)
{
    write_files();
    train(T "--validation 0.3 --hidden-units 30 --optimizer adam --rate 0.3 --patience 2");
    nn_model_info *info = look("m");
    ck_assert_str_eq(info->end, "patience");
    expect_err(", best at step ");
    ck_assert_int_lt(info->best.step, info->step);
    nn_model_info_close(info);
}
END_TEST

/* ---- Same bits --------------------------------------------------------------------------------------------------- */

/* A line of the command, and the same fit in C. */
typedef struct table_fit {
    const char *line;
    const char *file;
    nn_csv_options table;
    const char *options;
    nn_fit_options fit;
    const char *validation; /* a file */
} table_fit;

#define OTHERS NN_TEXTS("kind", "size", "rain", "wind")

static const table_fit table_fits[] = {
    {.line = "--data t.csv " Y "--steps 50",
     .file = "t.csv",
     .table = {.label = "y", .ignored = OTHERS},
     .options = "scaling=feature seed=42",
     .fit = {.steps = 50}},
    {.line = "--data t.csv " Y "--hidden-units 8,4 --optimizer adam:rate=0.01,beta1=0.8 --schedule "
             "cosine:steps=50,warm_up=5 --dropout 0.1 --l2 0.001 --clip-norm 0.5 --seed 7 --batch-size 7 --steps 50",
     .file = "t.csv",
     .table = {.label = "y", .ignored = OTHERS},
     .options = "hidden_units=8,4 optimiser=adam rate=0.01 beta1=0.8 schedule=cosine schedule_steps=50 warm_up=5 "
                "dropout=0.1 l2=0.001 clip_norm=0.5 seed=7 scaling=feature",
     .fit = {.batch_size = 7, .steps = 50}},
    {.line = "--data t.csv " Y "--hidden-units 8 --validation 0.25 --batch-size 9",
     .file = "t.csv",
     .table = {.label = "y", .ignored = OTHERS},
     .options = "hidden_units=8 scaling=feature seed=42",
     .fit = {.batch_size = 9, .epochs = 100, .patience = 10, .validation_share = 0.25}},
    {.line = "--data t.csv " Y "--validation other.csv --epochs 12 --patience 4 --monitor accuracy --optimizer adam",
     .file = "t.csv",
     .table = {.label = "y", .ignored = OTHERS},
     .options = "scaling=feature seed=42 optimiser=adam",
     .fit = {.epochs = 12, .patience = 4, .monitor = NN_MONITOR_ACCURACY},
     .validation = "v.csv"},
    {.line = "--data holes.csv --label y --ignore size,rain,wind --missing ? --impute level --categorical auto "
             "--hidden-units 5 --scaling minmax --as-f32 --epochs 3",
     .file = "holes.csv",
     .table = {.label = "y",
               .ignored = NN_TEXTS("size", "rain", "wind"),
               .missing = NN_TEXTS("?"),
               .keep_missing = true,
               .categorical = NN_TEXTS("auto"),
               .as_f32 = true},
     .options = "hidden_units=5 scaling=minmax impute=level seed=42",
     .fit = {.epochs = 3}},
    {.line = "--data t.csv --label y --ignore kind,size,rain --weight wind --class-weight yes=2.5 --steps 30",
     .file = "t.csv",
     .table = {.label = "y", .ignored = NN_TEXTS("kind", "size", "rain"), .weight = "wind"},
     .options = "scaling=feature seed=42 n_classes=2 label_texts=no,yes class_weights=1,2.5",
     .fit = {.steps = 30}},
    {.line = "--data t.csv " Y "--class-weight balanced --steps 30",
     .file = "t.csv",
     .table = {.label = "y", .ignored = OTHERS},
     .options =
         "scaling=feature seed=42 n_classes=2 label_texts=no,yes class_weights=1.2,0.8571428571428571", /* 60/50, 60/70
                                                                                                         */
     .fit = {.steps = 30}},
    {.line = "--data t.csv " Y "--class-weight no=0.5,yes=1.5 --steps 30",
     .file = "t.csv",
     .table = {.label = "y", .ignored = OTHERS},
     .options = "scaling=feature seed=42 n_classes=2 label_texts=no,yes class_weights=0.5,1.5",
     .fit = {.steps = 30}},
};

static nn_dataset *read_table(const char *name, const nn_csv_options *options)
{
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_msg(nn_dataset_read_csv(set, path_in_folder(name), options) == AD_OK, "%s", nn_dataset_message(set));
    return set;
}

static nn_classifier *fit_classifier(const nn_data *data, const char *text, const nn_fit_options *fit)
{
    nn_options *options = nn_options_parse(text, NN_CLASSIFIER, NULL);
    ck_assert_msg(nn_options_status(options) == AD_OK, "%s", nn_options_message(options));
    nn_classifier *c = nn_classifier_open(nn_options_classifier(options));
    ck_assert_msg(nn_classifier_fit(c, data, fit) == AD_OK, "%s", nn_classifier_message(c));
    nn_options_close(options);
    return c;
}

/* The model of the command gives the logits of the program's own, bit by bit. */
static void expect_bits(nn_classifier *own, const nn_data *data, const char *model)
{
    static float wanted[ROWS * 10], is[ROWS * 10];
    nn_classifier *c = nn_classifier_load(path_in_folder(model), NULL);
    ck_assert_msg(nn_classifier_status(c) == AD_OK, "%s", nn_classifier_message(c));
    const int64_t n = nn_classifier_class_count(own);
    ck_assert_int_eq(nn_classifier_class_count(c), n);
    ck_assert_int_eq(nn_classifier_logits(own, data, wanted), AD_OK);
    ck_assert_int_eq(nn_classifier_logits(c, data, is), AD_OK);
    for (int64_t i = 0; i < data->rows * n; i++)
        ck_assert_msg(memcmp(&is[i], &wanted[i], sizeof *is) == 0, "logit %d is %.9g, not %.9g", (int)i, (double)is[i],
                      (double)wanted[i]);
    nn_classifier_close(c);
    nn_classifier_close(own);
}

START_TEST(models_have_the_bits_of_a_fit_in_C)
{
    char arguments[400];
    const table_fit *f = &table_fits[_i];
    nn_fit_options fit = f->fit;
    write_files();
    snprintf(arguments, sizeof arguments, "train --model m %s", f->line);
    train(arguments);
    nn_dataset *set = read_table(f->file, &f->table);
    nn_dataset *held = f->validation ? read_table(f->validation, &f->table) : NULL;
    const nn_data data = nn_dataset_data(set), validation = held ? nn_dataset_data(held) : (nn_data){0};
    fit.validation = held ? &validation : NULL;
    expect_bits(fit_classifier(&data, f->options, &fit), &data, "m");
    nn_dataset_close(set);
    nn_dataset_close(held);
}
END_TEST

/* Images, arrays and LIBSVM. */
static const struct {
    const char *line, *options;
} array_fits[] = {
    {"--data idx", "scaling=global seed=42"},
    {"--data xy.npz", "scaling=global seed=42"},
    {"--data keras.npz", "scaling=global seed=42"},
    {"--data t.svm --input libsvm --scaling none", "seed=42"},
    {"--data idx --class-weight 0=3,2=0.5",
     "scaling=global seed=42 n_classes=3 label_integers=0,1,2 class_weights=3,1,0.5"},
};

START_TEST(arrays_have_the_bits_of_a_fit_in_C)
{
    char arguments[300];
    write_files();
    snprintf(arguments, sizeof arguments, "train --model m --hidden-units 6 --epochs 5 %s", array_fits[_i].line);
    const said *s = lines_of(train(arguments));
    ck_assert_msg(strstr(s->at[0], ": 60 rows, 4 columns, 3 classes (0 "), "%s", s->at[0]);
    snprintf(arguments, sizeof arguments, "hidden_units=6 %s", array_fits[_i].options);
    const nn_data data = array_data();
    expect_bits(fit_classifier(&data, arguments, &(nn_fit_options){.epochs = 5}), &data, "m");
}
END_TEST

/* Files with a point before "idx" are found too, and --part test takes the others. */
START_TEST(parts_of_a_folder)
{
    write_files();
    write_idx("t10k", ".");
    train("train --data idx --part test --model m --epochs 1");
    const nn_data data = array_data();
    expect_bits(fit_classifier(&data, "scaling=global seed=42", &(nn_fit_options){.epochs = 1}), &data, "m");
    remove(path_in_folder("idx/t10k-labels.idx1-ubyte"));
    run_command("train --data idx --part test --model n --epochs 1");
    expect_status(1);
    expect_err("t10k-labels.idx1-ubyte");
    ck_assert(!file_exists("n"));
}
END_TEST

START_TEST(standard_input)
{
    static char table[1 << 14], arguments[300];
    write_files();
    strcpy(table, read_text_file("t.csv"));
    train(T "--steps 5");
    run_command_with("train --data - --model s --steps 5 " Y, table);
    expect_status(0);
    expect_err("standard input: 60 rows, 2 columns, 2 classes (no 25, yes 35)\n");
    nn_dataset *set = read_table("t.csv", &table_fits[0].table);
    const nn_data data = nn_dataset_data(set);
    expect_bits(nn_classifier_load(path_in_folder("m"), NULL), &data, "s");
    strcpy(table, read_text_file("v.csv")); /* validation from there */
    snprintf(arguments, sizeof arguments, T "--epochs 3 --validation");
    char other[320];
    snprintf(other, sizeof other, "%s v.csv", arguments);
    train(other);
    snprintf(other, sizeof other, "%s - --model=s", arguments);
    memcpy(strstr(other, "--model m"), "         ", 9);
    run_command_with(other, table);
    expect_status(0);
    expect_bits(nn_classifier_load(path_in_folder("m"), NULL), &data, "s");
    nn_dataset_close(set);
}
END_TEST

/* ---- Tasks ------------------------------------------------------------------------------------------------------- */

START_TEST(independent_labels)
{
    static int32_t flags[ROWS][2];
    write_files();
    const said *s = lines_of(train("train --data t.csv --model m --task labels --label rain,wind --ignore kind,size,y "
                                   "--steps 25"));
    ck_assert_str_eq(s->at[0], "t.csv: 60 rows, 2 columns");
    nn_dataset *set = read_table(
        "t.csv", &(nn_csv_options){.targets = NN_TEXTS("rain", "wind"), .ignored = NN_TEXTS("kind", "size", "y")});
    nn_data data = nn_dataset_data(set);
    for (int i = 0; i < 2 * ROWS; i++)
        flags[i / 2][i % 2] = element_at(data.targets, data.target_element, i) != 0;
    data.targets = NULL;
    data.labels = &flags[0][0];
    expect_bits(
        fit_classifier(&data, "n_classes=2 head=independent scaling=feature seed=42", &(nn_fit_options){.steps = 25}),
        &data, "m");
    nn_dataset_close(set);
}
END_TEST

/* The command's regressor predicts what a program's does, bit by bit. */
static void expect_numbers_of(const nn_data *data, const char *text, const nn_fit_options *fit, const char *model)
{
    static float wanted[ROWS * 2], is[ROWS * 2];
    nn_options *options = nn_options_parse(text, NN_REGRESSOR, NULL);
    ck_assert_msg(nn_options_status(options) == AD_OK, "%s", nn_options_message(options));
    nn_regressor *own = nn_regressor_open(nn_options_regressor(options));
    nn_regressor *r = nn_regressor_load(path_in_folder(model), NULL);
    ck_assert_msg(nn_regressor_fit(own, data, fit) == AD_OK, "%s", nn_regressor_message(own));
    ck_assert_int_eq(nn_regressor_predict(own, data, wanted), AD_OK);
    ck_assert_msg(nn_regressor_predict(r, data, is) == AD_OK, "%s", nn_regressor_message(r));
    ck_assert_mem_eq(is, wanted, (size_t)data->rows * (size_t)(data->n_targets ? data->n_targets : 1) * sizeof *is);
    nn_regressor_close(own);
    nn_regressor_close(r);
    nn_options_close(options);
}

START_TEST(regression)
{
    write_files();
    train("train --data t.csv --model m --task regression --label size,b --ignore kind,rain,wind,y --steps 25 "
          "--head huber:delta=2");
    nn_dataset *set = read_table(
        "t.csv", &(nn_csv_options){.targets = NN_TEXTS("size", "b"), .ignored = NN_TEXTS("kind", "rain", "wind", "y")});
    const nn_data data = nn_dataset_data(set);
    expect_numbers_of(&data, "n_targets=2 target_scaling=standard head=huber delta=2 scaling=feature seed=42",
                      &(nn_fit_options){.steps = 25}, "m");
    nn_dataset_close(set);
}
END_TEST

/* Labels that are whole numbers are targets, if numbers are wanted. */
START_TEST(labels_as_targets)
{
    static double targets[ROWS];
    static const char *const lines[] = {"--data idx", "--data xy.npz", "--data t.svm --input libsvm --scaling global"};
    char arguments[200];
    write_files();
    nn_data data = array_data();
    for (int i = 0; i < ROWS; i++)
        targets[i] = digits[i];
    data.labels = NULL;
    data.targets = targets;
    data.target_element = NN_F64;
    for (int i = 0; i < COUNT(lines); i++) {
        snprintf(arguments, sizeof arguments, "train --model m --task regression --epochs 2 %s", lines[i]);
        train(arguments);
        expect_numbers_of(&data, "target_scaling=standard scaling=global seed=42", &(nn_fit_options){.epochs = 2}, "m");
    }
}
END_TEST

START_TEST(a_window_gives_the_same_bits)
{
    write_files();
    const said *s = lines_of(train(T "--hidden-units 5 --epochs 4 --batch-size 7 --validation v.csv --window 60"));
    ck_assert_str_eq(s->at[0], "t.csv: 60 rows, 2 columns");
    nn_dataset *set = read_table("t.csv", &table_fits[0].table), *held = read_table("v.csv", &table_fits[0].table);
    const nn_data data = nn_dataset_data(set), validation = nn_dataset_data(held);
    expect_bits(fit_classifier(&data, "hidden_units=5 scaling=feature seed=42",
                               &(nn_fit_options){.epochs = 4, .batch_size = 7, .validation = &validation}),
                &data, "m");
    train(T "--epochs 4 --batch-size 7 --window 11"); /* a small one trains too */
    expect_steps("m", 36);
    train("train --data t.csv --model r --task regression --label size --ignore kind,rain,wind,y --epochs 2 "
          "--window 60");
    nn_dataset_close(set);
    set = read_table("t.csv",
                     &(nn_csv_options){.targets = NN_TEXTS("size"), .ignored = NN_TEXTS("kind", "rain", "wind", "y")});
    const nn_data sizes = nn_dataset_data(set);
    expect_numbers_of(&sizes, "target_scaling=standard scaling=feature seed=42", &(nn_fit_options){.epochs = 2}, "r");
    nn_dataset_close(set);
    nn_dataset_close(held);
}
END_TEST

/* ---- Saving ------------------------------------------------------------------------------------------------------ */

START_TEST(saves_on_the_way)
{
    write_files();
    train(T "--steps 2500 --keep 5"); /* by itself at 1,000 and 2,000 */
    expect_steps("m", 2500);
    expect_steps("m.1", 2000);
    expect_steps("m.2", 1000);
    ck_assert(!file_exists("m.3"));
    train("train --data t.csv --model n " Y "--steps 50 --save-every 20 --keep 1");
    expect_steps("n", 50);
    expect_steps("n.1", 40);
    ck_assert(!file_exists("n.2"));
    train("train --data t.csv --model o " Y "--steps 50 --save-every 20");
    ck_assert(file_exists("o") && !file_exists("o.1"));
}
END_TEST

START_TEST(the_model_that_gives_way_is_named)
{
    write_files();
    train(T "--steps 5");
    train(T "--steps 7 --keep 1");
    expect_err("\nm is a model of 5 steps, which this one replaces; --resume goes on with it\n");
    expect_steps("m", 7);
    expect_steps("m.1", 5);
    train("train --data t.csv --model new --steps 5 " Y);
    ck_assert_ptr_null(strstr(run_command(T "--steps 1 --quiet")->err, "replaces"));
}
END_TEST

START_TEST(history)
{
    static char table[1 << 14];
    write_files();
    train(T "--steps 40 --validation 0.25 --validate-every 10 --history h.csv");
    strcpy(table, read_text_file("h.csv"));
    expect_begin(table, "step,epoch,loss,");
    int n = 0;
    for (const char *at = table; (at = strchr(at, '\n')) != NULL; at++)
        n++;
    nn_classifier *c = nn_classifier_load(path_in_folder("m"), NULL);
    FILE *file = fopen(path_in_folder("own.csv"), "w");
    ck_assert_int_eq(nn_write_history(nn_classifier_history(c), file).status, AD_OK);
    fclose(file);
    nn_classifier_close(c);
    ck_assert_str_eq(read_text_file("own.csv"), table);
    ck_assert_int_ge(n, 5);
    ck_assert(!file_exists("h.csv.part"));
    write_file("h.csv", "old\n"); /* a run that fails leaves it, one that does not replaces it */
    run_command("train --data none.csv --label y --model m --history h.csv");
    expect_status(1);
    ck_assert_str_eq(read_text_file("h.csv"), "old\n");
    train(T "--steps 40 --validation 0.25 --validate-every 10 --history h.csv");
    ck_assert_str_eq(read_text_file("h.csv"), table);
}
END_TEST

START_TEST(a_history_that_cannot_be_written_stops_all)
{
    write_files();
    const int files = count_files();
    run_command(T "--steps 5 --history none/h.csv");
    expect_status(1);
    expect_err("gradtape: the results could not be written to none/h.csv: No such file or directory\n");
    mkdir(path_in_folder("h.csv"), 0777);
    run_command(T "--steps 5 --history h.csv");
    expect_status(1);
    expect_err("gradtape: the results could not be written to h.csv: ");
    ck_assert(!file_exists("m"));
    ck_assert_int_eq(count_files(), files + 1);
}
END_TEST

/* ---- What goes wrong --------------------------------------------------------------------------------------------- */

/* Each leaves the model as it was, and no file more. */
static const struct {
    int status;
    const char *line, *message;
} mistakes[] = {
    {1, "--data bad.csv " Y, "bad.csv:3:1: 'x' in column \"a\" is not a number"},
    {1, "--data ragged.csv --label y", "ragged.csv:3: 2 fields where the header has 3"},
    {1, "--data none.csv --label y", "none.csv"},
    {1, "--data one.csv --label y", "gradtape: one.csv: all 3 labels are 'yes'; a classifier needs two\n"},
    {1, "--data t.csv --label size --ignore kind,rain,wind,y",
     "gradtape: t.csv: column 'size' has numbers with fractions as labels: numbers are predicted by --task "
     "regression; if they are classes after all, say --task classes\n"},
    {1, "--data many.csv --label y",
     "gradtape: many.csv: column 'y' has 101 different numbers as labels: numbers are predicted by --task "
     "regression; if they are classes after all, say --task classes\n"},
    {1, "--data t.csv --task labels --label b --ignore kind,size,rain,wind,y", "for --task labels it must be 0 or 1"},
    {1, "--data flags.csv --task labels --label b",
     "gradtape: flags.csv: row 1203 (from 0 on) of column 'b' is 2; for --task labels it must be 0 or 1\n"},
    {2, "--data t.csv --label z", "gradtape: "},
    {2, "--data t.csv " Y "--rate -1", "gradtape: --rate: "},
    {2, "--data t.csv " Y "--class-weight maybe=2",
     "gradtape: --class-weight: 'maybe' is no class of t.csv (no, yes)\n"},
    {2, "--data tab.csv --label y --class-weight a=2",
     "gradtape: --class-weight: 'a' is no class of tab.csv (a\\x09b, c)\n"},
    {2, "--data t.csv " Y "--class-weight yes=x", "gradtape: --class-weight: 'yes=x' is not CLASS=X,.. "},
    {2, "--data t.csv --task labels --label rain,wind --ignore kind,size,y --class-weight 1=2",
     "gradtape: --class-weight: --task labels has no classes"},
    {2, "--data t.csv " Y "--validation 0", "gradtape: --validation: '0' is not above 0 and below 1"},
    {2, "--data t.csv " Y "--validation 1", "gradtape: --validation: '1' is not above 0 and below 1"},
    {1, "--data t.csv " Y "--validation none.csv", "none.csv"},
    {1, "--data small.csv --label y --validation lacks.csv", "lacks.csv has no column \"b\", which the model needs"},
    {1, "--data small.csv --label y --validation unseen.csv", "class \"perhaps\" "},
    {2, "--data t.csv " Y "--patience 3 --steps 4", "validation"},
    {2, "--data - --validation - " Y, "gradtape: --data - and --validation -: standard input can be read only once\n"},
    {2, "--data - --config - " Y, "gradtape: "},
    {2, "--data t.csv", "gradtape: --label is missing: which column of t.csv is to be predicted? it has a, b, kind, "},
    {2, "--label y", "gradtape: --data is missing: "},
};

/* The last row's label is none. A number of a row has no commas, so that --row takes it. */
static void write_flags(void)
{
    static char text[6000];
    strcpy(text, "a,b\n");
    for (int i = 0; i < 1203; i++)
        strcat(text, "1,0\n");
    write_file("flags.csv", strcat(text, "1,2\n"));
}

static void write_bad_tables(void)
{
    char text[2000] = "a,y\n";
    write_file("bad.csv", "a,b,kind,size,rain,wind,y\n1,2,red,3,1,0,yes\nx,2,red,3,1,0,no\n");
    write_file("ragged.csv", "a,b,y\n1,2,yes\n1,no\n");
    write_file("one.csv", "a,y\n1,yes\n2,yes\n3,yes\n");
    write_file("small.csv", "a,b,y\n1,2,yes\n2,1,no\n");
    write_file("lacks.csv", "a,y\n1,yes\n2,no\n");
    write_file("unseen.csv", "a,b,y\n1,2,yes\n2,1,perhaps\n");
    for (int i = 0; i <= 100; i++)
        sprintf(text + strlen(text), "%d,%d\n", i, i);
    write_file("many.csv", text);
    write_file("tab.csv", "x,y\n1,a\tb\n2,c\n");
    write_flags();
}

START_TEST(a_mistake_leaves_the_model)
{
    char arguments[400];
    static file_bytes before, after;
    write_files();
    write_bad_tables();
    train(T "--steps 5");
    load_bytes(path_in_folder("m"), &before);
    const int files = count_files();
    snprintf(arguments, sizeof arguments, "train --model m %s", mistakes[_i].line);
    run_command_with(arguments, "a,b,kind,size,rain,wind,y\n1,2,red,3,1,0,yes\n");
    expect_status(mistakes[_i].status);
    expect_err(mistakes[_i].message);
    load_bytes(path_in_folder("m"), &after);
    ck_assert(before.n == after.n && !memcmp(before.at, after.at, before.n));
    ck_assert_int_eq(count_files(), files);
}
END_TEST

/* Labels that are numbers are classes, if that is said. */
START_TEST(numbers_can_be_classes)
{
    write_files();
    write_bad_tables();
    train("train --data many.csv --label y --task classes --model m --steps 2");
    expect_err(", 101 classes\n");
}
END_TEST

START_TEST(a_loss_that_is_not_finite)
{
    write_files();
    run_command("train --data t.csv --model m --task regression --label size --ignore kind,rain,wind,y --steps 50 "
                "--target-scaling none --rate 1e30");
    expect_status(1);
    expect_err("\ngradtape: the loss is infinite at step ");
    expect_err(" is kept; try a smaller --rate or --clip-norm 1\n");
    ck_assert_ptr_null(strstr(run_command("info --model m")->out, "nan"));
    run_command("predict --model m --data t.csv");
    expect_status(0);
    train("train --data t.csv --model good --label y --ignore kind,rain,wind --steps 7");
    run_command("train --data t.csv --model good --task regression --label size --ignore kind,rain,wind,y --steps 50 "
                "--target-scaling none --rate 1e30");
    expect_status(1);
    expect_err("good is the model that it was before\n");
    run_command("info --model good --json");
    expect_out("\"step\":7,");
}
END_TEST

/* ---- Paths ------------------------------------------------------------------------------------------------------- */

static const struct {
    int status;
    const char *line, *message;
} paths[] = {
    {1, T, "gradtape: m: cannot be written: it is a directory; "},
    {1, "train --data t.csv --model none/m " Y, "gradtape: none/m: cannot be written: its folder cannot be opened: "},
    {1, "train --data t.csv --model v.csv " Y,
     "gradtape: v.csv: cannot be written: what is there is no safetensors file; "},
    {2, "train --data t.csv --model t.csv " Y, "gradtape: --model t.csv is the file of --data: give --model another "},
    {2, "train --data t.csv --model ./t.csv " Y, "gradtape: --model ./t.csv is the file of --data: give --model "},
    {2, "train --data t.csv --model hard.csv " Y, "gradtape: --model hard.csv is the file of --data"},
    {2, "train --data t.csv --model soft.csv " Y, "gradtape: --model soft.csv is the file of --data"},
    {2, "train --data t.csv --validation v.csv --model v.csv " Y,
     "gradtape: --model v.csv is the file of --validation"},
    {2, "train --data t.csv --history t.csv --model new " Y, "gradtape: --history t.csv is the file of --data"},
    {2, "train --data t.csv --history new --model new " Y, "is the file of --"},
    {2, "train --data t.csv " Y, "gradtape: --model is missing: "},
    {2, "train --data t.csv --model '' " Y, "gradtape: --model is missing: "},
};

START_TEST(a_path_that_cannot_be_is_said_before)
{
    static char table[1 << 14], held[1 << 14];
    write_files();
    strcpy(table, read_text_file("t.csv"));
    strcpy(held, read_text_file("v.csv"));
    mkdir(path_in_folder("m"), 0777);
    ck_assert_int_eq(link(path_in_folder("t.csv"), path_in_folder("hard.csv")), 0);
    ck_assert_int_eq(symlink("t.csv", path_in_folder("soft.csv")), 0);
    const int files = count_files();
    const command_result *r = run_command(paths[_i].line);
    expect_status(paths[_i].status);
    expect_err(paths[_i].message);
    ck_assert_msg(!strstr(r->err, "\nstep "), "it trained: %s", r->err);
    ck_assert_str_eq(read_text_file("t.csv"), table);
    ck_assert_str_eq(read_text_file("v.csv"), held);
    ck_assert_int_eq(count_files(), files);
}
END_TEST

/* A link stays one, and what it names is the model. */
START_TEST(a_model_behind_a_link)
{
    struct stat found;
    write_files();
    mkdir(path_in_folder("real"), 0777);
    ck_assert_int_eq(symlink("real/m", path_in_folder("m")), 0);
    train(T "--steps 5");
    ck_assert_int_eq(lstat(path_in_folder("m"), &found), 0);
    ck_assert(S_ISLNK(found.st_mode));
    expect_steps("real/m", 5);
    train("train --resume --model m --steps 3");
    expect_steps("real/m", 8);
}
END_TEST

/* The commands that it names can be copied into a shell. */
START_TEST(a_path_with_blanks_is_quoted)
{
    write_files();
    train("train --data t.csv --model \"it's mine\" --steps 5 " Y);
    expect_err("it's mine is saved after 5 steps; gradtape evaluate --model 'it'\\''s mine' --data FILE tests it\n");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, lines_are_said_in_order);
    tcase_add_test(tests, validation_is_said);
    tcase_add_test(tests, many_classes_are_counted);
    tcase_add_loop_test(tests, goal, 0, COUNT(goals));
    tcase_add_test(tests, patience_ends_it);
    tcase_add_loop_test(tests, models_have_the_bits_of_a_fit_in_C, 0, COUNT(table_fits));
    tcase_add_loop_test(tests, arrays_have_the_bits_of_a_fit_in_C, 0, COUNT(array_fits));
    tcase_add_test(tests, parts_of_a_folder);
    tcase_add_test(tests, standard_input);
    tcase_add_test(tests, independent_labels);
    tcase_add_test(tests, regression);
    tcase_add_test(tests, labels_as_targets);
    tcase_add_test(tests, a_window_gives_the_same_bits);
    tcase_add_test(tests, saves_on_the_way);
    tcase_add_test(tests, the_model_that_gives_way_is_named);
    tcase_add_test(tests, history);
    tcase_add_test(tests, a_history_that_cannot_be_written_stops_all);
    tcase_add_loop_test(tests, a_mistake_leaves_the_model, 0, COUNT(mistakes));
    tcase_add_test(tests, numbers_can_be_classes);
    tcase_add_test(tests, a_loss_that_is_not_finite);
    tcase_add_loop_test(tests, a_path_that_cannot_be_is_said_before, 0, COUNT(paths));
    tcase_add_test(tests, a_model_behind_a_link);
    tcase_add_test(tests, a_path_with_blanks_is_quoted);
}

int main(void) { return run_in_folder("train", add_tests); }
