/* What the reader of tables is made of: records, dictionaries of texts, rows that come one by one. */
#include <stdlib.h>
#include <string.h>

#include "../../nn/data/csv_records.h"
#include "../../nn/data/levels.h"
#include "../../nn/data/rows.h"
#include "../support/check.h"
#include "../support/counting.h"

/* ---- Records ----------------------------------------------------------------------------------------------------- */

typedef struct opened {
    nn_dataset *set;
    nn_source source;
    nn_csv_records records;
    FILE *file;
} opened;

static void open_text(opened *o, const char *text)
{
    o->set = nn_dataset_open(NULL);
    o->file = tmpfile();
    fputs(text, o->file);
    rewind(o->file);
    ck_assert_int_eq(nn_source_open_stream(&o->source, o->set, (nn_stream){o->file, "t.csv"}, "copy it again"), AD_OK);
    ck_assert_int_eq(nn_csv_records_open(&o->records, &o->source, ',', true), AD_OK);
}

static void close_text(opened *o)
{
    nn_csv_records_close(&o->records);
    nn_source_close(&o->source);
    fclose(o->file);
    nn_dataset_close(o->set);
}

START_TEST(fields_and_their_lines)
{
    opened o;
    open_text(&o, "a,b\n\"1\n\"\"\n2\",\"x\ny\"\n3,4\n");
    ck_assert_int_eq(nn_csv_records_next(&o.records), AD_OK);
    ck_assert_int_eq(nn_csv_records_next(&o.records), AD_OK);
    ck_assert_int_eq(o.records.line, 2);
    ck_assert_int_eq(nn_csv_line_of(&o.records, 0), 2);
    ck_assert_int_eq(nn_csv_line_of(&o.records, 1), 4);
    ck_assert_uint_eq(o.records.fields[0].n, 5);
    ck_assert_int_eq(memcmp(o.records.fields[0].at, "1\n\"\n2", 5), 0);
    ck_assert_int_eq(nn_csv_records_next(&o.records), AD_OK);
    ck_assert_int_eq(o.records.line, 6);
    ck_assert_int_eq(nn_csv_records_next(&o.records), AD_OK);
    ck_assert_uint_eq(o.records.n, 0);
    ck_assert_int_eq(o.records.rows, 2);
    close_text(&o);
}
END_TEST

/* No file of so many rows is written: the count is set. */
START_TEST(more_rows_than_31_bits_count_are_refused)
{
    opened o;
    open_text(&o, "a\n1\n2\n3\n");
    ck_assert_int_eq(nn_csv_records_next(&o.records), AD_OK);
    ck_assert_int_eq(o.records.rows, 0);
    o.records.rows = INT32_MAX - 1;
    ck_assert_int_eq(nn_csv_records_next(&o.records), AD_OK);
    ck_assert_int_eq(o.records.rows, INT32_MAX);
    ck_assert_int_eq(nn_csv_records_next(&o.records), AD_BAD_FILE);
    ck_assert_str_eq(nn_dataset_message(o.set), "t.csv:3: more than 2147483647 rows; split the file");
    close_text(&o);
}
END_TEST

/* ---- Levels ------------------------------------------------------------------------------------------------------ */

START_TEST(whole_numbers_give_their_text_again)
{
    static const char *const whole[] = {"0", "7", "-7", "10", "9223372036854775807", "-9223372036854775807"};
    static const char *const others[] = {"",
                                         "-",
                                         "00",
                                         "07",
                                         "-0",
                                         "-07",
                                         "+1",
                                         "1.",
                                         "1e",
                                         " 1",
                                         "1 ",
                                         "x",
                                         "--1",
                                         "9223372036854775808",
                                         "99999999999999999999",
                                         "18446744073709551617"};
    char text[30];
    int64_t x;
    for (int i = 0; i < COUNT(whole); i++) {
        ck_assert_msg(nn_is_whole(whole[i], strlen(whole[i]), &x), "%s", whole[i]);
        snprintf(text, sizeof text, "%lld", (long long)x);
        ck_assert_str_eq(text, whole[i]);
    }
    for (int i = 0; i < COUNT(others); i++)
        ck_assert_msg(!nn_is_whole(others[i], strlen(others[i]), &x), "%s", others[i]);
}
END_TEST

/* Thousands of texts, one of them a beginning of another, and long ones: each keeps its number, and its count. */
START_TEST(texts_keep_their_numbers)
{
    enum { N = 20000 };
    counting counted;
    counting_open(&counted);
    ad_memory memory = ad_memory_over(&counted.allocator);
    nn_store store = {.memory = &memory};
    nn_text_pool pool = {.store = &store};
    nn_levels l = {.pool = &pool, .memory = &memory};
    char *text = malloc(N);
    uint32_t level;
    memset(text, 'x', N);
    ck_assert_uint_eq(nn_levels_find(&l, "x", 1), UINT32_MAX);
    for (int turn = 0; turn < 2; turn++)
        for (uint32_t i = 0; i < N; i += i < 200 ? 1 : 97) {
            ck_assert(nn_levels_add(&l, text, i, &level));
            ck_assert_uint_eq(level, i < 200 ? i : 200 + (i - 200) / 97);
        }
    for (size_t k = 0; k < l.n; k++)
        ck_assert(l.at[k].count == 2 && strlen(l.at[k].text) == l.at[k].n && l.at[k].text[0] == "x"[k == 0]);
    ck_assert_uint_eq(nn_levels_find(&l, text, 100), 100);
    ck_assert_uint_eq(nn_levels_find(&l, text, 201), UINT32_MAX);
    free(text);
    nn_levels_release(&l);
    nn_store_release(&store);
    counting_check_released(&counted);
}
END_TEST

START_TEST(levels_come_into_order)
{
    static const char *const given[] = {"z", "10", "9", "-3", "b", "a"};
    ad_memory memory = ad_memory_over(NULL);
    nn_store store = {.memory = &memory};
    nn_text_pool pool = {.store = &store};
    uint32_t level, place[6];
    for (size_t first = 0; first < 5; first++) { /* those before stay */
        nn_levels l = {.pool = &pool, .memory = &memory};
        const size_t n = first == 1 ? 4 : 6;
        for (size_t i = 0; i < n; i++)
            nn_levels_add(&l, given[i], strlen(given[i]), &level);
        nn_levels_order(&l, first, place);
        for (size_t i = 0; i < n; i++)
            ck_assert_str_eq(l.at[place[i]].text, given[i]);
        for (size_t i = 0; i < first; i++)
            ck_assert_uint_eq(place[i], i);
        if (first == 1) /* the rest are numbers: -3 9 10 */
            ck_assert(place[1] == 3 && place[2] == 2 && place[3] == 1);
        if (first == 0) /* -3 10 9 a b z */
            ck_assert(place[0] == 5 && place[1] == 1 && place[2] == 2 && place[3] == 0 && place[4] == 4);
        nn_levels_release(&l);
    }
    nn_store_release(&store);
}
END_TEST

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* Parts of any width, around a full chunk. */
START_TEST(rows_become_arrays)
{
    static const size_t bytes[][NN_ROWS_PARTS] = {{8, 0, 4, 0, 1}, {1000, 3, 0, 0, 0}, {3 << 20, 0, 0, 8, 0}, {0}};
    for (int k = 0; k < COUNT(bytes); k++)
        for (int over = -1; over < 2; over++) {
            counting counted;
            counting_open(&counted);
            ad_memory memory = ad_memory_over(&counted.allocator);
            nn_rows rows;
            void *arrays[NN_ROWS_PARTS];
            ck_assert(nn_rows_open(&rows, &memory, bytes[k]));
            const size_t n = 2 * rows.per_chunk + (size_t)over;
            for (size_t i = 0; i < n; i++) {
                if (!nn_rows_add(&rows)) /* ck_assert takes longer than the row */
                    ck_abort_msg("row %zu", i);
                for (size_t p = 0; p < NN_ROWS_PARTS; p++)
                    if (bytes[k][p])
                        memset(nn_rows_at(&rows, p, i), (int)(i + p), bytes[k][p]);
            }
            ck_assert(nn_rows_to_arrays(&rows, arrays));
            for (size_t p = 0; p < NN_ROWS_PARTS; p++) {
                ck_assert(!arrays[p] == !bytes[k][p]);
                const unsigned char *at = arrays[p];
                for (size_t i = 0; at && i < n; i++)
                    if (at[i * bytes[k][p]] != (unsigned char)(i + p) ||
                        at[(i + 1) * bytes[k][p] - 1] != (unsigned char)(i + p))
                        ck_abort_msg("part %zu, row %zu", p, i);
                ad_memory_release(&memory, arrays[p], n, bytes[k][p]);
            }
            nn_rows_close(&rows);
            counting_check_released(&counted);
        }
    nn_rows rows;
    ck_assert(!nn_rows_open(&rows, NULL, (size_t[NN_ROWS_PARTS]){SIZE_MAX / 2, 8, SIZE_MAX / 2, 0, 0}));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, fields_and_their_lines);
    tcase_add_test(tests, more_rows_than_31_bits_count_are_refused);
    tcase_add_test(tests, whole_numbers_give_their_text_again);
    tcase_add_test(tests, texts_keep_their_numbers);
    tcase_add_test(tests, levels_come_into_order);
    tcase_add_test(tests, rows_become_arrays);
}

int main(void) { return run_tests("parts of the reader of tables", add_tests); }
