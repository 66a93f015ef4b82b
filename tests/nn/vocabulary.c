/* Labels that are any integers or texts. */
#include "../../nn/estimators/vocabulary.h"

#include <stdio.h>
#include <string.h>

#include "../support/check.h"
#include "../support/counting.h"

static ad_memory memory;
static nn_store store;
static nn_vocabulary vocabulary;
static char message[400];

static void open_store(void)
{
    memory = ad_memory_over(NULL);
    store = (nn_store){.memory = &memory};
    message[0] = 0;
}

static void close_store(void) { nn_store_release(&store); }

static void make(nn_integers integers, nn_texts texts)
{
    const ad_status status = nn_vocabulary_make(&vocabulary, integers, texts, &store, message, sizeof message);
    ck_assert_msg(status == AD_OK && !message[0], "%s", message);
}

static const nn_integers no_integers;
static const nn_texts no_texts;

START_TEST(integers_have_classes)
{
    int32_t list[] = {7, INT32_MIN, 0, INT32_MAX, -7};
    make((nn_integers){list, COUNT(list)}, no_texts);
    const int32_t copy[] = {7, INT32_MIN, 0, INT32_MAX, -7};
    memset(list, 1, sizeof list); /* they are copied */
    ck_assert(!nn_vocabulary_has_texts(&vocabulary));
    for (int i = 0; i < COUNT(copy); i++) {
        ck_assert_int_eq(nn_vocabulary_find_integer(&vocabulary, copy[i]), i);
        ck_assert_int_eq(nn_vocabulary_integer(&vocabulary, i), copy[i]);
        ck_assert_ptr_null(nn_vocabulary_text(&vocabulary, i));
    }
    ck_assert_int_eq(nn_vocabulary_find_integer(&vocabulary, 1), -1);
    ck_assert_int_eq(nn_vocabulary_find_text(&vocabulary, "7"), -1);
}
END_TEST

START_TEST(texts_have_classes)
{
    char dog[] = "dog";
    const char *list[] = {"cat", dog, "bird", "\xc3\xa4", "ca"};
    make(no_integers, (nn_texts){list, COUNT(list)});
    memset(dog, 'x', 3); /* they are copied */
    list[0] = "x";
    static const char *const copy[] = {"cat", "dog", "bird", "\xc3\xa4", "ca"};
    ck_assert(nn_vocabulary_has_texts(&vocabulary));
    for (int i = 0; i < COUNT(copy); i++) {
        ck_assert_int_eq(nn_vocabulary_find_text(&vocabulary, copy[i]), i);
        ck_assert_str_eq(nn_vocabulary_text(&vocabulary, i), copy[i]);
    }
    ck_assert_int_eq(nn_vocabulary_find_text(&vocabulary, "xxx"), -1);
    ck_assert_int_eq(nn_vocabulary_find_text(&vocabulary, "Cat"), -1);
    ck_assert_int_eq(nn_vocabulary_find_text(&vocabulary, ""), -1);
    ck_assert_int_eq(nn_vocabulary_find_text(&vocabulary, NULL), -1);
    ck_assert_int_eq(nn_vocabulary_find_integer(&vocabulary, 0), -1);
}
END_TEST

START_TEST(no_lists_make_no_vocabulary)
{
    make(no_integers, no_texts);
    ck_assert_uint_eq(vocabulary.n, 0);
    ck_assert(!nn_vocabulary_has_texts(&vocabulary));
    ck_assert_int_eq(nn_vocabulary_find_integer(&vocabulary, 0), -1);
}
END_TEST

START_TEST(many_labels_are_found)
{
    enum { N = 5000 };
    static int32_t list[N];
    for (int i = 0; i < N; i++)
        list[i] = (int32_t)((uint32_t)i * 2654435761U);
    make((nn_integers){list, N}, no_texts);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(nn_vocabulary_find_integer(&vocabulary, list[i]), i);
}
END_TEST

START_TEST(wrong_lists_are_refused)
{
    const struct {
        nn_integers integers;
        nn_texts texts;
        const char *why;
    } cases[] = {
        {NN_INTEGERS(3, 5, 7, 5, 3),
         {NULL, 0},
         "label_integers[4] is 3, as [0] is: give each class a label of its own"},
        {{NULL, 0},
         NN_TEXTS("a", "dog", "b", "dog"),
         "label_texts[3] is 'dog', as [1] is: give each class a label of its own"},
        {{NULL, 0}, NN_TEXTS("a", NULL), "label_texts[1] is NULL: give each class a text"},
        {{NULL, 0}, NN_TEXTS("", "a"), "label_texts[0] is empty: give each class a text"},
        {NN_INTEGERS(1, 2), NN_TEXTS("a", "b"), "label_integers and label_texts are both given; give one of them"},
        {{NULL, 3}, {NULL, 0}, "label_integers is NULL: it must be an array of 3"},
        {{NULL, 0}, {NULL, 3}, "label_texts is NULL: it must be an array of 3"},
        {{NULL, (size_t)INT32_MAX + 1},
         {NULL, 0},
         "label_integers has 2147483648 labels: it must be at most 2147483647"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        message[0] = 0;
        ck_assert_int_eq(
            nn_vocabulary_make(&vocabulary, cases[i].integers, cases[i].texts, &store, message, sizeof message),
            AD_BAD_VALUE);
        ck_assert_str_eq(message, cases[i].why);
        ck_assert_uint_eq(vocabulary.n, 0);
    }
}
END_TEST

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static void expect_row_refused(nn_data data, const char *why)
{
    int32_t classes[16];
    message[0] = 0;
    ck_assert(!nn_vocabulary_encode(&vocabulary, &data, classes, message, sizeof message));
    ck_assert_str_eq(message, why);
}

START_TEST(rows_of_integers_become_classes)
{
    int32_t labels[] = {30, 10, 20, 10}, classes[4];
    nn_data data = {.rows = 4, .labels = labels};
    make((nn_integers)NN_INTEGERS(10, 20, 30), no_texts);
    ck_assert(nn_vocabulary_encode(&vocabulary, &data, classes, message, sizeof message));
    ck_assert(classes[0] == 2 && classes[1] == 0 && classes[2] == 1 && classes[3] == 0);
    ck_assert_str_eq(message, "");
    labels[2] = -4;
    expect_row_refused(data,
                       "row 2: class -4 is not in the vocabulary (10, 20, 30); mend the label or leave the row out");
    expect_row_refused((nn_data){.rows = 4}, "labels are NULL: give integers of the vocabulary (10, 20, 30)");
}
END_TEST

START_TEST(rows_of_texts_become_classes)
{
    const char *labels[] = {"dog", "bird", "cat", "bird", "dog", "cat", "dog", "horse"};
    int32_t classes[8];
    nn_data data = {.rows = 7, .label_texts = labels};
    make(no_integers, (nn_texts)NN_TEXTS("bird", "cat", "dog"));
    ck_assert(nn_vocabulary_encode(&vocabulary, &data, classes, message, sizeof message));
    ck_assert(classes[0] == 2 && classes[1] == 0 && classes[2] == 1 && classes[6] == 2);
    data.rows = 8;
    expect_row_refused(
        data, "row 7: class \"horse\" is not in the vocabulary (bird, cat, dog); mend the label or leave the row out");
    labels[7] = "brid";
    expect_row_refused(
        data, "row 7: class \"brid\" is not in the vocabulary (bird, cat, dog); mend the label or leave the row out");
    labels[3] = NULL;
    expect_row_refused(data, "row 3: the label is NULL: give a text of the vocabulary (bird, cat, dog)");
    expect_row_refused((nn_data){.rows = 1, .labels = classes},
                       "labels are integers: give label_texts, texts of the vocabulary (bird, cat, dog)");
    expect_row_refused((nn_data){.rows = 1}, "label_texts are NULL: give texts of the vocabulary (bird, cat, dog)");
    char tiny[5] = "zzzz";
    ck_assert(!nn_vocabulary_encode(&vocabulary, &data, classes, tiny, 4));
    ck_assert_str_eq(tiny, "row");
}
END_TEST

START_TEST(of_many_labels_the_first_are_shown)
{
    int32_t list[12];
    for (int i = 0; i < COUNT(list); i++)
        list[i] = 10 * i;
    make((nn_integers){list, COUNT(list)}, no_texts);
    expect_row_refused(
        (nn_data){.rows = 1, .labels = (const int32_t[]){5}},
        "row 0: class 5 is not in the vocabulary (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, ... 12 in all); mend the label or leave the row out");
}
END_TEST

/* Each allocation is refused in turn. */
START_TEST(refused_memory_is_said)
{
    counting counted;
    size_t refused = 0;
    counting_open(&counted);
    for (ad_status status = AD_NO_MEMORY; status != AD_OK;) {
        ad_memory own = ad_memory_over(&counted.allocator);
        nn_store taken = {.memory = &own};
        counting_fail(&counted, refused + 1, COUNTING_ONCE);
        message[0] = 0;
        status =
            nn_vocabulary_make(&vocabulary, no_integers, (nn_texts)NN_TEXTS("b", "a"), &taken, message, sizeof message);
        ck_assert(status == AD_OK || status == AD_NO_MEMORY);
        ck_assert_str_eq(message, status == AD_OK ? "" : "memory is out for the labels of the classes");
        ck_assert_uint_eq(vocabulary.n, status == AD_OK ? 2 : 0);
        refused += status != AD_OK;
        nn_store_release(&taken);
        counting_check_released(&counted);
    }
    ck_assert_uint_eq(refused, 4);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_store, close_store);
    tcase_add_test(tests, integers_have_classes);
    tcase_add_test(tests, texts_have_classes);
    tcase_add_test(tests, no_lists_make_no_vocabulary);
    tcase_add_test(tests, many_labels_are_found);
    tcase_add_test(tests, wrong_lists_are_refused);
    tcase_add_test(tests, rows_of_integers_become_classes);
    tcase_add_test(tests, rows_of_texts_become_classes);
    tcase_add_test(tests, of_many_labels_the_first_are_shown);
    tcase_add_test(tests, refused_memory_is_said);
}

int main(void) { return run_tests("vocabulary", add_tests); }
