/* Runs programs from files, with any compiler; and extends the corpus when rows were added:
 *
 *   build/tests/fuzz/run_programs FILE|FOLDER...               runs them, and says what they reach
 *   build/tests/fuzz/run_programs --seeds tests/fuzz/corpus    writes the seeds of rows and places into the folder
 *
 * A finding ends it, with the program's file as the last line that stands before the message. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

static int write_seeds(const char *folder)
{
    if (fuzz_files_write_seeds(folder))
        return 0;
    fprintf(stderr, "run_programs: %s: %s\n", folder, strerror(errno));
    return 1;
}

static void print_missing(const uint8_t *ran)
{
    for (size_t i = 0; i < ad_operator_count(); i++) {
        const ad_operator *row = ad_operator_at(i);
        if (!(ran[i] & FUZZ_RAN_KERNEL))
            printf("%s: its kernel did not run\n", row->name);
        else if (fuzz_has_rule(row) && !(ran[i] & FUZZ_RAN_RULE))
            printf("%s: its rule did not run\n", row->name);
    }
}

static int run_all(const fuzz_files *files)
{
    static uint8_t bytes[FUZZ_FILE];
    uint8_t *ran = calloc(ad_operator_count(), 1);
    size_t reached = 0;
    for (size_t i = 0; ran && i < files->n; i++) {
        fuzz_report report = {.ran = ran};
        fprintf(stderr, "%s\n", files->names[i]);
        fuzz_run(bytes, fuzz_file_read(files->names[i], bytes), &report);
        reached += report.reached_backward;
    }
    if (ran)
        print_missing(ran);
    printf("%zu programs, %zu reach backward without an error\n", files->n, reached);
    free(ran);
    return 0;
}

int main(int argc, char **argv)
{
    fuzz_files files = {0};
    if (argc == 3 && !strcmp(argv[1], "--seeds"))
        return write_seeds(argv[2]);
    for (int i = 1; i < argc; i++)
        if (!fuzz_files_add(&files, argv[i])) {
            fprintf(stderr, "run_programs: %s: %s\n", argv[i], strerror(errno));
            return 1;
        }
    if (files.n == 0)
        fprintf(stderr, "usage: run_programs FILE|FOLDER... or run_programs --seeds FOLDER\n");
    const int status = files.n ? run_all(&files) : 2;
    fuzz_files_free(&files);
    return status;
}
