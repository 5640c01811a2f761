"""scripts/random_selects: random SELECTs on random tables, answered by a real server and by `sstablefs query`."""
import argparse
import collections
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .random_generate import ROUNDS, Generator
from .random_mount import binary
from .random_values import RANGES, literal
from .server import Server

NUMBERS = {*RANGES, 'varint', 'float', 'double'}
FLOAT = re.compile(r'-?\d+\.\d+(E-?\d+)?')
UNORDERED = ('duration',)


class Statements:
    """Random statements on one table that the server should take."""

    def __init__(self, rng, table):
        self.rng, self.table = rng, table

    def value(self, column):
        if column.domain and self.rng.random() < 0.85:
            return self.rng.choice(column.domain)
        return literal(self.rng, column.kind, nulls=False, ordered=True)

    def restriction(self, column, operators):
        operator = self.rng.choice(operators)
        if operator == 'IN':
            values = ', '.join(self.value(column) for _ in range(self.rng.randint(1, 3)))
            return f'{column.cql} IN ({values})'
        return f'{column.cql} {operator} {self.value(column)}'

    def where(self):
        """Relations, and whether they name single partitions, by = only."""
        rng, table = self.rng, self.table
        shape = rng.choice(['all', 'key', 'key', 'key', 'slice', 'slice', 'slice', 'token', 'filter', 'filter'])
        relations, single = [], False
        if shape in ('key', 'slice'):
            many = rng.random() < 0.2 and not any(c.multicell for c in table.values)
            relations += [self.restriction(c, ['IN' if many else '=']) for c in table.partition]
            single = not many
        if shape == 'slice':
            for column in table.clustering:
                if rng.random() < 0.5:
                    relations.append(self.restriction(column, ['=']))
                    continue
                if not column.kind.holds('duration'):
                    relations.append(self.restriction(column, ['<', '<=', '>', '>=']))
                break
        if shape == 'token':
            key = ', '.join(c.cql for c in table.partition)
            relations.append(f'token({key}) {rng.choice(["<", "<=", ">", ">="])} {rng.randrange(-2**63, 2**63)}')
        if shape == 'filter':
            column = rng.choice(table.partition + table.clustering + table.values)
            if not table.counter and not column.multicell and not column.kind.holds('duration'):
                relations.append(self.restriction(column, ['=', '<', '<=', '>', '>=']))
            elif column.multicell and column.kind.name in ('list', 'set') and not column.kind.args[0].holds('duration'):
                relations.append(f'{column.cql} CONTAINS {literal(rng, column.kind.args[0], nulls=False)}')
        return relations, single

    def selected(self):
        rng, table = self.rng, self.table
        columns = table.partition + table.clustering + table.values
        shape = rng.random()
        if shape < 0.4:
            return '*'
        if shape < 0.55 and all(c.kind.name not in UNORDERED for c in columns):
            functions = []
            for column in rng.sample(columns, min(3, len(columns))):
                names = ['count'] + (['min', 'max'] if not column.kind.args else [])
                names += ['sum', 'avg'] if column.kind.name in NUMBERS else []
                functions.append(f'{rng.choice(names)}({column.cql})')
            return ', '.join(['count(*)'] + functions)
        chosen = [c.cql for c in rng.sample(columns, rng.randint(1, len(columns)))]
        simple = [c for c in table.values if not c.multicell and not table.counter]
        if simple and rng.random() < 0.4:
            chosen.append(f'writetime({rng.choice(simple).cql})')
        if rng.random() < 0.2:
            chosen.append('token(%s)' % ', '.join(c.cql for c in table.partition))
        return ', '.join(chosen)

    def next(self):
        rng, table = self.rng, self.table
        relations, single = self.where()
        selected, tail = self.selected(), ''
        aggregates = '(*)' in selected
        if aggregates and rng.random() < 0.6:
            keys = table.partition + table.clustering[:rng.randint(0, len(table.clustering))]
            tail += ' GROUP BY ' + ', '.join(c.cql for c in keys)
        if single and table.clustering and rng.random() < 0.4:
            turned = rng.random() < 0.5
            order = [f'{c.cql} {"DESC" if c.descending != turned else "ASC"}' for c in table.clustering]
            tail += ' ORDER BY ' + ', '.join(order[:rng.randint(1, len(order))])
        if rng.random() < 0.15:
            tail += f' PER PARTITION LIMIT {rng.randint(1, 3)}'
        if rng.random() < 0.3:
            tail += f' LIMIT {rng.choice([1, 2, 5, 20])}'
        where = ' WHERE ' + ' AND '.join(relations) if relations else ''
        if selected != '*' and not relations and not tail and rng.random() < 0.3:
            return f'SELECT JSON DISTINCT {", ".join(c.cql for c in table.partition)} FROM {table.full_name}'
        return f'SELECT JSON {selected} FROM {table.full_name}{where}{tail} ALLOW FILTERING'


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


def compare(server, program, statements):
    counts = collections.Counter()
    for statement in statements:
        if '\0' in statement:  # no argument of a command can hold it
            continue
        try:
            theirs = list(server.rows(statement))
        except Exception as error:  # the driver has a dozen classes of errors for what a server refuses
            counts['refused by the server: ' + str(error)[:110]] += 1
            continue
        ours = subprocess.run([program, 'query', server.data, statement, '--output', 'jsonl', '--now', str(int(time.time()))],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        lines = ours.stdout.decode().split('\n')[:-1]
        if ours.returncode == 0 and same(theirs, lines):
            counts['equal'] += 1
            counts['equal rows'] += len(theirs)
            continue
        counts['different'] += 1
        print(f'DIFFERENT {statement}\n  server: {len(theirs)} rows, sstablefs: {len(lines)} rows {ours.stderr.decode()[:300]}')
        for a, b in zip(theirs, lines):
            if a != b:
                print(f'    {a[:600]}\n    {b[:600]}')
                break
    return counts


def main():
    arguments = argparse.ArgumentParser(prog='random_selects', description=__doc__)
    arguments.add_argument('--version', default='oa', choices=['nb', 'oa', 'da'], help='SSTable version that the server writes (oa)')
    arguments.add_argument('--tables', type=int, default=20, help='how many (20)')
    arguments.add_argument('--statements', type=int, default=500, help='how many (500)')
    arguments.add_argument('--seed', type=int, help='repeats a run')
    arguments.add_argument('--binary', help='the sstablefs to test (else $SSTABLEFS, else what cargo has built)')
    options = arguments.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**9)
    print(f'random_selects --version {options.version} --tables {options.tables} --statements {options.statements} --seed {seed}', flush=True)
    program, rng = binary(options.binary), random.Random(seed)
    port = int(os.environ.get('SSTABLEFS_CASSANDRA_PORT', '19642'))
    with tempfile.TemporaryDirectory(prefix='random_selects.') as folder, Server(Path(folder) / 'server', port) as server:
        server.start(options.version, column_index_size='4KiB')
        generator = Generator(rng, server, options.version, folder, options.tables, lambda text: print(text, flush=True))
        with open(Path(folder) / 'statements.cql', 'w') as generator.statements:
            generator.create()
            for number in range(ROUNDS):
                generator.round(number)
        time.sleep(4)  # every short TTL is over
        server.nodetool('flush')
        tables = [Statements(rng, table) for table in generator.tables]
        counts = compare(server, program, (rng.choice(tables).next() for _ in range(options.statements)))
    for what, number in counts.most_common():
        print(f'{number:8} {what}')
    return 1 if counts['different'] or counts['equal'] < options.statements // 2 else 0


if __name__ == '__main__':
    sys.exit(main())
