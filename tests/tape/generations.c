/* Generations: no pair of an id and a generation is given twice in a tape's life, and no tape stops when they are used
 * up. The tests set the counts of the entries near their ends, as billions of steps would. */
#include <math.h>
#include <stdlib.h>

#include "../../autodiff/tape/entries.h"
#include "../support/one_tape.h"
#include "../support/parts.h"

enum { MOST_HANDLES = 200000 };

static ad_tensor given[MOST_HANDLES];
static size_t n_given;

static ad_tensor note(ad_tensor x)
{
    ck_assert(!ad_is_inert(x));
    ck_assert_uint_lt(n_given, MOST_HANDLES);
    return given[n_given++] = x;
}

static int by_pair(const void *a, const void *b)
{
    const ad_tensor *x = a, *y = b;
    const uint64_t p = (uint64_t)x->id << 32 | x->generation, q = (uint64_t)y->id << 32 | y->generation;
    return (p > q) - (p < q);
}

/* All handles of what is gone by now are stale, and no two are the same. */
static void check_given(void)
{
    for (size_t i = 0; i < n_given; i++) {
        ck_assert_ptr_null(ad_data(given[i]));
        ck_assert_int_eq(ad_clear_error(t), AD_BAD_HANDLE);
    }
    qsort(given, n_given, sizeof *given, by_pair);
    for (size_t i = 1; i < n_given; i++)
        ck_assert_msg(by_pair(&given[i - 1], &given[i]), "id %u of generation %u is given twice", given[i].id,
                      given[i].generation);
}

/* On a tape that has just been reset: leaves all entries, which are free, few generations, and not all the same. */
static void age(uint32_t left)
{
    const uint32_t end = t->tables[AD_STEP].n_chunks << AD_CHUNK_BITS;
    for (uint32_t id = t->first; id < end; id++)
        ad_entry_at(t, id)->generation = AD_LAST_GENERATION - left - id % 3;
    for (uint32_t id = t->free; id; id = ad_entry_at(t, id)->next)
        ad_entry_at(t, id)->generation = UINT32_MAX - 1 - left - id % 3;
}

/* ---- Steps: each leaves nothing but the handles that it noted ---------------------------------------------------- */

static const double numbers[] = {0.5, -1, 2};

static ad_tensor some_variable(void) { return note(ad_variable(t, AD_F64, AD_SHAPE(3), numbers)); }

static void leaves_and_results(void)
{
    const ad_tensor x = some_variable(), y = note(ad_exp(x)), z = note(ad_add(x, y));
    EXPECT_NEAR(z, 1e-15, 0.5 + exp(0.5), -1 + exp(-1), 2 + exp(2));
    ck_assert_int_eq(ad_backward(note(ad_sum(z))), AD_OK);
    EXPECT_NEAR(note(ad_gradient(x)), 1e-15, 1 + exp(0.5), 1 + exp(-1), 1 + exp(2));
}

static void scalars(void)
{
    const ad_tensor x = note(ad_variable(t, AD_F64, AD_SCALAR, &(double){2}));
    const ad_tensor y = note(ad_mul(note(ad_square(x)), x));
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_double_eq(ad_item(note(ad_gradient(x))), 12);
    ck_assert_uint_eq(ad_entry_count(t), 3);
}

static void several_results(void)
{
    const ad_tensor x = note(ad_variable(t, AD_F64, AD_SHAPE(2, 2), (const double[]){3, 0, 0, 2}));
    ad_tensor vectors, values = note(ad_eigh(x, &vectors));
    note(vectors);
    EXPECT_NEAR(values, 1e-14, 2, 3);
    ck_assert_int_eq(ad_backward(note(ad_sum(values))), AD_OK);
    EXPECT_NEAR(note(ad_gradient(x)), 1e-14, 1, 0, 0, 1);
}

static void a_segment(void)
{
    const ad_tensor x = some_variable();
    ad_segment_begin(t);
    const ad_tensor inner = note(ad_exp(x));
    ad_tensor y = note(ad_square(inner));
    ad_segment_end(t, &y, 1);
    ck_assert_ptr_null(ad_data(inner));
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_backward(note(ad_sum(y))), AD_OK);
    EXPECT_NEAR(note(ad_gradient(x)), 1e-12, 2 * exp(1), 2 * exp(-2), 2 * exp(4));
}

/* The outer position is at the beginning of the recording; what the inner one drops is made again and again. */
static void positions(void)
{
    const ad_position outer = ad_position_now(t);
    const ad_tensor x = some_variable();
    for (int i = 0; i < 7; i++) {
        const ad_position inner = ad_position_now(t);
        ad_tensor y = note(ad_exp(note(ad_neg(x))));
        ck_assert_int_eq(ad_return_to(t, inner, i == 6 ? &y : NULL, i == 6), AD_OK);
        EXPECT(x, 0.5, -1, 2);
        if (i == 6)
            EXPECT_NEAR(note(y), 1e-15, exp(-0.5), exp(1), exp(-2));
    }
    ck_assert_int_eq(ad_return_to(t, outer, NULL, 0), AD_OK);
    ck_assert_uint_eq(ad_entry_count(t), 0);
}

/* What it records on the way is pruned, and the results move. */
static void derivatives(void)
{
    const ad_tensor x = some_variable(), y = note(ad_sum(note(ad_exp(x))));
    ad_tensor dx;
    ck_assert_int_eq(ad_grad(y, &x, 1, &dx), AD_OK);
    EXPECT_NEAR(note(dx), 1e-14, exp(0.5), exp(-1), exp(2));
    const ad_tensor h = note(ad_hessian(y, x));
    EXPECT_NEAR(h, 1e-14, exp(0.5), 0, 0, 0, exp(-1), 0, 0, 0, exp(2));
}

static void errors(void)
{
    const ad_tensor x = some_variable();
    ck_assert(ad_is_inert(ad_add(x, ad_zeros(t, AD_F64, AD_SHAPE(5)))));
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_SHAPE);
    note(ad_neg(x));
}

static void replays(void)
{
    const ad_tensor x = some_variable(), y = note(ad_square(x));
    ck_assert_int_eq(ad_assign(x, (const double[]){1, 2, 3}), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    EXPECT(y, 1, 4, 9);
}

static void expect_scope(size_t i, size_t first, size_t n)
{
    const ad_scope scope = ad_scope_at(t, i);
    ck_assert_uint_eq(scope.first, first);
    ck_assert_uint_eq(scope.n, n);
}

/* Scopes, numbers and parts do not count what is retired. */
static void looked_at(void)
{
    ad_tensor dx;
    ad_watch(t, AD_ON);
    ad_scope_begin(t, "outer");
    const ad_tensor x = some_variable();
    ad_scope_begin(t, "inner");
    const ad_tensor y = note(ad_exp(x));
    ad_scope_end(t);
    const ad_tensor loss = note(ad_sum(note(ad_mul(x, y))));
    ad_scope_end(t);
    expect_scope(0, 0, 4);
    expect_scope(1, 1, 1);
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    ck_assert_uint_eq(expect_parts_of_all(t), 1);
    ck_assert_int_eq(ad_grad(loss, &x, 1, &dx), AD_OK);
    expect_parts(AD_BAND_FUNCTIONAL, 0, x, note(dx));
    ck_assert_uint_gt(ad_entry_count(t), 4);
    for (size_t i = 0; i < ad_entry_count(t); i++)
        ck_assert_uint_eq(ad_number_of(ad_recorded_at(t, i)), i);
    ad_watch(t, AD_OFF);
}

static void (*const steps[])(void) = {leaves_and_results, scalars, several_results, a_segment, positions,
                                      derivatives,        errors,  replays,         looked_at};

static void run_step(void (*step)(void))
{
    step();
    expect_ok(t);
    ad_reset(t);
    expect_ok(t);
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

START_TEST(no_pair_is_given_twice)
{
    for (uint32_t left = 0; left < 4; left++) {
        run_step(steps[_i]); /* the chunks are there */
        n_given = 0;
        age(left);
        for (int i = 0; i < 40; i++)
            run_step(steps[_i]);
        ck_assert(t->has_retired);
        check_given();
    }
    ck_assert_uint_gt(t->first, 1);
}
END_TEST

/* Steps of all kinds in turn, from one aged tape to the next, past the end of a chunk. */
START_TEST(a_tape_goes_on_for_ever)
{
    const ad_tensor w = PARAMS("w", 1, 2, 3);
    const size_t kept = n_given = 0;
    for (int life = 0; life < 100; life++) {
        for (int i = 0; i < COUNT(steps); i++)
            run_step(steps[i]);
        check_given();
        n_given = kept;
        age(1);
    }
    ck_assert_uint_gt(t->first, AD_CHUNK_ENTRIES);
    EXPECT(w, 1, 2, 3);
    expect_ok(t);
}
END_TEST

/* The mark of a dropped entry is in its generation, and looks like no generation of a handle. */
START_TEST(a_dropped_entry_is_found_by_no_old_handle)
{
    run_step(a_segment);
    for (uint32_t id = t->first; id < AD_CHUNK_ENTRIES; id++)
        ad_entry_at(t, id)->generation = AD_LAST_GENERATION / 2;
    n_given = 0;
    for (int i = 0; i < 10; i++)
        run_step(a_segment);
    for (size_t i = 0; i < n_given; i++)
        ck_assert_uint_eq(given[i].generation & AD_DROPPED_GENERATION, 0);
    check_given();
}
END_TEST

/* Positions are known by a count of their own, which 2^32 of them do not bring back. */
START_TEST(positions_are_counted_in_64_bits)
{
    const ad_position first = ad_position_now(t);
    t->positions += UINT32_MAX;
    const ad_position second = ad_position_now(t);
    ck_assert_uint_eq((uint32_t)first.serial, (uint32_t)second.serial);
    ck_assert_int_eq(ad_return_to(t, second, NULL, 0), AD_OK);
    ck_assert_int_eq(ad_return_to(t, second, NULL, 0), AD_BAD_STATE);
    ad_clear_error(t);
    ck_assert_int_eq(ad_return_to(t, first, NULL, 0), AD_OK);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, no_pair_is_given_twice, 0, COUNT(steps));
    tcase_add_test(tests, a_tape_goes_on_for_ever);
    tcase_add_test(tests, a_dropped_entry_is_found_by_no_old_handle);
    tcase_add_test(tests, positions_are_counted_in_64_bits);
}

int main(void) { return run_on_one_tape("generations", add_tests); }
