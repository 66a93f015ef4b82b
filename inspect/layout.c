/* Where boxes and links stand. */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

enum {
    BOX_SPACE = 44, /* under a box */
    LANE_HEIGHT = 30,
    SWEEPS = 4,
    MARGIN = 6,
    MOST_UNCROSSED = 400, /* links between columns, of which more are not looked at two by two */
    MOST_LANES = 20000,   /* a link that would need more has none, and passes under boxes */
    ONE = 1024,           /* a mean of rows is kept in so many parts of a row */
    HEAVY = 1000,         /* what a box of the main path weighs in a mean of places */
};

/* A box, or the lane of a link in a column. */
typedef struct item {
    int box;  /* -1: a lane */
    int link; /* of a lane */
    int column;
    int row; /* in its column */
    int key; /* what it is sorted by */
    int y, height;
    int weight; /* of its place in a mean */
} item;

/* Two items in neighbouring columns that a link joins. */
typedef struct step {
    int from, to, link;
} step;

typedef struct plan {
    ad_drawing *d;
    item *items; /* boxes first */
    step *steps; /* of each link, one after the other */
    int *order;  /* items by column and row */
    int *starts; /* of each column in `order`, and the end */
    int n_items, n_steps, n_columns;
    size_t room_items, room_steps;
} plan;

/* ---- Columns ----------------------------------------------------------------------------------------------------- */

/* Boxes are in a topological order, but links are not sorted. */
static void set_columns(ad_drawing *d)
{
    for (size_t b = 0; b < d->n; b++)
        d->boxes[b].column = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < d->n_links; i++) {
            const int after = d->boxes[d->links[i].from].column + 1;
            if (d->boxes[d->links[i].to].column < after && after <= (int)d->n) {
                d->boxes[d->links[i].to].column = after;
                moved = true;
            }
        }
    }
    for (size_t b = 0; b < d->n; b++) {
        int first = -1;
        for (size_t i = 0; d->boxes[b].is_leaf && i < d->n_links; i++) {
            const int used = d->boxes[d->links[i].to].column;
            if (d->links[i].from == (int)b && (first < 0 || used < first))
                first = used;
        }
        if (first > 0)
            d->boxes[b].column = first - 1;
    }
}

/* ---- Items ------------------------------------------------------------------------------------------------------- */

static int column_of(const ad_drawing *d, int box) { return d->boxes[box].column; }

static bool has_lanes(const ad_drawing *d, const ad_link *link, size_t before)
{
    return before + (size_t)(column_of(d, link->to) - column_of(d, link->from)) <= MOST_LANES;
}

static bool take_plan(plan *p)
{
    const ad_drawing *d = p->d;
    size_t lanes = 0;
    p->n_columns = 1;
    for (size_t b = 0; b < d->n; b++)
        p->n_columns = d->boxes[b].column >= p->n_columns ? d->boxes[b].column + 1 : p->n_columns;
    for (size_t i = 0; i < d->n_links; i++)
        if (has_lanes(d, &d->links[i], lanes))
            lanes += (size_t)(column_of(d, d->links[i].to) - column_of(d, d->links[i].from)) - 1;
    p->room_items = d->n + lanes;
    p->room_steps = d->n_links + lanes;
    p->items = ad_memory_take(d->memory, p->room_items, sizeof *p->items);
    p->steps = ad_memory_take(d->memory, p->room_steps, sizeof *p->steps);
    p->order = ad_memory_take(d->memory, p->room_items, sizeof *p->order);
    p->starts = ad_memory_take(d->memory, (size_t)p->n_columns + 1, sizeof *p->starts);
    return p->items && p->steps && p->order && p->starts;
}

static void release_plan(plan *p)
{
    ad_memory_release(p->d->memory, p->items, p->room_items, sizeof *p->items);
    ad_memory_release(p->d->memory, p->steps, p->room_steps, sizeof *p->steps);
    ad_memory_release(p->d->memory, p->order, p->room_items, sizeof *p->order);
    ad_memory_release(p->d->memory, p->starts, (size_t)p->n_columns + 1, sizeof *p->starts);
}

/* The first operands of calls make straight lines, so that weights and biases stand beside the path of the data. */
static void make_items(plan *p)
{
    ad_drawing *d = p->d;
    for (size_t b = 0; b < d->n; b++)
        p->items[p->n_items++] = (item){.box = (int)b,
                                        .column = d->boxes[b].column,
                                        .height = AD_BOX_HEIGHT + BOX_SPACE,
                                        .weight = d->boxes[b].is_leaf ? 1 : HEAVY};
    for (size_t i = 0; i < d->n_links; i++) {
        if (d->links[i].place == 0)
            p->items[d->links[i].from].weight = HEAVY;
    }
    for (size_t i = 0; i < d->n_links; i++) {
        const ad_link *link = &d->links[i];
        const bool is_good = has_lanes(d, link, (size_t)p->n_items - d->n);
        int from = link->from;
        for (int c = column_of(d, link->from) + 1; is_good && c < column_of(d, link->to); c++) {
            p->items[p->n_items] =
                (item){.box = -1, .link = (int)i, .column = c, .height = LANE_HEIGHT, .weight = HEAVY / 4};
            p->steps[p->n_steps++] = (step){from, p->n_items, (int)i};
            from = p->n_items++;
        }
        p->steps[p->n_steps++] = (step){from, link->to, (int)i};
    }
    int at = 0;
    for (int c = 0; c < p->n_columns; c++) {
        p->starts[c] = at;
        for (int i = 0; i < p->n_items; i++)
            if (p->items[i].column == c) {
                p->items[i].row = at - p->starts[c];
                p->order[at++] = i;
            }
    }
    p->starts[p->n_columns] = at;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* Sorts a column by key; equal keys stay as they were. */
static void sort_column(plan *p, int column)
{
    int *items = p->order + p->starts[column];
    const int n = p->starts[column + 1] - p->starts[column];
    for (int i = 1; i < n; i++) {
        const int it = items[i];
        int k = i;
        for (; k > 0 && p->items[items[k - 1]].key > p->items[it].key; k--)
            items[k] = items[k - 1];
        items[k] = it;
    }
    for (int i = 0; i < n; i++)
        p->items[items[i]].row = i;
}

/* The mean row or place of the neighbours on one side becomes the key of each item; without neighbours it is its own.
 * `sums` has room for a sum and a number for each item. */
static void set_keys(plan *p, bool backwards, bool of_places, int64_t *sums)
{
    memset(sums, 0, 2 * (size_t)p->n_items * sizeof *sums);
    for (int i = 0; i < p->n_steps; i++) {
        const int it = backwards ? p->steps[i].from : p->steps[i].to;
        const item *other = &p->items[backwards ? p->steps[i].to : p->steps[i].from];
        const int middle = other->y + (other->height - (other->box < 0 ? 0 : BOX_SPACE)) / 2;
        /* What a box consumes stands in the order of its operands. */
        const int place = p->d->links[p->steps[i].link].place, shift = !backwards ? 0 : place < 8 ? place : 8;
        const int weight = of_places ? other->weight : 1;
        sums[2 * it] += weight * (of_places ? middle + 4 * shift : (int64_t)ONE * other->row + ONE / 32 * shift);
        sums[2 * it + 1] += weight;
    }
    for (int i = 0; i < p->n_items; i++) {
        item *it = &p->items[i];
        const int half = (it->height - (it->box < 0 ? 0 : BOX_SPACE)) / 2;
        const int own = of_places ? it->y : ONE * it->row;
        it->key = sums[2 * i + 1] == 0 ? own : (int)(sums[2 * i] / sums[2 * i + 1]) - (of_places ? half : 0);
    }
}

/* How often links cross before and after a column, in which two neighbours may have changed places. */
static int crossings_of(const plan *p, int a, int b)
{
    int n = 0;
    for (int i = 0; i < p->n_steps; i++) {
        const bool leaves = p->steps[i].from == a, enters = p->steps[i].to == a;
        if (!leaves && !enters)
            continue;
        const int row = p->items[leaves ? p->steps[i].to : p->steps[i].from].row;
        for (int k = 0; k < p->n_steps; k++)
            if ((leaves ? p->steps[k].from : p->steps[k].to) == b)
                n += row > p->items[leaves ? p->steps[k].to : p->steps[k].from].row;
    }
    return n;
}

/* Neighbours change places where fewer links cross then. */
static bool swap_in_column(plan *p, int column)
{
    bool moved = false;
    for (int i = p->starts[column]; i + 1 < p->starts[column + 1]; i++) {
        const int a = p->order[i], b = p->order[i + 1];
        if (crossings_of(p, a, b) <= crossings_of(p, b, a))
            continue;
        p->order[i] = b;
        p->order[i + 1] = a;
        p->items[b].row--;
        p->items[a].row++;
        moved = true;
    }
    return moved;
}

static void uncross(plan *p)
{
    bool moved = p->n_steps <= MOST_UNCROSSED;
    for (int sweep = 0; moved && sweep < 2 * SWEEPS; sweep++) {
        moved = false;
        for (int c = 0; c < p->n_columns; c++)
            moved |= swap_in_column(p, c);
    }
}

static void order_rows(plan *p, int64_t *sums)
{
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        const bool backwards = sweep % 2 == 0; /* leaves at the left follow their uses first */
        for (int k = 0; k < p->n_columns; k++) {
            set_keys(p, backwards, false, sums);
            sort_column(p, backwards ? p->n_columns - 1 - k : k);
        }
    }
    uncross(p);
}

/* ---- Places ------------------------------------------------------------------------------------------------------ */

/* Places things of given heights one under the other, each as near as can be to where it wants to be: those that are
 * too close make a block that stands at the mean of its wishes. */
typedef struct block {
    int64_t sum, weight; /* of wishes by their weights, each less the heights before it in the block */
    int count, height;
} block;

static int top_of(const block *b)
{
    const int64_t n = b->weight;
    return (int)(b->sum >= 0 ? b->sum / n : -((-b->sum + n - 1) / n));
}

static int add_to_blocks(block *blocks, int n, int wish, int weight, int height)
{
    blocks[n++] = (block){(int64_t)weight * wish, weight, 1, height};
    while (n > 1 && top_of(&blocks[n - 2]) + blocks[n - 2].height > top_of(&blocks[n - 1])) {
        block *above = &blocks[n - 2], *below = &blocks[n - 1];
        above->sum += below->sum - below->weight * above->height;
        above->weight += below->weight;
        above->count += below->count;
        above->height += below->height;
        n--;
    }
    return n;
}

static void place_column(plan *p, int column, block *blocks)
{
    int n = 0;
    for (int i = p->starts[column]; i < p->starts[column + 1]; i++) {
        const item *it = &p->items[p->order[i]];
        n = add_to_blocks(blocks, n, it->key, it->weight, it->height);
    }
    int i = p->starts[column];
    for (int b = 0; b < n; b++)
        for (int k = 0, y = top_of(&blocks[b]); k < blocks[b].count; k++, i++) {
            p->items[p->order[i]].y = y;
            y += p->items[p->order[i]].height;
        }
}

static void place_items(plan *p, int64_t *sums, block *blocks)
{
    for (int i = 0; i < p->n_items; i++)
        p->items[i].key = p->items[i].y = p->items[i].row * (AD_BOX_HEIGHT + BOX_SPACE);
    for (int sweep = 0; sweep < 2 * SWEEPS; sweep++)
        for (int k = 0; k < p->n_columns; k++) {
            set_keys(p, sweep % 2 == 0, true, sums);
            place_column(p, sweep % 2 == 0 ? p->n_columns - 1 - k : k, blocks);
        }
}

/* ---- Links ------------------------------------------------------------------------------------------------------- */

/* The n-th of so many points on the side of a box. */
static int point_on_side(int y, int n, int of) { return y + AD_BOX_HEIGHT * (n + 1) / (of + 1); }

static int middle_of(const item *it) { return it->box < 0 ? it->y + LANE_HEIGHT / 2 : it->y + AD_BOX_HEIGHT / 2; }

/* How many links leave or enter a box before this one: leaving links by where they go, entering ones by their place. */
static void point_of(const plan *p, const step *s, bool leaves, int *n, int *of)
{
    const ad_link *own = &p->d->links[s->link];
    *n = *of = 0;
    for (int i = 0; i < p->n_steps; i++) {
        const step *other = &p->steps[i];
        const ad_link *link = &p->d->links[other->link];
        if (leaves ? other->from != s->from : other->to != s->to)
            continue;
        int difference = leaves ? middle_of(&p->items[other->to]) - middle_of(&p->items[s->to]) : 0;
        if (!leaves && (link->user == SIZE_MAX || own->user == SIZE_MAX))
            difference = middle_of(&p->items[other->from]) - middle_of(&p->items[s->from]);
        if (difference == 0)
            difference = link->place - own->place;
        *n += difference < 0 || (difference == 0 && other < s);
        ++*of;
    }
}

static int column_x(int column) { return MARGIN + column * (AD_BOX_WIDTH + AD_COLUMN_GAP); }

static void add_bend(ad_drawing *d, ad_link *link, int x, int y)
{
    d->bends[d->n_bends++] = (ad_bend){x, y};
    link->bends++;
}

static void bend_link(plan *p, int first, int end)
{
    ad_drawing *d = p->d;
    ad_link *link = &d->links[p->steps[first].link];
    link->first_bend = (int)d->n_bends;
    link->bends = 0;
    for (int i = first; i < end; i++) {
        const item *from = &p->items[p->steps[i].from], *to = &p->items[p->steps[i].to];
        int n, of, y = middle_of(from);
        if (from->box >= 0) {
            point_of(p, &p->steps[i], true, &n, &of);
            y = point_on_side(from->y, n, of);
        }
        add_bend(d, link, column_x(from->column) + AD_BOX_WIDTH, y);
        y = middle_of(to);
        if (to->box >= 0) {
            point_of(p, &p->steps[i], false, &n, &of);
            y = point_on_side(to->y, n, of);
        }
        add_bend(d, link, column_x(to->column), y);
    }
    const ad_bend *last = &d->bends[d->n_bends - 1];
    link->label_x = last->x - AD_COLUMN_GAP / 2;
    link->label_y = (last[-1].y + last->y) / 2;
}

static bool bend_links(plan *p)
{
    ad_drawing *d = p->d;
    d->room_bends = 2 * (size_t)p->n_steps;
    d->bends = ad_memory_take(d->memory, d->room_bends, sizeof *d->bends);
    for (int i = 0; d->bends && i < p->n_steps;) {
        int end = i + 1;
        while (end < p->n_steps && p->steps[end].link == p->steps[i].link)
            end++;
        bend_link(p, i, end);
        i = end;
    }
    return d->bends;
}

/* Labels in one gap stand one under the other. */
static void place_labels(ad_drawing *d, int column, int *links, block *blocks)
{
    int n = 0, n_blocks = 0;
    for (size_t i = 0; i < d->n_links; i++) {
        if (column_of(d, d->links[i].to) != column)
            continue;
        int k = n++;
        for (; k > 0 && d->links[links[k - 1]].label_y > d->links[i].label_y; k--)
            links[k] = links[k - 1];
        links[k] = (int)i;
    }
    for (int k = 0; k < n; k++)
        n_blocks = add_to_blocks(blocks, n_blocks, d->links[links[k]].label_y, 1, AD_LABEL_HEIGHT);
    for (int b = 0, at = 0; b < n_blocks; b++)
        for (int k = 0; k < blocks[b].count; k++, at++)
            d->links[links[at]].label_y = top_of(&blocks[b]) + k * AD_LABEL_HEIGHT;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static void set_size(plan *p)
{
    ad_drawing *d = p->d;
    int top = d->n ? INT32_MAX : 0, bottom = d->n ? INT32_MIN : 0;
    for (int i = 0; i < p->n_items; i++) {
        const int height = p->items[i].box < 0 ? LANE_HEIGHT : AD_BOX_HEIGHT;
        top = p->items[i].y < top ? p->items[i].y : top;
        bottom = p->items[i].y + height > bottom ? p->items[i].y + height : bottom;
    }
    for (size_t i = 0; i < d->n_links; i++) {
        const int y = d->links[i].label_y, half = AD_LABEL_HEIGHT / 2;
        top = y - half < top ? y - half : top;
        bottom = y + half > bottom ? y + half : bottom;
    }
    for (size_t i = 0; i < d->n_links; i++)
        d->links[i].label_y += MARGIN - top;
    for (size_t i = 0; i < d->n_bends; i++)
        d->bends[i].y += MARGIN - top;
    for (size_t b = 0; b < d->n; b++) {
        d->boxes[b].x = column_x(d->boxes[b].column);
        d->boxes[b].y = p->items[b].y + MARGIN - top;
    }
    d->width = column_x(p->n_columns - 1) + AD_BOX_WIDTH + MARGIN;
    d->height = bottom - top + 2 * MARGIN;
}

bool ad_lay_out(ad_drawing *d)
{
    set_columns(d);
    plan p = {.d = d};
    bool is_good = take_plan(&p);
    const size_t room = p.room_items > d->n_links ? p.room_items : d->n_links;
    int64_t *sums = is_good ? ad_memory_take(d->memory, p.room_items, 2 * sizeof *sums) : NULL;
    block *blocks = is_good ? ad_memory_take(d->memory, room, sizeof *blocks) : NULL;
    int *links = is_good ? ad_memory_take(d->memory, d->n_links, sizeof *links) : NULL;
    if (sums && blocks && links) {
        make_items(&p);
        order_rows(&p, sums);
        place_items(&p, sums, blocks);
        is_good = bend_links(&p);
        for (int c = 0; is_good && c < p.n_columns; c++)
            place_labels(d, c, links, blocks);
        if (is_good)
            set_size(&p);
    } else
        is_good = false;
    ad_memory_release(d->memory, sums, p.room_items, 2 * sizeof *sums);
    ad_memory_release(d->memory, blocks, room, sizeof *blocks);
    ad_memory_release(d->memory, links, d->n_links, sizeof *links);
    release_plan(&p);
    return is_good;
}
