"""nodetool in one JVM that stays: its start takes longer than most commands."""
import subprocess
import threading

from .server import SCRIPTS


class Nodetool:
    def __init__(self, server):
        self.server, self.lock = server, threading.Lock()
        self.start()

    def start(self):
        self.process = subprocess.Popen([SCRIPTS / 'cassandra', 'java', '-XX:TieredStopAtLevel=1', SCRIPTS / 'oracle' / 'NodetoolCommands.java',
                                         '-h', '127.0.0.1', '-p', str(self.server.port + 2)], env=self.server.env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def nodetool(self, *words):
        """One command; a RuntimeError with what it said when it fails."""
        command = f'nodetool {" ".join(map(str, words))}'
        with self.lock:
            self.process.stdin.write('\t'.join(map(str, words)) + '\n')
            self.process.stdin.flush()
            # Other lines are what the server's classes log.
            for line in self.process.stdout:
                status, _, said = line.rstrip('\n').partition('\t')
                if status == 'ok':
                    return said
                if status == 'failed':
                    raise RuntimeError(f'{command}: {said}')
            # `import` ends its JVM when it leaves out a directory.
            self.end()
            self.start()
        raise RuntimeError(f'{command} ended its JVM')

    def end(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
