"""Makes testdata/VERSION for the versions of older releases: written by the release itself, judged by Cassandra 5.0.6.

    scripts/legacy [VERSION]… [--out testdata] [--keep-own DIR]

    VERSION/data/…, VERSION/expected/…      as `golden` makes them. SELECTs are those of a 5.0.6 server that imported the SSTables; where it
                                            can't have them (system_schema, tables of super columns) those of the release itself

The storage engine of a release runs without its server (oracle/Legacy.java). Its jars are fetched once, to $SSTABLEFS_CASSANDRA/legacy.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from . import compare_schema, export, legacy_header
from .case import is_ddl, quote
from .compare_json import equal
from .files import data_files, table_directory, write_gz
from .golden import create, log
from .legacy_cases import OTHER_PARTITIONERS, cases
from .server import SCRIPTS, Server

# Version: release, Java driver, host id that is stored in the SSTables.
HOST = "11111111-2222-4333-8444-555555555555"
RELEASES = {
    "ma": ("3.0.6", "3.0.1", None),
    "mb": ("3.7", "3.0.1", None),
    "mc": ("3.11.3", "3.0.1", None),
    "md": ("3.11.10", "3.0.1", None),
    "me": ("3.11.19", "3.0.1", HOST),
    "na": ("4.0-rc1", "3.11.0", None),
    "nb40": ("4.0.17", "3.11.0", HOST),
    "nb41": ("4.1.8", "3.11.0", None),
}
# Those whose data has the system keyspaces in its schema, as a server's has.
WITH_SYSTEM_SCHEMA = ("ma", "me", "na")
# sstabledump of 5.0.6 fails on a clustering that is null.
NOT_DUMPED = {"dense_prefix"}
METADATA_TABLES = {"wide", "shards", "ttls", "static_compact", "user_types", "keys"}
MURMUR = "Murmur3Partitioner"
YAML = """cluster_name: legacy
partitioner: org.apache.cassandra.dht.{partitioner}
commitlog_sync: periodic
commitlog_sync_period_in_ms: 10000
listen_address: 127.0.0.1
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{{seeds: "127.0.0.1"}}]
data_file_directories: ["{state}/data"]
commitlog_directory: {state}/commitlog
saved_caches_directory: {state}/saved_caches
hints_directory: {state}/hints
column_index_size_in_kb: 4
memtable_allocation_type: heap_buffers
"""


def numbers(release):
    return tuple(int(part) for part in release.split("-")[0].split("."))


def java_home():
    found = [path for path in (Path(os.environ.get("JAVA_HOME", "/none")), *sorted(Path("/usr/lib/jvm").glob("*17*")))
             if (path / "bin/java").exists()]
    if not found:
        raise SystemExit("no Java 17: on Debian, apt-get install openjdk-17-jdk-headless")
    return found[0]


def jars(release, driver):
    home = Path(os.environ.get("SSTABLEFS_CASSANDRA", Path.home() / ".cache/sstablefs/cassandra")) / "legacy" / release
    if not (home / ".complete").exists():
        subprocess.run(["mvn", "-q", "-B", "-f", SCRIPTS / "oracle/legacy.xml", f"-Drelease={release}", f"-Ddriver={driver}",
                        "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies", "-DincludeScope=runtime",
                        f"-DoutputDirectory={home}"], env=dict(os.environ, JAVA_HOME=str(java_home())), check=True)
        (home / ".complete").touch()
    return home


def run_release(name, partitioner, state, commands):
    """Runs Legacy.java's commands in a release. What is written is below state/data."""
    release, driver, host = RELEASES[name]
    lib = jars(release, driver)
    state.mkdir(parents=True)
    yaml = YAML.format(partitioner=partitioner, state=state)
    if numbers(release) >= (4,):
        yaml += "flush_compression: table\n"
    (state / "cassandra.yaml").write_text(yaml)
    lines = ([f"host {host}"] if host else []) + commands
    result = subprocess.run(
        [java_home() / "bin/java", f"@{SCRIPTS}/oracle/jvm.options", "-Xmx1g", "-XX:+UseSerialGC", f"-javaagent:{next(lib.glob('jamm-*.jar'))}",
         f"-Dlogback.configurationFile=file://{SCRIPTS}/oracle/logback.xml", f"-Dcassandra.config=file://{state}/cassandra.yaml",
         f"-Dcassandra.storagedir={state}", "-Dcassandra.test.flush_local_schema_changes=false", "-cp", f"{lib}/*",
         SCRIPTS / "oracle/Legacy.java"],
        input="".join(escape(line) + "\n" for line in lines).encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, cwd=state)
    if result.returncode != 0:
        raise RuntimeError(f"{release} failed:\n{result.stdout.decode(errors='replace')[-3000:]}")


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def is_super(case):
    return case.columns is None


def creation(tables):
    for keyspace in dict.fromkeys(case.keyspace for case in tables):
        yield f"CREATE KEYSPACE {quote(keyspace)} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': '1'}}"
    for number, case in enumerate(tables):
        if not is_super(case):
            yield from case.create_statements(number)


def phases(tables):
    for phase in range(max(len(case.phases) for case in tables)):
        for case in tables:
            if phase < len(case.phases):
                # The names of 5.0's functions are newer.
                yield from (statement.replace("blob_as_", "blobas") for statement in case.phases[phase])
        for keyspace in dict.fromkeys(case.keyspace for case in tables):
            yield f"flush {keyspace}"
        for case in tables:
            if case.compact_after == phase:
                yield f"compact {case.keyspace}.{case.name}"


SYSTEM = ["keyspaces", "tables", "columns", "dropped_columns", "types"]


def answers_to(own, tables):
    """Commands that keep the release's own answers."""
    for keyspace, table in tables:
        yield f"answer {own}/{keyspace}.{table} SELECT JSON * FROM {keyspace}.{quote(table)}"


def write_data(name, scratch, built, tables):
    """Writes VERSION/data. Returns the directory of the release's own answers."""
    own = scratch / "own"
    own.mkdir()
    main = [case for case in tables if case.keyspace not in OTHER_PARTITIONERS]
    commands = [*(["system"] if name in WITH_SYSTEM_SCHEMA else []), *creation(tables), *phases(main), "flush system_schema", *(f"compact system_schema.{table}" for table in SYSTEM), "sleep 3000",
                *answers_to(own, [*((case.keyspace, case.name) for case in main), *(("system_schema", table) for table in SYSTEM)])]
    run_release(name, MURMUR, scratch / MURMUR, commands)
    data = scratch / MURMUR / "data"
    for keyspace in [*dict.fromkeys(case.keyspace for case in main), "system_schema"]:
        for directory in (data / keyspace).iterdir():
            if data_files(directory):
                shutil.copytree(directory, built / "data" / keyspace / directory.name, ignore=shutil.ignore_patterns("backups", "snapshots"))
    for keyspace, partitioner in OTHER_PARTITIONERS.items():
        some = [case for case in tables if case.keyspace == keyspace]
        run_release(name, partitioner, scratch / partitioner,
                    [*creation(some), *phases(some), *answers_to(own, [(case.keyspace, case.name) for case in some])])
        for case in some:
            source = table_directory(scratch / partitioner / "data", keyspace, case.name)
            target = table_directory(data, keyspace, case.name)  # with the id of the schema that is kept
            shutil.copytree(source, built / "data" / keyspace / target.name)
    if list((built / "data").rglob("*_txn_*.log")):
        raise RuntimeError("a compaction has not ended")
    return own


def import_tables(server, built, tables, scratch):
    """nodetool import into an empty server. Returns why a table can't be imported, by table."""
    for case in tables:
        for statement in (s for phase in case.phases for s in phase if is_ddl(s) and " compression = " not in s):
            server.execute(statement)
    jobs = []
    for case in tables:
        copy = scratch / "import" / case.keyspace / case.name
        shutil.copytree(table_directory(built / "data", case.keyspace, case.name), copy)
        jobs.append(f"{case.keyspace}\t{case.name}\t{copy}\n")
    output = server.run("java", SCRIPTS / "oracle/Import.java", server.port + 2, input="".join(jobs).encode()).decode()
    shutil.rmtree(scratch / "import")
    results = [line.split("\t") for line in output.splitlines() if line.count("\t") == 2]
    if len(results) != len(jobs):
        raise RuntimeError(f"{len(results)} reports of {len(jobs)} imports:\n{output[-2000:]}")
    return {(keyspace, table): why for keyspace, table, why in results if why}


def describe(server, case):
    """Only what SELECT * shows: a compact table has columns that it hides."""
    description = compare_schema.describe(server.session, case.keyspace, case.name)
    shown = server.session.execute(f"SELECT * FROM {case.table} LIMIT 1").column_names
    raw = {column.lower() for column in shown}
    description["columns"] = [c for c in description["columns"] if c["name"].lower() in raw]
    return description


def judge(name, server, partitioner, built, own, tables, scratch):
    """The answers of a 5.0.6 server of this partitioner."""
    expected = built / "expected"
    here = [case for case in tables if OTHER_PARTITIONERS.get(case.keyspace, MURMUR) == partitioner]
    created = [case for case in here if not is_super(case)]
    create(server, created)
    failed = import_tables(server, built, created, scratch)
    for case in here:
        target = expected / case.keyspace / case.name
        answer = own / f"{case.keyspace}.{case.name}"
        release = answer.read_text().split("\n")[:-1] if answer.exists() else None
        if not is_super(case) and (case.keyspace, case.name) not in failed:
            export.select(server, case.keyspace, case.name, target)
            write_gz(target / "schema.json.gz", compare_schema.dumps(describe(server, case)).encode())
            rows = list(server.rows(f"SELECT JSON * FROM {case.table}"))
            compare_answers(name, case, rows, release)
        elif is_super(case):
            write_super(target, case.keyspace, case.name, release)
        else:
            raise RuntimeError(f"{name}: {case.table}: {failed[case.keyspace, case.name]}")
    for keyspace in dict.fromkeys(case.keyspace for case in created):
        server.execute(f"DROP KEYSPACE {quote(keyspace)}")


def compare_answers(name, case, rows, release):
    """What 5.0.6 and the release that wrote the files say: told, where it is not the same."""
    if release is None:
        log(f"{name}: {case.table}: {RELEASES[name][0]} can't print it")
        return
    different = [(a, b) for a, b in zip(rows, release) if not equal(a, b, None)]
    if different or len(rows) != len(release):
        log(f"{name}: {case.table}: {len(rows)} rows in 5.0.6, {len(release)} in {RELEASES[name][0]}, {len(different)} differ: {str(different[:1])[:600]}")


def write_system(name, built, own):
    """What the release itself says of its schema: where that has system_schema, the names of its columns are known."""
    rows = [json.loads(row) for row in (own / "system_schema.columns").read_text().split("\n")[:-1]]
    for directory in sorted((built / "data/system_schema").iterdir()):
        table = directory.name.split("-")[0]
        target = built / "expected/system_schema" / table
        target.mkdir(parents=True)
        if name in WITH_SYSTEM_SCHEMA and (own / f"system_schema.{table}").exists():
            columns = [{"name": row["column_name"], "order": row["clustering_order"], **{name: row[name] for name in ("kind", "position", "type")}}
                       for row in rows if row["keyspace_name"] == "system_schema" and row["table_name"] == table]
            description = {"keyspace": "system_schema", "table": table, "udts": {}, "columns": columns}
            write_gz(target / "schema.json.gz", compare_schema.dumps(description).encode())
            # Since 4.1 a year of more than four digits has a sign.
            answer = re.sub(rb'"(\d{5,}-\d\d-\d\d )', rb'"+\1', (own / f"system_schema.{table}").read_bytes())
            write_gz(target / "select.jsonl.gz", answer)
            keys = dict.fromkeys(json.loads(row)["keyspace_name"] for row in answer.decode().split("\n")[:-1])
            write_gz(target / "distinct.jsonl.gz", export.lines(f'{{"keyspace_name": "{key}"}}' for key in keys))


SUPER_COLUMNS = [{"name": "key", "kind": "partition_key", "position": 0, "type": "text", "order": "none"},
                 {"name": "column1", "kind": "clustering", "position": 0, "type": "int", "order": "asc"},
                 {"name": "", "kind": "regular", "position": -1, "type": "map<text, bigint>", "order": "none"}]


def write_super(target, keyspace, table, release):
    """Since 4.0 the columns within a super column are a map whose name is empty, as in 3.0. 3.11 shows each as a row of its own."""
    rows = []
    for row in map(json.loads, release):
        column = row.get("") or {row["column2"]: row["value"]}
        if rows and [rows[-1]["key"], rows[-1]["column1"]] == [row["key"], row["column1"]]:
            rows[-1][""].update(column)
        else:
            rows.append({"key": row["key"], "column1": row["column1"], "": column})
    write_gz(target / "select.jsonl.gz", export.lines(map(json.dumps, rows)))
    write_gz(target / "distinct.jsonl.gz", export.lines(json.dumps({"key": key}) for key in dict.fromkeys(row["key"] for row in rows)))
    description = {"keyspace": keyspace, "table": table, "udts": {}, "columns": SUPER_COLUMNS}
    write_gz(target / "schema.json.gz", compare_schema.dumps(description).encode())


def dump(server, built, tables):
    """sstabledump of copies whose headers 5.0.6 understands (CASSANDRA-15035)."""
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        shutil.copytree(built / "data", data)
        for path in data.rglob("ma-*-Statistics.db"):
            legacy_header.freeze_user_types(path)
        return export.dump(server, data, built / "expected", tables)


def main():
    parser = argparse.ArgumentParser(prog="legacy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="VERSION", help=", ".join(RELEASES) + "; all without it")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2] / "testdata")
    parser.add_argument("--keep-own", type=Path, metavar="DIR", help="keep the releases' own answers")
    parser.add_argument("--port", type=int, default=19742)
    options = parser.parse_args()
    for name in options.names:
        if name not in RELEASES:
            parser.error(f"no such version: {name}; one of {', '.join(RELEASES)}")
    names = options.names or list(RELEASES)
    with tempfile.TemporaryDirectory(prefix="legacy-") as scratch:
        scratch = Path(scratch)
        tables = {name: cases(numbers(RELEASES[name][0])) for name in names}
        own = {}
        for name in names:
            (scratch / name).mkdir()
            own[name] = write_data(name, scratch / name, scratch / "built" / name, tables[name])
            if options.keep_own:
                shutil.copytree(own[name], options.keep_own / name, dirs_exist_ok=True)
            log(f"{name}: written by {RELEASES[name][0]}")
        for partitioner in [MURMUR, *OTHER_PARTITIONERS.values()]:
            with Server(scratch / "server" / partitioner, options.port) as server:
                server.start("oa", partitioner=f"org.apache.cassandra.dht.{partitioner}", auto_snapshot="false")
                for name in names:
                    judge(name, server, partitioner, scratch / "built" / name, own[name], tables[name], scratch)
        judge_tools = Server(scratch / "server" / MURMUR, options.port)
        for name in names:
            built = scratch / "built" / name
            (built / "expected/now").write_text(f"{int(time.time())}\n")
            write_system(name, built, own[name])
            found = [(directory.parent.name, directory.name.rsplit("-", 1)[0]) for directory in sorted((built / "data").glob("*/*"))]
            count = dump(judge_tools, built, [(keyspace, table) for keyspace, table in found if table not in NOT_DUMPED])
            export.metadata(judge_tools, built / "data", built / "expected",
                            [(case.keyspace, case.name) for case in tables[name] if case.name in METADATA_TABLES])
            shutil.rmtree(options.out / name, ignore_errors=True)
            options.out.mkdir(parents=True, exist_ok=True)
            shutil.copytree(built, options.out / name)
            size = sum(path.stat().st_size for path in built.rglob("*") if path.is_file())
            log(f"{name}: {len(found)} tables, {count} SSTables, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
