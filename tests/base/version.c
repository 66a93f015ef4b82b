/* The version of the library is that of its header. */
#include <stdio.h>

#include "../support/check.h"

START_TEST(library_and_header_agree)
{
    char text[40];
    snprintf(text, sizeof text, "%d.%d.%d", GRADTAPE_VERSION_MAJOR, GRADTAPE_VERSION_MINOR, GRADTAPE_VERSION_PATCH);
    ck_assert_str_eq(ad_version(), GRADTAPE_VERSION);
    ck_assert_str_eq(ad_version(), text);
}
END_TEST

static void add_tests(TCase *tests) { tcase_add_test(tests, library_and_header_agree); }

int main(void) { return run_tests("version", add_tests); }
