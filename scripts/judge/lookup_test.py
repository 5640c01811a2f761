"""scripts/lookup_test: what small questions cost, in a small table and in a large one."""
import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from .memory_test import make
from .random_mount import Mount, binary

SMALL_MIB = 10
REPEATS = 15
# A deeper index and a chunk more or less at the edges of what is read.
SLACK_BYTES, SLACK_TIME = 64 << 10, 3.0
SCHEMA = """CREATE KEYSPACE memory WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};
CREATE TABLE memory.many (id text, n bigint, note text, value double, PRIMARY KEY (id, n));
CREATE TABLE memory.one (id text, n bigint, note text, value double, PRIMARY KEY (id, n));
"""


def questions(rows):
    """Name, table, path below it for the i-th repeat, and how many lines there are (None: no such file)."""
    partitions = rows['many'] // 64
    step = rows['one'] // (REPEATS + 2)
    place = lambda i: (i + 1) * step
    return [
        ('a present key', 'many', lambda i: f'jsonl/key-{(i + 1) * partitions // (REPEATS + 2)}.jsonl', 64),
        ('an absent key', 'many', lambda i: f'jsonl/absent-{i}.jsonl', None),
        ('ten rows inside a partition', 'one', lambda i: f'where/id=key-0/n>={place(i)}/@limit=10/rows.jsonl', 10),
        ('ten rows before one, backwards', 'one', lambda i: f'where/id=key-0/n<{place(i)}/@limit=10/@order=n desc/rows.jsonl', 10),
    ]


def bytes_read(pid):
    return int(Path(f'/proc/{pid}/io').read_text().split('rchar: ')[1].split()[0])


def ask(path, lines, failures):
    try:
        found = path.read_bytes().count(b'\n')
    except FileNotFoundError:
        found = None
    if found != lines:
        failures.append(f'{path}: {found} lines, {lines} expected')


def measure(program, folder, rows, failures):
    (folder / 'schema.cql').write_text(SCHEMA)
    costs = {}
    with tempfile.TemporaryDirectory(prefix='lookup_test.') as point:
        with Mount(program, folder / 'data', point, '--schema', folder / 'schema.cql', log=folder / 'mount.log') as mount:
            for name, table, path, lines in questions(rows):
                root = mount.point / 'memory' / table
                json.loads((root / 'info.json').read_text())  # the table is open from here on
                ask(root / path(REPEATS), lines, failures)
                taken = []
                for i in range(REPEATS):
                    before, started = bytes_read(mount.pid), time.perf_counter()
                    ask(root / path(i), lines, failures)
                    taken.append((bytes_read(mount.pid) - before, time.perf_counter() - started))
                costs[name] = tuple(statistics.median(column) for column in zip(*taken))
    return costs


def main():
    arguments = argparse.ArgumentParser(prog='lookup_test', description=__doc__)
    arguments.add_argument('--mib', type=int, default=1024, help='text in each table of the large pair (1024)')
    arguments.add_argument('--binary', help='the sstablefs to test (else $SSTABLEFS, else what cargo has built)')
    arguments.add_argument('--dir', type=Path, help='keep the large tables here, for another run')
    options = arguments.parse_args()
    program, failures = binary(options.binary), []
    folder = options.dir or Path(tempfile.mkdtemp(prefix='lookup_test.'))
    small = Path(tempfile.mkdtemp(prefix='lookup_test.small.'))
    try:
        costs = []
        for where, mib in ((small, SMALL_MIB), (folder, options.mib)):
            where.mkdir(parents=True, exist_ok=True)
            rows = {table: make(where, table, mib) for table in ('many', 'one')}
            costs.append(measure(program, where, rows, failures))
    finally:
        shutil.rmtree(small, ignore_errors=True)
        if not options.dir:
            shutil.rmtree(folder, ignore_errors=True)
    print(f'{"median of " + str(REPEATS):34} {SMALL_MIB:>7} MiB {"":12} {options.mib:>7} MiB')
    for name, (few, fast) in costs[0].items():
        much, slow = costs[1][name]
        print(f'{name:34} {few:9.0f} B {fast * 1e6:9.0f} us {much:9.0f} B {slow * 1e6:9.0f} us')
        if much > few + SLACK_BYTES:
            failures.append(f'{name}: {much:.0f} bytes instead of {few:.0f}')
        if slow > fast * SLACK_TIME:
            failures.append(f'{name}: {slow * 1e6:.0f} us instead of {fast * 1e6:.0f}')
    for failure in failures:
        print(f'FAILS {failure}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
