/* Drawings: which boxes and links they have. */
#include <string.h>

#include <gradtape/operator.h>

#include "fold.h"

enum {
    MOST_LINKS = 3000,
    MOST_OUTSIDE = 40,
    MOST_USES = 12, /* what is used more often does not make its users near each other */
    NOT_DRAWN = -1,
};

/* What is known while a drawing is made. */
typedef struct sketch {
    ad_drawing *drawing;
    const ad_folds *folds;
    size_t first, end; /* the entries that the drawing is about */
    size_t nodes;
    int32_t *shown;      /* for each fold: the fold that is drawn as the box around it; -1: none, its inside is drawn */
    int32_t *box;        /* for each node, then each fold: its box, or NOT_DRAWN */
    unsigned char *near; /* for each of them: how near it is to the chosen one, AD_NEAR + 1 at it, 0 too far */
    unsigned char *uses; /* how often each of them is consumed, at most 255 */
    bool only_near;
    bool has_unused; /* parameters that nothing consumes are drawn too */
} sketch;

/* ---- Which folds are boxes --------------------------------------------------------------------------------------- */

/* Folds all scopes of this depth and deeper. Returns how many boxes there are then. */
static size_t fold_from(const sketch *s, int depth)
{
    const ad_folds *folds = s->folds;
    const int inside = s->drawing->fold;
    size_t boxes = 0;
    for (size_t i = 0; i < folds->n; i++) {
        const ad_fold *fold = &folds->list[i];
        const bool is_below = inside < 0 || ((int)i > inside && fold->first >= s->first && fold->first < s->end);
        const int32_t around = !is_below || fold->outer == inside || fold->outer < 0 ? -1 : s->shown[fold->outer];
        s->shown[i] = !is_below ? -1 : around >= 0 ? around : fold->depth >= depth ? (int32_t)i : -1;
        boxes += s->shown[i] == (int32_t)i;
    }
    for (size_t v = 0; v < s->nodes; v++) {
        const int32_t inner = folds->inner[v];
        const bool is_entry = v >= folds->kept;
        const size_t i = v - folds->kept;
        const bool is_in = is_entry ? i >= s->first && i < s->end : inner != AD_UNUSED && inside < 0;
        boxes += is_in && (inner < 0 || s->shown[inner] < 0);
    }
    return boxes;
}

static size_t choose_folds(const sketch *s, bool open_all)
{
    int depth = 1;
    for (size_t i = 0; i < s->folds->n; i++)
        depth = s->folds->list[i].depth > depth ? s->folds->list[i].depth : depth;
    size_t boxes = fold_from(s, ++depth);
    while (!open_all && boxes > AD_BOXES_WANTED && --depth > 0)
        boxes = fold_from(s, depth);
    return boxes;
}

/* ---- Which boxes are near ---------------------------------------------------------------------------------------- */

/* The index in `box` and `near` of what shows a node: itself, or the fold around it; SIZE_MAX if the drawing is not
 * about it. */
static size_t shower_of(const sketch *s, size_t node)
{
    if (node >= s->nodes)
        return SIZE_MAX;
    const int32_t inner = s->folds->inner[node];
    const size_t i = node - s->folds->kept;
    if (node >= s->folds->kept ? i < s->first || i >= s->end : inner == AD_UNUSED)
        return node < s->folds->kept && s->has_unused ? node : SIZE_MAX;
    return inner >= 0 && s->shown[inner] >= 0 ? s->nodes + (size_t)s->shown[inner] : node;
}

/* Marks what is one link further away. Returns how many were marked; stops when there are as many as may be drawn. */
static size_t spread(const sketch *s, unsigned char at, size_t marked)
{
    size_t more = 0;
    for (size_t i = s->end; i-- > s->first;) {
        const ad_tensor y = ad_recorded_at(s->folds->t, i);
        const size_t user = shower_of(s, s->folds->kept + i);
        for (int k = 0, n = ad_operand_count(y); k < n && !ad_is_byproduct(y); k++) {
            const size_t x = shower_of(s, ad_node_of(s->folds, ad_operand(y, k)));
            if (x == SIZE_MAX || x == user || marked + more >= AD_MOST_BOXES / 3)
                continue;
            const bool is_hub = s->uses[x] > MOST_USES && at <= AD_NEAR;
            const bool forth = s->near[x] == at && !s->near[user] && !is_hub, back = s->near[user] == at && !s->near[x];
            if (forth || back) {
                s->near[forth ? user : x] = (unsigned char)(at - 1);
                more++;
            }
        }
    }
    return more;
}

static void count_uses(const sketch *s)
{
    for (size_t i = s->first; i < s->end; i++) {
        const ad_tensor y = ad_recorded_at(s->folds->t, i);
        for (int k = 0, n = ad_operand_count(y); k < n; k++) {
            const size_t x = shower_of(s, ad_node_of(s->folds, ad_operand(y, k)));
            if (x != SIZE_MAX)
                s->uses[x] = (unsigned char)(s->uses[x] + (s->uses[x] < 255));
        }
    }
}

static void look_around(sketch *s, size_t chosen)
{
    count_uses(s);
    size_t start = shower_of(s, chosen);
    if (start == SIZE_MAX)
        start = shower_of(s, s->folds->kept + s->end - 1);
    s->only_near = true;
    s->near[start] = AD_NEAR + 1;
    size_t marked = 1;
    for (unsigned char at = AD_NEAR + 1; at > 1; at--)
        marked += spread(s, at, marked);
}

/* ---- Boxes ------------------------------------------------------------------------------------------------------- */

static int add_box(const sketch *s, size_t shower, bool is_outside)
{
    ad_drawing *d = s->drawing;
    if (s->box[shower] != NOT_DRAWN)
        return s->box[shower];
    const bool is_fold = shower >= s->nodes;
    d->boxes[d->n] = (ad_box){.node = is_fold ? SIZE_MAX : shower,
                              .fold = is_fold ? (int)(shower - s->nodes) : -1,
                              .is_leaf = true,
                              .is_outside = is_outside};
    s->box[shower] = (int32_t)d->n;
    return (int)d->n++;
}

/* Boxes of what stands before a fold and is consumed in it. */
static void add_sources(const sketch *s)
{
    size_t added = 0;
    for (size_t i = s->first; i < s->end && s->drawing->fold >= 0; i++) {
        const ad_tensor y = ad_recorded_at(s->folds->t, i);
        for (int k = 0, n = ad_operand_count(y); k < n && added < MOST_OUTSIDE; k++) {
            const size_t x = ad_node_of(s->folds, ad_operand(y, k));
            if (x >= s->nodes || s->box[x] != NOT_DRAWN || (x >= s->folds->kept && x - s->folds->kept >= s->first))
                continue;
            /* A parameter inside a box is none of the drawing's. */
            if (shower_of(s, x) != SIZE_MAX && shower_of(s, x) != x)
                continue;
            add_box(s, x, x >= s->folds->kept);
            added++;
        }
    }
}

static void add_boxes(const sketch *s)
{
    const size_t from = s->drawing->fold < 0 ? 0 : s->folds->kept + s->first;
    add_sources(s);
    for (size_t v = from; v < s->folds->kept + s->end; v++) {
        const size_t shower = shower_of(s, v);
        if (shower == SIZE_MAX || (v < s->folds->kept && shower != v) || (s->only_near && !s->near[shower]))
            continue;
        const ad_tensor x = ad_node_tensor(s->folds, v);
        if ((v >= s->folds->kept && ad_is_byproduct(x)) ||
            (v < s->folds->kept && s->folds->inner[v] == AD_UNUSED && !ad_wants_gradient(x)))
            continue;
        add_box(s, shower, false);
    }
}

/* ---- Links ------------------------------------------------------------------------------------------------------- */

static int box_of(const sketch *s, size_t node)
{
    const size_t shower = shower_of(s, node);
    const size_t at = shower == SIZE_MAX ? node : shower;
    return at < s->nodes + s->folds->n ? s->box[at] : NOT_DRAWN;
}

/* Links of folds are there once: `known` has one byte for each pair of boxes. */
static void add_link(const sketch *s, unsigned char *known, int from, size_t user, int place)
{
    ad_drawing *d = s->drawing;
    const int to = box_of(s, user);
    if (from < 0 || to < 0 || from == to || d->n_links == MOST_LINKS)
        return;
    const bool of_tensors = d->boxes[from].fold < 0 && d->boxes[to].fold < 0;
    unsigned char *is_known = &known[(size_t)from * d->room + (size_t)to];
    if (!of_tensors && *is_known)
        return;
    *is_known = 1;
    d->boxes[to].is_leaf = false;
    d->links[d->n_links++] =
        (ad_link){.from = from, .to = to, .user = of_tensors ? user : SIZE_MAX, .place = of_tensors ? place : 0};
}

static void add_links_of(const sketch *s, unsigned char *known, size_t i)
{
    const ad_tensor y = ad_recorded_at(s->folds->t, i);
    for (int k = 0, n = ad_is_byproduct(y) ? 0 : ad_operand_count(y); k < n; k++)
        add_link(s, known, box_of(s, ad_node_of(s->folds, ad_operand(y, k))), s->folds->kept + i, k);
}

/* Boxes of what consumes results of a fold after it. */
static void add_users(const sketch *s, unsigned char *known)
{
    size_t added = 0;
    for (size_t i = s->end; i < s->folds->recorded && s->drawing->fold >= 0 && added < MOST_OUTSIDE / 4; i++) {
        const ad_tensor y = ad_recorded_at(s->folds->t, i);
        for (int k = 0, n = ad_is_byproduct(y) ? 0 : ad_operand_count(y); k < n; k++) {
            const size_t x = ad_node_of(s->folds, ad_operand(y, k));
            if (x < s->folds->kept || x - s->folds->kept < s->first || x - s->folds->kept >= s->end)
                continue;
            added += s->box[s->folds->kept + i] == NOT_DRAWN;
            add_box(s, s->folds->kept + i, true);
            add_link(s, known, box_of(s, x), s->folds->kept + i, k);
        }
    }
}

static bool add_links(const sketch *s)
{
    ad_drawing *d = s->drawing;
    unsigned char *known = ad_memory_take(d->memory, d->room, d->room);
    if (!known)
        return false;
    memset(known, 0, d->room * d->room);
    for (size_t i = s->first; i < s->end; i++)
        add_links_of(s, known, i);
    add_users(s, known);
    ad_memory_release(d->memory, known, d->room, d->room);
    return true;
}

/* ---- Drawings ---------------------------------------------------------------------------------------------------- */

static bool take_memory(sketch *s, ad_drawing *d)
{
    const size_t showers = s->nodes + s->folds->n;
    d->room = AD_MOST_BOXES + 2 * MOST_OUTSIDE;
    d->room_links = MOST_LINKS;
    d->boxes = ad_memory_take(d->memory, d->room, sizeof *d->boxes);
    d->links = ad_memory_take(d->memory, d->room_links, sizeof *d->links);
    s->shown = ad_memory_take(d->memory, s->folds->n, sizeof *s->shown);
    s->box = ad_memory_take(d->memory, showers, sizeof *s->box);
    s->near = ad_memory_take(d->memory, showers, 2);
    if (!d->boxes || !d->links || !s->shown || !s->box || !s->near)
        return false;
    s->uses = s->near + showers;
    memset(s->near, 0, 2 * showers);
    for (size_t i = 0; i < showers; i++)
        s->box[i] = NOT_DRAWN;
    return true;
}

bool ad_draw(ad_drawing *drawing, ad_folds *folds, int fold, bool open_all, size_t chosen)
{
    *drawing = (ad_drawing){.memory = &folds->memory, .fold = fold};
    sketch s = {.drawing = drawing, .folds = folds, .end = folds->recorded, .nodes = folds->kept + folds->recorded};
    if (fold >= 0) {
        s.first = folds->list[fold].first;
        s.end = s.first + folds->list[fold].n;
    }
    bool is_good = take_memory(&s, drawing);
    if (is_good) {
        const size_t boxes = choose_folds(&s, open_all);
        s.has_unused = fold < 0 && boxes + folds->kept <= AD_MOST_BOXES;
        if (boxes > AD_MOST_BOXES)
            look_around(&s, chosen);
        add_boxes(&s);
        drawing->left_out = boxes > drawing->n && s.only_near ? boxes - drawing->n : 0;
        is_good = add_links(&s);
    }
    ad_memory_release(drawing->memory, s.shown, folds->n, sizeof *s.shown);
    ad_memory_release(drawing->memory, s.box, s.nodes + folds->n, sizeof *s.box);
    ad_memory_release(drawing->memory, s.near, s.nodes + folds->n, 2);
    return is_good;
}

void ad_free_drawing(ad_drawing *d)
{
    ad_memory_release(d->memory, d->boxes, d->room, sizeof *d->boxes);
    ad_memory_release(d->memory, d->links, d->room_links, sizeof *d->links);
    ad_memory_release(d->memory, d->bends, d->room_bends, sizeof *d->bends);
    d->boxes = NULL;
    d->links = NULL;
    d->bends = NULL;
}

int ad_box_of(const ad_drawing *d, const ad_folds *folds, size_t node)
{
    if (node >= folds->kept + folds->recorded)
        return -1;
    for (size_t b = 0; b < d->n; b++)
        for (int32_t fold = folds->inner[node];; fold = folds->list[fold].outer) {
            if (d->boxes[b].node == node || (fold >= 0 && d->boxes[b].fold == fold))
                return (int)b;
            if (fold < 0)
                break;
        }
    return -1;
}
