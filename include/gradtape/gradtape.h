#ifndef GRADTAPE_GRADTAPE_H
#define GRADTAPE_GRADTAPE_H
/* Includes every public header except operators/backward.h, which only rules of operators need. The order in which to
 * read them:
 *   1. A model of your own: status.h, tape.h, tensor.h, operators.h with its families, backward.h, update.h.
 *   2. More ways to differentiate and to run: differentiate.h, replay.h, segments.h, gradcheck.h.
 *   3. Looking at a tape: show.h, inspect.h.
 *   4. Operators of your own: operator.h, position.h.
 *   5. Networks, made of these: layers.h with fields.h, network.h, optimisers.h, heads.h; data.h with columns.h and
 *      csv.h, feed.h, estimator.h, classifier.h, regressor.h, options.h; metrics.h. Training: schedules.h, history.h,
 *      progress.h, split.h, cross_validation.h. Models in files: model.h. */
#include <gradtape/backward.h>
#include <gradtape/differentiate.h>
#include <gradtape/gradcheck.h>
#include <gradtape/inspect.h>
#include <gradtape/memory.h>
#include <gradtape/operator.h>
#include <gradtape/operators.h>
#include <gradtape/position.h>
#include <gradtape/processor.h>
#include <gradtape/random.h>
#include <gradtape/replay.h>
#include <gradtape/segments.h>
#include <gradtape/show.h>
#include <gradtape/status.h>
#include <gradtape/tape.h>
#include <gradtape/tensor.h>
#include <gradtape/threads.h>
#include <gradtape/update.h>
#include <gradtape/version.h>

#include <gradtape/classifier.h>
#include <gradtape/columns.h>
#include <gradtape/cross_validation.h>
#include <gradtape/csv.h>
#include <gradtape/data.h>
#include <gradtape/estimator.h>
#include <gradtape/feed.h>
#include <gradtape/fields.h>
#include <gradtape/heads.h>
#include <gradtape/history.h>
#include <gradtape/layers.h>
#include <gradtape/metrics.h>
#include <gradtape/model.h>
#include <gradtape/network.h>
#include <gradtape/optimisers.h>
#include <gradtape/options.h>
#include <gradtape/progress.h>
#include <gradtape/regressor.h>
#include <gradtape/schedules.h>
#include <gradtape/split.h>

#endif
