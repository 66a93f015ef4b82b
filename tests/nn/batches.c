/* Batches: each epoch takes every row once, in an order of its own. */
#include <math.h>
#include <string.h>

#include "../support/check.h"
#include "../support/classifiers.h"

enum { ORDERED_ROWS = 10, EPOCHS = 4 };

/* Trains at a rate too small to change a weight, so that each loss tells which rows its batch was made of. */
static void losses_of_epochs(uint64_t seed, int64_t batch_size, diary *d, double row_loss[ORDERED_ROWS])
{
    fill_clouds(&train, ORDERED_ROWS, 3);
    nn_classifier *c = open_with((nn_classifier_options){
        .n_classes = CLASSES, .seed = seed, .optimiser = {.rule = &nn_gradient_descent, .rate = 1e-30}});
    const int64_t steps = EPOCHS * ((ORDERED_ROWS - 1) / batch_size + 1);
    ck_assert_int_eq(fit_with_diary(c, &train, batch_size, steps, d), AD_OK);
    for (int64_t i = 0; i < ORDERED_ROWS; i++) {
        nn_data row = {.features = train.x + i * COLUMNS, .rows = 1, .columns = COLUMNS, .labels = train.labels + i};
        row_loss[i] = nn_classifier_evaluate(c, &row).loss;
    }
    nn_classifier_close(c);
}

static int bits_of(unsigned rows)
{
    int n = 0;
    for (; rows; rows &= rows - 1)
        n++;
    return n;
}

/* The one set of n rows with this mean loss, a bit for each row. */
static unsigned rows_with_loss(double loss, int n, const double row_loss[ORDERED_ROWS])
{
    unsigned found = 0, matches = 0;
    for (unsigned rows = 1; rows < 1U << ORDERED_ROWS; rows++) {
        double sum = 0;
        for (int i = 0; i < ORDERED_ROWS; i++)
            sum += rows >> i & 1 ? row_loss[i] : 0;
        if (bits_of(rows) == n && fabs(sum / n - loss) < 2e-6) {
            found = rows;
            matches++;
        }
    }
    ck_assert_msg(matches == 1, "%u sets of %d rows have the mean loss %.9g", matches, n, loss);
    return found;
}

/* Each epoch must take every row once. Returns how many epochs begin with the same set as the one before. */
static int check_epochs(uint64_t seed, int batch_size, unsigned sets[256])
{
    static diary d;
    double row_loss[ORDERED_ROWS];
    losses_of_epochs(seed, batch_size, &d, row_loss);
    int step = 0, repeated = 0;
    for (int epoch = 0, per_epoch = (int)d.n / EPOCHS; epoch < EPOCHS; epoch++) {
        unsigned used = 0;
        for (int place = 0; place < ORDERED_ROWS; place += batch_size, step++) {
            const int n = ORDERED_ROWS - place < batch_size ? ORDERED_ROWS - place : batch_size;
            sets[step] = rows_with_loss(d.seen[step].loss, n, row_loss);
            ck_assert_msg(!(used & sets[step]), "step %d uses a row again in one epoch", step + 1);
            used |= sets[step];
        }
        ck_assert_uint_eq(used, (1U << ORDERED_ROWS) - 1);
        repeated +=
            epoch && !memcmp(sets + step - per_epoch, sets + step - 2 * per_epoch, sizeof *sets * (size_t)per_epoch);
    }
    return repeated;
}

START_TEST(each_epoch_takes_every_row_once)
{
    unsigned sets[256], others[256];
    const int batch_size = _i;
    const int repeated = check_epochs(5, batch_size, sets);
    /* Two large batches are the same by chance in one of ten epochs. */
    ck_assert_msg(repeated == 0 || batch_size > ORDERED_ROWS / 2, "%d epochs repeat the order of the one before",
                  repeated);
    if (batch_size > 1)
        return;
    bool shuffled = false;
    for (int i = 0; i < ORDERED_ROWS; i++)
        shuffled = shuffled || sets[i] != 1U << i;
    ck_assert_msg(shuffled, "the rows come as they lie");
    check_epochs(6, batch_size, others);
    ck_assert_mem_ne(sets, others, ORDERED_ROWS * sizeof *sets);
}
END_TEST

START_TEST(a_batch_larger_than_the_data)
{
    static const int64_t sizes[] = {48, 1000, INT32_MAX, INT64_MAX};
    state_after(&wanted, &train, 47, 5);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        nn_classifier *c = open_small();
        fit(c, &train, sizes[i], 4);
        fit(c, &train, sizes[i], 0);
        close_as(c, &wanted, "a batch larger than the data");
    }
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_loop_test(tests, each_epoch_takes_every_row_once, 1, ORDERED_ROWS + 1);
    tcase_add_test(tests, a_batch_larger_than_the_data);
}

int main(void) { return run_tests("batches", add_tests); }
