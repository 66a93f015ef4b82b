/* A safetensors file that is read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "../data/source.h"
#include "descriptor.h"
#include "header.h"
#include "pieces.h"

enum { BLOCK = 1 << 18 };

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

static nn_writer begin_message(const nn_safetensors *f, char *message, size_t size)
{
    char shown[NN_NAME_BYTES];
    nn_writer w = nn_writer_into(message, size);
    nn_show_path(shown, f->path);
    nn_put(&w, shown);
    nn_put(&w, ": ");
    return w;
}

static ad_status fail_memory(nn_writer *w)
{
    nn_put(w, "memory is out");
    return AD_NO_MEMORY;
}

static ad_status fail_system(nn_writer *w, int error)
{
    nn_put(w, "cannot be read: ");
    nn_put_error(w, error);
    return AD_BAD_FILE;
}

static ad_status fail(nn_writer *w, const char *what)
{
    nn_put(w, what);
    return AD_BAD_FILE;
}

/* Names the checkpoint before a file that is damaged, if there is one. */
static void put_checkpoint(const nn_safetensors *f, nn_writer *w)
{
    char shown[NN_NAME_BYTES];
    struct stat about;
    const size_t n = strlen(f->path), bytes = n + 3;
    char *before = ad_memory_take(f->memory, bytes, 1);
    if (!before)
        return;
    memcpy(before, f->path, n);
    memcpy(before + n, ".1", 3);
    if (stat(before, &about) == 0 && S_ISREG(about.st_mode)) {
        nn_show_path(shown, before);
        nn_put(w, "; ");
        nn_put(w, shown);
        nn_put(w, " is the checkpoint before it");
    }
    ad_memory_release(f->memory, before, bytes, 1);
}

ad_status nn_safetensors_fail_damaged(const nn_safetensors *f, char *message, size_t size)
{
    nn_writer w = begin_message(f, message, size);
    if (!f->has_checksum)
        nn_put(&w, "damaged: it has no checksum");
    else if (f->is_rewritten)
        nn_put(&w, "rewritten by another program: its checksum is that of the file before");
    else
        nn_put(&w, "damaged: checksum differs (was the file cut or edited?)");
    put_checkpoint(f, &w);
    return AD_BAD_FILE;
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

/* O_NONBLOCK, because opening a pipe must not wait for its other end; for regular files it changes nothing. */
static ad_status open_file(nn_safetensors *f, nn_writer *w)
{
    struct stat about;
    do
        f->descriptor = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    while (f->descriptor < 0 && errno == EINTR);
    if (f->descriptor < 0 || fstat(f->descriptor, &about) != 0)
        return fail_system(w, errno);
    if (S_ISDIR(about.st_mode))
        return fail(w, "is a directory; give the path of a file in it");
    if (!S_ISREG(about.st_mode))
        return fail(w, "is not a regular file; copy what it gives into one");
    f->length = (uint64_t)about.st_size;
    return f->length > 0 ? AD_OK : fail(w, "is empty");
}

/* Reads bytes that the file had when it was opened. */
static ad_status read_bytes(const nn_safetensors *f, void *to, size_t n, uint64_t at, nn_writer *w)
{
    size_t got;
    if (!nn_read_some_at(f->descriptor, to, n, at, &got))
        return fail_system(w, errno);
    return got == n ? AD_OK : fail(w, "became shorter while it was read");
}

static ad_status read_length(nn_safetensors *f, unsigned char length[8], size_t *n, nn_writer *w)
{
    if (f->length < 8)
        return fail(w, "not a safetensors file: it has fewer than 8 bytes");
    const ad_status status = read_bytes(f, length, 8, 0, w);
    if (status != AD_OK)
        return status;
    uint64_t bytes = 0;
    for (int i = 8; i-- > 0;)
        bytes = bytes << 8 | length[i];
    if (bytes > NN_FILE_HEADER) {
        char shown[NN_SHOWN_BYTES];
        nn_put(w, "not a safetensors file: it begins with ");
        nn_put(w, nn_show_bytes(shown, length, 8));
        return fail(w, "; give the path of a model");
    }
    if (bytes > f->length - 8) {
        nn_put_format(w, "cut: its header should have %llu bytes, %llu are there", (unsigned long long)bytes,
                      (unsigned long long)(f->length - 8));
        return AD_BAD_FILE;
    }
    f->data = 8 + bytes;
    *n = (size_t)bytes;
    return AD_OK;
}

/* ---- The checksum ------------------------------------------------------------------------------------------------ */

static uint32_t sum(uint32_t checksum, const void *bytes, size_t n)
{
    return (uint32_t)crc32(checksum, bytes, (unsigned)n);
}

static ad_status sum_tensor(const nn_safetensors *f, nn_file_tensor *t, unsigned char *block, nn_writer *w)
{
    t->checksum = sum(0, NULL, 0);
    for (uint64_t at = t->begin; at < t->end;) {
        const size_t n = t->end - at < BLOCK ? (size_t)(t->end - at) : BLOCK;
        const ad_status status = read_bytes(f, block, n, at, w);
        if (status != AD_OK)
            return status;
        t->checksum = sum(t->checksum, block, n);
        at += n;
    }
    return AD_OK;
}

/* The digits count as 0. The header is what was read into memory, so that what was parsed is what is summed up. */
static uint32_t sum_header(const unsigned char length[8], const char *text, size_t n, size_t digits)
{
    uint32_t checksum = sum(sum(0, NULL, 0), length, 8);
    checksum = sum(checksum, text, digits);
    checksum = sum(checksum, "00000000", 8);
    return sum(checksum, text + digits + 8, n - digits - 8);
}

/* Each tensor has a checksum of its own, of which the file's is made: what is read later is compared with it. */
static ad_status sum_file(nn_safetensors *f, uint32_t checksum, const char *digits, nn_writer *w)
{
    char wanted[16];
    unsigned char *block = ad_memory_take(f->memory, BLOCK, 1);
    if (!block)
        return fail_memory(w);
    ad_status status = AD_OK;
    for (size_t i = 0; status == AD_OK && i < f->content.n_tensors; i++) {
        nn_file_tensor *t = &f->content.tensors[i];
        status = sum_tensor(f, t, block, w);
        checksum = (uint32_t)crc32_combine(checksum, t->checksum, (z_off_t)(t->end - t->begin));
    }
    ad_memory_release(f->memory, block, BLOCK, 1);
    snprintf(wanted, sizeof wanted, "%08lx", (unsigned long)checksum);
    f->is_whole = status == AD_OK && memcmp(digits, wanted, 8) == 0;
    return status;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static ad_status read_header(nn_safetensors *f, const unsigned char length[8], char *text, size_t n, nn_writer *w)
{
    char why[512];
    size_t digits = 0;
    nn_writer reason = nn_writer_into(why, sizeof why);
    ad_status status = read_bytes(f, text, n, 8, w);
    if (status != AD_OK)
        return status;
    status = nn_header_read(f, text, n, &digits, &reason);
    nn_put(w, status == AD_BAD_FILE && strncmp(why, "cut", 3) != 0 ? "not a sound safetensors file: " : "");
    nn_put(w, why);
    return status == AD_OK && digits > 0 ? sum_file(f, sum_header(length, text, n, digits), text + digits, w) : status;
}

static ad_status read_file(nn_safetensors *f, nn_writer *w)
{
    unsigned char length[8];
    size_t n;
    ad_status status = read_length(f, length, &n, w);
    if (status != AD_OK)
        return status;
    char *text = ad_memory_take(f->memory, n, 1);
    if (!text)
        return fail_memory(w);
    status = read_header(f, length, text, n, w);
    ad_memory_release(f->memory, text, n, 1);
    return status;
}

ad_status nn_safetensors_open(nn_safetensors *f, const char *path, nn_store *store, char *message, size_t size)
{
    *f = (nn_safetensors){.descriptor = -1, .path = path, .memory = store->memory, .store = store};
    nn_writer w = begin_message(f, message, size);
    ad_status status = open_file(f, &w);
    if (status == AD_OK)
        status = read_file(f, &w);
    if (status == AD_BAD_FILE && f->length > 0)
        put_checkpoint(f, &w);
    if (status == AD_OK && size > 0)
        message[0] = 0;
    return status;
}

void nn_safetensors_close(nn_safetensors *f)
{
    if (f->descriptor >= 0)
        close(f->descriptor);
    f->descriptor = -1;
}

/* ---- What it has ------------------------------------------------------------------------------------------------- */

static int compare_name(const void *name, const void *tensor)
{
    return strcmp(name, (*(nn_file_tensor *const *)tensor)->name);
}

const nn_file_tensor *nn_safetensors_find(const nn_safetensors *f, const char *name)
{
    const nn_file_tensor *const *found =
        f->content.n_tensors ? bsearch(name, f->by_name, f->content.n_tensors, sizeof *f->by_name, compare_name) : NULL;
    return found ? *found : NULL;
}

const char *nn_safetensors_text(const nn_safetensors *f, const char *key)
{
    for (size_t i = 0; i < f->content.n_texts; i++)
        if (strcmp(f->content.texts[i].key, key) == 0)
            return f->content.texts[i].value;
    return NULL;
}

ad_status nn_safetensors_check_types(const nn_safetensors *f, char *message, size_t size)
{
    size_t i = 0;
    while (i < f->content.n_tensors && f->content.tensors[i].type < NN_FILE_TYPE_COUNT)
        i++;
    if (i == f->content.n_tensors)
        return AD_OK;
    nn_writer w = begin_message(f, message, size);
    nn_put(&w, "tensor ");
    nn_put_quoted(&w, f->content.tensors[i].name);
    nn_put(&w, " is of type ");
    nn_put(&w, f->content.tensors[i].type_name);
    nn_put(&w, "; a model has F64, I64, F32 and U8");
    return AD_BAD_FILE;
}

/* ---- Elements ---------------------------------------------------------------------------------------------------- */

static ad_status read_plain(const nn_safetensors *f, const nn_file_tensor *t, char *to, uint32_t *checksum,
                            nn_writer *w)
{
    for (uint64_t at = t->begin; at < t->end;) {
        const size_t n = t->end - at < BLOCK ? (size_t)(t->end - at) : BLOCK;
        const ad_status status = read_bytes(f, to, n, at, w);
        if (status != AD_OK)
            return status;
        *checksum = sum(*checksum, to, n);
        to += n;
        at += n;
    }
    return AD_OK;
}

static ad_status read_transposed(const nn_safetensors *f, const nn_file_tensor *t, void *to, uint32_t *checksum,
                                 nn_writer *w)
{
    const size_t bytes = nn_file_element(t->type);
    nn_piece piece = {.rows = 0};
    uint64_t at = t->begin;
    void *block = ad_memory_take(f->memory, BLOCK, 1);
    if (!block)
        return fail_memory(w);
    ad_status status = AD_OK;
    while (status == AD_OK && nn_next_piece(&piece, t, BLOCK / bytes)) {
        const size_t n = piece.rows * piece.columns * bytes;
        status = read_bytes(f, block, n, at, w);
        if (status != AD_OK)
            break;
        *checksum = sum(*checksum, block, n);
        nn_scatter_piece(&piece, t, block, to);
        at += n;
    }
    ad_memory_release(f->memory, block, BLOCK, 1);
    return status;
}

ad_status nn_safetensors_read(const nn_safetensors *f, const nn_file_tensor *t, void *to, char *message, size_t size)
{
    uint32_t checksum = sum(0, NULL, 0);
    if (t->type >= NN_FILE_TYPE_COUNT || (t->is_transposed && t->rank != 2))
        return nn_safetensors_check_types(f, message, size) == AD_OK ? AD_BAD_VALUE : AD_BAD_FILE;
    nn_writer w = begin_message(f, message, size);
    ad_status status = t->is_transposed && t->begin < t->end ? read_transposed(f, t, to, &checksum, &w)
                                                             : read_plain(f, t, to, &checksum, &w);
    if (status == AD_OK && f->is_whole && checksum != t->checksum)
        status = fail(&w, "was changed while it was read");
    if (status == AD_OK && size > 0)
        message[0] = 0;
    return status;
}
