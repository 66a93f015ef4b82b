/* IDX files, plain or gzipped. The format is described on Yann LeCun's page of MNIST: two zero bytes, a type code, the
 * rank, one big-endian 32-bit size for each dimension, then the values, row-major and big-endian. */
#include "array.h"
#include "pair.h"

/* ---- The header -------------------------------------------------------------------------------------------------- */

static bool find_number(unsigned code, nn_number *number)
{
    static const struct {
        unsigned code;
        nn_number number;
    } codes[] = {{0x08, NN_NUMBER_U8},  {0x09, NN_NUMBER_I8},  {0x0B, NN_NUMBER_I16},
                 {0x0C, NN_NUMBER_I32}, {0x0D, NN_NUMBER_F32}, {0x0E, NN_NUMBER_F64}};
    _Static_assert(sizeof codes / sizeof *codes == NN_ELEMENT_COUNT, "every element type has a code");
    for (size_t i = 0; i < NN_ELEMENT_COUNT; i++)
        if (codes[i].code == code) {
            *number = codes[i].number;
            return true;
        }
    return false;
}

static ad_status read_magic(nn_source *s, nn_array *a)
{
    unsigned char m[4];
    ad_status status = nn_array_read_header(s, a, m, sizeof m);
    if (status != AD_OK)
        return status;
    if (m[0] != 0 || m[1] != 0)
        return nn_source_fail(
            s, "not an IDX file: it begins with %02x %02x %02x %02x, not 00 00; check the path, or download it again",
            m[0], m[1], m[2], m[3]);
    if (!find_number(m[2], &a->number))
        return nn_source_fail(
            s, "unknown element type %02x: IDX has 08 u8, 09 i8, 0b i16, 0c i32, 0d f32, 0e f64; download it again",
            m[2]);
    a->rank = m[3];
    if (a->rank == 0)
        return nn_source_fail(s, "rank 0: an IDX file has at least one size; download it again");
    return AD_OK;
}

static ad_status read_sizes(nn_source *s, nn_array *a)
{
    unsigned char raw[4 * NN_ARRAY_RANK];
    ad_status status = nn_array_read_header(s, a, raw, 4 * a->rank);
    for (unsigned i = 0; i < a->rank && status == AD_OK; i++) {
        const unsigned char *b = raw + 4 * i;
        a->sizes[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    return status;
}

static ad_status open_idx(nn_source *s, nn_array *a)
{
    *a = (nn_array){.is_big_endian = true};
    ad_status status = read_magic(s, a);
    if (status == AD_OK)
        status = read_sizes(s, a);
    return status == AD_OK ? nn_array_measure(s, a) : status;
}

/* ---- The pair ---------------------------------------------------------------------------------------------------- */

static ad_status read_features(nn_source *s, nn_data *data)
{
    nn_array a;
    ad_status status = open_idx(s, &a);
    return status == AD_OK ? nn_array_features(s, &a, data) : status;
}

static ad_status check_labels(const nn_source *s, const nn_array *a)
{
    if (a->rank != 1)
        return nn_array_fail_labels(s, a);
    if (nn_number_is_floating(a->number))
        return nn_source_fail(s, "labels are integers, the header says %s; write them as one of u8, i8, i16, i32",
                              a->shape);
    return AD_OK;
}

static ad_status read_labels(nn_source *s, const char *features, nn_data *data)
{
    nn_array a;
    ad_status status = open_idx(s, &a);
    if (status == AD_OK)
        status = check_labels(s, &a);
    return status == AD_OK ? nn_array_labels(s, &a, features, data) : status;
}

static const nn_pair_format idx = {.function = "nn_dataset_read_idx",
                                   .file = "an IDX file",
                                   .remedy = "download it again",
                                   .read_features = read_features,
                                   .read_truth = read_labels};

ad_status nn_dataset_read_idx(nn_dataset *dataset, const char *features, const char *labels)
{
    return nn_pair_read_paths(dataset, features, labels, &idx);
}

ad_status nn_dataset_read_idx_stream(nn_dataset *dataset, nn_stream features, nn_stream labels)
{
    return nn_pair_read_streams(dataset, features, labels, &idx);
}
