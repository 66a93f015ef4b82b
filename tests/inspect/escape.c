/* Names and numbers as text. */
#include "../../inspect/escape.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/one_tape.h"

static char text[2000];

static const char *written(ad_ink ink, const char *name, size_t most)
{
    ad_sink sink = ad_sink_into(text, sizeof text);
    ad_put_text(&sink, ink, name, most);
    ck_assert_int_eq(sink.shown.status, AD_OK);
    return text;
}

/* ---- Characters -------------------------------------------------------------------------------------------------- */

START_TEST(characters)
{
    static const struct {
        const char *bytes;
        uint32_t character;
        int n;
    } cases[] = {
        {"a", 'a', 1},
        {"\xc3\xa9", 0xe9, 2},
        {"\xe2\x82\xac", 0x20ac, 3},
        {"\xf0\x9f\x98\x80", 0x1f600, 4},
        {"\x80", 0xfffd, 1},             /* begins in the middle */
        {"\xc3", 0xfffd, 1},             /* ends too early */
        {"\xe2\x82", 0xfffd, 1},         /* so too */
        {"\xc3(", 0xfffd, 1},            /* goes on otherwise */
        {"\xc0\xaf", 0xfffd, 1},         /* longer than it need be */
        {"\xe0\x80\xaf", 0xfffd, 1},     /* so too */
        {"\xed\xa0\x80", 0xfffd, 1},     /* half of a pair */
        {"\xf4\x90\x80\x80", 0xfffd, 1}, /* beyond the last */
        {"\xff", 0xfffd, 1},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        const char *at = cases[i].bytes;
        ck_assert_uint_eq(ad_next_character(&at), cases[i].character);
        ck_assert_int_eq(at - cases[i].bytes, cases[i].n);
    }
}
END_TEST

/* Whatever the bytes are, each is read once and what is written is UTF-8. */
START_TEST(any_bytes)
{
    for (int a = 1; a < 256; a++)
        for (int b = 1; b < 256; b++) {
            const char bytes[] = {(char)a, (char)b, 'x', 0};
            written(AD_INK_TEXT, bytes, 24);
            for (const char *at = text, *before = text; *at; before = at) {
                const uint32_t character = ad_next_character(&at);
                ck_assert(character != 0xfffd || at - before == 3);
                ck_assert(character >= 0x20 && (character < 0x7f || character > 0x9f));
            }
        }
}
END_TEST

START_TEST(inks)
{
    static const char name[] = "a\n\x1b\"\\<&>'\xc3\xa9\xe2\x80\xae\xff";
    ck_assert_str_eq(written(AD_INK_TEXT, name, 24), "a\\x0a\\x1b\"\\<&>'\xc3\xa9\\u202e\xef\xbf\xbd");
    ck_assert_str_eq(written(AD_INK_ASCII, name, 24), "a\\x0a\\x1b\"\\<&>'?\\u202e?");
    ck_assert_str_eq(written(AD_INK_HTML, name, 24),
                     "a\\x0a\\x1b&#34;\\&#60;&#38;&#62;&#39;\xc3\xa9\\u202e\xef\xbf\xbd");
    ck_assert_str_eq(written(AD_INK_JSON, name, 24), "a\\\\x0a\\\\x1b\\\"\\\\\\u003c&>'\xc3\xa9\\\\u202e\xef\xbf\xbd");
    ck_assert_str_eq(written(AD_INK_DOT, name, 24), "a\\\\x0a\\\\x1b\\\"\\\\<&amp;>'\xc3\xa9\\\\u202e\xef\xbf\xbd");
    ck_assert_str_eq(written(AD_INK_HTML, "</script>", 24), "&#60;/script&#62;");
    ck_assert_str_eq(written(AD_INK_JSON, "</script>", 24), "\\u003c/script>");
}
END_TEST

START_TEST(long_text_is_cut)
{
    ck_assert_str_eq(written(AD_INK_TEXT, "", 4), "");
    ck_assert_str_eq(written(AD_INK_TEXT, "abcd", 4), "abcd");
    ck_assert_str_eq(written(AD_INK_TEXT, "abcde", 4), "ab..");
    ck_assert_str_eq(written(AD_INK_TEXT, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 4), "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
    ck_assert_str_eq(written(AD_INK_TEXT, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 4), "\xc3\xa9\xc3\xa9..");
}
END_TEST

/* ---- Names ------------------------------------------------------------------------------------------------------- */

START_TEST(names)
{
    char name[AD_NAME_TEXT];
    const ad_tensor k = PARAM(1, ""), x = PARAM(2, "x"), y = ad_mul(k, x), z = ad_name(ad_neg(y), "z");
    ck_assert_str_eq(ad_name_text(AD_INK_TEXT, k, name), "k0");
    ck_assert_str_eq(ad_name_text(AD_INK_TEXT, x, name), "x");
    ck_assert_str_eq(ad_name_text(AD_INK_TEXT, y, name), "#1");
    ck_assert_str_eq(ad_name_text(AD_INK_TEXT, z, name), "z");
    ad_backward(z);
    ck_assert_str_eq(ad_name_text(AD_INK_TEXT, ad_gradient(x), name), "gradient");
    ad_name(z, "\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae"
               "\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae"
               "\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae\xe2\x80\xae!");
    ad_name_text(AD_INK_DOT, z, name);
    ck_assert_uint_eq(strlen(name), 22 * 7 + 2);
    expect_ok(t);
}
END_TEST

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

START_TEST(numbers)
{
    char number[AD_NUMBER_TEXT];
    ck_assert_str_eq(ad_number_text(0.1, 6, number), "0.1");
    ck_assert_str_eq(ad_number_text(-0.0, 6, number), "-0");
    ck_assert_str_eq(ad_number_text(1e-12, 6, number), "1e-12");
    ck_assert_str_eq(ad_number_text(NAN, 6, number), "nan");
    ck_assert_str_eq(ad_number_text(-NAN, 6, number), "nan");
    ck_assert_str_eq(ad_number_text(INFINITY, 6, number), "inf");
    ck_assert_str_eq(ad_number_text(-INFINITY, 6, number), "-inf");
    ck_assert_str_eq(ad_number_text(-2.2250738585072014e-308, 17, number), "-2.2250738585072014e-308");
    for (int i = 0; i < 1000; i++) {
        const double x = ad_f64(some_input(t, AD_F64, AD_SHAPE(1), (uint64_t)i))[0] / (i + 1);
        const float f = (float)x;
        ck_assert_double_eq(strtod(ad_number_text(x, ad_exact_digits(AD_F64), number), NULL), x);
        ck_assert(strtof(ad_number_text((double)f, ad_exact_digits(AD_F32), number), NULL) == f);
    }
}
END_TEST

START_TEST(a_decimal_comma_is_a_point)
{
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    char number[AD_NUMBER_TEXT];
    for (int i = 0; i < COUNT(locales); i++)
        if (setlocale(LC_ALL, locales[i]))
            ck_assert_str_eq(ad_number_text(-1234.5, 6, number), "-1234.5");
    setlocale(LC_ALL, "C");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, characters);
    tcase_add_test(tests, any_bytes);
    tcase_add_test(tests, inks);
    tcase_add_test(tests, long_text_is_cut);
    tcase_add_test(tests, names);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, a_decimal_comma_is_a_point);
}

int main(void) { return run_on_one_tape("escape", add_tests); }
