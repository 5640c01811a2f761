"""scripts/random_selects: random SELECTs on random tables, answered by a real server and by `sstablefs query`."""
import collections
import json
import random
import re
import struct
import subprocess
import sys
import time

from . import legacy_selects
from .legacy import RELEASES
from .random_generate import arguments, own_port, server_with_tables
from .random_invalid import Mistakes
from .random_mount import binary
from .random_statements import Statements

FLOAT = re.compile(r'-?\d+\.\d+(E-?\d+)?')


def same(theirs, ours):
    """Equal texts, or equal values: a float may have one digit more in the server's text."""
    def equal(a, b):
        return a == b or json.loads(a) == json.loads(b) or FLOAT.sub(single, a) == FLOAT.sub(single, b)
    return theirs == ours or len(theirs) == len(ours) and all(equal(a, b) for a, b in zip(theirs, ours))


def single(match):
    """The number as a float of four bytes, if it fits: floats stand in the keys of maps, too, where JSON has them as text."""
    try:
        return struct.pack('f', float(match[0])).hex()
    except OverflowError:
        return repr(float(match[0]))


def ask(program, server, statement):
    """What sstablefs answers: lines, or None and what it said."""
    if '\0' in statement:  # no argument of a command can hold it
        return None, 'NUL'
    ours = subprocess.run([program, 'query', server.data, statement, '--output', 'jsonl', '--now', str(int(time.time()))],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    lines = ours.stdout.decode().split('\n')[:-1]
    return (lines if ours.returncode == 0 else None), ours.stderr.decode()


def compare(server, program, statements):
    counts = collections.Counter()
    for statement in statements:
        if '\0' in statement:
            continue
        try:
            theirs = list(server.rows(statement, page=None))
        except Exception as error:  # the driver has a dozen classes of errors for what a server refuses
            counts['refused by the server: ' + str(error)[:110]] += 1
            continue
        lines, said = ask(program, server, statement)
        if 'ttl(' in statement and (lines is None or not same(theirs, lines)):
            # A second may have passed between the two.
            theirs = list(server.rows(statement, page=None))
            lines, said = ask(program, server, statement)
        if lines is not None and same(theirs, lines):
            counts['equal'] += 1
            counts['equal rows'] += len(theirs)
            continue
        counts['different'] += 1
        print(f'DIFFERENT {statement}\n  server: {len(theirs)} rows, sstablefs: {len(lines or [])} rows {said[:300]}')
        for a, b in zip(theirs, lines or []):
            if a != b:
                print(f'    {a[:600]}\n    {b[:600]}')
                break
    return counts


# What the server refuses for reasons that are not ours: it has no index, would need ALLOW FILTERING, or failed while it read.
OWN_REASONS = re.compile('ALLOW FILTERING|Operation failed|Server error|supported index|indexed columns', re.I)


def compare_mistakes(server, program, statements):
    """Both answer, or both refuse."""
    counts = collections.Counter()
    for statement in statements:
        if '\0' in statement:
            continue
        try:
            theirs, why = list(server.rows(statement, page=None)), ''
        except Exception as error:
            theirs, why = None, str(error)
        lines, said = ask(program, server, statement)
        if (theirs is None) == (lines is None) and (theirs is None or same(theirs, lines)):
            counts['both refuse' if theirs is None else 'both answer, the same'] += 1
            if lines is None and 'line ' not in said and 'longer than' not in said:
                counts['an error without its place'] += 1
                print(f'WITHOUT PLACE {statement}\n  sstablefs: {said[:300]}')
        elif theirs is None and OWN_REASONS.search(why):
            counts['refused by the server alone, for its own reasons'] += 1
        else:
            counts['different'] += 1
            print(f'DIFFERENT {statement}\n  server: {"answers" if theirs is not None else why[:300]}\n  sstablefs: {"answers" if lines is not None else said[:300]}')
    return counts


def session(server, program, tables, rng, count, invalid=0):
    """Asks statements of a server that has the tables; returns what became of them."""
    statements, mistakes = [Statements(rng, table) for table in tables], Mistakes(rng)
    counts = compare(server, program, (rng.choice(statements).next() for _ in range(count)))
    counts += compare_mistakes(server, program, (mistakes.in_statement(rng.choice(statements).next()) for _ in range(invalid)))
    for what, number in counts.most_common():
        print(f'{number:8} {what}')
    return counts


def main():
    parser = arguments('random_selects', __doc__)
    parser.add_argument('--legacy', nargs='+', choices=RELEASES, metavar='VERSION', help=f'the golden tables of older releases instead, imported by the server: {" ".join(RELEASES)}')
    parser.add_argument('--invalid', type=int, default=0, help='how many more, with a mistake in them (0)')
    options = parser.parse_args()
    what = f'--legacy {" ".join(options.legacy)}' if options.legacy else f'--version {options.version} --tables {options.tables}'
    print(f'random_selects {what} --statements {options.statements} --invalid {options.invalid} --seed {options.seed}', flush=True)
    program, rng = binary(options.binary), random.Random(options.seed)
    if options.legacy:
        return of_legacy(options, program, rng)
    with server_with_tables('random_selects', options.version, options.tables, rng) as (_, server, tables):
        return status(session(server, program, tables, rng, options.statements, options.invalid), options)


def of_legacy(options, program, rng):
    failed = 0

    def ask(server, version, tables):
        nonlocal failed
        print(f'{version}: {len(tables)} tables', flush=True)
        failed |= status(session(server, program, tables, rng, options.statements, options.invalid), options)
    legacy_selects.sessions(options.legacy, own_port(), ask)
    return failed


def status(counts, options):
    enough = counts['equal'] >= options.statements // 2
    return 1 if counts['different'] or counts['an error without its place'] or not enough else 0


if __name__ == '__main__':
    sys.exit(main())
