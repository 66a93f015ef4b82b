/* Watching, and showing the tape as it is at that moment: files are whole, and looking changes nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gradtape/show.h>

#include "../support/json_reader.h"
#include "machine.h"

/* ---- What looking must not change -------------------------------------------------------------------------------- */

typedef struct sight {
    ad_status status;
    uint64_t message, numbers;
    size_t entries, kept, parts[AD_BAND_COUNT], changes, scopes;
    ad_usage usage;
    bool is_watched;
} sight;

static uint64_t hash_text(const char *text, uint64_t hash)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

/* Of values and gradients that are there. */
static uint64_t hash_numbers(ad_tape *t)
{
    const size_t kept = ad_kept_count(t), n = kept + ad_entry_count(t);
    uint64_t hash = 0;
    for (size_t i = 0; i < n; i++) {
        const ad_tensor x = i < kept ? ad_kept_at(t, i) : ad_recorded_at(t, i - kept);
        if (ad_is_dropped(x))
            continue;
        hash = hash * 31 + fuzz_hash(x);
        if (ad_has_gradient(x))
            hash = hash * 31 + fuzz_hash(ad_gradient(x));
    }
    return hash;
}

static sight look(ad_tape *t)
{
    return (sight){.status = ad_status_of(t),
                   .message = hash_text(ad_message(t), 0),
                   .numbers = hash_numbers(t),
                   .entries = ad_entry_count(t),
                   .kept = ad_kept_count(t),
                   .parts = {ad_part_count(t, AD_BAND_BACKWARD), ad_part_count(t, AD_BAND_FUNCTIONAL)},
                   .changes = ad_leaf_change_count(t),
                   .scopes = ad_scope_count(t),
                   .usage = ad_usage_of(t),
                   .is_watched = ad_is_watched(t)};
}

static void expect_same_sight(const sight *a, const sight *b, const char *what)
{
    FUZZ_EXPECT(a->status == b->status && a->message == b->message, "%s changes the status or the message", what);
    FUZZ_EXPECT(a->numbers == b->numbers, "%s changes a value or a gradient", what);
    FUZZ_EXPECT(a->entries == b->entries && a->kept == b->kept, "%s records something", what);
    FUZZ_EXPECT(a->parts[0] == b->parts[0] && a->parts[1] == b->parts[1] && a->changes == b->changes &&
                    a->scopes == b->scopes && a->is_watched == b->is_watched,
                "%s changes what is watched", what);
    FUZZ_EXPECT(a->usage.bytes == b->usage.bytes && a->usage.allocations == b->usage.allocations,
                "%s takes memory of the tape", what);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

static bool is_json(const char *bytes, size_t n)
{
    json_scan scan = {0};
    json_scan_bytes(&scan, bytes, n);
    return json_is_whole(&scan);
}

/* Strings are closed, and braces are balanced outside of them. */
static bool is_dot(const char *bytes, size_t n)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < n; i++)
        if (in_string && bytes[i] == '\\')
            i++;
        else if (bytes[i] == '"')
            in_string = !in_string;
        else if (!in_string && bytes[i] == '{')
            depth++;
        else if (!in_string && bytes[i] == '}' && depth-- == 0)
            return false;
    return n > 0 && depth == 0 && !in_string;
}

static ad_shown write_text(ad_tape *t, const char *path, const ad_write_options *options)
{
    (void)options;
    FILE *file = fopen(path, "wb");
    FUZZ_EXPECT(file != NULL, "%s cannot be made", path);
    const ad_shown shown = ad_print(t, file, &(ad_print_options){.all = true});
    fclose(file);
    if (shown.status != AD_OK)
        unlink(path);
    return shown;
}

/* Lines of characters that a terminal shows. */
static bool is_text(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)bytes[i] < ' ' && bytes[i] != '\n')
            return false;
    return n > 0 && bytes[n - 1] == '\n';
}

/* How often a word stands in the bytes; *last gets where the last one ends. */
static int count_words(const char *bytes, size_t n, const char *word, size_t *last)
{
    const size_t length = strlen(word);
    int found = 0;
    for (size_t i = 0; i + length <= n; i++)
        if (bytes[i] == word[0] && memcmp(bytes + i, word, length) == 0) {
            *last = i + length;
            found++;
        }
    return found;
}

/* Each script is closed and there is no other, and the data in it is JSON. */
static bool is_page(const char *bytes, size_t n)
{
    static const char *const data[] = {"id=\"gradtape-tape\">", "id=\"gradtape-page\">"};
    size_t end = 0, at = 0;
    if (count_words(bytes, n, "<script", &end) != 4 || count_words(bytes, n, "</script>", &end) != 4)
        return false;
    for (int i = 0; i < 2; i++) {
        if (count_words(bytes, n, data[i], &at) != 1)
            return false;
        const char *closed = strstr(bytes + at, "</script>");
        if (!closed || !is_json(bytes + at, (size_t)(closed - (bytes + at))))
            return false;
    }
    return count_words(bytes, n, "</html>\n", &end) == 1 && end == n;
}

/* The ways to show a tape in a file; is_whole looks whether it is all there. */
static const struct writer {
    const char *name;
    ad_shown (*write)(ad_tape *t, const char *path, const ad_write_options *options);
    bool (*is_whole)(const char *bytes, size_t n);
} writers[] = {
    {"JSON", ad_write_json, is_json},
    {"DOT", ad_write_dot, is_dot},
    {"page", ad_write_html, is_page},
    {"text", write_text, is_text},
};

static const char *path_of_file(void)
{
    static char path[300];
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.200s/gradtape-fuzz-%ld", base && *base ? base : "/tmp", (long)getpid());
    return path;
}

/* The caller frees the bytes. */
static char *take_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    FUZZ_EXPECT(file && fseek(file, 0, SEEK_END) == 0, "%s is not written", path);
    const long size = ftell(file);
    char *bytes = malloc((size_t)size + 1);
    rewind(file);
    FUZZ_EXPECT(size >= 0 && bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size, "%s cannot be read", path);
    bytes[size] = 0;
    fclose(file);
    unlink(path);
    *n = (size_t)size;
    return bytes;
}

/* The file's bytes become part of a digest: they must not depend on what memory held before. */
static void show(fuzz_machine *m, const struct writer *writer, sight *seen)
{
    const char *path = path_of_file();
    const ad_shown shown = writer->write(m->tape, path, NULL);
    const sight after = look(m->tape);
    expect_same_sight(seen, &after, writer->name);
    *seen = after;
    FUZZ_EXPECT((shown.status == AD_OK) == !shown.message[0], "%s ends without a reason", writer->name);
    FUZZ_EXPECT(shown.status == AD_OK || (shown.status == AD_NO_MEMORY && fuzz_is_refused(m)),
                "%s cannot be written: %s", writer->name, shown.message);
    if (shown.status != AD_OK) {
        FUZZ_EXPECT(access(path, F_OK) != 0, "%s leaves a file that is not whole", writer->name);
        return;
    }
    size_t n;
    char *bytes = take_file(path, &n);
    FUZZ_EXPECT(writer->is_whole(bytes, n), "%s is not whole", writer->name);
    for (size_t i = 0; i < n; i++)
        m->shown = (m->shown ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    free(bytes);
}

void fuzz_show(fuzz_machine *m, const fuzz_instruction *in)
{
    const unsigned way = in->sample % FUZZ_SHOW_WAYS;
    const bool well = fuzz_is_well(m);
    fuzz_reach(m, FUZZ_AT_SHOW, way);
    if (way != FUZZ_AS_IT_IS)
        ad_watch(m->tape, way == FUZZ_WATCHED ? AD_ON : AD_OFF);
    FUZZ_EXPECT(!well || fuzz_is_well(m) || fuzz_is_refused(m), "watching fails: %s", ad_message(m->tape));
    FUZZ_EXPECT(!fuzz_is_well(m) || way == FUZZ_AS_IT_IS || ad_is_watched(m->tape) == (way == FUZZ_WATCHED),
                "watching is not as it was asked for");
    sight seen = look(m->tape);
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++)
        show(m, &writers[i], &seen);
}
