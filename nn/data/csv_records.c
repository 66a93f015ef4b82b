/* Records of tables as text (RFC 4180). */
#include "csv_records.h"

#include <inttypes.h>
#include <string.h>

#include "../files/utf8.h"
#include "../lengthen.h"

enum { BLOCK = 1 << 18 };

/* Kinds of bytes outside quotes. */
enum { ORDINARY, HIGH, STOP };

/* What came of looking for a record. */
typedef enum outcome { FOUND, CUT_OFF, FAILED } outcome;

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

void nn_csv_put_line(nn_writer *w, const nn_csv_records *r, int64_t line)
{
    nn_put(w, r->source->name);
    nn_put_format(w, ":%" PRId64 ": ", line);
}

void nn_csv_put_place(nn_writer *w, const nn_csv_records *r, size_t field)
{
    nn_put(w, r->source->name);
    nn_put_format(w, ":%" PRId64 ":%zu: ", nn_csv_line_of(r, field), field + 1);
}

void nn_csv_put_field(nn_writer *w, nn_csv_field field)
{
    char shown[NN_SHOWN_BYTES];
    nn_put(w, nn_show_bytes(shown, field.at, field.n));
}

int64_t nn_csv_line_of(const nn_csv_records *r, size_t field)
{
    int64_t line = r->line;
    const char *at = r->block + r->begin, *end = r->fields[field].at;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        line++;
        at++;
    }
    return line;
}

static ad_status fail_line(const nn_csv_records *r, int64_t line, const char *what)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_csv_put_line(&w, r, line);
    nn_put(&w, what);
    return nn_dataset_fail(r->source->dataset, AD_BAD_FILE, "%s", text);
}

static ad_status fail_field(const nn_csv_records *r, size_t field, const char *what)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_csv_put_place(&w, r, field);
    nn_put(&w, what);
    return nn_dataset_fail(r->source->dataset, AD_BAD_FILE, "%s", text);
}

static ad_status fail_memory(const nn_csv_records *r, size_t bytes)
{
    return nn_dataset_fail(r->source->dataset, AD_NO_MEMORY,
                           "%s:%" PRId64 ": memory is out: %zu bytes are needed for this record; is a quote in it "
                           "never closed?",
                           r->source->name, r->line, bytes);
}

static ad_status fail_width(const nn_csv_records *r)
{
    char text[200];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_put_format(&w, "%zu field%s where %s has %zu; ", r->n, r->n == 1 ? "" : "s",
                  r->has_header ? "the header" : "the first record", r->width);
    if (r->delimiter == '\t')
        nn_put(&w, "quote fields that contain a tab");
    else
        nn_put_format(&w, "quote fields that contain '%c'", r->delimiter);
    return fail_line(r, r->line, text);
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static outcome grow_fields(nn_csv_records *r)
{
    ad_memory *memory = &r->source->dataset->memory;
    const size_t room = r->fields_room ? 2 * r->fields_room : 64;
    nn_csv_field *fields = nn_lengthen(memory, r->fields, r->n, r->fields_room, room, sizeof *fields);
    if (!fields) {
        fail_memory(r, room * sizeof *fields);
        return FAILED;
    }
    r->fields = fields;
    r->fields_room = room;
    return FOUND;
}

static ad_status grow_block(nn_csv_records *r)
{
    ad_memory *memory = &r->source->dataset->memory;
    const size_t room = r->room ? 2 * r->room : BLOCK;
    char *block = nn_lengthen(memory, r->block, r->end, r->room + 1, room + 1, 1);
    if (!block)
        return fail_memory(r, room + 1);
    r->block = block;
    r->room = room;
    return AD_OK;
}

/* The record moves to the front of the block, which is filled behind it. The block doubles if the record fills it, so
 * a long record is looked at twice in all. */
static ad_status refill(nn_csv_records *r)
{
    size_t got = 0;
    if (r->begin > 0)
        memmove(r->block, r->block + r->begin, r->end - r->begin);
    r->end -= r->begin;
    r->begin = 0;
    if (r->end == r->room || !r->block) {
        ad_status status = grow_block(r);
        if (status != AD_OK)
            return status;
    }
    ad_status status = nn_source_read(r->source, r->block + r->end, r->room - r->end, &got);
    r->is_last = got < r->room - r->end;
    r->end += got;
    r->block[r->end] = '\n';
    return status;
}

/* ---- Fields ------------------------------------------------------------------------------------------------------ */

/* Where a field without quotes ends: at a delimiter, a line end, a carriage return, a 0, or the end of the block. */
static char *find_stop(nn_csv_records *r, char *at)
{
    for (;; at++) {
        while (r->kind[(unsigned char)*at] == ORDINARY)
            at++;
        if (r->kind[(unsigned char)*at] == STOP)
            return at;
        r->is_odd = true;
    }
}

static void count_lines(nn_csv_records *r, const char *at, const char *end)
{
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        r->next_line++;
        at++;
    }
}

/* Finds the closing quote of the last field, whose text begins behind the opening one. */
static outcome close_quote(nn_csv_records *r, char **end)
{
    char *const limit = r->block + r->end, *quote = r->fields[r->n - 1].at;
    r->is_odd = true;
    for (;; quote += 2) {
        quote = memchr(quote, '"', (size_t)(limit - quote));
        if (!quote && !r->is_last)
            return CUT_OFF;
        if (!quote) {
            fail_field(r, r->n - 1, "this quote is never closed");
            return FAILED;
        }
        if (quote[1] != '"') /* behind the block stands a line end */
            break;
    }
    r->fields[r->n - 1].n = (size_t)(quote - r->fields[r->n - 1].at);
    count_lines(r, r->fields[r->n - 1].at, quote);
    *end = quote + 1;
    return FOUND;
}

/* Finds the end of one field, and adds the field. */
static outcome add_field(nn_csv_records *r, char *at, char **end)
{
    if (r->n == r->fields_room && grow_fields(r) == FAILED)
        return FAILED;
    nn_csv_field *f = &r->fields[r->n++];
    if (*at == '"') { /* behind the block stands a line end */
        f->at = at + 1;
        return close_quote(r, end);
    }
    *end = find_stop(r, at);
    *f = (nn_csv_field){.at = at, .n = (size_t)(*end - at)};
    return FOUND;
}

/* What stands behind a field where no delimiter does: the end of the record; `at` moves behind it. */
static outcome end_record(nn_csv_records *r, char **at)
{
    char *const limit = r->block + r->end;
    const bool is_return = *at < limit && **at == '\r';
    if (!r->is_last && *at + is_return >= limit)
        return CUT_OFF;
    *at += is_return;
    if (*at >= limit || **at == '\n') {
        *at += *at < limit;
        return FOUND;
    }
    if (is_return)
        fail_field(r, r->n - 1,
                   "a carriage return stands here without a line feed; save the file with line ends LF or "
                   "CRLF, and quote fields that contain one");
    else if (**at == '\0')
        fail_field(r, r->n - 1, "this field has a byte 0; save the file as text in UTF-8");
    else
        fail_field(r, r->n - 1, "text follows the closing quote; write a quote within quotes twice");
    return FAILED;
}

/* Finds the record that begins at `begin`. If the block ends before it does, the record is looked for again. */
static outcome find_record(nn_csv_records *r)
{
    char *at = r->block + r->begin;
    r->n = 0;
    r->next_line = r->line + 1;
    r->is_odd = false;
    for (;; at++) {
        const outcome found = add_field(r, at, &at);
        if (found != FOUND)
            return found;
        if (*at != r->delimiter || at == r->block + r->end)
            break;
    }
    const outcome ended = end_record(r, &at);
    r->next = (size_t)(at - r->block);
    return ended;
}

/* ---- What quotes and UTF-8 need ---------------------------------------------------------------------------------- */

/* Doubled quotes become one. What is left over is filled with quotes, so that lines are counted once. */
static void take_out_quotes(nn_csv_field *f)
{
    char *from = f->at, *to = f->at, *const end = f->at + f->n;
    while (from < end) {
        const char c = *from++;
        *to++ = c;
        from += c == '"';
    }
    memset(to, '"', (size_t)(end - to));
    f->n = (size_t)(to - f->at);
}

static ad_status finish_fields(nn_csv_records *r)
{
    const char *const begin = r->block + r->begin;
    for (size_t i = 0; i < r->n; i++) {
        nn_csv_field *f = &r->fields[i];
        if (!nn_is_utf8(f->at, f->n))
            return fail_field(
                r, i, "this field is not UTF-8; save the file as UTF-8, for instance: iconv -f WINDOWS-1252 -t UTF-8");
        if (memchr(f->at, '\0', f->n))
            return fail_field(r, i, "this field has a byte 0; save the file as text in UTF-8");
        if (f->at > begin && f->at[-1] == '"' && memchr(f->at, '"', f->n))
            take_out_quotes(f);
    }
    return AD_OK;
}

/* ---- Records ----------------------------------------------------------------------------------------------------- */

/* The next record, which may be an empty line. */
static ad_status find_next(nn_csv_records *r)
{
    ad_status status = AD_OK;
    outcome found = CUT_OFF;
    r->begin = r->next;
    r->line = r->next_line;
    while (status == AD_OK && found == CUT_OFF) {
        if (r->begin == r->end && r->is_last) {
            r->n = 0;
            return AD_OK;
        }
        found = find_record(r);
        if (found == CUT_OFF)
            status = refill(r);
    }
    if (found == FAILED)
        return r->source->dataset->status;
    return status == AD_OK && r->is_odd ? finish_fields(r) : status;
}

static bool is_empty_line(const nn_csv_records *r)
{
    return r->n == 1 && r->fields[0].n == 0 && r->fields[0].at == r->block + r->begin;
}

static ad_status fail_end(const nn_csv_records *r)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_put(&w, r->source->name);
    if (r->width == 0)
        nn_put(&w, ": has no header and no rows; give a table");
    else {
        nn_put(&w, ": has a header and no rows; if the first line is a row: ");
        nn_put_option(&w, "no_header", "true");
    }
    return nn_dataset_fail(r->source->dataset, AD_BAD_FILE, "%s", text);
}

/* A record that was found, and counted. */
static ad_status check_record(nn_csv_records *r)
{
    char text[64];
    const bool is_header = r->width == 0 && r->has_header;
    if (r->rows == INT32_MAX) {
        snprintf(text, sizeof text, "more than %d rows; split the file", INT32_MAX);
        return fail_line(r, r->line, text);
    }
    r->rows += !is_header;
    r->width = r->width ? r->width : r->n;
    return r->n == r->width ? AD_OK : fail_width(r);
}

ad_status nn_csv_records_next(nn_csv_records *r)
{
    char text[64];
    int64_t empty = 0; /* empty lines at the end of the file are no records */
    ad_status status = find_next(r);
    while (status == AD_OK && r->n > 0 && is_empty_line(r)) {
        empty = empty ? empty : r->line;
        status = find_next(r);
    }
    if (status != AD_OK)
        return status;
    if (r->n == 0)
        return r->rows ? AD_OK : fail_end(r);
    if (!empty)
        return check_record(r);
    snprintf(text, sizeof text, "line %" PRId64 " is empty; remove it", empty);
    return fail_line(r, empty, text);
}

ad_status nn_csv_records_open(nn_csv_records *r, nn_source *source, char delimiter, bool has_header)
{
    *r =
        (nn_csv_records){.source = source, .delimiter = delimiter, .has_header = has_header, .line = 1, .next_line = 1};
    for (int c = 0x80; c < 0x100; c++)
        r->kind[c] = HIGH;
    r->kind[0] = r->kind['\n'] = r->kind['\r'] = r->kind[(unsigned char)delimiter] = STOP;
    const ad_status status = refill(r);
    if (status == AD_OK && r->end >= 3 && memcmp(r->block, "\xef\xbb\xbf", 3) == 0)
        r->next = 3;
    return status;
}

void nn_csv_records_close(nn_csv_records *r)
{
    ad_memory *memory = &r->source->dataset->memory;
    ad_memory_release(memory, r->fields, r->fields_room, sizeof *r->fields);
    if (r->block)
        ad_memory_release(memory, r->block, r->room + 1, 1);
}
