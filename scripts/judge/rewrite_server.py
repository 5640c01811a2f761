"""A server that has the schema of a data directory, but none of its data, and the time at which its answers were taken."""
import os
import shutil
from pathlib import Path

from .rewrite_reads import Reads, full
from .server import SCRIPTS, Server



class JudgeServer(Server):
    def __init__(self, state, port, tables):
        super().__init__(state, port)
        self.tables = tables
        self.env['SSTABLEFS_CASSANDRA_OPTIONS'] += f' -Dcassandra.clock=ShiftedClock -Dcassandra.clock.start={tables.now * 1000}'
        for keyspace, pattern in (('system_schema', '*'), ('system', 'local-*')):
            for directory in (tables.data / keyspace).glob(pattern):
                shutil.copytree(directory, self.data / keyspace / directory.name, dirs_exist_ok=True)
        (self.state / 'conf').mkdir(exist_ok=True)
        self.run('java', '-m', 'jdk.compiler/com.sun.tools.javac.Main', '-d', self.state / 'conf', SCRIPTS / 'oracle' / 'ShiftedClock.java')

    def offline(self, program, lines, *arguments):
        """A program of scripts/oracle that reads lines and prints one for each."""
        output = self.run('java', SCRIPTS / 'oracle' / program, *arguments, timeout=3600, input=''.join(f'{line}\n' for line in lines).encode())
        return output.decode().split('\n')

    def connect(self):
        super().connect()
        self.reads = Reads(self.cluster)

    def nodetools(self, commands):
        """nodetool's commands, most in one JVM. What each that failed has said, in their order; None for the others."""
        results = []
        while len(results) < len(commands):
            lines = ['\t'.join(map(str, command)) for command in commands[len(results):]]
            output = self.run('java', SCRIPTS / 'oracle' / 'NodetoolCommands.java', '-h', '127.0.0.1', '-p', self.port + 2,
                              timeout=3600, check=False, input=''.join(f'{line}\n' for line in lines).encode()).decode()
            answers = [line.split('\t', 1) for line in output.splitlines() if line.split('\t')[0] in ('ok', 'failed')]
            results += [None if status == 'ok' else said for status, said in answers]
            if len(results) < len(commands):
                if commands[len(results)][0] != 'import':
                    raise RuntimeError(f'nodetool {commands[len(results)]} ended its JVM')
                # A command that ends its JVM: `import` does so when it leaves out a directory.
                results.append(f'the command ended; {self.log_says()}')
        return results

    def log_says(self):
        text = (self.state / 'server.log').read_text(errors='replace').splitlines()
        found = [line for line in text if 'Exception' in line or 'ERROR' in line]
        return 'the log of the server says: ' + ' | '.join(found[-6:])[:1500]

    def load(self, report, what, sources):
        """sources: {table: folder of SSTables}. Half of the tables with `import -e`, half put into place for `refresh`."""
        commands = []
        for number, (name, folder) in enumerate(sources.items()):
            if number % 2:
                commands.append(('import', '-e', '--copy-data', *name, folder))
            else:
                target = self.folder(name)
                for path in folder.iterdir():
                    shutil.copy(path, target / path.name)
                commands.append(('refresh', *name))
        for name, command, said in zip(sources, commands, self.nodetools(commands)):
            report.expect(said is None, f'{name[0]}.{name[1]} {what}', f'{command[0]}: the server does not load it: {said}')
        report.count('tables loaded', len(sources))

    def folder(self, name):
        """Where the server keeps the table."""
        if not hasattr(self, 'ids'):
            self.ids = {tuple(row[:2]): row[2] for query in ('tables', 'views') for row in self.session.execute(
                f'SELECT keyspace_name, {query[:-1]}_name, id FROM system_schema.{query}')}
        return self.data / name[0] / f'{name[1]}-{self.ids[name].hex}'

    def empty(self):
        for name in self.tables.names:
            # That of a view goes with its base table.
            if name not in self.tables.views:
                self.session.execute(f'TRUNCATE {full(name)}')

    def start(self, version, **settings):
        # Without it a server does not start on a system_schema that has such ids.
        uuids = str(version != 'nb').lower()
        super().start(version, auto_snapshot='false', uuid_sstable_identifiers_enabled=uuids, **settings)


def state(scratch):
    path = Path(scratch) / 'server'
    path.mkdir(parents=True, exist_ok=True)
    return path


def port():
    return int(os.environ.get('SSTABLEFS_CASSANDRA_PORT', '20442'))
