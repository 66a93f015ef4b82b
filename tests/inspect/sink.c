/* Where output goes. */
#include "../../inspect/sink.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/one_tape.h"

/* A folder of its own for each test. */
static char folder[100], path[200];

static void open_folder(void)
{
    open_tape();
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/gradtape-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
}

static int count_files(void)
{
    DIR *open = opendir(folder);
    int n = 0;
    for (struct dirent *entry; (entry = readdir(open));)
        n += entry->d_name[0] != '.';
    closedir(open);
    return n;
}

static void close_folder(void)
{
    char command[200];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    close_tape();
}

static void expect_content(const char *wanted)
{
    char text[100] = "";
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_lt(fread(text, 1, sizeof text - 1, file), sizeof text);
    fclose(file);
    ck_assert_str_eq(text, wanted);
}

static void expect_failure(ad_shown shown, ad_status status, const char *part)
{
    ck_assert_int_eq(shown.status, status);
    ck_assert_msg(strstr(shown.message, part), "\"%s\" is not in: %s", part, shown.message);
}

/* ---- Arrays ------------------------------------------------------------------------------------------------------ */

START_TEST(into_an_array)
{
    char text[9] = "garbage!";
    ad_sink sink = ad_sink_into(text, 8);
    ck_assert_str_eq(text, "");
    ad_put(&sink, "ab");
    ad_put_format(&sink, "%d", 12);
    ck_assert_str_eq(text, "ab12");
    ad_put(&sink, "\xc3\xa9\xc3\xa9"); /* the second has no room */
    ck_assert_str_eq(text, "ab12\xc3\xa9");
    ad_put(&sink, "c");
    ad_put_format(&sink, "%d", 3);
    ck_assert_str_eq(text, "ab12\xc3\xa9");
    ad_sink short_one = ad_sink_into(text, 4);
    ad_put_format(&short_one, "%s", "longer");
    ck_assert_str_eq(text, "lon");
    char one[1] = {'x'};
    ad_sink least = ad_sink_into(one, 1);
    ad_put(&least, "a");
    ad_put_format(&least, "%d", 1);
    ck_assert_str_eq(one, "");
    ck_assert_int_eq(ad_sink_close(&least).status, AD_OK);
}
END_TEST

/* ---- Formats ----------------------------------------------------------------------------------------------------- */

/* As printf does: what the sink writes itself, and what it leaves to printf. */
#define EXPECT_FORMAT(...)                                                                                             \
    do {                                                                                                               \
        ad_sink sink = ad_sink_into(written, sizeof written);                                                          \
        ad_put_format(&sink, __VA_ARGS__);                                                                             \
        snprintf(wanted, sizeof wanted, __VA_ARGS__);                                                                  \
        ck_assert_str_eq(written, wanted);                                                                             \
    } while (0)

START_TEST(formats)
{
    static char written[4000], wanted[4000], word[1500];
    memset(word, 'w', sizeof word - 1);
    EXPECT_FORMAT("[%d %d %d %d]", 0, -1, INT_MIN, INT_MAX);
    EXPECT_FORMAT("%lld,%lld,%lld", LLONG_MIN, LLONG_MAX, 0LL);
    EXPECT_FORMAT("%zu%zu", SIZE_MAX, (size_t)0);
    EXPECT_FORMAT("%s|%s|%s", "", "%d", word);
    EXPECT_FORMAT("%s%s%d", word + 1000, word, 7);
    EXPECT_FORMAT("%d%%, %04d, %.2s, %x", 50, 7, "abc", 255U);
    EXPECT_FORMAT("no conversion");
}
END_TEST

/* ---- Files ------------------------------------------------------------------------------------------------------- */

START_TEST(a_new_file_and_the_next)
{
    for (int i = 0; i < 2; i++) {
        ad_sink sink = ad_sink_open(t, path);
        ad_put(&sink, i ? "second" : "first");
        ck_assert_int_eq(count_files(), 1 + i);
        ck_assert_int_eq(ad_sink_close(&sink).status, AD_OK);
        ck_assert_int_eq(count_files(), 1);
        expect_content(i ? "second" : "first");
    }
}
END_TEST

START_TEST(a_failure_keeps_the_old_file)
{
    ad_sink first = ad_sink_open(t, path);
    ad_put(&first, "old");
    ck_assert_int_eq(ad_sink_close(&first).status, AD_OK);
    ad_sink sink = ad_sink_open(t, path);
    ad_put(&sink, "new");
    ad_sink_fail(&sink, AD_BAD_VALUE, "test: %s", "the first");
    ad_sink_fail(&sink, AD_BAD_STATE, "the second");
    ad_put(&sink, "more");
    const ad_shown shown = ad_sink_close(&sink);
    ck_assert_int_eq(shown.status, AD_BAD_VALUE);
    ck_assert_str_eq(shown.message, "test: the first");
    ck_assert_int_eq(count_files(), 1);
    expect_content("old");
}
END_TEST

START_TEST(paths_refused)
{
    ad_sink sink = ad_sink_open(t, NULL);
    expect_failure(ad_sink_close(&sink), AD_BAD_VALUE, "path is NULL");
    sink = ad_sink_open(t, "");
    expect_failure(ad_sink_close(&sink), AD_BAD_VALUE, "path is empty");
    sink = ad_sink_open(t, folder);
    expect_failure(ad_sink_close(&sink), AD_BAD_FILE, "is no regular file");
    sink = ad_sink_open(t, "/dev/null");
    expect_failure(ad_sink_close(&sink), AD_BAD_FILE, "is no regular file");
    snprintf(path, sizeof path, "%s/none/file", folder);
    sink = ad_sink_open(t, path);
    expect_failure(ad_sink_close(&sink), AD_BAD_FILE, "there is none; make it first");
    ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(memory_that_is_out)
{
    counting_fail(&memory, 1, COUNTING_ONCE);
    ad_sink sink = ad_sink_open(t, path);
    ad_put(&sink, "lost");
    expect_failure(ad_sink_close(&sink), AD_NO_MEMORY, "out of memory");
    ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(a_file_of_the_callers)
{
    FILE *file = fopen(path, "w");
    ad_sink sink = ad_sink_over(file);
    ad_put(&sink, "here");
    ck_assert_int_eq(ad_sink_close(&sink).status, AD_OK);
    expect_content("here"); /* flushed, and open */
    fclose(file);
    sink = ad_sink_over(NULL);
    ad_put(&sink, "nowhere");
    ad_put_format(&sink, "%d", 1);
    expect_failure(ad_sink_close(&sink), AD_BAD_VALUE, "FILE is NULL");
    file = fopen("/dev/full", "w");
    if (!file)
        return;
    sink = ad_sink_over(file);
    ad_put(&sink, "a little"); /* it fails when it is flushed */
    expect_failure(ad_sink_close(&sink), AD_BAD_FILE, strerror(ENOSPC));
    fclose(file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sink");
    TCase *tests = tcase_create("sink");
    tcase_add_checked_fixture(tests, open_folder, close_folder);
    tcase_add_test(tests, into_an_array);
    tcase_add_test(tests, formats);
    tcase_add_test(tests, a_new_file_and_the_next);
    tcase_add_test(tests, a_failure_keeps_the_old_file);
    tcase_add_test(tests, paths_refused);
    tcase_add_test(tests, memory_that_is_out);
    tcase_add_test(tests, a_file_of_the_callers);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
