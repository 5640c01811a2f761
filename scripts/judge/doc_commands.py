"""Runs the commands of documents: those in `code` and in indented blocks that begin with a program of PROGRAMS. Each has to end
with 0. A document's commands run in one folder, in order, beside a mount of the data.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

PROGRAMS = ('sstablefs', 'cat', 'cp', 'jq', 'ls', 'mkdir', 'touch', 'alias', 'fusermount3', 'sstableloader', 'nodetool', 'cqlsh', 'dsbulk',
            'sstabledump', 'sstablemetadata', 'sstableverify', 'sstableutil', 'sstablescrub', 'sstableupgrade', 'modprobe', 'journalctl',
            'namei', 'sudo', 'cargo', 'scripts/demo', 'scripts/test', 'packaging/deb', 'ulimit', 'chmod', 'systemctl', 'mount', 'umount')
# Run elsewhere, or nowhere here.
NOT_HERE = {
    'of Cassandra: scripts/tools_test compares the flags': ('sstabledump', 'sstablemetadata', 'sstableverify'),
    'needs a cluster: examples/ has what is run': ('sstableloader', 'nodetool', 'cqlsh'),
    'not to be had': ('dsbulk',),
    "Cassandra's, beside what is there instead": ('sstableutil', 'sstablescrub', 'sstableupgrade'),
    'changes the machine: scripts/clean_machine': ('modprobe', 'journalctl', 'sudo', 'cargo', 'scripts/demo', 'scripts/test', 'packaging/deb',
                                                    'systemctl', 'mount', 'umount', 'chmod'),
}
WHY_NOT = {program: why for why, programs in NOT_HERE.items() for program in programs}
# What stands for something else; first those of several words.
STANDS_FOR = [
    (r'\\\|', '|'),
    (r'"SELECT … WHERE token\(k\) > …"', '"SELECT * FROM shop.orders WHERE token(customer) > 0"'),
    (r'"SELECT …"', '"SELECT * FROM shop.orders LIMIT 1"'),
    (r'query … \|', 'query data "SELECT * FROM shop.orders" |'),
    (r'a, b FROM', 'customer, placed, id FROM'),
    (r'\bks\.t\b', 'shop.orders'),
    (r'\bks t\b', 'shop orders'),
    (r'DATA/(ks/t|KEYSPACE/TABLE)-ID', '{folder}'),
    (r'\bks/t/', 'shop/orders/'),
    (r'KEYSPACE/TABLE', 'shop/orders'),
    (r'DATA/KEYSPACE', 'data/shop'),
    (r'…/explain\.json', 'mnt/shop/orders/where/customer=ann/explain.json'),
    (r'-k KEY -k KEY', '-k ann -k bob'),
    (r'KEY KEY', 'ann bob'),
    (r'\bKEY\b', 'ann'),
    (r'sstables/ID', 'sstables/{id}'),
    (r'FILE\.cql', 'select.cql'),
    (r'FILE…|\bFILE\b', '{file}'),
    (r'\bFOLDER\b|\bPATH\b', '{folder}'),
    (r'\bSECONDS\b', '864000'),
    (r'LEFT,RIGHT', '-9223372036854775808,9223372036854775807'),
    (r'\bDATA\b|/var/lib/cassandra/data', 'data'),
    (r'\bDIR\b', 'out'),
    (r'/mnt/cassandra|\bMNT\b', 'mnt'),
]
# Of words that are a command only with what follows them.
TOO_SHORT = {'sstablefs', 'sstablefs sstabledump', 'sstablefs sstablemetadata', 'sstablefs sstableverify', 'sstablefs query', 'sstablefs verify', 'sstablefs import',
             'sstablefs mount', 'sstablefs info', 'sstablefs schema', 'sstablefs man DIR', 'namei -l', 'ulimit -n'}
SYNOPSIS = re.compile(r'\[[-a-z]|\|csv|^sstablefs completions SHELL|KEYSPACE\.TABLE')

PREPARE = '''
cp -rL "$SOURCE" data
mkdir -p mnt empty out out1 node1 node2 node3 other/disk disk
cp -r data node1/data; cp -r data node2/data; cp -r data node3/data
sstablefs query data "SELECT customer, placed, id, total FROM shop.orders" -o csv > new.csv
cp new.csv t.csv
sstablefs query data "SELECT customer, placed, id, total FROM shop.orders" -o jsonl > t.jsonl
echo "SELECT * FROM shop.orders" > select.cql
sstablefs schema data/shop > orders.cql; cp orders.cql t.cql
sstablefs mount data mnt --out staged
'''


def commands(text):
    """The commands of a document, in order, with the line that they are in."""
    in_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith('```'):
            in_code = not in_code
        elif in_code:
            continue
        elif line.startswith('    '):
            # Blanks and a # begin a note; so does what is set far off, in a list of what there is.
            yield number, re.split(r'\s+#|\s{4,}', line.strip())[0]
        else:
            for code in re.findall(r'``(.+?)``|`([^`]+)`', line):
                yield number, (code[0] or code[1]).strip()


def is_command(text):
    return text.split(' ')[0] in PROGRAMS and (' ' in text or '/' in text.split(' ')[0]) and text not in TOO_SHORT and not SYNOPSIS.search(text)


def run(document, source, binary):
    """Problems of one document."""
    environment = os.environ | {'PATH': f'{binary.resolve().parent}:{os.environ["PATH"]}', 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', 'SOURCE': str(source.resolve())}
    problems, counts, skipped = [], Counter(), Counter()
    with tempfile.TemporaryDirectory() as work:
        def shell(script):
            done = subprocess.run(['bash', '-euo', 'pipefail', '-c', 'shopt -s expand_aliases\n' + script], cwd=work, env=environment, text=True,
                                  timeout=120, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return done.returncode, done.stdout[-1500:]
        try:
            status, said = shell(PREPARE)
            if status:
                raise SystemExit(f'the data can\'t be prepared: {said}')
            file = sorted(Path(work).glob('data/shop/orders-*/*-Data.db'))[0]
            names = {'{file}': str(file), '{folder}': str(file.parent), '{id}': file.name.split('-')[1]}
            for number, text in commands(document.read_text()):
                if not is_command(text):
                    continue
                if (program := text.split(' ')[0]) in WHY_NOT:
                    skipped[WHY_NOT[program]] += 1
                    continue
                for pattern, stands in STANDS_FOR:
                    text = re.sub(pattern, lambda _, stands=stands: stands, text)
                for name, value in names.items():
                    text = text.replace(name, value)
                counts['run'] += 1
                status, said = shell(beside_the_mount(text))
                if status:
                    problems.append(f'{document.name}:{number}: {text}: ended with {status}: {said}')
        finally:
            for line in Path('/proc/self/mounts').read_text().splitlines():
                if line.split()[1].startswith(os.path.realpath(work)):
                    subprocess.run(['fusermount3', '-u', '-z', line.split()[1]], check=False)
    others = ''.join(f'; {count} not: {why}' for why, count in sorted(skipped.items()))
    print(*problems, f'{document.name}: {counts["run"]} commands run, {len(problems)} failed{others}', sep='\n')
    return len(problems)


def beside_the_mount(text):
    """What mounts and unmounts does so at a place of its own."""
    if text.startswith('sstablefs mount'):
        text = text.replace('/data /other/disk/KEYSPACE', 'data other/disk').replace('data other/disk', 'data')
        return f'{re.sub(r"(?<= )mnt(?= |$)", "empty", text)}\nls empty\nfusermount3 -u empty'
    if text.startswith('fusermount3'):
        return f'sstablefs mount data empty\n{text.replace("mnt", "empty")}\n! mountpoint -q empty'
    return text.replace('staging/.flush', 'mnt/shop/orders/staging/.flush') if text.startswith('touch') else text


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--binary', type=Path, required=True, help='the sstablefs to run')
    arguments.add_argument('--data', type=Path, required=True, help='a data directory with the shop of examples/')
    arguments.add_argument('documents', type=Path, nargs='+')
    given = arguments.parse_args()
    sys.exit(1 if sum(run(document, given.data, given.binary) for document in given.documents) else 0)


main()
