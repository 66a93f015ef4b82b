/* JSON that is read, and refused. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../nn/files/json.h"
#include "../support/check.h"
#include "../support/counting.h"

static counting memory;
static ad_memory meter;
static nn_store store;
static char message[512];
static const nn_json *root;

static const nn_json_bounds usual = {.depth = 20, .values = 100000};

static void open_memory(void)
{
    counting_open(&memory);
    meter = ad_memory_over(&memory.allocator);
    store = (nn_store){.memory = &meter};
}

static void give_back(void)
{
    nn_store_release(&store);
    counting_check_released(&memory);
}

/* Reads from a block of just that size, so that a sanitizer sees a read behind it. */
static ad_status read_bytes(const char *text, size_t n, nn_json_bounds bounds)
{
    char *copy = malloc(n ? n : 1);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, n);
    root = (const nn_json *)message;
    message[0] = 0;
    const ad_status status = nn_json_read(&root, copy, n, bounds, &store, message, sizeof message);
    free(copy);
    ck_assert((status == AD_OK) == (root != NULL));
    ck_assert_msg((status == AD_OK) == (message[0] == 0), "%s", message);
    return status;
}

static void expect_read_text(const char *text)
{
    ck_assert_msg(read_bytes(text, strlen(text), usual) == AD_OK, "%s: %s", text, message);
}

static void expect_refused(const char *text, size_t n, const char *why)
{
    ck_assert_msg(read_bytes(text, n, usual) == AD_BAD_FILE, "%s is read", text);
    ck_assert_msg(strcmp(message, why) == 0, "%s: the message is: %s, not: %s", text, message, why);
}

/* ---- Trees ------------------------------------------------------------------------------------------------------- */

START_TEST(a_tree_has_what_the_text_has)
{
    open_memory();
    expect_read_text(
        " {\"a\" : [1, -2.50e+3 ,\"x\\ty\"],\n\t\"b\":{}, \"\":null, \"t\":true, \"f\":false, \"l\":[]}\r ");
    ck_assert_int_eq(root->type, NN_JSON_OBJECT);
    ck_assert_uint_eq(root->n, 6);
    ck_assert_uint_eq(root->at, 1);
    ck_assert_ptr_null(root->next);
    const nn_json *a = root->first;
    ck_assert_str_eq(a->key, "a");
    ck_assert_uint_eq(a->key_bytes, 1);
    ck_assert_uint_eq(a->at, 8);
    ck_assert_int_eq(a->type, NN_JSON_LIST);
    ck_assert_uint_eq(a->n, 3);
    ck_assert_str_eq(a->first->text, "1");
    ck_assert_ptr_null(a->first->key);
    ck_assert_str_eq(a->first->next->text, "-2.50e+3");
    ck_assert_uint_eq(a->first->next->bytes, 8);
    ck_assert_str_eq(a->first->next->next->text, "x\ty");
    ck_assert_int_eq(a->first->next->next->type, NN_JSON_TEXT);
    ck_assert_ptr_null(a->first->next->next->next);
    ck_assert_int_eq(a->next->type, NN_JSON_OBJECT);
    ck_assert_uint_eq(a->next->n, 0);
    ck_assert_ptr_null(a->next->first);
    ck_assert_ptr_eq(nn_json_member(root, "b"), a->next);
    ck_assert_int_eq(nn_json_member(root, "")->type, NN_JSON_NULL);
    ck_assert_int_eq(nn_json_member(root, "t")->type, NN_JSON_BOOL);
    ck_assert(nn_json_member(root, "t")->is_true);
    ck_assert_int_eq(nn_json_member(root, "f")->type, NN_JSON_BOOL);
    ck_assert(!nn_json_member(root, "f")->is_true);
    ck_assert_ptr_null(nn_json_member(root, "l")->first);
    ck_assert_ptr_null(nn_json_member(root, "A"));
    ck_assert_ptr_null(nn_json_member(root, "aa"));
    ck_assert_ptr_null(nn_json_member(a, "a"));
    ck_assert_ptr_null(nn_json_member(NULL, "a"));
    give_back();
}
END_TEST

static const struct {
    const char *text, *wanted;
    size_t n;
} texts[] = {
    {"\"\"", "", 0},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
    {"\"\\u0041\\u00e9\\u20AC\\uFfFd\"", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbd", 9},
    {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", 4},
    {"\"\\udbff\\udfff\\ud800\\udc00\"", "\xf4\x8f\xbf\xbf\xf0\x90\x80\x80", 8},
    {"\"a\\u0000b\"", "a\0b", 3},
    {"\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
     "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 22},
};

START_TEST(texts_lose_their_escapes)
{
    open_memory();
    expect_read_text(texts[_i].text);
    ck_assert_uint_eq(root->bytes, texts[_i].n);
    ck_assert_mem_eq(root->text, texts[_i].wanted, texts[_i].n + 1);
    give_back();
}
END_TEST

/* ---- What is refused --------------------------------------------------------------------------------------------- */

#define WRONG(text, why)                                                                                               \
    {                                                                                                                  \
        text, sizeof(text) - 1, why                                                                                    \
    }

static const struct {
    const char *text;
    size_t n;
    const char *why;
} wrong[] = {
    WRONG("", "byte 0: the text ends where a value should be"),
    WRONG(" \n", "byte 2: the text ends where a value should be"),
    WRONG("[1,]", "byte 3: ']' stands where a value should be"),
    WRONG("[,1]", "byte 1: ',' stands where a value should be"),
    WRONG("[1,,2]", "byte 3: ',' stands where a value should be"),
    WRONG("[1 2]", "byte 3: '2' stands where a comma or the end of the list should be"),
    WRONG("[1}", "byte 2: '}' stands where a comma or the end of the list should be"),
    WRONG("[1", "byte 2: the text ends where a comma or the end of the list should be"),
    WRONG("[", "byte 1: the text ends where a value should be"),
    WRONG("]", "byte 0: ']' stands where a value should be"),
    WRONG("{\"a\":1,}", "byte 7: '}' stands where a key should be"),
    WRONG("{,}", "byte 1: ',' stands where a key should be"),
    WRONG("{\"a\"}", "byte 4: '}' stands where a colon should be"),
    WRONG("{\"a\":}", "byte 5: '}' stands where a value should be"),
    WRONG("{\"a\":1 \"b\":2}", "byte 7: '\"' stands where a comma or the end of the object should be"),
    WRONG("{\"a\":1]", "byte 6: ']' stands where a comma or the end of the object should be"),
    WRONG("{a:1}", "byte 1: 'a' stands where a key should be"),
    WRONG("{1:1}", "byte 1: '1' stands where a key should be"),
    WRONG("{\"a\":1,\"b\":2,\"a\":3}", "byte 17: the key 'a' is there twice"),
    WRONG("{\"a\":1,\"ab\":2,\"a\":3}", "byte 18: the key 'a' is there twice"),
    WRONG("{\"a\":1,\"\\u0061\":2}", "byte 16: the key 'a' is there twice"),
    WRONG("{\"\x1b\":1}", "byte 2: a control character in a text must be written as an escape"),
    WRONG("{\"\\u001b\":1,\"\\u001b\":1}", "byte 21: the key '\\x1b' is there twice"),
    WRONG("1 1", "byte 2: '1' stands where the end of the text should be"),
    WRONG("{} ,", "byte 3: ',' stands where the end of the text should be"),
    WRONG("1\0", "byte 1: '' stands where the end of the text should be"),
    WRONG("\xef\xbb\xbf{}", "byte 0: a byte order mark stands before the text"),
    WRONG("01", "byte 0: a number begins with 0"),
    WRONG("-01", "byte 0: a number begins with 0"),
    WRONG("-", "byte 1: the text ends where a digit should be"),
    WRONG("-a", "byte 1: 'a' stands where a digit should be"),
    WRONG("+1", "byte 0: '+' stands where a value should be"),
    WRONG(".5", "byte 0: '.' stands where a value should be"),
    WRONG("1.", "byte 2: the text ends where a digit should be"),
    WRONG("1.e5", "byte 2: 'e' stands where a digit should be"),
    WRONG("1e", "byte 2: the text ends where a digit should be"),
    WRONG("1e+", "byte 3: the text ends where a digit should be"),
    WRONG("1e-+1", "byte 3: '+' stands where a digit should be"),
    WRONG("0x10", "byte 1: 'x' stands where the end of the text should be"),
    WRONG("NaN", "byte 0: 'N' stands where a value should be"),
    WRONG("Infinity", "byte 0: 'I' stands where a value should be"),
    WRONG("-Infinity", "byte 1: 'I' stands where a digit should be"),
    WRONG("nul", "byte 0: 'n' stands where a value should be"),
    WRONG("True", "byte 0: 'T' stands where a value should be"),
    WRONG("nulll", "byte 4: 'l' stands where the end of the text should be"),
    WRONG("'a'", "byte 0: ''' stands where a value should be"),
    WRONG("// c\n1", "byte 0: '/' stands where a value should be"),
    WRONG("\x0b"
          "1",
          "byte 0: '\\x0b' stands where a value should be"),
    WRONG("\xc2\xa0"
          "1",
          "byte 0: '\xc2\xa0' stands where a value should be"),
    WRONG("\xc3\xa9", "byte 0: '\xc3\xa9' stands where a value should be"),
    WRONG("\xff", "byte 0: '\\xff' stands where a value should be"),
    WRONG(" \"abc", "byte 1: this quote is never closed"),
    WRONG("\"a\\", "byte 3: the text ends where the rest of an escape should be"),
    WRONG("\"\\x41\"", "byte 2: 'x' stands where the rest of an escape should be"),
    WRONG("\"\\u12\"", "byte 5: '\"' stands where a hexadecimal digit should be"),
    WRONG("\"\\u12g4\"", "byte 5: 'g' stands where a hexadecimal digit should be"),
    WRONG("\"\\u12:4\"", "byte 5: ':' stands where a hexadecimal digit should be"),
    WRONG("\"\\u12@4\"", "byte 5: '@' stands where a hexadecimal digit should be"),
    WRONG("\"\\u123", "byte 6: the text ends where a hexadecimal digit should be"),
    WRONG("\"\\ud800\"", "byte 1: a surrogate stands alone, which is no character"),
    WRONG("\"\\udc00\"", "byte 1: a surrogate stands alone, which is no character"),
    WRONG("\"\\ud800\\n\"", "byte 1: a surrogate stands alone, which is no character"),
    WRONG("\"\\ud800\\ud800\"", "byte 1: a surrogate stands alone, which is no character"),
    WRONG("\"\\ud800\\u0041\"", "byte 1: a surrogate stands alone, which is no character"),
    WRONG("\"\\udbff\\ue000\"", "byte 1: a surrogate stands alone, which is no character"),
    WRONG("\"a\nb\"", "byte 2: a control character in a text must be written as an escape"),
    WRONG("\"a\tb\"", "byte 2: a control character in a text must be written as an escape"),
    WRONG("\"a\0b\"", "byte 2: a control character in a text must be written as an escape"),
    WRONG("\"\x80\"", "byte 1: is not UTF-8"),
    WRONG("\"\xc1\xbf\"", "byte 1: is not UTF-8"),
    WRONG("\"\xc3(\"", "byte 1: is not UTF-8"),
    WRONG("\"\xe0\x9f\xbf\"", "byte 1: is not UTF-8"),
    WRONG("\"\xed\xa0\x80\"", "byte 1: is not UTF-8"),
    WRONG("\"\xf0\x8f\xbf\xbf\"", "byte 1: is not UTF-8"),
    WRONG("\"\xf4\x90\x80\x80\"", "byte 1: is not UTF-8"),
    WRONG("\"\xf8\x88\x80\x80\x80\"", "byte 1: is not UTF-8"),
    WRONG("\"ab\xe2\x82", "byte 3: is not UTF-8"),
    WRONG("{\"\xff\":1}", "byte 2: is not UTF-8"),
};

START_TEST(wrong_texts_are_refused)
{
    open_memory();
    expect_refused(wrong[_i].text, wrong[_i].n, wrong[_i].why);
    give_back();
}
END_TEST

START_TEST(control_characters_are_refused)
{
    open_memory();
    for (char c = 1; c < 0x20; c++) {
        const char text[] = {'"', 'a', c, '"', 0};
        expect_refused(text, 4, "byte 2: a control character in a text must be written as an escape");
    }
    give_back();
}
END_TEST

static const char whole[] =
    "{\"a\":[1.5e-3,true,false,null,\"\\u20ac\\ud83d\\ude00\xe2\x82\xac\\n\"],\"b\":{\"c\":{}}}";

START_TEST(a_text_cut_anywhere_is_refused)
{
    open_memory();
    expect_read_text(whole);
    for (size_t n = 0; n < sizeof whole - 1; n++)
        ck_assert_msg(read_bytes(whole, n, usual) == AD_BAD_FILE, "the first %zu bytes are read", n);
    give_back();
}
END_TEST

/* ---- Bounds ------------------------------------------------------------------------------------------------------ */

START_TEST(depth_is_bounded)
{
    static char deep[200001];
    open_memory();
    ck_assert_int_eq(read_bytes("1", 1, (nn_json_bounds){.depth = 0, .values = 1}), AD_OK);
    ck_assert_int_eq(read_bytes("[]", 2, (nn_json_bounds){.depth = 0, .values = 1}), AD_BAD_FILE);
    ck_assert_str_eq(message, "byte 0: lists and objects are more than 0 deep");
    ck_assert_int_eq(read_bytes("[]", 2, (nn_json_bounds){.depth = -1, .values = 1}), AD_BAD_FILE);
    ck_assert_int_eq(read_bytes("[{\"a\":[]}]", 10, (nn_json_bounds){.depth = 3, .values = 9}), AD_OK);
    ck_assert_int_eq(read_bytes("[{\"a\":[]}]", 10, (nn_json_bounds){.depth = 2, .values = 9}), AD_BAD_FILE);
    ck_assert_str_eq(message, "byte 6: lists and objects are more than 2 deep");
    ck_assert_int_eq(read_bytes("[[],[],[]]", 10, (nn_json_bounds){.depth = 2, .values = 9}), AD_OK);
    memset(deep, '[', 100000);
    memset(deep + 100000, ']', 100000);
    ck_assert_int_eq(read_bytes(deep, 200000, usual), AD_BAD_FILE);
    ck_assert_str_eq(message, "byte 20: lists and objects are more than 20 deep");
    ck_assert_int_eq(read_bytes(deep, 200000, (nn_json_bounds){.depth = 100000, .values = 100000}), AD_OK);
    give_back();
}
END_TEST

START_TEST(values_are_bounded)
{
    open_memory();
    ck_assert_int_eq(read_bytes("[1,2,3]", 7, (nn_json_bounds){.depth = 1, .values = 4}), AD_OK);
    ck_assert_int_eq(read_bytes("[1,2,3]", 7, (nn_json_bounds){.depth = 1, .values = 3}), AD_BAD_FILE);
    ck_assert_str_eq(message, "byte 5: there are more than 3 values");
    ck_assert_int_eq(read_bytes("1", 1, (nn_json_bounds){.depth = 1, .values = 0}), AD_BAD_FILE);
    give_back();
}
END_TEST

/* Texts that take as much memory for a byte as there is. */
START_TEST(memory_is_bounded_by_the_text)
{
    static char text[100002];
    static const char *const pieces[] = {"1,", "[],", "\"\",", "{},", "0,1,22,"};
    for (int i = 0; i < COUNT(pieces); i++) {
        size_t n = 1;
        text[0] = '[';
        for (const size_t length = strlen(pieces[i]); n + length < sizeof text; n += length)
            memcpy(text + n, pieces[i], length);
        text[n - 1] = ']';
        open_memory();
        ck_assert_int_eq(read_bytes(text, n, usual), AD_OK);
        ck_assert_uint_le(meter.usage.peak_bytes, 128 * n);
        give_back();
    }
    open_memory();
    ck_assert_int_eq(read_bytes("[1]", 3, (nn_json_bounds){.depth = 1, .values = 9}), AD_OK);
    ck_assert_uint_le(meter.usage.peak_bytes, 128 * 3);
    give_back();
}
END_TEST

/* Keys in this many, so that a comparison of each with each takes minutes. */
START_TEST(many_keys_take_no_time)
{
    enum { KEYS = 100000 };
    static char text[24 * KEYS];
    const nn_json_bounds bounds = {.depth = 1, .values = KEYS + 1};
    size_t n = 0;
    for (int i = 0; i < KEYS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%c\"key%07d\":1", i ? ',' : '{', (i * 7919) % KEYS);
    text[n++] = '}';
    open_memory();
    ck_assert_int_eq(read_bytes(text, n, bounds), AD_OK);
    ck_assert_uint_eq(root->n, KEYS);
    memcpy(text + n - 15, text + 1, 12);
    ck_assert_int_eq(read_bytes(text, n, bounds), AD_BAD_FILE);
    ck_assert_msg(strstr(message, ": the key 'key0000000' is there twice"), "%s", message);
    give_back();
}
END_TEST

START_TEST(keys_with_a_0_within_differ)
{
    open_memory();
    expect_read_text("{\"a\":1,\"a\\u0000\":2,\"a\\u0000b\":3,\"a\\u0000c\":4}");
    ck_assert_ptr_eq(nn_json_member(root, "a"), root->first);
    give_back();
}
END_TEST

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

static void expect_number(const char *text, bool is_integer, bool is_unsigned, bool is_real, double wanted)
{
    int64_t integer = 77;
    uint64_t size = 77;
    double real = 77;
    open_memory();
    expect_read_text(text);
    ck_assert_msg(nn_json_is_integer(root, &integer) == is_integer, "%s", text);
    ck_assert_msg(nn_json_is_unsigned(root, &size) == is_unsigned, "%s", text);
    ck_assert_msg(nn_json_is_real(root, &real) == is_real, "%s", text);
    ck_assert_msg(integer == (is_integer ? (int64_t)wanted : 77), "%s", text);
    ck_assert_msg(size == (is_unsigned ? (uint64_t)wanted : 77), "%s", text);
    if (is_real && isnan(wanted))
        ck_assert_msg(isnan(real), "%s", text);
    else
        ck_assert_msg(real == (is_real ? wanted : 77) && !signbit(real) == !signbit(is_real ? wanted : 77), "%s", text);
    give_back();
}

START_TEST(numbers_are_what_they_are)
{
    expect_number("0", true, false, true, 0);
    expect_number("-0", false, false, true, -0.0);
    expect_number("-17", true, false, true, -17);
    expect_number("17.0", false, false, true, 17);
    expect_number("1e2", false, false, true, 100);
    expect_number("0.1", false, false, true, 0.1);
    expect_number("-9223372036854775808", true, false, true, -0x1p63);
    expect_number("9223372036854775808", false, false, true, 0x1p63);
    expect_number("1e308", false, false, true, 1e308);
    expect_number("1e309", false, false, false, 0);
    expect_number("-1e99999999999999999999", false, false, false, 0);
    expect_number("1e-99999999999999999999", false, false, true, 0);
    expect_number("\"nan\"", false, false, true, NAN);
    expect_number("\"inf\"", false, false, true, INFINITY);
    expect_number("\"-inf\"", false, false, true, -INFINITY);
    expect_number("\"NaN\"", false, false, false, 0);
    expect_number("\"inf\\u0000\"", false, false, false, 0);
    expect_number("\"1\"", false, true, false, 1);
    expect_number("\"0\"", false, true, false, 0);
    expect_number("\"007\"", false, false, false, 0);
    expect_number("\"-1\"", false, false, false, 0);
    expect_number("\"\"", false, false, false, 0);
    expect_number("\"9\\u0000\"", false, false, false, 0);
    expect_number("\"18446744073709551616\"", false, false, false, 0);
    expect_number("\"9223372036854775808\"", false, true, false, 0x1p63);
    expect_number("null", false, false, false, 0);
    expect_number("true", false, false, false, 0);
    expect_number("[1]", false, false, false, 0);
}
END_TEST

START_TEST(no_value_is_no_number)
{
    int64_t integer;
    uint64_t size;
    double real;
    ck_assert(!nn_json_is_integer(NULL, &integer));
    ck_assert(!nn_json_is_unsigned(NULL, &size));
    ck_assert(!nn_json_is_real(NULL, &real));
}
END_TEST

/* Each number comes back with the same bits, and each text with the same bytes. */
START_TEST(what_is_written_is_read)
{
    enum { TIMES = 20000 };
    open_memory();
    nn_text text = {.memory = &meter};
    nn_json_writer w = {.to = &text};
    nn_json_begin(&w, '[');
    for (uint64_t i = 0; i < TIMES; i++) {
        const uint64_t bits = ad_random_bits(7, 0, i);
        double real;
        memcpy(&real, &bits, sizeof real);
        nn_json_real(&w, isnan(real) ? NAN : real);
        nn_json_integer(&w, (int64_t)(bits >> bits % 64));
        nn_json_unsigned(&w, bits);
    }
    nn_json_end(&w, ']');
    ck_assert_int_eq(read_bytes(text.at, text.n, usual), AD_OK);
    const nn_json *at = root->first;
    for (uint64_t i = 0; i < TIMES; i++) {
        const uint64_t bits = ad_random_bits(7, 0, i);
        double real, wanted;
        int64_t integer;
        uint64_t size;
        memcpy(&wanted, &bits, sizeof wanted);
        ck_assert(nn_json_is_real(at, &real));
        ck_assert(isnan(wanted) ? isnan(real) : memcmp(&real, &wanted, sizeof real) == 0);
        at = at->next;
        ck_assert(nn_json_is_integer(at, &integer) && integer == (int64_t)(bits >> bits % 64));
        at = at->next;
        ck_assert(nn_json_is_unsigned(at, &size) && size == bits);
        at = at->next;
    }
    nn_text_release(&text);
    give_back();
}
END_TEST

START_TEST(every_character_is_read_as_it_was_written)
{
    for (uint32_t c = 1; c < 0x80; c++) {
        const char written[] = {'a', (char)c, 'z', 0};
        open_memory();
        nn_text text = {.memory = &meter};
        nn_json_writer w = {.to = &text};
        nn_json_text(&w, written);
        ck_assert_int_eq(read_bytes(text.at, text.n, usual), AD_OK);
        ck_assert_str_eq(root->text, written);
        nn_text_release(&text);
        give_back();
    }
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

START_TEST(without_memory_reading_is_an_error)
{
    static const char text[] = "{\"a\":[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0],\"b\":{\"c\":1,\"d\":2}}";
    size_t failures = 0;
    for (size_t k = 1;; k++) {
        open_memory();
        counting_fail(&memory, k, COUNTING_ONCE);
        const ad_status status = read_bytes(text, sizeof text - 1, usual);
        if (status == AD_NO_MEMORY) {
            failures++;
            ck_assert_str_eq(message, "memory is out for a JSON text of 65 bytes");
        }
        give_back();
        if (status != AD_NO_MEMORY)
            break;
    }
    ck_assert_uint_ge(failures, 5);
    counting_print_refused(failures, "reading JSON");
}
END_TEST

START_TEST(a_message_needs_no_room)
{
    open_memory();
    char small[8];
    ck_assert_int_eq(nn_json_read(&root, "[1,]", 4, usual, &store, small, sizeof small), AD_BAD_FILE);
    ck_assert_str_eq(small, "byte 3:");
    ck_assert_int_eq(nn_json_read(&root, "[1,]", 4, usual, &store, NULL, 0), AD_BAD_FILE);
    give_back();
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_tree_has_what_the_text_has);
    tcase_add_loop_test(tests, texts_lose_their_escapes, 0, COUNT(texts));
    tcase_add_loop_test(tests, wrong_texts_are_refused, 0, COUNT(wrong));
    tcase_add_test(tests, control_characters_are_refused);
    tcase_add_test(tests, a_text_cut_anywhere_is_refused);
    tcase_add_test(tests, depth_is_bounded);
    tcase_add_test(tests, values_are_bounded);
    tcase_add_test(tests, memory_is_bounded_by_the_text);
    tcase_add_test(tests, many_keys_take_no_time);
    tcase_add_test(tests, keys_with_a_0_within_differ);
    tcase_add_test(tests, numbers_are_what_they_are);
    tcase_add_test(tests, no_value_is_no_number);
    tcase_add_test(tests, what_is_written_is_read);
    tcase_add_test(tests, every_character_is_read_as_it_was_written);
    tcase_add_test(tests, without_memory_reading_is_an_error);
    tcase_add_test(tests, a_message_needs_no_room);
}

int main(void) { return run_tests("json_read", add_tests); }
