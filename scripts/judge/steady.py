"""Whether a daemon stays as it was: memory, open files, threads, and files that are deleted."""
import os
import statistics
import threading
import time
from pathlib import Path

RSS_LIMIT_MIB = 64
# What may come and go: (more of the highest, more by itself) before growth is called that.
ALLOWED = {'open files': (2.0, 150), 'open files but one of each that there is': (2.0, 60), 'RSS in MiB': (1.3, 10), 'threads': (1.0, 4)}


def open_files(mount):
    """All, and without one of each file of an SSTable that is there: their number changes with that of the SSTables."""
    paths = []
    folder = Path(f'/proc/{mount.pid}/fd')
    for entry in os.listdir(folder):
        try:
            paths.append(os.readlink(folder / entry))
        except FileNotFoundError:
            continue
    return len(paths), len(paths) - len({path for path in paths if path.endswith('.db')})


def sample(mount):
    """(time, open files, those beyond the SSTables, RSS in MiB, threads) of the daemon now."""
    return time.time(), *open_files(mount), mount.status('VmRSS') / 1024, mount.status('Threads')


class Sampler(threading.Thread):
    """Takes a sample every second, until it is ended."""

    def __init__(self, mount):
        super().__init__(daemon=True)
        self.mount, self.samples, self.ended, self.error = mount, [], threading.Event(), None

    def run(self):
        try:
            while not self.ended.wait(1):
                self.samples.append(sample(self.mount))
        except (OSError, RuntimeError) as error:
            self.error = error

    def end(self):
        self.ended.set()
        self.join(10)
        return self.samples


def parts(samples, warm=None):
    """The samples at first and in the end: the minute behind the first `warm` seconds and the last minute, or thirds."""
    if warm and samples and samples[-1][0] - samples[0][0] > 4 * warm:
        begin, end = samples[0][0], samples[-1][0]
        return ([s for s in samples if begin + warm <= s[0] < begin + 2 * warm], [s for s in samples if s[0] >= end - warm])
    third = max(1, len(samples) // 3)
    return samples[:third], samples[-third:]


def grown(samples, warm=None):
    """What has grown, and a line that says what there was; behind the first `warm` seconds when the run is long enough."""
    first, last = parts(samples, warm)
    when = 'the second minute' if warm and len(first) < len(samples) // 3 else 'the first third'
    said, problems = [], []
    for number, (what, (factor, more)) in enumerate(ALLOWED.items(), 1):
        highest = [max(s[number] for s in part) for part in (first, last)]
        median = [statistics.median(s[number] for s in part) for part in (first, last)]
        said.append(f'{what} {median[0]:.0f} (at most {highest[0]:.0f}) and {median[1]:.0f} ({highest[1]:.0f})')
        if highest[1] > highest[0] * factor + more or median[1] > median[0] * factor + more / 2:
            problems.append(f'{what} grow: at most {highest[0]:.0f} in {when}, {highest[1]:.0f} in the end; medians {median[0]:.0f}, {median[1]:.0f}')
    peak = max(s[3] for s in samples)
    if peak > RSS_LIMIT_MIB:
        problems.append(f'RSS of {peak:.0f} MiB, the limit is {RSS_LIMIT_MIB}')
    return problems, f'in {when} and in the end, medians: {"; ".join(said)}'


def deleted_files(mount):
    """Some seconds after the last reader the daemon must hold no file that Cassandra has deleted."""
    gone = []
    for _ in range(50):
        folder = Path(f'/proc/{mount.pid}/fd')
        gone = []
        for entry in os.listdir(folder):
            try:
                target = os.readlink(folder / entry)
            except FileNotFoundError:
                continue
            if target.endswith('-Data.db (deleted)'):
                gone.append(target)
        if not gone:
            break
        time.sleep(0.1)
    return [f'the daemon still holds {len(gone)} deleted files: {gone[:2]}'] if gone else []
