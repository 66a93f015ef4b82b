#!/usr/bin/env python3
"""Compare what our estimators learn with what scikit-learn's multi-layer perceptron learns.

    quality.py PROGRAM [--networks N] [--epochs N]

PROGRAM is build/bench/quality, to which the data sets of scikit-learn and their splits are given as files (their form
is at the head of bench/quality.c). Both sides train on the same rows, with the same settings: 64 and 32 units, ReLU,
Adam with rate 0.001, batches of 32, features standardised by the training part, alpha 0.0001, as many epochs. Each of
five splits has 3 networks on either side, of which the mean counts.

The first table is of the last weights. In the second, a tenth of the training rows is held out, and the training ends
after ten epochs that are no better: scikit-learn watches the score of those rows, we watch their loss.

A bar is the standard error of scikit-learn's mean over the splits. `+-` behind a mean is its standard error; the
standard error of the differences within the splits is the last column.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ[name] = '1'  # libraries read it when they are imported

import numpy as np  # pylint: disable=wrong-import-position
from sklearn import datasets, metrics, model_selection  # pylint: disable=wrong-import-position
from sklearn import neural_network, pipeline, preprocessing  # pylint: disable=wrong-import-position

SETS = {'iris': datasets.load_iris, 'wine': datasets.load_wine, 'breast cancer': datasets.load_breast_cancer,
        'digits': datasets.load_digits, 'diabetes': datasets.load_diabetes}
REGRESSION = {'diabetes'}
SPLITS, TEST_SHARE, PATIENCE = 5, 0.25, 10


def load(name):
    """Features, what is true, and the splits of a data set."""
    x, y = SETS[name](return_X_y=True)
    kind = model_selection.ShuffleSplit if name in REGRESSION else model_selection.StratifiedShuffleSplit
    return x, y, list(kind(SPLITS, test_size=TEST_SHARE, random_state=0).split(x, y))


def write(path, name):
    x, y, splits = load(name)
    classes = 0 if name in REGRESSION else len(np.unique(y))
    with open(path, 'wb') as file:
        file.write(np.array([*x.shape, classes, len(splits)], np.int64).tobytes())
        file.write(x.astype(np.float64).tobytes())
        file.write(y.astype(np.int32 if classes else np.float64).tobytes())
        for parts in splits:
            file.write(np.array([len(part) for part in parts], np.int64).tobytes())
            file.writelines(part.astype(np.int32).tobytes() for part in parts)


# ---- Training --------------------------------------------------------------------------------------------------------

def ours(program, path, early, options):
    """[[score, loss]] of each network, in the order of splits and seeds."""
    done = subprocess.run([program, path, f'--epochs={options.epochs}', f'--networks={options.networks}',
                           *(['--early'] if early else [])], stdout=subprocess.PIPE, text=True, check=True)
    return [[float(figure) for figure in line.split()[2:4]] for line in done.stdout.splitlines()]


def theirs(name, split, early, options):
    """The same of scikit-learn, for one split."""
    warnings.filterwarnings('ignore')  # that training has not converged, which is not asked of it
    x, y, splits = load(name)
    train, test = splits[split]
    kind = neural_network.MLPRegressor if name in REGRESSION else neural_network.MLPClassifier
    rows = []
    for seed in range(options.networks):
        stop = {'early_stopping': True, 'validation_fraction': 0.1, 'n_iter_no_change': PATIENCE} if early else \
            {'n_iter_no_change': options.epochs}
        net = kind(hidden_layer_sizes=(64, 32), solver='adam', learning_rate_init=0.001, alpha=1e-4, batch_size=32,
                   max_iter=options.epochs, random_state=seed, **stop)
        net = pipeline.make_pipeline(preprocessing.StandardScaler(), net).fit(x[train], y[train])
        loss = metrics.mean_squared_error(y[test], net.predict(x[test])) if name in REGRESSION else \
            metrics.log_loss(y[test], net.predict_proba(x[test]))
        rows.append([net.score(x[test], y[test]), loss])
    return rows


def run_all(program, folder, options):
    """{(name, early): (ours, theirs)}, each [splits, 2]: the mean over the networks of a split."""
    jobs = {}
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for name in sorted(SETS, key=lambda name: name != 'digits'):  # what takes longest begins first
            path = pathlib.Path(folder, name.replace(' ', '_'))
            write(path, name)
            for early in (False, True):
                jobs[name, early] = (pool.submit(ours, program, path, early, options),
                                     [pool.submit(theirs, name, i, early, options) for i in range(SPLITS)])

        def means(rows):
            return np.array(rows).reshape(SPLITS, options.networks, 2).mean(1)
        return {key: (means(mine.result()), means([job.result() for job in sk])) for key, (mine, sk) in jobs.items()}


# ---- Judging ---------------------------------------------------------------------------------------------------------

def standard_error(values):
    return values.std(ddof=1) / len(values) ** 0.5


def print_table(title, results, figure):
    """Prints a figure (0: the score, 1: the loss) of all data sets; returns how much better ours are, and the bars."""
    print(f'{title:31}{"ours":>20}{"scikit-learn":>22}{"difference":>14}{"+-":>10}')
    better, bars = {}, {}
    for name in SETS:
        mine, sk = (side[:, figure] for side in results[name])
        what = (('R2', 'mean squared error') if name in REGRESSION else ('accuracy', 'log-loss'))[figure]
        better[name] = (mine.mean() - sk.mean()) * (-1 if figure else 1)
        bars[name] = standard_error(sk)
        digits = 1 if sk.mean() > 10 else 4
        print(f'{name:14} {what:18}{mine.mean():9.{digits}f} +- {standard_error(mine):7.{digits}f}'
              f'{sk.mean():11.{digits}f} +- {bars[name]:7.{digits}f}{mine.mean() - sk.mean():+12.{digits}f}'
              f'{standard_error(mine - sk):12.{digits}f}')
    print()
    return better, bars


def verdict(what, bad):
    return f'{what}: ' + (f'missed by {", ".join(bad)}' if bad else 'met')


def judge(results):
    """Prints the tables, and on the last line which bars are met."""
    last = {name: results[name, False] for name in SETS}
    early = {name: results[name, True] for name in SETS}
    score, score_bar = print_table('last weights', last, 0)
    print_table('last weights', last, 1)
    print_table('early stopping', early, 0)
    loss, loss_bar = print_table('early stopping', early, 1)
    lower = sum(loss[name] > 0 for name in SETS if name not in REGRESSION)
    print(verdict('accuracy and R2 not below', [name for name in SETS if score[name] < -score_bar[name]]),
          verdict('early stopping, loss not worse', [name for name in SETS if loss[name] < -loss_bar[name]]),
          f'log-loss better on {lower} of {len(SETS) - len(REGRESSION)}, at least 3: '
          + ('met' if lower >= 3 else 'missed'), sep='; ')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('--networks', type=int, default=3, help='for each split, with the seeds 0, 1, ...')
    parser.add_argument('--epochs', type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        judge(run_all(options.program, folder, options))


if __name__ == '__main__':
    main()
