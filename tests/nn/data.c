/* Elements of data sets. */

#include <gradtape/data.h>

#include "../support/check.h"

START_TEST(elements_have_names_and_sizes)
{
    static const char *const names[] = {"f32", "f64", "u8", "i8", "i16", "i32"};
    static const size_t sizes[] = {4, 8, 1, 1, 2, 4};
    for (int e = 0; e < NN_ELEMENT_COUNT; e++) {
        ck_assert_str_eq(nn_element_name((nn_element)e), names[e]);
        ck_assert_uint_eq(nn_element_bytes((nn_element)e), sizes[e]);
    }
    ck_assert_str_eq(nn_element_name(NN_ELEMENT_COUNT), "unknown element");
    ck_assert_uint_eq(nn_element_bytes((nn_element)-1), 0);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests) { tcase_add_test(tests, elements_have_names_and_sizes); }

int main(void) { return run_tests("data", add_tests); }
