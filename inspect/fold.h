#ifndef INSPECT_FOLD_H
#define INSPECT_FOLD_H
/* What a drawing of a tape shows: boxes and the links between them.
 *
 * A fold is a stretch of the recording that can be drawn as one box: a scope, or a run of scopes of equal structure.
 * Where a tape has no scopes, entries that consume parameters of the same prefix ("dense1/weights", "dense1/biases")
 * make one.
 *
 * A node is a tensor of the tape: first the parameters and states, then the entries in the order of recording. */
#include "describe.h"

typedef struct ad_fold {
    const char *name; /* of a run: that of its first scope */
    size_t length;    /* of the name, in bytes */
    const char *last; /* of a run: the name of its last scope; else NULL */
    size_t last_length;
    int outer;       /* the fold around it; -1: none. It comes before this one in the list */
    int depth;       /* 1: nothing is around it; the scopes of a run have the run's depth */
    int times;       /* of a run: the number of its scopes; else 1 */
    size_t first, n; /* its entries */
} ad_fold;

typedef struct ad_folds {
    ad_tape *t;
    ad_memory memory;
    size_t kept, recorded; /* the numbers of nodes */
    ad_fold *list;
    size_t n, room;
    int32_t *inner; /* for each node: the innermost fold; AD_NO_FOLD or AD_UNUSED */
} ad_folds;

/* Of a node: no fold is around it; it is a parameter or a state that no entry consumes. */
enum { AD_NO_FOLD = -1, AD_UNUSED = -2 };

/* Finds the folds of a tape. Returns false if memory is out. The caller frees them, also then. */
bool ad_find_folds(ad_folds *folds, ad_tape *t);
void ad_free_folds(ad_folds *folds);

/* The tensor of a node, and the node of a tensor; SIZE_MAX: it is none of the recording. */
ad_tensor ad_node_tensor(const ad_folds *folds, size_t node);
size_t ad_node_of(const ad_folds *folds, ad_tensor x);

/* Writes the name of a fold: "layer1"; for a run "layer1 .. layer40", or "layer1 .." where there is little room. */
void ad_put_fold_name(ad_sink *sink, ad_ink ink, const ad_fold *fold, size_t most);

/* ---- Drawings ---------------------------------------------------------------------------------------------------- */

typedef struct ad_box {
    size_t node;     /* of a tensor; SIZE_MAX for a fold */
    int fold;        /* of a fold; -1 for a tensor */
    bool is_leaf;    /* nothing in the drawing goes into it */
    bool is_outside; /* of the drawing of a fold: it stands around the fold */
    int column;      /* what follows is set by layout.h */
    int x, y;
} ad_box;

/* What one box consumes of another. Between two tensors there is a link for each operand's place. */
typedef struct ad_link {
    int from, to; /* boxes */
    size_t user;  /* the node that consumes; SIZE_MAX where one of the boxes is a fold */
    int place;    /* of the operand, from 0 */
    int label_x, label_y;
    int first_bend, bends; /* in the drawing's list */
} ad_link;

typedef struct ad_bend {
    int x, y;
} ad_bend;

typedef struct ad_drawing {
    ad_memory *memory;
    ad_box *boxes; /* in a topological order */
    ad_link *links;
    ad_bend *bends;
    size_t n, n_links, n_bends;
    size_t room, room_links, room_bends;
    int fold;        /* whose inside it is; -1: the whole tape */
    size_t left_out; /* boxes that are not drawn, because there are too many */
    int width, height;
} ad_drawing;

enum {
    AD_BOXES_WANTED = 40, /* scopes are folded until there are so many */
    AD_MOST_BOXES = 300,  /* of more, only those around a chosen one are drawn */
    AD_NEAR = 3,          /* how far around it, in links */
};

/* Makes the drawing of a fold, or of the whole tape (fold -1), without its layout. `chosen` is the node that must be
 * seen. Returns false if memory is out. The caller frees it, also then. */
bool ad_draw(ad_drawing *drawing, ad_folds *folds, int fold, bool open_all, size_t chosen);
void ad_free_drawing(ad_drawing *drawing);

/* The box that shows a node in the drawing; -1 if none does. */
int ad_box_of(const ad_drawing *drawing, const ad_folds *folds, size_t node);

#endif
