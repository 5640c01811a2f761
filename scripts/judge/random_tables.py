"""scripts/random_tables: random tables of a real server, read through a mount, compared with the server's answers."""
import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from .compare_mount import NEEDED, compare
from .compare_report import Report
from .random_generate import Generator
from .random_mount import Mount, binary
from .server import Server

ALSO_NEEDED = ('rows of rows.csv', 'dumped partitions', 'dead keys')


def main():
    arguments = argparse.ArgumentParser(prog='random_tables', description=__doc__)
    arguments.add_argument('--version', default='oa', choices=['nb', 'oa', 'da'], help='SSTable version that the server writes (oa)')
    arguments.add_argument('--tables', type=int, default=200, help='how many (200)')
    arguments.add_argument('--seed', type=int, help='repeats a run: its schemas and statements, not the server\'s clock')
    arguments.add_argument('--binary', help='the sstablefs to test (else $SSTABLEFS, else what cargo has built)')
    arguments.add_argument('--keep-going', action='store_true', help='show all differences, not only the first 20')
    arguments.add_argument('--keep', action='store_true', help='keep the data also when all is equal')
    arguments.add_argument('--generate-only', type=Path, metavar='DIR', help='write data and answers to DIR and stop')
    arguments.add_argument('--repeat', type=Path, metavar='DIR', help='compare again with what a former run has kept in DIR')
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a mount and a server end with it
    if options.repeat:
        return judge(options, options.repeat)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**9)
    print(f'random_tables --version {options.version} --tables {options.tables} --seed {seed}', flush=True)
    if not options.generate_only:
        binary(options.binary)
    folder = options.generate_only or Path(tempfile.mkdtemp(prefix='random_tables.'))
    folder.mkdir(parents=True, exist_ok=True)
    generate(options, seed, folder)
    if options.generate_only:
        return 0
    status = judge(options, folder)
    if status == 0 and not options.keep:
        shutil.rmtree(folder)
    return status


def generate(options, seed, folder):
    rng = random.Random(seed)
    port = int(os.environ.get('SSTABLEFS_CASSANDRA_PORT', '19642'))
    with Server(folder / 'server', port) as server:
        settings = {'column_index_size': f'{rng.choice([1, 4, 4, 64])}KiB'}
        if options.version != 'nb' and rng.random() < 0.5:
            settings['uuid_sstable_identifiers_enabled'] = 'true'
        server.start(options.version, **settings)
        Generator(rng, server, options.version, folder, options.tables, lambda text: print(text, flush=True)).run()
    (folder / 'server' / 'data').rename(folder / 'data')
    shutil.rmtree(folder / 'server')


def judge(options, folder):
    started = time.time()
    program = binary(options.binary)
    now = (folder / 'expected' / 'now').read_text().strip()
    report = Report(10**6 if options.keep_going else 20)
    with tempfile.TemporaryDirectory(prefix='random_tables.mnt.') as point:
        with Mount(program, folder / 'data', point, '--now', now, log=folder / 'mount.log') as mount:
            compare(report, folder / 'expected', mount.point)
    equal = report.finish(NEEDED + (ALSO_NEEDED if report.compared['tables'] >= 50 else ()))
    print(f'compared in {time.time() - started:.0f} s; the log of the mount is {folder}/mount.log')
    if not equal:
        tables = report.tables_with_differences()
        print(f'{len(tables)} tables differ: {" ".join(tables[:20])}')
        print(f'data and answers are kept. Compare again: scripts/random_tables --repeat {folder}')
        print(f'look at it: {program} mount --now {now} {folder}/data MOUNTPOINT; its statements: {folder}/statements.cql')
    return 0 if equal else 1


if __name__ == '__main__':
    sys.exit(main())
