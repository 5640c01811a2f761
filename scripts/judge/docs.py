"""Runs the terminal sessions of a document: in each ```console block, lines that begin with `$ ` are commands, what follows
them is what they print. `…` in a line stands for anything.

All commands of a document run in one bash, in a folder that has the given data directory as `data`.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

MARK = '\x01'


def sessions(text):
    """Pairs of a command and the lines that it should print, in order."""
    for block in re.findall(r'^```console\n(.*?)^```', text, re.S | re.M):
        command = None
        lines = []
        for line in block.splitlines():
            if line.startswith('$ '):
                if command is not None:
                    yield command, lines
                command, lines = line[2:], []
            elif line.startswith('> ') and not lines and command is not None and command.endswith('\\'):
                command = command[:-1] + line[2:]
            else:
                lines.append(line)
        if command is not None:
            yield command, lines


def fits(expected, got):
    pattern = '\n'.join('.*'.join(re.escape(part) for part in line.split('…')) for line in expected)
    return re.fullmatch(pattern, '\n'.join(got)) is not None


def run(document, data, folder_of_binary):
    pairs = list(sessions(document.read_text()))
    if not pairs:
        sys.exit(f'{document} has no session')
    script = ''.join(f"{command}\nprintf '\\n{MARK}\\n'\n" for command, _ in pairs)
    environment = os.environ | {'PATH': f'{folder_of_binary}:{os.environ["PATH"]}', 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'}
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.realpath(folder)
        os.symlink(os.path.realpath(data), f'{folder}/data')
        os.mkdir(f'{folder}/mnt')
        try:
            done = subprocess.run(['bash', '-c', script], cwd=folder, env=environment, text=True, timeout=300,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        finally:
            for line in pathlib.Path('/proc/self/mounts').read_text().splitlines():
                if line.split()[1].startswith(folder):
                    subprocess.run(['fusermount3', '-u', '-z', line.split()[1]], check=False)
    printed = [part.strip('\n').split('\n') if part.strip('\n') else [] for part in done.stdout.split(MARK)]
    wrong = 0
    for (command, expected), got in zip(pairs, printed + [['nothing, the session ended']] * len(pairs)):
        got = [line.rstrip() for line in got]
        while expected and not expected[-1].strip():
            expected = expected[:-1]
        if not fits(expected, got):
            wrong += 1
            print(f'$ {command}', *(f'- {line}' for line in expected), *(f'+ {line}' for line in got), sep='\n')
    print(f'{document.name}: {len(pairs)} commands, {wrong} print something else')
    return wrong


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--binary', type=pathlib.Path, required=True, help='the sstablefs to run')
    arguments.add_argument('--data', type=pathlib.Path, required=True, help='a data directory, called data in the sessions')
    arguments.add_argument('documents', type=pathlib.Path, nargs='+')
    given = arguments.parse_args()
    sys.exit(1 if sum(run(document, given.data, given.binary.resolve().parent) for document in given.documents) else 0)


main()
