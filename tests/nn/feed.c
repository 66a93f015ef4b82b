/* Tables that stay in their files: fits by windows against fits in memory. What is compared are the files that models
 * are saved to, which have all of a model: weights, slots, scaling, levels, the history of losses, the place in the
 * data. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gradtape/model.h>

#include "../support/check.h"
#include "../support/data_files.h"
#include "../support/models.h"

enum { ROWS = 61 };

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* How a table is written. */
typedef struct form {
    bool is_semicolons, is_gzip, has_no_header, has_missing, has_integers;
} form;

static void put_decimal(file_bytes *b, const form *f, double x, const char *end)
{
    char text[40];
    snprintf(text, sizeof text, "%.4f", x);
    char *point = strchr(text, '.');
    if (f->is_semicolons && point)
        *point = ',';
    put_text(b, text);
    put_text(b, *end == ',' && f->is_semicolons ? ";" : end);
}

/* Columns: a, colour, name, b, w, t, u, label. */
static void put_row(file_bytes *b, const form *f, int i)
{
    static const char *const colours[] = {"red", "green", "blue"}, *const labels[] = {"no", "yes", "perhaps"};
    char text[80];
    const double a = 5 + 3 * cloud_noise(1, i), c = cloud_noise(2, i) - 1;
    const int class = a > 6 ? 1 : c > -1 ? 0 : 2;
    const char *between = f->is_semicolons ? ";" : ",";
    if (f->has_missing && i % 7 == 3)
        put_text(b, between);
    else
        put_decimal(b, f, a, ",");
    snprintf(text, sizeof text, "%s%srow %d%s", f->has_missing && i % 11 == 5 ? "" : colours[i % 3], between, i,
             between);
    put_text(b, text);
    put_decimal(b, f, c, ",");
    put_decimal(b, f, i == 0 || i == ROWS - 1 ? 0 : i % 4 * 0.5, ",");
    put_decimal(b, f, a + c, ",");
    put_decimal(b, f, a - c, ",");
    snprintf(text, sizeof text, "%d\n", 7 * class - 3);
    put_text(b, f->has_integers ? text : labels[class]);
    put_text(b, f->has_integers ? "" : "\n");
}

static const char *write_table(const char *name, form f, int rows)
{
    static file_bytes b, packed;
    b.n = 0;
    if (!f.has_no_header)
        put_text(&b, f.is_semicolons ? "a;colour;name;b;w;t;u;label\n" : "a,colour,name,b,w,t,u,label\n");
    for (int i = 0; i < rows; i++)
        put_row(&b, &f, i);
    if (f.is_gzip)
        gzip_bytes(&b, &packed);
    return save_bytes(name, f.is_gzip ? &packed : &b);
}

static const char *const colour_name[] = {"colour"}, *const targets_names[] = {"t", "u"},
                         *const unused[] = {"name", "w", "t", "u"}, *const unused_by_targets[] = {"name", "w", "label"};
#define TEXTS(array) ((nn_texts){array, sizeof(array) / sizeof *(array)})

static nn_csv_options for_labels(void)
{
    return (nn_csv_options){.label = "label", .categorical = TEXTS(colour_name), .ignored = TEXTS(unused)};
}

static nn_csv_options for_targets(void)
{
    return (nn_csv_options){
        .targets = TEXTS(targets_names), .categorical = TEXTS(colour_name), .ignored = TEXTS(unused_by_targets)};
}

static const nn_layer normed[] = {NN_DENSE(.units = 4), {.kind = &nn_batch_norm}};

/* ---- Models ------------------------------------------------------------------------------------------------------ */

/* A fit, of a feed and of the same rows in memory. */
typedef struct scenario {
    form form;
    nn_csv_options csv;
    nn_regressor_options common;
    bool is_regressor;
    nn_fit_options fit;
} scenario;

static model open_scenario(const scenario *s)
{
    nn_regressor_options common = s->common;
    common.seed = 5;
    common.allocator = &memory.allocator;
    if (!common.hidden_units[0] && common.layers.n == 0)
        common.hidden_units[0] = 6;
    if (s->is_regressor) {
        common.n_targets = 2;
        return (model){.r = nn_regressor_open(&common)};
    }
    nn_classifier_options o = {.seed = 5,
                               .scaling = common.scaling,
                               .scaling_constant = common.scaling_constant,
                               .impute = common.impute,
                               .dropout = common.dropout,
                               .layers = common.layers,
                               .allocator = &memory.allocator};
    memcpy(o.hidden_units, common.hidden_units, sizeof o.hidden_units);
    return (model){.c = nn_classifier_open(&o)};
}

static void save_model(model m, const char *path)
{
    const ad_status status = m.c ? nn_classifier_save(m.c, path, NULL) : nn_regressor_save(m.r, path, NULL);
    ck_assert_msg(status == AD_OK, "%s", model_message(m));
}

static void fit_or_fail(model m, const nn_data *data, nn_fit_options o)
{
    const ad_status status = model_fit(m, data, &o);
    ck_assert_msg(status == AD_OK, "fit: %s", model_message(m));
}

static nn_feed *open_feed(const char *path, const nn_csv_options *csv, int64_t window)
{
    nn_feed *feed = nn_feed_open_csv(path, csv, &(nn_feed_options){.window = window, .allocator = &memory.allocator});
    ck_assert_ptr_nonnull(feed);
    ck_assert_msg(nn_feed_status(feed) == AD_OK, "%s", nn_feed_message(feed));
    ck_assert_str_eq(nn_feed_message(feed), "");
    return feed;
}

/* ---- One window -------------------------------------------------------------------------------------------------- */

static void expect_as_in_memory(const scenario *s, int64_t window)
{
    const char *path = write_table("t.csv", s->form, ROWS);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    ck_assert_msg(nn_dataset_read_csv(set, path, &s->csv) == AD_OK, "%s", nn_dataset_message(set));
    nn_feed *feed = open_feed(path, &s->csv, window);
    const nn_data rows = nn_dataset_data(set), fed = nn_feed_data(feed);
    ck_assert_int_eq(fed.rows, ROWS);
    ck_assert_int_eq(fed.columns, rows.columns);
    const model a = open_scenario(s), b = open_scenario(s);
    fit_or_fail(a, &rows, s->fit);
    fit_or_fail(b, &fed, s->fit);
    save_model(a, path_in_folder("a"));
    save_model(b, path_in_folder("b"));
    expect_same_files(path_in_folder("a"), path_in_folder("b"));
    close_model(a);
    close_model(b);
    nn_feed_close(feed);
    nn_dataset_close(set);
    counting_check_released(&memory);
}

/* Every scaling with every way to impute, integers and texts as labels, classes and targets. */
START_TEST(one_window_is_a_fit_in_memory)
{
    const int scaling = _i % NN_SCALE_COUNT, impute = _i / NN_SCALE_COUNT % NN_IMPUTE_COUNT;
    const int kind = _i / NN_SCALE_COUNT / NN_IMPUTE_COUNT;
    counting_open(&memory);
    scenario s = {.csv = kind == 2 ? for_targets() : for_labels(),
                  .is_regressor = kind == 2,
                  .form = {.has_missing = impute != NN_IMPUTE_REFUSE, .has_integers = kind == 1},
                  .common = {.scaling = (nn_scaling_kind)scaling, .impute = (nn_impute_kind)impute},
                  .fit = {.batch_size = 8, .epochs = 3}};
    s.common.scaling_constant = scaling == NN_SCALE_CONSTANT ? 10 : 0;
    s.csv.keep_missing = impute != NN_IMPUTE_REFUSE;
    expect_as_in_memory(&s, ROWS);
}
END_TEST

static const char *const places[] = {"2"}, *const unused_places[] = {"3", "5", "6", "7"}, *const autos[] = {"auto"};
static const char *const names[] = {"name", "u"};
static const char *const weighed_unused[] = {"name", "t", "u"};

START_TEST(one_window_of_every_form)
{
    const scenario scenarios[] = {
        {.csv = {.label = "label", .weight = "w", .categorical = TEXTS(colour_name), .ignored = TEXTS(weighed_unused)}},
        {.csv = for_labels(), .common = {.dropout = 0.3}},
        {.csv = for_labels(), .common = {.layers = NN_LAYERS(normed)}},
        {.csv = {.delimiter = ";",
                 .decimal = ",",
                 .label = "label",
                 .categorical = TEXTS(colour_name),
                 .ignored = TEXTS(unused)},
         .form = {.is_semicolons = true}},
        {.csv = for_labels(), .form = {.is_gzip = true}},
        {.csv = {.no_header = true, .label = "8", .categorical = TEXTS(places), .ignored = TEXTS(unused_places)},
         .form = {.has_no_header = true}},
        {.csv = {.label = "label", .categorical = TEXTS(colour_name), .ignored = TEXTS(unused), .as_f32 = true}},
        {.csv = {.label = "label", .categorical = TEXTS(autos), .ids = TEXTS(names)}},
        {.csv = for_labels(), .fit = {.overfit_one_batch = true}},
        {.csv = for_labels(), .fit = {.batch_size = 100}},
        {.csv = for_labels(), .fit = {.batch_size = 60}, .common = {.layers = NN_LAYERS(normed)}},
    };
    counting_open(&memory);
    scenario s = scenarios[_i];
    s.common.scaling = NN_SCALE_FEATURE;
    s.fit.batch_size = s.fit.batch_size ? s.fit.batch_size : 10;
    s.fit.epochs = 3;
    expect_as_in_memory(&s, _i % 2 ? ROWS : 0);
}
END_TEST
enum { FORMS = 11 };

/* ---- Several windows --------------------------------------------------------------------------------------------- */

/* Row i has the target 2^i, and all models here predict 0: a loss times the rows of its batch says which these are. */
enum { SEEN = 12 };

static const char *write_bits(void)
{
    static file_bytes b;
    char text[40];
    b.n = 0;
    put_text(&b, "x,t\n");
    for (int i = 0; i < SEEN; i++) {
        snprintf(text, sizeof text, "0,%d\n", 1 << i);
        put_text(&b, text);
    }
    return save_bytes("bits.csv", &b);
}

typedef struct steps {
    double losses[64];
    int n;
} steps;

static bool note_loss(const nn_progress *p, void *context)
{
    steps *s = context;
    ck_assert_int_lt(s->n, COUNT(s->losses));
    s->losses[s->n++] = p->loss;
    return true;
}

/* The rows of a step that had so many, as bits. */
static int rows_of_step(const steps *s, int step, int rows)
{
    int seen = 0;
    long sum = lround(s->losses[step] * rows);
    ck_assert_int_lt(step, s->n);
    for (int i = 0; i < SEEN; i++)
        if (sum >> (2 * i) & 1)
            seen |= 1 << i;
    for (int i = 0; i < SEEN; i++)
        sum -= (seen >> i & 1) ? 1L << (2 * i) : 0;
    ck_assert_msg(sum == 0, "step %d: %g is not the loss of %d different rows", step, s->losses[step], rows);
    ck_assert_int_eq(__builtin_popcount((unsigned)seen), rows);
    return seen;
}

static nn_regressor *open_still(bool batch_norm)
{
    nn_regressor *r = nn_regressor_open(
        &(nn_regressor_options){.hidden_units = {batch_norm ? 0 : 2},
                                .layers = batch_norm ? (nn_layers)NN_LAYERS(normed) : (nn_layers){.n = 0},
                                .optimiser = {.rule = &nn_gradient_descent, .rate = 1e-30},
                                .seed = 3,
                                .allocator = &memory.allocator});
    ck_assert_msg(nn_regressor_status(r) == AD_OK, "%s", nn_regressor_message(r));
    return r;
}

static const char *const t_name[] = {"t"};
static const nn_csv_options bits_options = {.targets = {t_name, 1}};

/* A fit of some steps with batches of a size. `rows` says how many rows each step has, ended by 0, and `all` what bits
 * the steps of a window have together, at the last of them: -1 if that is not known. */
static void expect_steps(nn_regressor *r, nn_feed *feed, int64_t batch, const int *rows, const int *all)
{
    const nn_data data = nn_feed_data(feed);
    steps s = {.n = 0};
    int n = 0, seen = 0;
    while (rows[n])
        n++;
    const nn_fit_options o = {.batch_size = batch, .steps = n, .callback = note_loss, .context = &s};
    ck_assert_msg(nn_regressor_fit(r, &data, &o) == AD_OK, "%s", nn_regressor_message(r));
    for (int i = 0; i < n; i++) {
        const int now = rows_of_step(&s, i, rows[i]);
        ck_assert_msg((seen & now) == 0, "step %d has a row again", i);
        seen |= now;
        if (all[i]) {
            ck_assert_msg(all[i] < 0 || seen == all[i], "step %d ends a window with %x", i, (unsigned)seen);
            seen = 0;
        }
    }
}

START_TEST(each_row_is_in_one_batch)
{
    const struct {
        int64_t window, batch;
        bool batch_norm;
        int rows[16], all[16];
    } cases[] = {
        {5, 1, false, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 0, 0, 0x1f, 0, 0, 0, 0, 0x3e0, 0, 0xc00}},
        {5, 2, false, {2, 2, 2, 2, 2, 2}, {0, 0xf, 0, 0xf0, 0, 0xf00}},
        {7, 5, false, {5, 5, 2}, {0x1f, 0x3e0, 0xc00}},
        {11, 11, true, {12, 12}, {0xfff, 0xfff}},
        {4, 4, true, {4, 4, 4}, {0xf, 0xf0, 0xf00}},
        {100, 5, false, {5, 5, 2}, {0, 0, 0xfff}},
    };
    counting_open(&memory);
    nn_feed *feed = open_feed(write_bits(), &bits_options, cases[_i].window);
    nn_regressor *r = open_still(cases[_i].batch_norm);
    expect_steps(r, feed, cases[_i].batch, cases[_i].rows, cases[_i].all);
    expect_steps(r, feed, cases[_i].batch, cases[_i].rows, cases[_i].all); /* the second epoch */
    nn_regressor_close(r);
    nn_feed_close(feed);
    counting_check_released(&memory);
}
END_TEST

/* Batches of another size begin at a place where the one before ended. */
START_TEST(batches_of_another_size_stay_in_their_window)
{
    counting_open(&memory);
    nn_feed *feed = open_feed(write_bits(), &bits_options, 6);
    nn_regressor *r = open_still(false);
    expect_steps(r, feed, 2, (const int[]){2, 2, 0}, (const int[]){0, 0}); /* places 0 to 4 */
    expect_steps(r, feed, 5, (const int[]){1, 5, 2, 5, 5, 2, 0}, (const int[]){-1, 0x3e0, 0xc00, 0x1f, 0x3e0, 0xc00});
    expect_steps(r, feed, 6, (const int[]){6, 6, 0}, (const int[]){0x3f, 0xfc0});
    nn_regressor_close(r);
    r = open_still(true);
    expect_steps(r, feed, 4, (const int[]){4, 0}, (const int[]){0xf});
    expect_steps(r, feed, 5, (const int[]){5, 2, 5, 0},
                 (const int[]){0x3e0, 0xc00, 0x1f}); /* row 4 alone is no batch */
    nn_regressor_close(r);
    nn_feed_close(feed);
    counting_check_released(&memory);
}
END_TEST

/* ---- Going on, and callbacks ------------------------------------------------------------------------------------- */

static model load_model(const char *path)
{
    const nn_load_options o = {.allocator = &memory.allocator};
    const model m = {.c = nn_classifier_load(path, &o)};
    ck_assert_msg(nn_classifier_status(m.c) == AD_OK, "load: %s", model_message(m));
    return m;
}

static const scenario dropped = {.common = {.dropout = 0.3, .scaling = NN_SCALE_FEATURE}};

/* Trains from the table to a step, in memory of the test; from a file if there is one. */
static void train_to(const char *from, int64_t step, const char *to)
{
    const nn_csv_options csv = for_labels();
    nn_feed *feed = open_feed(path_in_folder("t.csv"), &csv, 23);
    const nn_data data = nn_feed_data(feed);
    const model m = from ? load_model(from) : open_scenario(&dropped);
    fit_or_fail(m, &data, (nn_fit_options){.batch_size = 4, .to_step = step});
    save_model(m, to);
    close_model(m);
    nn_feed_close(feed);
}

/* Windows have 20 rows, 5 batches; an epoch has 16. The places are in the middle of a window, at its end, at the end of
 * an epoch, and in the short last window. */
START_TEST(a_fit_goes_on_in_its_window)
{
    static const int64_t stops[] = {1, 3, 5, 7, 15, 16, 29};
    char half[4096], whole[4096], in_two[4096];
    counting_open(&memory);
    write_table("t.csv", (form){.is_gzip = _i % 2}, ROWS);
    snprintf(half, sizeof half, "%s", path_in_folder("half"));
    snprintf(whole, sizeof whole, "%s", path_in_folder("whole"));
    snprintf(in_two, sizeof in_two, "%s", path_in_folder("in two"));
    train_to(NULL, 40, whole);
    train_to(NULL, stops[_i], half);
    const pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        train_to(half, 40, in_two);
        _exit(0);
    }
    int status = 1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    expect_same_files(whole, in_two);
    train_to(half, 40, in_two);
    expect_same_files(whole, in_two);
    counting_check_released(&memory);
}
END_TEST

/* What a callback does with the feed that is trained from. */
typedef struct guest {
    nn_feed *feed;
    nn_classifier *other; /* NULL: none */
    int calls;
} guest;

static bool take_windows(const nn_progress *p, void *context)
{
    guest *g = context;
    const nn_data last = nn_feed_window(g->feed, ROWS - 10, 10), first = nn_feed_window(g->feed, p->step % 40, 13);
    ck_assert_int_eq(first.rows, 13);
    ck_assert_int_eq(last.rows, 10);
    if (g->other) {
        const nn_data data = nn_feed_data(g->feed);
        ck_assert_int_eq(nn_classifier_fit(g->other, &data, &(nn_fit_options){.batch_size = 3, .steps = 2}), AD_OK);
    }
    g->calls++;
    return true;
}

START_TEST(a_callback_may_use_the_feed)
{
    const nn_csv_options csv = for_labels();
    counting_open(&memory);
    nn_feed *feed = open_feed(write_table("t.csv", (form){.is_gzip = false}, ROWS), &csv, 23);
    const nn_data data = nn_feed_data(feed);
    const model alone = open_scenario(&dropped), watched = open_scenario(&dropped), other = open_scenario(&dropped);
    guest g = {.feed = feed, .other = _i ? other.c : NULL};
    nn_fit_options o = {.batch_size = 4, .steps = 35};
    fit_or_fail(alone, &data, o);
    o.callback = take_windows;
    o.context = &g;
    fit_or_fail(watched, &data, o);
    ck_assert_int_eq(g.calls, 35);
    save_model(alone, path_in_folder("a"));
    save_model(watched, path_in_folder("b"));
    expect_same_files(path_in_folder("a"), path_in_folder("b"));
    close_model(alone);
    close_model(watched);
    close_model(other);
    nn_feed_close(feed);
    counting_check_released(&memory);
}
END_TEST

START_TEST(validation_in_memory_stops_a_fit)
{
    const nn_csv_options csv = for_labels();
    counting_open(&memory);
    const char *path = write_table("t.csv", (form){.is_gzip = false}, ROWS);
    nn_feed *feed = open_feed(path, &csv, 23);
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(nn_dataset_read_csv(set, path, &csv), AD_OK);
    const nn_data data = nn_feed_data(feed), held = nn_dataset_data(set);
    const model m = open_scenario(&dropped);
    fit_or_fail(
        m, &data,
        (nn_fit_options){.batch_size = 4, .epochs = 50, .validation = &held, .patience = 1, .least_improvement = 1000});
    ck_assert_int_eq(nn_history_end(nn_classifier_history(m.c)), NN_END_PATIENCE);
    close_model(m);
    nn_dataset_close(set);
    nn_feed_close(feed);
    counting_check_released(&memory);
}
END_TEST

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

START_TEST(windows_are_rows_of_the_file)
{
    static const int64_t at[][2] = {{0, 5}, {5, 5}, {5, 5}, {30, 31}, {60, 1}, {0, 61}, {3, 2}, {40, 2}, {41, 4}};
    const nn_csv_options csv = for_labels();
    counting_open(&memory);
    const char *path = write_table("t.csv", (form){.is_gzip = _i % 2, .has_integers = _i / 2}, ROWS);
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(nn_dataset_read_csv(set, path, &csv), AD_OK);
    const nn_data all = nn_dataset_data(set);
    nn_feed *feed = open_feed(path, &csv, 7);
    unlink(path); /* it stays open */
    for (int i = 0; i < COUNT(at); i++) {
        const nn_data part = nn_feed_window(feed, at[i][0], at[i][1]);
        ck_assert_int_eq(part.rows, at[i][1]);
        ck_assert(memcmp(part.features, (const double *)all.features + at[i][0] * all.columns,
                         (size_t)(part.rows * part.columns) * sizeof(double)) == 0);
        for (int64_t row = 0; row < part.rows; row++)
            if (_i / 2)
                ck_assert_int_eq(part.labels[row], all.labels[at[i][0] + row]);
            else
                ck_assert_str_eq(part.label_texts[row], all.label_texts[at[i][0] + row]);
    }
    ck_assert_int_eq(nn_feed_window(feed, -1, 2).rows, 0);
    ck_assert_int_eq(nn_feed_window(feed, 0, 0).rows, 0);
    ck_assert_int_eq(nn_feed_window(feed, 60, 2).rows, all.rows - 60); /* as many as there are */
    ck_assert_int_eq(nn_feed_window(feed, 1, INT64_MAX).rows, all.rows - 1);
    ck_assert_int_eq(nn_feed_window(feed, all.rows, 1).rows, 0);
    ck_assert_int_eq(nn_feed_window(feed, INT64_MAX, INT64_MAX).rows, 0);
    ck_assert_int_eq(nn_feed_window(NULL, 0, 1).rows, 0);
    ck_assert_int_eq(nn_feed_status(feed), AD_OK);
    nn_feed_close(feed);
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

/* Ignored columns may have no name or the same one. */
START_TEST(columns_are_found_again)
{
    static const char *const odd[] = {"1", "3"};
    file_bytes b = {.n = 0};
    counting_open(&memory);
    put_text(&b, ",x,x,y,label\n0,1.5,2,3,a\n1,4,5,6,b\n2,7,8,9,a\n");
    nn_feed *feed = open_feed(save_bytes("t.csv", &b), &(nn_csv_options){.label = "label", .ignored = TEXTS(odd)}, 2);
    const nn_data part = nn_feed_window(feed, 1, 2);
    ck_assert_msg(part.rows == 2, "%s", nn_feed_message(feed));
    ck_assert_double_eq(((const double *)part.features)[0], 4);
    ck_assert_double_eq(((const double *)part.features)[3], 9);
    ck_assert_str_eq(part.schema.at[1].name, "x");
    ck_assert_str_eq(part.label_texts[1], "a");
    nn_feed_close(feed);
    counting_check_released(&memory);
}
END_TEST

/* ---- Errors of feeds --------------------------------------------------------------------------------------------- */

static void expect_message(const char *message, const char *part)
{
    ck_assert_msg(strstr(message, part) != NULL, "%s\n   in place of %s", message, part);
}

static void expect_no_feed(const char *text, nn_csv_options csv, ad_status status, const char *part)
{
    file_bytes b = {.n = 0};
    counting_open(&memory);
    put_text(&b, text);
    nn_feed *feed = nn_feed_open_csv(save_bytes("t.csv", &b), &csv, &(nn_feed_options){.allocator = &memory.allocator});
    ck_assert_int_eq(nn_feed_status(feed), status);
    expect_message(nn_feed_message(feed), part);
    ck_assert_int_eq(nn_feed_data(feed).rows, 0);
    ck_assert_int_eq(nn_feed_window(feed, 0, 1).rows, 0);
    const model m = open_scenario(&dropped);
    const nn_data data = nn_feed_data(feed);
    ck_assert_int_eq(model_fit(m, &data, NULL), status);
    expect_message(model_message(m), "fit: ");
    expect_message(model_message(m), part);
    close_model(m);
    nn_feed_close(feed);
    counting_check_released(&memory);
}

START_TEST(what_is_wrong_is_found_when_it_is_opened)
{
    static char deep[200000];
    size_t n = 0;
    for (int i = 0; i < 9000; i++)
        n += (size_t)sprintf(deep + n, i == 0 ? "x,y\n" : i == 8990 ? "1,b2\n" : "1,%d\n", i);
    const nn_csv_options y = {.label = "y"};
    expect_no_feed("", y, AD_BAD_FILE, "t.csv: is empty; make or copy it again");
    expect_no_feed("x,y\n", y, AD_BAD_FILE, "t.csv: has a header and no rows");
    expect_no_feed(deep, (nn_csv_options){.no_header = false}, AD_BAD_FILE,
                   "t.csv:8991:2: 'b2' in column \"y\" is not a number");
    expect_no_feed("x,y\n1,2\n", (nn_csv_options){.label = "z"}, AD_BAD_VALUE, "no column \"z\"");
    expect_no_feed("x,y\n1,2\n1e39,2\n", y, AD_BAD_FILE, "'1e39' in column \"x\" is too large for f32");
    expect_no_feed("x,y\n1,2\n", (nn_csv_options){.delimiter = "xx"}, AD_BAD_VALUE, "delimiter");
    nn_feed *feed = nn_feed_open_csv(path_in_folder("none.csv"), NULL, NULL);
    ck_assert_int_eq(nn_feed_status(feed), AD_BAD_FILE);
    expect_message(nn_feed_message(feed), "none.csv: No such file or directory");
    nn_feed_close(feed);
    feed = nn_feed_open_csv(NULL, NULL, NULL);
    ck_assert_int_eq(nn_feed_status(feed), AD_BAD_VALUE);
    ck_assert_str_eq(nn_feed_message(feed), "nn_feed_open_csv: path is NULL; give the path of a table");
    nn_feed_close(feed);
    feed = nn_feed_open_csv("t.csv", NULL, &(nn_feed_options){.window = -1});
    ck_assert_str_eq(nn_feed_message(feed), "nn_feed_open_csv: window is -1; it must be at least 1, or 0 for as many "
                                            "rows as 16 MiB hold");
    nn_feed_close(feed);
    nn_feed_close(NULL);
    ck_assert_int_eq(nn_feed_status(NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_feed_data(NULL).rows, 0);
    expect_message(nn_feed_message(NULL), "the feed is NULL");
}
END_TEST

/* Rows that are read in several chunks, of which two rows stay when the feed is opened. */
START_TEST(wide_tables_have_their_first_and_last_row)
{
    enum { WIDE = 60, LONG = 9000 };
    const char *path = path_in_folder("wide.csv");
    const nn_csv_options csv = {.label = "y"};
    counting_open(&memory);
    FILE *file = fopen(path, "wb");
    for (int j = 0; j < WIDE; j++)
        fprintf(file, "x%d,", j);
    fputs("y\n", file);
    for (int i = 0; i < LONG; i++) {
        for (int j = 0; j < WIDE; j++)
            fprintf(file, "%d,", (i + j) % 7);
        fprintf(file, "%d\n", i % 2);
    }
    fclose(file);
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(nn_dataset_read_csv(set, path, &csv), AD_OK);
    const nn_data all = nn_dataset_data(set);
    nn_feed *feed = open_feed(path, &csv, 1000);
    const nn_data data = nn_feed_data(feed);
    ck_assert_int_eq(data.rows, LONG);
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.scaling = NN_SCALE_FEATURE});
    ck_assert_msg(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 2}) == AD_OK, "%s", nn_classifier_message(c));
    ck_assert_int_eq(nn_classifier_check_data(c, &all), AD_OK); /* by the first and the last row */
    ck_assert_int_eq(nn_classifier_check_data(c, &data), AD_OK);
    nn_classifier_close(c);
    nn_feed_close(feed);
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

/* ---- Files that change ------------------------------------------------------------------------------------------- */

START_TEST(a_file_that_changes_is_an_error)
{
    static const struct {
        const char *before, *after, *message;
    } cases[] = {
        {"x,l\n1,a\n2,b\n3,a\n4,b\n", "x,l\n1,a\n2,b\n33333,a\n", "t.csv: changed while it was in use: it had 4 rows"},
        {"x,l\n1,a\n2,b\n3,a\n4,b\n", "x,l\n1,a\n2,b\n3,a\n4,b\n5,a\n",
         "in use: it has 24 bytes, and had 20; open it again"},
        {"x,l\n1,a\n2,b\n3,a\n4,b\n", "x,l\n1,a\n2,b\n3,c\n4,b\n", "it has a category or a label that it had not"},
        {"x,l\n1,1\n2,2\n3,1\n4,2\n", "x,l\n1,1\n2,2\n3,3\n4,2\n", "it has a category or a label that it had not"},
        {"x,l\n1,1\n2,2\n3,1\n4,2\n", "x,l\n1,1\n2,2\n3,u\n4,2\n", "it has a category or a label that it had not"},
        {"x,l\n1,a\n2,b\n3,a\n4,b\n", "x,l\n1,a\n2,b\nz,a\n4,b\n", "t.csv:4:1: 'z' in column"},
        {"x,l\n1,a\n2,b\n3,a\n4,b\n", "", "in use: it has 0 bytes, and had 20"},
        {"x,l\n1,a\n2,b\n3,a\n4,b\n", "x,l\n", "in use: it has 4 bytes, and had 20"},
        {"x,l\n1,a\n2,b\n3,a\n4,b\n", "x\n111111\n222222\n3\n4\n", "it had 2 columns"},
    };
    file_bytes b = {.n = 0};
    counting_open(&memory);
    put_text(&b, cases[_i].before);
    const nn_csv_options csv = {.label = "l"};
    nn_feed *feed = open_feed(save_bytes("t.csv", &b), &csv, 2);
    b.n = 0;
    put_text(&b, cases[_i].after);
    save_bytes("t.csv", &b); /* the same file, written anew */
    const model m = open_scenario(&(scenario){.is_regressor = false});
    const nn_data data = nn_feed_data(feed);
    ck_assert_int_ne(model_fit(m, &data, &(nn_fit_options){.batch_size = 2, .epochs = 2}), AD_OK);
    expect_message(model_message(m), cases[_i].message);
    expect_message(nn_feed_message(feed), cases[_i].message);
    ck_assert_int_eq(nn_feed_window(feed, 0, 1).rows, 0);
    close_model(m);
    nn_feed_close(feed);
    counting_check_released(&memory);
}
END_TEST
enum { CHANGES = 9 };

/* ---- Errors of fits ---------------------------------------------------------------------------------------------- */

/* A fit of a small table that is refused. */
static void refuse_fit(nn_classifier_options options, const char *text, nn_csv_options csv, int64_t window,
                       nn_fit_options fit, const char *message)
{
    file_bytes b = {.n = 0};
    counting_open(&memory);
    put_text(&b, text);
    nn_feed *feed = open_feed(save_bytes("t.csv", &b), &csv, window);
    const nn_data data = nn_feed_data(feed);
    nn_classifier *c = open_with(options);
    ck_assert_int_ne(nn_classifier_fit(c, &data, &fit), AD_OK);
    ck_assert_str_eq(nn_classifier_message(c), message);
    nn_classifier_close(c);
    nn_feed_close(feed);
    counting_check_released(&memory);
}

static const char *const cats[] = {"cat", "dog"};
static const nn_csv_options by_l = {.label = "l"};
#define SMALL "x,l\n1,cat\n2,dog\n3,cat\n"

START_TEST(fits_are_refused)
{
    const nn_classifier_options any = {.seed = 1}, known = {.label_texts = TEXTS(cats)}, three = {.n_classes = 3};
    const nn_fit_options one = {.epochs = 1};
    static char many[20000] = "x,l\n";
    size_t n = 4;
    for (int i = 0; i < 1001; i++)
        n += (size_t)sprintf(many + n, "%d,yes\n", i);
    refuse_fit(any, many, by_l, 0, one, "fit: all 1,001 labels are \"yes\"; a classifier needs two");
    refuse_fit(any, SMALL, by_l, 2, (nn_fit_options){.batch_size = 3},
               "fit: the window of the feed has 2 rows, and a batch 3: open the feed with a larger window, or make "
               "batch_size smaller");
    refuse_fit(known, "x,l\n1,cat\n2,dgo\n3,cat\n", by_l, 0, one,
               "fit: the feed: class \"dgo\" is not in the vocabulary (cat, dog); mend the label or leave the row out");
    refuse_fit(three, "x,l\n1,0\n2,7\n3,0\n", by_l, 0, one,
               "fit: the feed: label 7 is outside 0..2; mend it, or set n_classes");
    refuse_fit(three, SMALL, by_l, 0, one,
               "fit: the data have label_texts, and the classifier has no vocabulary: give it label_texts among its "
               "options, or leave n_classes out");
    refuse_fit(any, SMALL, by_l, 0, (nn_fit_options){.validation_share = 0.3},
               "fit: validation_share: no rows of a feed can be held out: give data as validation");
    refuse_fit((nn_classifier_options){.optimiser = {.rule = &nn_lbfgs}}, SMALL, by_l, 0, one,
               "fit: lbfgs takes all rows at once, and a feed gives windows: use another optimiser, or data in memory");
    refuse_fit((nn_classifier_options){.n_classes = 2, .head = &nn_head_independent}, "x,l\n1,0\n2,1\n", by_l, 0, one,
               "fit: a feed has one label for each row, and independent takes several");
    refuse_fit(any, "x,l\n1,0\n2,1\n", (nn_csv_options){.no_header = false}, 0, one,
               "fit: the feed has no labels: give label among the options of the table");
    refuse_fit(any, "x,l\n1,a\n,b\n3,a\n", (nn_csv_options){.label = "l", .keep_missing = true}, 0, one,
               "fit: column \"x\": 1 of 3 values are missing; impute=mean fills them");
    refuse_fit(any, "x,w,l\n1,0,a\n2,0,b\n", (nn_csv_options){.label = "l", .weight = "w"}, 0, one,
               "fit: all weights are 0 in f32: give some rows a larger weight");
    refuse_fit((nn_classifier_options){.n_classes = 3, .class_weights = {(const double[]){0, 0, 1}, 3}},
               "x,l\n1,0\n2,1\n", by_l, 0, one, "fit: no row of the feed counts: the class of each has the weight 0");
    refuse_fit((nn_classifier_options){.dropout = 2}, SMALL, by_l, 0, one,
               "classifier: dropout is 2: it must be at least 0 and below 1");
}
END_TEST

START_TEST(whatever_else_takes_data_refuses_a_feed)
{
    static const char no_feed[] = "the data are those of a feed, which only a fit takes; give windows of it";
    file_bytes b = {.n = 0};
    counting_open(&memory);
    put_text(&b, SMALL);
    nn_feed *feed = open_feed(save_bytes("t.csv", &b), &by_l, 0);
    const nn_data data = nn_feed_data(feed), rows = nn_feed_window(feed, 0, 3);
    nn_data changed = data;
    int32_t labels[3];
    nn_classifier *c = open_with((nn_classifier_options){.seed = 1});
    ck_assert_int_eq(nn_classifier_fit(c, &data, NULL), AD_OK);
    ck_assert_int_ne(nn_classifier_predict(c, &data, labels), AD_OK);
    expect_message(nn_classifier_message(c), no_feed);
    nn_classifier_clear_error(c);
    ck_assert_int_ne(nn_classifier_evaluate(c, &data).status, AD_OK);
    expect_message(nn_classifier_message(c), no_feed);
    nn_classifier_clear_error(c);
    ck_assert_int_ne(nn_classifier_fit(c, &rows, &(nn_fit_options){.validation = &data}), AD_OK);
    expect_message(nn_classifier_message(c), no_feed);
    nn_classifier_clear_error(c);
    changed.rows = 2;
    ck_assert_int_ne(nn_classifier_fit(c, &changed, NULL), AD_OK);
    expect_message(nn_classifier_message(c), "fit: the data are not as nn_feed_data gave them");
    nn_classifier_clear_error(c);
    ad_tensor loss;
    ck_assert_int_ne(nn_classifier_record(c, &data, 0, &loss), AD_OK);
    expect_message(nn_classifier_message(c), no_feed);
    nn_classifier_close(c);
    nn_split *split = nn_split_open(&data, &(nn_split_options){.share = 0.5});
    expect_message(nn_split_message(split), no_feed);
    nn_split_close(split);
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_ne(nn_dataset_copy(set, &data), AD_OK);
    expect_message(nn_dataset_message(set), no_feed);
    nn_dataset_close(set);
    ck_assert_int_eq(nn_sample(&data, 1, 1, labels).rows, 0);
    nn_feed_close(feed);
    counting_check_released(&memory);
}
END_TEST

/* The first and the last row have the weight 0. */
START_TEST(weights_of_the_ends_are_not_those_of_all_rows)
{
    file_bytes b = {.n = 0};
    counting_open(&memory);
    put_text(&b, "x,w,l\n1,0,a\n2,1,b\n3,0,a\n");
    nn_feed *feed = open_feed(save_bytes("t.csv", &b), &(nn_csv_options){.label = "l", .weight = "w"}, 1);
    const nn_data data = nn_feed_data(feed);
    nn_classifier *c = open_with((nn_classifier_options){.seed = 1});
    ck_assert_msg(nn_classifier_fit(c, &data, &(nn_fit_options){.batch_size = 1}) == AD_OK, "%s",
                  nn_classifier_message(c));
    nn_classifier_close(c);
    nn_feed_close(feed);
    counting_check_released(&memory);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Opens, takes windows and fits with an allocation that fails. Returns whether one did. */
static bool go_with_failure(size_t k, counting_failure failure)
{
    const nn_csv_options csv = for_labels();
    counting_open(&memory);
    counting_fail(&memory, k, failure);
    nn_feed *feed = nn_feed_open_csv(path_in_folder("t.csv"), &csv,
                                     &(nn_feed_options){.window = 9, .allocator = &memory.allocator});
    const nn_data data = nn_feed_data(feed), part = nn_feed_window(feed, 40, 9);
    ck_assert(nn_feed_status(feed) != AD_OK || part.rows == 9);
    const model m = {.c = feed && nn_feed_status(feed) == AD_OK ? open_scenario(&dropped).c : NULL};
    ad_status status = AD_NO_MEMORY;
    if (m.c)
        status = model_fit(m, &data, &(nn_fit_options){.batch_size = 4, .steps = 7});
    const bool failed = memory.refused > 0;
    ck_assert_msg(status == (failed ? AD_NO_MEMORY : AD_OK), "%zu: %s", k, m.c ? model_message(m) : "");
    if (m.c)
        expect_message(model_message(m), failed ? "memory is out" : "");
    else if (feed && nn_feed_status(feed))
        expect_message(nn_feed_message(feed), "memory is out");
    close_model(m);
    nn_feed_close(feed);
    counting_check_released(&memory);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    write_table("t.csv", (form){.is_gzip = _i / 2, .has_integers = _i / 2}, ROWS);
    size_t k = 1;
    while (go_with_failure(k, _i % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE))
        k++;
    ck_assert_uint_gt(k, 50);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, one_window_is_a_fit_in_memory, 0, NN_SCALE_COUNT * NN_IMPUTE_COUNT * 3);
    tcase_add_loop_test(tests, one_window_of_every_form, 0, FORMS);
    tcase_add_loop_test(tests, each_row_is_in_one_batch, 0, 6);
    tcase_add_test(tests, batches_of_another_size_stay_in_their_window);
    tcase_add_loop_test(tests, a_fit_goes_on_in_its_window, 0, 7);
    tcase_add_loop_test(tests, a_callback_may_use_the_feed, 0, 2);
    tcase_add_test(tests, validation_in_memory_stops_a_fit);
    tcase_add_test(tests, wide_tables_have_their_first_and_last_row);
    tcase_add_loop_test(tests, windows_are_rows_of_the_file, 0, 4);
    tcase_add_test(tests, columns_are_found_again);
    tcase_add_test(tests, what_is_wrong_is_found_when_it_is_opened);
    tcase_add_loop_test(tests, a_file_that_changes_is_an_error, 0, CHANGES);
    tcase_add_test(tests, fits_are_refused);
    tcase_add_test(tests, whatever_else_takes_data_refuses_a_feed);
    tcase_add_test(tests, weights_of_the_ends_are_not_those_of_all_rows);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 4);
}

int main(void) { return run_in_folder("feed", add_tests); }
