/* How fast tables as text are read: a plain numeric CSV of about 50 MB, as f64 and as f32, megabytes a second on one
 * thread. `csv` writes the file into a folder for temporary files and removes it; `csv FILE` reads one that is there,
 * and `csv --write FILE` only writes it, so that bench/csv_peers.py can read the same. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gradtape/gradtape.h>

#include "timing.h"

enum { ROWS = 330000, COLUMNS = 16, READS = 5, MOST_PATH = 4096 };

static void fail(const char *path)
{
    perror(path);
    exit(1);
}

/* Columns are in turn whole numbers, numbers with a few decimals, and numbers of all digits. */
static void write_number(FILE *file, uint64_t row, uint64_t column)
{
    const double x = ad_random_uniform(1, column, row);
    if (column % 3 == 0)
        fprintf(file, "%d", (int)(2000 * x) - 1000);
    else if (column % 3 == 1)
        fprintf(file, "%.4f", 200 * x - 100);
    else
        fprintf(file, "%.17g", x / 3);
}

static void write_table(const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        fail(path);
    for (int c = 0; c < COLUMNS; c++)
        fprintf(file, "%sc%d", c ? "," : "", c);
    for (uint64_t r = 0; r < ROWS; r++)
        for (uint64_t c = 0; c < COLUMNS; c++) {
            fputs(c ? "," : "\n", file);
            write_number(file, r, c);
        }
    fputs("\n", file);
    if (fclose(file) != 0)
        fail(path);
}

static double time_read(const char *path, bool as_f32)
{
    nn_dataset *set = nn_dataset_open(NULL);
    const double start = seconds_now();
    const ad_status status = nn_dataset_read_csv(set, path, &(nn_csv_options){.as_f32 = as_f32});
    const double seconds = seconds_now() - start;
    if (status) {
        fprintf(stderr, "csv: %s\n", nn_dataset_message(set));
        exit(1);
    }
    nn_dataset_close(set);
    return seconds;
}

static void print_reads(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        fail(path);
    const double megabytes = (double)about.st_size / 1e6;
    printf("%.1f MB\n", megabytes);
    for (int as_f32 = 0; as_f32 < 2; as_f32++) {
        double seconds[READS];
        for (int i = 0; i < READS; i++)
            seconds[i] = time_read(path, as_f32);
        const timing t = timing_of(seconds, READS);
        printf("%s  best %6.1f MB/s  median %6.1f MB/s\n", as_f32 ? "f32" : "f64", megabytes / t.min,
               megabytes / t.median);
    }
}

int main(int argc, char **argv)
{
    char path[MOST_PATH];
    const char *folder = getenv("TMPDIR");
    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        write_table(argv[2]);
        return 0;
    }
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: csv [FILE], or csv --write FILE\n");
        return 2;
    }
    if (argc == 2) {
        print_reads(argv[1]);
        return 0;
    }
    snprintf(path, sizeof path, "%s/gradtape-XXXXXX", folder && *folder ? folder : "/tmp");
    const int file = mkstemp(path);
    if (file < 0)
        fail(path);
    close(file);
    write_table(path);
    print_reads(path);
    unlink(path);
    return 0;
}
