/* Memory is counted as the allocator gives it. */
#include "../support/one_tape.h"

START_TEST(usage_is_what_the_allocator_counts)
{
    ck_assert_uint_eq(ad_entry_count(t), 0);
    ad_input(t, AD_F64, AD_SHAPE(100000), NULL);
    ck_assert_uint_eq(ad_entry_count(t), 1);
    ck_assert_uint_ge(ad_usage_of(t).bytes, 800000);
    ck_assert_uint_ge(ad_usage_of(t).peak_bytes, ad_usage_of(t).bytes);
    ck_assert_uint_eq(ad_usage_of(t).allocations, memory.calls);
    ck_assert_uint_eq(ad_usage_of(t).bytes, memory.bytes);
    ad_reset(t);
    ck_assert_uint_eq(ad_entry_count(t), 0);
    ck_assert_uint_eq(ad_usage_of(t).bytes, memory.bytes);
}
END_TEST

START_TEST(a_meter_counts_what_is_taken)
{
    counting counted;
    counting_open(&counted);
    ad_memory meter = ad_memory_over(&counted.allocator);
    void *empty = ad_memory_take(&meter, 0, 8), *block = ad_memory_take(&meter, 3, 8);
    ck_assert(empty && block);
    ck_assert_ptr_null(ad_memory_take(&meter, SIZE_MAX / 2, 8));
    ck_assert_ptr_null(ad_memory_take(&meter, SIZE_MAX, 1));
    ck_assert_uint_eq(counted.calls, 2);
    ck_assert_uint_eq(meter.usage.bytes, counted.bytes);
    ad_memory_release(&meter, NULL, 3, 8);
    ad_memory_release(&meter, block, 3, 8);
    ad_memory_release(&meter, empty, 0, 8);
    ck_assert_uint_eq(meter.usage.bytes, 0);
    ck_assert_uint_ge(meter.usage.peak_bytes, 24);
    counting_check_released(&counted);
    size_t product = 0;
    ck_assert(ad_multiply_sizes(0, SIZE_MAX, &product) && product == 0);
    ck_assert(ad_multiply_sizes(SIZE_MAX, 1, &product) && product == SIZE_MAX);
    ck_assert(!ad_multiply_sizes((size_t)1 << 32, (size_t)1 << 32, &product) && product == SIZE_MAX);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, usage_is_what_the_allocator_counts);
    tcase_add_test(tests, a_meter_counts_what_is_taken);
}

int main(void) { return run_on_one_tape("memory", add_tests); }
