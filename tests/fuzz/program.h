#ifndef TESTS_FUZZ_PROGRAM_H
#define TESTS_FUZZ_PROGRAM_H
/* What bytes mean: a program of instructions of 12 bytes each, run on a tape. Any bytes are a program.
 *
 *   byte  0      code: below 128 apply, from there on eight values for each of fuzz_code; those without an instruction
 *                apply too, so that one can be added and old programs keep their meaning
 *   byte  1      how: which way in the low five bits, and flags
 *   bytes 2..5   row: FNV-1a of an operator's name, low byte first; any other number means the row with the next larger
 *                one. Not an index: programs keep their meaning when rows are added.
 *   byte  6      which of the row's samples, or which shape
 *   byte  7      type, or options of backward
 *   bytes 8..11  picks: which operands, which values */
#include <gradtape/gradtape.h>

enum { FUZZ_BYTES = 12, FUZZ_PICKS = 4, FUZZ_MOST = 40 }; /* FUZZ_MOST instructions are run of a program */

typedef enum fuzz_code {
    FUZZ_APPLY = 0,
    FUZZ_LEAF = 128,
    FUZZ_BACKWARD = 136,
    FUZZ_GRADIENT = 144,
    FUZZ_RESET = 152,
    FUZZ_CLEAR = 160,
    FUZZ_UPDATE = 168,
    FUZZ_LOCAL = 176,
    FUZZ_READ_WRONG = 184,
    FUZZ_STARVE = 192,
    FUZZ_FAIL = 200,
    FUZZ_SHOW = 208,
    FUZZ_GRADCHECK = 216,
    FUZZ_POSITION = 224,
    FUZZ_REPLAY = 232,
    FUZZ_SEGMENT = 240,
    FUZZ_CUSTOM = 248,
} fuzz_code;

/* Ways, in the low five bits of `how`. Below FUZZ_MENDED an operator is tried on existing tensors, and mended if they
 * do not fit; below FUZZ_WILD it gets operands of one of its samples. From there on the instruction is wrong on
 * purpose. */
enum { FUZZ_MENDED = 15, FUZZ_WILD = 29, FUZZ_WILD_ATTRIBUTES = 29, FUZZ_WILD_OPERANDS = 30, FUZZ_WILD_CALL = 31 };

/* Flags in `how`: clear the error that the instruction leaves; values with infinities and NaN; more operands. */
enum { FUZZ_WAY = 31, FUZZ_CLEARS = 32, FUZZ_SPECIAL = 64, FUZZ_MORE = 128 };

/* What becomes of an operand of a sample, in the low two bits of a pick. */
enum { FUZZ_EXISTING, FUZZ_PARAM, FUZZ_VARIABLE, FUZZ_INPUT };

/* Options of backward, in `type`. */
enum { FUZZ_KEEP = 1, FUZZ_ACCUMULATE = 2, FUZZ_DIFFERENTIABLE = 4, FUZZ_SEED = 8 };

/* What `sample` chooses of positions, replay, segments, and watching before the tape is shown. */
enum {
    FUZZ_TAKE,
    FUZZ_RETURN,
    FUZZ_RETURN_WITH,
    FUZZ_SURVIVOR_STALE,
    FUZZ_SURVIVOR_OTHER,
    FUZZ_SURVIVOR_INERT,
    FUZZ_SURVIVORS_NEGATIVE,
    FUZZ_POSITION_WAYS
};
enum { FUZZ_REPLAYED, FUZZ_REPEATS, FUZZ_FEED, FUZZ_FEED_OTHER, FUZZ_GUARD, FUZZ_REPLAY_WAYS };
enum { FUZZ_BEGIN, FUZZ_END, FUZZ_END_STALE, FUZZ_END_NEGATIVE, FUZZ_SEGMENT_WAYS };
enum { FUZZ_AS_IT_IS, FUZZ_WATCHED, FUZZ_UNWATCHED, FUZZ_SHOW_WAYS };

/* What `sample` chooses of functions that the library calls: what such a function does. */
enum {
    FUZZ_BEHAVES,
    FUZZ_MAKES_PARAM,
    FUZZ_MAKES_STATE,
    FUZZ_OF_SHAPE,
    FUZZ_OF_TYPE,
    FUZZ_INERT,
    FUZZ_STALE,
    FUZZ_OF_OTHER,
    FUZZ_FAILS,
    FUZZ_FAILS_AND_CLEARS,
    FUZZ_RESETS,
    FUZZ_LEAVES_POSITION,
    FUZZ_RETURNS,
    FUZZ_RETURNS_TWICE,
    FUZZ_RETURNS_OUTSIDE,
    FUZZ_CHECKS,
    FUZZ_REPLAYS,
    FUZZ_BEGINS,
    FUZZ_ENDS,
    FUZZ_DERIVES,
    FUZZ_CHANGES,
    FUZZ_MISBEHAVIOURS
};

/* Where a way can be reached. */
typedef enum fuzz_place {
    FUZZ_AT_POSITION,
    FUZZ_AT_REPLAY,
    FUZZ_AT_SEGMENT,
    FUZZ_AT_SHOW,
    FUZZ_IN_GRADCHECK,
    FUZZ_IN_RULE,
    FUZZ_IN_KERNEL,
    FUZZ_IN_LATER_KERNEL, /* when it runs again in a replay */
    FUZZ_IN_RECOMPUTED,   /* when it runs again in a sweep, because a segment dropped its result */
    FUZZ_PLACES
} fuzz_place;
enum { FUZZ_WAYS = 32 };
extern const struct fuzz_place_row {
    const char *name;
    int n_ways;
} fuzz_places[FUZZ_PLACES];

typedef struct fuzz_instruction {
    uint8_t code, how;
    uint32_t row;
    uint8_t sample, type;
    uint8_t pick[FUZZ_PICKS];
} fuzz_instruction;

/* Between bytes and instructions. */
fuzz_instruction fuzz_decode(const uint8_t bytes[FUZZ_BYTES]);
void fuzz_encode(const fuzz_instruction *instruction, uint8_t bytes[FUZZ_BYTES]);

/* The number that names a row in programs, and the row that a number names. */
uint32_t fuzz_row_hash(const ad_operator *row);
const ad_operator *fuzz_row_of(uint32_t hash);
size_t fuzz_row_index(const ad_operator *row);

/* Whether the row has a gradient rule. */
bool fuzz_has_rule(const ad_operator *row);

/* A program for a row: all its samples (the first 12, if there are more), in f64 and f32, forward and backward at both
 * orders, and then wrong on purpose. Returns its length. */
size_t fuzz_seed(const ad_operator *row, uint8_t bytes[FUZZ_MOST * FUZZ_BYTES]);

/* A program that reaches FUZZ_PART ways of a place, from part * FUZZ_PART on. Returns its length. */
enum { FUZZ_PART = 6 };
size_t fuzz_place_seed(fuzz_place place, int part, uint8_t bytes[FUZZ_MOST * FUZZ_BYTES]);

/* What a program did. */
enum { FUZZ_RAN_KERNEL = 1, FUZZ_RAN_RULE = 2 };
typedef struct fuzz_report {
    bool reached_backward; /* a backward succeeded, and nothing had failed before */
    uint8_t *ran;          /* for each row of the table what ran is or-ed in; NULL: nobody asks */
    uint8_t *ways;         /* for each place FUZZ_WAYS numbers: 1 for a way that was reached; NULL: nobody asks */
} fuzz_report;

/* Runs a program twice, on memory filled with different garbage. Aborts, with a message, where an invariant does not
 * hold. `report` may be NULL. */
void fuzz_run(const uint8_t *bytes, size_t n, fuzz_report *report);

#endif
