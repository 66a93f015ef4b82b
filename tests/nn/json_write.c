/* JSON that is written. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../nn/files/json.h"
#include "../support/check.h"
#include "../support/counting.h"

static counting memory;
static ad_memory meter;

static void open_memory(void)
{
    counting_open(&memory);
    meter = ad_memory_over(&memory.allocator);
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

START_TEST(a_text_grows)
{
    open_memory();
    nn_text text = {.memory = &meter};
    char wanted[5001] = "";
    for (size_t i = 0; i < 5000; i++) {
        const char c = (char)('a' + i % 26);
        nn_text_add(&text, &c, 1);
        wanted[i] = c;
        ck_assert_uint_eq(text.n, i + 1);
        ck_assert_int_eq(text.at[i + 1], 0);
    }
    ck_assert_str_eq(text.at, wanted);
    ck_assert_uint_lt(memory.calls, 10);
    nn_text_add(&text, "", 0);
    nn_text_add(&text, "\0x", 2);
    ck_assert_mem_eq(text.at + 5000, "\0x", 3);
    nn_text_release(&text);
    ck_assert_ptr_null(text.at);
    nn_text_release(&text);
    counting_check_released(&memory);
}
END_TEST

START_TEST(an_empty_text_is_a_string)
{
    open_memory();
    nn_text text = {.memory = &meter};
    nn_text_add(&text, NULL, 0);
    ck_assert_str_eq(text.at, "");
    nn_text_release(&text);
    counting_check_released(&memory);
}
END_TEST

START_TEST(without_memory_a_text_stays_as_it_was)
{
    open_memory();
    nn_text text = {.memory = &meter};
    nn_text_add(&text, "abc", 3);
    counting_fail(&memory, 1, COUNTING_ONCE);
    char much[1000] = {0};
    nn_text_add(&text, much, sizeof much);
    ck_assert(text.failed);
    nn_text_add(&text, "d", 1);
    ck_assert_str_eq(text.at, "abc");
    nn_text_release(&text);
    counting_fail(&memory, 1, COUNTING_ONCE);
    nn_text_add(&text, "abc", 3);
    ck_assert(text.failed);
    ck_assert_ptr_null(text.at);
    nn_text_release(&text);
    nn_text_add(&text, "abc", SIZE_MAX / 2);
    ck_assert(text.failed);
    nn_text_release(&text);
    counting_check_released(&memory);
}
END_TEST

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* What a function writes. */
static const char *written_by(void (*write)(nn_json_writer *w), bool *is_not_utf8)
{
    static char copy[4000];
    open_memory();
    nn_text text = {.memory = &meter};
    nn_json_writer w = {.to = &text};
    write(&w);
    ck_assert(!text.failed);
    ck_assert_uint_lt(text.n, sizeof copy);
    memcpy(copy, text.at, text.n + 1);
    nn_text_release(&text);
    counting_check_released(&memory);
    *is_not_utf8 = w.is_not_utf8;
    return copy;
}

static void expect_written(void (*write)(nn_json_writer *w), const char *wanted)
{
    bool is_not_utf8;
    ck_assert_str_eq(written_by(write, &is_not_utf8), wanted);
    ck_assert(!is_not_utf8);
}

static void write_lists(nn_json_writer *w)
{
    nn_json_begin(w, '{');
    nn_json_key(w, "empty");
    nn_json_begin(w, '[');
    nn_json_end(w, ']');
    nn_json_key(w, "list");
    nn_json_begin(w, '[');
    nn_json_begin(w, '{');
    nn_json_end(w, '}');
    nn_json_bool(w, true);
    nn_json_begin(w, '[');
    nn_json_bool(w, false);
    nn_json_end(w, ']');
    nn_json_text(w, NULL);
    nn_json_end(w, ']');
    nn_json_key(w, "");
    nn_json_text(w, "");
    nn_json_end(w, '}');
}

START_TEST(commas_stand_between_elements)
{
    expect_written(write_lists, "{\"empty\":[],\"list\":[{},true,[false],null],\"\":\"\"}");
}
END_TEST

static void write_numbers(nn_json_writer *w)
{
    nn_json_begin(w, '[');
    nn_json_integer(w, INT64_MIN);
    nn_json_integer(w, 0);
    nn_json_integer(w, INT64_MAX);
    nn_json_unsigned(w, UINT64_MAX);
    nn_json_unsigned(w, 0);
    const double reals[] = {0,     -0.0,      0.1,       1.0 / 3, 1e22,     5e-324,   1.7976931348623157e308,
                            -1e-7, 123456789, 0.1 + 0.2, NAN,     INFINITY, -INFINITY};
    for (int i = 0; i < COUNT(reals); i++)
        nn_json_real(w, reals[i]);
    nn_json_f32(w, 0.1f);
    nn_json_f32(w, (float)NAN);
    nn_json_end(w, ']');
}

START_TEST(numbers_are_exact)
{
    expect_written(write_numbers,
                   "[-9223372036854775808,0,9223372036854775807,\"18446744073709551615\",\"0\",0,-0,0.1,"
                   "0.3333333333333333,1e+22,5e-324,1.7976931348623157e+308,-1e-07,123456789,0.30000000000000004,"
                   "\"nan\",\"inf\",\"-inf\",0.1,\"nan\"]");
}
END_TEST

static void write_characters(nn_json_writer *w)
{
    nn_json_begin(w, '[');
    nn_json_text(w, "\"quoted\" \\ /");
    nn_json_text(w, "\b\f\n\r\t");
    nn_json_text(w, "\x01\x1b\x1f\x7f");
    nn_json_text(w, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
    nn_json_begin(w, '{');
    nn_json_key(w, "a\n\"b");
    nn_json_integer(w, 1);
    nn_json_end(w, '}');
    nn_json_end(w, ']');
}

START_TEST(characters_are_escaped_where_they_must_be)
{
    expect_written(write_characters, "[\"\\\"quoted\\\" \\\\ /\",\"\\b\\f\\n\\r\\t\",\"\\u0001\\u001b\\u001f\x7f\","
                                     "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\",{\"a\\n\\\"b\":1}]");
}
END_TEST

static void write_a_wrong_text(nn_json_writer *w)
{
    nn_json_begin(w, '[');
    nn_json_text(w, "ab\xff");
    nn_json_end(w, ']');
}

static void write_a_wrong_key(nn_json_writer *w)
{
    nn_json_begin(w, '{');
    nn_json_key(w, "\xed\xa0\x80"); /* a surrogate */
    nn_json_text(w, "good");
    nn_json_end(w, '}');
}

START_TEST(what_is_not_utf8_is_left_out)
{
    bool is_not_utf8;
    ck_assert_str_eq(written_by(write_a_wrong_text, &is_not_utf8), "[\"\"]");
    ck_assert(is_not_utf8);
    ck_assert_str_eq(written_by(write_a_wrong_key, &is_not_utf8), "{\"\":\"good\"}");
    ck_assert(is_not_utf8);
}
END_TEST

START_TEST(without_memory_nothing_more_is_written)
{
    size_t failures = 0;
    for (size_t k = 1;; k++) {
        open_memory();
        nn_text text = {.memory = &meter};
        nn_json_writer w = {.to = &text};
        counting_fail(&memory, k, COUNTING_ONCE);
        nn_json_begin(&w, '[');
        for (int i = 0; i < 2000; i++)
            nn_json_real(&w, i / 7.0);
        nn_json_end(&w, ']');
        const bool failed = text.failed;
        failures += failed;
        ck_assert(failed == (memory.refused > 0));
        nn_text_release(&text);
        counting_check_released(&memory);
        if (!failed)
            break;
    }
    ck_assert_uint_gt(failures, 5);
    counting_print_refused(failures, "writing JSON");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_text_grows);
    tcase_add_test(tests, an_empty_text_is_a_string);
    tcase_add_test(tests, without_memory_a_text_stays_as_it_was);
    tcase_add_test(tests, commas_stand_between_elements);
    tcase_add_test(tests, numbers_are_exact);
    tcase_add_test(tests, characters_are_escaped_where_they_must_be);
    tcase_add_test(tests, what_is_not_utf8_is_left_out);
    tcase_add_test(tests, without_memory_nothing_more_is_written);
}

int main(void) { return run_tests("json_write", add_tests); }
