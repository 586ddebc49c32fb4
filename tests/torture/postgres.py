"""A PostgreSQL server of our own, on a socket in a folder of its own, which may be killed and comes back."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

USER = "heed_torture"


class NotInstalled(RuntimeError):
    pass


class Postgres:
    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
        if not found:
            raise NotInstalled("no PostgreSQL server is installed; scripts/install-deps.sh installs one")
        self.programs = os.path.dirname(found[-1])
        # The server refuses to run as root: then it runs as the user that its package made.
        self.owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.folder = tempfile.mkdtemp(prefix="heed-torture-pg-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        if self.owner:
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)
        self.data = os.path.join(self.folder, "data")
        self.url = f"postgresql://{USER}@{urllib.parse.quote(self.folder, safe='')}/postgres"
        self.run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions")
        self.process = None
        self.start()

    def be_owner(self):
        if self.owner:
            os.setgroups([])
            os.setgid(self.owner.pw_gid)
            os.setuid(self.owner.pw_uid)

    def command(self, name, *arguments):
        return {"args": [os.path.join(self.programs, name), *arguments], "preexec_fn": self.be_owner, "cwd": self.folder,
                "env": {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}, "stdin": subprocess.DEVNULL}

    def run(self, name, *arguments):
        subprocess.run(**self.command(name, *arguments), check=True, capture_output=True)

    def start(self):
        log = open(os.path.join(self.folder, "log"), "a")
        with log:
            self.process = subprocess.Popen(
                **self.command("postgres", "-D", self.data, "-k", self.folder, "-c", "listen_addresses=", "-c",
                               "shared_buffers=32MB"), stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + 60
        while subprocess.run([os.path.join(self.programs, "pg_isready"), "-q", "-h", self.folder, "-U", USER]).returncode:
            if time.monotonic() > until or self.process.poll() is not None:
                with open(os.path.join(self.folder, "log")) as told:
                    raise RuntimeError("PostgreSQL does not start:\n" + told.read()[-2000:])
            time.sleep(0.05)

    def kill(self):
        """Immediate shutdown: connections are cut in the middle, and the next start recovers."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
