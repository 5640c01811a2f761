"""The end of a test beside a live server: whether the mount equals it, and what is told."""
import shutil
import time

from . import export
from .compare_mount import NEEDED, compare
from .compare_report import Report


def differences(server, folder, mount, tables, wait):
    """By the comparer of all tests, of tables of the keyspace live that were flushed; the mount has seen that after `wait` seconds."""
    time.sleep(wait)
    for table in tables:
        export.select(server, 'live', table, folder / 'expected' / 'live' / table)
    report = Report()
    compare(report, folder / 'expected', mount.point)
    return [] if report.finish(NEEDED) else ['the mount differs from the server in the end']


def conclude(problems, folder):
    """Tells the problems, and removes the folder of a run without any; the exit status."""
    for problem in problems[:30]:
        print(f'WRONG {problem}')
    print(f'{len(problems)} problems' + (f'; the log of the mount: {folder}/mount.log' if problems else ''))
    if not problems:
        shutil.rmtree(folder)
    return 1 if problems else 0
