/* Random numbers: the known answers of the generator, and that numbers and permutations are fair. */
#include "../support/check.h"

/* The known answers of Random123, the authors' own library: kat_vectors, philox4x32 10. */
static const struct {
    uint32_t counter[4], key[2], words[4];
} philox_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(philox_gives_the_known_answers)
{
    uint32_t words[4];
    ad_philox(philox_answers[_i].counter, philox_answers[_i].key, words);
    ck_assert_mem_eq(words, philox_answers[_i].words, sizeof words);
}
END_TEST

static uint64_t two(const uint32_t *words) { return words[0] | (uint64_t)words[1] << 32; }

/* The key is the seed, the counter is (index / 4, stream), the low word first. */
START_TEST(random_bits_are_words_of_philox)
{
    const uint32_t *c = philox_answers[2].counter;
    for (uint64_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(ad_random_bits(0, 0, i), philox_answers[0].words[i]);
        uint64_t index = two(c), bits = ad_random_bits(two(philox_answers[2].key), two(c + 2), 4 * (index >> 2) + i);
        uint32_t words[4], counter[] = {(uint32_t)(index >> 2), (uint32_t)(index >> 34), c[2], c[3]};
        ad_philox(counter, philox_answers[2].key, words);
        ck_assert_uint_eq(bits, words[i]);
        ck_assert_double_eq(ad_random_uniform(0, 0, i), philox_answers[0].words[i] / 4294967296.0);
    }
}
END_TEST

/* The chi-square of 64 bins has mean 63 and deviation 11.2. Seeds are fixed, so the bounds hold always or never. */
START_TEST(uniform_numbers_are_uniform)
{
    enum { DRAWS = 100000, BINS = 64 };
    int bins[BINS] = {0};
    double sum = 0, square = 0, product = 0, before = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double u = ad_random_uniform((uint64_t)_i, 3, i) - 0.5;
        ck_assert(u >= -0.5 && u < 0.5);
        bins[(int)((u + 0.5) * BINS)]++;
        sum += u;
        square += u * u;
        product += u * before;
        before = u;
    }
    double chi = 0, expected = (double)DRAWS / BINS;
    for (int i = 0; i < BINS; i++)
        chi += (bins[i] - expected) * (bins[i] - expected) / expected;
    ck_assert_double_eq_tol(chi, 63, 45);
    ck_assert_double_eq_tol(sum / DRAWS, 0, 0.004);
    ck_assert_double_eq_tol(square / DRAWS, 1 / 12.0, 0.002);
    ck_assert_double_eq_tol(product / DRAWS, 0, 0.002);
}
END_TEST

START_TEST(streams_differ)
{
    int same = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        uint32_t bits = ad_random_bits(1, 0, i);
        ck_assert_uint_eq(ad_random_bits(1, 0, i), bits);
        same += (bits == ad_random_bits(1, 1, i)) + (bits == ad_random_bits(2, 0, i));
        same += bits == ad_random_bits(1, UINT64_C(1) << 32, i);
        same += bits == ad_random_bits(UINT64_C(1) << 32 | 1, 0, i);
        same += bits == ad_random_bits(1, 0, i + (UINT64_C(1) << 34));
    }
    ck_assert_int_eq(same, 0);
}
END_TEST

/* Words of a seed for two purposes have nothing in common: of 1000 none is equal, and the correlation is within four of
 * its deviations. Checked for the streams 0 and 1 of each use, and those of their permutations. */
START_TEST(uses_of_a_seed_do_not_meet)
{
    enum { USES = AD_STREAM_OPERATOR + 1, STREAMS = 4 * USES, WORDS = 1000 };
    static uint32_t words[STREAMS][WORDS];
    for (int s = 0; s < STREAMS; s++)
        for (uint64_t i = 0; i < WORDS; i++)
            words[s][i] =
                ad_random_bits(7, ad_stream((ad_stream_use)(s / 4), (uint64_t)s % 2) ^ (uint64_t)(s / 2 % 2) << 63, i);
    for (int a = 0; a < STREAMS; a++)
        for (int b = 0; b < a; b++) {
            double sum = 0;
            for (int i = 0; i < WORDS; i++) {
                ck_assert_msg(words[a][i] != words[b][i], "streams %d and %d have word %d in common", a, b, i);
                sum += (words[a][i] * 0x1p-32 - 0.5) * (words[b][i] * 0x1p-32 - 0.5);
            }
            ck_assert_msg(fabs(12 * sum / WORDS) < 4 / sqrt(WORDS), "streams %d and %d correlate: %g", a, b,
                          12 * sum / WORDS);
        }
}
END_TEST

/* A permutation takes the words of the stream with the highest bit inverted: Fisher and Yates by hand. */
START_TEST(a_permutation_takes_words_of_its_own)
{
    enum { N = 100 };
    int32_t order[N], by_hand[N];
    for (int32_t i = 0; i < N; i++)
        by_hand[i] = i;
    for (uint64_t i = N - 1; i > 0; i--) {
        const uint64_t stream = UINT64_C(1) << 63 | 6, high = ad_random_bits(5, stream, 2 * i);
        const uint64_t j = (high << 32 | ad_random_bits(5, stream, 2 * i + 1)) % (i + 1);
        const int32_t swapped = by_hand[i];
        by_hand[i] = by_hand[j];
        by_hand[j] = swapped;
    }
    ad_random_permutation(5, 6, N, order);
    ck_assert_mem_eq(order, by_hand, sizeof order);
}
END_TEST

START_TEST(a_stream_is_a_use_and_a_number)
{
    ck_assert_uint_eq(ad_stream(AD_STREAM_OWN, 3), 3);
    ck_assert_uint_eq(ad_stream(AD_STREAM_OPERATOR, 3), UINT64_C(0x0600000000000003));
    ck_assert_uint_eq(ad_stream(AD_STREAM_WEIGHTS, AD_STREAM_NUMBERS - 1), UINT64_C(0x01ffffffffffffff));
    ck_assert_uint_eq(ad_stream(AD_STREAM_WEIGHTS, AD_STREAM_NUMBERS), ad_stream(AD_STREAM_WEIGHTS, 0));
}
END_TEST

START_TEST(a_permutation_has_each_number_once)
{
    static const int64_t sizes[] = {0, 1, 2, 1000};
    const int64_t n = sizes[_i];
    int32_t order[1001], again[1001], other[1001], moved = 0;
    bool seen[1001] = {false};
    order[n] = -7;
    ad_random_permutation(5, 6, n, order);
    ad_random_permutation(5, 6, n, again);
    ad_random_permutation(5, 7, n, other);
    for (int32_t i = 0; i < n; i++) {
        ck_assert(order[i] >= 0 && order[i] < n && !seen[order[i]]);
        seen[order[i]] = true;
        ck_assert_int_eq(order[i], again[i]);
        moved += (order[i] != i) + (order[i] != other[i]);
    }
    ck_assert_int_eq(order[n], -7);
    ck_assert_msg(n < 1000 || moved > 1900, "only %d of 2000 differ", (int)moved);
}
END_TEST

/* Each of the six orders of three about as often as the others: 1000 expected, with a deviation of 29. */
START_TEST(permutations_are_fair)
{
    int counts[27] = {0};
    for (uint64_t seed = 0; seed < 6000; seed++) {
        int32_t order[3];
        ad_random_permutation(seed, 0, 3, order);
        counts[9 * order[0] + 3 * order[1] + order[2]]++;
    }
    const int orders[] = {5, 7, 11, 15, 19, 21};
    for (int i = 0; i < COUNT(orders); i++)
        ck_assert_double_eq_tol(counts[orders[i]], 1000, 120);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, philox_gives_the_known_answers, 0, COUNT(philox_answers));
    tcase_add_test(tests, random_bits_are_words_of_philox);
    tcase_add_loop_test(tests, uniform_numbers_are_uniform, 0, 3);
    tcase_add_test(tests, streams_differ);
    tcase_add_test(tests, uses_of_a_seed_do_not_meet);
    tcase_add_test(tests, a_permutation_takes_words_of_its_own);
    tcase_add_test(tests, a_stream_is_a_use_and_a_number);
    tcase_add_loop_test(tests, a_permutation_has_each_number_once, 0, 4);
    tcase_add_test(tests, permutations_are_fair);
}

int main(void) { return run_tests("random", add_tests); }
