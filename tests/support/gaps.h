#ifndef TESTS_GAPS_H
#define TESTS_GAPS_H
/* A gap is a row of the table that a suite has no case for. The suite prints its gaps, one a line, and stays green:
 * numbers, graphs and programs for a new row can follow later. tests/count.py repeats the lines at the end of a run. */
#include <stdio.h>

#include <gradtape/gradtape.h>

/* What a suite calls a gap. */
typedef bool gap_test(const ad_operator *row);

/* Writes "gap: ROW WHAT" for each of n rows that is a gap, and returns how many are. */
int gaps_list(FILE *to, const ad_operator *const *rows, size_t n, gap_test *is_gap, const char *what);

/* Does the same with every row of the library's table, on stdout. */
int gaps_print(gap_test *is_gap, const char *what);

/* Fails the running test unless, of two rows, the list has the one named fake_row and not the one that has cases. */
void gaps_check(gap_test *is_gap, const char *what, const ad_operator *with_cases);

#endif
