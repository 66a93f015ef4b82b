/* Safetensors files, written, read and refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../nn/files/safetensors.h"
#include "../support/check.h"
#include "../support/counting.h"
#include "../support/data_files.h"
#include "../support/failing_calls.h"

/* Check's own asserts tell the parent process of each one that holds, which takes long in loops. */
#define MUST(condition, ...)                                                                                           \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

static counting memory;
static ad_memory meter;
static nn_store store;
static nn_safetensors file;
static char message[600];

static void open_memory(void)
{
    counting_open(&memory);
    meter = ad_memory_over(&memory.allocator);
    store = (nn_store){.memory = &meter};
}

/* FOLDER/m, to keep. */
static const char *the_path(void)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s", path_in_folder("m"));
    return path;
}

static ad_status open_file(const char *path)
{
    open_memory();
    message[0] = 0;
    const ad_status status = nn_safetensors_open(&file, path, &store, message, sizeof message);
    MUST((status == AD_OK) == (message[0] == 0), "%s", message);
    return status;
}

static void close_file(void)
{
    nn_safetensors_close(&file);
    nn_store_release(&store);
    MUST(memory.blocks == 0 && memory.wrong_releases == 0, "memory was not given back");
}

/* ---- A small file ------------------------------------------------------------------------------------------------ */

static const float weights[6] = {1, 2, 3, 4, 5, 6.5f}, turned[6] = {1, 4, 2, 5, 3, 6.5f};
static const double scale[2] = {0.5, -1};
static const int64_t step[1] = {-7};
static const unsigned char bytes[3] = {1, 2, 255};

static const nn_file_tensor tensors[] = {
    {.name = "u\xc3\xbc\"", .type = NN_FILE_U8, .rank = 1, .sizes = {3}, .data = bytes},
    {.name = "w", .type = NN_FILE_F32, .rank = 2, .sizes = {2, 3}, .data = turned, .is_transposed = true},
    {.name = "none", .type = NN_FILE_F32, .rank = 2, .sizes = {0, 4}},
    {.name = "step", .type = NN_FILE_I64, .data = step},
    {.name = "scale", .type = NN_FILE_F64, .rank = 1, .sizes = {2}, .data = scale},
    {.name = "", .type = NN_FILE_F32, .rank = 1, .sizes = {1}, .data = weights},
};
static const nn_file_text texts[] = {{"gradtape", "{\"a\":1}"}, {"format", "pt"}};

static ad_status write_content(const nn_file_tensor *t, size_t n_tensors, const nn_file_text *x, size_t n_texts,
                               const char *path)
{
    nn_file_tensor copies[8];
    MUST(n_tensors <= 8, "too many tensors");
    if (n_tensors > 0)
        memcpy(copies, t, n_tensors * sizeof *t);
    const nn_file_content content = {copies, n_tensors, x, n_texts};
    message[0] = 0;
    const ad_status status = nn_safetensors_write(&content, path, 0, &meter, message, sizeof message);
    MUST((status == AD_OK) == (message[0] == 0), "%s", message);
    return status;
}

static void write_small(const char *path)
{
    open_memory();
    ck_assert_msg(write_content(tensors, COUNT(tensors), texts, COUNT(texts), path) == AD_OK, "%s", message);
    counting_check_released(&memory);
}

/* As docs/models.md has it, byte by byte. The checksum is that of Python's zlib.crc32 over these bytes with its digits
 * as 0. */
static const char golden[] =
    "\xa8\x01\0\0\0\0\0\0"
    "{\"__metadata__\":{\"checksum\":\"8be55847\",\"format\":\"pt\",\"gradtape\":\"{\\\"a\\\":1}\"},"
    "\"scale\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
    "\"step\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[16,24]},"
    "\"\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[24,28]},"
    "\"none\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[28,28]},"
    "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[28,52]},"
    "\"u\xc3\xbc\\\"\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[52,55]}}"
    "  \n"
    "\0\0\0\0\0\0\xe0\x3f\0\0\0\0\0\0\xf0\xbf"
    "\xf9\xff\xff\xff\xff\xff\xff\xff"
    "\0\0\x80\x3f"
    "\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40\0\0\xd0\x40"
    "\x01\x02\xff";

START_TEST(a_file_has_these_bytes)
{
    static file_bytes b;
    const char *path = the_path();
    write_small(path);
    load_bytes(path, &b);
    for (size_t i = 0; i < b.n && i < sizeof golden - 1; i++)
        if (b.at[i] != (unsigned char)golden[i])
            ck_abort_msg("byte %zu is %02x, not %02x: %.60s", i, b.at[i], (unsigned char)golden[i], b.at + i);
    ck_assert_uint_eq(b.n, sizeof golden - 1);
}
END_TEST

/* Whatever the order of tensors and texts. */
START_TEST(the_same_content_gives_the_same_bytes)
{
    static file_bytes b;
    const char *path = the_path();
    const nn_file_text turned_texts[] = {texts[1], texts[0]};
    nn_file_tensor shuffled[COUNT(tensors)];
    open_memory();
    for (int first = 0; first < COUNT(tensors); first++) {
        for (int i = 0; i < COUNT(tensors); i++)
            shuffled[i] = tensors[(first + i * 5) % COUNT(tensors)];
        ck_assert_int_eq(write_content(shuffled, COUNT(tensors), turned_texts, 2, path), AD_OK);
        load_bytes(path, &b);
        ck_assert_uint_eq(b.n, sizeof golden - 1);
        ck_assert_mem_eq(b.at, golden, b.n);
    }
    counting_check_released(&memory);
}
END_TEST

static void expect_tensor(const char *name, nn_file_type type, const void *data, size_t n)
{
    unsigned char read[64];
    const nn_file_tensor *t = nn_safetensors_find(&file, name);
    ck_assert_msg(t, "%s", name);
    ck_assert_int_eq(t->type, type);
    ck_assert_uint_eq(t->end - t->begin, n);
    ck_assert_msg(nn_safetensors_read(&file, t, read, message, sizeof message) == AD_OK, "%s", message);
    ck_assert_mem_eq(read, data, n);
}

START_TEST(what_was_written_is_read)
{
    float turned_back[6];
    const char *path = the_path();
    write_small(path);
    ck_assert_msg(open_file(path) == AD_OK, "%s", message);
    ck_assert(file.has_checksum && file.is_whole && !file.is_rewritten);
    ck_assert_uint_eq(file.content.n_tensors, COUNT(tensors));
    ck_assert_str_eq(file.content.tensors[0].name, "scale");
    ck_assert_uint_eq(file.content.tensors[0].begin, file.data);
    ck_assert_str_eq(file.content.tensors[5].name, "u\xc3\xbc\"");
    ck_assert_uint_eq(file.content.tensors[5].end, file.length);
    expect_tensor("scale", NN_FILE_F64, scale, sizeof scale);
    expect_tensor("step", NN_FILE_I64, step, sizeof step);
    expect_tensor("", NN_FILE_F32, weights, 4);
    expect_tensor("none", NN_FILE_F32, weights, 0);
    expect_tensor("w", NN_FILE_F32, weights, sizeof weights);
    expect_tensor("u\xc3\xbc\"", NN_FILE_U8, bytes, sizeof bytes);
    nn_file_tensor w = *nn_safetensors_find(&file, "w");
    ck_assert_int_eq(w.rank, 2);
    ck_assert(w.sizes[0] == 2 && w.sizes[1] == 3);
    ck_assert_str_eq(w.type_name, "F32");
    w.is_transposed = true;
    ck_assert_int_eq(nn_safetensors_read(&file, &w, turned_back, message, sizeof message), AD_OK);
    ck_assert_mem_eq(turned_back, turned, sizeof turned);
    ck_assert_ptr_null(nn_safetensors_find(&file, "W"));
    ck_assert_ptr_null(nn_safetensors_find(&file, "zz"));
    ck_assert_str_eq(nn_safetensors_text(&file, "format"), "pt");
    ck_assert_str_eq(nn_safetensors_text(&file, "gradtape"), "{\"a\":1}");
    ck_assert_ptr_null(nn_safetensors_text(&file, "x"));
    ck_assert_int_eq(nn_safetensors_check_types(&file, message, sizeof message), AD_OK);
    close_file();
    nn_safetensors_close(&file);
}
END_TEST

START_TEST(a_file_may_have_nothing)
{
    const char *path = the_path();
    open_memory();
    ck_assert_int_eq(write_content(NULL, 0, NULL, 0, path), AD_OK);
    ck_assert_int_eq(open_file(path), AD_OK);
    ck_assert(file.is_whole);
    ck_assert_uint_eq(file.content.n_tensors, 0);
    ck_assert_ptr_null(nn_safetensors_find(&file, ""));
    close_file();
}
END_TEST

/* Sizes on both sides of a block, wide and tall, in each type. */
START_TEST(large_tensors_are_turned_by_blocks)
{
    static const int64_t sizes[][2] = {{1, 1},      {1, 100001}, {100001, 1}, {300, 257}, {257, 300},
                                       {3, 70000},  {70000, 3},  {513, 512},  {0, 5},     {5, 0},
                                       {2, 262144}, {2, 262145}, {2, 262143}};
    static const size_t widths[] = {8, 8, 4, 1};
    const nn_file_type type = (nn_file_type)(_i % NN_FILE_TYPE_COUNT);
    const int64_t rows = sizes[_i / NN_FILE_TYPE_COUNT][0], columns = sizes[_i / NN_FILE_TYPE_COUNT][1];
    const size_t width = widths[type], n = (size_t)(rows * columns) * width;
    unsigned char *in_order = malloc(n + 1), *other = malloc(n + 1), *read = malloc(n + 1);
    for (size_t i = 0; i < n; i++)
        in_order[i] = (unsigned char)ad_random_bits(3, 0, i);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            memcpy(other + (size_t)(j * rows + i) * width, in_order + (size_t)(i * columns + j) * width, width);
    nn_file_tensor t = {
        .name = "t", .type = type, .rank = 2, .sizes = {rows, columns}, .data = other, .is_transposed = true};
    open_memory();
    ck_assert_int_eq(write_content(&t, 1, NULL, 0, the_path()), AD_OK);
    ck_assert_uint_lt(meter.usage.peak_bytes, 300000);
    ck_assert_int_eq(open_file(the_path()), AD_OK);
    ck_assert(file.is_whole);
    t = *nn_safetensors_find(&file, "t");
    ck_assert_int_eq(nn_safetensors_read(&file, &t, read, message, sizeof message), AD_OK);
    ck_assert(memcmp(read, in_order, n) == 0);
    t.is_transposed = true;
    memset(read, 0, n);
    ck_assert_int_eq(nn_safetensors_read(&file, &t, read, message, sizeof message), AD_OK);
    ck_assert(memcmp(read, other, n) == 0);
    ck_assert_uint_lt(meter.usage.peak_bytes, 300000);
    close_file();
    free(in_order);
    free(other);
    free(read);
}
END_TEST

START_TEST(many_tensors_are_found)
{
    static nn_file_tensor many[NN_FILE_TENSORS + 1];
    static char names[NN_FILE_TENSORS + 1][16];
    open_memory();
    for (int i = 0; i < NN_FILE_TENSORS + 1; i++) {
        snprintf(names[i], sizeof *names, "t%d", (i * 7919) % (NN_FILE_TENSORS + 1));
        many[i] = (nn_file_tensor){.name = names[i], .type = NN_FILE_U8, .rank = 1, .sizes = {1}, .data = names[i] + 1};
    }
    nn_file_content content = {.tensors = many, .n_tensors = NN_FILE_TENSORS};
    ck_assert_int_eq(nn_safetensors_write(&content, the_path(), 0, &meter, message, sizeof message), AD_OK);
    ck_assert_int_eq(open_file(the_path()), AD_OK);
    for (int i = 0; i < NN_FILE_TENSORS; i++) {
        char byte = 0;
        const nn_file_tensor *t = nn_safetensors_find(&file, names[i]);
        MUST(t && strcmp(t->name, names[i]) == 0, "%s", names[i]);
        MUST(nn_safetensors_read(&file, t, &byte, message, sizeof message) == AD_OK && byte == names[i][1], "%s",
             message);
    }
    close_file();
    content.n_tensors++;
    open_memory();
    ck_assert_int_eq(nn_safetensors_write(&content, the_path(), 0, &meter, message, sizeof message), AD_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(message, "m: cannot be written: 10001 tensors are more than 10000"));
    counting_check_released(&memory);
}
END_TEST

/* ---- What is not written ----------------------------------------------------------------------------------------- */

static const struct {
    nn_file_tensor tensor;
    const char *why;
} not_written[] = {
    {{.name = "\xff", .type = NN_FILE_U8, .data = bytes}, "the name '\\xff' of a tensor is not UTF-8"},
    {{.name = "__metadata__", .type = NN_FILE_U8, .data = bytes},
     "the name '__metadata__' is that of the metadata; give the tensor another"},
    {{.name = "t", .type = NN_FILE_TYPE_COUNT, .data = bytes}, "tensor 't' has no type"},
    {{.name = "t", .type = NN_FILE_U8, .rank = -1, .data = bytes},
     "tensor 't' has sizes that are negative, too many or too large"},
    {{.name = "t", .type = NN_FILE_U8, .rank = 9, .data = bytes},
     "tensor 't' has sizes that are negative, too many or too large"},
    {{.name = "t", .type = NN_FILE_U8, .rank = 1, .sizes = {-1}, .data = bytes},
     "tensor 't' has sizes that are negative, too many or too large"},
    {{.name = "t", .type = NN_FILE_U8, .rank = 2, .sizes = {INT64_MAX, 4}, .data = bytes},
     "tensor 't' has sizes that are negative, too many or too large"},
    {{.name = "t", .type = NN_FILE_U8, .rank = 2, .sizes = {INT64_C(1) << 62, 4}, .data = bytes},
     "tensor 't' has sizes that are negative, too many or too large"},
    {{.name = "t", .type = NN_FILE_F64, .rank = 1, .sizes = {INT64_MAX / 4}, .data = bytes},
     "tensor 't' has sizes that are negative, too many or too large"},
    {{.name = "t", .type = NN_FILE_U8, .rank = 1, .sizes = {1}, .data = bytes, .is_transposed = true},
     "tensor 't' is transposed, but not of rank 2"},
    {{.name = "t\n", .type = NN_FILE_U8, .rank = 1, .sizes = {1}}, "tensor 't\\x0a' has no data"},
    {{.name = "w", .type = NN_FILE_F64, .data = scale}, "two tensors have the name 'w'"},
};

START_TEST(wrong_tensors_are_not_written)
{
    const nn_file_tensor both[] = {tensors[1], not_written[_i].tensor};
    const char *path = the_path();
    write_small(path);
    open_memory();
    ck_assert_int_eq(write_content(both, 2, texts, 2, path), AD_BAD_VALUE);
    const char *why = strstr(message, "m: cannot be written: ");
    ck_assert_msg(why && strcmp(why + 22, not_written[_i].why) == 0, "%s", message);
    counting_check_released(&memory);
    ck_assert_int_eq(open_file(path), AD_OK);
    ck_assert(file.is_whole);
    close_file();
}
END_TEST

START_TEST(wrong_metadata_are_not_written)
{
    static const struct {
        nn_file_text text;
        const char *why;
    } wrong[] = {
        {{"\x80", "x"}, "the key '\\x80' of the metadata is not UTF-8"},
        {{"x", "\x80"}, "the value of 'x' in the metadata is not UTF-8"},
        {{"format", "pt"}, "the key 'format' is in the metadata twice"},
        {{"checksum", "00000000"}, "the key 'checksum' is in the metadata twice"},
    };
    static nn_file_text many[NN_FILE_TEXTS];
    open_memory();
    for (int i = 0; i < COUNT(wrong); i++) {
        const nn_file_text all[] = {wrong[i].text, texts[0], texts[1]};
        ck_assert_int_eq(write_content(tensors, 1, all, 3, the_path()), AD_BAD_VALUE);
        const char *why = strstr(message, "m: cannot be written: ");
        ck_assert_msg(why && strcmp(why + 22, wrong[i].why) == 0, "%s", message);
    }
    ck_assert_int_eq(write_content(tensors, 1, many, NN_FILE_TEXTS, the_path()), AD_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(message, "1001 keys of the metadata are more than 1000"));
    ck_assert_int_ne(access(the_path(), F_OK), 0);
    counting_check_released(&memory);
}
END_TEST

START_TEST(a_path_is_tried)
{
    struct stat before, after;
    open_memory();
    ck_assert_int_eq(nn_safetensors_try(the_path(), 0, &meter, message, sizeof message), AD_OK);
    ck_assert_int_ne(access(the_path(), F_OK), 0);
    write_small(the_path());
    ck_assert_int_eq(stat(the_path(), &before), 0);
    ck_assert_int_eq(nn_safetensors_try(the_path(), 0, &meter, message, sizeof message), AD_OK);
    ck_assert_int_eq(stat(the_path(), &after), 0);
    ck_assert(before.st_ino == after.st_ino && before.st_size == after.st_size);
    ck_assert_int_eq(nn_safetensors_try(path_in_folder("no/m"), 0, &meter, message, sizeof message), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, "no/m: cannot be written: its folder cannot be opened: No such file"));
    ck_assert_int_eq(nn_safetensors_try("/dev/null", 0, &meter, message, sizeof message), AD_BAD_FILE);
    counting_check_released(&memory);
}
END_TEST

/* ---- Files of other programs ------------------------------------------------------------------------------------- */

/* safetensors 0.8.0 for Python: save({'b': int64 [7, -8], 'a': float32 [[1, 2, 3], [4, 5, 6.5]], 'u': uint8 [1, 2,
 * 255], 's': float64 0.25}, {'format': 'pt'}). */
static const char of_python[] =
    "\x00\x01\x00\x00\x00\x00\x00\x00"
    "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]},"
    "\"s\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[16,24]},\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],"
    "\"data_offsets\":[24,48]},\"u\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[48,51]}}     "
    "\x07\x00\x00\x00\x00\x00\x00\x00\xf8\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\xd0?\x00\x00\x80?\x00\x00"
    "\x00@\x00\x00@@\x00\x00\x80@\x00\x00\xa0@\x00\x00\xd0@\x01\x02\xff";
static const char nothing_of_python[] = "\x08\x00\x00\x00\x00\x00\x00\x00{}      ";
static const char metadata_of_python[] = "\x20\x00\x00\x00\x00\x00\x00\x00{\"__metadata__\":{\"a\":\"\xc3\xbc\"}}     ";

static const char *save_text(const void *at, size_t n)
{
    static file_bytes b;
    b.n = 0;
    put_bytes(&b, at, n);
    return save_bytes("m", &b);
}

START_TEST(files_of_python_are_read)
{
    ck_assert_msg(open_file(save_text(of_python, sizeof of_python - 1)) == AD_OK, "%s", message);
    ck_assert(!file.has_checksum && !file.is_whole && file.is_rewritten);
    ck_assert_uint_eq(file.content.n_tensors, 4);
    ck_assert_uint_eq(file.content.n_texts, 1);
    expect_tensor("b", NN_FILE_I64, (int64_t[]){7, -8}, 16);
    expect_tensor("s", NN_FILE_F64, (double[]){0.25}, 8);
    expect_tensor("a", NN_FILE_F32, weights, 24);
    expect_tensor("u", NN_FILE_U8, bytes, 3);
    close_file();
    ck_assert_msg(open_file(save_text(nothing_of_python, sizeof nothing_of_python - 1)) == AD_OK, "%s", message);
    ck_assert_uint_eq(file.content.n_tensors, 0);
    close_file();
    ck_assert_msg(open_file(save_text(metadata_of_python, sizeof metadata_of_python - 1)) == AD_OK, "%s", message);
    ck_assert_str_eq(nn_safetensors_text(&file, "a"), "\xc3\xbc");
    close_file();
}
END_TEST

/* A header and zeros for so many bytes of data. */
static const char *save_header(const char *header, size_t n, size_t data)
{
    static file_bytes b;
    b.n = 0;
    put_number(&b, n, 8);
    put_bytes(&b, header, n);
    for (size_t i = 0; i < data; i++)
        put_number(&b, 0, 1);
    return save_bytes("m", &b);
}

/* All types of the format; the bytes of 8 elements. */
START_TEST(types_that_models_do_not_have_are_named)
{
    static const struct {
        const char *name;
        size_t bytes;
    } types[] = {{"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6},     {"F6_E3M2", 6}, {"I8", 8},   {"F8_E5M2", 8},
                 {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16}, {"F16", 16},
                 {"BF16", 16},   {"I32", 32},    {"U32", 32},        {"C64", 64},    {"U64", 64}, {"F8_E4M3FNUZ", 8}};
    char header[200], wanted[200];
    for (int i = 0; i < COUNT(types); i++) {
        const int n = snprintf(header, sizeof header,
                               "{\"x\\u001b\":{\"dtype\":\"%s\",\"shape\":[2,4],\"data_offsets\":[0,%zu]}}",
                               types[i].name, types[i].bytes);
        ck_assert_msg(open_file(save_header(header, (size_t)n, types[i].bytes)) == AD_OK, "%s", message);
        ck_assert_uint_eq(file.content.n_tensors, 1);
        ck_assert_int_eq(file.content.tensors[0].type, NN_FILE_TYPE_COUNT);
        ck_assert_int_eq(nn_safetensors_check_types(&file, message, sizeof message), AD_BAD_FILE);
        snprintf(wanted, sizeof wanted, "m: tensor 'x\\x1b' is of type %s; a model has F64, I64, F32 and U8",
                 types[i].name);
        ck_assert_msg(strstr(message, wanted), "%s", message);
        char element[64];
        ck_assert_int_eq(nn_safetensors_read(&file, &file.content.tensors[0], element, message, sizeof message),
                         AD_BAD_FILE);
        close_file();
    }
}
END_TEST

/* ---- Rules ------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *header;
    size_t data;
    const char *why;
} broken[] = {
    {" {}", 0, "its header does not begin with {"},
    {"[]", 0, "its header does not begin with {"},
    {"", 0, "its header does not begin with {"},
    {"{} x", 0, "its header is not JSON as the format demands: byte 3: 'x' stands where the end of the text should be"},
    {"{\"a\":[[[[1]]]]}", 0,
     "its header is not JSON as the format demands: byte 8: lists and objects are more than 4 deep"},
    {"{\"a\":1,\"a\":2}", 0, "its header is not JSON as the format demands: byte 11: the key 'a' is there twice"},
    {"{\"a\":1}", 0, "tensor 'a' must have dtype, shape and data_offsets, and nothing else"},
    {"{\"a\":{}}", 0, "tensor 'a' must have dtype, shape and data_offsets, and nothing else"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1,
     "tensor 'a' must have dtype, shape and data_offsets, and nothing else"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", 1,
     "tensor 'a' must have dtype, shape and data_offsets, and nothing else"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     "its header is not JSON as the format demands: byte 27: the key 'dtype' is there twice"},
    {"{\"a\\u0000\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "tensor 'a' has a 0 in its name"},
    {"{\"a\":{\"dtype\":8,\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "tensor 'a': its dtype is no text"},
    {"{\"a\":{\"dtype\":\"u8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     "tensor 'a' has the dtype 'u8', which the format does not know"},
    {"{\"a\":{\"dtype\":\"U8\\u0000\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     "tensor 'a' has the dtype 'U8', which the format does not know"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,1]}}", 1, "tensor 'a': its shape is no list"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1.0],\"data_offsets\":[0,1]}}", 1,
     "tensor 'a': a size of its shape is no whole number from 0 on"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1e0],\"data_offsets\":[0,1]}}", 1,
     "tensor 'a': a size of its shape is no whole number from 0 on"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1,
     "tensor 'a': a size of its shape is no whole number from 0 on"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[-0],\"data_offsets\":[0,0]}}", 0,
     "tensor 'a': a size of its shape is no whole number from 0 on"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[\"1\"],\"data_offsets\":[0,1]}}", 1,
     "tensor 'a': a size of its shape is no whole number from 0 on"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854775808],\"data_offsets\":[0,1]}}", 1,
     "tensor 'a': a size of its shape is no whole number from 0 on"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
     "tensor 'a': its shape has 9 sizes, at most 8 are read"},
    {"{\"a\":{\"dtype\":\"F64\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0,
     "tensor 'a': its shape has more elements than 64 bits count"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
     "tensor 'a': its shape has more elements than 64 bits count"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}", 1,
     "tensor 'a': its data_offsets are not two whole numbers, from 0 on and rising"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1,
     "tensor 'a': its data_offsets are not two whole numbers, from 0 on and rising"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":{\"0\":0,\"1\":1}}}", 1,
     "tensor 'a': its data_offsets are not two whole numbers, from 0 on and rising"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1.0]}}", 1,
     "tensor 'a': its data_offsets are not two whole numbers, from 0 on and rising"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,0]}}", 1,
     "tensor 'a': its data_offsets are not two whole numbers, from 0 on and rising"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 1,
     "tensor 'a': its data_offsets are not two whole numbers, from 0 on and rising"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
     "tensor 'a': its data_offsets span 4 bytes, dtype and shape say 8"},
    {"{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", 1,
     "tensor 'a': its data_offsets span 1 bytes, dtype and shape say 2"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2,
     "tensor 'a' begins at byte 1 of the data, where the one before it ends at byte 0"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],"
     "\"data_offsets\":[1,3]}}",
     3, "tensor 'b' begins at byte 1 of the data, where the one before it ends at byte 2"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],"
     "\"data_offsets\":[0,2]}}",
     2, "tensor 'b' begins at byte 0 of the data, where the one before it ends at byte 2"},
    {"{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[3,4]},\"a\":{\"dtype\":\"U8\",\"shape\":[2],"
     "\"data_offsets\":[0,2]}}",
     4, "tensor 'b' begins at byte 3 of the data, where the one before it ends at byte 2"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2,
     "something stands behind its end: behind its header are 2 bytes, its tensors have 1"},
    {"{}", 1, "something stands behind its end: behind its header are 1 bytes, its tensors have 0"},
    {"{\"__metadata__\":null}", 0, "its metadata are no object of texts"},
    {"{\"__metadata__\":[]}", 0, "its metadata are no object of texts"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "the value of 'a' in its metadata is no text"},
    {"{\"__metadata__\":{\"a\":{}}}", 0, "the value of 'a' in its metadata is no text"},
    {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0,
     "its header is not JSON as the format demands: byte 29: the key 'a' is there twice"},
    {"{\"__metadata__\":{\"a\\u0000\":\"1\"}}", 0, "'a' in its metadata has a 0 in its key or its text"},
    {"{\"__metadata__\":{\"a\":\"1\\u0000\"}}", 0, "'a' in its metadata has a 0 in its key or its text"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0,
     "its header is not JSON as the format demands: byte 34: the key '__metadata__' is there twice"},
};

static void expect_broken(const char *path, const char *what, const char *why)
{
    ck_assert_msg(open_file(path) == AD_BAD_FILE, "read, in place of: %s", why);
    const char *found = strstr(message, "m: ");
    ck_assert_msg(found && strncmp(found + 3, what, strlen(what)) == 0 && strcmp(found + 3 + strlen(what), why) == 0,
                  "the message is: %s\nnot: %s%s", message, what, why);
    ck_assert_uint_lt(memory.largest, 100000);
    close_file();
}

START_TEST(every_rule_is_kept)
{
    expect_broken(save_header(broken[_i].header, strlen(broken[_i].header), broken[_i].data),
                  "not a sound safetensors file: ", broken[_i].why);
}
END_TEST

START_TEST(lengths_are_checked_first)
{
    static file_bytes b;
    b.n = 0;
    put_number(&b, 100000001, 8);
    put_text(&b, "{}");
    expect_broken(save_bytes("m", &b), "",
                  "not a safetensors file: it begins with '\\x01\\xe1\\xf5\\x05'; give the path of a model");
    b.n = 0;
    put_number(&b, UINT64_MAX, 8);
    expect_broken(
        save_bytes("m", &b), "",
        "not a safetensors file: it begins with '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff'; give the path of a "
        "model");
    b.n = 0;
    put_text(&b, "sepal_length,species\n5.1,setosa\n");
    expect_broken(save_bytes("m", &b), "",
                  "not a safetensors file: it begins with 'sepal_le'; give the path of a model");
    b.n = 0;
    put_number(&b, 100000000, 8);
    put_text(&b, "{}");
    expect_broken(save_bytes("m", &b), "", "cut: its header should have 100000000 bytes, 2 are there");
    expect_broken(save_first("m", &b, 7), "", "not a safetensors file: it has fewer than 8 bytes");
    expect_broken(save_first("m", &b, 0), "", "is empty");
    const char longer[] = "{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]}}";
    expect_broken(save_header(longer, sizeof longer - 1, 8), "",
                  "cut: behind its header are 8 bytes, its tensors have 9");
    expect_broken(
        save_header("{}\0", 3, 0), "not a sound safetensors file: ",
        "its header is not JSON as the format demands: byte 2: '' stands where the end of the text should be");
}
END_TEST

/* What the format allows, however strange: order of members, blanks behind, offsets of nothing. */
START_TEST(what_is_allowed_is_read)
{
    static const char strange[] =
        "{ \"d\":{\"data_offsets\":[2,2],\"shape\":[0,9223372036854775807],\"dtype\":\"F64\"},"
        "\"a\":{\"shape\":[2],\"dtype\":\"U8\",\"data_offsets\":[0,2]},"
        "\"c\":{\"dtype\":\"F64\",\"shape\":[1,1,1,1,1,1,1,1],\"data_offsets\":[2,10]},"
        "\"__metadata__\":{}} \t\r\n";
    ck_assert_msg(open_file(save_header(strange, sizeof strange - 1, 10)) == AD_OK, "%s", message);
    ck_assert_uint_eq(file.content.n_tensors, 3);
    ck_assert_str_eq(file.content.tensors[1].name, "d");
    ck_assert_int_eq(nn_safetensors_find(&file, "c")->rank, 8);
    ck_assert(!file.is_rewritten && !file.has_checksum);
    close_file();
}
END_TEST

START_TEST(what_is_no_file_is_not_read)
{
    ck_assert_int_eq(open_file(path_in_folder("missing")), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, "missing: cannot be read: No such file or directory"));
    close_file();
    ck_assert_int_eq(open_file(path_in_folder(".")), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, ".: is a directory; give the path of a file in it"));
    close_file();
    ck_assert_int_eq(mkfifo(path_in_folder("fifo"), 0666), 0);
    ck_assert_int_eq(open_file(path_in_folder("fifo")), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, "fifo: is not a regular file; copy what it gives into one"));
    close_file();
    ck_assert_int_eq(open_file("/dev/zero"), AD_BAD_FILE);
    close_file();
}
END_TEST

/* ---- Damage ------------------------------------------------------------------------------------------------------ */

START_TEST(a_file_cut_anywhere_is_refused)
{
    const char *path = the_path();
    write_small(path);
    for (size_t n = sizeof golden - 1; n-- > 0;) {
        MUST(truncate(path, (off_t)n) == 0, "truncate");
        MUST(open_file(path) == AD_BAD_FILE, "the first %zu bytes are read", n);
        close_file();
    }
    write_small(path);
    FILE *longer = fopen(path, "ab");
    ck_assert(longer && fputc(0, longer) == 0 && fclose(longer) == 0);
    ck_assert_int_eq(open_file(path), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, "something stands behind its end"));
    close_file();
}
END_TEST

#ifdef TESTS_FEW_TERMS /* under a sanitizer */
enum { BYTE_STEP = 9 };
#else
enum { BYTE_STEP = 1 };
#endif

/* Each byte is set to each other value, which takes in each bit. Most are refused by the checksum, some by a rule.
 * Those that change its key leave a file without one, which is no model. */
START_TEST(no_changed_byte_passes)
{
    static file_bytes b;
    size_t by_rule = 0, by_checksum = 0, without = 0;
    write_small(the_path());
    load_bytes(the_path(), &b);
    const int to = open(the_path(), O_RDWR);
    for (size_t i = 0; i < b.n; i++) {
        for (int k = 1; k < 256; k += BYTE_STEP) {
            const unsigned char byte = (unsigned char)(b.at[i] ^ k);
            MUST(pwrite(to, &byte, 1, (off_t)i) == 1, "pwrite");
            const ad_status status = open_file(the_path());
            MUST(status == AD_OK || status == AD_BAD_FILE, "%s", message);
            MUST(status != AD_OK || !file.is_whole, "byte %zu may be %02x in place of %02x", i, byte, b.at[i]);
            by_rule += status != AD_OK;
            by_checksum += status == AD_OK && file.has_checksum;
            without += status == AD_OK && !file.has_checksum;
            MUST(memory.largest < 600000, "%zu bytes", memory.largest);
            close_file();
        }
        MUST(pwrite(to, b.at + i, 1, (off_t)i) == 1, "pwrite");
    }
    close(to);
    ck_assert_int_eq(open_file(the_path()), AD_OK);
    ck_assert(file.is_whole);
    close_file();
    printf("of %zu changed bytes %zu are refused by a rule, %zu by the checksum, and %zu leave none\n",
           by_rule + by_checksum + without, by_rule, by_checksum, without);
    ck_assert_uint_gt(by_checksum, 15000 / BYTE_STEP);
    ck_assert_uint_lt(without, 4000 / BYTE_STEP);
}
END_TEST

START_TEST(a_damaged_file_names_the_checkpoint_before_it)
{
    char wanted[9000];
    const char *path = the_path();
    const nn_file_content content = {.n_tensors = 0};
    open_memory();
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(nn_safetensors_write(&content, path, i, &meter, message, sizeof message), AD_OK);
    flip_bit(path, 8 * 40); /* a digit of the checksum */
    ck_assert_int_eq(open_file(path), AD_OK);
    ck_assert(file.has_checksum && !file.is_whole);
    ck_assert_int_eq(nn_safetensors_fail_damaged(&file, message, sizeof message), AD_BAD_FILE);
    snprintf(wanted, sizeof wanted,
             "%s: damaged: checksum differs (was the file cut or edited?); %s.1 is the checkpoint before it", path,
             path);
    ck_assert_str_eq(message, wanted);
    close_file();
    ck_assert_int_eq(truncate(path, 20), 0);
    ck_assert_int_eq(open_file(path), AD_BAD_FILE);
    snprintf(wanted, sizeof wanted,
             "%s: cut: its header should have 48 bytes, 12 are there; %s.1 is the checkpoint before it", path, path);
    ck_assert_str_eq(message, wanted);
    close_file();
    ck_assert_int_eq(remove(path_in_folder("m.1")), 0);
    ck_assert_int_eq(open_file(path), AD_BAD_FILE);
    snprintf(wanted, sizeof wanted, "%s: cut: its header should have 48 bytes, 12 are there", path);
    ck_assert_str_eq(message, wanted);
    close_file();
}
END_TEST

/* As safetensors for Python saves again what it has read, with the metadata. */
START_TEST(a_file_written_again_is_told_from_a_damaged_one)
{
    static const char again[] = "{\"__metadata__\":{\"format\":\"pt\",\"checksum\":\"01234567\"},"
                                "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}  ";
    ck_assert_int_eq(open_file(save_header(again, sizeof again - 1, 1)), AD_OK);
    ck_assert(file.has_checksum && !file.is_whole && file.is_rewritten);
    ck_assert_int_eq(nn_safetensors_fail_damaged(&file, message, sizeof message), AD_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(message, "m: rewritten by another program: its checksum is that of the file before"));
    close_file();
    ck_assert_int_eq(open_file(save_text(of_python, sizeof of_python - 1)), AD_OK);
    nn_safetensors_fail_damaged(&file, message, sizeof message);
    ck_assert_ptr_nonnull(strstr(message, "m: damaged: it has no checksum"));
    close_file();
}
END_TEST

/* What is no checksum of the writer's is none that holds. */
START_TEST(strange_checksums_do_not_hold)
{
    static const char *const strange[] = {"",         "0",        "0000000",        "000000000",
                                          "0000000G", "ABCDEF01", "\\u00300000000", "........"};
    for (int i = 0; i < COUNT(strange); i++) {
        char header[200];
        const int n = snprintf(header, sizeof header, "{\"__metadata__\":{\"checksum\":\"%s\"}}\n", strange[i]);
        ck_assert_msg(open_file(save_header(header, (size_t)n, 0)) == AD_OK, "%s", message);
        ck_assert(file.has_checksum && !file.is_whole && !file.is_rewritten);
        close_file();
    }
}
END_TEST

/* ---- Files that change while they are read ----------------------------------------------------------------------- */

static int change_at;
static size_t change_length; /* to shrink to; SIZE_MAX: a byte changes */

static void change_file(int kind, int call)
{
    if (kind != CALL_READ || call != change_at)
        return;
    failing_calls.kinds = 0;
    if (change_length == SIZE_MAX)
        flip_bit(the_path(), 8 * (sizeof golden - 5));
    else
        MUST(truncate(the_path(), (off_t)change_length) == 0, "truncate");
    failing_calls.kinds = CALL_READ;
}

static ad_status read_everything(void)
{
    float w[6];
    unsigned char u[3];
    ad_status status = open_file(the_path());
    if (status == AD_OK) {
        nn_file_tensor t = *nn_safetensors_find(&file, "w");
        t.is_transposed = true;
        status = nn_safetensors_read(&file, &t, w, message, sizeof message);
    }
    if (status == AD_OK)
        status = nn_safetensors_read(&file, nn_safetensors_find(&file, "u\xc3\xbc\""), u, message, sizeof message);
    if (status == AD_OK && !file.is_whole)
        status = nn_safetensors_fail_damaged(&file, message, sizeof message);
    close_file();
    return status;
}

START_TEST(a_file_that_shrinks_is_an_error)
{
    write_small(the_path());
    failing_calls = (struct failing_calls){.kinds = CALL_READ};
    ck_assert_int_eq(read_everything(), AD_OK);
    const int calls = failing_calls.calls;
    ck_assert_int_eq(calls, 9);
    change_length = (size_t)_i * 100;
    for (change_at = 1; change_at <= calls; change_at++) {
        write_small(the_path());
        failing_calls = (struct failing_calls){.kinds = CALL_READ, .before = change_file};
        const ad_status status = read_everything();
        failing_calls = (struct failing_calls){0};
        ck_assert_int_eq(status, AD_BAD_FILE);
        ck_assert_msg(strstr(message, "m: became shorter while it was read"), "%s", message);
    }
}
END_TEST

START_TEST(a_file_that_changes_is_an_error)
{
    static const int where[] = {1, 8}; /* before it is summed up, and behind */
    static const char *const what[] = {"damaged: checksum differs", "was changed while it was read"};
    change_length = SIZE_MAX;
    for (int i = 0; i < COUNT(where); i++) {
        write_small(the_path());
        change_at = where[i];
        failing_calls = (struct failing_calls){.kinds = CALL_READ, .before = change_file};
        const ad_status status = read_everything();
        failing_calls = (struct failing_calls){0};
        ck_assert_int_eq(status, AD_BAD_FILE);
        ck_assert_msg(strstr(message, what[i]), "%d: %s", i, message);
    }
}
END_TEST

START_TEST(reading_fails_where_the_system_does)
{
    size_t errors = 0;
    write_small(the_path());
    for (int at = 1;; at++) {
        failing_calls = (struct failing_calls){.kinds = CALL_READ | CALL_OPEN, .at = at, .error = EIO};
        const ad_status status = read_everything();
        const int failed = failing_calls.failed;
        failing_calls = (struct failing_calls){0};
        ck_assert_int_eq(status, failed ? AD_BAD_FILE : AD_OK);
        if (!failed)
            break;
        ck_assert_msg(strstr(message, "m: cannot be read: Input/output error"), "%s", message);
        errors++;
    }
    ck_assert_uint_ge(errors, 8);
    failing_calls = (struct failing_calls){.kinds = CALL_READ | CALL_OPEN, .are_interrupted = true};
    ck_assert_int_eq(read_everything(), AD_OK);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

START_TEST(without_memory_nothing_is_read)
{
    size_t failures = 0;
    float w[6];
    write_small(the_path());
    for (size_t k = 1;; k++) {
        open_memory();
        counting_fail(&memory, k, COUNTING_ONCE);
        ad_status status = nn_safetensors_open(&file, the_path(), &store, message, sizeof message);
        if (status == AD_OK) {
            nn_file_tensor t = *nn_safetensors_find(&file, "w");
            t.is_transposed = true;
            status = nn_safetensors_read(&file, &t, w, message, sizeof message);
        }
        close_file();
        if (status == AD_OK)
            break;
        failures++;
        ck_assert_int_eq(status, AD_NO_MEMORY);
        ck_assert_msg(strstr(message, "m: memory is out"), "%s", message);
    }
    ck_assert_uint_ge(failures, 8);
    counting_print_refused(failures, "reading safetensors");
}
END_TEST

START_TEST(without_memory_nothing_is_written)
{
    size_t failures = 0;
    write_small(the_path());
    for (size_t k = 1;; k++) {
        open_memory();
        counting_fail(&memory, k, COUNTING_ONCE);
        const ad_status status = write_content(tensors, 3, texts, 1, the_path());
        counting_check_released(&memory);
        if (status == AD_OK)
            break;
        failures++;
        ck_assert_int_eq(status, AD_NO_MEMORY);
        ck_assert_msg(strstr(message, "m: cannot be written: memory is out"), "%s", message);
        ck_assert_int_eq(open_file(the_path()), AD_OK);
        ck_assert(file.is_whole && file.content.n_tensors == COUNT(tensors));
        close_file();
    }
    ck_assert_uint_ge(failures, 5);
    counting_print_refused(failures, "writing safetensors");
}
END_TEST

/* A header of 1 MB takes no more than 128 bytes for each of its own. */
START_TEST(memory_is_bounded_by_the_header)
{
    enum { BYTES = 1 << 20 };
    char *header = malloc(BYTES);
    size_t n = (size_t)sprintf(header, "{\"__metadata__\":{\"a\":\"");
    memset(header + n, 'x', BYTES - n);
    memcpy(header + BYTES - 3, "\"}}", 3);
    FILE *to = fopen(the_path(), "wb");
    ck_assert_ptr_nonnull(to);
    const unsigned char length[8] = {0, 0, BYTES >> 16};
    ck_assert(fwrite(length, 1, 8, to) == 8 && fwrite(header, 1, BYTES, to) == BYTES && fclose(to) == 0);
    free(header);
    ck_assert_msg(open_file(the_path()) == AD_OK, "%s", message);
    ck_assert_uint_le(meter.usage.peak_bytes, 3 * BYTES);
    close_file();
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_file_has_these_bytes);
    tcase_add_test(tests, the_same_content_gives_the_same_bytes);
    tcase_add_test(tests, what_was_written_is_read);
    tcase_add_test(tests, a_file_may_have_nothing);
    tcase_add_loop_test(tests, large_tensors_are_turned_by_blocks, 0, 13 * NN_FILE_TYPE_COUNT);
    tcase_add_test(tests, many_tensors_are_found);
    tcase_add_loop_test(tests, wrong_tensors_are_not_written, 0, COUNT(not_written));
    tcase_add_test(tests, wrong_metadata_are_not_written);
    tcase_add_test(tests, a_path_is_tried);
    tcase_add_test(tests, files_of_python_are_read);
    tcase_add_test(tests, types_that_models_do_not_have_are_named);
    tcase_add_loop_test(tests, every_rule_is_kept, 0, COUNT(broken));
    tcase_add_test(tests, lengths_are_checked_first);
    tcase_add_test(tests, what_is_allowed_is_read);
    tcase_add_test(tests, what_is_no_file_is_not_read);
    tcase_add_test(tests, a_file_cut_anywhere_is_refused);
    tcase_add_test(tests, no_changed_byte_passes);
    tcase_add_test(tests, a_damaged_file_names_the_checkpoint_before_it);
    tcase_add_test(tests, a_file_written_again_is_told_from_a_damaged_one);
    tcase_add_test(tests, strange_checksums_do_not_hold);
    tcase_add_loop_test(tests, a_file_that_shrinks_is_an_error, 0, 5);
    tcase_add_test(tests, a_file_that_changes_is_an_error);
    tcase_add_test(tests, reading_fails_where_the_system_does);
    tcase_add_test(tests, without_memory_nothing_is_read);
    tcase_add_test(tests, without_memory_nothing_is_written);
    tcase_add_test(tests, memory_is_bounded_by_the_header);
}

int main(void) { return run_in_folder("safetensors", add_tests); }
