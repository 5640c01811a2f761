"""One Cassandra server, driven through scripts/cassandra."""

import os
import subprocess
from pathlib import Path

from cassandra.cluster import Cluster, ExecutionProfile, EXEC_PROFILE_DEFAULT
from cassandra.concurrent import execute_concurrent
from cassandra.policies import FallthroughRetryPolicy, WhiteListRoundRobinPolicy
from cassandra.query import tuple_factory

SCRIPTS = Path(__file__).resolve().parent.parent


class Server:
    """A server with a state directory and port of its own. As a context manager it is stopped at the end."""

    def __init__(self, state, port):
        self.state = Path(state)
        self.port = port
        # A flush of system_schema at each DDL statement would take most of the time; drain flushes it.
        self.env = dict(os.environ, SSTABLEFS_CASSANDRA_STATE=str(state), SSTABLEFS_CASSANDRA_PORT=str(port),
                        SSTABLEFS_CASSANDRA_OPTIONS="-Dcassandra.test.flush_local_schema_changes=false")
        self.cluster = None
        self.session = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def run(self, *args, timeout=600, check=True, **kwargs):
        """scripts/cassandra ARGS; its standard output. A failure raises with what it wrote, but where `check` says not to."""
        result = subprocess.run([SCRIPTS / "cassandra", *map(str, args)], env=self.env, timeout=timeout,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
        if check and result.returncode != 0:
            text = (result.stdout + result.stderr).decode(errors="replace")
            raise RuntimeError(f"cassandra {' '.join(map(str, args))} failed:\n{text[-4000:]}")
        return result.stdout

    @property
    def data(self):
        return self.state / "data"

    def start(self, version, **settings):
        """Starts a server that writes SSTables of `version`; settings are lines of cassandra.yaml."""
        # Not piped: the server inherits the pipes of the script that starts it, and they would never end.
        subprocess.run([SCRIPTS / "cassandra", "start", version, *(f"{k}={v}" for k, v in settings.items())],
                       env=self.env, timeout=180, check=True)
        self.connect()

    def connect(self):
        profile = ExecutionProfile(request_timeout=120, row_factory=tuple_factory,
                                   retry_policy=FallthroughRetryPolicy(),
                                   load_balancing_policy=WhiteListRoundRobinPolicy(["127.0.0.1"]))
        self.cluster = Cluster(["127.0.0.1"], port=self.port, protocol_version=5, connect_timeout=60,
                               execution_profiles={EXEC_PROFILE_DEFAULT: profile}, schema_metadata_enabled=False,
                               token_metadata_enabled=False)
        self.session = self.cluster.connect()

    def disconnect(self):
        if self.cluster is not None:
            self.cluster.shutdown()
        self.cluster = self.session = None

    def stop(self):
        self.disconnect()
        self.run("stop")

    def drain(self):
        """Writes every memtable to SSTables and stops the server."""
        self.disconnect()
        self.nodetool("drain")
        self.run("stop")

    def nodetool(self, *args):
        return self.run("nodetool", *args).decode()

    def execute(self, statement, parameters=None):
        return self.session.execute(statement, parameters)

    def execute_all(self, statements, concurrency=64):
        """Runs statements that do not depend on each other's order: texts, or (text, parameters) pairs."""
        prepared = {}
        pairs = []
        for statement in statements:
            if isinstance(statement, str):
                pairs.append((statement, None))
            else:
                text, parameters = statement
                if text not in prepared:
                    prepared[text] = self.session.prepare(text)
                pairs.append((prepared[text], parameters))
        execute_concurrent(self.session, pairs, concurrency=concurrency, raise_on_first_error=True)

    def rows(self, query, page=1000):
        """The first column of each row of a query, page by page."""
        from cassandra.query import SimpleStatement
        for row in self.session.execute(SimpleStatement(query, fetch_size=page)):
            yield row[0]
