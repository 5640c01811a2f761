"""CQLite, as its authors publish it: the peer for whole tables and for filters."""
import os
import shutil
import subprocess
import sys

from .bench_jobs import READ_LIMIT, digest, whole_table
from .bench_measure import Row, alternate, cpu, median, peak

VERSION = '0.18.0'
FILTER = 'SELECT * FROM bench.readings WHERE value > 250 ALLOW FILTERING'


def install(bench):
    """The path of its program, or why there is none."""
    root = bench.folder.parent / 'cqlite'
    program = root / 'bin' / 'cqlite'
    if program.exists():
        return program, None
    target = root / 'target'
    command = [os.environ.get('CARGO', 'cargo'), 'install', 'cqlite-cli', '--version', VERSION, '--locked', '--root', str(root), '--target-dir', str(target)]
    print(f'installing cqlite-cli {VERSION}', file=sys.stderr, flush=True)
    result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=3600)
    shutil.rmtree(target, ignore_errors=True)
    if result.returncode != 0:
        lines = result.stderr.decode(errors='replace').strip().splitlines()
        return None, f'CQLite {VERSION} could not be installed: {lines[-1] if lines else "no reason given"}'
    return program, None


def query(bench, table, statement):
    """Its command line for a SELECT as CSV, or None and why."""
    program, why = install(bench)
    if program is None:
        return None, why
    return [program, '--quiet', '--schema', table.schema, '--data-dir', table.root, '--out', 'csv', '-e', statement], None


def rows_csv(bench):
    theirs, why = query(bench, bench.readings(), 'SELECT * FROM bench.readings')
    whole_table(bench, 'csv', theirs, why or f'CQLite {VERSION}')


def select(bench):
    """A filter that few rows pass, over the whole table."""
    table = bench.readings()
    ours = [bench.program, 'query', table.root, FILTER, '--schema', table.schema, '-o', 'csv']
    theirs, why = query(bench, table, FILTER)
    _, lines, _ = digest(ours)
    row = Row(f'SELECT … WHERE value > 250, {lines - 1:,} rows of it', 0, peer_name=f'CQLite {VERSION}' if theirs else why, rows=table.rows)
    runs = min(bench.runs, 3) if theirs else bench.runs
    if theirs:
        _, found, _ = digest(theirs)
        if abs(found - lines) > 1:
            raise RuntimeError(f'CQLite gives {found} lines and sstablefs {lines}')
        a, b = alternate(runs, lambda: bench.tool.run(*ours)[0], lambda: bench.tool.run(*theirs)[0], warm=False)
        row.peer, row.peer_rss, row.peer_cpu = median(b), peak(b), cpu(b)
    else:
        a, = alternate(runs, lambda: bench.tool.run(*ours)[0])
    row.ours, row.rss, row.cpu = median(a), peak(a), cpu(a)
    row.target = f'40 x, {READ_LIMIT} MiB'
    row.reached = bool(theirs) and row.ratio() >= 40 and row.rss <= READ_LIMIT
    bench.table.add(row)
