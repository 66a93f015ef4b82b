/* The version of the library is that of its header, and its kernels are those that the environment asks for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/check.h"

START_TEST(library_and_header_agree)
{
    char text[40];
    snprintf(text, sizeof text, "%d.%d.%d", GRADTAPE_VERSION_MAJOR, GRADTAPE_VERSION_MINOR, GRADTAPE_VERSION_PATCH);
    ck_assert_str_eq(ad_version(), GRADTAPE_VERSION);
    ck_assert_str_eq(ad_version(), text);
}
END_TEST

static const char *const names[] = {"baseline", "avx2", "avx512"};
enum { N_NAMES = sizeof names / sizeof *names };

/* Returns the index of the kernels of a process that finds this in its environment, or -1. NULL: nothing. */
static int kernels_where(const char *asked)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        if (asked)
            setenv("AD_PROCESSOR", asked, 1);
        else
            unsetenv("AD_PROCESSOR");
        const char *name = ad_kernels();
        setenv("AD_PROCESSOR", "baseline", 1);
        ad_tape_close(ad_tape_open(NULL));
        const bool is_same = !strcmp(name, ad_kernels());
        int i = 0;
        while (i < N_NAMES && strcmp(name, names[i]) != 0)
            i++;
        _exit(is_same ? i : N_NAMES);
    }
    int status = -1;
    ck_assert(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status) < N_NAMES ? WEXITSTATUS(status) : -1;
}

START_TEST(the_environment_chooses_narrower_kernels_once)
{
    const int best = kernels_where(NULL);
    ck_assert_int_ge(best, 0);
    for (int i = 0; i < N_NAMES; i++)
        ck_assert_int_eq(kernels_where(names[i]), i < best ? i : best);
    ck_assert_int_eq(kernels_where("AVX2"), best);
    ck_assert_int_eq(kernels_where(""), best);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, library_and_header_agree);
    tcase_add_test(tests, the_environment_chooses_narrower_kernels_once);
}

int main(void) { return run_tests("version", add_tests); }
