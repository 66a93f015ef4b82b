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

/* What a program did. */
enum { FUZZ_RAN_KERNEL = 1, FUZZ_RAN_RULE = 2 };
typedef struct fuzz_report {
    bool reached_backward; /* a backward succeeded, and nothing had failed before */
    uint8_t *ran;          /* for each row of the table what ran is or-ed in; NULL: nobody asks */
} fuzz_report;

/* Runs a program twice, on memory filled with different garbage. Aborts, with a message, where an invariant does not
 * hold. `report` may be NULL. */
void fuzz_run(const uint8_t *bytes, size_t n, fuzz_report *report);

#endif
