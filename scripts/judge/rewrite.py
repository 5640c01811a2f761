"""scripts/rewrite: SSTables that sstablefs writes, judged by a real Cassandra."""
import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import random_tables, rewrite_components, rewrite_text
from .compare_report import Report
from .random_mount import ROOT, binary
from .rewrite_dump import capped, difference, has_null_clusterings, partitions
from .rewrite_make import FORMATS, KINDS, NEGATIVE_DELETION, Tables, copy_own, read_gz
from .rewrite_server import JudgeServer, port, state
from .rewrite_text import has_floats

NEEDED = ('SSTables written', 'SSTables verified', 'dumps', 'tables loaded', 'rows', 'keys by point read')
# Dumps of these have the old name of a field of a user type, which the schema no longer knows.
RENAMED_FIELDS = {('alterations', 'type_fields')}


def main():
    arguments = argparse.ArgumentParser(prog='rewrite', description=__doc__)
    arguments.add_argument('versions', nargs='*', metavar='VERSION', help='golden cases: nb, oa, da, mixed (all)')
    arguments.add_argument('--format', action='append', choices=FORMATS, help='what is written (all)')
    arguments.add_argument('--kind', action='append', choices=KINDS, help='the codec of all tables, or `own` (all)')
    arguments.add_argument('--quick', action='store_true', help='each table with one codec only, and no scrub')
    arguments.add_argument('--rounds', type=int, default=1, help='of the server for each format; in each a table has another codec (1)')
    arguments.add_argument('--table', action='append', metavar='KEYSPACE[.TABLE]', help='only these')
    arguments.add_argument('--text-only', action='store_true', help='only what is written from JSON and CSV')
    arguments.add_argument('--random', choices=FORMATS, metavar='VERSION', help='random tables that the server writes as VERSION')
    arguments.add_argument('--tables', type=int, default=40, help='how many random ones (40)')
    arguments.add_argument('--seed', type=int, help='repeats a random run')
    arguments.add_argument('--binary', help='the sstablefs to test (else $SSTABLEFS, else what cargo has built)')
    arguments.add_argument('--keep', type=Path, metavar='DIR', help='keep what was written in DIR')
    arguments.add_argument('--show', type=int, default=30, help='how many differences to print (30)')
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a server ends with it
    options.program = binary(options.binary)
    report = Report(options.show)
    if options.random:
        options.version = options.random
        seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**9)
        print(f'rewrite --random {options.random} --tables {options.tables} --seed {seed}', flush=True)
        with tempfile.TemporaryDirectory(prefix='rewrite.random.') as folder:
            random_tables.generate(options, seed, Path(folder))
            judge(options, Path(folder), options.random, report, {})
    else:
        for version in options.versions or [*FORMATS, 'mixed']:
            judge(options, ROOT / 'testdata' / version, version, report, {v: ROOT / 'testdata' / v for v in FORMATS})
    return 0 if report.finish(NEEDED) else 1


def server_of(version, formats):
    """The version that the server writes. One that writes nb takes no notice of files of oa (storage_compatibility_mode)."""
    if version == 'nb' and 'oa' in formats:
        return 'oa'
    return 'da' if version == 'mixed' else version


def judge(options, folder, version, report, golden):
    """golden: {version: folder} of the same tables as Cassandra itself writes them, for what scrub does to those."""
    started = time.time()

    def log(text):
        report.show_new()
        print(f'{version}: {text} after {time.time() - started:.0f} s; {len(report.differences)} differences', flush=True)
    with tempfile.TemporaryDirectory(prefix='rewrite.') as scratch:
        scratch = options.keep / version if options.keep else Path(scratch)
        scratch.mkdir(parents=True, exist_ok=True)
        tables = Tables(folder, options.program, scratch, options.table)
        formats, kinds = [] if options.text_only else options.format or list(FORMATS), options.kind or list(KINDS)
        jobs = []
        for format in formats:
            # For --quick each table has one codec, another one in each format.
            shift = FORMATS.index(format)
            for kind_of in [lambda n: kinds[(n + shift) % len(kinds)]] if options.quick else [lambda n, kind=kind: kind for kind in kinds]:
                made = tables.jobs(format, kind_of)
                for kind in sorted({job.kind for job in made}):
                    tables.write([job for job in made if job.kind == kind], scratch / f'{format}-{kind}')
                jobs += made
        check_refusals(report, tables, jobs)
        log(f'{sum(1 for job in jobs if job.data)} SSTables written')
        with JudgeServer(state(scratch), port(), tables) as server:
            verify(report, server, tables, jobs, scratch)
            log('verified and dumped')
            own = [job for job in jobs if job.data and job.kind == 'own' and job.format == version]
            # Of random tables any may be.
            altered = lambda name: bool(options.random or tables.dropped[name] or name[0] == 'alterations')
            rewrite_components.compare(report, server, own, altered)
            server.start(server_of(version, formats))
            rounds = Rounds(options, report, server, tables, jobs, scratch, golden, log)
            rounds.run(formats, kinds)
            rewrite_text.judge(report, server, tables, rounds.expected, scratch, server_of(version, []))
            log('text judged')
        if not options.keep:
            shutil.rmtree(scratch, ignore_errors=True)


def check_refusals(report, tables, jobs):
    """Counters, and what a format can't hold; nothing else."""
    for job in jobs:
        name = (job.keyspace, job.table)
        if name in tables.counters:
            report.expect(job.refused and 'counter' in job.refused, job.where, f'a counter is not refused: {job.refused}')
            report.count('counters refused')
        elif job.refused and job.format != 'nb' and NEGATIVE_DELETION in job.refused:
            report.count('refused for negative deletion times')
        elif job.refused and name in RENAMED_FIELDS and 'has no field' in job.refused:
            report.count('refused for the old name of a field')
        elif job.refused:
            report.differs(job.where, f'refused: {job.refused[:400]}')
        elif job.data:
            report.count('SSTables written')
        else:
            left = list(partitions(read_gz(job.dump), tables.keep(name)))
            report.expect(not left, job.where, f'{len(left)} partitions went in, and no SSTable came out')


def verify(report, server, tables, jobs, scratch):
    """sstableverify -e and sstabledump of all."""
    jobs = [job for job in jobs if job.data]
    folder = scratch / 'redumps'
    folder.mkdir(exist_ok=True)
    lines = ['\t'.join(map(str, (job.keyspace, job.table, job.data, folder / str(number), job.source))) for number, job in enumerate(jobs)]
    answers = dict(line.split('\t', 1) for line in server.offline('Verify.java', lines) if line.count('\t') == 1)
    for number, job in enumerate(jobs):
        name = (job.keyspace, job.table)
        answer = answers.get(str(job.data), 'the verifier says nothing')
        report.count('SSTables verified')
        if not report.expect(answer in ('ok', 'ambiguous'), job.where, f'sstableverify -e: {answer[:600]}'):
            continue
        if answer == 'ambiguous':
            job.lossy = 'TTLs'
        expected = list(partitions(read_gz(job.dump), tables.keep(name)))
        if has_floats(tables.schemas[name]) and has_null_clusterings(expected):
            job.lossy = 'clusterings that are no numbers'
            report.count(f'dumps that do not tell {job.lossy}')
            continue
        dump = folder / str(number)
        found = difference(capped(expected) if job.format == 'nb' else expected, list(partitions(dump.read_text())))
        report.count('dumps')
        report.expect(found is None, job.where, f'sstabledump: {found}')
        dump.unlink()


class Rounds:
    """The server reads, compacts and scrubs what was written."""

    def __init__(self, options, report, server, tables, jobs, scratch, golden, log):
        self.options, self.report, self.server, self.tables, self.jobs = options, report, server, tables, jobs
        self.scratch, self.golden, self.log = scratch, golden, log
        self.expected = {name: read_gz(tables.expected_of(name) / 'select.jsonl.gz').split('\n')[:-1] for name in tables.names}

    def run(self, formats, kinds):
        for format in formats:
            scrubbed = None if self.options.quick or format not in self.golden else self.scrub_own(format)
            for number in range(1 if self.options.quick else min(self.options.rounds, len(kinds))):
                self.round(format, number, scrubbed)
                self.log(f'round {number + 1} as {format}')

    def sources(self, format, number):
        """{table: the folder with its SSTables}: each table with another codec. Without those that were refused."""
        by_table = {}
        for job in self.jobs:
            if job.format == format:
                by_table.setdefault((job.keyspace, job.table), {}).setdefault(job.kind, []).append(job)
        found = {}
        for at, (name, kinds) in enumerate(by_table.items()):
            jobs = list(kinds.values())[(at + number) % len(kinds)]
            lossy = next((job.lossy for job in jobs if job.lossy), None)
            if lossy:
                self.report.count(f'tables not read because dumps do not tell {lossy}')
            elif not any(job.refused for job in jobs):
                found[name] = next((job.data.parent for job in jobs if job.data), None)
        return {name: folder for name, folder in found.items() if folder}

    def round(self, format, number, scrubbed):
        sources = self.sources(format, number)
        what = f'as {format}, round {number + 1}'
        self.server.load(self.report, what, sources)
        for name in sources:
            self.report.count('tables read')
            self.server.reads.check(self.report, f'{name[0]}.{name[1]} {what}', name, self.tables.schemas[name], self.expected[name])
        self.commands([('compact', *name) for name in sources], what)
        for name in sources:
            self.report.count('tables compacted')
            self.server.reads.check(self.report, f'{name[0]}.{name[1]} {what}, compacted', name, self.tables.schemas[name], self.expected[name])
        self.server.empty()
        if scrubbed:
            self.scrub(what, sources, scrubbed)

    def commands(self, commands, what):
        for command, said in zip(commands, self.server.nodetools(commands)):
            self.report.expect(said is None, f'{".".join(command[-2:])} {what}', f'nodetool {" ".join(command)}: {said}')

    def scrub_own(self, format):
        """What scrub leaves of Cassandra's own SSTables: its scrub loses data. {table: (lines before, lines after, what it said)}."""
        golden = Tables(self.golden[format], self.options.program, self.scratch, self.options.table)
        copy_own(golden, self.scratch / f'cassandra-{format}')
        sources = {name: self.scratch / f'cassandra-{format}' / name[0] / name[1] for name in golden.names if name in self.expected}
        sources = {name: folder for name, folder in sources.items() if folder.is_dir()}
        self.server.load(self.report, f"Cassandra's own {format}", sources)
        before = {name: self.server.reads.select(name) for name in sources}
        said = self.server.nodetools([('scrub', '-ns', *name) for name in sources])
        found = {name: (before[name], self.server.reads.select(name), text) for name, text in zip(sources, said)}
        self.server.empty()
        return found

    def scrub(self, what, sources, scrubbed):
        # Comparable only where the data is the same.
        sources = {name: folder for name, folder in sources.items() if name in scrubbed and scrubbed[name][0] == self.expected[name]}
        self.server.load(self.report, what, sources)
        for name, said in zip(sources, self.server.nodetools([('scrub', '-ns', *name) for name in sources])):
            _, after, own = scrubbed[name]
            where = f'{name[0]}.{name[1]} {what}, scrubbed'
            self.report.expect(said is None or own is not None, where, f"scrub says of ours, but not of Cassandra's own: {said}")
            found = self.server.reads.select(name)
            self.report.expect(found == after, where, f"{len(found)} rows are left, of Cassandra's own {len(after)}")
            self.report.count('tables scrubbed')
            self.report.count('tables of which scrub loses rows' if after != self.expected[name] else 'tables of which scrub loses nothing')
        self.server.empty()


if __name__ == '__main__':
    sys.exit(main())
