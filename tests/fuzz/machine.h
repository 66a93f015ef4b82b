#ifndef TESTS_FUZZ_MACHINE_H
#define TESTS_FUZZ_MACHINE_H
/* What runs a program: a tape, what the program knows to be on it, and the invariants. */
#include "../support/counting.h"
#include "draw.h"
#include "program.h"

enum { FUZZ_SLOTS = 96, FUZZ_GONE = 16, FUZZ_CALLS = 64, FUZZ_OPERANDS = AD_SAMPLE_OPERANDS + 6 };

typedef enum fuzz_kind { FUZZ_KEPT, FUZZ_STEP, FUZZ_OF_GRADIENT } fuzz_kind;
typedef enum fuzz_wants { FUZZ_WANTS_NOT, FUZZ_WANTS_MAYBE, FUZZ_WANTS_SURELY } fuzz_wants;

/* A tensor that can be read, and what must be true of it. */
typedef struct fuzz_slot {
    ad_tensor x;
    ad_type type;
    ad_shape shape;
    fuzz_kind kind;
    fuzz_wants wants;
    uint64_t born; /* counts the slots, and the segments */
} fuzz_slot;

/* A call of an operator, planned or recorded. */
typedef struct fuzz_call {
    const ad_operator *row;
    int n_x, n_y;
    fuzz_slot x[FUZZ_OPERANDS], y[AD_MAX_RESULTS];
    ad_attribute attributes[AD_MAX_ATTRIBUTES];
} fuzz_call;

/* A position, and what the machine knew at it. */
typedef struct fuzz_position {
    ad_position position;
    uint64_t born, segment;
    int n_calls;
    bool is_open; /* not given up yet */
} fuzz_position;

enum { FUZZ_POSITIONS = 16 };

typedef struct fuzz_machine {
    counting memory, probe_memory;
    ad_tape *tape, *other;
    ad_tape *probe; /* where calls are tried first */
    fuzz_slot slots[FUZZ_SLOTS];
    ad_tensor gone[FUZZ_GONE]; /* handles that a reset made stale */
    fuzz_call calls[FUZZ_CALLS];
    int n_slots, n_gone, n_calls;
    fuzz_position positions[FUZZ_POSITIONS];
    uint64_t born, segment; /* of the open segment; 0: none is open */
    int n_positions, segment_calls, n_guards;
    int64_t kernel_runs; /* of the last operator of ours that was applied */
    bool has_survivor;   /* a tensor survived a return since the last reset */
    bool has_misbehaved; /* an operator that misbehaves was applied since the last reset */
    bool is_sweeping;    /* backward runs */
    bool is_mixed;       /* some gradients may be recorded and others not */
    size_t refused;      /* by the allocator, before this instruction */
    bool has_failed;     /* some instruction left an error */
    bool is_changed;     /* a leaf was updated since the recording began */
    bool is_starving;    /* the allocator fails on command */
    bool is_recorded;    /* the last backward was differentiable */
    bool has_unrecorded; /* a gradient that is not recorded was an operand since the last reset */
    uint64_t digest;     /* of all that was read */
    fuzz_report *report;
} fuzz_machine;

/* Aborts with a message if an invariant does not hold. */
#define FUZZ_EXPECT(condition, ...) ((condition) ? (void)0 : fuzz_abort(__FILE__, __LINE__, __VA_ARGS__))
_Noreturn void fuzz_abort(const char *file, int line, const char *format, ...) AD_PRINTF(3, 4);

void fuzz_open(fuzz_machine *m, unsigned char garbage, fuzz_report *report);

/* Reads all that can be read, closes the tapes, and expects that all memory was given back. */
void fuzz_close(fuzz_machine *m);

void fuzz_execute(fuzz_machine *m, const fuzz_instruction *instruction);

/* ---- Slots ------------------------------------------------------------------------------------------------------- */

void fuzz_push(fuzz_machine *m, const fuzz_slot *slot);
/* Drops the slots of a kind; their handles may be stale from now on, or `surely` are. */
void fuzz_drop(fuzz_machine *m, fuzz_kind kind, bool surely);
/* The k-th most recent slot that fits, counted round and round; NULL if none does. */
typedef bool fuzz_fits(const fuzz_machine *m, const fuzz_slot *slot, const void *context);
fuzz_slot *fuzz_find(fuzz_machine *m, unsigned k, fuzz_fits *fits, const void *context);
/* Makes a leaf of FUZZ_PARAM, FUZZ_VARIABLE or FUZZ_INPUT and pushes it; i32 makes an input. */
fuzz_slot fuzz_leaf(fuzz_machine *m, int leaf, ad_type type, const ad_shape *shape, const fuzz_numbers *numbers);

/* What is true after a reset. */
void fuzz_forget_step(fuzz_machine *m);
/* Notes that a program reached a way. */
void fuzz_reach(fuzz_machine *m, fuzz_place place, unsigned way);

/* ---- Invariants -------------------------------------------------------------------------------------------------- */

bool fuzz_is_well(const fuzz_machine *m);
/* Whether memory was refused in this instruction: then whatever failed may have. */
bool fuzz_is_refused(const fuzz_machine *m);
void fuzz_check_status(fuzz_machine *m);
/* A number for the bits of a tensor's value. NaN is NaN, whatever its bits. */
uint64_t fuzz_hash(ad_tensor x);
/* Reads a tensor that must be readable, with its gradient if it has one. */
void fuzz_read(fuzz_machine *m, const fuzz_slot *slot);

/* ---- Instructions in files of their own -------------------------------------------------------------------------- */

void fuzz_apply(fuzz_machine *m, const fuzz_instruction *in);
void fuzz_backward(fuzz_machine *m, const fuzz_instruction *in);
void fuzz_gradient(fuzz_machine *m, const fuzz_instruction *in);
void fuzz_local_gradient(fuzz_machine *m, const fuzz_instruction *in);
void fuzz_gradcheck(fuzz_machine *m, const fuzz_instruction *in);
void fuzz_positions(fuzz_machine *m, const fuzz_instruction *in);
void fuzz_replay(fuzz_machine *m, const fuzz_instruction *in);
void fuzz_segments(fuzz_machine *m, const fuzz_instruction *in);
void fuzz_show(fuzz_machine *m, const fuzz_instruction *in);
void fuzz_custom(fuzz_machine *m, const fuzz_instruction *in);
void fuzz_update(fuzz_machine *m, const fuzz_instruction *in);

/* The picks as one number, to draw from. */
uint32_t fuzz_seed_of(const fuzz_instruction *in);
bool fuzz_is_wild(const fuzz_instruction *in);

#endif
