"""LLVM's tools of the version that rustc is built with, which read the profiles that its programs write."""
import os
import re
import shutil
import subprocess
import sys


def tools(*names):
    """The paths of these tools: of rustup's component llvm-tools, or of Debian's package llvm-N, which is installed when it is missing."""
    said = subprocess.run(['rustc', '-vV'], check=True, capture_output=True, text=True).stdout
    llvm = re.search(r'^LLVM version: (\d+)', said, re.M)[1]
    host = re.search(r'^host: (.*)', said, re.M)[1]
    sysroot = subprocess.run(['rustc', '--print', 'sysroot'], check=True, capture_output=True, text=True).stdout.strip()

    def found():
        for folder, suffix in ((f'{sysroot}/lib/rustlib/{host}/bin', ''), (None, f'-{llvm}'), (f'/usr/lib/llvm-{llvm}/bin', '')):
            paths = [shutil.which(name + suffix, path=folder) for name in names]
            if all(paths):
                return paths
        return None

    if not found() and shutil.which('apt-get'):
        print(f'installing llvm-{llvm}', file=sys.stderr, flush=True)
        as_root = [] if os.geteuid() == 0 else ['sudo']
        install = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', f'llvm-{llvm}']
        for command in (['apt-get', 'update', '-qq'], install):
            if subprocess.run(as_root + command, stdout=subprocess.DEVNULL).returncode:
                break
    if not found() and shutil.which('rustup'):
        subprocess.run(['rustup', 'component', 'add', 'llvm-tools'], stdout=sys.stderr)
    if not found():
        sys.exit(f'{" and ".join(names)} of LLVM {llvm} are missing: rustup component add llvm-tools, or install llvm-{llvm}')
    return found()


def host():
    """The target that rustc builds for by itself."""
    return re.search(r'^host: (.*)', subprocess.run(['rustc', '-vV'], check=True, capture_output=True, text=True).stdout, re.M)[1]
