"""Are the SSTables that sstablefs writes Cassandra's own?

    scripts/rewrite [--from nb|oa|da|mixed]… [--to nb|oa|da]… [--compressor none|LZ4|Snappy|Deflate|Zstd]…

Each SSTable of the golden cases is written again, as every version and with every compressor. Of each a real Cassandra
must say with sstableverify -e that it is sound, and print with sstabledump what it printed of its own. (That components
are the same bytes where the version is the same, is tested by cargo.)
"""

import argparse
import gzip
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .files import DATA_FILE
from .server import SCRIPTS, Server

ROOT = SCRIPTS.parent
VERSIONS = ["nb", "oa", "da"]
COMPRESSORS = ["none", "LZ4", "Snappy", "Deflate", "Zstd"]
SYSTEM = {"system", "system_schema"}
# Depends on the version and on the header's columns.
POSITION = re.compile(rb'"position":\d+,?')


def rewrite(source, target, version, compressor):
    """Writes what is below source/KEYSPACE/TABLE to target; returns the Data files."""
    command = ["cargo", "run", "-q", "--example", "rewrite", "--", source, target, version, compressor]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=600).stdout.decode()
    return [Path(line) for line in output.splitlines()]


def user_tables(data, scratch):
    """A directory with links to the schema and to the keyspaces that are not the system's."""
    for keyspace in sorted(data.iterdir()):
        if keyspace.name != "system":
            (scratch / keyspace.name).symlink_to(keyspace)
    return scratch


def verify(server, files):
    """What sstableverify -e has against the files."""
    lines = "".join(f"{path.parent.parent.name}\t{path.parent.name.rpartition('-')[0]}\t{path}\n" for path in files)
    output = server.run("java", SCRIPTS / "oracle" / "Verify.java", timeout=1200, input=lines.encode()).decode()
    verdicts = dict(line.split("\t", 1) for line in output.splitlines() if line.count("\t") == 1)
    return [f"{path}: {verdicts.get(str(path), 'sstableverify does not tell')}" for path in files
            if verdicts.get(str(path)) != "ok"]


def dumps(server, files, expected, scratch):
    """Files of which sstabledump prints something else than of Cassandra's own, and the number compared."""
    jobs = [(path, scratch / f"{number}.jsonl") for number, path in enumerate(files)]
    server.run("java", SCRIPTS / "oracle" / "Dump.java", timeout=1200,
               input="".join(f"{path}\t{target}\n" for path, target in jobs).encode())
    different, compared = [], 0
    for path, dumped in jobs:
        table = path.parent.name.rpartition("-")[0]
        wanted = expected / path.parent.parent.name / table / f"{DATA_FILE.match(path.name)['id']}.dump.jsonl.gz"
        if not wanted.exists():
            continue
        compared += 1
        ours, theirs = (POSITION.sub(b"", text) for text in (dumped.read_bytes(), gzip.open(wanted).read()))
        if ours != theirs:
            different.append(f"{path}: sstabledump prints something else")
    return different, compared


def judge(name, version, compressor, port):
    """One version of testdata as another; the faults found."""
    golden = ROOT / "testdata" / name
    with tempfile.TemporaryDirectory(prefix="rewrite-") as scratch:
        scratch = Path(scratch)
        server = Server(scratch / "server", port)
        for keyspace in SYSTEM:
            if (golden / "data" / keyspace).exists():
                shutil.copytree(golden / "data" / keyspace, server.data / keyspace)
        (scratch / "source").mkdir()
        files = rewrite(user_tables(golden / "data", scratch / "source"), server.data, version, compressor)
        left = [path for path in server.data.rglob(".sstablefs*")]
        faults = [f"{path}: left behind" for path in left] + verify(server, files)
        (scratch / "dumps").mkdir()
        different, compared = dumps(server, files, golden / "expected", scratch / "dumps")
        faults += different
        if not files or not compared:
            faults.append("nothing was compared")
        print(f"{name} as {version}, {compressor}: {len(files)} SSTables verified, {compared} dumps compared, "
              f"{len(faults)} faults", flush=True)
        for fault in faults[:10]:
            print(f"  {fault}")
        return len(faults)


def main():
    parser = argparse.ArgumentParser(prog="rewrite", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="sources", action="append", metavar="VERSION", help="golden cases (all)")
    parser.add_argument("--to", action="append", choices=VERSIONS, help="what is written (all)")
    parser.add_argument("--compressor", action="append", choices=COMPRESSORS, help="(all)")
    parser.add_argument("--port", type=int, default=19642)
    arguments = parser.parse_args()
    faults = 0
    for name in arguments.sources or [*VERSIONS, "mixed"]:
        for version in arguments.to or VERSIONS:
            for compressor in arguments.compressor or COMPRESSORS:
                faults += judge(name, version, compressor, arguments.port)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
