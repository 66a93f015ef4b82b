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
    {"position", FUZZ_POSITION_WAYS}, {"replay", FUZZ_REPLAY_WAYS},         {"segment", FUZZ_SEGMENT_WAYS},
    {"show", FUZZ_SHOW_WAYS},         {"gradcheck", FUZZ_MISBEHAVIOURS},    {"rule", FUZZ_MISBEHAVIOURS},
    {"kernel", FUZZ_MISBEHAVIOURS},   {"later_kernel", FUZZ_MISBEHAVIOURS}, {"recomputed", FUZZ_MISBEHAVIOURS},
};

static uint8_t code_of(fuzz_place place)
{
    switch (place) {
    case FUZZ_AT_POSITION: return FUZZ_POSITION;
    case FUZZ_AT_REPLAY: return FUZZ_REPLAY;
    case FUZZ_AT_SEGMENT: return FUZZ_SEGMENT;
    case FUZZ_AT_SHOW: return FUZZ_SHOW;
    case FUZZ_IN_GRADCHECK: return FUZZ_GRADCHECK;
    default: return FUZZ_CUSTOM;
    }
}

/* What stands before a way, and after it. An instruction without `how` is none. */
enum { BEFORE = 2, AFTER = 3 };
typedef struct around {
    fuzz_instruction before[BEFORE], after[AFTER];
} around;

#define SEED(...)                                                                                                      \
    {                                                                                                                  \
        .how = FUZZ_CLEARS, __VA_ARGS__                                                                                \
    }
static const around arounds[FUZZ_PLACES] = {
    [FUZZ_AT_POSITION] = {{SEED(.code = FUZZ_POSITION)}, {SEED(.code = FUZZ_RESET)}},
    [FUZZ_AT_REPLAY] = {{SEED(.code = FUZZ_RESET)}, {SEED(.code = FUZZ_RESET)}},
    [FUZZ_AT_SEGMENT] = {{SEED(.code = FUZZ_SEGMENT)}, {SEED(.code = FUZZ_RESET)}},
    [FUZZ_AT_SHOW] = {{SEED(.code = FUZZ_LEAF, .type = AD_F64, .sample = 2), SEED(.code = FUZZ_APPLY)},
                      {SEED(.code = FUZZ_BACKWARD), SEED(.code = FUZZ_SHOW), SEED(.code = FUZZ_RESET)}},
    [FUZZ_IN_GRADCHECK] = {{SEED(.code = FUZZ_RESET)}, {SEED(.code = FUZZ_RESET)}},
    [FUZZ_IN_RULE] = {{SEED(.code = FUZZ_RESET)}, {SEED(.code = FUZZ_BACKWARD)}},
    [FUZZ_IN_KERNEL] = {{SEED(.code = FUZZ_RESET)}, {SEED(.code = FUZZ_RESET)}},
    [FUZZ_IN_LATER_KERNEL] = {{SEED(.code = FUZZ_RESET)}, {SEED(.code = FUZZ_REPLAY)}},
    /* Another call of the operator is the output, so that the result of the first is dropped. */
    [FUZZ_IN_RECOMPUTED] = {{SEED(.code = FUZZ_RESET), SEED(.code = FUZZ_SEGMENT)},
                            {SEED(.code = FUZZ_CUSTOM), SEED(.code = FUZZ_SEGMENT, .sample = FUZZ_END, .pick = {0, 1}),
                             SEED(.code = FUZZ_BACKWARD)}},
};

/* A custom operator misbehaves in its rule, in the first run since the last call, or in the second. */
static uint8_t run_of(fuzz_place place)
{
    return place == FUZZ_IN_RULE ? 0 : place == FUZZ_IN_LATER_KERNEL || place == FUZZ_IN_RECOMPUTED ? 2 : 1;
}

static size_t append_all(const fuzz_instruction *in, int count, uint8_t *bytes, size_t n)
{
    for (int i = 0; i < count; i++)
        if (in[i].how) {
            fuzz_encode(&in[i], bytes + n);
            n += FUZZ_BYTES;
        }
    return n;
}

size_t fuzz_place_seed(fuzz_place place, int part, uint8_t bytes[FUZZ_MOST * FUZZ_BYTES])
{
    const around *a = &arounds[place];
    const int first = part * FUZZ_PART, n_ways = fuzz_places[place].n_ways;
    const fuzz_instruction leaf = SEED(.code = FUZZ_LEAF, .type = AD_F64, .sample = 2);
    size_t n = append_all(&leaf, 1, bytes, 0);
    for (int way = first; way < first + FUZZ_PART && way < n_ways; way++) {
        const fuzz_instruction in = SEED(.code = code_of(place), .sample = (uint8_t)way,
                                         .pick = {place == FUZZ_IN_GRADCHECK ? 2 : 0, run_of(place)});
        n = append_all(a->before, BEFORE, bytes, n);
        n = append_all(&in, 1, bytes, n);
        n = append_all(a->after, AFTER, bytes, n);
    }
    return n;
}
