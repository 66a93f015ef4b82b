"""Mutants of lines: numeric code that is no gradient rule made wrong, one token at a time.

A mutant is the text of a source in which one token is another: an operator, a comparison, a constant, a condition, one
of two names that are easily swapped; or a term or a statement is dropped. It is compiled, without optimisation, into a
copy of the shared library, and the suites that judge the source are run with that. Texts that do not compile are no
mutants.

A mutant's name is FILE:WHERE:TOKEN:KIND. FILE is the name of the source without folder and suffix, WHERE the function
or table, `plus2` its second plus. It is killed by a check that fails, by a crash or by a time-out.
"""
import collections
import contextlib
import os
import pathlib
import queue
import re
import shlex
import shutil
import subprocess
import threading

Source = collections.namedtuple('Source', 'path units suites')
LineMutant = collections.namedtuple('LineMutant', 'name file source text')

# What is mutated; what is compiled again for it, all in the same folder; and which suites judge it, the fastest first.
FOLDER = 'nn/training'
RULES = ['optimisers', 'optimiser_rules', 'schedules']
SEARCHES = ['line_search', 'lbfgs', 'search_step']
SOURCES = [
    Source('loops.h', ['rules.c'], RULES),
    Source('rules.c', ['rules.c'], RULES),
    Source('power.h', ['rules.c', 'schedules.c'], RULES),
    Source('schedules.c', ['schedules.c'], ['schedules']),
    Source('lbfgs.c', ['lbfgs.c'], SEARCHES),
    Source('line_search.c', ['line_search.c'], SEARCHES),
    Source('search.c', ['search.c'], SEARCHES),
    Source('vectors.c', ['vectors.c'], ['vectors', *SEARCHES]),
    Source('vector_loops.h', ['vectors.c'], ['vectors', *SEARCHES]),
]
MOST_MEMORY = 8 << 30  # bytes of addresses: a wrong line may take memory without end
SUITES = sorted({suite for source in SOURCES for suite in source.suites})

# ---- The texts -------------------------------------------------------------------------------------------------------

NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^#(?!define)[^\n]*', re.S | re.M)
OPERATORS = {  # each stands between blanks; a star of a pointer does not
    '+': ('plus', {'minus': '-', 'dropped': '+ 0 *'}), '-': ('minus', {'plus': '+', 'dropped': '- 0 *'}),
    '*': ('times', {'divided': '/'}), '/': ('over', {'times': '*'}), '%': ('modulo', {'divided': '/'}),
    '<': ('less', {'at_most': '<=', 'at_least': '>='}), '<=': ('at_most', {'less': '<', 'more': '>'}),
    '>': ('more', {'at_least': '>=', 'at_most': '<='}), '>=': ('at_least', {'more': '>', 'less': '<'}),
    '==': ('equal', {'unequal': '!='}), '!=': ('unequal', {'equal': '=='}),
    '&&': ('and', {'or': '||'}), '||': ('or', {'and': '&&'}), '?': ('choice', {'negated': '== 0 ?'}),
    '+=': ('add', {'minus': '-='}), '-=': ('subtract', {'plus': '+='}),
    '*=': ('multiply', {'divided': '/='}), '/=': ('divide', {'times': '*='}),
}
OPERATOR = re.compile(r'(?<=\s)(?:' + '|'.join(map(re.escape, sorted(OPERATORS, key=len, reverse=True))) + r')(?=\s)')
SIGN = re.compile(r'(?<=[\s(,{])(?:-|!)(?=[\w(])')
COUNT = re.compile(r'\+\+|--(?=\w|[;)])')
NUMBER = re.compile(r'(?<![\w.])(?:0x[\dp.-]+|\d+\.?\d*(?:e[+-]?\d+)?)(?![\w.])')
PAIRS = [('beta1', 'beta2'), ('l1', 'l2'), ('keep', 'keep_square'), ('take', 'take_square'), ('rate', 'factor'),
         ('epsilon', 'inside'), ('low', 'high'), ('loss', 'slope'), ('first', 'last'), ('steps', 'warm_up')]
OTHER = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
WORD = re.compile(r'(?<=[.>\w(\s])\b(?:' + '|'.join(OTHER) + r')\b(?!["(])')
STATEMENT = re.compile(r'^( +)(?:EACH )?([\w>.\[\]()*-]+ [+*/-]?= [^;]*|[\w>.-]+\([^;{}]*\)|'
                       r'[\w>.-]+\+\+|\+\+[\w>.-]+);$', re.M)


def changed(number):
    """Another number: the next one, or one that is 1 % less."""
    return str(int(number) + 1) if number.isdigit() else f'(0.99 * {number})'


def edits(code):
    """(place, end, token, kind, what stands there instead) of each mutant of a code without comments and texts."""
    for found in OPERATOR.finditer(code):
        word, kinds = OPERATORS[found.group()]
        yield from ((*found.span(), word, kind, text) for kind, text in kinds.items())
    for found in SIGN.finditer(code):
        yield *found.span(), 'sign' if found.group() == '-' else 'not', 'dropped', ''
    for found in COUNT.finditer(code):
        yield *found.span(), 'count', 'reversed', '--' if found.group() == '++' else '++'
    for found in NUMBER.finditer(code):
        yield *found.span(), 'number', 'changed', changed(found.group())
    for found in WORD.finditer(code):
        yield *found.span(), found.group(), 'swapped', OTHER[found.group()]
    for found in STATEMENT.finditer(code):
        yield *found.span(2), 'statement', 'dropped', ''


def name_of_definition(line):
    """The function, table or macro that a line of no indent begins."""
    for pattern in (r'#define (\w+)', r'\bOF\((\w+)\)', r'\bROW\((\w+)', r'(\w+)(?=\s*[(\[=])', r'(\w+)(?= \{|;)'):
        found = re.search(pattern, line)
        if found:
            return found.group(1)
    return None


def where_of(code):
    """A function that tells what a place of the code belongs to."""
    begins = [(found.start(), name_of_definition(found.group())) for found in re.finditer(r'^[^\s{}].*', code, re.M)]
    begins = [(at, name) for at, name in begins if name]
    return lambda place: ([name for at, name in begins if at <= place] or ['top'])[-1]


def mutants_of_source(root, source):
    text = (root / FOLDER / source.path).read_text()
    code = NOT_CODE.sub(lambda found: re.sub(r'[^\n]', ' ', found.group()), text)
    where, ordinals, stem = where_of(code), {}, pathlib.Path(source.path).stem
    for place, end, token, kind, instead in sorted(edits(code)):
        key = (where(place), token)
        ordinals.setdefault(key, [])
        if place not in ordinals[key]:
            ordinals[key].append(place)
        number = f'{"_" if token[-1].isdigit() else ""}{len(ordinals[key])}'
        name = f'{stem}:{key[0]}:{token}{number}:{kind}'
        yield LineMutant(name, stem, source, text[:place] + instead + text[end:])


# ---- Building --------------------------------------------------------------------------------------------------------

class Workers:
    """Folders in which mutants are built, one for each job: a copy of the sources' folder beside links to others."""

    def __init__(self, source, build, folder, jobs, timeout):
        self.source, self.build, self.timeout, self.free = source, build, timeout, queue.Queue()
        library = next(path for path in build.glob('libgradtape.so.*') if path.is_file() and not path.is_symlink())
        self.commands, self.programs = self.commands_of(library.name), {}
        for suite in SUITES:  # those of the static library are linked again, the others take the shared one
            link = self.commands_of(f'tests/test_{suite}')[-1]
            if 'libgradtape.a' in link:
                self.programs[suite] = link
        shutil.rmtree(folder, ignore_errors=True)
        for job in range(jobs):
            at = folder / str(job)
            (at / 'nn').mkdir(parents=True)
            (at / 'tests').mkdir()
            shutil.copytree(source / FOLDER, at / FOLDER)
            for other in [path for path in (source / 'nn').iterdir() if path.name != 'training']:
                (at / 'nn' / other.name).symlink_to(other)
            for other in ('autodiff', 'include'):
                (at / other).symlink_to(source / other)
            self.free.put(at)

    def commands_of(self, target):
        said = subprocess.run(['ninja', '-C', self.build, '-t', 'commands', target], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
        return [shlex.split(line) for line in said.splitlines()]

    @contextlib.contextmanager
    def one(self):
        at = self.free.get()
        try:
            yield at
        finally:
            self.free.put(at)

    def run(self, command):
        return subprocess.run(command, cwd=self.build, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              check=False).returncode == 0

    def compile(self, at, unit):
        """Compiles a source of the folder `at`; returns the object of the build that it is to replace, or None."""
        command = next(c for c in self.commands if c[-1].endswith(f'{FOLDER}/{unit}'))
        command = command[command[0].endswith('ccache'):]
        old = command[command.index('-o') + 1]
        drop = {'-MD', '-MQ', '-MF', old, f'{old}.d', '-o', '-c', command[-1]}
        command = [part for part in command if part not in drop]
        good = self.run([*command, '-O0', '-w', '-DNN_ONE_PROCESSOR', '-o', at / f'{unit}.o', '-c', at / FOLDER / unit])
        return old if good else None

    def link(self, command, objects, to):
        """Links with the objects of the mutant, {object of the build: theirs}; they come first where there is none."""
        command = [objects.get(part, part) for part in command]
        out = command.index('-o') + 1
        command[out:out + 1] = [to, *(new for new in objects.values() if new not in command)]
        return self.run(command)

    def program_of(self, at, suite, objects):
        """The program of a suite, linked with the mutant, or in the build if the shared library is; None: it fails."""
        if suite in self.programs:
            to = at / 'tests' / f'test_{suite}'
            return to if self.link(self.programs[suite], objects, to) else None
        command = self.commands[-1]
        soname = next(part.split(',')[2] for part in command if part.startswith('-Wl,-soname,'))
        return self.build / 'tests' / f'test_{suite}' if self.link(command, objects, at / soname) else None

    def kills(self, at, suite, objects):
        """Whether the suite fails. It is ended at the first check that does."""
        program = self.program_of(at, suite, objects)
        environment = {**os.environ, 'CK_VERBOSITY': 'silent', 'CK_FORK': 'no', 'CK_TAP_LOG_FILE_NAME': '-',
                       'OPENBLAS_NUM_THREADS': '1', 'GRADTAPE_GOLDEN_DIR': str(self.source / 'tests/golden'),
                       'LD_LIBRARY_PATH': str(at)}
        if not program:
            return True
        with subprocess.Popen(['prlimit', f'--as={MOST_MEMORY}', program], env=environment, text=True, errors='replace',
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
            limit = threading.Timer(self.timeout, running.kill)
            limit.start()
            failed = any(line.startswith('not ok') for line in running.stdout)
            if failed:
                running.kill()
            limit.cancel()
        return failed or running.returncode != 0

    def try_mutant(self, mutant):
        """The suite that kills it, None, or 'refused': it does not compile."""
        with self.one() as at:
            path = at / FOLDER / mutant.source.path
            clean = path.read_text()
            try:
                path.write_text(mutant.text)
                objects = {self.compile(at, unit): str(at / f'{unit}.o') for unit in mutant.source.units}
                if None in objects:
                    return 'refused'
                return next((suite for suite in mutant.source.suites if self.kills(at, suite, objects)), None)
            finally:
                path.write_text(clean)
