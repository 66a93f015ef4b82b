/* What the row of a kind lacks. */
#include "check.h"

#include <string.h>

/* The bytes of the member of a field; 0 for a type that is none. */
static size_t bytes_of_field(const nn_field *f)
{
    switch (f->type) {
    case NN_FIELD_INTEGER: return sizeof(int64_t);
    case NN_FIELD_REAL: return sizeof(double);
    case NN_FIELD_SWITCH: return sizeof(bool);
    case NN_FIELD_CHOICE: return f->choice ? sizeof(int) : 0;
    case NN_FIELD_TEXT: return sizeof(char *);
    case NN_FIELD_SEED: return sizeof(uint64_t);
    case NN_FIELD_INTEGERS: return f->count > 0 ? (size_t)f->count * sizeof(int64_t) : 0;
    case NN_FIELD_LAYERS: return sizeof(nn_layers);
    default: return 0;
    }
}

/* Whether a member of so many bytes lies among the options, where its type may lie. */
static bool is_member(const nn_layer_kind *kind, size_t offset, size_t bytes)
{
    const size_t alignment = bytes < sizeof(double) ? bytes : sizeof(double);
    return offset <= kind->options_bytes && bytes <= kind->options_bytes - offset && offset % alignment == 0;
}

static bool has_good_fields(const nn_layer_kind *kind)
{
    size_t n_lists = 0;
    for (size_t i = 0; i < kind->fields.n; i++) {
        const nn_field *f = &kind->fields.at[i];
        const size_t bytes = bytes_of_field(f);
        if (!f->name || bytes == 0 || !is_member(kind, f->offset, bytes))
            return false;
        n_lists += f->type == NN_FIELD_LAYERS;
    }
    return n_lists <= 1;
}

static bool is_good_size(const nn_layer_kind *kind, const nn_size *size)
{
    return (unsigned)size->from <= NN_SIZE_OF_OPTION &&
           (size->from != NN_SIZE_OF_OPTION || is_member(kind, size->offset, sizeof(int64_t)));
}

/* How a file calls a part, and whether it stands under "state." there. */
static const char *file_name_of(const nn_part *part) { return part->file_name ? part->file_name : part->name; }

static bool is_under_state(const nn_part *part) { return part->role == NN_STATE && !part->file_name; }

/* Whether a file can call a part so: different from those before it. */
static bool has_good_file_name(const nn_layer_kind *kind, size_t i)
{
    const nn_part *part = &kind->parts[i];
    const char *name = file_name_of(part);
    if (!name[0] || strlen(name) > NN_PART_NAME || strchr(name, '/') || (part->is_transposed && part->rank != 2))
        return false;
    for (size_t j = 0; j < i; j++)
        if (!strcmp(file_name_of(&kind->parts[j]), name) && is_under_state(&kind->parts[j]) == is_under_state(part))
            return false;
    return true;
}

/* Whether a part has all that it needs, and a name that no part before it has. */
static bool is_good_part(const nn_layer_kind *kind, size_t i)
{
    const nn_part *part = &kind->parts[i];
    if (!part->name || !part->name[0] || strlen(part->name) > NN_PART_NAME || strchr(part->name, '/') ||
        (unsigned)part->role >= NN_ROLE_COUNT || part->rank < 0 || part->rank > AD_MAX_RANK ||
        (part->chosen_by && !is_member(kind, part->chosen_by, sizeof(nn_initialiser))) ||
        (part->left_out_by && !is_member(kind, part->left_out_by, sizeof(bool))) || !has_good_file_name(kind, i))
        return false;
    for (int j = 0; j < part->rank; j++)
        if (!is_good_size(kind, &part->sizes[j]))
            return false;
    for (size_t j = 0; j < i; j++)
        if (!strcmp(kind->parts[j].name, part->name))
            return false;
    return true;
}

static bool has_good_parts(const nn_layer_kind *kind)
{
    for (size_t i = 0; i < kind->n_parts; i++)
        if (!is_good_part(kind, i))
            return false;
    return true;
}

const char *nn_kind_needs(const nn_layer_kind *kind)
{
    if (!kind->name || !kind->name[0] || strlen(kind->name) > NN_OWN_NAME || strchr(kind->name, '/'))
        return "a name of 1 to 100 characters without '/'";
    if (!kind->apply)
        return "the function apply";
    if (kind->n_parts > NN_MAX_PARTS || !kind->n_parts != !kind->parts)
        return "an array of at most 8 parts, with n_parts";
    if (kind->fields.n && (!kind->fields.at || !kind->options_bytes))
        return "options_bytes beside its fields";
    if (!has_good_fields(kind))
        return "for each field a name, a type and a place among its options, for a choice its names, and at most one "
               "list";
    if (!has_good_parts(kind))
        return "for each part a name of its own of 1 to 60 characters without '/', the same of "
               "its file_name, a role, a rank of 0 to 8, 2 where it is transposed, and offsets that are those of "
               "options";
    return kind->copies && !is_good_size(kind, kind->copies) ? "copies that are a number or an option" : NULL;
}
