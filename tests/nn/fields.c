/* Options by their fields: defaults, checks, copies, and text. */
#include "../../nn/options/fields.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../nn/options/near.h"
#include "../../nn/options/number.h"
#include "../support/check.h"
#include "../support/counting.h"

/* ---- A table with every type ------------------------------------------------------------------------------------- */

typedef struct colour {
    const char *name;
} colour;
static const colour colours[] = {{"red"}, {"green"}, {"dark_blue"}}, own_colour = {"own"};

static const void *colour_at(int i) { return i >= 0 && i < COUNT(colours) ? &colours[i] : NULL; }
static const char *colour_name(const void *c) { return ((const colour *)c)->name; }

static const char *shape_name(int i)
{
    static const char *const names[] = {"", "circle", "triangle", "square"};
    return i >= 0 && i < COUNT(names) ? names[i] : NULL;
}

typedef struct everything {
    int64_t times, units[4], whole;
    double rate, momentum, slope, any;
    bool loud;
    int shape;
    const char *title;
    uint64_t seed;
    nn_reals weights;
    nn_integers numbers;
    nn_texts labels;
    const colour *ink;
    int layers;
} everything;

static const nn_field rows[] = {
    {"times", "", NN_FIELD_INTEGER, offsetof(everything, times), .range = NN_AT_LEAST(1)},
    {"units", "", NN_FIELD_INTEGERS, offsetof(everything, units), .range = NN_FROM_TO(1, 1000), .count = 4},
    {"whole", "", NN_FIELD_INTEGER, .offset = offsetof(everything, whole)},
    {"rate", "", NN_FIELD_REAL, offsetof(everything, rate), .standard = 0.05, .range = NN_ABOVE(0)},
    {"momentum", "", NN_FIELD_REAL, offsetof(everything, momentum), .range = NN_FROM_TO_BELOW(0, 1)},
    {"slope", "", NN_FIELD_REAL, offsetof(everything, slope), .standard = 0.01, .range = NN_FROM_TO(-10, 10)},
    {"any", "", NN_FIELD_REAL, .offset = offsetof(everything, any)},
    {"loud", "", NN_FIELD_SWITCH, .offset = offsetof(everything, loud)},
    {"shape", "", NN_FIELD_CHOICE, offsetof(everything, shape), .standard = 2, .choice = shape_name},
    {"title", "", NN_FIELD_TEXT, .offset = offsetof(everything, title)},
    {"seed", "", NN_FIELD_SEED, .offset = offsetof(everything, seed)},
    {"weights", "", NN_FIELD_REALS, offsetof(everything, weights), .range = NN_AT_LEAST(0)},
    {"numbers", "", NN_FIELD_INT32S, .offset = offsetof(everything, numbers)},
    {"labels", "", NN_FIELD_TEXTS, .offset = offsetof(everything, labels)},
    {"ink", "", NN_FIELD_ROW, offsetof(everything, ink), .row = colour_at, .row_name = colour_name,
     .standard_row = &colours[1]},
    {"layers", "", NN_FIELD_LAYERS, .offset = offsetof(everything, layers)},
};
static const nn_fields fields = NN_FIELDS(rows);

/* ---- What tests read into ---------------------------------------------------------------------------------------- */

static ad_memory memory;
static nn_store store;
static everything options;
static char message[400];

static void open_store(void)
{
    memory = ad_memory_over(NULL);
    store = (nn_store){.memory = &memory};
    memset(&options, 0, sizeof options);
    message[0] = 0;
}

static void close_store(void) { nn_store_release(&store); }

static ad_status set(const char *name, const char *value)
{
    return nn_fields_set(fields, &options, name, value, &store, message, sizeof message);
}

static void expect_set(const char *name, const char *value)
{
    const ad_status status = set(name, value);
    ck_assert_msg(status == AD_OK, "%s=%s: %s", name, value, message);
}

/* The whole message; the options are as they were. */
static void expect_refused(const char *name, const char *value, const char *why)
{
    const everything before = options;
    message[0] = 0;
    ck_assert_int_eq(set(name, value), AD_BAD_VALUE);
    ck_assert_str_eq(message, why);
    ck_assert_msg(memcmp(&before, &options, sizeof before) == 0, "%s=%s changed the options", name, value);
}

/* ---- Random numbers ------------------------------------------------------------------------------------------------
 */

/* Bits that are always the same for a number. */
static uint64_t mixed(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t state;
static uint64_t random_below(uint64_t n) { return mixed(state++) % n; }

/* ---- Setting ----------------------------------------------------------------------------------------------------- */

START_TEST(every_type_is_read)
{
    expect_set("times", "9223372036854775807");
    ck_assert_int_eq(options.times, INT64_MAX);
    expect_set("times", "007");
    ck_assert_int_eq(options.times, 7);
    options.whole = 7;
    expect_set("units", "300,100,5,1000");
    ck_assert_int_eq(options.whole, 7); /* which lies behind the array */
    ck_assert_int_eq(options.units[3], 1000);
    expect_set("units", "20");
    ck_assert_int_eq(options.units[0], 20);
    ck_assert_int_eq(options.units[1] + options.units[2] + options.units[3], 0);
    expect_set("whole", "-9223372036854775808");
    ck_assert_int_eq(options.whole, INT64_MIN);
    expect_set("whole", "-0");
    ck_assert_int_eq(options.whole, 0);
    expect_set("rate", "0.05");
    ck_assert_double_eq(options.rate, 0.05);
    expect_set("momentum", "0");
    ck_assert_double_eq(options.momentum, 0);
    expect_set("any", "-12.5E+2");
    ck_assert_double_eq(options.any, -1250);
    expect_set("title", "a=b");
    ck_assert_str_eq(options.title, "a=b");
    expect_set("title", "\"a b, \\\"c\\\" \\\\ \\x0a\\xC3\\xa4\"");
    ck_assert_str_eq(options.title, "a b, \"c\" \\ \n\xc3\xa4");
    expect_set("title", "\"\"");
    ck_assert_str_eq(options.title, "");
    expect_set("seed", "18446744073709551615");
    ck_assert(options.seed == UINT64_MAX);
}
END_TEST

START_TEST(names_and_lists_are_read)
{
    const char *const yes[] = {"1", "true", "yes"}, *const no[] = {"0", "false", "no"};
    for (int i = 0; i < 3; i++) {
        expect_set("loud", yes[i]);
        ck_assert(options.loud);
        expect_set("loud", no[i]);
        ck_assert(!options.loud);
    }
    expect_set("shape", "square");
    ck_assert_int_eq(options.shape, 3);
    expect_set("ink", "dark_blue");
    ck_assert_ptr_eq(options.ink, &colours[2]);
    expect_set("weights", "1,0,2.5e-3");
    ck_assert_uint_eq(options.weights.n, 3);
    ck_assert_double_eq(options.weights.at[2], 2.5e-3);
    expect_set("numbers", "-2147483648,2147483647,0");
    ck_assert_uint_eq(options.numbers.n, 3);
    ck_assert_int_eq(options.numbers.at[0], INT32_MIN);
    expect_set("labels", "bird,\"great tit, \\\"big\\\"\",a=b,\"\",x\\y");
    ck_assert_uint_eq(options.labels.n, 5);
    ck_assert_str_eq(options.labels.at[0], "bird");
    ck_assert_str_eq(options.labels.at[1], "great tit, \"big\"");
    ck_assert_str_eq(options.labels.at[2], "a=b");
    ck_assert_str_eq(options.labels.at[3], "");
    ck_assert_str_eq(options.labels.at[4], "x\\y");
}
END_TEST

#define INTEGER_RANGE "it must be a whole number of at least 1"
#define UNITS_RANGE "it must be a whole number of at least 1 and at most 1000"
#define RATE_RANGE "it must be a number above 0"
#define SEED_RANGE "it must be a whole number from 0 to 18446744073709551615"
#define INT32_RANGE "it must be a whole number from -2147483648 to 2147483647"
#define NO_SPACES "; a list has no spaces and no empty places"
#define SWITCHES "it must be true or false (yes or no, 1 or 0)"

START_TEST(wrong_numbers_are_refused)
{
    static const char *const cases[][3] = {
        {"times", "fast", "times is 'fast': " INTEGER_RANGE},
        {"times", "", "times is '': " INTEGER_RANGE},
        {"times", "3x", "times is '3x': " INTEGER_RANGE},
        {"times", " 3", "times is ' 3': " INTEGER_RANGE},
        {"times", "+3", "times is '+3': " INTEGER_RANGE},
        {"times", "0x3", "times is '0x3': " INTEGER_RANGE},
        {"times", "1e3", "times is '1e3': " INTEGER_RANGE},
        {"times", "1.5", "times is '1.5': " INTEGER_RANGE},
        {"times", "0", "times is '0': " INTEGER_RANGE},
        {"times", "-9223372036854775808", "times is '-9223372036854775808': " INTEGER_RANGE},
        {"times", "9223372036854775808",
         "times is '9223372036854775808': " INTEGER_RANGE " and at most 9.223372036854776e+18"},
        {"times", "99999999999999999999",
         "times is '99999999999999999999': " INTEGER_RANGE " and at most 9.223372036854776e+18"},
        {"whole", "9223372036854775808",
         "whole is '9223372036854775808': it must be a whole number of at least -9.223372036854776e+18 and at most "
         "9.223372036854776e+18"},
        {"units", "300,x", "units[1] is 'x': " UNITS_RANGE},
        {"units", "300,,5", "units[1] is '': " UNITS_RANGE NO_SPACES},
        {"units", "", "units[0] is '': " UNITS_RANGE NO_SPACES},
        {"units", "300,0", "units[1] is '0': " UNITS_RANGE},
        {"units", "1001", "units[0] is '1001': " UNITS_RANGE},
        {"units", "1,2,3,4,5", "units is '1,2,3,4,5': it must be a list of at most 4 numbers, and has 5"},
        {"rate", "fast", "rate is 'fast': " RATE_RANGE},
        {"rate", "nan", "rate is 'nan': " RATE_RANGE},
        {"rate", "inf", "rate is 'inf': " RATE_RANGE},
        {"rate", "0x1p3", "rate is '0x1p3': " RATE_RANGE},
        {"rate", "0,5", "rate is '0,5': " RATE_RANGE},
        {"rate", ".", "rate is '.': " RATE_RANGE},
        {"rate", "1e", "rate is '1e': " RATE_RANGE},
        {"rate", "1e+", "rate is '1e+': " RATE_RANGE},
        {"rate", "1.2.3", "rate is '1.2.3': " RATE_RANGE},
        {"rate", "1 ", "rate is '1 ': " RATE_RANGE},
        {"rate", "-1", "rate is '-1': " RATE_RANGE},
        {"rate", "0", "rate is '0': " RATE_RANGE},
        {"rate", "1e999", "rate is '1e999': " RATE_RANGE " and at most 1e+300"},
        {"momentum", "1", "momentum is '1': it must be a number of at least 0 and below 1"},
        {"slope", "0", "slope is '0': it must be a number other than 0, which stands for the default, 0.01"},
        {"slope", "-0.0", "slope is '-0.0': it must be a number other than 0, which stands for the default, 0.01"},
        {"slope", "11", "slope is '11': it must be a number of at least -10 and at most 10"},
        {"any", "1e999", "any is '1e999': it must be a finite number"},
        {"seed", "-1", "seed is '-1': " SEED_RANGE},
        {"seed", "18446744073709551616", "seed is '18446744073709551616': " SEED_RANGE},
        {"weights", "1,-1", "weights[1] is '-1': it must be a number of at least 0"},
        {"weights", "1,", "weights[1] is '': it must be a number of at least 0" NO_SPACES},
        {"numbers", "2147483648", "numbers[0] is '2147483648': " INT32_RANGE},
        {"numbers", ",1", "numbers[0] is '': " INT32_RANGE NO_SPACES},
        {"numbers", "1,b", "numbers[1] is 'b': " INT32_RANGE},
    };
    for (int i = 0; i < COUNT(cases); i++)
        expect_refused(cases[i][0], cases[i][1], cases[i][2]);
}
END_TEST

START_TEST(wrong_names_and_texts_are_refused)
{
    static const char *const cases[][3] = {
        {"loud", "maybe", "loud is 'maybe': " SWITCHES},
        {"loud", "", "loud is '': " SWITCHES},
        {"shape", "circel", "shape is 'circel': it must be one of circle, triangle, square; did you mean circle?"},
        {"shape", "SQUARE", "shape is 'SQUARE': it must be one of circle, triangle, square; did you mean square?"},
        {"shape", "", "shape is '': it must be one of circle, triangle, square"},
        {"ink", "darkblue", "ink is 'darkblue': it must be one of red, green, dark_blue; did you mean dark_blue?"},
        {"ink", "own", "ink is 'own': it must be one of red, green, dark_blue"},
        {"title", "\"a b", "title is '\"a b': its quote is not closed"},
        {"title", "\"a\\\"", "title is '\"a\\\"': its quote is not closed"},
        {"title", "\"a\"b", "title is '\"a\"b': behind the closing quote stands more; write a quote in a text as \\\""},
        {"title", "a\"b", "title is 'a\"b': put the whole text in quotes, and write a quote in it as \\\""},
        {"title", "\"\\n\"",
         "title is '\"\\n\"': behind a \\ in quotes must stand \", \\ or x with two hexadecimal digits that are not "
         "00"},
        {"title", "\"\\x00\"",
         "title is '\"\\x00\"': behind a \\ in quotes must stand \", \\ or x with two hexadecimal digits that are not "
         "00"},
        {"title", "", "title is '': it is empty; write \"\" for an empty text"},
        {"labels", "a,,b", "labels[1] is '': it is empty; write \"\" for an empty text"},
        {"labels", "a,\"b,c", "labels[1] is '\"b,c': its quote is not closed"},
        {"layers", "a", "layers is 'a': no text can say it; set it in C"},
        {"unist", "1", "unknown option 'unist'; did you mean units?"},
        {"SEED", "1", "unknown option 'SEED'; did you mean seed?"},
        {"hiddenlayers", "1",
         "unknown option 'hiddenlayers'; the options are times, units, whole, rate, momentum, slope, any, loud, "
         "shape, title, seed, weights, numbers, labels, ink, layers"},
        {"", "1",
         "unknown option ''; the options are times, units, whole, rate, momentum, slope, any, loud, shape, title, "
         "seed, weights, numbers, labels, ink, layers"},
    };
    for (int i = 0; i < COUNT(cases); i++)
        expect_refused(cases[i][0], cases[i][1], cases[i][2]);
}
END_TEST

/* A value is shown at most 40 characters long, and does nothing to a terminal. */
START_TEST(values_in_messages_are_escaped_and_cut)
{
    expect_refused("rate", "1\x1b[2J\n\x7f", "rate is '1\\x1b[2J\\x0a\\x7f': " RATE_RANGE);
    expect_refused("rate", "\xc3\xa4\xff\xc2\x9b\xe2\x82", "rate is '\xc3\xa4\\xff\\xc2\\x9b\\xe2\\x82': " RATE_RANGE);
    /* The first and the last characters of two to four bytes, C1 controls, and bytes that begin none. */
    expect_refused("any", "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbd\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
                   "any is '\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbd\xf0\x90\x80\x80\xf4\x8f\xbf\xbf': "
                   "it must be a finite number");
    expect_refused("any", "\xc2\x9f\xc1\x80\xf5\x80 ~",
                   "any is '\\xc2\\x9f\\xc1\\x80\\xf5\\x80 ~': it must be a finite number");
    expect_refused("rate", "1234567890123456789012345678901234567890x",
                   "rate is '1234567890123456789012345678901234567890..': " RATE_RANGE);
    char digits[403];
    memset(digits, '1', sizeof digits - 1);
    digits[sizeof digits - 1] = 0;
    ck_assert_int_eq(set("any", digits), AD_BAD_VALUE);
    digits[300] = 0;
    expect_set("any", digits);
    char tiny[4] = "zzz";
    ck_assert_int_eq(nn_fields_set(fields, &options, "rate", "x", &store, tiny, 3), AD_BAD_VALUE);
    ck_assert_str_eq(tiny, "ra");
    ck_assert_int_eq(nn_fields_set(fields, &options, "rate", "x", &store, NULL, 0), AD_BAD_VALUE);
    ck_assert_int_eq(nn_fields_set((nn_fields){0}, &options, "rate", "x", &store, message, sizeof message),
                     AD_BAD_VALUE);
    ck_assert_str_eq(message, "unknown option 'rate'; there are no options");
}
END_TEST

/* ---- Near names -------------------------------------------------------------------------------------------------- */

static const char *word_at(int i, const void *context)
{
    static const char *const words[] = {"",          "rate", "hidden_units", "initial_accumulator", "seed",
                                        "optimiser", "dot",  "clip_value",   "clip_norm",           "warm_up"};
    (void)context;
    return i < COUNT(words) ? words[i] : NULL;
}

START_TEST(near_names_are_found)
{
    static const char *const cases[][2] = {
        {"hiden_units", "hidden_units"},
        {"hidden-units", "hidden_units"},
        {"hiddne_unist", "hidden_units"},
        {"Hidden_Units", "hidden_units"},
        {"intial_acumulatr", "initial_accumulator"},
        {"optimizer", "optimiser"},
        {"rat", "rate"},
        {"tare", "rate"},
        {"sede", "seed"},
        {"do", "dot"},
        {"bit", NULL},
        {"x", NULL},
        {"", NULL},
        {"learning_rate", "rate"},
        {"Rate_of_all", "rate"},
        {"the_rate_of_all", "rate"},
        {"learningrate", NULL},
        {"rate2_of_all", NULL},
        {"units", "hidden_units"},
        {"hidden", "hidden_units"},
        {"initial", "initial_accumulator"},
        {"hidden_", NULL},
        {"idden", NULL},
        {"nits", NULL},
        {"clip", "clip_norm"},
        {"norm", "clip_norm"},
        {"up", NULL},
        {"a_word_that_is_longer_than_all_of_the_names_that_there_can_be_in_a_table_of_names", NULL},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        const char *near = nn_nearest(cases[i][0], word_at, NULL);
        if (cases[i][1])
            ck_assert_msg(near && !strcmp(near, cases[i][1]), "%s: %s", cases[i][0], near ? near : "none");
        else
            ck_assert_msg(!near, "%s: %s", cases[i][0], near);
    }
}
END_TEST

/* The definition, by all ways from the ends of the words. */
static int slow_distance(const char *a, int n, const char *b, int m)
{
    if (n == 0 || m == 0)
        return n + m;
    int d = slow_distance(a, n - 1, b, m - 1) + (a[n - 1] != b[m - 1]);
    const int without_a = slow_distance(a, n - 1, b, m) + 1, without_b = slow_distance(a, n, b, m - 1) + 1;
    d = without_a < d ? without_a : d;
    d = without_b < d ? without_b : d;
    if (n > 1 && m > 1 && a[n - 1] == b[m - 2] && a[n - 2] == b[m - 1]) {
        const int swapped = slow_distance(a, n - 2, b, m - 2) + 1;
        d = swapped < d ? swapped : d;
    }
    return d;
}

enum { CANDIDATES = 4 };
static const char *candidate_at(int i, const void *words)
{
    return i < CANDIDATES ? ((const char *const *)words)[i] : NULL;
}

START_TEST(the_nearest_is_nearest)
{
    int found = 0;
    for (int i = 0; i < 3000; i++) {
        char letters[CANDIDATES + 1][8];
        const char *words[CANDIDATES], *wanted = NULL;
        for (int w = 0; w <= CANDIDATES; w++) {
            const uint64_t n = 1 + random_below(7);
            for (uint64_t j = 0; j < n; j++)
                letters[w][j] = (char)('a' + random_below(3));
            letters[w][n] = 0;
        }
        const char *word = letters[CANDIDATES];
        const int n = (int)strlen(word);
        int least = n <= 3 ? 1 : 2;
        least = least < n ? least : n - 1; /* at least one letter is kept */
        for (int w = 0; w < CANDIDATES; w++) {
            words[w] = letters[w];
            const int m = (int)strlen(words[w]), d = slow_distance(word, n, words[w], m);
            if (n <= 2 && m <= 2 && d > 0)
                continue; /* another letter of two makes another word */
            if (d < least || (d == least && !wanted)) {
                wanted = words[w];
                least = d;
            }
        }
        ck_assert_ptr_eq(nn_nearest(word, candidate_at, words), wanted);
        found += wanted != NULL;
    }
    ck_assert(found > 900 && found < 2900);
}
END_TEST

/* A word of up to 63 letters, one that is longer, and letters of both sizes. */
START_TEST(long_words_are_near_nothing)
{
    char word[66], name[66];
    for (int n = 60; n <= 65; n++) {
        memset(word, 'A', (size_t)n);
        memset(name, 'a', (size_t)n);
        word[n] = name[n] = 0;
        word[5] = name[7] = 'Z';
        word[7] = name[5] = 'z';
        const char *const words[CANDIDATES] = {name, "", "", ""};
        ck_assert_ptr_eq(nn_nearest(word, candidate_at, words), n <= 63 ? name : NULL);
        word[n - 1] = 0; /* one letter fewer: the name may still be too long */
        ck_assert_ptr_eq(nn_nearest(word, candidate_at, words), n <= 63 ? name : NULL);
    }
    /* A third of a word of 9 letters are 3. */
    const char *const words[CANDIDATES] = {"abcdefxyz", "abcdwxyzi", "abcdefgxx", ""};
    ck_assert_ptr_eq(nn_nearest("abcdefghi", candidate_at, words), words[2]);
    ck_assert_ptr_eq(nn_nearest("abcdefghi", candidate_at, (const char *const[]){words[1], words[0], "", ""}),
                     words[0]);
    ck_assert_ptr_null(nn_nearest("abcdefghi", candidate_at, (const char *const[]){words[1], "", "", ""}));
}
END_TEST

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* Any finite number, each exponent alike. */
static double random_real(void)
{
    double x;
    do {
        const uint64_t bits = mixed(state++);
        memcpy(&x, &bits, sizeof x);
    } while (!isfinite(x));
    return x;
}

static void expect_same_back(double x)
{
    char text[NN_REAL_TEXT];
    double back = 0;
    nn_real_text(x, text);
    ck_assert_msg(nn_read_real(text, &back) && memcmp(&x, &back, sizeof x) == 0, "%a is written %s", x, text);
    ck_assert_msg(!strchr(text, ','), "%s", text);
}

/* The fewest digits: one digit less gives another f32. */
static void expect_same_f32(float x)
{
    char text[NN_REAL_TEXT], fewer[NN_REAL_TEXT];
    double read = 0;
    ck_assert(nn_read_real(nn_f32_text(x, text), &read));
    const float back = (float)read;
    ck_assert_msg(memcmp(&x, &back, sizeof x) == 0, "%a is written %s", (double)x, text);
    int digits = 0;
    for (const char *at = text; *at && *at != 'e'; at++)
        digits += *at >= '0' && *at <= '9' && (digits > 0 || *at != '0');
    const char *point = strpbrk(text, ".e");
    if (digits < 2 || (!point && fabsf(x) >= 1))
        return; /* zeros at the end of a whole number are no digits that could be left out */
    snprintf(fewer, sizeof fewer, "%.*e", digits - 2, (double)x);
    ck_assert_msg(digits <= 9 && strtof(fewer, NULL) != x, "%a is written %s, and %s would do", (double)x, text, fewer);
}

static void check_f32(void)
{
    static const struct {
        float x;
        const char *text;
    } cases[] = {
        {0.1f, "0.1"},
        {1 / 3.0f, "0.33333334"},
        {1e6f, "1000000"},
        {16777216, "16777216"},
        {-0.0f, "-0"},
        {1e-45f, "1e-45"},
        {FLT_MAX, "3.4028235e+38"},
        {0.9981f, "0.9981"},
        {1.17549435e-38f, "1.1754944e-38"},
        {(float)INFINITY, "inf"},
        {-(float)INFINITY, "-inf"},
        {(float)NAN, "nan"},
    };
    char text[NN_REAL_TEXT];
    for (int i = 0; i < COUNT(cases); i++)
        ck_assert_str_eq(nn_f32_text(cases[i].x, text), cases[i].text);
    for (int i = 0; i < 40000; i++) {
        const uint32_t bits = (uint32_t)mixed(state++);
        float x;
        memcpy(&x, &bits, sizeof x);
        if (isfinite(x))
            expect_same_f32(x);
        expect_same_f32((float)random_below(1000000) / 1000000);
    }
}

static void check_numbers(void)
{
    static const struct {
        double x;
        const char *text;
    } cases[] = {
        {0.05, "0.05"},
        {0.1, "0.1"},
        {255, "255"},
        {100, "100"},
        {1e15, "1000000000000000"},
        {1e16, "1e+16"},
        {-300, "-300"},
        {1e300, "1e+300"},
        {1e-5, "1e-05"},
        {2147483647, "2147483647"},
        {0, "0"},
        {-0.0, "-0"},
        {1.0 / 3, "0.3333333333333333"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {9007199254740993.0, "9007199254740992"},
        {(double)INFINITY, "inf"},
        {-(double)INFINITY, "-inf"},
        {(double)NAN, "nan"},
        {12345.5, "12345.5"},
    };
    char text[NN_REAL_TEXT];
    for (int i = 0; i < COUNT(cases); i++) {
        ck_assert_str_eq(nn_real_text(cases[i].x, text), cases[i].text);
        if (isfinite(cases[i].x))
            expect_same_back(cases[i].x);
    }
    for (int i = 0; i < 20000; i++)
        expect_same_back(random_real());
    for (int i = 0; i < 2000; i++)
        expect_same_back((double)random_below(UINT64_C(1) << (i % 60)));
    /* The same as the C library's reading, which rounds right. */
    for (int i = 0; i < 20000; i++) {
        char digits[64];
        double ours = 0;
        snprintf(digits, sizeof digits, "%" PRIu64 "%05" PRIu64 "e%d", random_below(1000000), mixed(state++) % 100000,
                 (int)random_below(700) - 350);
        const double theirs = strtod(digits, NULL);
        ck_assert(nn_read_real(digits, &ours) && memcmp(&ours, &theirs, sizeof ours) == 0);
    }
}

START_TEST(numbers_read_back_to_the_same_bits)
{
    double x = 0;
    check_numbers();
    check_f32();
    ck_assert(nn_read_real("5.", &x) && x == 5);
    ck_assert(nn_read_real(".5", &x) && x == 0.5);
    ck_assert(nn_read_real("1e-99999999999999999999", &x) && x == 0);
    ck_assert(nn_read_real("0e99999999999999999999", &x) && x == 0);
    ck_assert(nn_read_real("1e99999999999999999999", &x) && isinf(x));
    ck_assert(nn_read_real("0.00000000000000000000000000000000000000000000000001e50", &x) && x == 1);
}
END_TEST

/* ---- There and back ---------------------------------------------------------------------------------------------- */

static bool are_same_texts(const nn_texts *a, const nn_texts *b)
{
    size_t i = 0;
    while (a->n == b->n && i < a->n && !strcmp(a->at[i], b->at[i]))
        i++;
    return a->n == b->n && i == a->n;
}

static bool are_same(const everything *a, const everything *b)
{
    return a->times == b->times && !memcmp(a->units, b->units, sizeof a->units) && a->whole == b->whole &&
           a->rate == b->rate && a->momentum == b->momentum && a->slope == b->slope && a->any == b->any &&
           a->loud == b->loud && a->shape == b->shape &&
           (a->title ? b->title && !strcmp(a->title, b->title) : !b->title) && a->seed == b->seed &&
           a->weights.n == b->weights.n &&
           (!a->weights.n || !memcmp(a->weights.at, b->weights.at, a->weights.n * sizeof(double))) &&
           a->numbers.n == b->numbers.n &&
           (!a->numbers.n || !memcmp(a->numbers.at, b->numbers.at, a->numbers.n * sizeof(int32_t))) &&
           are_same_texts(&a->labels, &b->labels) && a->ink == b->ink;
}

enum { MOST = 6 };
typedef struct room {
    double weights[MOST];
    int32_t numbers[MOST];
    char texts[MOST + 1][8];
    const char *labels[MOST];
} room;

/* Letters that mean something to one of the functions, often. */
static const char *random_text(char text[8])
{
    static const char letters[] = "a\" ,=\\\n\xc3\xa4x0";
    const uint64_t n = random_below(8);
    for (uint64_t i = 0; i < n; i++)
        text[i] = random_below(4) ? letters[random_below(sizeof letters - 1)] : (char)(1 + random_below(255));
    text[n] = 0;
    return text;
}

static everything random_options(room *r)
{
    everything o;
    memset(&o, 0, sizeof o);
    o.times = (int64_t)(mixed(state++) >> (1 + random_below(63)));
    for (uint64_t i = 0, n = random_below(5); i < n; i++)
        o.units[i] = 1 + (int64_t)random_below(1000);
    o.whole = random_below(2) ? (int64_t)mixed(state++) : 0;
    o.rate = random_below(3) ? fabs(random_real()) : 0;
    o.rate = o.rate > 1e300 ? 1 : o.rate;
    o.momentum = random_below(3) ? (double)random_below(1000000) * 1e-6 : 0;
    o.slope = random_below(3) ? (double)random_below(1000) / 77 - 6 : 0;
    o.any = random_below(3) ? random_real() : 0;
    o.loud = random_below(2);
    o.shape = (int)random_below(4);
    o.title = random_below(3) ? random_text(r->texts[MOST]) : NULL;
    o.seed = random_below(2) ? mixed(state++) : 0;
    o.weights = (nn_reals){r->weights, random_below(MOST + 1)};
    o.numbers = (nn_integers){r->numbers, random_below(MOST + 1)};
    o.labels = (nn_texts){r->labels, random_below(MOST + 1)};
    for (int i = 0; i < MOST; i++) {
        r->weights[i] = fmin(fabs(random_real()), 1e300);
        r->numbers[i] = (int32_t)(uint32_t)mixed(state++);
        r->labels[i] = random_text(r->texts[i]);
    }
    o.ink = random_below(2) ? &colours[random_below(3)] : NULL;
    return o;
}

/* Reads name=value with single spaces between, as it was printed. */
static void read_back(const char *text)
{
    char name[32], value[1000];
    while (*text) {
        const size_t n = strcspn(text, "=");
        snprintf(name, sizeof name, "%.*s", (int)n, text);
        text += n + 1;
        bool is_quoted = false;
        size_t m = 0;
        for (; text[m] && (is_quoted || text[m] != ' '); m++)
            if (is_quoted && text[m] == '\\')
                m++;
            else if (text[m] == '"')
                is_quoted = !is_quoted;
        snprintf(value, sizeof value, "%.*s", (int)m, text);
        text += text[m] ? m + 1 : m;
        expect_set(name, value);
    }
}

static void check_there_and_back(int times)
{
    for (int i = 0; i < times; i++) {
        room r;
        char text[2000], cut[2000], again[2000];
        everything o = random_options(&r);
        const int n = nn_fields_print(fields, &o, text, sizeof text);
        ck_assert_int_eq(n, (int)strlen(text));
        ck_assert_msg(!strpbrk(text, "\n\t"), "more than one line: %s", text);
        open_store();
        read_back(text);
        nn_fields_resolve(fields, &o);
        ck_assert_int_eq(nn_fields_print(fields, &o, again, sizeof again), n); /* the same once resolved */
        ck_assert_str_eq(again, text);
        nn_fields_resolve(fields, &options);
        ck_assert_msg(are_same(&o, &options), "%s", text);
        const size_t size = random_below((uint64_t)n + 2);
        ck_assert_int_eq(nn_fields_print(fields, &o, cut, size), n); /* as snprintf */
        if (size > 0) {
            const size_t most = size - 1 < (size_t)n ? size - 1 : (size_t)n, length = strlen(cut);
            ck_assert(length <= most && length + 3 >= most && !strncmp(cut, text, length));
        }
        close_store();
    }
}

START_TEST(what_is_printed_reads_back) { check_there_and_back(3000); }
END_TEST

START_TEST(options_are_printed_with_their_defaults)
{
    char text[400];
    everything o = {.units = {300, 100}};
    ck_assert_int_eq(nn_fields_print(fields, &o, NULL, 0), nn_fields_print(fields, &o, text, sizeof text));
    ck_assert_str_eq(text,
                     "units=300,100 whole=0 rate=0.05 momentum=0 slope=0.01 any=0 loud=false shape=triangle seed=0 "
                     "ink=green");
    o = (everything){.times = 3,
                     .any = -0.0,
                     .title = "a b",
                     .weights = NN_REALS(1, 0.5),
                     .numbers = NN_INTEGERS(-1, 7),
                     .labels = NN_TEXTS("a", "b,\"c\"", "\n", ""),
                     .ink = &own_colour};
    nn_fields_print(fields, &o, text, sizeof text);
    ck_assert_str_eq(
        text, "times=3 whole=0 rate=0.05 momentum=0 slope=0.01 any=-0 loud=false shape=triangle title=\"a b\" seed=0 "
              "weights=1,0.5 numbers=-1,7 labels=a,\"b,\\\"c\\\"\",\"\\x0a\",\"\" ink=own");
}
END_TEST

/* ---- Locales ----------------------------------------------------------------------------------------------------- */

/* A locale that writes 0,5: one of those that the machine has. */
static bool set_comma_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "de_DE",       "fr_FR.UTF-8", "fr_FR.utf8",
                                        "ps_AF.UTF-8", "es_ES.UTF-8", "nl_NL.UTF-8", "it_IT.UTF-8"};
    for (int i = 0; i < COUNT(names); i++)
        if (setlocale(LC_ALL, names[i]) && strcmp(localeconv()->decimal_point, ".") != 0)
            return true;
    setlocale(LC_ALL, "C");
    return false;
}

START_TEST(every_locale_has_a_point)
{
    if (!set_comma_locale()) {
        printf("gap: fields: no locale of this machine has a comma in numbers: reading in one was not tried\n");
        return;
    }
    check_numbers();
    check_f32();
    check_there_and_back(300);
    open_store();
    expect_set("rate", "0.05");
    ck_assert_double_eq(options.rate, 0.05);
    expect_refused("rate", "0,05", "rate is '0,05': " RATE_RANGE);
    options.momentum = 1.5;
    ck_assert(!nn_fields_check(fields, &options, message, sizeof message));
    close_store();
    setlocale(LC_ALL, "C");
}
END_TEST

/* ---- Checks and copies ------------------------------------------------------------------------------------------- */

static void expect_wrong(everything o, const char *why)
{
    nn_fields_resolve(fields, &o);
    ck_assert(!nn_fields_check(fields, &o, message, sizeof message));
    ck_assert_str_eq(message, why);
}

START_TEST(checks_name_the_member)
{
    everything good = {.times = 1};
    snprintf(message, sizeof message, "untouched");
    nn_fields_resolve(fields, &good);
    ck_assert(nn_fields_check(fields, &good, message, sizeof message));
    ck_assert_str_eq(message, "untouched");
    ck_assert_ptr_eq(good.ink, &colours[1]);
    ck_assert_double_eq(good.rate, 0.05);
    ck_assert_int_eq(good.shape, 2);
    expect_wrong((everything){.times = 0}, "times is 0: it must be at least 1");
    expect_wrong((everything){.times = INT64_MIN}, "times is -9223372036854775808: it must be at least 1");
    expect_wrong((everything){.times = 1, .units = {7, 1001, 0, -1}},
                 "units[1] is 1001: it must be at least 1 and at most 1000, 0 ends the list");
    expect_wrong((everything){.times = 1, .units = {7, 8, 9, -1}},
                 "units[3] is -1: it must be at least 1 and at most 1000, 0 ends the list");
    expect_wrong((everything){.times = 1, .rate = -0.1}, "rate is -0.1: it must be above 0");
    expect_wrong((everything){.times = 1, .rate = (double)INFINITY},
                 "rate is inf: it must be above 0 and at most 1e+300");
    expect_wrong((everything){.times = 1, .momentum = (double)NAN},
                 "momentum is nan: it must be at least 0 and below 1");
    expect_wrong((everything){.times = 1, .any = (double)INFINITY}, "any is inf: it must be a finite number");
    expect_wrong((everything){.times = 1, .shape = -1}, "shape is -1: it must be one of circle, triangle, square");
    expect_wrong((everything){.times = 1, .shape = 4}, "shape is 4: it must be one of circle, triangle, square");
    expect_wrong((everything){.times = 1, .weights = NN_REALS(1, -1)}, "weights[1] is -1: it must be at least 0");
    expect_wrong((everything){.times = 1, .weights = {NULL, 2}}, "weights is NULL: it must be an array of 2");
    expect_wrong((everything){.times = 1, .numbers = {NULL, 2}}, "numbers is NULL: it must be an array of 2");
    expect_wrong((everything){.times = 1, .labels = {NULL, 2}}, "labels is NULL: it must be an array of 2");
    expect_wrong((everything){.times = 1, .labels = NN_TEXTS("a", NULL)}, "labels[1] is NULL: it must be a text");
    expect_wrong((everything){.times = 1, .ink = &own_colour, .rate = -1}, "rate is -1: it must be above 0");
}
END_TEST

START_TEST(copies_own_what_they_point_to)
{
    room r;
    for (int i = 0; i < 200; i++) {
        everything o = random_options(&r), copy = o;
        char before[2000], after[2000];
        nn_fields_print(fields, &o, before, sizeof before);
        ck_assert(nn_fields_own(fields, &copy, &store));
        memset(&r, 'z', sizeof r);
        nn_fields_print(fields, &copy, after, sizeof after);
        ck_assert_str_eq(before, after);
    }
}
END_TEST

/* Each allocation is refused in turn. */
START_TEST(refused_memory_is_said)
{
    counting counted;
    everything o = {.title = "a", .weights = NN_REALS(1, 2), .numbers = NN_INTEGERS(1), .labels = NN_TEXTS("a", "b")};
    static const char *const texts[][2] = {
        {"title", "\"a b\""}, {"weights", "1,2"}, {"numbers", "1,2"}, {"units", "1,2"}, {"labels", "a,\"b\""}};
    size_t refused = 0, good = 0;
    counting_open(&counted);
    for (size_t k = 1; k < 12; k++)
        for (int i = 0; i <= COUNT(texts); i++) {
            ad_memory own = ad_memory_over(&counted.allocator);
            nn_store taken = {.memory = &own};
            everything copy = o;
            counting_fail(&counted, k, COUNTING_ONCE);
            ad_status status = AD_OK;
            message[0] = 0;
            if (i < COUNT(texts))
                status = nn_fields_set(fields, &copy, texts[i][0], texts[i][1], &taken, message, sizeof message);
            else if (!nn_fields_own(fields, &copy, &taken))
                status = AD_NO_MEMORY;
            ck_assert(status == (counted.calls >= k ? AD_NO_MEMORY : AD_OK));
            if (i < COUNT(texts) && status != AD_OK)
                ck_assert_msg(strstr(message, "memory is out for ") && strstr(message, texts[i][0]), "%s", message);
            refused += status != AD_OK;
            good += status == AD_OK;
            nn_store_release(&taken);
            counting_check_released(&counted);
        }
    ck_assert(refused > 12 && good > 12);
}
END_TEST

/* ---- Any text ---------------------------------------------------------------------------------------------------- */

/* Values that are made of the letters of good ones, or of any bytes. */
START_TEST(any_text_is_read_or_refused)
{
    static const char letters[] = "0123456789.,-e\"\\ x=abcirlegnd_tuy";
    size_t good = 0;
    for (int i = 0; i < 100000; i++) {
        char value[48];
        const uint64_t n = random_below(sizeof value);
        for (uint64_t j = 0; j < n; j++)
            value[j] = random_below(8) ? letters[random_below(sizeof letters - 1)] : (char)(1 + random_below(255));
        value[n / (1 + random_below(8))] = 0;
        message[0] = 0;
        const ad_status status = set(rows[random_below(COUNT(rows))].name, value);
        ck_assert(status == AD_OK ? !message[0] : status == AD_BAD_VALUE && message[0]);
        good += status == AD_OK;
        if (i % 1000 == 999) {
            char text[4000];
            nn_fields_print(fields, &options, text, sizeof text);
            close_store();
            open_store();
        }
    }
    ck_assert_msg(good > 5000, "only %zu were good", good);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_store, close_store);
    tcase_add_test(tests, every_type_is_read);
    tcase_add_test(tests, names_and_lists_are_read);
    tcase_add_test(tests, wrong_numbers_are_refused);
    tcase_add_test(tests, wrong_names_and_texts_are_refused);
    tcase_add_test(tests, values_in_messages_are_escaped_and_cut);
    tcase_add_test(tests, near_names_are_found);
    tcase_add_test(tests, the_nearest_is_nearest);
    tcase_add_test(tests, long_words_are_near_nothing);
    tcase_add_test(tests, numbers_read_back_to_the_same_bits);
    tcase_add_test(tests, what_is_printed_reads_back);
    tcase_add_test(tests, options_are_printed_with_their_defaults);
    tcase_add_test(tests, every_locale_has_a_point);
    tcase_add_test(tests, checks_name_the_member);
    tcase_add_test(tests, copies_own_what_they_point_to);
    tcase_add_test(tests, refused_memory_is_said);
    tcase_add_test(tests, any_text_is_read_or_refused);
}

int main(void) { return run_tests("fields", add_tests); }
