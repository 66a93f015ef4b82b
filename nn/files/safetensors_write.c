/* A safetensors file that is written. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "../data/source.h"
#include "descriptor.h"
#include "header.h"
#include "pieces.h"
#include "replace.h"

enum { BLOCK = 1 << 18 };

/* A file as it goes to the disk. */
typedef struct output {
    nn_replacement replacement;
    uint32_t checksum;
    unsigned char block[BLOCK];
} output;

/* Sums up and writes what is still in the processor's cache. */
static bool write_bytes(output *o, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t done = 0; done < n;) {
        const size_t some = n - done < BLOCK ? n - done : BLOCK;
        o->checksum = (uint32_t)crc32(o->checksum, at + done, (unsigned)some);
        if (!nn_replace_write(&o->replacement, at + done, some))
            return false;
        done += some;
    }
    return true;
}

static bool write_tensor(output *o, const nn_file_tensor *t)
{
    const size_t bytes = nn_file_element(t->type);
    uint64_t all;
    nn_piece piece = {.rows = 0};
    nn_file_bytes(t, &all);
    if (!t->is_transposed || all == 0)
        return write_bytes(o, t->data, (size_t)all);
    while (nn_next_piece(&piece, t, BLOCK / bytes)) {
        nn_gather_piece(&piece, t, o->block, t->data);
        if (!write_bytes(o, o->block, piece.rows * piece.columns * bytes))
            return false;
    }
    return true;
}

static bool write_header(output *o, const nn_text *header)
{
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header->n >> 8 * i);
    return write_bytes(o, length, sizeof length) && write_bytes(o, header->at, header->n);
}

/* The checksum is known at the end, so its digits are written last: they were summed up as 0. */
static bool write_checksum(output *o, size_t at)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%08lx", (unsigned long)o->checksum);
    return nn_replace_write_at(&o->replacement, digits, 8, 8 + at);
}

static bool write_all(output *o, const nn_text *header, const nn_file_tensor **sorted, size_t n, size_t checksum)
{
    bool written = write_header(o, header);
    for (size_t i = 0; written && i < n; i++)
        written = write_tensor(o, sorted[i]);
    return written && write_checksum(o, checksum);
}

static ad_status fail(const char *path, const char *why, ad_status status, char *message, size_t size)
{
    char shown[NN_NAME_BYTES];
    nn_writer w = nn_writer_into(message, size);
    nn_show_path(shown, path);
    nn_put(&w, shown);
    nn_put(&w, ": cannot be written: ");
    nn_put(&w, why);
    return status;
}

/* Whether a file may be replaced: it is empty, or not there any more, or begins as safetensors. All else is somebody's
 * data. */
static bool may_replace(int folder, const char *name)
{
    enum { BEGINNING = 9 };
    unsigned char at[BEGINNING];
    size_t got = 0;
    uint64_t length = 0;
    const int old = nn_open_at(folder, name, O_RDONLY, 0);
    if (old < 0)
        return errno == ENOENT;
    const bool is_read = nn_read_some_at(old, at, sizeof at, 0, &got);
    close(old);
    for (size_t i = 8; got == sizeof at && i-- > 0;)
        length = length << 8 | at[i];
    return is_read && (got == 0 || (got == sizeof at && length <= NN_FILE_HEADER && at[8] == '{'));
}

/* Begins to replace a file that may be, and looks whether as many as `keep` before it can be kept. */
static bool begin(nn_replacement *r, const char *path, int64_t keep, ad_memory *memory, char *message, size_t size)
{
    if (!nn_replace_begin(r, path, memory, message, size))
        return false;
    r->may_replace = may_replace;
    if (r->has_old && !may_replace(r->folder, r->name))
        return nn_replace_refuse(r, "what is there is no safetensors file", "; give another path, or remove it");
    return nn_replace_look(r, keep);
}

static ad_status write_file(const nn_file_content *content, const char *path, int64_t keep, const nn_text *header,
                            const nn_file_tensor **sorted, size_t checksum, char *message, size_t size)
{
    output *o = ad_memory_take(header->memory, 1, sizeof *o);
    if (!o)
        return fail(path, "memory is out", AD_NO_MEMORY, message, size);
    o->checksum = (uint32_t)crc32(0, NULL, 0);
    if (begin(&o->replacement, path, 0, header->memory, message, size) &&
        write_all(o, header, sorted, content->n_tensors, checksum))
        nn_replace_end(&o->replacement, keep);
    nn_replace_close(&o->replacement);
    const ad_status status = o->replacement.status;
    ad_memory_release(header->memory, o, 1, sizeof *o);
    return status;
}

ad_status nn_safetensors_write(const nn_file_content *content, const char *path, int64_t keep, ad_memory *memory,
                               char *message, size_t size)
{
    char why[512];
    size_t checksum = 0;
    nn_text header = {.memory = memory};
    nn_writer w = nn_writer_into(why, sizeof why);
    const nn_file_tensor **sorted = ad_memory_take(memory, content->n_tensors, sizeof *sorted);
    if (!sorted)
        return fail(path, "memory is out", AD_NO_MEMORY, message, size);
    ad_status status = nn_header_write(content, sorted, &header, &checksum, &w);
    status = status == AD_OK ? write_file(content, path, keep, &header, sorted, checksum, message, size)
                             : fail(path, why, status, message, size);
    nn_text_release(&header);
    ad_memory_release(memory, sorted, content->n_tensors, sizeof *sorted);
    return status;
}

ad_status nn_safetensors_try(const char *path, int64_t keep, ad_memory *memory, char *message, size_t size)
{
    nn_replacement r;
    begin(&r, path, keep, memory, message, size);
    nn_replace_close(&r);
    return r.status;
}
