#ifndef AUTODIFF_TAPE_TAPE_H
#define AUTODIFF_TAPE_TAPE_H
/* The tape as the engine sees it.
 *
 * A tape has three tables of entries. STEP holds what was recorded since the last reset, in the order of recording,
 * which is a topological order. PERSISTENT holds parameters and states. TEMPORARY holds what is not recorded: the
 * tensors that rules make in an ordinary backward, gradients among them; its entries are recycled one by one. An id is
 * a table in its two highest bits and an index in the others. Index 0 of STEP is the inert tensor. Entries lie in
 * chunks that never move. */
#include <stdint.h>

#include <gradtape/operator.h>

#include "../base/arena.h"
#include "../base/list.h"
#include "../base/shape.h"

enum { AD_STEP, AD_PERSISTENT, AD_TEMPORARY, AD_TABLES };
enum { AD_INDEX_BITS = 30, AD_CHUNK_BITS = 9, AD_CHUNK_ENTRIES = 1 << AD_CHUNK_BITS };
#define AD_INDEX_MASK ((UINT32_C(1) << AD_INDEX_BITS) - 1)

/* A short function calls these in its rare cases. Inlined, they would make it save registers always. */
#define AD_NOINLINE __attribute__((noinline))

/* What every call takes, and is compiled apart for what the caller knows. */
#define AD_ALWAYS_INLINE static inline __attribute__((always_inline))

/* A condition that holds nearly always. A long way of conditions would else be compiled as one that is hardly taken. */
#define AD_LIKELY(condition) __builtin_expect(!!(condition), 1)

enum ad_entry_flag {
    AD_WANTS_GRADIENT = 1, /* itself, or something it was made from */
    AD_IS_STATE = 2,       /* a persistent leaf without a gradient */
    AD_IS_GRADIENT = 4,    /* a temporary that outlives the rule that made it */
    AD_IS_FRESH = 8,       /* a temporary that the running rule made: it is in the list of the fresh */
    AD_ON_PATH = 16,       /* on the path of a functional sweep */
    AD_IS_BORROWED = 32,   /* a leaf whose data belongs to the caller */
    AD_MAY_DROP = 64,      /* inside a segment: its data can be dropped and recomputed */
    AD_IS_DROPPED = 128,   /* its data is dropped now */
};

/* What few entries have. It lies in the arena of the entry's table. */
typedef struct ad_extra {
    const char *name;
    union {
        ad_storage *storage; /* of an entry in a segment: what holds its data; NULL: no storage, or dropped */
        uint32_t proposal;   /* of a state: the number of the last proposal for it, from 1; 0: there is none */
    };
    union {
        struct {
            const uint32_t *operands; /* all of them, if there are more than two */
            const ad_attribute *attributes;
        };
        struct {                 /* of a leaf (ad_slot) */
            uint32_t first_slot; /* its slots, each of which leads to the next; 0: none */
            uint32_t next_slot;
            const char *slot; /* of a slot: which of the leaf's it is */
        };
    };
} ad_extra;

/* In-place changes of a leaf. */
typedef struct ad_leaf {
    uint32_t version;    /* how many there were */
    uint32_t changed_at; /* how many entries the recording had at the last; 0: none since it was made, or reset */
} ad_leaf;

/* One in-place change. */
typedef struct ad_change {
    uint32_t leaf; /* its id */
    uint32_t entries;
    uint32_t version; /* before the change */
} ad_change;

/* A scope (inspect.h). */
typedef struct ad_stretch {
    const char *name;
    uint32_t outer;      /* the number of the scope around it, from 1; 0: none */
    uint32_t first, end; /* its entries are from first on, before end; 0: it is open */
} ad_stretch;

/* A leaf that was assigned from what a replay computes anew. */
typedef enum ad_copied {
    AD_COPIED_UNKNOWN, /* what lies at `data`: it was not looked for */
    AD_COPIED_RESULT,
    AD_COPIED_GRADIENT, /* one that ad_backward did not record */
    AD_COPIED_DROPPED,  /* a result that a return to a position dropped */
} ad_copied;

typedef struct ad_copy {
    const void *data; /* from where; NULL: the leaf has been changed otherwise since */
    uint32_t leaf;
    uint32_t source;       /* of a result: which */
    uint32_t unread_until; /* no entry before this one reads the leaf */
    uint8_t from;          /* ad_copied */
    bool is_old;           /* a replay computed the result anew */
    bool is_read;          /* by the recording: set where this is asked */
} ad_copy;

/* A proposal: a new value of a state, which ad_commit gives to it. */
typedef struct ad_proposal {
    uint32_t state, value; /* their ids; the value is a result of STEP */
    uint32_t earlier;      /* the number of the proposal before for the same state, from 1; 0: there is none */
} ad_proposal;

/* A gradient that does not belong to the functional sweep that runs. */
typedef struct ad_aside {
    uint32_t id, gradient; /* whose it is; its own id */
} ad_aside;

/* Entries from first to last, which are recomputed in backward. */
typedef struct ad_segment {
    uint32_t first, last;
    bool live; /* all data is there */
} ad_segment;

/* One tensor: 64 bytes. A scalar's number lies in the entry; other data lies in the table's memory. */
typedef struct ad_entry {
    ad_value value;
    const ad_operator *op; /* NULL for leaves and temporaries */
    ad_extra *extra;       /* NULL if there is nothing more to say */
    union {
        double f64;
        float f32;
        int32_t i32;
    } scalar;
    union {
        uint32_t operands[2]; /* of a recorded entry: ids */
        ad_storage *storage;  /* of a temporary: what holds its data; NULL: a scalar, or data of a recorded entry */
        ad_leaf leaf;
    } u;
    uint32_t generation;
    union {
        uint32_t gradient; /* of a recorded or persistent entry: its gradient's id, or 0 */
        uint32_t next;     /* of a temporary: the next in the list of the free or of the fresh */
        uint32_t owner;    /* of a temporary in neither: whose gradient it is, if ad_gradient gave it out; else 0 */
    };
} ad_entry;

/* The memory of a table. */
typedef struct ad_table {
    ad_entry **chunks;
    ad_shape **shapes; /* for each chunk room for its entries' shapes; STEP has its shapes in its arena */
    uint32_t n_chunks, room;
    uintptr_t lowest, end; /* the addresses of all chunks lie between */
} ad_table;

/* Where the recording ends: so many entries, so much of their memory. */
typedef struct ad_place {
    uint32_t entries;
    ad_arena_mark memory;
} ad_place;
#define AD_PLACE_NOW(t) ((ad_place){(t)->ends[AD_STEP], {(t)->step.current, (t)->step.at}})

/* One calculation that runs on the tape inside another. Frames lie on the C stack, but positions in the pool; the tape
 * has the innermost one. This stack is the only answer to what runs now, what is recorded, and where it began. */
typedef enum ad_frame_kind {
    AD_IN_SHAPE_RULE,
    AD_IN_KERNEL,
    AD_IN_RULE, /* a gradient rule */
    AD_IN_SWEEP,
    AD_IN_REPLAY,
    AD_AT_POSITION, /* what follows ad_position_now */
} ad_frame_kind;

typedef struct ad_frame {
    struct ad_frame *outer; /* NULL: the program itself */
    ad_place start;
    ad_frame_kind kind;
    uint32_t id; /* result 0 of the call: of a gradient rule; of a kernel that is recorded, else 0 */
    union {
        const ad_entry *entry;   /* of a gradient rule: that entry */
        struct ad_frame *around; /* of a position, around which many can be: the next frame that is none */
    };
    bool functional;       /* of a sweep: it goes by a path of its own */
    bool recording;        /* of a sweep or a position: whether results were recorded outside it */
    uint32_t fresh;        /* of a position: the list of the fresh outside it */
    uint32_t open_segment; /* of a position: the segment that was open */
    size_t n_scopes;       /* of a position: how many scopes there were */
    uint32_t open_scope;   /* of a position: the scope that was open */
    uint64_t serial;       /* of a position: what it is known by */
    uint64_t sweeps;       /* of a position: how many sweeps of ad_backward came before it */
    ad_storage *storage;   /* of a position: the memory of this frame */
} ad_frame;

/* Whether the values on the tape are those of its leaves. */
typedef enum ad_recording_state {
    AD_RECORDING_CURRENT,
    AD_RECORDING_CHANGED, /* it does not fit any more: a guard decided otherwise, or a leaf was fed another shape */
    AD_RECORDING_FAILED,  /* a replay ended in an error: values are partly old */
} ad_recording_state;

/* What each call asks of the tape, in one word. */
#define AD_MODE                                                                                                        \
    union {                                                                                                            \
        struct {                                                                                                       \
            ad_status status;                                                                                          \
            bool recording; /* results become entries of STEP, not of TEMPORARY */                                     \
            bool checking;  /* results are looked at: a number that is not finite is an error */                       \
            bool none[2];                                                                                              \
        };                                                                                                             \
        uint64_t mode;                                                                                                 \
    }

/* The mode of a tape without an error that checks nothing. */
static inline uint64_t ad_plain_mode(bool recording)
{
    const AD_MODE plain = {{.status = AD_OK, .recording = recording}};
    return plain.mode;
}

enum { AD_CHECKED = 16 };

struct ad_tape {
    struct {
        uintptr_t bases[AD_TABLES];   /* of each table the address of its chunks, so that an id's table bits cancel */
        uint32_t ends[AD_TABLES + 1]; /* the id after the last in use, or once used in TEMPORARY; that of no table: 0 */
        ad_table tables[AD_TABLES];
        uint32_t first; /* where STEP begins: the ids before it are used up */
        uint32_t free;  /* the list of TEMPORARY's free entries */
        uint32_t fresh; /* the list of TEMPORARY's entries that the running rule made */
    };
    AD_MODE;
    struct {
        char message[600];
        bool watching;                          /* parts of gradients and earlier values of leaves are kept */
        ad_frame *frame;                        /* the innermost; NULL: the program runs */
        uint64_t draws;                         /* of random operators, so far */
        const ad_operator *checked[AD_CHECKED]; /* rows, and descriptors that have entries here: found complete */
        bool checked_own;                       /* the user's are among them */
    };
    struct {
        ad_recording_state state;
        bool guard_lost;  /* a return to a position dropped a guard: the program chose by it what it recorded next */
        char reason[240]; /* which guard or shape */
    } replay;
    struct {
        ad_list with_gradient; /* ids of STEP's entries that have a gradient after backward */
        ad_list changes;       /* ad_change: of leaves in place since the last reset or replay, in order */
        ad_list copies;        /* ad_copy: of leaves that the program assigned from results, in the order of leaves */
        ad_list proposals;     /* ad_proposal, in order */
        size_t settled;        /* the first so many of them wait no more for ad_commit */
        ad_list segments;      /* ad_segment, in order */
        ad_list aside;         /* ad_aside: of functional sweeps, those of the innermost last */
        ad_list outer;         /* ids on the paths of sweeps that a functional sweep runs inside of, likewise */
        ad_list scopes;        /* ad_stretch, in the order of their beginnings */
        uint32_t open_segment; /* the first entry of the segment that is being recorded; 0: none */
        uint32_t open_scope;   /* the number of the innermost open scope, from 1; 0: none */
        bool has_retired;      /* some entry of STEP is retired: its id is used up */
        bool gave_gradient;    /* the program was given a gradient that ad_backward did not record */
        uint64_t positions;    /* so many were taken: they are known by their number */
        uint64_t sweeps;       /* of ad_backward, so far: they alone give gradients to what stands before a position */
    };
    struct ad_watch *watch; /* what was kept; NULL: the tape was never watched */
    struct {
        ad_memory memory;
        ad_arena step;       /* data of STEP */
        ad_arena late;       /* names given to STEP's entries from inside a frame that began after them */
        ad_arena persistent; /* data of PERSISTENT */
        ad_pool pool;        /* data of TEMPORARY */
    };
};

/* ---- Generations ------------------------------------------------------------------------------------------------- */

/* The highest bit is in no handle. It is set in an entry of STEP whose data its segment dropped, so that looking for
 * valid handles costs nothing more. */
#define AD_DROPPED_GENERATION UINT32_C(0x80000000)

/* An entry of STEP that has had its last generation is used up: it is retired, and the recording steps over it for
 * ever. So no pair of an id and a generation is given twice. */
#define AD_LAST_GENERATION (AD_DROPPED_GENERATION - 1)
#define AD_RETIRED_GENERATION (AD_DROPPED_GENERATION + 1)

/* The generation of the tensor that comes after the one that e was of. */
static inline uint32_t ad_next_generation(const ad_entry *e) { return e->generation + 1; }

static inline bool ad_is_used_up(const ad_entry *e) { return ad_next_generation(e) & AD_DROPPED_GENERATION; }

/* ---- Finding entries --------------------------------------------------------------------------------------------- */

static inline ad_entry *ad_entry_at(const ad_tape *t, uint32_t id)
{
    const uintptr_t chunk = t->bases[id >> AD_INDEX_BITS] + (id >> AD_CHUNK_BITS) * sizeof(ad_entry *);
    return *(ad_entry **)chunk + (id & (AD_CHUNK_ENTRIES - 1));
}

/* The entry of a valid handle of this tape, else NULL. */
static inline ad_entry *ad_entry_of(const ad_tape *t, ad_tensor x)
{
    if (x.tape != t || x.id == 0 || x.id >= t->ends[x.id >> AD_INDEX_BITS])
        return NULL;
    ad_entry *e = ad_entry_at(t, x.id);
    return e->generation == x.generation ? e : NULL;
}

static inline uint32_t ad_table_of(ad_tensor x) { return x.id >> AD_INDEX_BITS; }

static inline bool ad_is_temporary(uint32_t id) { return id >> AD_INDEX_BITS == AD_TEMPORARY; }

/* How many parameters and states there are; and number i of them. */
static inline uint32_t ad_persistent_count(const ad_tape *t) { return t->ends[AD_PERSISTENT] & AD_INDEX_MASK; }

static inline ad_entry *ad_persistent_entry(const ad_tape *t, uint32_t i)
{
    return ad_entry_at(t, (uint32_t)AD_PERSISTENT << AD_INDEX_BITS | i);
}

static inline ad_tensor ad_handle(ad_tape *t, uint32_t id)
{
    return (ad_tensor){.tape = t, .id = id, .generation = ad_entry_at(t, id)->generation};
}

static inline ad_tensor ad_inert(ad_tape *t) { return (ad_tensor){.tape = t}; }

/* ---- Reading entries --------------------------------------------------------------------------------------------- */

static inline const uint32_t *ad_operands_of(const ad_entry *e)
{
    return e->value.n_operands > 2 ? e->extra->operands : e->u.operands;
}

static inline const ad_attribute *ad_entry_attributes(const ad_entry *e)
{
    return e->op && e->extra ? e->extra->attributes : NULL;
}

/* Whether it is a scalar that takes the type of what it meets. Such a leaf is marked as the result of a call. */
static inline bool ad_takes_type(const ad_entry *e) { return !e->op && e->value.n_results; }

/* Element i of a value of any type. */
static inline double ad_number_at(const ad_value *x, size_t i)
{
    if (x->type == AD_I32)
        return ((const int32_t *)x->data)[i];
    return x->type == AD_F32 ? (double)((const float *)x->data)[i] : ((const double *)x->data)[i];
}

/* How many results a call gives, without by-products. */
static inline int ad_result_count(const ad_operator *op) { return op->n_results ? op->n_results : 1; }

/* The letters of its types, one or more. */
static inline const char *ad_letters_of(const ad_operator *op) { return op->types && *op->types ? op->types : "r"; }

/* That of operand i. The last one repeats. */
static inline char ad_letter_of(const ad_operator *op, int i)
{
    const char *letters = ad_letters_of(op);
    for (; i > 0 && letters[1]; i--)
        letters++;
    return *letters;
}

/* How many attributes a call carries. */
static inline int ad_attribute_count(const ad_operator *op)
{
    int n = 0;
    while (n < AD_MAX_ATTRIBUTES && op->attributes[n].kind != AD_ATTRIBUTE_NONE)
        n++;
    return n;
}

/* Whether the entry is a parameter, a state, an input or a variable. */
static inline bool ad_is_leaf(const ad_tape *t, uint32_t id) { return !ad_is_temporary(id) && !ad_entry_at(t, id)->op; }

/* A loop over entries loads ahead what an entry points to. AD_AHEAD: how many entries ahead. */
enum { AD_AHEAD = 8 };
static inline void ad_prefetch_entry(const ad_entry *e)
{
    __builtin_prefetch(e->value.data);
    if (e->extra) {
        __builtin_prefetch(e->extra);
        __builtin_prefetch(e->value.shape);
    }
}

#endif
