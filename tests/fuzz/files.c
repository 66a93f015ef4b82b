/* Reading and writing programs. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_name(fuzz_files *files, const char *folder, const char *name)
{
    if (files->n == files->room) {
        const size_t room = files->room ? 2 * files->room : 64;
        char **names = realloc(files->names, room * sizeof *names);
        if (!names)
            return false;
        files->names = names;
        files->room = room;
    }
    const size_t bytes = strlen(folder) + strlen(name) + 2;
    char *path = malloc(bytes);
    if (!path)
        return false;
    snprintf(path, bytes, "%s%s%s", folder, *folder ? "/" : "", name);
    files->names[files->n++] = path;
    return true;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

bool fuzz_files_add(fuzz_files *files, const char *path)
{
    DIR *folder = opendir(path);
    bool done = true;
    if (!folder)
        return errno == ENOTDIR && add_name(files, "", path);
    for (struct dirent *entry; done && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            done = add_name(files, path, entry->d_name);
    closedir(folder);
    if (files->n)
        qsort(files->names, files->n, sizeof *files->names, by_name);
    return done;
}

void fuzz_files_free(fuzz_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        free(files->names[i]);
    free(files->names);
    *files = (fuzz_files){0};
}

size_t fuzz_file_read(const char *name, uint8_t bytes[FUZZ_FILE])
{
    FILE *file = fopen(name, "rb");
    const size_t n = file ? fread(bytes, 1, FUZZ_FILE, file) : 0;
    if (file)
        fclose(file);
    return n;
}

static bool write_seed(const char *folder, const ad_operator *row)
{
    char path[4096];
    uint8_t bytes[FUZZ_MOST * FUZZ_BYTES];
    const size_t n = fuzz_seed(row, bytes);
    snprintf(path, sizeof path, "%s/row_%s", folder, row->name);
    FILE *file = fopen(path, "wb");
    const bool written = file && fwrite(bytes, 1, n, file) == n;
    return file && fclose(file) == 0 && written;
}

bool fuzz_files_write_seeds(const char *folder)
{
    for (size_t i = 0; i < ad_operator_count(); i++)
        if (!write_seed(folder, ad_operator_at(i)))
            return false;
    return true;
}
