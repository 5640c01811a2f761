"""Makes testdata/VERSION: a data directory written by a real Cassandra, and the answers it gave.

    scripts/golden [nb] [oa] [da] [mixed] [--out testdata] [--only THEME]…

    VERSION/data/KEYSPACE/TABLE-ID/…              copied when the server was drained; with system_schema and system.local
    VERSION/expected/now                          seconds since the epoch at the SELECTs
    VERSION/expected/KEYSPACE/TABLE/select.jsonl.gz       SELECT JSON *, a row a line, in the server's order
                                   schema.json.gz         columns and user types, for the comparer
                                   distinct.jsonl.gz      SELECT JSON DISTINCT of the partition key
                                   copy.csv.gz            COPY TO … WITH HEADER = true; not where COPY can't print the values
                                   ID.dump.jsonl.gz       sstabledump -l -t of one SSTable
                                   ID.metadata.txt.gz     sstablemetadata, for a few

One version takes about three minutes on two free cores. The statements are those of judge/cases; local deletion times, ids of tables and
da's UUID ids are of the day, so two runs never give the same files.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from . import export
from .case import groups, quote
from .cases import THEMES, all_cases
from .server import Server

# The version that the SSTables of a phase have; the last one goes on. `mixed` is a node that was upgraded in between.
PLANS = {"nb": ["nb"], "oa": ["oa"], "da": ["da"], "mixed": ["nb", "oa", "da"]}
MIXED_THEMES = ["statics", "deletions", "alterations"]
# From this phase on, da has UUID ids: its tables have both kinds.
UUID_PHASE = 1
# In this phase the tables that have one keep incremental backups.
BACKUP_PHASE = 5


def create(server, cases):
    for keyspace in dict.fromkeys(case.keyspace for case in cases):
        server.execute(f"CREATE KEYSPACE {quote(keyspace)} WITH replication = "
                       "{'class': 'SimpleStrategy', 'replication_factor': 1}")
    for number, case in enumerate(cases):
        for statement in case.create_statements(number):
            server.execute(statement)


def run_phase(server, cases, phase):
    for case in cases:
        if phase < len(case.phases):
            for group in groups(case.phases[phase]):
                try:
                    server.execute_all(group)
                except Exception as error:
                    raise RuntimeError(f"{case.table}, phase {phase}: {error}") from error


def compact(server, cases, phase):
    for case in cases:
        if case.compact_after == phase:
            server.nodetool("compact", case.keyspace, case.name)


def configuration(name, phase):
    """The version and the settings of the server that runs a phase."""
    plan = PLANS[name]
    version = plan[min(phase, len(plan) - 1)]
    return version, {"uuid_sstable_identifiers_enabled": str(version == "da" and phase >= UUID_PHASE).lower()}


def write_tables(server, name, cases):
    for phase in range(max(len(case.phases) for case in cases)):
        version, settings = configuration(name, phase)
        if phase == 0:
            server.start(version, **settings)
            create(server, cases)
        elif (version, settings) != configuration(name, phase - 1):
            server.drain()
            server.start(version, **settings)
        if phase == BACKUP_PHASE:
            server.nodetool("enablebackup")
        run_phase(server, cases, phase)
        server.nodetool("flush")
        compact(server, cases, phase)
        log(f"{name}: phase {phase} written as {version}")
    for case in cases:
        for command in case.finish:
            server.nodetool(*command)


def answers(server, expected, cases):
    """What the server says. Returns the tables, as (keyspace, table)."""
    # The shortest TTLs are over.
    time.sleep(3)
    expected.mkdir(parents=True)
    (expected / "now").write_text(f"{int(time.time())}\n")
    tables = [(case.keyspace, name) for case in cases if not case.dropped for name in [case.name, *case.also]]
    tables += [("system_schema", row[0]) for row in server.execute(
        "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'system_schema'")]
    tables.append(("system", "local"))
    # cqlsh does not find materialized views to COPY.
    no_copy = {(case.keyspace, name) for case in cases for name in [*([] if case.copy else [case.name]), *case.also]}
    for keyspace, table in tables:
        export.select(server, keyspace, table, expected / keyspace / table)
    export.copy(server, [(keyspace, table, expected / keyspace / table)
                         for keyspace, table in tables if (keyspace, table) not in no_copy])
    return tables


def copy_data(source, target, cases):
    keyspaces = dict.fromkeys(case.keyspace for case in cases)
    for keyspace in [*keyspaces, "system_schema"]:
        shutil.copytree(source / keyspace, target / keyspace)
    for directory in (source / "system").glob("local-*"):
        shutil.copytree(directory, target / "system" / directory.name)
    # git keeps no empty directories, so neither does testdata.
    for directory, _, _ in os.walk(target, topdown=False):
        if not os.listdir(directory):
            os.rmdir(directory)


def make(name, out, cases, port):
    started = time.time()
    with tempfile.TemporaryDirectory(prefix="golden-") as scratch:
        built = Path(scratch) / name
        with Server(Path(scratch) / "server", port) as server:
            write_tables(server, name, cases)
            tables = answers(server, built / "expected", cases)
            log(f"{name}: {len(tables)} tables answered")
            server.drain()
            copy_data(server.data, built / "data", cases)
            count = export.dump(server, built / "data", built / "expected", tables)
            export.metadata(server, built / "data", built / "expected",
                            [(case.keyspace, case.name) for case in cases if case.name in METADATA_TABLES])
        target = out / name
        if target.exists():
            shutil.rmtree(target)
        out.mkdir(parents=True, exist_ok=True)
        shutil.copytree(built, target)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    log(f"{name}: {len(tables)} tables, {count} SSTables, {size / 1e6:.2f} MB, {time.time() - started:.0f} s")


METADATA_TABLES = {"every_type", "ints", "wide", "tiny", "ranges", "counted", "added", "ttls"}


def log(text):
    print(text, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(prog="golden", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="VERSION", help="nb, oa, da or mixed; all without it")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2] / "testdata")
    parser.add_argument("--only", action="append", metavar="THEME", help="one of " + ", ".join(THEMES))
    parser.add_argument("--port", type=int, default=19142)
    arguments = parser.parse_args()
    for name in arguments.names or PLANS:
        if name not in PLANS:
            parser.error(f"no such version: {name}; one of {', '.join(PLANS)}")
    for name in arguments.names or PLANS:
        make(name, arguments.out, all_cases(arguments.only or (MIXED_THEMES if name == "mixed" else None)), arguments.port)


if __name__ == "__main__":
    main()
