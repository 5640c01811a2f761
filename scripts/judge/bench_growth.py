"""Other shapes of tables, and how cost grows with their size."""
import shutil
import statistics
import subprocess
import time

from .bench_jobs import dumped, imported, mounted, text_of
from .bench_measure import Grid, amount, duration, median, peak
from .bench_mount import keys, lookup, opens

# Shape and rows; `overlap` is eight SSTables that have the same keys.
SHAPES = {'narrow': 1_000_000, 'text': 150_000, 'collections': 200_000, 'wide': 1_000_000, 'tiny': 1_000_000, 'overlap': 800_000}
ABOUT = {'narrow': 'a row is two ints', 'text': '1 KB of text a row', 'collections': 'list, set and map of ten', 'wide': 'one partition',
         'tiny': 'one row a partition', 'overlap': '8 SSTables of the same keys'}
SIZES = {'10 MB': 10, '100 MB': 100, '1 GB': 1000, '5 GB': 5000}
ROW_BYTES = 74.5  # of a Data.db file, for a row of `readings` with LZ4


def per_second(samples, rows, size):
    seconds = median(samples)
    return f'{rows / seconds:,.0f}', amount(size / seconds, 'B')


def shapes(bench):
    head = ['shape', 'rows', 'Data.db', 'import rows/s', 'peak RSS', 'sstabledump -l', 'Cassandra', 'ratio', 'peak RSS', 'rows.jsonl rows/s', 'bytes/s', 'peak RSS']
    grid = Grid('Shapes', head)
    bench.grids.append(grid)
    runs = min(bench.runs, 3)
    for shape, rows in SHAPES.items():
        rows = rows // 100 if bench.quick else rows
        table = bench.data.table(shape, rows, inputs=8 if shape == 'overlap' else 1)
        cells = [f'{shape}: {ABOUT[shape]}', f'{rows:,}', amount(table.bytes, 'B')]
        if shape == 'overlap':
            cells += ['-'] * 6
        else:
            csv = bench.data.csv(shape, rows)
            out = bench.scratch / 'out'
            loads = [imported(bench, table, csv, out) for _ in range(runs)]
            shutil.rmtree(out)
            a, b, _ = dumped(bench, table, runs)
            cells += [f'{rows / median(loads):,.0f}', f'{peak(loads):.0f} MiB', duration(median(a)), duration(median(b)), f'{median(b) / median(a):.1f}', f'{peak(a):.0f} MiB']
        samples, size, lines = text_of(bench, table, 'jsonl', runs)
        cells += [*per_second(samples, lines, size), f'{peak(samples):.0f} MiB']
        grid.add(cells)


def mount_seconds(bench, table, runs):
    """From the start of the command to its return, when the mount can be used."""
    taken = []
    bench.point.mkdir(parents=True, exist_ok=True)
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run([str(bench.program), 'mount', str(table.root), str(bench.point), '--schema', str(table.schema), '--read-only'], timeout=60, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        taken.append(time.perf_counter() - started)
        subprocess.run(['fusermount3', '-u', '-z', str(bench.point)], check=True, timeout=20)
    return statistics.median(taken)


def growth(bench):
    head = ['Data.db', 'rows', 'made by import, rows/s', 'mount', 'rows.jsonl bytes/s', 'rows.csv bytes/s', 'peak RSS', 'key in the engine, all rows',
            'open, read, close: first', 'again', 'peak RSS']
    grid = Grid('How cost grows', head)
    bench.grids.append(grid)
    for name, megabytes in SIZES.items():
        rows = int(megabytes * 1e6 / ROW_BYTES) // (1000 if bench.quick else 1)
        started = time.time()
        table = bench.data.table('readings', rows)
        made = time.time() - started
        runs = 1 if megabytes > 1000 else min(bench.runs, 3)
        cells = [f'{name}: {amount(table.bytes, "B")}', f'{rows:,}', f'{rows / made:,.0f}' if made > 1 else '-', duration(mount_seconds(bench, table, runs))]
        texts, highest = [], 0
        for form in ('jsonl', 'csv'):
            samples, size, _ = text_of(bench, table, form, runs)
            texts.append(amount(size / median(samples), 'B'))
            highest = max(highest, peak(samples))
        engine, _ = lookup(bench, table, 'all')
        with mounted(bench, table) as mount:
            first, again, _, rss = opens(bench, mount, f'bench/{table.name}/jsonl', [f'{key}.jsonl' for key in keys(table, 2000)])
        cells += [*texts, f'{highest:.0f} MiB', duration(engine), duration(first / 1e9), duration(again / 1e9), f'{rss:.0f} MiB']
        grid.add(cells)
        if megabytes > 1000:
            shutil.rmtree(table.root)
