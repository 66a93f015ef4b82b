#ifndef AUTODIFF_ENGINE_H
#define AUTODIFF_ENGINE_H
/* The engine's own view of a tape. Private to autodiff/.
 *
 * A tape has three tables of entries. STEP holds what was recorded since the last reset, in the order of recording,
 * which is a topological order. KEPT holds parameters and states. TEMPORARY holds what is not recorded: the tensors
 * that rules make in an ordinary backward, among them the gradients; its entries are recycled one by one. An id is a
 * table in its two highest bits and an index in the others; index 0 of STEP is the inert tensor. Entries are in chunks
 * that never move. */
#include <stdint.h>

#include <gradtape/operator.h>

#include "../base/arena.h"

enum { AD_STEP, AD_KEPT, AD_TEMPORARY, AD_TABLES };
enum { AD_INDEX_BITS = 30, AD_CHUNK_BITS = 9, AD_CHUNK_ENTRIES = 1 << AD_CHUNK_BITS };
#define AD_INDEX_MASK ((UINT32_C(1) << AD_INDEX_BITS) - 1)

enum ad_entry_flag {
    AD_WANTS_GRADIENT = 1, /* itself or something it was made from */
    AD_IS_STATE = 2,       /* a kept leaf without a gradient */
    AD_IS_HELD = 4,        /* a temporary that outlives the rule that made it */
    AD_IS_FRESH = 8,       /* a temporary that the running rule made: it is in the fresh list */
    AD_ON_PATH = 16,       /* between what a functional walk starts from and what it differentiates by */
    AD_IS_BORROWED = 32,   /* a leaf whose data is the caller's */
    AD_MAY_DROP = 64,      /* inside a segment: its data is dropped and computed again */
    AD_NOT_KEPT = 128,     /* and is dropped now */
};

/* What few entries have: in the arena of the entry's table. */
typedef struct ad_extra {
    const uint32_t *operands; /* all of them, if more than two */
    const ad_attribute *attributes;
    const char *name;
    uint32_t first_slot; /* of a parameter: its states (ad_slot), each leading to the next; 0: none */
    uint32_t next_slot;
    const char *slot;    /* of such a state: which of the parameter's it is */
    ad_storage *storage; /* of an entry in a segment: what holds its data; NULL: not a storage, or dropped */
} ad_extra;

/* In-place changes of a leaf. */
typedef struct ad_leaf {
    uint32_t version;    /* how many there were */
    uint32_t changed_at; /* how many entries the recording had at the last; 0: none since it was made, or reset */
} ad_leaf;

/* One of those changes. */
typedef struct ad_change {
    uint32_t leaf; /* its id */
    uint32_t entries;
    uint32_t version; /* before */
} ad_change;

/* Entries from first to last that are computed again in backward. */
typedef struct ad_stretch {
    uint32_t first, last;
    bool live; /* all data is there */
} ad_stretch;

/* One tensor: 64 bytes. A scalar's number lies in it; other data in the table's memory. */
typedef struct ad_entry {
    ad_value value;
    const ad_operator *op; /* NULL for leaves and temporaries */
    ad_extra *extra;       /* NULL: no more to say */
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
    uint32_t link; /* of a recorded or kept entry: its gradient's id, or 0; of a temporary: the next in its list */
} ad_entry;

/* The memory of a table. */
typedef struct ad_table {
    ad_entry **chunks;
    ad_shape **shapes; /* for each chunk room for its entries' shapes, made at need; STEP has its shapes in its arena */
    uint32_t n_chunks, room;
} ad_table;

struct ad_tape {
    uintptr_t lists[AD_TABLES]; /* of each table the address of its chunks, so that an id's bits of the table cancel */
    uint32_t ends[AD_TABLES + 1]; /* the id after the last in use, or once used in TEMPORARY; that of no table is 0 */
    ad_table tables[AD_TABLES];
    ad_status status;
    bool recording;                 /* results become entries of STEP, not of TEMPORARY */
    bool tracing;                   /* results are looked at: a number that is not finite is an error */
    bool misfit;                    /* the last replay did not fit, or a leaf was fed what will not */
    uint32_t misfit_leaf;           /* that leaf; 0: none, or more than one */
    bool half_replayed;             /* the last replay ended in an error */
    uint8_t processor;              /* which kernels */
    uint32_t generation;            /* of STEP's new entries */
    uint32_t resets;                /* so far */
    uint32_t marked;                /* how many entries there were at the last mark */
    uint32_t pins;                  /* names that were given to entries from before a mark, so far */
    ad_arena_mark pin;              /* where the last of them ends */
    uint64_t draws;                 /* of random operators, so far */
    uint32_t busy;                  /* walks and replays that are running, one inside the other */
    uint32_t parts;                 /* kernels and shape rules that are running, one inside the other */
    uint32_t floor;                 /* how many entries there were when the rule or part that runs began; 0: none */
    uint64_t runner;                /* which of all rules and parts that is; 0: none */
    uint64_t runners;               /* so far */
    uint32_t functional_walks;      /* walks among them that go by a path of their own */
    const struct ad_pullback *rule; /* the same, also after a mark in it */
    struct ad_pullback *walking;    /* the gradient rule that is running; NULL: none */
    uint32_t free_list;             /* of TEMPORARY's entries */
    uint32_t fresh_list;            /* TEMPORARY's entries that the running rule made */
    ad_arena step;                  /* data of STEP */
    ad_arena kept;                  /* data of KEPT */
    ad_pool pool;                   /* data of TEMPORARY */
    uint32_t *holders;              /* STEP's entries that have a gradient after backward */
    size_t n_holders, holders_room;
    ad_change *changes; /* of leaves in place, since the last reset or replay, in order */
    size_t n_changes, changes_room;
    ad_stretch *segments; /* in order */
    size_t n_segments, segments_room;
    uint32_t open_segment; /* the first entry of the segment that is being recorded; 0: none */
    ad_memory memory;
    char message[600];
    char reason[240]; /* of the misfit */
};

static inline ad_entry *ad_entry_in(const ad_tape *t, uint32_t table, uint32_t id)
{
    const uintptr_t chunk = t->lists[table] + (id >> AD_CHUNK_BITS) * sizeof(ad_entry *);
    return *(ad_entry **)chunk + (id & (AD_CHUNK_ENTRIES - 1));
}

static inline ad_entry *ad_entry_at(const ad_tape *t, uint32_t id) { return ad_entry_in(t, id >> AD_INDEX_BITS, id); }

/* The entry of a valid handle of this tape, else NULL. */
static inline ad_entry *ad_entry_of(const ad_tape *t, ad_tensor x)
{
    if (x.tape != t || x.id == 0 || x.id >= t->ends[x.id >> AD_INDEX_BITS])
        return NULL;
    ad_entry *e = ad_entry_at(t, x.id);
    return e->generation == x.generation ? e : NULL;
}

/* The entry of a valid handle of one of this tape's temporaries, else NULL. */
static inline ad_entry *ad_temporary_of(const ad_tape *t, ad_tensor x)
{
    if (x.tape != t || x.id >> AD_INDEX_BITS != AD_TEMPORARY || x.id >= t->ends[AD_TEMPORARY])
        return NULL;
    ad_entry *e = ad_entry_in(t, AD_TEMPORARY, x.id);
    return e->generation == x.generation ? e : NULL;
}

/* How many parameters and states there are; and number i of them. */
static inline uint32_t ad_kept_number(const ad_tape *t) { return t->ends[AD_KEPT] & AD_INDEX_MASK; }

static inline ad_entry *ad_kept_entry(const ad_tape *t, uint32_t i)
{
    return ad_entry_at(t, (uint32_t)AD_KEPT << AD_INDEX_BITS | i);
}

/* What a short function calls in the cases that are few: kept out of it, or it would save registers for them always. */
#define AD_APART __attribute__((noinline))

static inline uint32_t ad_table_of(ad_tensor x) { return x.id >> AD_INDEX_BITS; }

static inline ad_tensor ad_handle(ad_tape *t, uint32_t id)
{
    return (ad_tensor){.tape = t, .id = id, .generation = ad_entry_at(t, id)->generation};
}

static inline ad_tensor ad_inert(ad_tape *t) { return (ad_tensor){.tape = t}; }

static inline const uint32_t *ad_operands_of(const ad_entry *e)
{
    return e->value.n_operands > 2 ? e->extra->operands : e->u.operands;
}

static inline void ad_forget_misfit(ad_tape *t)
{
    t->misfit = false;
    t->misfit_leaf = 0;
}

/* The name of an entry, or what it is called without one. */
static inline const char *ad_name_or(const ad_entry *e, const char *otherwise)
{
    return e->extra && e->extra->name && *e->extra->name ? e->extra->name : otherwise;
}

/* How many results a call gives, without by-products. */
static inline int ad_result_count(const ad_operator *op) { return op->n_results ? op->n_results : 1; }

/* Loads what an entry points to, of which a walk will come to it in a moment: by how many entries ahead. */
enum { AD_AHEAD = 8 };
static inline void ad_prefetch_entry(const ad_entry *e)
{
    __builtin_prefetch(e->value.data);
    if (e->extra) {
        __builtin_prefetch(e->extra);
        __builtin_prefetch(e->value.shape);
    }
}

extern const ad_shape ad_scalar_shape_value;

/* Makes an entry a scalar; its number is not set. */
static inline void ad_furnish_scalar(ad_entry *e, uint8_t type)
{
    e->value.shape = &ad_scalar_shape_value;
    e->value.type = type;
    e->value.data = &e->scalar;
}

/* Room for more entries in a table; false if there is no memory (the tape is then in error). In tape.c. */
bool ad_add_chunk(ad_tape *t, uint32_t table);

static inline bool ad_is_full(const ad_tape *t, uint32_t which)
{
    return (t->ends[which] & AD_INDEX_MASK) >> AD_CHUNK_BITS == t->tables[which].n_chunks;
}

/* A new temporary is in the fresh list until the rule that made it has run. */
static inline uint32_t ad_append_temporary(ad_tape *t)
{
    uint32_t id = t->free_list;
    if (id)
        t->free_list = ad_entry_at(t, id)->link;
    else if (ad_is_full(t, AD_TEMPORARY) && !ad_add_chunk(t, AD_TEMPORARY))
        return 0;
    else
        id = t->ends[AD_TEMPORARY]++;
    ad_entry *e = ad_entry_at(t, id);
    /* Of a temporary only this and what ad_furnish sets is ever anything but 0; the generation is one of its own since
     * it was recycled. */
    e->value.flags = AD_IS_FRESH;
    e->link = t->fresh_list;
    t->fresh_list = id;
    return id;
}

/* Takes a temporary back; its handles become stale. */
static inline void ad_recycle(ad_tape *t, uint32_t id)
{
    ad_entry *e = ad_entry_at(t, id);
    if (e->u.storage) {
        ad_pool_drop(&t->pool, e->u.storage);
        e->u.storage = NULL;
    }
    e->generation++;
    e->link = t->free_list;
    t->free_list = id;
}

/* A new entry in a table; its id, or 0 if there is no memory (the tape is then in error). */
static inline uint32_t ad_append(ad_tape *t, uint32_t which)
{
    if (which == AD_TEMPORARY)
        return ad_append_temporary(t);
    if (ad_is_full(t, which) && !ad_add_chunk(t, which))
        return 0;
    const uint32_t id = t->ends[which]++;
    *ad_entry_at(t, id) = (ad_entry){.generation = which == AD_STEP ? t->generation : 1};
    return id;
}

/* ---- status.c ---------------------------------------------------------------------------------------------------- */

ad_status ad_fail_memory(ad_tape *t, const char *who);

/* ---- tape.c ------------------------------------------------------------------------------------------------------ */

/* The entry of x for a call named `who`; on failure NULL, and the tape, if there is one, is in error. */
ad_entry *ad_require(ad_tensor x, const char *who);
/* Says in the tape's error why x, operand i of `who` (i < 0: its only one), is not a valid tensor of t. */
void ad_fail_handle(ad_tape *t, ad_tensor x, const char *who, int i);
/* Gives an entry its type, a copy of the shape, and room for its data. */
bool ad_furnish(ad_tape *t, uint32_t id, ad_type type, const ad_shape *shape);
/* The same for an entry of STEP and a shape that lives as long, that of an operand: the shape is shared. */
bool ad_furnish_like(ad_tape *t, uint32_t id, ad_type type, const ad_shape *shape);
/* The same with the data of another entry, shared. */
bool ad_furnish_shared(ad_tape *t, uint32_t id, ad_type type, const ad_shape *shape, uint32_t from);
/* The tensor whose data this one shows: of a view its operand's, and so on. Views to and from rank 0 are copies. */
uint32_t ad_origin_of(const ad_tape *t, uint32_t id);
/* Drops the STEP entries from `count` on, and all that is said of them. The arena goes back to `mark`, where the tape
 * had so many pins, but not behind a pin made since. */
void ad_drop_from(ad_tape *t, uint32_t count, ad_arena_mark mark, uint32_t pins);
/* The extra of an entry, made at need; NULL if there is no memory. */
ad_extra *ad_extra_of(ad_tape *t, uint32_t id);
/* An input with the value of an entry, copied; inert if there is no memory. */
ad_tensor ad_constant(ad_tape *t, const ad_entry *e);
/* Room for one more than n elements of `bytes` each, of which there is `*room`: the array, perhaps moved, or NULL if
 * there is no memory (the tape is then in error, and the array as it was). */
void *ad_more_room(ad_tape *t, void *array, size_t n, size_t *room, size_t bytes);

/* ---- shape.c ----------------------------------------------------------------------------------------------------- */

bool ad_equal_dims(const ad_shape *a, const ad_shape *b);
static inline bool ad_same_dims(const ad_shape *a, const ad_shape *b) { return a == b || ad_equal_dims(a, b); }
/* Whether rank and sizes are legal and `bytes` an element fits in memory; on failure the tape is in error, `who` named.
 */
bool ad_check_shape(ad_tape *t, const char *who, const ad_shape *shape, size_t bytes);
/* The number of elements of a checked shape; the bytes of one of a legal type. */
static inline size_t ad_count_of(const ad_shape *shape)
{
    size_t n = 1;
    for (int i = 0; i < shape->rank; i++)
        n *= (size_t)shape->dims[i];
    return n;
}
static inline size_t ad_bytes_of(uint8_t type) { return type == AD_F64 ? sizeof(double) : sizeof(float); }
/* NumPy broadcasting of b into *a; false if they do not fit. */
bool ad_broadcast(ad_shape *a, const ad_shape *b);
/* For shape rules: result 0 is as wide as all operands, of which there are some, and of the type given. */
void ad_broadcast_result(ad_call *c, ad_type type);
/* The axes as a bit mask over `rank` axes; on failure the call fails. */
bool ad_axes_mask(ad_call *c, const ad_axes *axes, int rank, unsigned *mask);
/* A negative axis counted from the last; -1 if it is out of range, and the call fails. */
int ad_axis_index(ad_call *c, int64_t axis, int rank);
/* The place of a new axis beside `rank` others, a negative one counted from the last; -1 if there is none, and the call
 * fails. */
int ad_new_axis_index(ad_call *c, int64_t axis, int rank);
/* The shape with a new axis of `size` there. */
ad_shape ad_expanded(const ad_shape *x, int axis, int64_t size);
/* The shape with the axes of the mask removed, or kept with size 1. */
ad_shape ad_reduced(const ad_shape *x, unsigned mask, bool keep);
/* "[2,3]" into text, which it returns. */
enum { AD_SHAPE_TEXT = 8 * 21 + 3 };
const char *ad_shape_text(const ad_shape *shape, char text[AD_SHAPE_TEXT]);
/* "W2 [300,10]" for operand i of a call, into text, which it returns. */
enum { AD_OPERAND_TEXT = AD_SHAPE_TEXT + 64 };
const char *ad_operand_text(const ad_call *c, int i, char text[AD_OPERAND_TEXT]);

/* ---- random.c ---------------------------------------------------------------------------------------------------- */

/* The random bits number first .. first + n - 1 of a seed and a stream, as ad_random_bits gives them one by one; first
 * and n are multiples of AD_WORDS. */
enum { AD_WORDS = 32 };
void ad_random_words(uint64_t seed, uint64_t stream, uint64_t first, size_t n, uint32_t *words);

#endif
