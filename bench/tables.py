#!/usr/bin/env python3
"""Compare what our classifier learns from CSV files with traps with what scikit-learn's learns from the same files.

    tables.py PROGRAM [--networks N] [--epochs N]

PROGRAM is build/bench/tables. Each table has 1,000 rows, of which 700 are for training, in five splits. Both sides have
64 and 32 units, ReLU, Adam with rate 0.001, batches of 32, standardised numbers, means for missing numbers, a level of
its own for missing categories, zeros for categories that are not in the training part.

The bar is the standard error of scikit-learn's mean over the splits. After that, each table is read without the options
that it needs, and the message must name line, column and option. The last line says which bars are met.
"""
import argparse
import concurrent.futures
import csv
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ[name] = '1'  # libraries read it when they are imported

import numpy as np  # pylint: disable=wrong-import-position
from sklearn import compose, impute, neural_network, pipeline, preprocessing  # pylint: disable=wrong-import-position

ROWS, TRAIN, SPLITS = 1000, 700, 5
MISSING = ('', '?', 'NA')

# ---- Tables ----------------------------------------------------------------------------------------------------------
#
# A table is its columns, {name: [text]}, the names of its categories, and the name of its label. The class depends on
# numbers and categories, and a tenth of the labels is wrong, so that no side can learn all.


def base(rng, classes=3):
    """Four numbers, a category of five words, and the class."""
    x = rng.normal(size=(ROWS, 4))
    word = rng.integers(0, 5, ROWS)
    z = x @ rng.normal(size=(4, classes)) + rng.normal(size=(5, classes))[word] * 1.5
    y = z.argmax(1)
    wrong = rng.random(ROWS) < 0.1
    y[wrong] = rng.integers(0, classes, wrong.sum())
    columns = {f'n{i}': [repr(float(v)) for v in x[:, i]] for i in range(4)}
    columns['word'] = [['red', 'green', 'blue', 'light grey', 'Ünlü'][w] for w in word]
    return columns, y


def label_first(rng):
    columns, y = base(rng)
    return {'kind': [f'kind {chr(97 + c)}' for c in y], **columns}, ['word'], 'kind'


def label_last(rng):
    columns, y = base(rng)
    return {**columns, 'kind': [f'kind {chr(97 + c)}' for c in y]}, ['word'], 'kind'


def codes(rng):
    """A category whose levels look like numbers, in no order that means anything."""
    columns, y = base(rng)
    code = dict(zip(sorted(set(columns['word'])), ('10115', '01067', '80331', '20095', '50667')))
    columns['zip'] = [code[w] for w in columns.pop('word')]
    return {**columns, 'kind': [str(c * 10) for c in y]}, ['zip'], 'kind'


def missing(rng):
    columns, y = base(rng)
    for name, column in columns.items():
        for i in np.flatnonzero(rng.random(ROWS) < 0.05):
            column[i] = MISSING[i % 3] if name != 'word' else MISSING[1 + i % 2]
    return {**columns, 'kind': [f'kind {c}' for c in y]}, ['word'], 'kind'


def odd_names(rng):
    columns, y = base(rng)
    names = ['length, in cm', 'say "width"', 'line\nend', ' blank', 'färg']
    return {**dict(zip(names, columns.values())), 'class': [f'a, "{c}"' for c in y]}, ['färg'], 'class'


def late_level(rng):
    """A level that only rows of the test part have."""
    columns, y = base(rng)
    for i in range(TRAIN, ROWS, 20):
        columns['word'][i] = 'violet'
    return {**columns, 'kind': [f'kind {c}' for c in y]}, ['word'], 'kind'


def rare_class(rng):
    columns, y = base(rng)
    y[:] = np.where(y == 2, 1, y)
    y[:7] = 2
    y[TRAIN:TRAIN + 3] = 2
    for i in (*range(7), *range(TRAIN, TRAIN + 3)):
        columns['n0'][i] = repr(6 + float(columns['n0'][i]))
    return {**columns, 'kind': [('no', 'yes', 'rare')[c] for c in y]}, ['word'], 'kind'


TABLES = {'label first': label_first, 'label last': label_last, 'codes': codes, 'missing values': missing,
          'odd names': odd_names, 'late level': late_level, 'rare class': rare_class}


def quoted(text):
    """A text as options have it."""
    plain = all(c not in ' ,"\\\n' for c in text)
    return text if plain else '"' + text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\x0a') + '"'


def write(folder, name, split):
    """Writes the two parts of a split. Rows keep their place: tables are drawn anew for each split."""
    columns, categories, label = TABLES[name](np.random.default_rng([split, *name.encode()]))
    paths = []
    for part, rows in (('train', range(TRAIN)), ('test', range(TRAIN, ROWS))):
        path = pathlib.Path(folder, f'{name.replace(" ", "_")}_{split}_{part}.csv')
        with open(path, 'w', newline='', encoding='utf-8') as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([column[i] for column in columns.values()] for i in rows)
        paths.append(str(path))
    return paths, columns, categories, label


def options_of(categories, label):
    return f'label={quoted(label)} categorical={",".join(map(quoted, categories))} missing=?,NA keep_missing=true'


# ---- Training --------------------------------------------------------------------------------------------------------

def ours(program, folder, name, split, options):
    paths, _, categories, label = write(folder, name, split)
    done = subprocess.run([program, *paths, options_of(categories, label), f'--epochs={options.epochs}',
                           f'--networks={options.networks}'], stdout=subprocess.PIPE, text=True, check=True)
    return np.mean([float(line.split()[1]) for line in done.stdout.splitlines()])


def theirs(name, split, options):
    warnings.filterwarnings('ignore')  # that training has not converged, which is not asked of it
    columns, categories, label = TABLES[name](np.random.default_rng([split, *name.encode()]))
    numbers = [name for name in columns if name != label and name not in categories]
    x = np.array([[np.nan if v in MISSING else float(v) for v in columns[name]] for name in numbers] +
                 [[None if v in MISSING else v for v in columns[name]] for name in categories], object).T
    y = np.array(columns[label])
    n = len(numbers)
    encode = compose.ColumnTransformer([
        ('numbers', pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler()), list(range(n))),
        ('categories', pipeline.make_pipeline(
            impute.SimpleImputer(missing_values=None, strategy='constant', fill_value='missing'),
            preprocessing.OneHotEncoder(handle_unknown='ignore')), list(range(n, x.shape[1])))])
    scores = []
    for seed in range(options.networks):
        net = neural_network.MLPClassifier(hidden_layer_sizes=(64, 32), solver='adam', learning_rate_init=0.001,
                                           alpha=1e-4, batch_size=32, max_iter=options.epochs, random_state=seed,
                                           n_iter_no_change=options.epochs)
        scores.append(pipeline.make_pipeline(encode, net).fit(x[:TRAIN], y[:TRAIN]).score(x[TRAIN:], y[TRAIN:]))
    return np.mean(scores)


# ---- Refusals --------------------------------------------------------------------------------------------------------

# A table, options that do not go with it, and what the message must have.
REFUSED = [
    ('label first', 'label=kind', (':2:6: ', 'in column "word" is not a number', 'categorical=word')),
    ('label last', 'label=knid categorical=word', ('no column "knid"', 'did you mean "kind"?')),
    ('missing values', 'label=kind categorical=word missing=?,NA',
     (':3: column "word" is \'NA\', a missing value; ', 'keep_missing=true', 'ignored=word')),
    ('odd names', 'label=class', ('is not a number', 'categorical=färg')),
    ('label last', 'label=kind categorical=word delimiter=;', ("the header is one field and contains ','", 'delimiter=","')),
    ('label last', 'label=kind categorical=word no_header=true', ('label',)),
    ('label last', 'label=kind categorical=word,kind', ('"kind"',)),
]


def refuses(program, folder):
    """Prints each message; returns how many are not as they must be."""
    wrong = 0
    for name, text, parts in REFUSED:
        paths, *_ = write(folder, name, 0)
        done = subprocess.run([program, *paths, text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False)
        good = done.returncode == 1 and all(part in done.stderr for part in parts)
        wrong += not good
        print(f'{"" if good else "WRONG: "}{text}: {done.stderr.strip().replace(folder + "/", "")}')
    return wrong


# ---- Judging ---------------------------------------------------------------------------------------------------------

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('--networks', type=int, default=3, help='for each split, with the seeds 0, 1, ...')
    parser.add_argument('--epochs', type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = {name: [(pool.submit(ours, options.program, folder, name, split, options),
                        pool.submit(theirs, name, split, options)) for split in range(SPLITS)] for name in TABLES}
        print(f'{"accuracy":18}{"ours":>10}{"scikit-learn":>14}{"+-":>9}{"difference":>12}')
        below = []
        for name, pairs in jobs.items():
            mine, sk = (np.array([pair[i].result() for pair in pairs]) for i in (0, 1))
            bar = sk.std(ddof=1) / SPLITS ** 0.5
            print(f'{name:18}{mine.mean():10.4f}{sk.mean():14.4f}{bar:9.4f}{mine.mean() - sk.mean():+12.4f}')
            if abs(mine.mean() - sk.mean()) > bar:
                below.append(name)
        print()
        wrong = refuses(options.program, folder)
    print(f'\naccuracy within one standard error: {"missed by " + ", ".join(below) if below else "met"}; '
          f'refusals: {f"{wrong} wrong" if wrong else "met"}')
    return 1 if below or wrong else 0


if __name__ == '__main__':
    sys.exit(main())
