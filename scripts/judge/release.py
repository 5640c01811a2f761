"""Builds the program with a profile of its own work. See scripts/release."""
import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from judge import llvm, training

ROOT = Path(__file__).resolve().parents[2]
CARGO = os.environ.get('CARGO', 'cargo')


def target_folder():
    metadata = [CARGO, 'metadata', '--format-version', '1', '--no-deps']
    return Path(json.loads(subprocess.run(metadata, cwd=ROOT, check=True, capture_output=True).stdout)['target_directory'])


def build(folder, flag, packages):
    """Builds programs with one more flag. With --target, what runs while building is built without it."""
    environment = dict(os.environ, RUSTFLAGS=f'{os.environ.get("RUSTFLAGS", "")} {flag}'.strip())
    chosen = [argument for package in packages for argument in ('-p', package)]
    command = [CARGO, 'build', '--release', '--target', llvm.host(), '--target-dir', folder, *chosen]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=sys.stderr)
    return folder / llvm.host() / 'release'


def optimized(with_meter=False):
    """The folder with the programs."""
    made = target_folder() / 'optimized'
    profiles = made / 'profiles'
    [profdata] = llvm.tools('llvm-profdata')
    shutil.rmtree(profiles, ignore_errors=True)
    observed = build(made / 'observed', f'-Cprofile-generate={profiles}', ['sstablefs-cli']) / 'sstablefs'
    training.run(observed)
    merged = made / 'merged.profdata'
    subprocess.run([profdata, 'merge', '-o', merged, profiles], check=True)
    meter = ['sstablefs-benches'] if with_meter else []
    built = build(made / 'built', f'-Cprofile-use={merged}', ['sstablefs-cli', *meter])
    for name in ['sstablefs', *(['sstablefs-bench'] if with_meter else [])]:
        # Renamed into its place: it may be running.
        unfinished = made / f'{name}.unfinished'
        shutil.copy2(built / name, unfinished)
        unfinished.rename(made / name)
    return made


def main():
    arguments = argparse.ArgumentParser(prog='release', description='Builds the program with a profile of its own work.')
    arguments.add_argument('--with-meter', action='store_true', help='what scripts/bench measures with, too')
    print(optimized(arguments.parse_args().with_meter) / 'sstablefs')


if __name__ == '__main__':
    main()
