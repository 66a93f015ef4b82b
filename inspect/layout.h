#ifndef INSPECT_LAYOUT_H
#define INSPECT_LAYOUT_H
/* The places of boxes and links, in whole numbers. The same drawing gets the same places. */
#include "fold.h"

enum {
    AD_BOX_WIDTH = 124,
    AD_BOX_HEIGHT = 98,
    AD_COLUMN_GAP = 76, /* has room for a label of 8 characters */
    AD_LABEL_HEIGHT = 38,
};

/* Sets columns, places, bends and labels, and the size of the drawing:
 * - the column of a box is the longest path to it; a leaf stands in the column before its first use;
 * - in its column a box stands at the mean of its neighbours', in four sweeps;
 * - a link over several columns has a lane in each;
 * - labels stand in the gap before the box that consumes, one under the other.
 * Returns false if memory is out. */
bool ad_lay_out(ad_drawing *drawing);

/* The points at which a link leaves and enters its boxes are its first and last bends. Between two bends of a gap it is
 * a curve, between those of a column a straight line. */

#endif
