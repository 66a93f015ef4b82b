#ifndef TESTS_ONE_FOLDER_H
#define TESTS_ONE_FOLDER_H
/* A folder of its own for a suite whose tests write files, beside the tape of one_tape.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "one_tape.h"

static char folder[400];

/* The path of a file in it; it lasts until the next call from here. */
static inline const char *path_of(const char *name)
{
    static char path[sizeof folder + 300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* All of a file in it, ended with 0; to be freed. */
static inline char *read_from_folder(const char *name)
{
    FILE *file = fopen(path_of(name), "rb");
    ck_assert(file && fseek(file, 0, SEEK_END) == 0);
    const size_t n = (size_t)ftell(file);
    char *all = malloc(n + 1);
    rewind(file);
    ck_assert(all && fread(all, 1, n, file) == n);
    all[n] = 0;
    fclose(file);
    return all;
}

/* How many files the folder has, -1 if it cannot be read; removes them. */
static inline int empty_folder(void)
{
    int n = 0;
    DIR *files = opendir(folder);
    if (!files)
        return -1;
    for (const struct dirent *file = readdir(files); file; file = readdir(files))
        if (strcmp(file->d_name, ".") != 0 && strcmp(file->d_name, "..") != 0) {
            n++;
            unlink(path_of(file->d_name));
        }
    closedir(files);
    return n;
}

static inline int run_in_one_folder(const char *name, void (*add_tests)(TCase *tests))
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/gradtape-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder)) {
        perror(folder);
        return EXIT_FAILURE;
    }
    const int status = run_on_one_tape(name, add_tests);
    empty_folder(); /* what a test that crashed has left */
    rmdir(folder);
    return status;
}

#endif
