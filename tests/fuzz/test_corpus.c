/* The corpus of the fuzz target (program.h): each program runs without a finding, at least half of them reach backward
 * without an error, and together they run the kernel and the rule of every row of the table and reach every way of
 * every place. A row that has no program of its own and is not run by another's is a gap, which is listed. The tests of
 * programs run in processes of their own and note what they saw in memory that all share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../support/check.h"
#include "../support/gaps.h"
#include "files.h"

static fuzz_files files;
static uint8_t *ran;     /* by row */
static uint8_t *reached; /* by file */
static uint8_t *ways;    /* by place and way */

static const char extend[] = "build/tests/fuzz/run_programs --seeds tests/fuzz/corpus extends the corpus";

START_TEST(program_runs)
{
    static uint8_t bytes[FUZZ_FILE];
    fuzz_report report = {.ran = ran, .ways = ways};
    const size_t n = fuzz_file_read(files.names[_i], bytes);
    ck_assert_msg(n > 0 && n < FUZZ_FILE, "%s cannot be read", files.names[_i]);
    fprintf(stderr, "%s\n", files.names[_i]);
    fuzz_run(bytes, n, &report);
    reached[_i] = report.reached_backward;
}
END_TEST

START_TEST(half_of_the_programs_reach_backward)
{
    size_t n = 0;
    for (size_t i = 0; i < files.n; i++)
        n += reached[i];
    ck_assert_msg(2 * n >= files.n, "only %zu of %zu programs reach backward without an error", n, files.n);
}
END_TEST

/* Whether the corpus has the row's own program, row_NAME. */
static bool has_program(const ad_operator *row)
{
    char name[100];
    snprintf(name, sizeof name, "row_%s", row->name);
    for (size_t i = 0; i < files.n; i++) {
        const char *slash = strrchr(files.names[i], '/');
        if (strcmp(slash ? slash + 1 : files.names[i], name) == 0)
            return true;
    }
    return false;
}

static bool is_run(const ad_operator *row)
{
    for (size_t i = 0; i < ad_operator_count(); i++)
        if (ad_operator_at(i) == row)
            return ran[i] & FUZZ_RAN_KERNEL && (!fuzz_has_rule(row) || ran[i] & FUZZ_RAN_RULE);
    return false;
}

static const char no_program[] = "is run by no program of the corpus: build/tests/fuzz/run_programs --seeds "
                                 "tests/fuzz/corpus adds one";

static bool is_gap(const ad_operator *row) { return !has_program(row) && !is_run(row); }

START_TEST(gaps_are_listed) { gaps_check(is_gap, no_program, ad_operator_named("tanh")); }
END_TEST

START_TEST(row_runs)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    if (is_gap(row))
        return;
    ck_assert_msg(ran[_i] & FUZZ_RAN_KERNEL, "%s: no program runs its kernel; %s", row->name, extend);
    ck_assert_msg(!fuzz_has_rule(row) || ran[_i] & FUZZ_RAN_RULE, "%s: no program runs its rule; %s", row->name,
                  extend);
}
END_TEST

/* Programs name rows by these numbers. */
START_TEST(rows_have_numbers_of_their_own)
{
    for (size_t i = 0; i < ad_operator_count(); i++) {
        const ad_operator *row = ad_operator_at(i), *found = fuzz_row_of(fuzz_row_hash(row));
        ck_assert_msg(found == row, "the names %s and %s have the same number", row->name, found->name);
    }
}
END_TEST

START_TEST(ways_are_reached)
{
    for (int way = 0; way < fuzz_places[_i].n_ways; way++)
        ck_assert_msg(ways[_i * FUZZ_WAYS + way], "no program reaches way %d of %s; %s", way, fuzz_places[_i].name,
                      extend);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("fuzz corpus");
    TCase *programs = tcase_create("programs"), *rows = tcase_create("rows");
    suite_add_tcase(suite, programs);
    suite_add_tcase(suite, rows);
    tcase_add_loop_test(programs, program_runs, 0, (int)files.n);
    tcase_add_test(rows, half_of_the_programs_reach_backward);
    tcase_add_test(rows, gaps_are_listed);
    tcase_add_loop_test(rows, row_runs, 0, (int)ad_operator_count());
    tcase_add_loop_test(rows, ways_are_reached, 0, FUZZ_PLACES);
    tcase_add_test(rows, rows_have_numbers_of_their_own);
    return suite;
}

static uint8_t *share(size_t n)
{
    void *room = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return room == MAP_FAILED ? NULL : room;
}

int main(void)
{
    const char *folder = getenv("GRADTAPE_FUZZ_CORPUS");
    if (!fuzz_files_add(&files, folder ? folder : "tests/fuzz/corpus") || files.n == 0) {
        fprintf(stderr, "no corpus is in %s\n", folder ? folder : "tests/fuzz/corpus");
        return 1;
    }
    ran = share(ad_operator_count());
    reached = share(files.n);
    ways = share((size_t)FUZZ_PLACES * FUZZ_WAYS);
    if (!ran || !reached || !ways)
        return 1;
    const int status = run_suites(srunner_create(make_suite()));
    gaps_print(is_gap, no_program);
    fuzz_files_free(&files);
    return status;
}
