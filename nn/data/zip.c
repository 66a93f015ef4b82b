/* Zip archives (PKWARE's APPNOTE 6.3, sections 4.3 and 4.5). All numbers are little-endian. The end record is the last
 * of the file and says where the central directory lies; a size in it that 32 bits do not hold stands in ZIP64's
 * records. NumPy writes ZIP64 extra fields into the local headers of small members, too, so a local header's own
 * lengths count. */
#include "zip.h"

#include <string.h>

#include "../options/writer.h"

enum {
    END_BYTES = 22,
    LOCATOR_BYTES = 20,
    END64_BYTES = 56,
    CENTRAL_BYTES = 46,
    LOCAL_BYTES = 30,
    STORED = 0,
    DEFLATED = 8,
    ENCRYPTED = 1,
    /* Bits 1 and 2: how hard deflate tried. 3: sizes stand behind the data, too. 11: the name is UTF-8. */
    KNOWN_FLAGS = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 11,
    ZIP64_FIELD = 1
};

static uint64_t number(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t k = bytes; k-- > 0;)
        value = value << 8 | at[k];
    return value;
}

static bool has_signature(const unsigned char *at, unsigned first, unsigned second)
{
    return at[0] == 'P' && at[1] == 'K' && at[2] == first && at[3] == second;
}

/* Reads bytes of the file that were proven to lie in it. */
static ad_status read_at(nn_source *s, uint64_t at, void *to, size_t bytes)
{
    size_t got = 0;
    ad_status status = nn_source_seek(s, at);
    if (status == AD_OK)
        status = nn_source_read(s, to, bytes, &got);
    if (status == AD_OK && got < bytes)
        return nn_source_fail(s, "became shorter while it was read; %s", s->remedy);
    return status;
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

typedef struct end_record {
    uint64_t at; /* where the records of the end begin, and so the directory ends */
    uint64_t disk, directory_disk, count_here, count, bytes, directory;
} end_record;

static ad_status fail_end(const nn_source *s, const unsigned char *start)
{
    if (memcmp(start, "\x93NUMPY", 6) == 0)
        return nn_source_fail(s, "is an .npy file of one array; read it with nn_dataset_read_npy");
    if (start[0] != 'P' || start[1] != 'K')
        return nn_source_fail(
            s,
            "not a zip archive: it begins with %02x %02x %02x %02x, not 50 4b; check the path, or save "
            "x with numpy.savez",
            start[0], start[1], start[2], start[3]);
    return nn_source_fail(s,
                          "cut, or something stands behind its end: the end record of a zip archive is not its last; "
                          "%s",
                          s->remedy);
}

/* ZIP64's end record, which a locator just before the old one points to. */
static ad_status read_end64(nn_source *s, end_record *e)
{
    unsigned char l[LOCATOR_BYTES], r[END64_BYTES];
    if (e->at < LOCATOR_BYTES + END64_BYTES)
        return nn_source_fail(s, "corrupt: it has no room for the end record of ZIP64; %s", s->remedy);
    ad_status status = read_at(s, e->at - LOCATOR_BYTES, l, sizeof l);
    if (status != AD_OK)
        return status;
    if (!has_signature(l, 6, 7) || number(l + 4, 4) != 0 || number(l + 16, 4) != 1 ||
        number(l + 8, 8) != e->at - LOCATOR_BYTES - END64_BYTES)
        return nn_source_fail(s, "corrupt: ZIP64's end record is not where it belongs; %s", s->remedy);
    e->at -= LOCATOR_BYTES + END64_BYTES;
    status = read_at(s, e->at, r, sizeof r);
    if (status != AD_OK)
        return status;
    if (!has_signature(r, 6, 6) || number(r + 4, 8) != END64_BYTES - 12)
        return nn_source_fail(s, "corrupt: ZIP64's end record is not one; %s", s->remedy);
    e->disk = number(r + 16, 4);
    e->directory_disk = number(r + 20, 4);
    e->count_here = number(r + 24, 8);
    e->count = number(r + 32, 8);
    e->bytes = number(r + 40, 8);
    e->directory = number(r + 48, 8);
    return AD_OK;
}

static ad_status read_end(nn_source *s, end_record *e)
{
    unsigned char start[6] = {0}, r[END_BYTES];
    if (s->is_gzip)
        return nn_source_fail(s, "is gzipped; gunzip it first");
    ad_status status = read_at(s, 0, start, s->length < sizeof start ? (size_t)s->length : sizeof start);
    if (status == AD_OK && s->length < END_BYTES)
        return fail_end(s, start);
    if (status == AD_OK)
        status = read_at(s, s->length - END_BYTES, r, sizeof r);
    if (status != AD_OK)
        return status;
    if (!has_signature(r, 5, 6) || number(r + 20, 2) != 0)
        return fail_end(s, start);
    *e = (end_record){.at = s->length - END_BYTES,
                      .disk = number(r + 4, 2),
                      .directory_disk = number(r + 6, 2),
                      .count_here = number(r + 8, 2),
                      .count = number(r + 10, 2),
                      .bytes = number(r + 12, 4),
                      .directory = number(r + 16, 4)};
    bool is_64 = e->count == UINT16_MAX || e->bytes == UINT32_MAX || e->directory == UINT32_MAX;
    return is_64 ? read_end64(s, e) : AD_OK;
}

static ad_status check_end(const nn_source *s, const end_record *e)
{
    if (e->disk != 0 || e->directory_disk != 0 || e->count_here != e->count)
        return nn_source_fail(s, "is one part of an archive in several; put it together first");
    if (e->directory > e->at || e->bytes != e->at - e->directory)
        return nn_source_fail(s, "corrupt: its directory does not lie where the end record says; %s", s->remedy);
    if (e->count > e->bytes / CENTRAL_BYTES)
        return nn_source_fail(s, "corrupt: its directory has no room for %llu members; %s",
                              (unsigned long long)e->count, s->remedy);
    return AD_OK;
}

/* ---- The directory ----------------------------------------------------------------------------------------------- */

/* A number of 32 bits that are all 1 stands in the field of ZIP64. Those that do stand there in a fixed order. */
static bool take_wide(uint64_t *value, uint64_t mark, size_t bytes, const unsigned char **field, size_t *left)
{
    if (*value != mark)
        return true;
    if (*left < bytes)
        return false;
    *value = number(*field, bytes);
    *field += bytes;
    *left -= bytes;
    return true;
}

/* Looks through the extra fields. False if they are broken or lack what is needed. */
static bool read_extra(nn_zip_entry *e, const unsigned char *extra, size_t bytes)
{
    const unsigned char *wide = extra;
    size_t left = 0;
    for (unsigned found = 0; bytes > 0;) {
        size_t length = bytes < 4 ? 0 : (size_t)number(extra + 2, 2);
        if (bytes < 4 || length > bytes - 4)
            return false;
        if (number(extra, 2) == ZIP64_FIELD) {
            wide = extra + 4;
            left = length;
            if (found++)
                return false;
        }
        extra += 4 + length;
        bytes -= 4 + length;
    }
    nn_member *m = &e->member;
    return take_wide(&m->length, UINT32_MAX, 8, &wide, &left) && take_wide(&m->packed, UINT32_MAX, 8, &wide, &left) &&
           take_wide(&m->at, UINT32_MAX, 8, &wide, &left) && take_wide(&e->disk, UINT16_MAX, 4, &wide, &left);
}

/* Reads the entry at the beginning of so many bytes. Returns its length; 0 if it is none. */
static size_t read_entry(const unsigned char *c, size_t bytes, nn_zip_entry *e)
{
    if (bytes < CENTRAL_BYTES || !has_signature(c, 1, 2))
        return 0;
    size_t name = (size_t)number(c + 28, 2), extra = (size_t)number(c + 30, 2), comment = (size_t)number(c + 32, 2);
    if (name + extra + comment > bytes - CENTRAL_BYTES)
        return 0;
    *e = (nn_zip_entry){.member = {.at = number(c + 42, 4),
                                   .packed = number(c + 20, 4),
                                   .length = number(c + 24, 4),
                                   .checksum = (uint32_t)number(c + 16, 4)},
                        .flags = (unsigned)number(c + 8, 2),
                        .method = (unsigned)number(c + 10, 2),
                        .disk = number(c + 34, 2),
                        .name_bytes = name,
                        .name = c + CENTRAL_BYTES};
    e->member.is_deflated = e->method == DEFLATED;
    return read_extra(e, e->name + name, extra) ? CENTRAL_BYTES + name + extra + comment : 0;
}

/* All entries, one after the other, must fill the directory. */
static ad_status check_directory(nn_zip *z)
{
    nn_writer names = nn_writer_into(z->names, sizeof z->names - 4);
    size_t at = 0;
    for (uint64_t i = 0; i < z->count; i++) {
        nn_zip_entry e;
        char shown[NN_SHOWN_BYTES];
        size_t bytes = read_entry(z->directory + at, z->bytes - at, &e);
        if (bytes == 0)
            return nn_source_fail(z->source, "corrupt: entry %llu of its directory is none; %s", (unsigned long long)i,
                                  z->source->remedy);
        at += bytes;
        nn_put(&names, i > 0 ? ", " : "");
        nn_put(&names, nn_show_bytes(shown, e.name, e.name_bytes));
    }
    if (names.n >= names.size)
        strcat(z->names, " ...");
    if (at < z->bytes)
        return nn_source_fail(z->source, "corrupt: its directory goes on behind %llu members; %s",
                              (unsigned long long)z->count, z->source->remedy);
    return AD_OK;
}

ad_status nn_zip_open(nn_zip *z, nn_source *s)
{
    end_record e = {0};
    *z = (nn_zip){.source = s};
    ad_status status = read_end(s, &e);
    if (status == AD_OK)
        status = check_end(s, &e);
    if (status != AD_OK)
        return status;
    z->directory = ad_memory_take(&s->dataset->memory, (size_t)e.bytes, 1);
    if (!z->directory)
        return nn_source_fail_memory(s, (size_t)e.bytes);
    z->bytes = (size_t)e.bytes;
    z->count = e.count;
    z->at = e.directory;
    status = read_at(s, z->at, z->directory, z->bytes);
    return status == AD_OK ? check_directory(z) : status;
}

void nn_zip_close(nn_zip *z) { ad_memory_release(&z->source->dataset->memory, z->directory, z->bytes, 1); }

uint64_t nn_zip_find(const nn_zip *z, const char *name, size_t bytes, nn_zip_entry *entry)
{
    uint64_t found = 0;
    for (size_t at = 0; at < z->bytes;) {
        nn_zip_entry e;
        at += read_entry(z->directory + at, z->bytes - at, &e);
        if (e.name_bytes == bytes && memcmp(e.name, name, bytes) == 0) {
            *entry = e;
            found++;
        }
    }
    return found;
}

/* ---- A member ---------------------------------------------------------------------------------------------------- */

static ad_status check_entry(const nn_source *s, const nn_zip_entry *e, const char *name)
{
    const nn_member *m = &e->member;
    if (e->flags & ENCRYPTED)
        return nn_source_fail(s, "%s is encrypted; save it without a password", name);
    if (e->method != STORED && e->method != DEFLATED)
        return nn_source_fail(s,
                              "%s is compressed by method %u, stored and deflated (0, 8) are read; save it with "
                              "numpy.savez or numpy.savez_compressed",
                              name, e->method);
    if (e->flags & ~(unsigned)KNOWN_FLAGS || e->disk != 0)
        return nn_source_fail(s, "%s has flags %04x and part %llu, which are not read; %s", name, e->flags,
                              (unsigned long long)e->disk, s->remedy);
    if (m->is_deflated ? !nn_deflate_could_hold(m->packed, m->length) : m->packed != m->length)
        return nn_source_fail(s, "%s cannot have %llu bytes in the %llu that it takes in the archive; %s", name,
                              (unsigned long long)m->length, (unsigned long long)m->packed, s->remedy);
    return AD_OK;
}

static ad_status fail_local(const nn_source *s, const char *name)
{
    return nn_source_fail(s, "corrupt: the header before %s is not what the directory says; %s", name, s->remedy);
}

/* The local header says again what the directory does, and where the data begin. */
static ad_status read_local(const nn_zip *z, const nn_zip_entry *e, const char *name, nn_member *m)
{
    unsigned char h[LOCAL_BYTES];
    unsigned char part[256];
    *m = e->member;
    if (m->at > z->at || z->at - m->at < LOCAL_BYTES + e->name_bytes)
        return fail_local(z->source, name);
    ad_status status = read_at(z->source, m->at, h, sizeof h);
    if (status != AD_OK)
        return status;
    uint64_t before = LOCAL_BYTES + number(h + 26, 2) + number(h + 28, 2);
    if (!has_signature(h, 3, 4) || number(h + 6, 2) != e->flags || number(h + 8, 2) != e->method ||
        number(h + 26, 2) != e->name_bytes || z->at - m->at < before || z->at - m->at - before < m->packed)
        return fail_local(z->source, name);
    for (size_t at = 0, n; at < e->name_bytes; at += n) {
        n = e->name_bytes - at < sizeof part ? e->name_bytes - at : sizeof part;
        status = read_at(z->source, m->at + LOCAL_BYTES + at, part, n);
        if (status != AD_OK)
            return status;
        if (memcmp(part, e->name + at, n) != 0)
            return fail_local(z->source, name);
    }
    m->at += before;
    return AD_OK;
}

ad_status nn_zip_enter(const nn_zip *z, const nn_zip_entry *e)
{
    char name[NN_SHOWN_BYTES];
    nn_member m;
    nn_show_bytes(name, e->name, e->name_bytes);
    ad_status status = check_entry(z->source, e, name);
    if (status == AD_OK)
        status = read_local(z, e, name, &m);
    return status == AD_OK ? nn_source_enter(z->source, &m, name) : status;
}
