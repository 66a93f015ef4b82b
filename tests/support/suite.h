#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H
/* Check, and how each test program ends. */
#include <check.h>
#include <stdlib.h>

/* Runs the suites and frees them. The status is not the number of failures: of 256 the system would make 0. */
static inline int run_suites(SRunner *runner)
{
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
