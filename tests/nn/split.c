/* Splits of data: how many rows each part has, of which classes, and which rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/check.h"
#include "../support/counting.h"

enum { MOST = 64 };

/* Rows of one feature, and labels of a text. */
static float x[MOST];
static int32_t labels[MOST];

/* One row for each letter; its label is the letter. */
static nn_data of_classes(const char *letters)
{
    const int64_t rows = (int64_t)strlen(letters);
    for (int64_t i = 0; i < rows; i++)
        labels[i] = letters[i];
    return (nn_data){.features = x, .rows = rows, .columns = 1, .labels = labels};
}

static nn_data of_rows(int64_t rows) { return (nn_data){.features = x, .rows = rows, .columns = 1}; }

static nn_split *open_good(const nn_data *data, nn_split_options options)
{
    nn_split *s = nn_split_open(data, &options);
    ck_assert_ptr_nonnull(s);
    ck_assert_msg(nn_split_status(s) == AD_OK, "%s", nn_split_message(s));
    ck_assert_str_eq(nn_split_message(s), "");
    return s;
}

/* The rows of the arrays as letters, row 0 is 'A'. */
static const char *rows_of(nn_data part)
{
    static char text[4][MOST + 1];
    static int turn;
    char *to = text[turn++ % 4];
    for (int64_t i = 0; i < part.rows; i++)
        to[i] = (char)('A' + part.index[i]);
    to[part.rows] = '\0';
    return to;
}

static int64_t count_of(nn_data part, int32_t label)
{
    int64_t n = 0;
    for (int64_t i = 0; i < part.rows; i++)
        n += part.labels[part.index[i]] == label;
    return n;
}

/* Both parts are views of the arrays of `data`, in its order, and have each of its rows once. */
static void check_partition(const nn_data *data, nn_data train, nn_data test)
{
    int64_t at = 0, of_train = 0, of_test = 0;
    ck_assert_int_eq(train.rows + test.rows, data->rows);
    for (; at < data->rows; at++) {
        const int64_t row = data->index ? data->index[at] : at;
        if (of_train < train.rows && train.index[of_train] == row)
            of_train++;
        else if (of_test < test.rows && test.index[of_test] == row)
            of_test++;
        else
            ck_abort_msg("row %d of the view is in no part, or out of order", (int)at);
    }
    const nn_data parts[] = {train, test};
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_eq(parts[i].features, data->features);
        ck_assert_ptr_eq(parts[i].labels, data->labels);
        ck_assert_int_eq(parts[i].array_rows, data->index ? data->array_rows : data->rows);
        ck_assert_int_eq(parts[i].columns, data->columns);
    }
}

/* ---- Shares ------------------------------------------------------------------------------------------------------ */

START_TEST(a_share_of_all_rows_is_rounded)
{
    const struct {
        int64_t rows;
        double share;
        int64_t tested;
    } cases[] = {{10, 0.2, 2},   {10, 0.25, 3},         {10, 0.24, 2},         {10, 0.01, 1}, {10, 0.99, 9},
                 {2, 0.5, 1},    {17, 1 - 0x1p-53, 16}, {64, 1 - 0x1p-53, 63}, {3, 0.5, 2},   {2, 0.999, 1},
                 {50, 0.28, 14}, {60, 0.7, 42},         {2, 1e-300, 1}};
    for (int i = 0; i < COUNT(cases); i++) {
        const nn_data data = of_rows(cases[i].rows);
        nn_split *s = open_good(&data, (nn_split_options){.share = cases[i].share, .seed = 5});
        ck_assert_int_eq(nn_split_count(s), 1);
        ck_assert_int_eq(nn_split_test(s, 0).rows, cases[i].tested);
        check_partition(&data, nn_split_train(s, 0), nn_split_test(s, 0));
        nn_split_close(s);
    }
}
END_TEST

/* The rows that are wanting after rounding down come from the classes with the largest rests, the first of equals. */
START_TEST(each_class_gives_its_share)
{
    const struct {
        const char *letters;
        double share;
        int64_t a, b, c;
    } cases[] = {
        {"aaaaaaaaaabbbbbbbbbb", 0.2, 2, 2, 0},
        {"abababababababababab", 0.25, 3, 2, 0},     /* 2.5 and 2.5 */
        {"aaaaaaaaabbbbbbbbbbb", 0.25, 2, 3, 0},     /* 2.25 and 2.75 */
        {"aaaaaabbbbbbbcccccccc", 1.0 / 3, 2, 2, 3}, /* 2, 2.33 and 2.67 */
        {"aaaabbbbcccc", 0.125, 1, 1, 0},            /* 0.5 each, of 1.5 in all: 2 rows */
        {"aaaaabbbbb", 0.01, 1, 0, 0},               /* at least one row */
        {"aaaaaaaaaab", 0.5, 5, 0, 0},               /* the only row of a class stays */
        {"aaabbb", 0.9, 2, 2, 0},                    /* and the last one of a class */
        {"abcaaaa", 0.2, 1, 0, 0},                   /* 1 of 1.4 */
        {"aabbc", 0.999, 1, 1, 0},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        const nn_data data = of_classes(cases[i].letters);
        nn_split *s = open_good(&data, (nn_split_options){.share = cases[i].share, .seed = (uint64_t)i});
        const nn_data test = nn_split_test(s, 0);
        ck_assert_msg(count_of(test, 'a') == cases[i].a && count_of(test, 'b') == cases[i].b &&
                          count_of(test, 'c') == cases[i].c,
                      "%s: %d, %d and %d rows", cases[i].letters, (int)count_of(test, 'a'), (int)count_of(test, 'b'),
                      (int)count_of(test, 'c'));
        ck_assert_int_eq(test.rows, cases[i].a + cases[i].b + cases[i].c);
        check_partition(&data, nn_split_train(s, 0), test);
        nn_split_close(s);
    }
}
END_TEST

/* Rows at random: over many seeds each row is tested as often as another. */
START_TEST(each_row_is_tested_as_often)
{
    enum { SEEDS = 4000 };
    const nn_data data = of_classes("aaaaaaaabbbb");
    for (int plain = 0; plain < 2; plain++) {
        int tested[12] = {0};
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            nn_split *s = open_good(&data, (nn_split_options){.share = 0.25, .seed = seed, .plain = plain});
            const nn_data test = nn_split_test(s, 0);
            for (int64_t i = 0; i < test.rows; i++)
                tested[test.index[i]]++;
            nn_split_close(s);
        }
        for (int i = 0; i < 12; i++) /* the deviation of each is 27 */
            ck_assert_msg(abs(tested[i] - SEEDS / 4) < 5 * 27, "row %d: %d times", i, tested[i]);
    }
}
END_TEST

START_TEST(plain_splits_do_not_look_at_classes)
{
    const nn_data data = of_classes("aaaaaaaabbbbbbbb");
    bool uneven = false;
    for (uint64_t seed = 0; seed < 50; seed++) {
        nn_split *s = open_good(&data, (nn_split_options){.share = 0.5, .plain = true, .seed = seed});
        ck_assert_int_eq(nn_split_test(s, 0).rows, 8);
        uneven |= count_of(nn_split_test(s, 0), 'a') != 4;
        nn_split_close(s);
    }
    ck_assert(uneven);
    const nn_data single = of_classes("abcd");
    nn_split *s = open_good(&single, (nn_split_options){.folds = 4, .plain = true});
    nn_split_close(s);
    nn_data null_text = of_rows(2);
    null_text.label_texts = (const char *const[]){NULL, "a"};
    s = open_good(&null_text, (nn_split_options){.share = 0.5, .plain = true});
    nn_split_close(s);
}
END_TEST

/* ---- Folds ------------------------------------------------------------------------------------------------------- */

static void check_folds(const nn_data *data, int64_t folds, bool plain)
{
    nn_split *s = open_good(data, (nn_split_options){.folds = folds, .plain = plain, .seed = 3});
    int tested[MOST] = {0};
    ck_assert_int_eq(nn_split_count(s), folds);
    for (int64_t k = 0; k < folds; k++) {
        const nn_data test = nn_split_test(s, k);
        check_partition(data, nn_split_train(s, k), test);
        ck_assert(test.rows == data->rows / folds || test.rows == (data->rows + folds - 1) / folds);
        for (int64_t i = 0; i < test.rows; i++)
            tested[test.index[i]]++;
        for (int32_t label = 'a'; label <= 'c' && data->labels && !plain; label++) {
            int64_t all = 0;
            for (int64_t i = 0; i < data->rows; i++)
                all += data->labels[i] == label;
            const int64_t n = count_of(test, label);
            ck_assert_msg(n == all / folds || n == (all + folds - 1) / folds, "fold %d has %d rows of %c", (int)k,
                          (int)n, (char)label);
        }
    }
    for (int64_t i = 0; i < data->rows; i++)
        ck_assert_int_eq(tested[i], 1);
    nn_split_close(s);
}

START_TEST(each_row_is_in_one_fold)
{
    const nn_data no_classes = of_rows(23);
    for (int64_t folds = 2; folds <= 23; folds++)
        check_folds(&no_classes, folds, false);
    const nn_data data = of_classes("abcabcaabbccaaaccabcbbbab");
    for (int64_t folds = 2; folds <= 7; folds++)
        check_folds(&data, folds, false);
    check_folds(&data, 25, true);
}
END_TEST

/* ---- Which rows -------------------------------------------------------------------------------------------------- */

START_TEST(the_seed_says_which_rows)
{
    const nn_data data = of_classes("abababababababababababab");
    for (int folds = 0; folds <= 3; folds += 3) {
        nn_split_options o = {.share = folds ? 0 : 0.5, .folds = folds, .seed = 1};
        nn_split *one = open_good(&data, o), *same = open_good(&data, o);
        o.seed = 2;
        nn_split *other = open_good(&data, o);
        ck_assert_str_eq(rows_of(nn_split_test(one, 0)), rows_of(nn_split_test(same, 0)));
        ck_assert_str_ne(rows_of(nn_split_test(one, 0)), rows_of(nn_split_test(other, 0)));
        nn_split_close(one);
        nn_split_close(same);
        nn_split_close(other);
    }
}
END_TEST

/* The contract of the streams (random.h): rows of class k are in the order of permutation k, all rows in that of 2^55.
 */
START_TEST(the_streams_are_those_of_random_h)
{
    int32_t order[10];
    char wanted[11] = "..........";
    const nn_data data = of_classes("bababababa");
    nn_split *s = open_good(&data, (nn_split_options){.share = 0.4, .seed = 77});
    for (int32_t class = 0; class < 2; class ++) {
        ad_random_permutation(77, ad_stream(AD_STREAM_SPLIT, (uint64_t) class), 5, order);
        for (int i = 0; i < 2; i++)
            wanted[2 * order[i] + 1 - class] = 'x';
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(wanted[nn_split_test(s, 0).index[i]], 'x');
    nn_split_close(s);
    s = open_good(&data, (nn_split_options){.share = 0.4, .seed = 77, .plain = true});
    ad_random_permutation(77, ad_stream(AD_STREAM_SPLIT, UINT64_C(1) << 55), 10, order);
    bool tested[10] = {false};
    for (int i = 0; i < 4; i++)
        tested[order[i]] = true;
    for (int i = 0; i < 4; i++)
        ck_assert(tested[nn_split_test(s, 0).index[i]]);
    nn_split_close(s);
}
END_TEST

/* Texts are compared, not their addresses; labels beside them are not looked at. */
START_TEST(equal_texts_are_a_class)
{
    char copies[12][6];
    const char *texts[12];
    for (int i = 0; i < 12; i++) {
        snprintf(copies[i], sizeof copies[i], "%s", i % 3 ? "cat" : "dog");
        texts[i] = copies[i];
    }
    nn_data data = of_rows(12);
    data.label_texts = texts;
    nn_split *s = open_good(&data, (nn_split_options){.share = 0.5, .seed = 9});
    int dogs = 0;
    for (int i = 0; i < 6; i++)
        dogs += nn_split_test(s, 0).index[i] % 3 == 0;
    ck_assert_int_eq(nn_split_test(s, 0).rows, 6);
    ck_assert_int_eq(dogs, 2);
    ck_assert_ptr_eq(nn_split_test(s, 0).label_texts, texts);
    nn_data numbers = of_classes("dccdccdccdcc"), both = numbers;
    numbers.labels = (const int32_t[]){8, 7, 7, 8, 7, 7, 8, 7, 7, 8, 7, 7};
    both.label_texts = texts;
    both.labels = (const int32_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    nn_split *of_numbers = open_good(&numbers, (nn_split_options){.share = 0.5, .seed = 9});
    nn_split *of_both = open_good(&both, (nn_split_options){.share = 0.5, .seed = 9});
    ck_assert_str_eq(rows_of(nn_split_test(s, 0)), rows_of(nn_split_test(of_numbers, 0)));
    ck_assert_str_eq(rows_of(nn_split_test(s, 0)), rows_of(nn_split_test(of_both, 0)));
    nn_split_close(s);
    nn_split_close(of_numbers);
    nn_split_close(of_both);
}
END_TEST

/* The labels of the view count, whatever the others are. */
START_TEST(texts_of_a_view_are_classes)
{
    nn_data data = of_classes("bbbaaa");
    const char *const texts[] = {NULL, NULL, NULL, "a", "b", "a", "b", "a", "b", "b", "b"};
    data.label_texts = texts;
    data.index = (const int32_t[]){10, 3, 9, 5, 8, 7};
    data.array_rows = 11;
    for (uint64_t seed = 0; seed < 20; seed++) {
        nn_split *s = open_good(&data, (nn_split_options){.folds = 3, .seed = seed});
        for (int64_t k = 0; k < 3; k++) {
            const nn_data test = nn_split_test(s, k);
            ck_assert_int_eq(test.rows, 2);
            ck_assert_str_ne(texts[test.index[0]], texts[test.index[1]]);
        }
        nn_split_close(s);
    }
}
END_TEST

/* A view in any order, with a row twice: its places are split, and the parts name rows of the arrays. */
START_TEST(a_view_is_split)
{
    nn_data data = of_classes("abcabcabcabc");
    data.index = (const int32_t[]){9, 3, 3, 0, 11, 8, 5, 2};
    data.rows = 8;
    data.array_rows = 12;
    nn_split *s = open_good(&data, (nn_split_options){.share = 0.5, .seed = 4});
    const nn_data train = nn_split_train(s, 0), test = nn_split_test(s, 0);
    check_partition(&data, train, test);
    ck_assert_int_eq(count_of(test, 'a'), 2);
    ck_assert_int_eq(count_of(test, 'c'), 2);
    nn_split *inner = open_good(&train, (nn_split_options){.folds = 2, .seed = 4});
    for (int64_t k = 0; k < 2; k++) {
        check_partition(&train, nn_split_train(inner, k), nn_split_test(inner, k));
        ck_assert_int_eq(count_of(nn_split_test(inner, k), 'a'), 1);
    }
    nn_split_close(inner);
    nn_split_close(s);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static void check_refused(const nn_data *data, nn_split_options options, ad_status status, const char *message)
{
    counting memory;
    counting_open(&memory);
    options.allocator = &memory.allocator;
    nn_split *s = nn_split_open(data, &options);
    ck_assert_ptr_nonnull(s);
    ck_assert_str_eq(nn_split_message(s), message);
    ck_assert_int_eq(nn_split_status(s), status);
    ck_assert_int_eq(nn_split_count(s), 0);
    ck_assert_int_eq(nn_split_train(s, 0).rows, 0);
    ck_assert_int_eq(nn_split_test(s, 0).rows, 0);
    nn_split_close(s);
    counting_check_released(&memory);
}

START_TEST(wrong_options_are_refused)
{
    const nn_data data = of_classes("aaaabbbcc");
    const struct {
        nn_split_options options;
        const char *message;
    } cases[] = {
        {{.seed = 1}, "split: neither share nor folds is given; give one of them"},
        {{.share = 0.5, .folds = 3}, "split: share and folds are both given; give one of them"},
        {{.share = NAN, .folds = 3}, "split: share and folds are both given; give one of them"},
        {{.share = 1}, "split: share is 1: it must be above 0 and below 1"},
        {{.share = -0.25}, "split: share is -0.25: it must be above 0 and below 1"},
        {{.share = NAN}, "split: share is nan: it must be above 0 and below 1"},
        {{.share = INFINITY}, "split: share is inf: it must be above 0 and below 1"},
        {{.folds = 1}, "split: folds is 1: it must be 2 or more"},
        {{.folds = INT64_MIN}, "split: folds is -9223372036854775808: it must be 2 or more"},
        {{.folds = 10}, "split: folds is 10: it must be at most 9, the rows of the data"},
        {{.folds = INT64_MAX, .plain = true},
         "split: folds is 9223372036854775807: it must be at most 9, the rows of the data"},
        {{.folds = 3},
         "split: folds is 3, and the smallest class, 99, has 2 rows; use no more folds than that, or set plain"},
    };
    for (int i = 0; i < COUNT(cases); i++)
        check_refused(&data, cases[i].options, AD_BAD_VALUE, cases[i].message);
    nn_split *s = nn_split_open(&data, NULL);
    ck_assert_str_eq(nn_split_message(s), cases[0].message);
    nn_split_close(s);
}
END_TEST

START_TEST(data_that_cannot_be_split_are_refused)
{
    const nn_split_options half = {.share = 0.5}, thirds = {.folds = 3};
    nn_data data = of_classes("abcd");
    check_refused(&data, half, AD_BAD_VALUE,
                  "split: each of the 4 classes has one row, which stays in training; give classes two rows, "
                  "or set plain");
    data.label_texts = (const char *const[]){"dog", "dog", "dog", "\x01 it's"};
    check_refused(&data, thirds, AD_BAD_VALUE,
                  "split: folds is 3, and the smallest class, '\\x01 it's', has 1 row; use no more folds than that, or "
                  "set plain");
    data.label_texts = (const char *const[]){"dog", "dog", NULL, "dog"};
    check_refused(&data, half, AD_BAD_VALUE, "split: row 2: the label is NULL; give a text, or set plain");
    data.index = (const int32_t[]){0, 1, 2};
    data.rows = 3;
    data.array_rows = 4;
    check_refused(&data, half, AD_BAD_VALUE, "split: row 2: the label is NULL; give a text, or set plain");
    data.array_rows = 2;
    check_refused(&data, half, AD_BAD_VALUE, "split: index[2] is 2, outside 0..1; mend it, or set array_rows");
    data = of_rows(0);
    check_refused(&data, half, AD_BAD_SHAPE, "split: the data have no rows; a split needs at least 2");
    data = of_rows(1);
    check_refused(&data, thirds, AD_BAD_SHAPE, "split: the data have one row; a split needs at least 2");
    data = of_rows(-1);
    check_refused(&data, half, AD_BAD_SHAPE, "split: the data are [-1,1]; rows and columns are at least 1");
    check_refused(NULL, half, AD_BAD_VALUE, "split: the data are NULL; give a view of features");
}
END_TEST

START_TEST(parts_out_of_range_have_no_rows)
{
    const nn_data data = of_rows(6);
    nn_split *s = open_good(&data, (nn_split_options){.folds = 3});
    const int64_t wrong[] = {-1, 3, INT64_MIN, INT64_MAX};
    for (int i = 0; i < COUNT(wrong); i++) {
        ck_assert_int_eq(nn_split_train(s, wrong[i]).rows, 0);
        ck_assert_int_eq(nn_split_test(s, wrong[i]).rows, 0);
        ck_assert_ptr_null(nn_split_test(s, wrong[i]).index);
    }
    nn_split_close(s);
    nn_split_close(NULL);
    ck_assert_int_eq(nn_split_count(NULL), 0);
    ck_assert_int_eq(nn_split_train(NULL, 0).rows + nn_split_test(NULL, 0).rows, 0);
    ck_assert_int_eq(nn_split_status(NULL), AD_BAD_HANDLE);
    ck_assert_str_eq(nn_split_message(NULL), "the split is NULL: nn_split_open found no memory, or was not called");
}
END_TEST

/* Each request for memory is refused, once and for good. */
START_TEST(refused_memory_is_an_error)
{
    const nn_data data = of_classes("aabbaabb");
    for (int kind = 0; kind < 4; kind++)
        for (size_t k = 1, refused = 1; refused; k++) {
            counting memory;
            counting_open(&memory);
            counting_fail(&memory, k, kind % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE);
            const nn_split_options o = {
                .share = kind < 2 ? 0.5 : 0, .folds = kind < 2 ? 0 : 2, .allocator = &memory.allocator};
            nn_split *s = nn_split_open(&data, &o);
            refused = memory.refused;
            ck_assert(refused || k > 6);
            ck_assert_int_eq(!s, k == 1);
            ck_assert_int_eq(nn_split_status(s), k == 1 ? AD_BAD_HANDLE : refused ? AD_NO_MEMORY : AD_OK);
            ck_assert(k == 1 || !refused || !strncmp(nn_split_message(s), "split: memory is out for ", 25));
            ck_assert_int_eq(nn_split_test(s, 0).rows, refused ? 0 : 4);
            nn_split_close(s);
            counting_check_released(&memory);
        }
}
END_TEST

/* A number of folds that no memory can hold. */
START_TEST(folds_of_very_many_rows_are_no_memory)
{
    enum { ROWS = 100000 };
    static float features[ROWS];
    counting memory;
    counting_open(&memory);
    memory.limit = (size_t)1 << 28;
    const nn_data data = {.features = features, .rows = ROWS, .columns = 1};
    nn_split *s = nn_split_open(&data, &(nn_split_options){.folds = ROWS, .allocator = &memory.allocator});
    ck_assert_int_eq(nn_split_status(s), AD_NO_MEMORY);
    ck_assert_str_eq(nn_split_message(s), "split: memory is out for 100000 times 100000 rows");
    nn_split_close(s);
    counting_check_released(&memory);
}
END_TEST

/* ---- Many rows --------------------------------------------------------------------------------------------------- */

/* As many classes as there are rows of one: comparing each with each would take minutes. */
START_TEST(many_rows_of_many_classes)
{
    enum { ROWS = 100000, CLASSES = ROWS / 2 };
    static float features[ROWS];
    static char texts[CLASSES][8];
    static const char *of[ROWS];
    static bool tested[CLASSES];
    for (int i = 0; i < CLASSES; i++)
        snprintf(texts[i], sizeof texts[i], "%d", i);
    for (int i = 0; i < ROWS; i++)
        of[i] = texts[(int64_t)i * 7919 % CLASSES];
    const nn_data data = {.features = features, .rows = ROWS, .columns = 1, .label_texts = of};
    nn_split *s = open_good(&data, (nn_split_options){.share = 0.5, .seed = 1});
    const nn_data test = nn_split_test(s, 0);
    check_partition(&data, nn_split_train(s, 0), test);
    ck_assert_int_eq(test.rows, CLASSES);
    for (int i = 0; i < CLASSES; i++) {
        const long class = atol(of[test.index[i]]);
        ck_assert_msg(!tested[class], "two rows of class %ld are tested", class);
        tested[class] = true;
    }
    nn_split_close(s);
    s = open_good(&data, (nn_split_options){.folds = 2});
    ck_assert_int_eq(nn_split_test(s, 1).rows, CLASSES);
    nn_split_close(s);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

/* ---- Samples ----------------------------------------------------------------------------------------------------- */

/* Of 12 rows, each is as often among 5 as any other, and at each of their places: chi-squared of 11 degrees is below 40
 * with a probability of 1 - 4e-5. */
START_TEST(a_sample_is_uniform)
{
    enum { TRIES = 24000, N = 5, ALL = 12 };
    const nn_data data = of_rows(ALL);
    int count[N][ALL] = {{0}};
    int32_t index[N];
    for (uint64_t seed = 0; seed < TRIES; seed++) {
        const nn_data part = nn_sample(&data, N, seed, index);
        ck_assert_int_eq(part.rows, N);
        for (int i = 0; i < N; i++) {
            ck_assert(index[i] >= 0 && index[i] < ALL);
            count[i][index[i]]++;
            for (int j = 0; j < i; j++)
                ck_assert_int_ne(index[i], index[j]);
        }
    }
    for (int i = 0; i < N; i++) {
        double chi = 0;
        for (int row = 0; row < ALL; row++)
            chi += pow(count[i][row] - TRIES / (double)ALL, 2) / (TRIES / (double)ALL);
        ck_assert_msg(chi < 40, "place %d: chi-squared %g", i, chi);
    }
}
END_TEST

START_TEST(a_sample_of_all_rows_is_another_order)
{
    const nn_data data = of_rows(MOST);
    int32_t index[MOST], again[MOST];
    bool seen[MOST] = {false};
    int same = 0;
    const nn_data part = nn_sample(&data, MOST, 3, index);
    nn_sample(&data, MOST, 3, again);
    ck_assert_mem_eq(index, again, sizeof index);
    ck_assert_int_eq(part.array_rows, MOST);
    ck_assert_ptr_eq(part.index, index);
    for (int i = 0; i < MOST; i++) {
        ck_assert(!seen[index[i]]);
        seen[index[i]] = true;
        same += index[i] == i;
    }
    ck_assert_int_lt(same, 10);
    nn_sample(&data, MOST, 4, again);
    ck_assert(memcmp(index, again, sizeof index) != 0);
}
END_TEST

START_TEST(a_sample_of_a_view_names_rows_of_its_arrays)
{
    const int32_t odd[] = {9, 7, 5, 3};
    nn_data view = of_rows(4);
    int32_t index[4];
    view.index = odd;
    view.array_rows = 10;
    const nn_data part = nn_sample(&view, 4, 1, index);
    int sum = 0;
    for (int i = 0; i < 4; i++)
        sum += part.index[i] % 2 ? part.index[i] : 100;
    ck_assert_int_eq(sum, 24);
    ck_assert_int_eq(part.array_rows, 10);
}
END_TEST

START_TEST(samples_that_cannot_be_have_no_rows)
{
    const nn_data data = of_rows(4);
    int32_t index[8];
    ck_assert_int_eq(nn_sample(&data, 0, 1, index).rows, 0);
    ck_assert_int_eq(nn_sample(&data, -1, 1, index).rows, 0);
    ck_assert_int_eq(nn_sample(&data, 5, 1, index).rows, 0);
    ck_assert_int_eq(nn_sample(&data, 4, 1, NULL).rows, 0);
    ck_assert_int_eq(nn_sample(NULL, 4, 1, index).rows, 0);
    const nn_data none = of_rows(0);
    ck_assert_int_eq(nn_sample(&none, 1, 1, index).rows, 0);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_share_of_all_rows_is_rounded);
    tcase_add_test(tests, each_class_gives_its_share);
    tcase_add_test(tests, each_row_is_tested_as_often);
    tcase_add_test(tests, plain_splits_do_not_look_at_classes);
    tcase_add_test(tests, each_row_is_in_one_fold);
    tcase_add_test(tests, the_seed_says_which_rows);
    tcase_add_test(tests, the_streams_are_those_of_random_h);
    tcase_add_test(tests, equal_texts_are_a_class);
    tcase_add_test(tests, texts_of_a_view_are_classes);
    tcase_add_test(tests, a_view_is_split);
    tcase_add_test(tests, wrong_options_are_refused);
    tcase_add_test(tests, data_that_cannot_be_split_are_refused);
    tcase_add_test(tests, parts_out_of_range_have_no_rows);
    tcase_add_test(tests, refused_memory_is_an_error);
    tcase_add_test(tests, folds_of_very_many_rows_are_no_memory);
    tcase_add_test(tests, many_rows_of_many_classes);
    tcase_add_test(tests, a_sample_is_uniform);
    tcase_add_test(tests, a_sample_of_all_rows_is_another_order);
    tcase_add_test(tests, a_sample_of_a_view_names_rows_of_its_arrays);
    tcase_add_test(tests, samples_that_cannot_be_have_no_rows);
}

int main(void) { return run_tests("split", add_tests); }
