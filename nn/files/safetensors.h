#ifndef GRADTAPE_NN_SAFETENSORS_H
#define GRADTAPE_NN_SAFETENSORS_H
/* Private to nn: one safetensors file, written as a whole, and read strictly. docs/models.md has the rules. */
#include <stdint.h>

#include "json.h"

/* The types that a model has. The list gives the enumeration, its names in a file, and bytes. */
#define NN_FILE_TYPE_LIST(X) X(F64, 8) X(I64, 8) X(F32, 4) X(U8, 1)
#define NN_FILE_TYPE_NAME(name, bytes) NN_FILE_##name,
typedef enum nn_file_type { NN_FILE_TYPE_LIST(NN_FILE_TYPE_NAME) NN_FILE_TYPE_COUNT } nn_file_type;
#undef NN_FILE_TYPE_NAME

enum { NN_FILE_RANK = 8, NN_FILE_TENSORS = 10000, NN_FILE_TEXTS = 1000, NN_FILE_HEADER = 100000000 };

/* The key of the metadata with the checksum, which the writer adds and the reader compares: the CRC-32 (zlib's) of the
 * whole file, 8 hexadecimal digits, summed up with 0 for each of these digits. */
#define NN_FILE_CHECKSUM "checksum"

typedef struct nn_file_tensor {
    const char *name;
    nn_file_type type; /* NN_FILE_TYPE_COUNT: one that is read, of another type */
    int rank;
    int64_t sizes[NN_FILE_RANK]; /* in the file */
    const void *data;            /* to write, row-major; NULL for none elements */
    bool is_transposed;          /* of rank 2: `data` is [sizes[1], sizes[0]], and so is what is read */

    /* Of one that was read: */
    const char *type_name;
    uint64_t begin, end; /* in the file */
    uint32_t checksum;   /* CRC-32 of its bytes, if the file has a checksum */
} nn_file_tensor;

typedef struct nn_file_text {
    const char *key, *value;
} nn_file_text;

/* What a file has. */
typedef struct nn_file_content {
    nn_file_tensor *tensors; /* [n_tensors] */
    size_t n_tensors;
    const nn_file_text *texts; /* [n_texts]: metadata; the checksum is added to those that are written */
    size_t n_texts;
} nn_file_content;

/* Writes a file under another name beside `path`, flushes it and its folder, and renames it; before that, with `keep`,
 * path.1 becomes path.2 and so on up to path.KEEP, and path becomes path.1 (replace.h, keep.h): at each moment `path`
 * is the old file or the new one. The same content gives the same bytes, in whatever order it comes. Errors:
 * AD_BAD_FILE, AD_NO_MEMORY, AD_BAD_VALUE (a key or name that is not UTF-8, there twice, or the writer's own; more than
 * the bounds above); the message names the path, and nothing is left beside it. */
ad_status nn_safetensors_write(const nn_file_content *content, const char *path, int64_t keep, ad_memory *memory,
                               char *message, size_t size);

/* Whether a file could be written there: its folder is there and may be written, and what is at `path` is a regular
 * file or nothing. Nothing is left or changed. The same errors. */
ad_status nn_safetensors_try(const char *path, int64_t keep, ad_memory *memory, char *message, size_t size);

/* A file that is being read, by its descriptor: it may shrink meanwhile, which is an error. */
typedef struct nn_safetensors {
    int descriptor; /* -1: none */
    const char *path;
    ad_memory *memory;
    nn_store *store;
    uint64_t length, data;          /* of the file; where the tensors begin */
    nn_file_content content;        /* tensors in the order of the file; in the store */
    const nn_file_tensor **by_name; /* the same, sorted by their names */
    bool has_checksum, is_whole;    /* the metadata have a checksum; it is right */
    bool is_rewritten;              /* the header does not end as the writer ends it: another program wrote the file */
} nn_safetensors;

/* Opens a file, reads its header, checks every rule of the format and those that we add (docs/models.md), and sums it
 * up if it has a checksum. After it, whatever it returned, nn_safetensors_close gives back the descriptor; all else
 * lies in the store. A wrong checksum is no error here, and neither is a type that models do not have: the caller says
 * what they mean. `path` must last. Errors: AD_BAD_FILE, AD_NO_MEMORY; the message names the path. Nothing is allocated
 * from a size that the file has not: at most 128 bytes for each byte of its header, which has 100 MB at most, and 512
 * KiB. */
ad_status nn_safetensors_open(nn_safetensors *file, const char *path, nn_store *store, char *message, size_t size);
void nn_safetensors_close(nn_safetensors *file);

/* Return the tensor of a name, the value of a key; NULL if there is none. */
const nn_file_tensor *nn_safetensors_find(const nn_safetensors *file, const char *name);
const char *nn_safetensors_text(const nn_safetensors *file, const char *key);

/* AD_BAD_FILE, which names the tensor and its type, if a tensor is of a type that models do not have. */
ad_status nn_safetensors_check_types(const nn_safetensors *file, char *message, size_t size);

/* Says that the checksum differs or is missing, or that another program wrote the file again, and which checkpoint is
 * before it. Returns AD_BAD_FILE. */
ad_status nn_safetensors_fail_damaged(const nn_safetensors *file, char *message, size_t size);

/* Reads a tensor's elements into an array of its type, in a copy of it with is_transposed transposed. AD_BAD_FILE: the
 * file became shorter, or cannot be read, or is no longer what it was when it was summed up. AD_NO_MEMORY. */
ad_status nn_safetensors_read(const nn_safetensors *file, const nn_file_tensor *tensor, void *to, char *message,
                              size_t size);

#endif
