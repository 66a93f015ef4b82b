/* Rows of results. Lines are put together in memory and written many at once, each of them whole. */
#include "rows.h"

#include <inttypes.h>
#include <string.h>

#include "../nn/options/number.h"
#include "json.h"

/* Writes rows to a file. */
typedef struct pen {
    const cli_rows *rows;
    FILE *to;
    nn_text text; /* what is not written yet */
    char between; /* fields of a table */
} pen;

static void put(pen *p, const char *text) { nn_text_add(&p->text, text, strlen(text)); }

/* Writes what there is, if it is enough. Returns whether there is a point in going on. */
static bool write_out(pen *p, size_t enough)
{
    if (p->text.failed || p->text.n < enough)
        return !p->text.failed;
    const bool is_written = fwrite(p->text.at, 1, p->text.n, p->to) == p->text.n;
    p->text.n = 0;
    return is_written;
}

enum { ENOUGH = 1 << 16 };

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static void put_quoted(pen *p, const char *text)
{
    put(p, "\"");
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        nn_text_add(&p->text, text, (size_t)(quote - text));
        put(p, "\"\"");
    }
    put(p, text);
    put(p, "\"");
}

static void put_field(pen *p, int64_t place, const char *text)
{
    const char special[] = {p->between, '"', '\n', '\r', 0};
    if (place)
        nn_text_add(&p->text, &p->between, 1);
    if (strpbrk(text, special))
        put_quoted(p, text);
    else
        put(p, text);
}

static void put_names(pen *p)
{
    const cli_rows *r = p->rows;
    for (int64_t j = 0; j < r->n_ids + r->n; j++)
        put_field(p, j, j < r->n_ids ? r->id_names[j] : r->names[j - r->n_ids]);
    put(p, "\n");
}

static void put_cell(pen *p, int64_t place, int64_t i)
{
    const cli_rows *r = p->rows;
    char number[NN_REAL_TEXT];
    if (r->cells == CLI_CELLS_TEXTS) {
        put_field(p, place, r->texts[i]);
        return;
    }
    if (r->cells == CLI_CELLS_REALS)
        nn_f32_text(r->reals[i], number);
    else
        snprintf(number, sizeof number, "%" PRId32, r->integers[i]);
    put_field(p, place, number);
}

static void write_table(pen *p)
{
    const cli_rows *r = p->rows;
    put_names(p);
    for (int64_t i = 0; i < r->rows && write_out(p, ENOUGH); i++) {
        for (int64_t j = 0; j < r->n_ids; j++)
            put_field(p, j, r->ids[i * r->n_ids + j]);
        for (int64_t j = 0; j < r->n; j++)
            put_cell(p, r->n_ids + j, i * r->n + j);
        put(p, "\n");
    }
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void put_value(const cli_rows *r, nn_json_writer *w, int64_t i)
{
    switch (r->cells) {
    case CLI_CELLS_TEXTS: nn_json_text(w, r->texts[i]); break;
    case CLI_CELLS_REALS: cli_put_json_f32(w, r->reals[i]); break;
    case CLI_CELLS_INTEGERS:
    case CLI_CELLS_FLAGS: nn_json_integer(w, r->integers[i]); break;
    }
}

static void write_objects(pen *p)
{
    const cli_rows *r = p->rows;
    for (int64_t i = 0; i < r->rows && write_out(p, ENOUGH); i++) {
        nn_json_writer w = {.to = &p->text};
        nn_json_begin(&w, '{');
        for (int64_t j = 0; j < r->n_ids; j++)
            cli_put_json_text(&w, r->id_names[j], r->ids[i * r->n_ids + j]);
        for (int64_t j = 0; j < r->n; j++) {
            nn_json_key(&w, r->names[j]);
            put_value(r, &w, i * r->n + j);
        }
        nn_json_end(&w, '}');
        put(p, "\n");
    }
}

/* ---- NumPy's array ----------------------------------------------------------------------------------------------- */

/* The whole head is a multiple of 64 bytes: magic, version, length of the header, header, a line end. */
static void put_head(pen *p)
{
    enum { BEFORE = 10 };
    static const char *const types[] = {
        [CLI_CELLS_INTEGERS] = "<i4", [CLI_CELLS_FLAGS] = "|u1", [CLI_CELLS_REALS] = "<f4"};
    const cli_rows *r = p->rows;
    char head[128], width[32] = "";
    if (r->cells != CLI_CELLS_INTEGERS)
        snprintf(width, sizeof width, " %" PRId64, r->n);
    const int n = snprintf(head, sizeof head, "{'descr': '%s', 'fortran_order': False, 'shape': (%" PRId64 ",%s), }",
                           types[r->cells], r->rows, width);
    const size_t length = ((size_t)n + 1 + BEFORE + 63) / 64 * 64 - BEFORE;
    nn_text_add(&p->text, "\x93NUMPY\1\0", 8);
    nn_text_add(&p->text, (const char[]){(char)(length & 255), (char)(length >> 8)}, 2);
    put(p, head);
    for (size_t i = (size_t)n; i + 1 < length; i++)
        put(p, " ");
    put(p, "\n");
}

/* The lowest byte comes first on every machine. */
static void put_bytes(pen *p, uint32_t bits)
{
    const char bytes[] = {(char)(bits & 255), (char)(bits >> 8 & 255), (char)(bits >> 16 & 255), (char)(bits >> 24)};
    nn_text_add(&p->text, bytes, p->rows->cells == CLI_CELLS_FLAGS ? 1 : sizeof bytes);
}

static void write_array(pen *p)
{
    const cli_rows *r = p->rows;
    put_head(p);
    for (int64_t i = 0; i < r->rows * r->n && write_out(p, ENOUGH); i++) {
        uint32_t bits;
        if (r->cells == CLI_CELLS_REALS)
            memcpy(&bits, &r->reals[i], sizeof bits);
        else
            bits = (uint32_t)r->integers[i];
        put_bytes(p, bits);
    }
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

int cli_write_rows(cli_arguments *a, const cli_rows *rows, cli_format format, FILE *to)
{
    static void (*const writers[CLI_FORMATS])(pen *) = {[CLI_FORMAT_CSV] = write_table,
                                                        [CLI_FORMAT_TSV] = write_table,
                                                        [CLI_FORMAT_JSONL] = write_objects,
                                                        [CLI_FORMAT_NPY] = write_array};
    pen p = {.rows = rows, .to = to, .text.memory = &a->memory, .between = format == CLI_FORMAT_TSV ? '\t' : ','};
    writers[format](&p);
    if (!ferror(to))
        write_out(&p, 1);
    const bool failed = p.text.failed;
    nn_text_release(&p.text);
    return failed ? cli_say(CLI_NO_MEMORY, " for the lines of the results") : CLI_OK;
}
