/* Classes: the different labels of data. */
#include "classes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/options/number.h"
#include "../nn/options/writer.h"

/* ---- Looking up -------------------------------------------------------------------------------------------------- */

/* A name, and the class that it is. */
typedef struct cli_class_place {
    const char *name;
    int32_t class;
} place;

static int by_text(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Returns false if memory is out. */
static bool set_names(cli_classes *k, cli_arguments *a, const char *const *names, int64_t n)
{
    place *places = nn_store_take(&a->store, (size_t)n, sizeof *places);
    for (int32_t i = 0; places && i < n; i++)
        places[i] = (place){names[i], i};
    if (places)
        qsort(places, (size_t)n, sizeof *places, by_text);
    *k = (cli_classes){.n = places ? n : 0, .names = names, .by_text = places};
    return places != NULL;
}

int cli_name_classes(cli_classes *k, cli_arguments *a, const char *const *names, int64_t n)
{
    return set_names(k, a, names, n) ? CLI_OK : cli_say(CLI_NO_MEMORY, " for the classes");
}

int32_t cli_class_of(const cli_classes *k, const char *name)
{
    const place wanted = {.name = name}, *found = bsearch(&wanted, k->by_text, (size_t)k->n, sizeof wanted, by_text);
    return found ? found->class : -1;
}

/* ---- Order ------------------------------------------------------------------------------------------------------- */

/* A name, and how often it is there. */
typedef struct word {
    const char *name;
    int64_t count;
} word;

bool cli_is_whole(const char *text, int64_t *number)
{
    const char *digits = text + (*text == '-');
    return (*digits != '0' || !strcmp(text, "0")) && nn_read_integer(text, number);
}

static int by_bytes(const void *a, const void *b)
{
    const word *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int by_number(const void *a, const void *b)
{
    const word *x = a, *y = b;
    int64_t p, q;
    cli_is_whole(x->name, &p);
    cli_is_whole(y->name, &q);
    return (p > q) - (p < q);
}

/* Puts words into the order of classes, equal ones together. Returns how many are left. */
static int64_t put_in_order(word *words, int64_t n)
{
    int64_t different = 0, number;
    bool all_whole = true;
    qsort(words, (size_t)n, sizeof *words, by_bytes);
    for (int64_t i = 0; i < n; i++) {
        if (i > 0 && !strcmp(words[i].name, words[different - 1].name)) {
            words[different - 1].count += words[i].count;
            continue;
        }
        words[different++] = words[i];
        all_whole = all_whole && cli_is_whole(words[i].name, &number);
    }
    if (all_whole)
        qsort(words, (size_t)different, sizeof *words, by_number);
    return different;
}

/* Makes classes of words. Returns false if memory is out. */
static bool take_words(cli_classes *k, cli_arguments *a, word *words, int64_t n)
{
    const int64_t different = put_in_order(words, n);
    const char **names = nn_store_take(&a->store, (size_t)different, sizeof *names);
    int64_t *counts = nn_store_take(&a->store, (size_t)different, sizeof *counts);
    for (int64_t i = 0; names && counts && i < different; i++) {
        names[i] = words[i].name;
        counts[i] = words[i].count;
    }
    const bool is_set = names && counts && set_names(k, a, names, different);
    k->counts = counts;
    return is_set;
}

int cli_add_classes(cli_classes *k, cli_arguments *a, const cli_classes *others, nn_texts more)
{
    const int64_t n = others->n + (int64_t)more.n;
    word *words = nn_store_take(&a->store, (size_t)n, sizeof *words);
    for (int64_t i = 0; words && i < n; i++)
        words[i].name = i < others->n ? others->names[i] : more.at[i - others->n];
    const bool is_set = words && take_words(k, a, words, n);
    k->counts = NULL;
    return is_set ? CLI_OK : cli_say(CLI_NO_MEMORY, " for the classes");
}

/* ---- Finding ----------------------------------------------------------------------------------------------------- */

static bool find_texts(cli_classes *k, cli_arguments *a, const nn_data *data)
{
    word *words = ad_memory_take(&a->memory, (size_t)data->rows, sizeof *words);
    for (int64_t i = 0; words && i < data->rows; i++)
        words[i] = (word){data->label_texts[i], 1};
    const bool is_set = words && take_words(k, a, words, data->rows);
    ad_memory_release(&a->memory, words, (size_t)data->rows, sizeof *words);
    k->texts = k->names;
    return is_set;
}

static int by_size(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Sorts a copy of the labels, and counts equal ones: numbers become texts only once for each class. */
static bool count_integers(cli_classes *k, cli_arguments *a, int32_t *sorted, int64_t rows)
{
    int64_t n = 0;
    qsort(sorted, (size_t)rows, sizeof *sorted, by_size);
    for (int64_t i = 0; i < rows; i++)
        n += i == 0 || sorted[i] != sorted[i - 1];
    const char **names = nn_store_take(&a->store, (size_t)n, sizeof *names);
    int32_t *integers = nn_store_take(&a->store, (size_t)n, sizeof *integers);
    int64_t *counts = nn_store_take(&a->store, (size_t)n, sizeof *counts), at = -1;
    for (int64_t i = 0; names && integers && counts && i < rows; i++) {
        if (i == 0 || sorted[i] != sorted[i - 1]) {
            names[++at] = cli_number(a, sorted[i]);
            integers[at] = sorted[i];
        }
        counts[at]++;
    }
    const bool is_set = names && integers && counts && set_names(k, a, names, n);
    k->integers = integers;
    k->counts = counts;
    return is_set;
}

static bool find_integers(cli_classes *k, cli_arguments *a, const nn_data *data)
{
    int32_t *copy = ad_memory_take(&a->memory, (size_t)data->rows, sizeof *copy);
    for (int64_t i = 0; copy && i < data->rows; i++)
        copy[i] = data->labels[i];
    const bool is_set = copy && count_integers(k, a, copy, data->rows);
    ad_memory_release(&a->memory, copy, (size_t)data->rows, sizeof *copy);
    return is_set;
}

bool cli_find_classes(cli_classes *k, cli_arguments *a, const nn_data *data)
{
    *k = (cli_classes){.n = 0};
    return data->label_texts ? find_texts(k, a, data) : find_integers(k, a, data);
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

const char *cli_label_text(const nn_data *data, int64_t row, char room[CLI_LABEL_ROOM])
{
    if (data->label_texts)
        return data->label_texts[row];
    snprintf(room, CLI_LABEL_ROOM, "%" PRId32, data->labels[row]);
    return room;
}

const char *cli_class_name(const cli_classes *k, cli_arguments *a, int64_t i) { return cli_list(a, &k->names[i], 1); }

const char *cli_list(cli_arguments *a, const char *const *names, int64_t n)
{
    enum { SHOWN = 8 };
    char shown[1000];
    nn_writer w = nn_writer_into(shown, sizeof shown);
    for (int64_t i = 0; i < n && i < SHOWN; i++) {
        nn_put(&w, i ? ", " : "");
        nn_put_shown(&w, names[i]);
    }
    if (n > SHOWN)
        nn_put_format(&w, ", ... %" PRId64 " in all", n);
    return cli_text(a, "%s", shown);
}
