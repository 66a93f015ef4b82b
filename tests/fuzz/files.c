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

static bool write_seed(const char *folder, const char *name, const uint8_t *bytes, size_t n)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    const bool written = file && fwrite(bytes, 1, n, file) == n;
    return file && fclose(file) == 0 && written;
}

static bool write_row_seed(const char *folder, const ad_operator *row)
{
    char name[120];
    uint8_t bytes[FUZZ_MOST * FUZZ_BYTES];
    snprintf(name, sizeof name, "row_%s", row->name);
    return write_seed(folder, name, bytes, fuzz_seed(row, bytes));
}

static bool write_place_seeds(const char *folder, fuzz_place place)
{
    char name[120];
    uint8_t bytes[FUZZ_MOST * FUZZ_BYTES];
    bool written = true;
    for (int part = 0; written && part * FUZZ_PART < fuzz_places[place].n_ways; part++) {
        snprintf(name, sizeof name, "place_%s_%d", fuzz_places[place].name, part);
        written = write_seed(folder, name, bytes, fuzz_place_seed(place, part, bytes));
    }
    return written;
}

bool fuzz_files_write_seeds(const char *folder)
{
    bool written = true;
    for (size_t i = 0; written && i < ad_operator_count(); i++)
        written = write_row_seed(folder, ad_operator_at(i));
    for (int place = 0; written && place < FUZZ_PLACES; place++)
        written = write_place_seeds(folder, (fuzz_place)place);
    return written;
}
