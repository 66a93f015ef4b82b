/* Classes by their texts. */
#include "vocabulary.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/options/writer.h"

/* A text, and the class that it is. */
typedef struct cli_word_place {
    const char *text;
    int32_t class;
} place;

static int by_text(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return strcmp(x->text, y->text);
}

int cli_make_vocabulary(cli_vocabulary *c, cli_arguments *a, const char *const *texts, int64_t n)
{
    place *sorted = nn_store_take(&a->store, (size_t)n, sizeof *sorted);
    if (!sorted)
        return cli_say(CLI_NO_MEMORY, " for the classes");
    for (int32_t i = 0; i < n; i++)
        sorted[i] = (place){texts[i], i};
    qsort(sorted, (size_t)n, sizeof *sorted, by_text);
    *c = (cli_vocabulary){.at = texts, .n = n, .sorted = sorted};
    return CLI_OK;
}

int32_t cli_class_of(const cli_vocabulary *c, const char *text)
{
    const place wanted = {.text = text}, *found = bsearch(&wanted, c->sorted, (size_t)c->n, sizeof wanted, by_text);
    return found ? found->class : -1;
}

/* ---- Collecting -------------------------------------------------------------------------------------------------- */

bool cli_is_whole(const char *text, int64_t *number)
{
    char written[24];
    errno = 0;
    const long long x = strtoll(text, NULL, 10);
    snprintf(written, sizeof written, "%lld", x);
    *number = x;
    return errno == 0 && !strcmp(written, text);
}

static int by_bytes(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static int by_number(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    int64_t p, q;
    cli_is_whole(*x, &p);
    cli_is_whole(*y, &q);
    return (p > q) - (p < q);
}

int cli_collect_vocabulary(cli_vocabulary *c, cli_arguments *a, const char **texts, int64_t n)
{
    int64_t different = 0, number;
    bool all_whole = true;
    qsort(texts, (size_t)n, sizeof *texts, by_bytes);
    for (int64_t i = 0; i < n; i++) {
        if (i > 0 && !strcmp(texts[i], texts[different - 1]))
            continue;
        texts[different++] = texts[i];
        all_whole = all_whole && cli_is_whole(texts[i], &number);
    }
    if (all_whole)
        qsort(texts, (size_t)different, sizeof *texts, by_number);
    return cli_make_vocabulary(c, a, texts, different);
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

const char *cli_label_text(const nn_data *data, int64_t row, char room[CLI_LABEL_ROOM])
{
    if (data->label_texts)
        return data->label_texts[row];
    snprintf(room, CLI_LABEL_ROOM, "%" PRId32, data->labels[row]);
    return room;
}

const char *cli_list(cli_arguments *a, const char *const *texts, int64_t n)
{
    enum { SHOWN = 8 };
    char shown[1000];
    nn_writer w = nn_writer_into(shown, sizeof shown);
    for (int64_t i = 0; i < n && i < SHOWN; i++) {
        nn_put(&w, i ? ", " : "");
        nn_put_shown(&w, texts[i]);
    }
    if (n > SHOWN)
        nn_put_format(&w, ", ... %" PRId64 " in all", n);
    return cli_text(a, "%s", shown);
}
