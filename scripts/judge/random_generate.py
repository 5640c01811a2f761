"""Random tables on a real server: schema, rounds of mutations with flushes and changes of the schema between them, answers."""
import argparse
import collections
import contextlib
import gzip
import os
import random
import re
import subprocess
import tempfile
import time
from pathlib import Path

from cassandra.concurrent import execute_concurrent

from . import export, random_schema
from .files import write_gz
from .random_mutations import Mutations
from .random_values import quote, random_type
from .server import SCRIPTS, Server

KEYSPACES = 4
ROUNDS = 5
# Answers of the server to mutations that are legal CQL, but not for what the row holds at that time.
EXPECTED_REFUSALS = re.compile('Attempted to (set|delete) an element|List index|out of bound', re.I)


class Generator:
    def __init__(self, rng, server, version, folder, tables, log=print):
        self.rng, self.server, self.folder, self.log = rng, server, Path(folder), log
        self.expected = self.folder / 'expected'
        self.count, self.version = tables, version
        self.refused, self.accepted = collections.Counter(), 0
        self.statements = None

    def run(self):
        started = time.time()
        (self.folder / 'expected').mkdir(parents=True, exist_ok=True)
        with open(self.folder / 'statements.cql', 'w') as self.statements:
            self.create()
            self.log(f'  {len(self.tables)} tables created after {time.time() - started:.0f} s')
            for number in range(ROUNDS):
                self.round(number)
                self.log(f'  round {number + 1} of {ROUNDS} done after {time.time() - started:.0f} s')
        time.sleep(4)  # every short TTL is over, and stays so while the answers are taken
        self.answers()
        self.log(f'  answers taken after {time.time() - started:.0f} s')
        self.check_refusals()

    # ---- schema ----

    def ddl(self, statement):
        """True if the server took it. Random DDL may be refused for reasons of its own; that is counted."""
        self.statements.write(statement + ';\n')
        try:
            self.server.execute(statement)
            return True
        except Exception as error:  # the driver has a dozen classes of errors for what a server refuses
            self.statements.write(f'-- refused: {error}\n')
            self.refused['DDL: ' + self.reason(error)] += 1
            return False

    def create(self):
        self.udts, self.tables, self.mutations = {}, [], {}
        for number in range(KEYSPACES):
            keyspace = f'random{number}'
            self.ddl(f"CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}")
            udts = random_schema.random_udts(self.rng, 6)
            self.udts[keyspace] = {}
            for name in udts:
                if self.ddl(random_schema.create_type(keyspace, name, udts)):
                    self.udts[keyspace][name] = udts[name]
                else:
                    raise RuntimeError(f'the server refused type {name}: {self.refused}')
        for number in range(self.count):
            keyspace = f'random{number % KEYSPACES}'
            while True:
                table = random_schema.Table(self.rng, keyspace, number, self.udts[keyspace])
                if self.ddl(table.create()):
                    break
            self.tables.append(table)
            self.mutations[table] = Mutations(table, self.version)

    def change_schema(self, tables):
        for table in tables:
            if table.counter or self.rng.random() > 0.3:
                continue
            dropped = [c for c in table.statics + table.regulars if c.dropped]
            # The server refuses DROP of a non-frozen UDT, and DROP of the wide tables' padding would leave nothing to read.
            droppable = [c for c in table.values if not (c.multicell and c.kind.name == 'udt') and not c.name.startswith('pad')]
            choice = self.rng.random()
            if dropped and choice < 0.5:
                column = self.rng.choice(dropped)
                static = ' static' if column.role == 'static' else ''
                if self.ddl(f'ALTER TABLE {table.full_name} ADD {column.cql} {column.type_text}{static}'):
                    column.dropped = False
            elif droppable and choice < 0.8:
                column = self.rng.choice(droppable)
                mutations = self.mutations[table]
                # Without a time of its own a DROP has the clock's, in milliseconds: let the last mutation's be over.
                time.sleep(0.005)
                when = '' if mutations.server_time else f' USING TIMESTAMP {mutations.drop_time()}'
                if self.ddl(f'ALTER TABLE {table.full_name} DROP {column.cql}{when}'):
                    column.dropped = True
            else:
                role = 'static' if table.clustering and self.rng.random() < 0.2 else 'regular'
                text = random_type(self.rng, self.rng.choice([0, 1, 2]), table.udts)
                column = random_schema.Column(table.free_name('n', len(table.names), True), text, role, table.udts)
                if self.ddl(f'ALTER TABLE {table.full_name} ADD {column.cql} {text}{" static" if role == "static" else ""}'):
                    (table.statics if role == 'static' else table.regulars).append(column)

    def add_fields(self):
        for keyspace, udts in self.udts.items():
            tables = [t for t in self.tables if t.keyspace == keyspace]
            names = random_schema.alterable_types(udts, tables)
            if not names or self.rng.random() < 0.4:
                continue
            name = self.rng.choice(names)
            field = self.rng.choice([f for f in random_schema.FIELD_NAMES if f not in dict(udts[name])])
            # No duration: the type may stand in a set, and a set can't hold one.
            kind = random_type(self.rng, 0, udts, True, True)
            if self.ddl(f'ALTER TYPE {keyspace}.{quote(name)} ADD {quote(field)} {kind}'):
                udts[name].append((field, kind))
                for table in tables:
                    for column in table.statics + table.regulars:
                        column.reparse(udts)

    # ---- mutations ----

    def round(self, number):
        active = [t for t in self.tables if self.rng.random() < (1.0 if number == 0 else 0.45)]
        statements = []
        for table in active:
            mutations = self.mutations[table]
            mutations.round = number
            count = self.rng.randint(40, 120) if mutations.big else self.rng.choice([1, 3, 10, 20, 40])
            statements += mutations.statements(count)
        self.execute(statements)
        early = [t for t in self.tables if self.rng.random() < 0.5]
        self.change_schema(early)  # what these change is still in the memtable
        self.server.nodetool('flush')  # one call for all keyspaces: most of its time is the start of its JVM
        self.change_schema([t for t in self.tables if t not in early])
        self.add_fields()
        if number in (2, ROUNDS - 1):
            keyspace = self.rng.choice(list(self.udts))
            chosen = [t.name for t in self.tables if t.keyspace == keyspace and self.rng.random() < 0.4]
            if chosen:
                self.server.nodetool('compact', keyspace, *chosen)

    def execute(self, statements):
        for statement in statements:
            self.statements.write(statement + ';\n')
        results = execute_concurrent(self.server.session, [(s, None) for s in statements], concurrency=64, raise_on_first_error=False)
        for statement, (success, result) in zip(statements, results):
            if success:
                self.accepted += 1
            else:
                self.statements.write(f'-- refused: {statement[:200]}: {result}\n')
                self.refused[self.reason(result)] += 1

    @staticmethod
    def reason(error):
        return re.sub(r"'[^']*'|[\d.]+|\(.*?\)", '…', re.sub(r'Error from server: code=\d+ ', '', str(error)))[:110]

    def check_refusals(self):
        """A generator whose statements are refused tests nothing."""
        unexpected = {r: n for r, n in self.refused.items() if not EXPECTED_REFUSALS.search(r)}
        self.log(f'  {self.accepted} mutations taken, {sum(self.refused.values())} statements refused')
        for reason, number in collections.Counter(unexpected).most_common(8):
            self.log(f'    {number} × {reason}')
        if sum(unexpected.values()) > 0.02 * self.accepted:
            raise RuntimeError('the server refused more than 2 % of the statements')

    # ---- answers ----

    def answers(self):
        (self.expected / 'now').write_text(f'{int(time.time())}\n')
        targets, self.selected = [], {}
        for table in self.tables:
            target = self.expected / table.keyspace / table.name
            export.select(self.server, table.keyspace, table.name, target)
            self.selected[table.keyspace, table.name] = gzip.decompress((target / 'select.jsonl.gz').read_bytes()).count(b'\n')
            targets.append((table.keyspace, table.name, target))
        self.copy(targets)
        self.server.drain()
        pairs = [(keyspace, table) for keyspace, table, _ in targets]
        dumps = export.dump(self.server, self.server.data, self.expected, pairs)
        self.log(f'  {dumps} SSTables dumped')

    def copy(self, targets):
        """COPY TO of every table. Where cqlsh itself fails (nulls in tuples, elements that Python can't sort) there is no copy.csv."""
        with tempfile.TemporaryDirectory() as scratch:
            script = Path(scratch) / 'copy.cql'
            script.write_text(''.join(
                f"COPY {keyspace}.{table} TO '{scratch}/{number}.csv' WITH HEADER = true AND NUMPROCESSES = 1 AND MAXREQUESTS = 1 "
                f"AND MAXATTEMPTS = 1;\n" for number, (keyspace, table, _) in enumerate(targets)))
            result = subprocess.run([SCRIPTS / 'cassandra', 'cql', '--request-timeout', '120', '-f', script], env=self.server.env,
                                    timeout=1800, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            output = result.stdout.decode(errors='replace')
            (self.folder / 'copy.log').write_text(output)
            reports = re.split(r'(?m)^Starting copy of ', output)[1:]
            failed = []
            for number, (keyspace, table, target) in enumerate(targets):
                # After an error cqlsh goes on, its status and line numbers say little: the number of rows decides.
                exported = re.search(r'(?m)^(\d+) rows exported', reports[number]) if number < len(reports) else None
                if exported and int(exported[1]) == self.selected[keyspace, table]:
                    write_gz(target / 'copy.csv.gz', (Path(scratch) / f'{number}.csv').read_bytes())
                else:
                    failed.append(f'{keyspace}.{table}')
        self.log(f'  COPY TO failed for {len(failed)} of {len(targets)} tables: {" ".join(failed[:12])}')
        if len(failed) > len(targets) // 2:
            raise RuntimeError('COPY TO failed for more than half of the tables')


def arguments(prog, doc):
    """Of the programs that ask random statements about random tables."""
    parser = argparse.ArgumentParser(prog=prog, description=doc)
    parser.add_argument('--version', default='oa', choices=['nb', 'oa', 'da'], help='SSTable version that the server writes (oa)')
    parser.add_argument('--tables', type=int, default=20, help='how many (20)')
    parser.add_argument('--statements', type=int, default=500, help='how many (500)')
    parser.add_argument('--seed', type=int, default=random.SystemRandom().randrange(10**9), help='repeats a run')
    parser.add_argument('--binary', help='the sstablefs to test (else $SSTABLEFS, else what cargo has built)')
    return parser


def own_port():
    return int(os.environ.get('SSTABLEFS_CASSANDRA_PORT', '19642'))


@contextlib.contextmanager
def server_with_tables(prog, version, count, rng):
    """A folder, a server in it, and random tables whose mutations are over."""
    with tempfile.TemporaryDirectory(prefix=f'{prog}.') as folder, Server(Path(folder) / 'server', own_port()) as server:
        server.start(version, column_index_size='4KiB')
        generator = Generator(rng, server, version, folder, count, lambda text: print(text, flush=True))
        with open(Path(folder) / 'statements.cql', 'w') as generator.statements:
            generator.create()
            for number in range(ROUNDS):
                generator.round(number)
        time.sleep(4)  # every short TTL is over
        server.nodetool('flush')
        yield Path(folder), server, generator.tables
