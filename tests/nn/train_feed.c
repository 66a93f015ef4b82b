/* Trains from a table that stays in its file, for tests/feed_large.sh:
 *     train_feed write FILE MEGABYTES   writes a table that is so large: a block of rows again and again
 *     train_feed train FILE             trains for one epoch, and says how many rows of a known part it tells right */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

enum { FEATURES = 20, BLOCK_ROWS = 16384, LINE = 9 * FEATURES + 8 };

static double number(uint64_t row, uint64_t j) { return 2 * ad_random_uniform(1, j, row) - 1; }

/* The rows of a block, one behind the other; returns their bytes. */
static size_t make_block(char *block)
{
    size_t n = 0;
    for (uint64_t i = 0; i < BLOCK_ROWS; i++) {
        double sum = 0;
        for (uint64_t j = 0; j < FEATURES; j++) {
            const double x = number(i, j);
            sum += j % 2 ? x : -x;
            n += (size_t)sprintf(block + n, "%.4f,", x);
        }
        n += (size_t)sprintf(block + n, "%s\n", sum > 0 ? "yes" : "no");
    }
    return n;
}

static int write_table(const char *path, size_t bytes)
{
    FILE *to = fopen(path, "w");
    char *block = malloc((size_t)BLOCK_ROWS * LINE);
    const size_t n = block ? make_block(block) : 0;
    bool is_well = to && n;
    for (int j = 0; j < FEATURES && is_well; j++)
        is_well = fprintf(to, "x%d,", j) > 0;
    is_well = is_well && fputs("class\n", to) >= 0;
    for (size_t written = 0; is_well && written < bytes; written += n)
        is_well = fwrite(block, 1, n, to) == n;
    free(block);
    if (to && fclose(to) != 0)
        is_well = false;
    if (!is_well)
        perror(path);
    return is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int train_table(const char *path)
{
    ad_set_threads(1); /* each thread takes address space for a stack and a heap */
    const nn_csv_options columns = {.label = "class"};
    const nn_classifier_options options = {.seed = 1};
    nn_feed *feed = nn_feed_open_csv(path, &columns, &(nn_feed_options){.window = BLOCK_ROWS});
    nn_classifier *c = nn_classifier_open(&options);
    const nn_data data = nn_feed_data(feed);
    nn_classifier_fit(c, &data, &(nn_fit_options){.batch_size = 1024});
    const nn_data part = nn_feed_window(feed, data.rows > BLOCK_ROWS ? data.rows - BLOCK_ROWS : 0,
                                        data.rows > BLOCK_ROWS ? BLOCK_ROWS : data.rows);
    const nn_evaluation e = nn_classifier_evaluate(c, &part);
    if (e.status)
        fprintf(stderr, "%s\n", nn_feed_status(feed) ? nn_feed_message(feed) : nn_classifier_message(c));
    else
        printf("%lld rows, %lld steps, accuracy %.3f\n", (long long)data.rows, (long long)e.global_step, e.accuracy);
    nn_classifier_close(c);
    nn_feed_close(feed);
    return e.status == AD_OK && e.accuracy >= 0.97 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "write") == 0)
        return write_table(argv[2], (size_t)strtoull(argv[3], NULL, 10) << 20);
    if (argc == 3 && strcmp(argv[1], "train") == 0)
        return train_table(argv[2]);
    fprintf(stderr, "usage: train_feed write FILE MEGABYTES | train_feed train FILE\n");
    return 2;
}
