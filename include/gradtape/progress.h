#ifndef GRADTAPE_PROGRESS_H
#define GRADTAPE_PROGRESS_H
/* A line that shows how a fit gets on:
 *
 *   nn_classifier_fit(c, &data, &(nn_fit_options){ .epochs = 20, .callback = nn_show_progress, .context = stderr });
 *
 *   step 1,200 of 4,000  loss 0.1234  validation 0.1402 0.9581  1,650 steps/s  2 s left */
#include <stdio.h>

#include <gradtape/estimator.h>

/* A callback of a fit; the context is the FILE, NULL: stderr. It shows the step, the loss (the mean of the first 50
 * steps; from then on each new one counts 0.02, and the average 0.98), the last validation's loss and accuracy, the
 * steps in a second since the fit began, and the time that is left: 48 s, 3 min 20 s, 2 h 10 min. The last line shows
 * how long the fit took instead, in 48 s, and the best step where patience ended it. In a cross-validation the line
 * begins with the fold.
 * - On a terminal one line is written over again, at most five times a second. It is narrower than the terminal
 *   (TIOCGWINSZ, else COLUMNS, else 80 columns): where the terminal is narrow, parts are left out, and no number is
 *   cut. The validation is green where it is the best one, unless NO_COLOR is set to something. The last line ends with
 *   a line end, and so does the one at which a fit fails or is stopped.
 * - Elsewhere, and where TERM is dumb or not set, a whole line is written at each tenth of the way, after ten
 *   seconds without one, and at the last step.
 * - Numbers have a point in every locale.
 * It always returns true: a file that cannot be written stops no fit. As after any writing, ferror then says so; the
 * file's error flag is never cleared, so that an error of yours is not hidden. errno is as it was.
 *
 * A callback of your own may call it with a copy of the progress. It sets is_last in the copy if it then stops the fit;
 * and to write to a second file, it gives the copy a `shown` of its own. Where `shown` is NULL nothing is shown. The
 * file stays open until the fit ends. */
AD_API bool nn_show_progress(const nn_progress *progress, void *file);

#endif
