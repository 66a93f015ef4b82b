/* What cannot be saved, and files that are no models: each its message, and nothing crashes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gradtape/update.h>

#include "../../nn/files/safetensors.h"
#include "../support/check.h"
#include "../support/classifiers.h"
#include "../support/data_files.h"

static char path[5000];

static void fill_path(void)
{
    open_clouds();
    memory.limit = 1 << 26; /* a size that a file makes up does no harm */
    snprintf(path, sizeof path, "%s", path_in_folder("m.safetensors"));
}

/* A model of a few hundred bytes beside its metadata, with all that a file can have. */
static nn_classifier_options all_options(void)
{
    return (nn_classifier_options){.hidden_units = {2},
                                   .n_classes = CLASSES,
                                   .optimiser = {.rule = &nn_nadam},
                                   .scaling = NN_SCALE_FEATURE,
                                   .allocator = &memory.allocator};
}

static void save_model(void)
{
    const nn_classifier_options o = all_options();
    nn_classifier *c = nn_classifier_open(&o);
    const nn_fit_options fit = {.steps = 8,
                                .batch_size = 10,
                                .validation = &test.data,
                                .validate_every = 2,
                                .patience = 9,
                                .watch_every = 3,
                                .save = path};
    ck_assert_msg(nn_classifier_fit(c, &train.data, &fit) == AD_OK, "%s", nn_classifier_message(c));
    nn_classifier_close(c);
}

#ifdef TESTS_FEW_TERMS /* under a sanitizer */
enum { STEP = 13, CHANGES = 300 };
#else
enum { STEP = 1, CHANGES = 3000 };
#endif

/* ---- Saving ------------------------------------------------------------------------------------------------------ */

static void expect_message(nn_classifier *c, ad_status got, ad_status wanted_status, const char *message)
{
    ck_assert_msg(got == wanted_status, "%s: %s", ad_status_name(got), nn_classifier_message(c));
    ck_assert_msg(strstr(nn_classifier_message(c), message) != NULL, "%s", nn_classifier_message(c));
    nn_classifier_clear_error(c);
}

START_TEST(what_cannot_be_saved_is_told)
{
    const nn_classifier_options bad = {.n_classes = 0, .hidden_units = {-1}};
    nn_classifier *c = open_small();
    expect_message(c, nn_classifier_save(c, path, NULL), AD_BAD_STATE, "save: the model was not fitted yet");
    fit(c, &train, 10, 3);
    expect_message(c, nn_classifier_save(c, NULL, NULL), AD_BAD_VALUE,
                   "save: the path is NULL: give the name of a file");
    expect_message(c, nn_classifier_save(c, "", NULL), AD_BAD_VALUE, "save: the path is empty");
    expect_message(c, nn_classifier_save(c, path, &(nn_save_options){.keep = -1}), AD_BAD_VALUE,
                   "save: keep is -1: it must be 0 to 1000");
    expect_message(c, nn_classifier_save(c, path, &(nn_save_options){.keep = 1001}), AD_BAD_VALUE, "keep is 1001");
    expect_message(c, nn_classifier_save(c, path_in_folder("no/m"), NULL), AD_BAD_FILE, "No such file or directory");
    ck_assert_int_eq(access(path, F_OK), -1);
    ck_assert_int_eq(nn_classifier_save(c, path, &(nn_save_options){.keep = 1000}), AD_OK);
    ad_tensor x = nn_classifier_parameter(c, 1);
    ad_fill(x, 1e30);
    float *numbers = calloc(ad_size_of(x), sizeof *numbers);
    numbers[ad_size_of(x) - 1] = HUGE_VALF;
    ad_assign(x, numbers);
    free(numbers);
    expect_message(c, nn_classifier_save(c, path, NULL), AD_NOT_FINITE, "save: hiddenlayer_0.bias is not finite");
    nn_classifier_close(c);
    ck_assert_int_eq(nn_classifier_save(NULL, path, NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_regressor_save(NULL, path, NULL), AD_BAD_HANDLE);
    c = nn_classifier_open(&bad);
    ck_assert_int_eq(nn_classifier_save(c, path, NULL), AD_BAD_STATE);
    nn_classifier_close(c);
}
END_TEST

/* The path of the table in the place of the model's. */
START_TEST(what_is_no_model_is_not_replaced)
{
    const char *const rows = "a,b,y\n1,2,yes\n", *const told =
                                                     "what is there is no safetensors file; give another path";
    char kept[100] = "";
    nn_classifier *c = open_small();
    FILE *file = fopen(path, "wb");
    fputs(rows, file);
    fclose(file);
    expect_message(c, nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = 3, .save = path}), AD_BAD_FILE,
                   told);
    ck_assert_uint_eq(nn_classifier_parameter_count(c), 0); /* before the first step */
    fit(c, &train, 10, 3);
    expect_message(c, nn_classifier_save(c, path, NULL), AD_BAD_FILE, told);
    file = fopen(path, "rb");
    ck_assert_uint_eq(fread(kept, 1, sizeof kept, file), strlen(rows));
    fclose(file);
    ck_assert_str_eq(kept, rows);
    file = fopen(path, "wb"); /* an empty one is in nobody's way */
    fclose(file);
    ck_assert_int_eq(nn_classifier_save(c, path, NULL), AD_OK);
    ck_assert_int_eq(nn_classifier_save(c, path, NULL), AD_OK);
    nn_classifier_close(c);
}
END_TEST

/* Files with the names of those that are kept: found before the first step, and by a save. */
START_TEST(what_is_no_model_is_no_checkpoint)
{
    const char *const told = "what is called .1 is no safetensors file; move it away";
    char first[5100], kept[100] = "";
    snprintf(first, sizeof first, "%s.1", path);
    FILE *file = fopen(first, "wb");
    fputs("a,b,y\n1,2,yes\n", file);
    fclose(file);
    nn_classifier *c = open_small();
    expect_message(c, nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = 3, .save = path, .keep = 1}),
                   AD_BAD_FILE, told);
    ck_assert_uint_eq(nn_classifier_parameter_count(c), 0);
    fit(c, &train, 10, 3);
    ck_assert_int_eq(nn_classifier_save(c, path, NULL), AD_OK); /* which keeps none */
    expect_message(c, nn_classifier_save(c, path, &(nn_save_options){.keep = 1}), AD_BAD_FILE, told);
    file = fopen(first, "rb");
    ck_assert_uint_eq(fread(kept, 1, sizeof kept, file), 14);
    fclose(file);
    ck_assert_str_eq(kept, "a,b,y\n1,2,yes\n");
    nn_classifier_close(c);
}
END_TEST

START_TEST(texts_that_are_no_utf_8_are_refused_before_training)
{
    diary d = {.n = 0};
    const nn_classifier_options o = {
        .n_classes = CLASSES, .label_texts = NN_TEXTS("a", "b", "\xff"), .allocator = &memory.allocator};
    static const char *const texts[] = {"a", "b", "\xff"};
    const char *labels[MAX_ROWS];
    for (int64_t i = 0; i < train.data.rows; i++)
        labels[i] = texts[train.labels[i]];
    nn_data data = train.data;
    data.labels = NULL;
    data.label_texts = labels;
    nn_classifier *c = nn_classifier_open(&o);
    const nn_fit_options fit = {.steps = 3, .save = path, .callback = keep_diary, .context = &d};
    expect_message(c, nn_classifier_fit(c, &data, &fit), AD_BAD_VALUE,
                   "fit: save: a name, a label or a level is not UTF-8");
    ck_assert_int_eq(d.n, 0);
    ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 3}), AD_OK);
    expect_message(c, nn_classifier_save(c, path, NULL), AD_BAD_VALUE, "save: a name, a label or a level is not UTF-8");
    nn_classifier_close(c);
}
END_TEST

START_TEST(a_fit_that_cannot_save_does_not_begin)
{
    const struct {
        nn_fit_options options;
        ad_status status;
        const char *message;
    } cases[] = {
        {{.save_every = 2}, AD_BAD_VALUE, "fit: save_every needs save: give the path of a file"},
        {{.keep = 2}, AD_BAD_VALUE, "fit: keep needs save: give the path of a file"},
        {{.save = ""}, AD_BAD_VALUE, "fit: save is empty: give the path of a file, or NULL for none"},
        {{.save = "/no/such/folder/m"}, AD_BAD_FILE, "fit: save: /no/such/folder/m: cannot be written: "},
        {{.save = "/tmp"}, AD_BAD_FILE, "fit: save: /tmp: cannot be written: "},
        {{.save = path, .save_every = -1}, AD_BAD_VALUE, "fit: save_every is -1: it must be at least 0"},
        {{.save = path, .keep = -1}, AD_BAD_VALUE, "fit: keep is -1: it must be at least 0 and at most 1000"},
        {{.save = path, .keep = 1001}, AD_BAD_VALUE, "fit: keep is 1001: it must be at least 0 and at most 1000"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        diary d = {.n = 0};
        nn_classifier *c = open_small();
        nn_fit_options o = cases[i].options;
        o.steps = 5;
        o.callback = keep_diary;
        o.context = &d;
        expect_message(c, nn_classifier_fit(c, &train.data, &o), cases[i].status, cases[i].message);
        ck_assert_int_eq(d.n, 0);
        ck_assert_uint_eq(nn_classifier_parameter_count(c), 0);
        nn_classifier_close(c);
    }
}
END_TEST

/* The folder goes while the fit runs. */
static bool take_folder_away(const nn_progress *p, void *context)
{
    if (p->step == 4)
        ck_assert_int_eq(rename(context, path_in_folder("away")), 0);
    return true;
}

START_TEST(a_save_that_fails_ends_the_fit)
{
    char in[6000], inside[6100];
    snprintf(in, sizeof in, "%s", path_in_folder("in"));
    snprintf(inside, sizeof inside, "%s/m", in);
    ck_assert_int_eq(mkdir(in, 0777), 0);
    nn_classifier *c = open_small();
    const nn_fit_options o = {
        .steps = 50, .batch_size = 10, .save = inside, .save_every = 3, .callback = take_folder_away, .context = in};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_BAD_FILE);
    ck_assert_msg(strstr(nn_classifier_message(c), "fit: save: ") == nn_classifier_message(c), "%s",
                  nn_classifier_message(c));
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), NN_END_FAILED);
    nn_classifier_clear_error(c);
    state_after(&wanted, &train, 10, 6);
    close_as(c, &wanted, "after the step of the save that failed");
    snprintf(inside, sizeof inside, "%s/m", path_in_folder("away"));
    c = nn_classifier_load(inside, NULL);
    ck_assert_int_eq(nn_classifier_evaluate(c, &test.data).global_step, 3);
    nn_classifier_close(c);
    unlink(inside);
}
END_TEST

static bool take_away_and_stop(const nn_progress *p, void *context)
{
    return take_folder_away(p, context) && p->step < 5;
}

START_TEST(a_stopped_fit_that_cannot_save_tells)
{
    char in[6000], inside[6100];
    snprintf(in, sizeof in, "%s", path_in_folder("in"));
    snprintf(inside, sizeof inside, "%s/m", in);
    ck_assert_int_eq(mkdir(in, 0777), 0);
    nn_classifier *c = open_small();
    const nn_fit_options o = {
        .steps = 50, .batch_size = 10, .save = inside, .callback = take_away_and_stop, .context = in};
    expect_message(c, nn_classifier_fit(c, &train.data, &o), AD_BAD_FILE, "fit: save: ");
    nn_classifier_close(c);
}
END_TEST

/* ---- Files that are no models ------------------------------------------------------------------------------------ */

static void expect_refused(const char *message)
{
    const nn_load_options load = {.allocator = &memory.allocator};
    nn_classifier *c = nn_classifier_load(path, &load);
    ck_assert_int_eq(nn_classifier_status(c), AD_BAD_FILE);
    const char *got = nn_classifier_message(c);
    ck_assert_msg(!strncmp(got, path, strlen(path)), "%s", got);
    ck_assert_msg(strstr(got, message) != NULL, "'%s' where '%s' is expected", got + strlen(path), message);
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, NULL), AD_BAD_FILE);
    ck_assert_int_eq(nn_classifier_save(c, path_in_folder("other"), NULL), AD_BAD_STATE);
    ck_assert_int_eq(nn_classifier_clear_error(c), AD_BAD_FILE);
    ck_assert_str_eq(nn_classifier_settings(c), "");
    ck_assert_uint_eq(nn_classifier_parameter_count(c), 0);
    nn_classifier_close(c);
}

START_TEST(files_that_are_no_models_are_refused)
{
    nn_classifier *c = nn_classifier_load(NULL, NULL);
    expect_message(c, nn_classifier_status(c), AD_BAD_VALUE, "the path is NULL; give that of a model's file");
    nn_classifier_close(c);
    expect_refused(": cannot be read: No such file or directory");
    FILE *to = fopen(path, "w");
    fclose(to);
    expect_refused(": ");
    const int32_t one = 1;
    nn_file_tensor tensor = {.name = "t", .type = NN_FILE_F32, .data = &one};
    const nn_file_content content = {&tensor, 1, NULL, 0};
    char message[500];
    ad_memory own = ad_memory_over(NULL);
    ck_assert_int_eq(nn_safetensors_write(&content, path, 0, &own, message, sizeof message), AD_OK);
    expect_refused(": not a Gradtape model (a safetensors file of another program: 1 tensors, no \"gradtape\" in its "
                   "metadata)");
    nn_regressor *r = nn_regressor_open(NULL);
    const double y[2] = {1, 2};
    const float x[2] = {1, 2};
    const nn_data data = {.features = x, .rows = 2, .columns = 1, .targets = y, .target_element = NN_F64};
    ck_assert_int_eq(nn_regressor_fit(r, &data, &(nn_fit_options){.save = path}), AD_OK);
    nn_regressor_close(r);
    expect_refused(": the model is a regressor, not a classifier: load it by nn_regressor_load");
    save_model();
    r = nn_regressor_load(path, NULL);
    ck_assert_int_eq(nn_regressor_status(r), AD_BAD_FILE);
    ck_assert_ptr_nonnull(
        strstr(nn_regressor_message(r), ": the model is a classifier, not a regressor: load it by nn_classifier_load"));
    nn_regressor_close(r);
}
END_TEST

/* A file that ends anywhere before its end, and one byte behind it. */
START_TEST(a_model_cut_anywhere_is_refused)
{
    const nn_load_options load = {.allocator = &memory.allocator};
    save_model();
    struct stat s;
    ck_assert_int_eq(stat(path, &s), 0);
    FILE *longer = fopen(path, "ab");
    ck_assert(longer && fputc(0, longer) == 0 && fclose(longer) == 0);
    for (off_t n = s.st_size + 1; n >= 0; n -= n == s.st_size + 1 ? 2 : STEP) {
        ck_assert_int_eq(truncate(path, n), 0);
        nn_classifier *c = nn_classifier_load(path, &load);
        ck_assert_msg(nn_classifier_status(c) == AD_BAD_FILE, "%lld bytes are loaded", (long long)n);
        nn_classifier_close(c);
        nn_model_info *info = nn_model_look(path, &memory.allocator);
        ck_assert_int_eq(info->status, AD_BAD_FILE);
        nn_model_info_close(info);
    }
    printf("damage: %lld lengths of a model, none is loaded\n", (long long)s.st_size / STEP);
}
END_TEST

/* Each bit of the file. */
START_TEST(each_flipped_bit_is_found)
{
    const nn_load_options load = {.allocator = &memory.allocator};
    save_model();
    struct stat s;
    ck_assert_int_eq(stat(path, &s), 0);
    size_t damaged = 0;
    for (size_t bit = 0; bit < 8 * (size_t)s.st_size; bit += STEP) {
        flip_bit(path, bit);
        nn_classifier *c = nn_classifier_load(path, &load);
        ck_assert_msg(nn_classifier_status(c) == AD_BAD_FILE, "bit %zu", bit);
        damaged += strstr(nn_classifier_message(c), "damaged: checksum differs (was the file cut or edited?)") != NULL;
        nn_classifier_close(c);
        flip_bit(path, bit);
    }
    printf("damage: %lld flipped bits of a model, none is loaded; the checksum finds %zu, a rule the others\n",
           8 * (long long)s.st_size / STEP, damaged);
    ck_assert_uint_gt(damaged, 8 * 2000 / STEP);
    nn_classifier *c = nn_classifier_load(path, &load);
    ck_assert_int_eq(nn_classifier_status(c), AD_OK);
    nn_classifier_close(c);
}
END_TEST

START_TEST(a_damaged_file_names_the_one_before_it)
{
    char wanted_text[5200];
    save_model();
    struct stat s;
    ck_assert_int_eq(stat(path, &s), 0);
    flip_bit(path, 8 * (size_t)s.st_size - 3);
    nn_classifier *c = nn_classifier_load(path, NULL);
    ck_assert_ptr_null(strstr(nn_classifier_message(c), "checkpoint"));
    nn_classifier_close(c);
    const nn_classifier_options o = all_options();
    c = nn_classifier_open(&o);
    fit(c, &train, 10, 2);
    ck_assert_int_eq(nn_classifier_save(c, path, &(nn_save_options){.keep = 1}), AD_OK);
    nn_classifier_close(c);
    ck_assert_int_eq(stat(path, &s), 0);
    flip_bit(path, 8 * (size_t)s.st_size - 3);
    snprintf(wanted_text, sizeof wanted_text,
             ": damaged: checksum differs (was the file cut or edited?); %s.1 is the checkpoint before it", path);
    expect_refused(wanted_text);
    snprintf(wanted_text, sizeof wanted_text, "; %s.1 is the checkpoint before it", path);
    for (off_t n = s.st_size - 1; n > 0; n = n / 2 - 1) {
        ck_assert_int_eq(truncate(path, n), 0);
        expect_refused(wanted_text);
        nn_classifier *cut = nn_classifier_load(path, NULL);
        const char *first = strstr(nn_classifier_message(cut), "is the checkpoint before it");
        ck_assert(first && !strstr(first + 1, "is the checkpoint before it")); /* once */
        nn_classifier_close(cut);
    }
}
END_TEST

/* ---- Files that were made with care ------------------------------------------------------------------------------ */

/* A model whose content is changed, and written again with a right checksum. */
typedef struct edited {
    ad_memory memory;
    nn_store store;
    nn_safetensors file;
    nn_file_tensor tensors[300];
    nn_file_text texts[8];
    nn_file_content content;
    char json[20000];
} edited;

static edited e;

static void open_edited(void)
{
    char message[500];
    e = (edited){.memory = ad_memory_over(NULL)};
    e.store.memory = &e.memory;
    const ad_status status = nn_safetensors_open(&e.file, path, &e.store, message, sizeof message);
    ck_assert_msg(status == AD_OK, "%s", message);
    size_t n = 0;
    for (size_t i = 0; i < e.file.content.n_tensors; i++) {
        e.tensors[i] = e.file.content.tensors[i];
        void *data = nn_store_take(&e.store, (size_t)(e.tensors[i].end - e.tensors[i].begin) + 1, 1);
        ck_assert_int_eq(nn_safetensors_read(&e.file, &e.tensors[i], data, message, sizeof message), AD_OK);
        e.tensors[i].data = data;
    }
    snprintf(e.json, sizeof e.json, "%s", nn_safetensors_text(&e.file, "gradtape"));
    for (size_t i = 0; i < e.file.content.n_texts; i++)
        if (strcmp(e.file.content.texts[i].key, "checksum") != 0) {
            e.texts[n] = e.file.content.texts[i];
            if (!strcmp(e.texts[n].key, "gradtape"))
                e.texts[n].value = e.json;
            n++;
        }
    e.content = (nn_file_content){e.tensors, e.file.content.n_tensors, e.texts, n};
}

static void write_edited(void)
{
    char message[500];
    const ad_status status = nn_safetensors_write(&e.content, path, 0, &e.memory, message, sizeof message);
    ck_assert_msg(status == AD_OK, "%s", message);
}

static void close_edited(void)
{
    nn_safetensors_close(&e.file);
    nn_store_release(&e.store);
}

/* Puts a text in the place of the first `from`. */
static bool replace_text(char *text, size_t room, const char *from, const char *to)
{
    char *at = strstr(text, from);
    if (!at || strlen(text) - strlen(from) + strlen(to) >= room)
        return false;
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
    return true;
}

/* Lists in lists, 20 deep. */
#define IN "{\"kind\":\"residual\",\"options\":\"\",\"layers\":["
#define OUT "]}"
#define FIVE(x) x x x x x
#define DEEP "\"layers\":[" FIVE(IN) FIVE(IN) FIVE(IN) FIVE(IN) FIVE(OUT) FIVE(OUT) FIVE(OUT) FIVE(OUT) "]"

/* What a file says that is not true, and the message. */
static const struct {
    const char *from, *to, *message;
} lies[] = {
    {"\"format\":1", "\"format\":3", ": format 3, this gradtape reads up to 1; upgrade it"},
    {"\"format\":1", "\"format\":0", ": \"format\" in its metadata is no format"},
    {"\"format\":1", "\"format\":-1", ": \"format\" in its metadata is no format"},
    {"\"format\":1", "\"format\":\"1\"", ": \"format\" in its metadata is no format"},
    {"{\"format\"", "[\"format\"", ": its metadata: "},
    {"\"classifier\"", "\"cluster\"", ": its \"estimator\" is none"},
    {"\"estimator\"", "\"est\"", "\"estimator\" in its metadata is missing, or no text: no Gradtape wrote it"},
    {"\"options\":\"", "\"options\":\"x=1 ", ": its options: unknown option 'x'"},
    {"n_classes=3", "n_classes=4", "its tensor \"logits.weight\" has not the shape that the model needs"},
    {"n_classes=3", "n_classes=2000000000", "its tensor \"logits.weight\" has not the shape that the model needs"},
    {"hidden_units=2", "hidden_units=4503599627370496", "has not the shape that the model needs"},
    {"hidden_units=2 ", "", "its tensor \"logits.weight\" has not the shape that the model needs"},
    {"hidden_units=2", "hidden_units=2,2", "it has no tensor \"hiddenlayer_1.weight\", which the model needs"},
    {"optimiser=nadam", "optimiser=lbfgs", ": its options: "},
    {"optimiser=nadam rate=0.002 beta1=0.9 beta2=0.999 epsilon=1e-08 momentum_decay=0.004", "optimiser=lbfgs",
     "its optimiser has "},
    {"optimiser=nadam rate=0.002 beta1=0.9 beta2=0.999 epsilon=1e-08 momentum_decay=0.004", "optimiser=momentum",
     "its optimiser has "},
    {"optimiser=nadam rate=0.002 beta1=0.9 beta2=0.999 epsilon=1e-08 momentum_decay=0.004", "optimiser=adam",
     "it has no tensor \"optimizer.Adam_mean.hiddenlayer_0.weight\""},
    {"seed=0", "seed=0 class_weights=1,2", ": its options: classifier: class_weights has 2 elements"},
    {"\"label_smoothing\":0", "\"label_smoothing\":2", ": its options: classifier: label_smoothing is 2"},
    {"\"label_smoothing\":0", "\"label_smoothing\":null",
     "\"label_smoothing\" in its metadata is missing, or no number"},
    {"\"layers\":[]", "\"layers\":{}", ": a list of its layers is missing, too long, or nested too deeply"},
    {"\"layers\":[]", "\"layers\":[1]", ": it has layers of kind \"\", which is none"},
    {"\"layers\":[]", "\"layers\":[{\"kind\":\"no\"}]", ": it has layers of kind \"no\", which is none"},
    {"\"layers\":[]", "\"layers\":[{\"kind\":\"dense\",\"options\":\"units=0\"}]",
     ": options of its layer of kind dense: units is '0'"},
    {"\"layers\":[]", "\"layers\":[{\"kind\":\"repeat\",\"options\":\"times=9\"}]",
     ": a list of its layers is missing"},
    {"\"layers\":[]", "\"layers\":[{\"kind\":\"dense\"}]", "hidden_units and layers are both given"},
    {"\"layers\":[]", DEEP, ": a list of its layers is missing, too long, or nested too deeply"},
    {"\"groups\":[]", "\"groups\":1", ": it has no list of groups"},
    {"\"groups\":[]", "\"groups\":[{}]", "\"frozen\" in its metadata is missing, or no true or false"},
    {"\"groups\":[]", "\"groups\":[{\"pattern\":\"*\",\"frozen\":true,\"rate\":0,\"decay\":0}]",
     "its optimiser has 152 bytes, where the model needs 0"},
    {"\"groups\":[]", "\"groups\":[{\"pattern\":\"*\",\"frozen\":false,\"rate\":-1,\"decay\":0}]", "rate factor -1"},
    {"\"schema\":[]", "\"schema\":7", ": it has no list of columns"},
    {"\"schema\":[]", "\"schema\":[{\"kind\":\"x\"}]", ": a column of its schema is of a kind that is none"},
    {"\"schema\":[]", "\"schema\":[{\"kind\":\"number\",\"width\":9,\"levels\":[]}]", "do not go together"},
    {"\"schema\":[]", "\"schema\":[{\"kind\":\"number\",\"width\":4,\"levels\":[1]}]", "a level of a column"},
    {"\"schema\":[]", "\"schema\":[{\"kind\":\"label\",\"width\":4,\"levels\":[]}]", "do not go together"},
    {"\"schema\":[]", "\"schema\":[{\"kind\":\"category\",\"width\":1,\"levels\":[\"a\"]}]", "do not go together"},
    {"\"step\":8", "\"step\":0", "no step was made"},
    {"\"step\":8", "\"step\":-1", "\"step\" in its metadata is missing, or no whole number that it can be"},
    {"\"step\":8", "\"step\":8.0", "\"step\" in its metadata is missing"},
    {"\"step\":8", "\"step\":72057594037927936", "\"step\" in its metadata is missing"},
    {"\"rows\":47", "\"rows\":2", "its place is behind its rows"},
    {"\"rows\":47", "\"rows\":0", "its place is behind its rows"},
    {"\"rows\":47", "\"rows\":2147483648", "\"rows\" in its metadata is missing"},
    {"\"rate\":0.002", "\"rate\":-1", "its rate is no number"},
    {"\"rate\":0.002", "\"rate\":\"inf\"", "its rate is no number"},
    {"\"plateau_factor\":1", "\"plateau_factor\":1.5", "the factor of its plateau"},
    {"\"plateau_factor\":1", "\"plateau_factor\":\"nan\"", "the factor of its plateau"},
    {"\"is_observed\":true", "\"is_observed\":1", "\"is_observed\" in its metadata is missing, or no true or false"},
    {"\"best_has_value\":true", "\"best_has_value\":false", "best weights without a value"},
    {"\"best_has_weights\":true", "\"best_has_weights\":false", "best weights that are not there"},
    {"\"best_has_weights\":true,\"best_is_shown\":true", "\"best_has_weights\":false,\"best_is_shown\":false",
     "its tensor \"gradtape.best.hiddenlayer_0.bias\" is none of the model"},
    {"\"best_is_shown\":true", "\"best_is_shown\":false", "its tensor \"gradtape.last.hiddenlayer_0.bias\" is none of"},
    {"\"best_is_over\":false", "\"best_is_over\":true", "its tensor \"gradtape.last.hiddenlayer_0.bias\" is none of"},
    {"\"best_monitor\":\"loss\"", "\"best_monitor\":\"auc\"", "\"best_monitor\" of its training is none of its names"},
    {"\"history_every\":1", "\"history_every\":0", "its history has "},
    {"\"history_every\":1", "\"history_every\":2199023255552", "its history has "},
    {"\"history_seen\":5", "\"history_seen\":4", "its history has 5 rows of 4, each 1-th"},
    {"\"flow_seen\":2", "\"flow_seen\":1", "its history has 2 rows of 1"},
    {"\"end\":\"steps\"", "\"end\":\"all\"", "\"end\" of its training is none of its names"},
    {"\"data_hash\":\"", "\"data_hash\":\"x", "\"data_hash\" in its metadata is missing, or no number in quotes"},
    {"\"draws\":\"0\"", "\"draws\":\"72057594037927936\"", "its training is inconsistent: "},
    {"\"draws\":\"0\"", "\"draws\":0", "\"draws\" in its metadata is missing, or no number in quotes"},
};

START_TEST(lies_are_found)
{
    save_model();
    open_edited();
    ck_assert_msg(replace_text(e.json, sizeof e.json, lies[_i].from, lies[_i].to), "%s in %s", lies[_i].from, e.json);
    write_edited();
    close_edited();
    expect_refused(lies[_i].message);
    ck_assert_uint_lt(memory.largest, 300000);
}
END_TEST

/* What is wrong with a tensor. */
static const struct {
    const char *name, *new_name;
    int rank;      /* the new one, with the same number of elements in the first size; -1: as it is */
    double number; /* that its first element gets; 0: as it is */
    const char *message;
} wrong_tensors[] = {
    {"logits.bias", "logits.basis", -1, 0, "it has no tensor \"logits.bias\", which the model needs"},
    {"optimizer.NAdam_mean.logits.bias", "optimizer.x.logits.bias", -1, 0, "it has no tensor \"optimizer.NAdam_mean."},
    {"gradtape.history", "history", -1, 0, "it has no tensor \"gradtape.history\""},
    {"gradtape.best.logits.bias", "x", -1, 0, "it has no tensor \"gradtape.best.logits.bias\""},
    {"gradtape.scaling.mean", "x", -1, 0, "it has no tensor \"gradtape.scaling.mean\""},
    {"logits.bias", NULL, 2, 0, "its tensor \"logits.bias\" is F32 of rank 2, where the model needs F32 of rank 1"},
    {"gradtape.history", NULL, 1, 0, "its tensor \"gradtape.history\" is F64 of rank 1"},
    {"optimizer.NAdam_step.logits.bias", NULL, 1, 0, "is F64 of rank 1, where the model needs F64 of rank 0"},
    {"logits.bias", NULL, -1, HUGE_VAL, "its tensor \"logits.bias\" is not finite"},
    {"gradtape.last.logits.bias", NULL, -1, NAN, "its tensor \"gradtape.last.logits.bias\" is not finite"},
    {"gradtape.best.logits.bias", NULL, -1, NAN, "its tensor \"gradtape.best.logits.bias\" is not finite"},
    {"optimizer.NAdam_step.logits.bias", NULL, -1, -1, "is no number that it can be"},
    {"optimizer.NAdam_step.logits.bias", NULL, -1, 1e300, "is no number that it can be"},
    {"optimizer.NAdam_step.logits.bias", NULL, -1, 1.5, "is no number that it can be"},
    {"optimizer.NAdam_step.logits.bias", NULL, -1, NAN, "is no number that it can be"},
    {"gradtape.history", NULL, -1, -1, "its history has a step or an epoch that is no whole number"},
    {"gradtape.history", NULL, -1, 0.5, "its history has a step or an epoch that is no whole number"},
    {"gradtape.history", NULL, -1, 1e300, "its history has a step or an epoch that is no whole number"},
    {"gradtape.flow", NULL, -1, NAN, "its history has a step or an epoch that is no whole number"},
    {"gradtape.scaling.mean", NULL, -1, NAN, "do not go together"},
    {"gradtape.scaling.inverse", NULL, -1, HUGE_VAL, "do not go together"},
    {"gradtape.fill", NULL, -1, NAN, "do not go together"},
};

START_TEST(wrong_tensors_are_found)
{
    save_model();
    open_edited();
    size_t i = 0;
    while (i < e.content.n_tensors && strcmp(e.tensors[i].name, wrong_tensors[_i].name) != 0)
        i++;
    ck_assert_msg(i < e.content.n_tensors, "%s", wrong_tensors[_i].name);
    nn_file_tensor *t = &e.tensors[i];
    int64_t n = 1;
    for (int k = 0; k < t->rank; k++)
        n *= t->sizes[k];
    if (wrong_tensors[_i].new_name)
        t->name = wrong_tensors[_i].new_name;
    if (wrong_tensors[_i].rank >= 0) {
        t->rank = wrong_tensors[_i].rank;
        t->sizes[0] = n;
        t->sizes[1] = 1;
    }
    if (wrong_tensors[_i].number != 0) {
        if (t->type == NN_FILE_F64)
            *(double *)t->data = wrong_tensors[_i].number;
        else
            *(float *)t->data = (float)wrong_tensors[_i].number;
    }
    write_edited();
    close_edited();
    expect_refused(wrong_tensors[_i].message);
}
END_TEST

/* Another program keeps the metadata, and writes the header as it does. */
START_TEST(files_of_other_programs_are_told_apart)
{
    static file_bytes b;
    save_model();
    load_bytes(path, &b);
    uint64_t header = 0;
    memcpy(&header, b.at, sizeof header);
    for (unsigned char *at = b.at + 8 + header; at-- > b.at && (*at == '\n' || *at == ' ');)
        *at = ' ';
    save_bytes("m.safetensors", &b);
    expect_refused(": rewritten by another program, which may have changed it; use the file that gradtape wrote");
}
END_TEST

/* Any byte of the JSON may be another, and the checksum right: it is refused, or what is loaded can be used. */
START_TEST(any_metadata_are_refused_or_good)
{
    const nn_load_options load = {.allocator = &memory.allocator};
    static const char bytes[] = "0123456789.-e\"[]{}:,ntaf=";
    char original[sizeof e.json];
    size_t loaded = 0;
    save_model();
    open_edited();
    strcpy(original, e.json);
    const size_t n = strlen(original);
    for (int64_t i = 0; i < CHANGES; i++) {
        strcpy(e.json, original);
        const int64_t draw = (int64_t)((cloud_noise(5, i) + 1) * 0x40000000);
        for (int64_t k = 0; k <= draw % 3; k++)
            e.json[(uint64_t)(draw * (2 * k + 1)) % n] = bytes[(draw / 7 + k) % (int64_t)(sizeof bytes - 1)];
        write_edited();
        nn_classifier *c = nn_classifier_load(path, &load);
        if (nn_classifier_status(c) == AD_OK) {
            loaded++;
            nn_classifier_fit(
                c, &train.data,
                &(nn_fit_options){.steps = 12, .validation = &test.data, .patience = 2, .watch_every = 1});
            nn_classifier_evaluate(c, &test.data);
        }
        nn_classifier_close(c);
        ck_assert_uint_lt(memory.largest, 2000000);
    }
    ck_assert_uint_gt(loaded, CHANGES / 60);
    close_edited();
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static bool save_with_failure(nn_classifier *c, size_t k, counting_failure failure)
{
    counting_fail(&memory, k, failure);
    const size_t refused = memory.refused;
    const ad_status status = nn_classifier_save(c, path, NULL);
    const bool failed = memory.refused > refused;
    counting_heal(&memory);
    ck_assert_msg(status == (failed ? AD_NO_MEMORY : AD_OK), "%zu: %s", k, nn_classifier_message(c));
    nn_classifier_clear_error(c);
    return failed;
}

static bool fit_with_failure(size_t k, counting_failure failure)
{
    const nn_classifier_options o = all_options();
    nn_classifier *c = nn_classifier_open(&o);
    counting_fail(&memory, k, failure);
    const size_t refused = memory.refused;
    const nn_fit_options fit = {.steps = 2, .batch_size = 10, .save = path, .save_every = 1, .keep = 1};
    const ad_status status = nn_classifier_fit(c, &train.data, &fit);
    const bool failed = memory.refused > refused;
    counting_heal(&memory);
    ck_assert_msg(status == (failed ? AD_NO_MEMORY : AD_OK), "%zu: %s: %s", k, ad_status_name(status),
                  nn_classifier_message(c));
    nn_classifier_close(c);
    return failed;
}

static bool load_with_failure(size_t k, counting_failure failure)
{
    const nn_load_options load = {.allocator = &memory.allocator};
    counting_fail(&memory, k, failure);
    const size_t refused = memory.refused;
    nn_classifier *c = nn_classifier_load(path, &load);
    const bool failed = memory.refused > refused;
    counting_heal(&memory);
    ck_assert_msg(failed ? !c || nn_classifier_status(c) == AD_NO_MEMORY : nn_classifier_status(c) == AD_OK, "%zu: %s",
                  k, nn_classifier_message(c));
    nn_classifier_close(c);
    return failed;
}

static bool look_with_failure(size_t k, counting_failure failure)
{
    counting_fail(&memory, k, failure);
    const size_t refused = memory.refused;
    nn_model_info *info = nn_model_look(path, &memory.allocator);
    const bool failed = memory.refused > refused;
    counting_heal(&memory);
    ck_assert_msg(failed ? !info || info->status == AD_NO_MEMORY : info->status == AD_OK, "%zu", k);
    nn_model_info_close(info);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    const counting_failure failure = _i ? COUNTING_FOR_GOOD : COUNTING_ONCE;
    save_model();
    size_t k = 1;
    while (load_with_failure(k, failure))
        k++;
    ck_assert_uint_gt(k, 50);
    counting_print_refused(k - 1, "loading a model");
    for (k = 1; look_with_failure(k, failure);)
        k++;
    ck_assert_uint_gt(k, 10);
    counting_print_refused(k - 1, "looking at a model");
    nn_classifier *c = nn_classifier_load(path, &(nn_load_options){.allocator = &memory.allocator});
    for (k = 1; save_with_failure(c, k, failure);)
        k++;
    ck_assert_uint_gt(k, 20);
    counting_print_refused(k - 1, "saving a model");
    nn_classifier_close(c);
    for (k = 1; fit_with_failure(k, failure);)
        k++;
    ck_assert_uint_gt(k, 100);
    counting_print_refused(k - 1, "a fit that saves");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, fill_path, close_clouds);
    tcase_add_test(tests, what_cannot_be_saved_is_told);
    tcase_add_test(tests, what_is_no_model_is_not_replaced);
    tcase_add_test(tests, what_is_no_model_is_no_checkpoint);
    tcase_add_test(tests, texts_that_are_no_utf_8_are_refused_before_training);
    tcase_add_test(tests, a_fit_that_cannot_save_does_not_begin);
    tcase_add_test(tests, a_save_that_fails_ends_the_fit);
    tcase_add_test(tests, a_stopped_fit_that_cannot_save_tells);
    tcase_add_test(tests, files_that_are_no_models_are_refused);
    tcase_add_test(tests, a_model_cut_anywhere_is_refused);
    tcase_add_test(tests, each_flipped_bit_is_found);
    tcase_add_test(tests, a_damaged_file_names_the_one_before_it);
    tcase_add_loop_test(tests, lies_are_found, 0, COUNT(lies));
    tcase_add_loop_test(tests, wrong_tensors_are_found, 0, COUNT(wrong_tensors));
    tcase_add_test(tests, files_of_other_programs_are_told_apart);
    tcase_add_test(tests, any_metadata_are_refused_or_good);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2);
}

int main(void) { return run_in_folder("model_errors", add_tests); }
