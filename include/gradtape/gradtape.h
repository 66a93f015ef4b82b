#ifndef GRADTAPE_GRADTAPE_H
#define GRADTAPE_GRADTAPE_H
/* Everything. To read it: status.h, tape.h, tensor.h, operators.h with its families, backward.h and update.h, which are
 * enough for a model of one's own; then differentiate.h, replay.h and segments.h, inspect.h and gradcheck.h, and
 * operator.h for operators of one's own. layers.h, optimisers.h, data.h and classifier.h are made of these. */
#include <gradtape/backward.h>
#include <gradtape/differentiate.h>
#include <gradtape/gradcheck.h>
#include <gradtape/inspect.h>
#include <gradtape/memory.h>
#include <gradtape/operator.h>
#include <gradtape/operators.h>
#include <gradtape/random.h>
#include <gradtape/replay.h>
#include <gradtape/segments.h>
#include <gradtape/status.h>
#include <gradtape/tape.h>
#include <gradtape/tensor.h>
#include <gradtape/threads.h>
#include <gradtape/update.h>

#include <gradtape/classifier.h>
#include <gradtape/data.h>
#include <gradtape/layers.h>
#include <gradtape/optimisers.h>

#endif
