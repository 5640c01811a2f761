"""The expected answers of a server: SELECT JSON, DISTINCT keys, COPY TO, and the offline tools' views of each SSTable."""

import re
import shutil
import tempfile
from pathlib import Path

from . import compare_schema
from .case import quote
from .files import data_files, table_directory, write_gz
from .server import SCRIPTS


def lines(texts):
    return "".join(text + "\n" for text in texts).encode()


def select(server, keyspace, table, target):
    name = f"{quote(keyspace)}.{quote(table)}"
    keys = [row[0] for row in sorted(server.execute(
        "SELECT column_name, position, kind FROM system_schema.columns WHERE keyspace_name = %s AND table_name = %s",
        (keyspace, table)), key=lambda row: row[1]) if row[2] == "partition_key"]
    # The comparer reads values by their types.
    write_gz(target / "schema.json.gz", compare_schema.dumps(compare_schema.describe(server.session, keyspace, table)).encode())
    write_gz(target / "select.jsonl.gz", lines(server.rows(f"SELECT JSON * FROM {name}")))
    write_gz(target / "distinct.jsonl.gz",
             lines(server.rows(f"SELECT JSON DISTINCT {', '.join(map(quote, keys))} FROM {name}")))


def copy(server, tables):
    """COPY TO of many tables by one cqlsh. tables: (keyspace, table, target directory)."""
    with tempfile.TemporaryDirectory() as scratch:
        script = Path(scratch) / "copy.cql"
        with open(script, "w") as out:
            for number, (keyspace, table, _) in enumerate(tables):
                # One process and one request at a time: rows in the server's order.
                out.write(f"COPY {quote(keyspace)}.{quote(table)} TO '{scratch}/{number}.csv' "
                          "WITH HEADER = true AND NUMPROCESSES = 1 AND MAXREQUESTS = 1;\n")
        # cqlsh ends with an error when one of them has failed, or was even tried again.
        output = server.run("cql", "--request-timeout", "120", "-f", script, timeout=1800).decode()
        # One report for each COPY, in their order.
        reports = re.split(r"(?m)^Using \d+ child process", output)[1:]
        if len(reports) != len(tables):
            raise RuntimeError(f"{len(reports)} reports of COPY for {len(tables)} tables:\n{output[-3000:]}")
        for number, (keyspace, table, target) in enumerate(tables):
            if "rows exported to 1 files" not in reports[number]:
                raise RuntimeError(f"COPY {keyspace}.{table} TO failed:\n{reports[number]}")
            write_gz(target / "copy.csv.gz", (Path(scratch) / f"{number}.csv").read_bytes())


def dump(server, data, expected, tables):
    """sstabledump -l -t of each SSTable of tables (keyspace, table), made from a copy: the tool may change what it reads."""
    count = 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        jobs = []
        for keyspace, table in tables:
            source = table_directory(data, keyspace, table)
            if source is None:
                continue
            clone = scratch / keyspace / source.name
            shutil.copytree(source, clone, ignore=shutil.ignore_patterns("snapshots", "backups", ".*"))
            for generation, path in data_files(clone):
                jobs.append((path, scratch / f"{len(jobs)}.jsonl", expected / keyspace / table / f"{generation}.dump.jsonl.gz"))
        server.run("java", SCRIPTS / "oracle" / "Dump.java", timeout=1200,
                   input="".join(f"{path}\t{raw}\n" for path, raw, _ in jobs).encode())
        for _, raw, target in jobs:
            write_gz(target, raw.read_bytes())
            count += 1
    return count


def metadata(server, data, expected, tables):
    """sstablemetadata of each SSTable of tables, with the path relative to the data directory."""
    jobs = [(path, expected / keyspace / table / f"{generation}.metadata.txt.gz")
            for keyspace, table in tables for generation, path in data_files(table_directory(data, keyspace, table))]
    output = server.run("sstablemetadata", *(path for path, _ in jobs)).decode()
    texts = re.split(r"(?m)^(?=SSTable: )", output)[1:]
    if len(texts) != len(jobs):
        raise RuntimeError(f"sstablemetadata told of {len(texts)} SSTables instead of {len(jobs)}")
    for text, (_, target) in zip(texts, jobs):
        write_gz(target, text.replace(f"{data}/", "").encode())
