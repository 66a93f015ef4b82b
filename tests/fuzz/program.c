/* Bytes and instructions, rows and their names, and a program for each row. */
#include "program.h"

#include <string.h>

fuzz_instruction fuzz_decode(const uint8_t bytes[FUZZ_BYTES])
{
    fuzz_instruction in = {.code = bytes[0], .how = bytes[1], .sample = bytes[6], .type = bytes[7]};
    for (unsigned i = 0; i < 4; i++)
        in.row |= (uint32_t)bytes[2 + i] << (8 * i);
    memcpy(in.pick, bytes + 8, sizeof in.pick);
    return in;
}

void fuzz_encode(const fuzz_instruction *in, uint8_t bytes[FUZZ_BYTES])
{
    bytes[0] = in->code;
    bytes[1] = in->how;
    for (unsigned i = 0; i < 4; i++)
        bytes[2 + i] = (uint8_t)(in->row >> (8 * i));
    bytes[6] = in->sample;
    bytes[7] = in->type;
    memcpy(bytes + 8, in->pick, sizeof in->pick);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

uint32_t fuzz_row_hash(const ad_operator *row)
{
    uint32_t hash = UINT32_C(0x811c9dc5);
    for (const char *c = row->name; *c; c++)
        hash = (hash ^ (uint32_t)(unsigned char)*c) * UINT32_C(0x01000193);
    return hash;
}

enum { MOST_ROWS = 1024 };

/* The table of operators, looked through once: asking it again and again would take most of the time. */
typedef struct numbered {
    uint32_t hash;
    const ad_operator *row;
} numbered;

static const numbered *rows(void)
{
    static numbered of[MOST_ROWS + 1]; /* and an empty one at the end */
    if (!of[0].row)
        for (size_t i = 0; i < ad_operator_count() && i < MOST_ROWS; i++)
            of[i] = (numbered){fuzz_row_hash(ad_operator_at(i)), ad_operator_at(i)};
    return of;
}

const ad_operator *fuzz_row_of(uint32_t hash)
{
    const numbered *found = rows();
    for (const numbered *n = rows(); n->row; n++)
        if ((uint32_t)(n->hash - hash) < (uint32_t)(found->hash - hash)) /* the distance upwards, around the end */
            found = n;
    return found->row;
}

size_t fuzz_row_index(const ad_operator *row)
{
    size_t i = 0;
    while (rows()[i].row != row)
        i++;
    return i;
}

bool fuzz_has_rule(const ad_operator *row) { return !(row->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS)); }

/* ---- Seeds ------------------------------------------------------------------------------------------------------- */

enum { SEED_SAMPLES = 12, TYPE_F64 = 0, TYPE_F32 = 4 };

typedef struct seed {
    const ad_operator *row;
    uint8_t *bytes;
    size_t n;
} seed;

static void append(seed *s, fuzz_instruction in)
{
    in.row = fuzz_row_hash(s->row);
    fuzz_encode(&in, s->bytes + s->n);
    s->n += FUZZ_BYTES;
}

/* Applies the row to the operands of a sample, each a new leaf, and runs backward from its last result. */
static void append_call(seed *s, int sample, uint8_t type, uint8_t leaf, uint8_t options)
{
    const uint8_t pick = (uint8_t)(leaf | 4 * (sample + 1));
    append(s, (fuzz_instruction){.code = FUZZ_APPLY,
                                 .how = FUZZ_MENDED,
                                 .sample = (uint8_t)sample,
                                 .type = type,
                                 .pick = {pick, pick, pick, pick}});
    append(s, (fuzz_instruction){.code = FUZZ_BACKWARD, .type = options});
}

/* What is wrong comes last, and its errors are cleared. */
static void append_wild(seed *s)
{
    static const uint8_t ways[] = {FUZZ_WILD_ATTRIBUTES, FUZZ_WILD_ATTRIBUTES, FUZZ_WILD_ATTRIBUTES, FUZZ_WILD_OPERANDS,
                                   FUZZ_WILD_CALL};
    for (uint8_t i = 0; i < sizeof ways; i++)
        append(s,
               (fuzz_instruction){.code = FUZZ_APPLY,
                                  .how = ways[i] | FUZZ_CLEARS,
                                  .pick = {(uint8_t)(15 + 16 * i), (uint8_t)(7 * s->row->name[0] + i), i, FUZZ_INPUT}});
}

size_t fuzz_seed(const ad_operator *row, uint8_t bytes[FUZZ_MOST * FUZZ_BYTES])
{
    seed s = {row, bytes, 0};
    for (int k = 0; k < row->n_samples && k < SEED_SAMPLES; k++)
        append_call(&s, k, TYPE_F64, FUZZ_VARIABLE, FUZZ_KEEP);
    append_call(&s, 0, TYPE_F32, FUZZ_PARAM, FUZZ_KEEP);
    append(&s, (fuzz_instruction){.code = FUZZ_UPDATE, .pick = {3}});
    append(&s, (fuzz_instruction){.code = FUZZ_RESET});
    append_call(&s, 0, TYPE_F64, FUZZ_VARIABLE, FUZZ_DIFFERENTIABLE);
    append(&s, (fuzz_instruction){.code = FUZZ_GRADIENT});
    append(&s, (fuzz_instruction){.code = FUZZ_BACKWARD, .type = FUZZ_KEEP});
    append(&s, (fuzz_instruction){.code = FUZZ_LOCAL});
    append(&s, (fuzz_instruction){.code = FUZZ_APPLY, .how = 0, .type = TYPE_F64}); /* on what is there */
    append(&s, (fuzz_instruction){.code = FUZZ_BACKWARD, .type = FUZZ_SEED});
    append_wild(&s);
    return s.n;
}

/* ---- Seeds of places --------------------------------------------------------------------------------------------- */

const struct fuzz_place_row fuzz_places[FUZZ_PLACES] = {
    {"position", FUZZ_POSITION_WAYS},     {"replay", FUZZ_REPLAY_WAYS}, {"segment", FUZZ_SEGMENT_WAYS},
    {"gradcheck", FUZZ_MISBEHAVIOURS},    {"rule", FUZZ_MISBEHAVIOURS}, {"kernel", FUZZ_MISBEHAVIOURS},
    {"later_kernel", FUZZ_MISBEHAVIOURS},
};

static uint8_t code_of(fuzz_place place)
{
    switch (place) {
    case FUZZ_AT_POSITION: return FUZZ_POSITION;
    case FUZZ_AT_REPLAY: return FUZZ_REPLAY;
    case FUZZ_AT_SEGMENT: return FUZZ_SEGMENT;
    case FUZZ_IN_GRADCHECK: return FUZZ_GRADCHECK;
    default: return FUZZ_CUSTOM;
    }
}

/* What stands before a way, and after it. */
static fuzz_instruction before(fuzz_place place)
{
    const bool opens = place == FUZZ_AT_POSITION || place == FUZZ_AT_SEGMENT;
    return (fuzz_instruction){.code = opens ? code_of(place) : FUZZ_RESET, .how = FUZZ_CLEARS};
}

static fuzz_instruction after(fuzz_place place)
{
    const uint8_t code = place == FUZZ_IN_RULE           ? FUZZ_BACKWARD
                         : place == FUZZ_IN_LATER_KERNEL ? FUZZ_REPLAY
                                                         : FUZZ_RESET;
    return (fuzz_instruction){.code = code, .how = FUZZ_CLEARS};
}

size_t fuzz_place_seed(fuzz_place place, int part, uint8_t bytes[FUZZ_MOST * FUZZ_BYTES])
{
    size_t n = 0;
    const uint8_t run = place < FUZZ_IN_RULE ? 1 : (uint8_t)(place - FUZZ_IN_RULE);
    fuzz_encode(&(fuzz_instruction){.code = FUZZ_LEAF, .type = AD_F64, .sample = 1}, bytes);
    for (int way = part * FUZZ_PART; way < (part + 1) * FUZZ_PART && way < fuzz_places[place].n_ways; way++) {
        const fuzz_instruction three[] = {before(place),
                                          {.code = code_of(place),
                                           .how = FUZZ_CLEARS,
                                           .sample = (uint8_t)way,
                                           .pick = {place == FUZZ_IN_GRADCHECK ? 2 : 0, run}},
                                          after(place)};
        for (int i = 0; i < 3; i++)
            fuzz_encode(&three[i], bytes + (n += FUZZ_BYTES));
    }
    return n + FUZZ_BYTES;
}
