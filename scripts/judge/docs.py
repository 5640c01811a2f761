"""Checks documents: with --links, that what they link to is there; with --binary and --data, that their terminal sessions print
what they say. In each ```console block, lines that begin with `$ ` are commands, what follows them is what they print. `…` in
a line stands for anything.

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


def anchors(text):
    """The names of a document's headings, as GitHub makes them."""
    headings = re.findall(r'^#+ +(.*)$', re.sub(r'^```.*?^```', '', text, flags=re.S | re.M), re.M)
    return {re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', '-') for heading in headings}


def check_links(documents):
    links = wrong = 0
    for document in documents:
        text = re.sub(r'^```.*?^```', '', document.read_text(), flags=re.S | re.M)
        for link in re.findall(r'\]\(([^)\s]+)\)', text):
            path, _, anchor = link.partition('#')
            if re.match(r'[a-z]+:', link):
                continue
            links += 1
            target = document.parent / path if path else document
            if not target.exists() or anchor and anchor not in anchors(target.read_text()):
                wrong += 1
                print(f'{document}: there is no {link}')
    print(f'{len(documents)} documents, {links} links, {wrong} lead nowhere')
    return wrong if links else 1


def main():
    arguments = argparse.ArgumentParser(prog='docs')
    arguments.add_argument('--links', action='store_true', help='check the links instead of the sessions')
    arguments.add_argument('--binary', type=pathlib.Path, help='the sstablefs to run')
    arguments.add_argument('--data', type=pathlib.Path, help='a data directory, called data in the sessions')
    arguments.add_argument('documents', type=pathlib.Path, nargs='+')
    given = arguments.parse_args()
    if given.links:
        sys.exit(1 if check_links(given.documents) else 0)
    if not given.binary or not given.data:
        arguments.error('sessions need --binary and --data')
    sys.exit(1 if sum(run(document, given.data, given.binary.resolve().parent) for document in given.documents) else 0)


main()
