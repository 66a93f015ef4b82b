/* A first fit that begins with weights of a file: of ours, of ours that another program wrote again, of others. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "../../nn/files/safetensors.h"
#include "../support/check.h"
#include "../support/data_files.h"
#include "../support/models.h"

static char path[5000], other[5000];
static rows_of rows;
static double last_counts[MODEL_ROWS];

enum { ROWS = 47, BATCH = 10 };

static void fill_paths(void)
{
    open_clouds();
    fill_rows(&rows, &nn_head_softmax, CLASSES, ROWS, 1);
    snprintf(path, sizeof path, "%s", path_in_folder("weights.safetensors"));
    snprintf(other, sizeof other, "%s", path_in_folder("other"));
}

/* Only the last row of the first epoch counts, in the order of this seed. */
static nn_data rows_of_seed(uint64_t seed)
{
    static int32_t order[ROWS];
    nn_data data = rows.data;
    ad_random_permutation(seed, ad_stream(AD_STREAM_ORDER, 0), ROWS, order);
    memset(last_counts, 0, sizeof last_counts);
    last_counts[order[ROWS - 1]] = 1;
    data.weights = last_counts;
    return data;
}

static bool expect_no_loss(const nn_progress *p, void *context)
{
    (void)context;
    ck_assert(p->loss == 0);
    return true;
}

/* A step in which no row counts changes nothing: what is read can be compared with the file. */
static void make_empty_step(model m, uint64_t seed, const char *warm_start)
{
    const nn_data data = rows_of_seed(seed);
    const nn_fit_options o = {.batch_size = BATCH, .steps = 1, .warm_start = warm_start, .callback = expect_no_loss};
    ck_assert_msg(model_fit(m, &data, &o) == AD_OK, "%s", model_message(m));
}

static const nn_layer block[] = {NN_DENSE(.units = 5, .activation = AD_TANH), NN_BATCH_NORM()};
static const nn_layer layers[] = {
    NN_DENSE(.units = 5, .initialiser = NN_HE_NORMAL),
    NN_BATCH_NORM(),
    {.kind = &nn_repeat, .name = "state", .options = &(const nn_repeat_options){NN_LAYERS(block), 2}},
    NN_LAYER_NORM()};
static const nn_group frozen[] = {{.pattern = "state/1/*", .frozen = true}};

/* Networks, and a second one of the same shape whose initialisers give others numbers. */
static const nn_regressor_options networks[] = {
    {.hidden_units = {5, 4}, .optimiser = {.rule = &nn_adam}},
    {.layers = NN_LAYERS(layers), .groups = frozen, .n_groups = 1},
    {.hidden_units = {3}, .scaling = NN_SCALE_FEATURE, .optimiser = {.rule = &nn_ftrl}},
    {.layers = NN_LAYERS(layers), .optimiser = {.rule = &nn_adamw, .rate = 0.01}},
};
enum { NETWORKS = 4 };

static model open_network(int i, uint64_t seed)
{
    nn_regressor_options o = networks[i];
    o.seed = seed;
    return open_model(&nn_head_softmax, CLASSES, o);
}

static ad_status save_model(model m, const char *to)
{
    return m.c ? nn_classifier_save(m.c, to, NULL) : nn_regressor_save(m.r, to, NULL);
}

/* Trains a network for some steps, and leaves its file. */
static void write_network(int i)
{
    const model m = open_network(i, 1);
    fit_well(m, &rows.data, BATCH, 25);
    ck_assert_int_eq(save_model(m, path), AD_OK);
    close_model(m);
}

/* ---- What a file has --------------------------------------------------------------------------------------------- */

/* A file that is read, and perhaps changed and written again. */
typedef struct edited {
    ad_memory memory;
    nn_store store;
    nn_safetensors file;
    nn_file_tensor tensors[300];
    nn_file_content content;
} edited;

static edited e;

static void open_edited(void)
{
    char message[500];
    e = (edited){.memory = ad_memory_over(NULL)};
    e.store.memory = &e.memory;
    ck_assert_int_eq(nn_safetensors_open(&e.file, path, &e.store, message, sizeof message), AD_OK);
    for (size_t i = 0; i < e.file.content.n_tensors; i++) {
        nn_file_tensor *t = &e.tensors[i];
        *t = e.file.content.tensors[i];
        void *data = nn_store_take(&e.store, (size_t)(t->end - t->begin) + 1, 1);
        ck_assert_int_eq(nn_safetensors_read(&e.file, t, data, message, sizeof message), AD_OK);
        t->data = data;
    }
    e.content = (nn_file_content){e.tensors, e.file.content.n_tensors, NULL, 0};
}

static void close_edited(void)
{
    nn_safetensors_close(&e.file);
    nn_store_release(&e.store);
}

/* Writes it as another program does: without our metadata. */
static void write_edited(void)
{
    char message[500];
    const ad_status status = nn_safetensors_write(&e.content, path, 0, &e.memory, message, sizeof message);
    ck_assert_msg(status == AD_OK, "%s", message);
    close_edited();
}

static nn_file_tensor *tensor_of(const char *name)
{
    size_t i = 0;
    while (i < e.content.n_tensors && strcmp(e.tensors[i].name, name) != 0)
        i++;
    ck_assert_msg(i < e.content.n_tensors, "%s", name);
    return &e.tensors[i];
}

/* Makes a tensor one of 64 bits, with the same numbers and a bit more, which is rounded away. */
static void widen(nn_file_tensor *t)
{
    const float *from = t->data;
    const size_t n = (size_t)(t->end - t->begin) / sizeof *from;
    double *to = nn_store_take(&e.store, n, sizeof *to);
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i] * (1 + 0x1p-40);
    t->type = NN_FILE_F64;
    t->data = to;
}

/* ---- Weights are taken ------------------------------------------------------------------------------------------- */

/* After the step that changes nothing, the parts are those of the file, and slots are as new. */
static void expect_parts_of(int i, const char *file)
{
    nn_classifier *as = nn_classifier_load(file, &(nn_load_options){.allocator = &memory.allocator});
    ck_assert_msg(nn_classifier_status(as) == AD_OK, "%s", nn_classifier_message(as));
    const model m = open_network(i, 9);
    make_empty_step(m, 9, path);
    ck_assert_int_eq(model_evaluate(m, &rows.data).global_step, 1);
    expect_same_parts(m.c, as);
    nn_classifier_close(as);
    close_model(m);
}

START_TEST(weights_of_our_files_are_taken)
{
    write_network(_i);
    expect_parts_of(_i, path);
}
END_TEST

/* Without metadata, of 64 bits in part, with other tensors beside them. */
START_TEST(weights_of_other_programs_are_taken)
{
    static const int64_t tracked = 25, one = 1;
    write_network(_i);
    ck_assert_int_eq(rename(path, other), 0);
    snprintf(path, sizeof path, "%s", other);
    open_edited();
    snprintf(path, sizeof path, "%s", path_in_folder("weights.safetensors"));
    size_t n = 0;
    for (size_t i = 0; i < e.content.n_tensors; i++) {
        if (!strncmp(e.tensors[i].name, "gradtape.", 9) || !strncmp(e.tensors[i].name, "optimizer.", 10))
            continue;
        e.tensors[n] = e.tensors[i];
        if (n++ % 2)
            widen(&e.tensors[n - 1]);
    }
    e.tensors[n] = (nn_file_tensor){.name = "batch_norm.num_batches_tracked", .type = NN_FILE_I64, .data = &tracked};
    e.tensors[n + 1] = (nn_file_tensor){.name = "a", .type = NN_FILE_U8, .rank = 1, .sizes = {1}, .data = &one};
    e.content.n_tensors = n + 2;
    write_edited();
    expect_parts_of(_i, other);
}
END_TEST

/* Another program keeps the metadata, checksum too, and writes the header in its way. It has changed a weight. */
START_TEST(weights_of_files_that_were_written_again_are_taken)
{
    static file_bytes b;
    write_network(0);
    load_bytes(path, &b);
    uint64_t header = 0, begin = 0;
    memcpy(&header, b.at, sizeof header);
    for (unsigned char *at = b.at + 8 + header; at-- > b.at && (*at == '\n' || *at == ' ');)
        *at = ' ';
    open_edited();
    begin = tensor_of("logits.bias")->begin;
    close_edited();
    const float changed = 0.625f;
    memcpy(b.at + begin, &changed, sizeof changed);
    save_bytes("weights.safetensors", &b);
    nn_classifier *c = nn_classifier_load(path, NULL);
    ck_assert_int_eq(nn_classifier_status(c), AD_BAD_FILE);
    nn_classifier_close(c);
    const model m = open_network(0, 9);
    make_empty_step(m, 9, path);
    const size_t last = nn_classifier_parameter_count(m.c) - 1;
    ck_assert(ad_f32(nn_classifier_parameter(m.c, last))[0] == changed);
    close_model(m);
}
END_TEST

/* A fit with weights of a file has the bits of one whose initialisers gave them. */
START_TEST(a_fit_goes_on_as_if_they_were_initial)
{
    nn_layer plain[] = {NN_DENSE(.units = 5),
                        NN_BATCH_NORM(),
                        {.kind = &nn_repeat, .options = &(const nn_repeat_options){NN_LAYERS(block), 2}}};
    nn_regressor_options o = {.layers = {plain, COUNT(plain)},
                              .optimiser = {.rule = nn_optimiser_at((size_t)_i)},
                              .scaling = NN_SCALE_FEATURE,
                              .seed = 5};
    const nn_fit_options fit = {.batch_size = o.optimiser.rule == &nn_lbfgs ? 0 : BATCH, .steps = 12};
    nn_fit_options warm = fit;
    const model initial = open_model(&nn_head_softmax, CLASSES, o), a = open_model(&nn_head_softmax, CLASSES, o);
    if (o.optimiser.rule == &nn_lbfgs) /* which has no step in which no row counts */
        o.optimiser.rule = &nn_adam;
    const model likewise = open_model(&nn_head_softmax, CLASSES, o);
    make_empty_step(likewise, 5, NULL);
    ck_assert_int_eq(save_model(likewise, path), AD_OK);
    o.optimiser.rule = nn_optimiser_at((size_t)_i);
    plain[0].options = &(const nn_dense_options){.units = 5, .initialiser = NN_HE_NORMAL};
    const model b = open_model(&nn_head_softmax, CLASSES, o), c = open_model(&nn_head_softmax, CLASSES, o);
    ck_assert_int_eq(model_fit(a, &rows.data, &fit), AD_OK);
    ck_assert_int_eq(model_fit(c, &rows.data, &fit), AD_OK);
    warm.warm_start = path;
    ck_assert_msg(model_fit(b, &rows.data, &warm) == AD_OK, "%s", model_message(b));
    ck_assert_uint_eq(model_hash(b), model_hash(a));
    ck_assert_uint_ne(model_hash(c), model_hash(a));
    const model all[] = {initial, likewise, a, b, c};
    for (int i = 0; i < COUNT(all); i++)
        close_model(all[i]);
}
END_TEST

START_TEST(a_regressor_begins_with_weights)
{
    const nn_regressor_options o = {.hidden_units = {4}, .seed = 1};
    float p[ROWS * 2], q[ROWS * 2];
    fill_rows(&rows, &nn_head_squared, 2, ROWS, 1);
    const model a = open_model(&nn_head_squared, 2, o),
                b = open_model(&nn_head_squared, 2, (nn_regressor_options){.hidden_units = {4}, .seed = 2});
    fit_well(a, &rows.data, BATCH, 20);
    ck_assert_int_eq(save_model(a, path), AD_OK);
    make_empty_step(b, 2, path);
    ck_assert_int_eq(model_predict(a, &rows.data, p), AD_OK);
    ck_assert_int_eq(model_predict(b, &rows.data, q), AD_OK);
    ck_assert_mem_eq(p, q, sizeof p);
    close_model(a);
    close_model(b);
}
END_TEST

/* Each fold begins with the file, as a fit by hand does. */
START_TEST(each_fold_begins_with_weights)
{
    write_network(0);
    const nn_classifier_options o = {
        .hidden_units = {5, 4}, .n_classes = CLASSES, .optimiser = {.rule = &nn_adam}, .allocator = &memory.allocator};
    const nn_cross_validation_options how = {
        .folds = 3, .fit = {.batch_size = BATCH, .steps = 2, .warm_start = path}, .allocator = &memory.allocator};
    nn_cross_validation *v = nn_classifier_cross_validate(&o, &rows.data, &how);
    ck_assert_msg(nn_cross_validation_status(v) == AD_OK, "%s", nn_cross_validation_message(v));
    nn_split *split = nn_split_open(&rows.data, &(nn_split_options){.folds = 3, .allocator = &memory.allocator});
    for (int64_t i = 0; i < 3; i++) {
        const nn_data learnt = nn_split_train(split, i), held = nn_split_test(split, i);
        double loss[2];
        for (int k = 0; k < 2; k++) {
            nn_fit_options fit = how.fit;
            fit.warm_start = k ? NULL : path;
            nn_classifier *c = nn_classifier_open(&o);
            ck_assert_int_eq(nn_classifier_fit(c, &learnt, &fit), AD_OK);
            loss[k] = nn_classifier_evaluate(c, &held).loss;
            nn_classifier_close(c);
        }
        ck_assert(nn_cross_validation_fold(v, i).loss == loss[0] && loss[0] != loss[1]);
    }
    nn_split_close(split);
    nn_cross_validation_close(v);
}
END_TEST

/* ---- What is refused --------------------------------------------------------------------------------------------- */

/* The fit of an estimator that was just opened fails before its first step. The same estimator is then as new: a fit
 * has the bits of another one's. */
static void expect_refused(ad_status status, const char *file, const char *message)
{
    static state as_new;
    diary d = {.n = 0};
    const nn_fit_options o = {
        .batch_size = BATCH, .steps = 5, .warm_start = file, .callback = keep_diary, .context = &d};
    const model m = open_network(0, 3), fresh = open_network(0, 3);
    const ad_status got = model_fit(m, &rows.data, &o);
    ck_assert_msg(got == status, "%s: %s", ad_status_name(got), model_message(m));
    ck_assert_msg(strstr(model_message(m), message) != NULL, "'%s' where '%s' is expected", model_message(m), message);
    ck_assert_int_eq(d.n, 0);
    ck_assert_uint_eq(model_parameter_count(m), 0);
    model_clear(m);
    fit_well(m, &rows.data, BATCH, 3);
    fit_well(fresh, &rows.data, BATCH, 3);
    take_state_on(fresh.c, &rows.data, &as_new);
    static state got_state;
    take_state_on(m.c, &rows.data, &got_state);
    ck_assert(same_state(&as_new, &got_state));
    close_model(m);
    close_model(fresh);
}

START_TEST(paths_that_are_wrong_are_told)
{
    char message[6000];
    expect_refused(AD_BAD_VALUE, "", "fit: warm_start is empty: give the path of a file, or NULL for none");
    snprintf(message, sizeof message, "weights.safetensors: cannot be read: No such file or directory");
    expect_refused(AD_BAD_FILE, path, message);
    expect_refused(AD_BAD_FILE, "/tmp", "fit: warm_start: /tmp: is a directory");
    FILE *to = fopen(path, "w");
    fputs("a,b,y\n1,2,yes\n1,2,yes\n", to);
    fclose(to);
    expect_refused(AD_BAD_FILE, path, "weights.safetensors: not a safetensors file: ");
}
END_TEST

START_TEST(only_the_first_fit_takes_weights)
{
    static const char *const message =
        "fit: warm_start: the classifier has its weights already: leave it out, or open another classifier";
    write_network(0);
    const nn_fit_options o = {.steps = 5, .warm_start = path};
    const model m = open_network(0, 3);
    fit_well(m, &rows.data, BATCH, 3);
    const uint64_t before = model_hash(m);
    ck_assert_int_eq(model_fit(m, &rows.data, &o), AD_BAD_STATE);
    ck_assert_str_eq(model_message(m), message);
    ck_assert_uint_eq(model_hash(m), before);
    close_model(m);
    nn_classifier *c = nn_classifier_load(path, NULL);
    ck_assert_int_eq(nn_classifier_fit(c, &rows.data, &o), AD_BAD_STATE);
    ck_assert_str_eq(nn_classifier_message(c), message);
    nn_classifier_close(c);
}
END_TEST

/* What is wrong with a tensor of the file. */
static const struct {
    const char *name, *new_name;
    int rank; /* the new one; -1: as it is */
    int64_t sizes[3];
    double number; /* that its last element gets; 0: as it is */
    bool is_wide;
    const char *message;
} wrong_tensors[] = {
    {"hiddenlayer_0.weight",
     NULL,
     2,
     {4, 5},
     0,
     false,
     "weights.safetensors: hiddenlayer_0.weight is [4,5], this network's is [5,4]"},
    {"hiddenlayer_0.weight",
     NULL,
     3,
     {5, 4, 1},
     0,
     false,
     "weights.safetensors: hiddenlayer_0.weight is [5,4,1], this network's is [5,4]"},
    {"logits.bias", NULL, 2, {1, 3}, 0, false, "logits.bias is [1,3], this network's is [3]"},
    {"hiddenlayer_0.weight", NULL, 1, {5}, 0, false, "hiddenlayer_0.weight is [5], this network's is [5,4]"},
    {"logits.bias", NULL, 0, {0}, 0, false, "logits.bias is [], this network's is [3]"},
    {"logits.bias",
     "logits.basis",
     -1,
     {0},
     0,
     false,
     "weights.safetensors: it has no tensor \"logits.bias\", which this network needs; it has "},
    {"logits.bias", NULL, -1, {0}, HUGE_VAL, false, "weights.safetensors: logits.bias is not finite"},
    {"hiddenlayer_0.weight", NULL, -1, {0}, NAN, false, "weights.safetensors: hiddenlayer_0.weight is not finite"},
    {"hiddenlayer_0.weight",
     NULL,
     -1,
     {0},
     1e39,
     true,
     "hiddenlayer_0.weight is not finite, or has a number that is too large for F32"},
};

START_TEST(wrong_tensors_are_told)
{
    write_network(0);
    open_edited();
    nn_file_tensor *t = tensor_of(wrong_tensors[_i].name);
    const size_t last = (size_t)(t->end - t->begin) / sizeof(float) - 1;
    if (wrong_tensors[_i].new_name)
        t->name = wrong_tensors[_i].new_name;
    if (wrong_tensors[_i].rank >= 0) {
        t->rank = wrong_tensors[_i].rank;
        memcpy(t->sizes, wrong_tensors[_i].sizes, sizeof wrong_tensors[_i].sizes);
    }
    if (wrong_tensors[_i].is_wide) {
        widen(t);
        ((double *)t->data)[last] = wrong_tensors[_i].number;
    } else if (wrong_tensors[_i].number != 0) {
        ((float *)t->data)[last] = (float)wrong_tensors[_i].number;
    }
    write_edited();
    expect_refused(AD_BAD_FILE, path, wrong_tensors[_i].message);
}
END_TEST

static void write_header(const char *header, size_t bytes)
{
    static file_bytes b;
    b.n = 0;
    put_number(&b, strlen(header), 8);
    put_text(&b, header);
    for (size_t i = 0; i < bytes; i++)
        put_bytes(&b, "", 1);
    save_bytes("weights.safetensors", &b);
}

/* Files of others have other names and other types. */
START_TEST(files_of_others_are_told)
{
    write_header("{\"0.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                 "\"0.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
                 "\"2.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
                 "\"2.bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]},"
                 "\"4.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[16,20]}}",
                 20);
    expect_refused(AD_BAD_FILE, path,
                   "weights.safetensors: it has no tensor \"hiddenlayer_0.weight\", which this network needs; it has "
                   "'0.weight', '0.bias', '2.weight', '2.bias', ...");
    write_header("{\"hiddenlayer_0.weight\":{\"dtype\":\"BF16\",\"shape\":[5,4],\"data_offsets\":[0,40]}}", 40);
    expect_refused(AD_BAD_FILE, path,
                   "weights.safetensors: hiddenlayer_0.weight is of type BF16: a warm start takes F32 and F64");
    write_header("{\"hiddenlayer_0.weight\":{\"dtype\":\"I64\",\"shape\":[5,4],\"data_offsets\":[0,160]}}", 160);
    expect_refused(AD_BAD_FILE, path, "hiddenlayer_0.weight is of type I64: a warm start takes F32 and F64");
    write_header("{}", 0);
    expect_refused(AD_BAD_FILE, path, "it has no tensor \"hiddenlayer_0.weight\", which this network needs");
    write_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4);
    expect_refused(AD_BAD_FILE, path, "weights.safetensors: not a sound safetensors file: ");
    write_network(0);
    open_edited();
    for (size_t i = 0; i < e.content.n_tensors; i++)
        if (!strcmp(e.tensors[i].name, "hiddenlayer_0.bias"))
            e.tensors[i].name = "b";
    write_edited();
    const model m = open_network(0, 3);
    ck_assert_int_eq(model_fit(m, &rows.data, &(nn_fit_options){.warm_start = path}), AD_BAD_FILE);
    ck_assert_ptr_null(strstr(model_message(m), "optimizer.")); /* no slots among what it has */
    ck_assert_ptr_nonnull(strstr(model_message(m), "'b'"));
    close_model(m);
}
END_TEST

/* Classes that are learnt go again with the network. */
START_TEST(learnt_classes_go_with_what_failed)
{
    static int32_t labels[ROWS];
    nn_classifier *c = open_with((nn_classifier_options){.hidden_units = {5}});
    ck_assert_int_eq(nn_classifier_fit(c, &rows.data, &(nn_fit_options){.warm_start = path}), AD_BAD_FILE);
    ck_assert_int_eq(nn_classifier_class_count(c), 0);
    nn_data two = rows.data;
    for (int i = 0; i < ROWS; i++)
        labels[i] = 7 + i % 2;
    two.labels = labels;
    ck_assert_int_eq(nn_classifier_fit(c, &two, NULL), AD_OK);
    ck_assert_int_eq(nn_classifier_class_count(c), 2);
    nn_classifier_close(c);
}
END_TEST

#ifdef TESTS_FEW_TERMS /* under a sanitizer */
enum { STEP = 29 };
#else
enum { STEP = 1 };
#endif

/* A file of ours with a flipped bit is refused, or the weights are what they were: where it is the checksum that has
 * lost its name. */
START_TEST(no_flipped_bit_changes_a_weight)
{
    struct stat s;
    const model as = open_network(2, 9);
    write_network(2);
    make_empty_step(as, 9, path);
    ck_assert_int_eq(stat(path, &s), 0);
    size_t refused = 0, taken = 0;
    const nn_data data = rows_of_seed(9);
    const nn_fit_options o = {.batch_size = BATCH, .steps = 1, .warm_start = path};
    const uint64_t hash = model_hash(as);
    for (size_t bit = 0; bit < 8 * (size_t)s.st_size; bit += STEP) {
        flip_bit(path, bit);
        const model m = open_network(2, 9);
        const ad_status status = model_fit(m, &data, &o);
        if (status == AD_OK ? model_hash(m) != hash : status != AD_BAD_FILE || model_parameter_count(m))
            ck_abort_msg("bit %zu: %s", bit, model_message(m));
        (*(status == AD_OK ? &taken : &refused))++;
        close_model(m);
        flip_bit(path, bit);
    }
    printf("damage: %zu flipped bits of a file for a warm start, %zu refused, %zu without harm\n", refused + taken,
           refused, taken);
    ck_assert_uint_gt(refused, 50 * taken);
    close_model(as);
}
END_TEST

START_TEST(a_damaged_file_of_ours_is_told)
{
    struct stat s;
    write_network(0);
    ck_assert_int_eq(stat(path, &s), 0);
    flip_bit(path, 8 * (size_t)s.st_size - 3);
    expect_refused(AD_BAD_FILE, path, "weights.safetensors: damaged: checksum differs (was the file cut or edited?)");
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static bool fit_with_failure(size_t k, counting_failure failure)
{
    const model m = open_network(1, 4);
    counting_fail(&memory, k, failure);
    const size_t refused = memory.refused;
    const nn_fit_options o = {.steps = 1, .batch_size = BATCH, .warm_start = path};
    const ad_status status = model_fit(m, &rows.data, &o);
    const bool failed = memory.refused > refused;
    counting_heal(&memory);
    ck_assert_msg(status == (failed ? AD_NO_MEMORY : AD_OK), "%zu: %s: %s", k, ad_status_name(status),
                  model_message(m));
    close_model(m);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    size_t k = 1;
    write_network(1);
    while (fit_with_failure(k, _i ? COUNTING_FOR_GOOD : COUNTING_ONCE))
        k++;
    ck_assert_uint_gt(k, 100);
    counting_print_refused(k - 1, "a fit with a warm start");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, fill_paths, close_clouds);
    tcase_add_loop_test(tests, weights_of_our_files_are_taken, 0, NETWORKS);
    tcase_add_loop_test(tests, weights_of_other_programs_are_taken, 0, NETWORKS);
    tcase_add_test(tests, weights_of_files_that_were_written_again_are_taken);
    tcase_add_loop_test(tests, a_fit_goes_on_as_if_they_were_initial, 0, (int)nn_optimiser_count());
    tcase_add_test(tests, a_regressor_begins_with_weights);
    tcase_add_test(tests, each_fold_begins_with_weights);
    tcase_add_test(tests, paths_that_are_wrong_are_told);
    tcase_add_test(tests, only_the_first_fit_takes_weights);
    tcase_add_loop_test(tests, wrong_tensors_are_told, 0, COUNT(wrong_tensors));
    tcase_add_test(tests, files_of_others_are_told);
    tcase_add_test(tests, learnt_classes_go_with_what_failed);
    tcase_add_test(tests, no_flipped_bit_changes_a_weight);
    tcase_add_test(tests, a_damaged_file_of_ours_is_told);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2);
}

int main(void) { return run_in_folder("warm_start", add_tests); }
