#include "gaps.h"

#include <stdlib.h>

#include <check.h>

int gaps_list(FILE *to, const ad_operator *const *rows, size_t n, gap_test *is_gap, const char *what)
{
    int gaps = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_gap(rows[i]))
            continue;
        fprintf(to, "gap: %s %s\n", rows[i]->name, what);
        gaps++;
    }
    return gaps;
}

int gaps_print(gap_test *is_gap, const char *what)
{
    int gaps = 0;
    for (size_t i = 0; i < ad_operator_count(); i++) {
        const ad_operator *row = ad_operator_at(i);
        gaps += gaps_list(stdout, &row, 1, is_gap, what);
    }
    fflush(stdout);
    return gaps;
}

void gaps_check(gap_test *is_gap, const char *what, const ad_operator *with_cases)
{
    const ad_operator fake = {.name = "fake_row", .arity = 1};
    const ad_operator *const rows[] = {with_cases, &fake};
    char *text = NULL, want[300];
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    ck_assert_ptr_nonnull(to);
    const int gaps = gaps_list(to, rows, 2, is_gap, what);
    fclose(to);
    snprintf(want, sizeof want, "gap: fake_row %s\n", what);
    ck_assert_str_eq(text, want);
    ck_assert_int_eq(gaps, 1);
    free(text);
}
