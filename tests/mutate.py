#!/usr/bin/env python3
"""Makes the sources wrong, one place at a time, and demands that the tests find each: gradient rules, as told here, and
the lines of optimisers and schedules (mutate_lines.py).

In a copy of the sources every ad_give, ad_x, ad_y, ad_y_at, ad_dy and ad_dy_at of a rule, or of a helper that takes the
pullback, becomes a call that can be mutated while the tests run (mutants.h). A first run of the tests says which rows
come to which place. Then each mutant is a run of the numeric suites on its row: gradients against differences, the
adjoint identity, numbers from PyTorch.

A mutant is killed by a number that is wrong in a failed check. A crash or a time-out does not count. Where every check
that failed did so because the tape refused what the wrong rule asked for, before a number could be compared, the mutant
is `refused`: it is to a rule what one that does not compile is to a program, and counts neither as killed nor as alive.
Mutants that cannot be told from the rule are listed in mutants.equivalent, `NAME  reason` a line; all others must be
killed, and none that is listed may be.

A mutant's name is FILE:ROW:PLACE:KIND. FILE is the name of the source without its folder. A place is the n-th ad_give
of the row's rule (give1, ...), its n-th ad_x (x1), or y1, dy1; in a helper, or in a rule that rows share, the
function's name stands before it. `swapped2` is the index that is 2 further on, counted round. The last line is `N
mutants, N killed, N equivalent, N refused, N alive`, for both kinds together.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys

import mutate_lines

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ['autodiff/operators/*.c', 'autodiff/reverse/part_rules.c']  # where rules are, in folders too
SUITES = {'operators': 'gradients', 'adjoint': 'identity', 'golden': 'gradients'}  # and the case of each that judges
MOST_SHIFTS = 3  # of an index: no sample has more than four operands
TIMEOUT = 120    # seconds for one suite on one row; --timeout-multiplier lengthens it
LINE_TIMEOUT = 30    # for one suite on one mutant of a line: it takes a second

Place = collections.namedtuple('Place', 'file function kind ordinal')
Mutant = collections.namedtuple('Mutant', 'name file place row kind by')
Verdict = collections.namedtuple('Verdict', 'mutant killer note')


# ---- The copy of the sources -----------------------------------------------------------------------------------------

COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
RULE = re.compile(r'([\w#]+)\s*\(([^(){};]*\bad_pullback\s*\*[^(){};]*)\)[\s\\]*\{')
USE = re.compile(r'\bad_(give|x|y_at|y|dy_at|dy)\(')
REFUSED = re.compile(r'(?:fails: |\bAD_[A-Z_]+: )(.*)')  # in the message of a check: the tape is in error


def blank_out(text):
    """The text with comments and literals replaced by blanks: the same length, the same lines."""
    return COMMENT_OR_TEXT.sub(lambda found: re.sub(r'[^\n]', ' ', found.group()), text)


def end_of_block(text, brace):
    """Where the block that begins at a brace ends."""
    depth = 0
    for at in range(brace, len(text)):
        depth += (text[at] == '{') - (text[at] == '}')
        if depth == 0:
            return at
    return len(text)


def rewrite(file, text, places):
    """The text with every use in a rule replaced; adds them to `places`, whose index is their number."""
    blank, pieces, done = blank_out(text), [], 0
    for rule in RULE.finditer(blank):
        ordinals = collections.Counter()
        for use in USE.finditer(blank, rule.end(), end_of_block(blank, rule.end() - 1)):
            kind = use.group(1).removesuffix('_at')
            ordinals[kind] += 1
            pieces += [text[done:use.start()], f'mutant_{use.group(1)}({len(places)}, ']
            places.append(Place(file, rule.group(1), kind, ordinals[kind]))
            done = use.end()
    missed = len(re.findall(r'\bad_give\(', blank)) - sum(p.file == file and p.kind == 'give' for p in places)
    if missed:
        sys.exit(f'mutate.py: {file} has {missed} ad_give in what is not understood as a rule')
    if not pieces:
        return text
    up = '../' * (len(file.parts) - 1)
    return f'#ifndef AD_REAL\n#include "{up}tests/mutants.h"\n#endif\n' + ''.join(pieces) + text[done:]


def write_if_new(path, data):
    """Files that do not change keep their time, so that they are not compiled again."""
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def files_of_project():
    for folder, folders, names in os.walk(ROOT):
        at = pathlib.Path(folder).relative_to(ROOT)
        folders[:] = [f for f in sorted(folders) if not f.startswith(('.', 'build', '__')) and
                      not (ROOT / at / f / 'meson-private').exists()]
        yield from (at / name for name in names if not name.startswith('.'))


def copy_sources(copy):
    """Copies the project with its rules rewritten; returns the places."""
    places, kept = [], set()
    for file in sorted(files_of_project()):
        data = (ROOT / file).read_bytes()
        if any(fnmatch.fnmatch(str(file), pattern) for pattern in SOURCES):
            data = rewrite(file, data.decode(), places).encode()
        write_if_new(copy / file, data)
        kept.add(copy / file)
    for old in [path for path in copy.rglob('*') if path.is_file() and path not in kept]:
        old.unlink()
    return places


def run_quietly(*command):
    """Runs a command; prints what it said, and ends the script, only if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f'{done.stdout}\nmutate.py: {command[0]} failed')


def build(copy, folder, jobs, suites):
    """Builds suites of the copy."""
    if not (folder / 'build.ninja').exists():
        shutil.rmtree(folder, ignore_errors=True)
        run_quietly('meson', 'setup', '-Dtests=true', folder, copy)
    run_quietly('ninja', '-C', folder, f'-j{jobs}', *(f'tests/test_{suite}' for suite in suites))


# ---- Running ---------------------------------------------------------------------------------------------------------

def run_suite(folder, suite, timeout, extra):
    """Runs one suite; returns its exit status (None after a time-out) and what it printed."""
    environment = {**os.environ, 'CK_VERBOSITY': 'normal', 'CK_FORK': 'no', 'OPENBLAS_NUM_THREADS': '1',
                   'GRADTAPE_GOLDEN_DIR': str(ROOT / 'tests/golden'), **extra}
    if suite in SUITES:
        environment['CK_RUN_CASE'] = SUITES[suite]
    try:
        done = subprocess.run([folder / 'tests' / f'test_{suite}'], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, errors='replace',
                              check=False)
    except subprocess.TimeoutExpired:
        return None, ''
    return done.returncode, done.stdout


def log_places(folder, log, timeout):
    """Runs the suites with no mutant, which must be green; returns {(place, row): counts of x, y and dy}."""
    log.unlink(missing_ok=True)
    for suite in SUITES:
        status, printed = run_suite(folder, suite, timeout, {'GRADTAPE_MUTANT_LOG': str(log)})
        if status != 0 or 'Checks: 0,' in printed:
            sys.exit(f'{printed}\nmutate.py: {suite} is not green without a mutant')
    seen = {}
    for line in log.read_text().splitlines():
        place, row, *counts = line.split()
        seen.setdefault((int(place), row), [int(count) for count in counts])
    return seen


def name_of(place, row):
    own = place.function in (f'{row}_vjp', row) or '#' in place.function
    return f'{place.file.stem}:{row}:{"" if own else place.function + "."}{place.kind}{place.ordinal}'


def mutants_of(places, seen):
    """All mutants, by place and row; a place to which no row came is one that nothing can kill."""
    mutants = []
    for number, place in enumerate(places):
        rows = sorted(row for at, row in seen if at == number)
        for row in rows or [None]:
            n_x, n_y, n_dy = seen[number, row] if row else (1, 1, 1)
            n = {'give': n_x, 'x': n_x, 'y': n_y, 'dy': n_dy}[place.kind]
            kinds = [('negated', 'n', 0), ('scaled', 's', 0), ('dropped', 'd', 0)] if place.kind == 'give' else []
            kinds += [(f'swapped{by}', 'i', by) for by in range(1, min(n - 1, MOST_SHIFTS) + 1)]
            for word, kind, by in kinds:
                name = f'{name_of(place, row or place.function.removesuffix("_vjp"))}:{word}'
                mutants.append(Mutant(name, place.file.stem, number, row, kind, by))
    names = collections.Counter(mutant.name for mutant in mutants)
    assert max(names.values()) == 1, names.most_common(3)
    return mutants


def try_mutant(folder, mutant, timeout):
    """Which suite kills it: a failure is a kill, what ends the program is run again in processes of its own."""
    refusals, notes = [], [] if mutant.row else ['no row comes here']
    for suite in SUITES if mutant.row else ():
        extra = {'GRADTAPE_ROW': mutant.row,
                 'GRADTAPE_MUTANT': f'{mutant.place} {mutant.row} {mutant.kind} {mutant.by}'}
        status, printed = run_suite(folder, suite, timeout, extra)
        if status is None or status < 0:
            notes.append(f'{suite}: ' + ('time-out' if status is None else f'signal {-status}'))
            _, printed = run_suite(folder, suite, timeout, {**extra, 'CK_FORK': 'yes'})
        failures = [line for line in printed.splitlines() if ':F:' in line]
        refusals += [found.group(1) for found in map(REFUSED.search, failures) if found]
        if not all(map(REFUSED.search, failures)):
            return Verdict(mutant, suite, '')
    return Verdict(mutant, 'refused', refusals[0]) if refusals else Verdict(mutant, None, ', '.join(notes))


def judge_rules(folder, places, log, only, jobs, timeout):
    """The verdicts on the rules' mutants of such names."""
    mutants = mutants_of(places, log_places(folder, log, timeout))
    mutants = [mutant for mutant in mutants if fnmatch.fnmatch(mutant.name, only)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda mutant: try_mutant(folder, mutant, timeout), mutants))


def judge_lines(copy, folder, work, only, jobs, timeout):
    """The verdicts on the lines' mutants of such names, without those that do not compile."""
    workers = mutate_lines.Workers(copy, folder, work, jobs, timeout)
    mutants = [mutant for source in mutate_lines.SOURCES for mutant in mutate_lines.mutants_of_source(copy, source)
               if fnmatch.fnmatch(mutant.name, only)]

    clean = [mutate_lines.LineMutant(source.path, None, source, (copy / mutate_lines.FOLDER / source.path).read_text())
             for source in mutate_lines.SOURCES]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for mutant, killer in zip(clean, pool.map(lambda mutant: workers.try_mutant(mutant), clean)):
            if killer:
                sys.exit(f'mutate.py: {killer} is not green without a mutant in {mutant.name}')
        verdicts = list(pool.map(lambda mutant: Verdict(mutant, workers.try_mutant(mutant), ''), mutants))
    return [verdict for verdict in verdicts if verdict.killer != 'refused']


# ---- Judging ---------------------------------------------------------------------------------------------------------

def read_equivalent():
    """{name: reason}"""
    listed = {}
    for line in (ROOT / 'tests/mutants.equivalent').read_text().splitlines():
        name, _, reason = line.partition(' ')
        if name and not name.startswith('#'):
            listed[name] = reason.strip()
    return listed


def print_table(verdicts, listed):
    columns = ['file', 'mutants', *sorted({v.killer for v in verdicts if v.killer}), 'equivalent', 'alive']
    rows = collections.defaultdict(collections.Counter)
    for mutant, killer, _ in verdicts:
        outcome = killer or ('equivalent' if mutant.name in listed else 'alive')
        for row in (mutant.file, 'all'):
            rows[row].update(['mutants', outcome])
    rows['all'] = rows.pop('all')
    print(f'{"":36}killed first by')
    print(f'{columns[0]:20}' + ''.join(f'{column:>16}' for column in columns[1:]))
    for row, counts in rows.items():
        print(f'{row:20}' + ''.join(f'{counts[column]:16}' for column in columns[1:]))


def judge(verdicts, listed, complete):
    """Prints what is wrong, the table and the last line; returns whether all is well."""
    alive = [v for v in verdicts if not v.killer and v.mutant.name not in listed]
    wrong = [f'alive: {v.mutant.name}' + (f'  ({v.note})' if v.note else '') for v in alive]
    wrong += [f'killed by {v.killer}, but listed as equivalent: {v.mutant.name}' for v in verdicts
              if v.killer and v.mutant.name in listed]
    wrong += [f'listed as equivalent without a reason: {name}' for name, reason in listed.items() if not reason]
    if complete:
        names = {v.mutant.name for v in verdicts}
        wrong += [f'listed as equivalent, but there is no such mutant: {name}' for name in listed if name not in names]
    print_table(verdicts, listed)
    refused = [v for v in verdicts if v.killer == 'refused']
    print('', *(f'refused: {v.mutant.name}  ({v.note})' for v in refused), *wrong, sep='\n')
    killed = sum(v.killer not in (None, 'refused') for v in verdicts)
    equivalent = len(verdicts) - killed - len(refused) - len(alive)
    print(f'{len(verdicts)} mutants, {killed} killed, {equivalent} equivalent, {len(refused)} refused, '
          f'{len(alive)} alive')
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--work', type=pathlib.Path, default=ROOT / 'build-mutation', help='a folder to build in')
    parser.add_argument('--only', default='*', metavar='PATTERN', help='mutants by name, for instance "*:mul:*"')
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('-t', '--timeout-multiplier', type=float, default=1, help='for a slow or busy machine')
    parser.add_argument('--of', choices=['rules', 'lines'], help='one kind alone')
    options = parser.parse_args()
    work, only, jobs = options.work.resolve(), options.only, options.jobs
    copy, folder = work / 'source', work / 'build'
    places, verdicts = copy_sources(copy), []
    if options.of != 'lines':
        build(copy, folder, jobs, SUITES)
        verdicts += judge_rules(folder, places, work / 'places.log', only, jobs, TIMEOUT * options.timeout_multiplier)
    if options.of != 'rules':
        build(copy, folder, jobs, mutate_lines.SUITES)
        verdicts += judge_lines(copy, folder, work / 'lines', only, jobs, LINE_TIMEOUT * options.timeout_multiplier)
    if not verdicts:
        sys.exit(f'mutate.py: no mutant has a name like {only}')
    return 0 if judge(verdicts, read_equivalent(), only == '*' and not options.of) else 1


if __name__ == '__main__':
    sys.exit(main())
