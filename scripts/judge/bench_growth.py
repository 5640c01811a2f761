"""Other shapes of tables, and how cost grows with their size."""
import shutil
import statistics
import time

from .bench_jobs import dumped, imported, mounted, text_of
from .bench_measure import Grid, amount, duration, median, peak
from .bench_mount import keys, lookup, mounted_seconds, opens

# Shape and rows; `overlap` is eight SSTables that have the same keys.
SHAPES = {'narrow': 1_000_000, 'text': 150_000, 'collections': 200_000, 'wide': 1_000_000, 'tiny': 1_000_000, 'overlap': 800_000}
ABOUT = {'narrow': 'a row is two ints', 'text': '1 KB of text a row', 'collections': 'list, set and map of ten', 'wide': 'one partition',
         'tiny': 'one row a partition', 'overlap': '8 SSTables of the same keys'}
# Rows of `readings`: 9 MB to 4.6 GB of Data.db with LZ4.
SIZES = (134_228, 1_342_281, 13_422_818, 67_114_093)


def per_second(samples, rows):
    seconds = median(samples)
    return f'{rows / seconds:,.0f}', amount(samples[0].bytes / seconds, 'B') + '/s'


def shapes(bench):
    head = ['shape', 'rows', 'Data.db', 'import, rows/s', 'peak RSS', 'sstabledump -l', 'Cassandra', 'ratio', 'peak RSS', 'rows.jsonl, rows/s', 'bytes/s', 'peak RSS']
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
        samples = text_of(bench, table, 'jsonl', runs)
        # A row of the overlapping SSTables is in two of them, nearly: those are counted that are read.
        cells += [*per_second(samples, table.made.get('rows', rows)), f'{peak(samples):.0f} MiB']
        grid.add(cells)


def mount_time(bench, table, runs):
    """From the start of the command to its return, when the mount can be used."""
    taken = []
    for _ in range(runs):
        with mounted_seconds(bench, table.root, table.schema, bench.point()) as started:
            taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def growth(bench):
    head = ['Data.db', 'rows', "import's peak RSS", 'mount', 'rows.jsonl', 'rows.csv', 'peak RSS', 'key in the engine, all rows',
            'open, read, close: first', 'again', 'peak RSS']
    grid = Grid('How cost grows', head)
    bench.grids.append(grid)
    for rows in SIZES:
        table = bench.data.table('readings', max(rows // (1000 if bench.quick else 1), 10_000))
        runs = min(bench.runs, 3) if table.bytes < 5e8 else 1
        cells = [amount(table.bytes, 'B'), f'{table.rows:,}', f'{table.made["rss"]:.0f} MiB', duration(mount_time(bench, table, runs))]
        texts, highest = [], 0
        for form in ('jsonl', 'csv'):
            samples = text_of(bench, table, form, runs)
            texts.append(amount(samples[0].bytes / median(samples), 'B') + '/s')
            highest = max(highest, peak(samples))
        engine, _ = lookup(bench, table, 'all')
        with mounted(bench, table) as mount:
            first, again, _, rss = opens(bench, mount, f'bench/{table.name}/jsonl', [f'{key}.jsonl' for key in keys(table, 2000)])
        cells += [*texts, f'{highest:.0f} MiB', duration(engine), duration(first / 1e9), duration(again / 1e9), f'{rss:.0f} MiB']
        grid.add(cells)
