"""A mount of the sstablefs binary that is gone at the end, whatever happens."""
import os
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def binary(given=None):
    """The sstablefs to test: the given one, $SSTABLEFS, or the newest that cargo has built."""
    if given or os.environ.get('SSTABLEFS'):
        return Path(given or os.environ['SSTABLEFS']).resolve()
    target = Path(os.environ.get('CARGO_TARGET_DIR', ROOT / 'target'))
    built = [p for p in (target / kind / 'sstablefs' for kind in ('release', 'debug')) if p.exists()]
    if not built:
        raise SystemExit('no sstablefs is built yet: cargo build --release, or --binary PATH')
    return max(built, key=lambda p: p.stat().st_mtime)


class Mount:
    """Runs `sstablefs mount -f` and waits until the mount is usable. `pid` is the daemon's."""

    def __init__(self, program, data, point, *options, log=None):
        self.point, self.log = Path(point), Path(log) if log else None
        self.command = [str(program), 'mount', '-f', *map(str, options), *map(str, data if isinstance(data, list) else [data]), str(point)]

    def __enter__(self):
        self.point.mkdir(parents=True, exist_ok=True)
        out = open(self.log, 'wb') if self.log else subprocess.DEVNULL
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            for _ in range(300):
                if os.path.ismount(self.point):
                    return self
                if self.process.poll() is not None:
                    raise RuntimeError(f'{" ".join(self.command)} ended with status {self.process.returncode}: {self.said()}')
                time.sleep(0.1)
            raise RuntimeError(f'{self.point} was not mounted within 30 s: {self.said()}')
        except BaseException:
            self.__exit__()
            raise

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        return self.log.read_text(errors='replace')[-2000:] if self.log and self.log.exists() else ''

    def status(self, field):
        """A number of /proc/PID/status: VmRSS and VmHWM in KiB."""
        for line in Path(f'/proc/{self.pid}/status').read_text().splitlines():
            if line.startswith(field + ':'):
                return int(line.split()[1])
        raise RuntimeError(f'the daemon {self.pid} is gone: {self.said()}')

    def open_files(self):
        return len(os.listdir(f'/proc/{self.pid}/fd'))

    def __exit__(self, *_):
        # -z: a reader that hangs must not keep the mount.
        if os.path.ismount(self.point):
            subprocess.run(['fusermount3', '-u', '-z', str(self.point)], timeout=20, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
