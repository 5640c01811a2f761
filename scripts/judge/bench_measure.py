"""Samples, medians and the table of scripts/bench."""
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20


@dataclass
class Sample:
    """One run. `inner` is the time that a program says of itself, without the start of a JVM."""
    seconds: float
    rss: float = 0.0  # MiB
    inner: float | None = None
    cpu: float = 0.0  # seconds of all threads, user and system
    bytes: int = 0


@dataclass
class Row:
    """A line of the table; times in seconds."""
    job: str
    ours: float
    peer: float | None = None
    peer_name: str = ''
    rows: int = 0
    bytes: int = 0
    rss: float | None = None
    peer_rss: float | None = None
    target: str = ''
    reached: bool | None = None
    cpu: float | None = None
    peer_cpu: float | None = None

    def ratio(self):
        return self.peer / self.ours if self.peer else None


def median(samples):
    return statistics.median(s.inner if s.inner is not None else s.seconds for s in samples)


def cpu(samples):
    return statistics.median(s.cpu for s in samples)


def peak(samples):
    return max(s.rss for s in samples)


class Tool:
    """benches/'s program: measures without the weight of Python."""

    def __init__(self, program):
        self.program = Path(program)

    def ask(self, *args, timeout=900, env=None, stdin=subprocess.DEVNULL):
        """The JSON that it prints, and what was said to stderr."""
        result = subprocess.run([str(self.program), *map(str, args)], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                                env=env)
        said = result.stderr.decode(errors='replace')
        if result.returncode != 0:
            raise RuntimeError(f'{" ".join(map(str, args))[:300]}: {said[-1500:]}')
        return json.loads(result.stdout), said

    def run(self, *command, **how):
        answer, said = self.ask('run', *command, **how)
        return Sample(answer['seconds'], answer['rss'] / 1024, cpu=answer['user'] + answer['system']), said


def alternate(runs, *actions, warm=True):
    """Runs A B A B …: a list of samples for each action. A first round, not counted, fills the page cache."""
    if warm:
        for action in actions:
            action()
    samples = [[] for _ in actions]
    for _ in range(runs):
        for action, kept in zip(actions, samples):
            kept.append(action())
    return samples


def duration(seconds):
    if seconds is None:
        return '-'
    if seconds < 1e-3:
        return f'{seconds * 1e6:.1f} us'
    return f'{seconds * 1e3:.1f} ms' if seconds < 1 else f'{seconds:.2f} s'


def amount(number, unit):
    for size, letter in ((1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if number >= size:
            return f'{number / size:.2f} {letter}{unit}'
    return f'{number:.0f} {unit}'


def cells(row):
    peer = f'{duration(row.peer)}, {row.peer_name}' if row.peer else row.peer_name or '-'
    ratio = row.ratio()
    spent = '-' if row.cpu is None else duration(row.cpu) + (f'; {duration(row.peer_cpu)}' if row.peer_cpu else '')
    rss = '-' if row.rss is None else f'{row.rss:.0f} MiB' + (f'; {row.peer_rss:.0f} MiB' if row.peer_rss else '')
    return [row.job, duration(row.ours), peer,
            f'{ratio:.1f}' if ratio and ratio >= 0.95 else f'{ratio:.2f}' if ratio else '-', spent,
            f'{row.rows / row.ours:,.0f}' if row.rows else '-', amount(row.bytes / row.ours, 'B') + '/s' if row.bytes else '-', rss, row.target or '-',
            '-' if row.reached is None else 'yes' if row.reached else '**no**']


HEAD = ['job', 'ours, median', 'peer, median', 'ratio', "CPU; peer's", 'rows/s', 'bytes/s', "peak RSS; peer's", 'target', 'reached']


class Grid:
    """A Markdown table that grows line by line; each line is also shown when it is there."""

    def __init__(self, title, head):
        self.title, self.head, self.lines = title, head, []

    def add(self, cells):
        text = '| ' + ' | '.join(map(str, cells)) + ' |'
        self.lines.append(text)
        print(text, file=sys.stderr, flush=True)

    def __str__(self):
        return '\n'.join([f'{self.title}:', '', '| ' + ' | '.join(self.head) + ' |', '|---' * len(self.head) + '|', *self.lines])


class Table(Grid):
    """The main table."""

    def __init__(self):
        super().__init__('Jobs', HEAD)

    def add(self, row):
        super().add(cells(row))
