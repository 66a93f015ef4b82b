/* Data copied into a data set, which then owns all of it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/data.h>

#include "../support/check.h"
#include "../support/data_files.h"

enum { ROWS = 4, COLUMNS = 3, TARGETS = 2, IDS = 2 };

/* Arrays of a caller, which are overwritten after the copy. */
typedef struct arrays {
    double features[ROWS * COLUMNS];
    float targets[ROWS * TARGETS];
    int32_t labels[ROWS];
    double weights[ROWS];
    char texts[6][16];
    const char *label_texts[ROWS], *ids[ROWS * IDS], *levels[2];
    nn_column columns[4];
    int32_t index[5];
} arrays;

static void fill(arrays *a)
{
    static const char *const texts[] = {"cat", "dog", "row 1", "red", "green", "width, in mm"};
    for (int i = 0; i < ROWS * COLUMNS; i++)
        a->features[i] = i == 4 ? NAN : i + 0.1;
    for (int i = 0; i < ROWS * TARGETS; i++)
        a->targets[i] = (float)i - 0.5F;
    for (int i = 0; i < COUNT(texts); i++)
        snprintf(a->texts[i], sizeof a->texts[i], "%s", texts[i]);
    for (int i = 0; i < ROWS; i++) {
        a->labels[i] = 10 + i;
        a->weights[i] = 0.25 * i;
        a->label_texts[i] = i == 2 ? NULL : a->texts[i % 2];
        a->ids[i * IDS] = i == 1 ? a->texts[2] : "other";
        a->ids[i * IDS + 1] = i == 3 ? NULL : a->texts[i];
    }
    a->levels[0] = a->texts[3];
    a->levels[1] = a->texts[4];
    a->columns[0] = (nn_column){.name = a->texts[5], .kind = NN_COLUMN_NUMBER, .width = 2};
    a->columns[1] = (nn_column){.kind = NN_COLUMN_CATEGORY, .levels = {a->levels, 2}};
    a->columns[2] = (nn_column){.name = "", .kind = NN_COLUMN_LABEL};
    a->columns[3] = (nn_column){.name = "id", .kind = NN_COLUMN_ID};
    memcpy(a->index, (const int32_t[]){3, 1, 1, 0, 2}, sizeof a->index);
}

static nn_data view_of(const arrays *a)
{
    return (nn_data){.features = a->features,
                     .element = NN_F64,
                     .rows = ROWS,
                     .columns = COLUMNS,
                     .labels = a->labels,
                     .label_texts = a->label_texts,
                     .targets = a->targets,
                     .n_targets = TARGETS,
                     .weights = a->weights,
                     .schema = {a->columns, 4},
                     .ids = a->ids,
                     .n_ids = IDS};
}

static nn_data some_rows_of(const arrays *a)
{
    nn_data view = view_of(a);
    view.index = a->index;
    view.array_rows = ROWS;
    view.rows = COUNT(a->index);
    return view;
}

static void expect_text(const char *text, const char *wanted)
{
    if (wanted)
        ck_assert_str_eq(text, wanted);
    else
        ck_assert_ptr_null(text);
}

static void check_schema(nn_schema schema)
{
    ck_assert_uint_eq(schema.n, 4);
    ck_assert_str_eq(schema.at[0].name, "width, in mm");
    ck_assert_int_eq(schema.at[0].kind, NN_COLUMN_NUMBER);
    ck_assert_int_eq(schema.at[0].width, 2);
    ck_assert_uint_eq(schema.at[0].levels.n, 0);
    ck_assert_ptr_null(schema.at[1].name);
    ck_assert_int_eq(schema.at[1].kind, NN_COLUMN_CATEGORY);
    ck_assert_uint_eq(schema.at[1].levels.n, 2);
    ck_assert_str_eq(schema.at[1].levels.at[0], "red");
    ck_assert_str_eq(schema.at[1].levels.at[1], "green");
    ck_assert_str_eq(schema.at[2].name, "");
    ck_assert_int_eq(schema.at[3].kind, NN_COLUMN_ID);
}

/* The rows of `index` of what `fill` gives; the first ones where it is NULL. */
static void check_copy(nn_data data, const int32_t *index, int64_t rows)
{
    arrays a;
    fill(&a);
    ck_assert_int_eq(data.rows, rows);
    ck_assert_int_eq(data.columns, COLUMNS);
    ck_assert_int_eq(data.element, NN_F64);
    ck_assert_int_eq(data.target_element, NN_F32);
    ck_assert_int_eq(data.n_targets, TARGETS);
    ck_assert_int_eq(data.n_ids, IDS);
    ck_assert_ptr_null(data.index);
    ck_assert_int_eq(data.array_rows, 0);
    for (int64_t i = 0; i < rows; i++) {
        const int64_t from = index ? index[i] : i;
        ck_assert_mem_eq((const double *)data.features + i * COLUMNS, a.features + from * COLUMNS,
                         COLUMNS * sizeof(double));
        ck_assert_mem_eq((const float *)data.targets + i * TARGETS, a.targets + from * TARGETS,
                         TARGETS * sizeof(float));
        ck_assert_int_eq(data.labels[i], a.labels[from]);
        ck_assert_double_eq(data.weights[i], a.weights[from]);
        expect_text(data.label_texts[i], a.label_texts[from]);
        for (int k = 0; k < IDS; k++)
            expect_text(data.ids[i * IDS + k], a.ids[from * IDS + k]);
    }
    check_schema(data.schema);
}

static ad_status copy_and_forget(nn_dataset *set, bool some_rows)
{
    arrays a;
    fill(&a);
    const nn_data view = some_rows ? some_rows_of(&a) : view_of(&a);
    const ad_status status = nn_dataset_copy(set, &view);
    memset(&a, 0xEE, sizeof a);
    return status;
}

/* ---- Copies ------------------------------------------------------------------------------------------------------ */

START_TEST(a_copy_outlives_the_arrays)
{
    static const int32_t index[] = {3, 1, 1, 0, 2};
    counting memory;
    counting_open(&memory);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    ck_assert_msg(copy_and_forget(set, false) == AD_OK, "%s", nn_dataset_message(set));
    check_copy(nn_dataset_data(set), NULL, ROWS);
    ck_assert_msg(copy_and_forget(set, true) == AD_OK, "%s", nn_dataset_message(set));
    check_copy(nn_dataset_data(set), index, COUNT(index));
    ck_assert_str_eq(nn_dataset_message(set), "");
    ck_assert_str_eq(nn_dataset_notes(set), "");
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

/* Rows of its own, turned round. */
START_TEST(a_data_set_may_copy_its_own)
{
    static const int32_t turned[] = {3, 2, 1, 0};
    counting memory;
    counting_open(&memory);
    nn_dataset *set = nn_dataset_open(&(nn_dataset_options){.allocator = &memory.allocator});
    ck_assert_int_eq(copy_and_forget(set, false), AD_OK);
    nn_data view = nn_dataset_data(set);
    view.index = turned;
    view.array_rows = ROWS;
    ck_assert_int_eq(nn_dataset_copy(set, &view), AD_OK);
    check_copy(nn_dataset_data(set), turned, ROWS);
    nn_dataset_close(set);
    counting_check_released(&memory);
}
END_TEST

START_TEST(what_is_not_there_stays_away)
{
    const float one[] = {5, 6};
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(nn_dataset_copy(set, &(nn_data){.features = one, .rows = 2, .columns = 1}), AD_OK);
    nn_data data = nn_dataset_data(set);
    ck_assert_float_eq(((const float *)data.features)[1], 6);
    ck_assert(!data.labels && !data.label_texts && !data.targets && !data.weights && !data.ids && !data.schema.at);
    ck_assert_uint_eq(data.schema.n, 0);
    /* n_targets 0 is 1. */
    ck_assert_int_eq(nn_dataset_copy(set, &(nn_data){.features = one, .rows = 2, .columns = 1, .targets = one}), AD_OK);
    data = nn_dataset_data(set);
    ck_assert_int_eq(data.n_targets, 1);
    ck_assert_float_eq(((const float *)data.targets)[1], 6);
    ck_assert_int_eq(data.n_ids, 0);
    /* And so is n_ids, if there are ids. */
    const char *const names[] = {"a", "b"};
    nn_data named = {.features = one, .rows = 2, .columns = 1, .n_ids = -3};
    ck_assert_int_eq(nn_dataset_copy(set, &named), AD_OK);
    ck_assert_int_eq(nn_dataset_data(set).n_ids, 0);
    named.ids = names;
    named.n_ids = 0;
    ck_assert_int_eq(nn_dataset_copy(set, &named), AD_OK);
    data = nn_dataset_data(set);
    ck_assert_int_eq(data.n_ids, 1);
    ck_assert_str_eq(data.ids[1], "b");
    nn_dataset_close(set);
}
END_TEST

START_TEST(every_element_is_copied)
{
    unsigned char bytes[64];
    for (int i = 0; i < COUNT(bytes); i++)
        bytes[i] = (unsigned char)(i * 37);
    const size_t width = nn_element_bytes((nn_element)_i);
    const int32_t index[] = {2, 0};
    const nn_data view = {.features = bytes,
                          .element = (nn_element)_i,
                          .rows = 2,
                          .columns = 2,
                          .targets = bytes,
                          .target_element = (nn_element)_i,
                          .index = index,
                          .array_rows = 3};
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(nn_dataset_copy(set, &view), AD_OK);
    const nn_data data = nn_dataset_data(set);
    const unsigned char *x = data.features, *t = data.targets;
    ck_assert_int_eq(data.element, _i);
    ck_assert_int_eq(data.target_element, _i);
    ck_assert_mem_eq(x, bytes + 4 * width, 2 * width);
    ck_assert_mem_eq(x + 2 * width, bytes, 2 * width);
    ck_assert_mem_eq(t, bytes + 2 * width, width);
    ck_assert_mem_eq(t + width, bytes, width);
    nn_dataset_close(set);
}
END_TEST

/* A read after it replaces all that it owned. */
START_TEST(a_read_replaces_a_copy)
{
    held_data h;
    hold_data(&h);
    ck_assert_int_eq(copy_and_forget(h.set, false), AD_OK);
    ck_assert_int_eq(nn_dataset_read_npy(h.set, path_in_folder("missing"), NULL), AD_BAD_FILE);
    check_copy(nn_dataset_data(h.set), NULL, ROWS);
    hold_again(&h);
    nn_data data = nn_dataset_data(h.set);
    ck_assert(!data.label_texts && !data.weights && !data.ids && !data.schema.at);
    let_go(&h);
}
END_TEST

/* ---- Refusing ---------------------------------------------------------------------------------------------------- */

static void refuse(held_data *h, nn_data view, ad_status status, const char *why)
{
    ck_assert_int_eq(nn_dataset_copy(h->set, &view), status);
    check_kept(h, status, "nn_dataset_copy: ", why);
}

#define WITH(member, value) (wrong = view, wrong.member = (value), wrong)

START_TEST(wrong_views_are_refused)
{
    static arrays a;
    held_data h;
    hold_data(&h);
    fill(&a);
    nn_data view = some_rows_of(&a), wrong;
    refuse(&h, WITH(rows, 0), AD_BAD_SHAPE, "the data have no rows");
    refuse(&h, WITH(columns, -1), AD_BAD_SHAPE, "rows and columns are at least 1");
    wrong = WITH(columns, INT64_MAX);
    ck_assert_int_eq(nn_dataset_copy(h.set, &wrong), AD_BAD_SHAPE);
    ck_assert_str_eq(nn_dataset_message(h.set),
                     "nn_dataset_copy: sizes overflow: [5,9223372036854775807] of f64 is more "
                     "than memory can hold");
    refuse(&h, WITH(element, NN_ELEMENT_COUNT), AD_BAD_TYPE, "unknown element");
    refuse(&h, WITH(features, NULL), AD_BAD_VALUE, "features are NULL; give an array [4,3]");
    refuse(&h, WITH(array_rows, 3), AD_BAD_VALUE, "index[0] is 3");
    refuse(&h, WITH(target_element, NN_ELEMENT_COUNT), AD_BAD_TYPE,
           "unknown target_element 6; set it to NN_F32 or another nn_element");
    refuse(&h, WITH(n_targets, -1), AD_BAD_SHAPE, "n_targets is -1 for 4 rows; give the number for each row");
    refuse(&h, WITH(n_targets, INT64_MAX), AD_BAD_SHAPE, "n_targets is 9223372036854775807 for 4 rows");
    refuse(&h, WITH(n_targets, INT64_MAX / 4), AD_BAD_SHAPE, "n_targets is 2305843009213693951 for 4 rows");
    refuse(&h,
           (nn_data){.features = a.features,
                     .rows = 1,
                     .columns = 1,
                     .targets = a.labels,
                     .target_element = NN_U8,
                     .n_targets = -1},
           AD_BAD_SHAPE, "n_targets is -1 for 1 rows");
    refuse(&h, WITH(n_ids, -1), AD_BAD_SHAPE, "n_ids is -1 for 4 rows; give the number for each row");
    refuse(&h, WITH(n_ids, INT64_MAX / 4), AD_BAD_SHAPE, "n_ids is 2305843009213693951 for 4 rows");
    refuse(&h, WITH(schema.at, NULL), AD_BAD_VALUE, "the columns of the schema are NULL; give an array of 4");
    a.columns[1].levels.at = NULL;
    refuse(&h, view, AD_BAD_VALUE, "column 1: its levels are NULL; give an array of 2 texts");
    ck_assert_int_eq(nn_dataset_copy(h.set, NULL), AD_BAD_VALUE);
    check_kept(&h, AD_BAD_VALUE, "nn_dataset_copy: ", "the data are NULL; give a view");
    ck_assert_int_eq(nn_dataset_copy(NULL, &view), AD_BAD_HANDLE);
    ck_assert_str_eq(nn_dataset_notes(NULL), "");
    let_go(&h);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    size_t k = 1;
    for (bool failed = true; failed; k++) {
        held_data h;
        hold_data(&h);
        counting_fail(&h.memory, k, _i ? COUNTING_FOR_GOOD : COUNTING_ONCE);
        const size_t refused = h.memory.refused;
        const ad_status status = copy_and_forget(h.set, true);
        failed = h.memory.refused > refused;
        ck_assert_int_eq(status, failed ? AD_NO_MEMORY : AD_OK);
        if (failed)
            check_kept(&h, AD_NO_MEMORY, "nn_dataset_copy: ", "memory is out: ");
        let_go(&h);
    }
    ck_assert_uint_eq(k, 1 + 6 + 2 + 1 + 3 + 2 +
                             1); /* arrays, texts, columns, names, levels; and the one that went well */
    counting_print_refused(k - 2, "a copy of data");
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_copy_outlives_the_arrays);
    tcase_add_test(tests, a_data_set_may_copy_its_own);
    tcase_add_test(tests, what_is_not_there_stays_away);
    tcase_add_loop_test(tests, every_element_is_copied, 0, NN_ELEMENT_COUNT);
    tcase_add_test(tests, a_read_replaces_a_copy);
    tcase_add_test(tests, wrong_views_are_refused);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2);
}

int main(void) { return run_in_folder("copies of data", add_tests); }
