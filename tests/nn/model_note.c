/* The note and the goal of a model in a file. */
#include <string.h>
#include <sys/stat.h>

#include "../../nn/files/safetensors.h"
#include "../support/check.h"
#include "../support/classifiers.h"
#include "../support/data_files.h"

static char path[5000];

static void fill_path(void)
{
    open_clouds();
    snprintf(path, sizeof path, "%s", path_in_folder("m.safetensors"));
}

static nn_classifier *load_good(const char *from)
{
    nn_classifier *c = nn_classifier_load(from, &(nn_load_options){.allocator = &memory.allocator});
    ck_assert_msg(nn_classifier_status(c) == AD_OK, "%s", nn_classifier_message(c));
    return c;
}

static void save_good(const nn_classifier *c, const char *to)
{
    ck_assert_msg(nn_classifier_save(c, to, NULL) == AD_OK, "%s", nn_classifier_message(c));
}

static const char *const settings = "data=\"a \\ b.csv\"\nlabel=\xc3\xa4\t\x01\x7f</\xf0\x9f\x90\xa6\n";

/* ---- Notes ------------------------------------------------------------------------------------------------------- */

START_TEST(a_note_comes_back)
{
    nn_classifier *c = open_small();
    ck_assert_str_eq(nn_classifier_note(c), "");
    ck_assert_int_eq(nn_classifier_set_note(c, settings), AD_OK); /* before the first fit */
    ck_assert_str_eq(nn_classifier_note(c), settings);
    fit(c, &train, 10, 3);
    save_good(c, path);
    nn_classifier *again = load_good(path);
    ck_assert_str_eq(nn_classifier_note(again), settings);
    char second[5000];
    snprintf(second, sizeof second, "%s", path_in_folder("again"));
    save_good(again, second);
    expect_same_files(path, second);
    nn_model_info *info = nn_model_look(path, &memory.allocator);
    ck_assert_str_eq(info->note, settings);
    nn_model_info_close(info);
    nn_classifier_close(c);
    nn_classifier_close(again);
}
END_TEST

/* The file without a note is what it was before there were notes. */
START_TEST(a_note_can_go)
{
    char with[5000], without[5000];
    snprintf(with, sizeof with, "%s", path_in_folder("with"));
    snprintf(without, sizeof without, "%s", path_in_folder("without"));
    nn_classifier *c = open_small();
    fit(c, &train, 10, 3);
    save_good(c, path);
    ck_assert_int_eq(nn_classifier_set_note(c, "x"), AD_OK);
    save_good(c, with);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(nn_classifier_set_note(c, "x"), AD_OK);
        ck_assert_int_eq(nn_classifier_set_note(c, i ? "" : NULL), AD_OK);
        ck_assert_str_eq(nn_classifier_note(c), "");
        save_good(c, without);
        expect_same_files(path, without);
    }
    static file_bytes b;
    load_bytes(without, &b);
    for (size_t i = 0; i + 4 < b.n; i++)
        ck_assert(memcmp(b.at + i, "note", 4) != 0);
    nn_model_info *info = nn_model_look(without, NULL);
    ck_assert_str_eq(info->note, "");
    nn_model_info_close(info);
    info = nn_model_look(with, NULL);
    ck_assert_str_eq(info->note, "x");
    nn_model_info_close(info);
    nn_classifier_close(c);
}
END_TEST

START_TEST(a_note_may_be_made_of_the_note)
{
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_classifier_set_note(c, "abc"), AD_OK);
    ck_assert_int_eq(nn_classifier_set_note(c, nn_classifier_note(c)), AD_OK);
    ck_assert_str_eq(nn_classifier_note(c), "abc");
    ck_assert_int_eq(nn_classifier_set_note(c, nn_classifier_note(c) + 1), AD_OK);
    ck_assert_str_eq(nn_classifier_note(c), "bc");
    nn_classifier_close(c);
}
END_TEST

/* What the callback sets is in the file of that step and in those after it. */
static bool count_in_note(const nn_progress *p, void *context)
{
    char note[40];
    snprintf(note, sizeof note, "after step %d", (int)p->step);
    ck_assert_int_eq(nn_classifier_set_note(context, note), AD_OK);
    return true;
}

START_TEST(a_callback_may_set_it)
{
    char first[5100];
    snprintf(first, sizeof first, "%s.1", path);
    nn_classifier *c = open_small();
    const nn_fit_options o = {.batch_size = 10,
                              .steps = 6,
                              .save = path,
                              .save_every = 3,
                              .keep = 1,
                              .callback = count_in_note,
                              .context = c};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_OK);
    nn_classifier_close(c);
    c = load_good(path);
    ck_assert_str_eq(nn_classifier_note(c), "after step 6");
    nn_classifier_close(c);
    c = load_good(first);
    ck_assert_str_eq(nn_classifier_note(c), "after step 2");
    nn_classifier_close(c);
}
END_TEST

START_TEST(a_regressor_has_one)
{
    const double y[2] = {1, 2};
    const float x[2] = {1, 2};
    const nn_data data = {.features = x, .rows = 2, .columns = 1, .targets = y, .target_element = NN_F64};
    nn_regressor *r = nn_regressor_open(NULL);
    ck_assert_str_eq(nn_regressor_note(r), "");
    ck_assert_int_eq(nn_regressor_set_note(r, "mine"), AD_OK);
    ck_assert_int_eq(nn_regressor_fit(r, &data, &(nn_fit_options){.steps = 3, .save = path}), AD_OK);
    nn_regressor_close(r);
    r = nn_regressor_load(path, NULL);
    ck_assert_str_eq(nn_regressor_note(r), "mine");
    ck_assert_int_eq(nn_history_goal(nn_regressor_history(r)), 3);
    nn_regressor_close(r);
}
END_TEST

/* An error leaves the note that is there. */
static void expect_refused(nn_classifier *c, const char *note, const char *message)
{
    ck_assert_int_eq(nn_classifier_set_note(c, note), AD_BAD_VALUE);
    ck_assert_str_eq(nn_classifier_message(c), message);
    ck_assert_str_eq(nn_classifier_note(c), "old");
    nn_classifier_clear_error(c);
}

START_TEST(what_is_no_note_is_told)
{
    static char longest[NN_NOTE_BYTES + 2];
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_classifier_set_note(c, "old"), AD_OK);
    expect_refused(c, "abc\xff", "set_note: the note is not UTF-8 at byte 3, counted from 0: give it as UTF-8");
    expect_refused(c, "\xc3", "set_note: the note is not UTF-8 at byte 0, counted from 0: give it as UTF-8");
    expect_refused(c, "\xc3\xa4\xed\xa0\x80",
                   "set_note: the note is not UTF-8 at byte 2, counted from 0: give it as "
                   "UTF-8");
    memset(longest, 'a', NN_NOTE_BYTES + 1);
    expect_refused(c, longest, "set_note: the note has 65,537 bytes: it may have 65,536");
    longest[NN_NOTE_BYTES] = 0;
    longest[7] = '\x01'; /* which is longer as JSON */
    ck_assert_int_eq(nn_classifier_set_note(c, longest), AD_OK);
    fit(c, &train, 10, 3);
    save_good(c, path);
    nn_classifier *again = load_good(path);
    ck_assert_str_eq(nn_classifier_note(again), longest);
    nn_classifier_close(again);
    nn_classifier_close(c);
    ck_assert_int_eq(nn_classifier_set_note(NULL, "a"), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_regressor_set_note(NULL, "a"), AD_BAD_HANDLE);
    ck_assert_str_eq(nn_classifier_note(NULL), "");
    ck_assert_str_eq(nn_regressor_note(NULL), "");
    c = open_with((nn_classifier_options){.n_classes = -1});
    ck_assert_int_eq(nn_classifier_set_note(c, "a"), AD_BAD_VALUE);
    ck_assert_str_eq(nn_classifier_note(c), "");
    nn_classifier_close(c);
}
END_TEST

/* ---- The goal ---------------------------------------------------------------------------------------------------- */

static void expect_goal(const char *file, int64_t step, int64_t goal, const char *end)
{
    nn_model_info *info = nn_model_look(file, &memory.allocator);
    ck_assert_msg(info->status == AD_OK, "%s", info->message);
    ck_assert_int_eq(info->step, step);
    ck_assert_int_eq(info->goal, goal);
    ck_assert_str_eq(info->end, end);
    nn_model_info_close(info);
    nn_classifier *c = load_good(file);
    ck_assert_int_eq(nn_history_goal(nn_classifier_history(c)), goal);
    ck_assert_str_eq(nn_fit_end_name((int)nn_history_end(nn_classifier_history(c))), end);
    nn_classifier_close(c);
}

static bool stop_at_4(const nn_progress *p, void *context)
{
    (void)context;
    ck_assert_int_eq(nn_history_goal(p->history), p->last_step);
    return p->step < 4;
}

/* A fit that was interrupted goes on to its goal, and has the bits of one that was not. */
START_TEST(an_interrupted_fit_goes_on_to_its_goal)
{
    char whole[5100], first[5100];
    snprintf(whole, sizeof whole, "%s", path_in_folder("whole"));
    snprintf(first, sizeof first, "%s.1", path);
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_history_goal(nn_classifier_history(c)), 0);
    nn_fit_options o = {.batch_size = 10, .steps = 9, .save = whole};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_OK);
    nn_classifier_close(c);
    expect_goal(whole, 9, 9, "steps");
    c = open_small();
    o = (nn_fit_options){.batch_size = 10, .steps = 9, .save = path, .save_every = 3, .keep = 1, .callback = stop_at_4};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_STOPPED);
    nn_classifier_close(c);
    expect_goal(path, 4, 9, "stopped");
    expect_goal(first, 3, 9, "none"); /* the fit went on */
    for (int i = 0; i < 2; i++) {
        c = load_good(i ? first : path);
        o = (nn_fit_options){
            .batch_size = 10, .to_step = nn_history_goal(nn_classifier_history(c)), .save = i ? first : path};
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_OK);
        nn_classifier_close(c);
        expect_same_files(i ? first : path, whole);
    }
}
END_TEST

START_TEST(each_fit_has_its_goal)
{
    nn_classifier *c = open_small();
    const nn_history *h = nn_classifier_history(c);
    fit(c, &train, 10, 3);
    ck_assert_int_eq(nn_history_goal(h), 3);
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.batch_size = 10, .epochs = 2}), AD_OK);
    ck_assert_int_eq(nn_history_goal(h), 13);
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = -1}), AD_BAD_VALUE);
    ck_assert_int_eq(nn_history_goal(h), 13); /* that one did not begin */
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.to_step = 5, .save = path}), AD_OK);
    ck_assert_int_eq(nn_history_goal(h), 13);
    expect_goal(path, 13, 13, "steps");
    nn_fit_options o = {.batch_size = 10, .steps = INT64_MAX - 13, .callback = stop_at_4, .save = path};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_STOPPED);
    expect_goal(path, 14, INT64_MAX, "stopped");
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.to_step = 5, .save = path}), AD_OK);
    expect_goal(path, 14, 14, "steps"); /* what it was to do is done */
    ck_assert_int_eq(nn_history_goal(NULL), 0);
    nn_classifier_close(c);
    c = open_with((nn_classifier_options){.n_classes = CLASSES});
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = 9, .save = "/no/such/m"}),
                     AD_BAD_FILE);
    ck_assert_int_eq(nn_history_goal(nn_classifier_history(c)), 0);
    nn_classifier_close(c);
}
END_TEST

/* ---- Files that others made -------------------------------------------------------------------------------------- */

/* Writes the file again with another JSON, and a right checksum. */
static void edit(const char *from, const char *to)
{
    static char json[200000], message[500];
    static nn_file_tensor tensors[100];
    nn_safetensors file;
    ad_memory own = ad_memory_over(NULL);
    nn_store store = {.memory = &own};
    ck_assert_int_eq(nn_safetensors_open(&file, path, &store, message, sizeof message), AD_OK);
    for (size_t i = 0; i < file.content.n_tensors; i++) {
        tensors[i] = file.content.tensors[i];
        void *data = nn_store_take(&store, (size_t)(tensors[i].end - tensors[i].begin) + 1, 1);
        ck_assert_int_eq(nn_safetensors_read(&file, &tensors[i], data, message, sizeof message), AD_OK);
        tensors[i].data = data;
    }
    const char *text = nn_safetensors_text(&file, "gradtape"), *at = strstr(text, from);
    ck_assert_msg(at != NULL, "%s in %s", from, text);
    snprintf(json, sizeof json, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    const nn_file_text texts[] = {{"format", "pt"}, {"gradtape", json}};
    const nn_file_content content = {tensors, file.content.n_tensors, texts, 2};
    const ad_status status = nn_safetensors_write(&content, path, 0, &own, message, sizeof message);
    ck_assert_msg(status == AD_OK, "%s", message);
    nn_safetensors_close(&file);
    nn_store_release(&store);
}

static void save_with_note(void)
{
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_classifier_set_note(c, "mine"), AD_OK);
    fit(c, &train, 10, 8);
    save_good(c, path);
    nn_classifier_close(c);
}

/* A file of before has neither, and keeps its bytes. */
START_TEST(files_of_before_are_loaded)
{
    char again[5000];
    snprintf(again, sizeof again, "%s", path_in_folder("again"));
    save_with_note();
    edit(",\"goal\":8", "");
    edit(",\"note\":\"mine\"", "");
    expect_goal(path, 8, 0, "steps");
    nn_classifier *c = load_good(path);
    ck_assert_str_eq(nn_classifier_note(c), "");
    save_good(c, again);
    expect_same_files(path, again);
    nn_classifier_close(c);
}
END_TEST

static char too_long[70000];

static const struct {
    const char *from, *to, *message;
} lies[] = {
    {"\"goal\":8", "\"goal\":7", ": its training is inconsistent: its goal is behind its step"},
    {"\"goal\":8", "\"goal\":-1", "\"goal\" in its metadata is missing, or no whole number that it can be"},
    {"\"goal\":8", "\"goal\":\"8\"", "\"goal\" in its metadata is missing, or no whole number that it can be"},
    {"\"goal\":8", "\"goal\":9223372036854775808", "\"goal\" in its metadata is missing, or no whole number"},
    {"\"note\":\"mine\"", "\"note\":7", "\"note\" in its metadata is missing, or no text: no Gradtape wrote it"},
    {"\"note\":\"mine\"", "\"note\":\"a\\u0000b\"", "\"note\" in its metadata is missing, or no text"},
    {"\"note\":\"mine\"", "\"note\":\"\\ud800\"", ": its metadata: "},
    {"\"note\":\"mine\"", too_long, ": its note has 69000 bytes: a note has at most 65536"},
};

START_TEST(lies_are_found)
{
    strcpy(too_long, "\"note\":\"");
    memset(too_long + 8, 'a', 69000);
    strcpy(too_long + 8 + 69000, "\"");
    save_with_note();
    edit(lies[_i].from, lies[_i].to);
    nn_classifier *c = nn_classifier_load(path, &(nn_load_options){.allocator = &memory.allocator});
    ck_assert_int_eq(nn_classifier_status(c), AD_BAD_FILE);
    ck_assert_msg(strstr(nn_classifier_message(c), lies[_i].message) != NULL, "%s", nn_classifier_message(c));
    ck_assert_str_eq(nn_classifier_note(c), "");
    ck_assert_int_eq(nn_classifier_set_note(c, "a"), AD_BAD_FILE);
    nn_classifier_close(c);
    nn_model_info *info = nn_model_look(path, &memory.allocator);
    ck_assert_int_eq(info->status, _i ? AD_BAD_FILE : AD_OK); /* a look compares nothing */
    nn_model_info_close(info);
}
END_TEST

/* ---- Printing ---------------------------------------------------------------------------------------------------- */

static void expect_printed(const char *middle, const char *end)
{
    static char text[20000];
    FILE *to = tmpfile();
    const ad_shown shown = nn_print_model(path, to);
    ck_assert_msg(shown.status == AD_OK, "%s", shown.message);
    rewind(to);
    text[fread(text, 1, sizeof text - 1, to)] = 0;
    fclose(to);
    ck_assert_msg(strstr(text, middle) != NULL, "%s", text);
    ck_assert_msg(strlen(text) > strlen(end) && !strcmp(text + strlen(text) - strlen(end), end), "%s", text);
}

START_TEST(note_and_goal_are_printed)
{
    static char longest[3000], printed[1000];
    nn_classifier *c = open_small();
    nn_fit_options o = {.batch_size = 10, .steps = 9, .save = path, .callback = stop_at_4};
    ck_assert_int_eq(nn_classifier_set_note(c, "data=a.csv\n\n\x1b[2Jchecksum\r  right\n"), AD_OK);
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_STOPPED);
    expect_printed("\ntraining  step 4 of 9, row 40 of 47 in epoch 0, rate 0.05, the last fit ended by: stopped\n",
                   "]\nnote:\n  data=a.csv\n  \n  \\x1b[2Jchecksum\\x0d  right\n");
    memset(longest, 'x', 2000);
    strcpy(longest + 2000, "\nlast");
    memset(printed, 'x', 1000);
    ck_assert_int_eq(nn_classifier_set_note(c, longest), AD_OK);
    save_good(c, path);
    snprintf(printed, sizeof printed, "]\nnote:\n  %.298s..\n  last\n", longest);
    expect_printed("note:", printed);
    ck_assert_int_eq(nn_classifier_set_note(c, NULL), AD_OK);
    o = (nn_fit_options){.batch_size = 10, .steps = 2, .save = path, .save_every = 1, .keep = 1};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_OK);
    expect_printed("\ntraining  step 6, row ", "]\n");
    snprintf(path, sizeof path, "%s", path_in_folder("m.safetensors.1"));
    expect_printed("\ntraining  step 5 of 6, row 47 of 47 in epoch 0, rate 0.05, saved before the fit ended\n", "]\n");
    nn_classifier_close(c);
}
END_TEST

/* ---- Damage and memory ------------------------------------------------------------------------------------------- */

/* The bits of the header, in which the note stands. */
START_TEST(no_flipped_bit_changes_a_note)
{
    struct stat s;
    save_with_note();
    ck_assert_int_eq(stat(path, &s), 0);
    for (size_t bit = 0; bit < 8 * (size_t)s.st_size; bit += 3) {
        flip_bit(path, bit);
        nn_classifier *c = nn_classifier_load(path, &(nn_load_options){.allocator = &memory.allocator});
        if (nn_classifier_status(c) != AD_BAD_FILE || *nn_classifier_note(c))
            ck_abort_msg("bit %zu", bit);
        nn_classifier_close(c);
        flip_bit(path, bit);
    }
}
END_TEST

static bool note_with_failure(size_t k, counting_failure failure)
{
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_classifier_set_note(c, "old"), AD_OK);
    counting_fail(&memory, k, failure);
    const size_t refused = memory.refused;
    const ad_status status = nn_classifier_set_note(c, "a new one");
    const bool failed = memory.refused > refused;
    counting_heal(&memory);
    ck_assert_int_eq(status, failed ? AD_NO_MEMORY : AD_OK);
    ck_assert_str_eq(nn_classifier_note(c), failed ? "old" : "a new one");
    ck_assert_str_eq(nn_classifier_message(c), failed ? "set_note: memory is out for a note of 9 bytes" : "");
    nn_classifier_close(c);
    return failed;
}

static bool load_with_failure(size_t k, counting_failure failure)
{
    counting_fail(&memory, k, failure);
    const size_t refused = memory.refused;
    nn_classifier *c = nn_classifier_load(path, &(nn_load_options){.allocator = &memory.allocator});
    const bool failed = memory.refused > refused;
    counting_heal(&memory);
    ck_assert(failed ? !c || nn_classifier_status(c) == AD_NO_MEMORY : nn_classifier_status(c) == AD_OK);
    ck_assert_str_eq(nn_classifier_note(c), failed ? "" : "mine");
    nn_classifier_close(c);
    return failed;
}

START_TEST(every_allocation_may_fail)
{
    const counting_failure failure = _i ? COUNTING_FOR_GOOD : COUNTING_ONCE;
    size_t k = 1;
    save_with_note();
    while (load_with_failure(k, failure))
        k++;
    ck_assert_uint_gt(k, 50);
    counting_print_refused(k - 1, "loading a model with a note");
    for (k = 1; note_with_failure(k, failure);)
        k++;
    ck_assert_uint_eq(k, 2);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, fill_path, close_clouds);
    tcase_add_test(tests, a_note_comes_back);
    tcase_add_test(tests, a_note_can_go);
    tcase_add_test(tests, a_note_may_be_made_of_the_note);
    tcase_add_test(tests, a_callback_may_set_it);
    tcase_add_test(tests, a_regressor_has_one);
    tcase_add_test(tests, what_is_no_note_is_told);
    tcase_add_test(tests, an_interrupted_fit_goes_on_to_its_goal);
    tcase_add_test(tests, each_fit_has_its_goal);
    tcase_add_test(tests, files_of_before_are_loaded);
    tcase_add_loop_test(tests, lies_are_found, 0, COUNT(lies));
    tcase_add_test(tests, note_and_goal_are_printed);
    tcase_add_test(tests, no_flipped_bit_changes_a_note);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2);
}

int main(void) { return run_in_folder("model_note", add_tests); }
