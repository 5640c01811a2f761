"""scripts/soak_test: many readers and stagers for a long time, beside a live Cassandra that writes, flushes and compacts what they read."""
import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from .live_end import conclude, differences
from .live_model import Flusher, Model, Writer
from .memory_test import Watchdog
from .nodetool import Nodetool
from .random_mount import Mount, binary
from .server import Server
from .soak_find import Find, rows
from .soak_readers import REFRESH, Findings, Judged, Reader
from .soak_stagers import Importer, Stager
from .steady import Sampler, deleted_files, grown

# The daemon is warm after so many seconds, if the run is long enough.
WARM = 60
# Seconds between two imports.
IMPORT = 5
READ = ('partition file', 'rows.jsonl', 'rows.csv', 'part of rows.jsonl', 'part of rows.csv', 'where/', 'cql/', 'listing', 'grep', 'sstables/',
        'info.json', 'staged file', 'bad file', 'rows judged')
COMPACT = "compaction = {'class': 'SizeTieredCompactionStrategy', 'min_threshold': 2}"


class Soak:
    def __init__(self, options, folder, server, nodetool, mount):
        self.options, self.folder, self.server, self.nodetool, self.mount = options, folder, server, nodetool, mount
        self.problems, self.watchdog = [], Watchdog(mount.pid)
        self.written, self.staged = Model(), Model(by_clock=True)
        self.stop = threading.Event()
        self.out = folder / 'out' / 'live' / 's'

    def server_side(self, writers):
        return [*(Writer(self.server.session, self.written, n, writers, self.stop) for n in range(writers)),
                Flusher(self.nodetool, self.written, self.stop), Importer(self.nodetool, self.out, self.stop, IMPORT)]

    def end(self, threads):
        self.stop.set()
        for thread in threads:
            thread.join(120)
            if thread.is_alive():
                self.problems.append(f'{thread} did not end')
            elif getattr(thread, 'error', None):
                self.problems.append(f'the server: {thread.error}')
        self.stop = threading.Event()

    def judge_growth(self, sampler):
        samples = sampler.end()
        if sampler.error or not samples:
            self.problems.append(f'the daemon could not be watched: {sampler.error}')
            return
        growth, said = grown(samples, WARM)
        print(said, flush=True)
        self.problems += growth + deleted_files(self.mount)

    def readers_and_stagers(self):
        findings, live = Findings(), self.mount.point / 'live'
        tables = [Judged(live / 't', self.written, False), Judged(live / 's', self.staged, True)]
        beside = self.server_side(2)
        stagers = [Stager(live / 's' / 'staging', self.staged, findings, n, self.options.stagers, self.stop) for n in range(self.options.stagers)]
        readers = [Reader(n, tables, findings, self.watchdog, self.stop) for n in range(self.options.readers)]
        threads = [*beside, *stagers, *readers]
        for thread in threads:
            thread.start()
        sampler = Sampler(self.mount)
        sampler.start()
        end = time.time() + self.options.seconds
        while time.time() < end and not self.watchdog.fired and len(findings.problems) < 50:
            for table in tables:
                table.note_floor()
            time.sleep(0.2)
        self.end(threads)
        self.judge_growth(sampler)
        self.tell(beside)
        print('read: ' + ', '.join(f'{n} × {what}' for what, n in sorted(findings.done.items())), flush=True)
        self.problems += [f'{len(findings.problems)} answers were wrong'] if findings.problems else []
        self.problems += [f'nothing was done of: {what}' for what in READ if not findings.done[what]]

    def tell(self, beside):
        flusher, importer = beside[-2:]
        print(f'{sum(w.written for w in beside[:-2])} statements, {flusher.flushes} flushes, {flusher.compactions} compactions, {importer.imports} imports, {importer.refused} refused',
              flush=True)
        if not flusher.compactions:
            self.problems.append('no compaction happened')

    def find(self):
        """The same pipe again and again, while the server works on another table."""
        beside = self.server_side(1)
        for thread in beside:
            thread.start()
        sampler = Sampler(self.mount)
        sampler.start()
        find = Find(self.mount.point / 'live' / 'many', self.options.partitions, self.watchdog)
        started = time.time()
        find.run(started + self.options.find_seconds)
        seconds = time.time() - started
        self.end(beside)
        self.judge_growth(sampler)
        self.tell(beside)
        print(f'find | xargs cat over {self.options.partitions} partitions: {find.rounds} rounds, {find.bytes} bytes in {seconds:.0f} s', flush=True)
        self.problems += find.problems

    def final_state(self):
        """In the end the mount must equal the server by the comparer of all tests."""
        (self.mount.point / 'live' / 's' / 'staging' / '.flush').touch()
        Importer(self.nodetool, self.out, self.stop, 0).take()
        self.nodetool.nodetool('flush', 'live')
        self.problems += differences(self.server, self.folder, self.mount, ('t', 's'), 2 * REFRESH)


def prepare(options, folder, server, nodetool, program):
    """The tables; that of `find` is written by import and compacted by the server."""
    server.execute("CREATE KEYSPACE live WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    for table in ('t', 's'):
        server.execute(f'CREATE TABLE live.{table} (k int, c int, v int, pad text, PRIMARY KEY (k, c)) WITH memtable_flush_period_in_ms = 1500 AND {COMPACT}')
    server.execute(f'CREATE TABLE live.many (k int PRIMARY KEY, v text) WITH {COMPACT}')
    # So that the folder of `s` has an SSTable of the server.
    server.execute("INSERT INTO live.s (k, c, v, pad) VALUES (0, 0, 0, '') USING TIMESTAMP 1")
    server.execute('DELETE FROM live.s USING TIMESTAMP 2 WHERE k = 0')
    for keyspace in ('system_schema', 'live'):
        nodetool.nodetool('flush', keyspace)
    if options.find_seconds:
        with open(folder / 'many.csv', 'w') as file:
            file.writelines(rows(options.partitions))
        subprocess.run([program, 'import', server.data, 'live.many', folder / 'many.csv', '--out', folder / 'out-many'], check=True,
                       stdout=subprocess.DEVNULL, timeout=600)
        nodetool.nodetool('import', 'live', 'many', folder / 'out-many' / 'live' / 'many')
        nodetool.nodetool('compact', 'live', 'many')


def main():
    arguments = argparse.ArgumentParser(prog='soak_test', description=__doc__)
    arguments.add_argument('--seconds', type=int, default=900, help='how long to read and stage (900)')
    arguments.add_argument('--find-seconds', type=int, default=600, help='how long find | xargs cat runs; 0: not at all (600)')
    arguments.add_argument('--partitions', type=int, default=100_000, help='that find | xargs cat finds (100000)')
    arguments.add_argument('--readers', type=int, default=16)
    arguments.add_argument('--stagers', type=int, default=4)
    arguments.add_argument('--version', default='oa', choices=['nb', 'oa', 'da'])
    arguments.add_argument('--binary', help='the sstablefs to test (else $SSTABLEFS, else what cargo has built)')
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    program = binary(options.binary)
    folder = Path(tempfile.mkdtemp(prefix='soak_test.'))
    port, problems = int(os.environ.get('SSTABLEFS_CASSANDRA_PORT', '21342')), []
    with Server(folder / 'server', port) as server:
        server.start(options.version)
        with Nodetool(server) as nodetool:
            prepare(options, folder, server, nodetool, program)
            with Mount(program, server.data, folder / 'mnt', '--out', folder / 'out', log=folder / 'mount.log') as mount:
                soak = Soak(options, folder, server, nodetool, mount)
                try:
                    if options.seconds:
                        soak.readers_and_stagers()
                        soak.final_state()
                    if options.find_seconds:
                        soak.find()
                except (RuntimeError, OSError) as error:
                    soak.problems.append(repr(error))
                finally:
                    soak.watchdog.done.set()
                    problems = soak.problems
    return conclude(problems, folder)


if __name__ == '__main__':
    sys.exit(main())
