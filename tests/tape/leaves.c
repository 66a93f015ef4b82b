/* Leaves hold their data, in every type and rank, and what is kept is listed. */
#include "../support/one_tape.h"

START_TEST(leaves_hold_their_data)
{
    float a[] = {1, 2, 3, 4, 5, 6};
    double b[] = {-1, 0.5};
    int32_t c[] = {INT32_MIN, 0, INT32_MAX};
    ad_tensor p = ad_param(t, AD_F32, AD_SHAPE(2, 3), a, "p"), v = ad_variable(t, AD_F64, AD_SHAPE(2), b);
    ad_tensor x = ad_input(t, AD_I32, AD_SHAPE(3), c), s = ad_state(t, AD_I32, AD_SHAPE(3), c, "s");
    ad_tensor y = ad_borrow(t, AD_F32, AD_SHAPE(3, 2), a), z = ad_scalar(t, 7.25);
    a[0] = 100;
    b[1] = 100;
    c[2] = 100;
    ck_assert_float_eq(ad_f32(p)[0], 1);
    ck_assert_float_eq(ad_f32(p)[5], 6);
    ck_assert_double_eq(ad_f64(v)[1], 0.5);
    ck_assert_int_eq(ad_i32(x)[2], INT32_MAX);
    ck_assert_int_eq(ad_i32(s)[0], INT32_MIN);
    ck_assert_ptr_eq(ad_f32(y), a);
    ck_assert_double_eq(ad_item(z), 7.25);
    ck_assert_int_eq(ad_type_of(z), AD_F64);
    ck_assert_int_eq(ad_shape_of(z).rank, 0);
    ck_assert_int_eq(ad_shape_of(p).rank, 2);
    ck_assert_int_eq(ad_shape_of(p).dims[1], 3);
    ck_assert_uint_eq(ad_size_of(p), 6);
    ck_assert_ptr_eq(ad_data(p), ad_f32(p));
    expect_ok(t);
}
END_TEST

/* Also in memory that was used before, which holds other numbers. */
START_TEST(leaves_without_data_are_zero)
{
    for (int step = 0; step < 2; step++) {
        ad_tensor leaves[] = {
            ad_param(t, AD_F64, AD_SHAPE(7), NULL, "p"), ad_state(t, AD_F64, AD_SHAPE(7), NULL, "s"),
            ad_input(t, AD_F64, AD_SHAPE(7), NULL),      ad_variable(t, AD_F64, AD_SHAPE(7), NULL),
            ad_borrow(t, AD_F64, AD_SHAPE(7), NULL),     ad_input(t, AD_F64, AD_SCALAR, NULL),
            ad_param(t, AD_F64, AD_SCALAR, NULL, "q"),
        };
        for (int i = 0; i < COUNT(leaves); i++)
            for (size_t j = 0; j < ad_size_of(leaves[i]); j++)
                ck_assert_double_eq(ad_f64(leaves[i])[j], 0);
        for (int i = 0; i < 20; i++)
            ad_full(t, AD_F64, AD_SHAPE(7), 3.5);
        ck_assert_int_eq(ad_reset(t), AD_OK);
    }
}
END_TEST

START_TEST(leaves_of_every_type_and_rank)
{
    for (int rank = 0; rank <= AD_MAX_RANK; rank++) {
        ad_shape shape = {.rank = rank, .dims = {2, 1, 2, 1, 2, 1, 2, 1}};
        double b[16] = {1, 2, 3};
        float a[16] = {1, 2, 3};
        ad_tensor x = ad_input(t, AD_F64, shape, b), y = ad_param(t, AD_F32, shape, a, NULL);
        ck_assert_int_eq(ad_shape_of(x).rank, rank);
        ck_assert_uint_eq(ad_size_of(x), (size_t)1 << (rank + 1) / 2);
        ck_assert_uint_eq(ad_size_of(y), ad_size_of(x));
        ck_assert_double_eq(ad_f64(x)[0], 1);
        ck_assert_float_eq(ad_f32(y)[ad_size_of(y) - 1], a[ad_size_of(y) - 1]);
    }
    ck_assert_double_eq(ad_item(ad_input(t, AD_F32, AD_SCALAR, &(float){3})), 3);
    ck_assert_double_eq(ad_item(ad_borrow(t, AD_I32, AD_SCALAR, &(int32_t){-3})), -3);
    ck_assert_double_eq(ad_item(ad_input(t, AD_I32, AD_SHAPE(1, 1), &(int32_t){5})), 5);
    expect_ok(t);
}
END_TEST

START_TEST(what_is_kept_is_listed_in_order)
{
    ad_tensor kept[1500];
    for (int i = 0; i < COUNT(kept); i++)
        kept[i] = i % 3 ? ad_param(t, AD_F64, AD_SHAPE(2), (double[]){i, 1}, NULL)
                        : ad_state(t, AD_F64, AD_SCALAR, NULL, "s");
    INPUTS(0, 0, 0, 0, 0);
    for (int step = 0; step < 2; step++) {
        ck_assert_uint_eq(ad_kept_count(t), (size_t)COUNT(kept));
        for (int i = 0; i < COUNT(kept); i++) {
            ad_tensor same = ad_kept_at(t, (size_t)i);
            ck_assert(same.tape == t && same.id == kept[i].id && same.generation == kept[i].generation);
            ck_assert_str_eq(ad_made_by(same), i % 3 ? "param" : "state");
            if (i % 3)
                ck_assert_double_eq(ad_f64(same)[0], i);
        }
        ck_assert_int_eq(ad_reset(t), AD_OK);
    }
    ck_assert(ad_is_inert(ad_kept_at(t, SIZE_MAX)));
    expect_recovery(t, AD_BAD_VALUE, "kept_at: index");
}
END_TEST

/* States between parameters are not counted. */
START_TEST(parameters_are_counted_without_states)
{
    ck_assert_uint_eq(ad_param_count(t), 0);
    ad_state(t, AD_F64, AD_SCALAR, NULL, "first state");
    const ad_tensor w = PARAM(1, "w");
    ad_state(t, AD_I32, AD_SHAPE(2), NULL, "second state");
    INPUTS(1, 2);
    const ad_tensor b = PARAM(2, "b");
    for (int step = 0; step < 2; step++) {
        ck_assert_uint_eq(ad_param_count(t), 2);
        ck_assert_uint_eq(ad_kept_count(t), 4);
        ck_assert_uint_eq(ad_param_at(t, 0).id, w.id);
        ck_assert_uint_eq(ad_param_at(t, 1).id, b.id);
        EXPECT(ad_param_at(t, 1), 2);
        expect_inert(ad_param_at(t, 2), AD_BAD_VALUE, "param_at: index 2 is out of range: the tape has 2 parameters");
        ck_assert(ad_is_inert(ad_param_at(t, SIZE_MAX)));
        expect_recovery(t, AD_BAD_VALUE, "param_at: index", "is out of range: the tape has 2 parameters");
        ck_assert_int_eq(ad_reset(t), AD_OK);
    }
    ck_assert_uint_eq(ad_param_count(NULL), 0);
    ck_assert(ad_is_inert(ad_param_at(NULL, 0)));
    ad_fail(t, AD_BAD_VALUE, "the test's");
    ck_assert_uint_eq(ad_param_count(t), 2);
    ck_assert_uint_eq(ad_param_at(t, 0).id, w.id);
    expect_error(t, AD_BAD_VALUE, "the test's");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, leaves_hold_their_data);
    tcase_add_test(tests, leaves_without_data_are_zero);
    tcase_add_test(tests, leaves_of_every_type_and_rank);
    tcase_add_test(tests, what_is_kept_is_listed_in_order);
    tcase_add_test(tests, parameters_are_counted_without_states);
}

int main(void) { return run_on_one_tape("leaves", add_tests); }
