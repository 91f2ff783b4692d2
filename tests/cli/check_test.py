"""`check` and `serve` agree: what the one refuses the other refuses, in the same words, and nothing is left behind by a check."""
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from certificates import Certificates
from ports import held_port

PROGRAM = os.environ["FRESHET"]
REFERENCE = Path(__file__).resolve().parents[2] / "docs/config.md"
WAIT_SECONDS = 60
SECRET = "hushhush"    # of the environment: shown nowhere
FLOW = '[queue.q]\n[[flow]]\nfrom = "q"\n'
EXEC = "[server]\nallow_exec = true\n" + FLOW
KAFKA = '[queue.k]\nurl = "kafka://h"\n'
AMQPS = '[queue.r]\nurl = "amqps://h"\n'


class Trial:
    """One configuration, checked and served on a state folder. `only_right`: what the check refuses is not served."""

    def __init__(self, text, folder, state, only_right=False, **identity):
        path = os.path.join(folder, "freshet.toml")
        Path(path).write_text(text.replace("{folder}", folder))
        self.text = text
        self.identity = identity    # of subprocess: user, group, extra_groups
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder, "SECRET": SECRET}
        arguments = ["-c", path, "--state", state]
        if "listen =" not in text:
            arguments += ["--listen", "127.0.0.1:0"]
        before = listing(folder)
        self.check(arguments)
        self.left_behind = sorted(set(listing(folder)) - set(before))
        self.up, self.log, self.serve_status = False, self.said, 1
        if self.right or not only_right:
            self.serve(arguments)

    def check(self, arguments):
        done = subprocess.run([PROGRAM, "check", *arguments], capture_output=True, text=True, timeout=WAIT_SECONDS, env=self.environment,
                              **self.identity)
        self.right, self.status, self.said = done.returncode == 0, done.returncode, done.stderr

    def serve(self, arguments):
        """Ended as soon as it has said that it is up, or has refused."""
        with subprocess.Popen([PROGRAM, "serve", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment,
                              **self.identity) as process:
            try:
                self.up = process.stdout.readline().startswith("listening on ")
            finally:
                process.kill()
            _, self.log = process.communicate(timeout=WAIT_SECONDS)
            self.serve_status = process.returncode

    def mistake(self):
        """None: they agree, and neither tells the secret."""
        wrong = [words for words, is_so in [
            ("they do not agree", self.right != self.up),
            ("they do not say the same", not self.log.startswith(self.said) or (not self.up and self.log != self.said)),
            ("check leaves something behind", self.left_behind),
            ("the secret is told", SECRET in self.said + self.log),
            ("not an exit status of a refusal", not self.right and (self.status, self.serve_status) != (1, 1)),
        ] if is_so]
        return f"{wrong}\n{self.text}\ncheck: {self.said}\nserve: {self.log}" if wrong else None


def try_in_a_folder_of_its_own(text):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        return Trial(text, folder, os.path.join(folder, "state"), only_right=True)


class Agreement(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp"))
        self.state = os.path.join(self.folder, "state")

    def agree(self, text, words, **identity):
        """`words`: of what is said of it; "": nothing is wrong; None: whatever they agree on."""
        trial = Trial(text, self.folder, self.state, **identity)
        self.assertIsNone(trial.mistake())
        if words:
            self.assertIn(words, trial.said)
            self.assertEqual(trial.right, words.startswith("warning: "), trial.said)
        elif words == "":
            self.assertEqual(trial.said, "")

    def table(self, cases, **identity):
        for text, words in cases:
            with self.subTest(text):
                self.agree(text, words, **identity)
                shutil.rmtree(self.state, ignore_errors=True)

    def file(self, name, text=""):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_listeners(self):
        self.file("file")
        os.mkdir(self.folder + "/there")
        self.table([(f"[server]\nlisten = {addresses}\n", words) for addresses, words in [
            ('"127.0.0.1:0"', ""),
            ('["127.0.0.1:0", "[::1]:0", "unix:{folder}/x.sock"]' if os.path.exists("/proc/net/if_inet6") else '"127.0.0.1:0"', None),
            ('"unix:{folder}/there/x.sock"', ""),
            ('"unix:{folder}/made/x.sock?mode=0660"', ""),
            (f'"unix:{{folder}}/x.sock?mode=0660&group={os.getgid()}"', ""),
            ('"unix:{folder}/none/none/x.sock"', "the folder does not exist"),
            ('"unix:{folder}/file/x.sock"', "what should be the folder is none"),
            ('"unix:{folder}/file"', "a file that is no socket stands there"),
            ('"unix:{folder}/x.sock?mode=rw"', "write its rights in octal"),
            ('"unix:{folder}/x.sock?group=no-such-group"', "this machine has no group 'no-such-group'"),
            ('["unix:{folder}/x.sock", "unix:{folder}/there/../x.sock"]', "listens already"),
            ('"192.0.2.1:0"', "this machine has no such address"),
            ('["127.0.0.1:28113", "localhost:28113"]', "listens already"),
            ('["localhost:28113", "127.0.0.1:28113"]', "listens already"),
            ('["*:28113", "127.0.0.1:28113"]', "listens already"),
            ('["127.0.0.1:28113", "127.0.0.1:28113"]', "stands here twice"),
            ('"no-such-host.invalid:0"', None),
            ('"${SECRET}:0"', None),
            ('"unix:{folder}/none/${SECRET}/x.sock"', "/none/${SECRET}/x.sock: the folder does not exist"),
            ('"http://127.0.0.1:0"', "is no address"),
        ]])

    def make_journal(self, name, statement=None):
        path = os.path.join(self.folder, name)
        self.agree(f'[queue.q]\nurl = "journal:{path}"\n', "")
        with sqlite3.connect(path) as database:    # what is in its log comes into the file
            database.execute(statement or "SELECT 1")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        return path

    def test_journals(self):
        os.mkdir(self.folder + "/there")
        os.symlink(self.folder + "/there", self.folder + "/link")
        self.file("text", "no journal, whatever it is")
        self.file("empty")
        self.file("orphan-wal", "x")
        self.file("file")
        with sqlite3.connect(self.folder + "/foreign") as database:
            database.execute("CREATE TABLE a(b)")
        database.close()
        self.make_journal("newer", "PRAGMA user_version = 99")
        self.make_journal("lacking", "DROP TABLE dead")
        os.link(self.make_journal("whole"), self.folder + "/hard-link")
        cut = self.make_journal("cut")
        os.truncate(cut, os.path.getsize(cut) // 2)

        def queue(*urls):
            return "".join(f'[queue.q{n}]\nurl = "journal:{url}"\n' for n, url in enumerate(urls))
        self.table([
            (queue(""), ""),
            (queue("other.db"), ""),
            (queue("{folder}/there/x.db", "{folder}/there/x.db"), ""),
            (queue("{folder}/there/y.db", "{folder}/link/../there/./y.db", "{folder}/link/y.db"), ""),
            (queue("", "{folder}/state/journal.db", "../state/journal.db"), ""),
            (queue("{folder}/state/../state/z.db"), ""),
            (queue("{folder}/whole", "{folder}/hard-link"), "are one file by two names"),
            (queue("{folder}/none/x.db"), "it must exist"),
            (queue("none/x.db"), "it must exist"),
            (queue("{folder}/file/x.db"), "/file"),
            (queue("{folder}/there"), "it is not a regular file"),
            (queue("{folder}/text"), "it is not a journal"),
            (queue("{folder}/empty"), "it is empty"),
            (queue("{folder}/foreign"), "SQLite database of another program"),
            (queue("{folder}/newer"), "has format 99"),
            (queue("{folder}/lacking"), "its table dead is missing"),
            (queue("{folder}/cut"), "is damaged"),
            (queue("{folder}/orphan"), "it is missing and its log is there"),
            (queue("{folder}/none/${SECRET}.db"), "/none/${SECRET}.db cannot be opened"),
            ('[queue.r]\nurl = "amqp://h"\nlater = "journal:{folder}/none/x.db"\n', "it must exist"),
            ("[queue.q]\n", ""),
            ('[queue.q]\ncopies = "r"\n[queue.r]\nurl = "journal:{folder}/state/journal.db"\n', ""),
            ('[queue.q]\ncopies = "r"\n[queue.r]\nurl = "journal:other.db"\n', "freshet.toml:2:10: copies: 'q' is in"),
            ('[queue.q]\nurl = "journal:${SECRET}.db"\ncopies = "r"\n[queue.r]\n', "a transaction is in one file"),
        ])
        if os.access("/dev/shm", os.W_OK):
            memory = self.enterContext(tempfile.TemporaryDirectory(dir="/dev/shm"))
            one, two = f'[queue.a]\nurl = "journal:{memory}/x.db"\n', f'[queue.b]\nurl = "journal:{memory}/x.db"\nallow_tmpfs = true\n'
            self.table([(one, "survive no reboot"), (two, ""), (one + two, ""), (two + one, "")])

    def test_a_server_that_runs_is_not_in_the_way(self):
        path = os.path.join(self.folder, "freshet.toml")
        Path(path).write_text(f'[server]\nlisten = ["127.0.0.1:{held_port()}", "unix:{self.folder}/x.sock"]\n[queue.q]\n')
        arguments = ["-c", path, "--state", self.state]
        with subprocess.Popen([PROGRAM, "serve", *arguments], stdout=subprocess.PIPE, text=True) as process:
            try:
                self.assertIn("listening on", process.stdout.readline())
                before = listing(self.folder)
                done = subprocess.run([PROGRAM, "check", *arguments], capture_output=True, text=True, timeout=WAIT_SECONDS)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(listing(self.folder), before)
            finally:
                process.kill()

    def test_state_folders(self):
        self.file("file")
        for state, words in [("new/folder", ""), ("file", "cannot be used"), ("file/folder", "cannot be used"),
                             ("/proc/freshet", "holds no files of others")]:
            self.state = os.path.join(self.folder, state)
            for text in ("", "[queue.q]\n"):
                with self.subTest(state=state, text=text):
                    self.agree(text, words)
            with self.subTest(state=state):
                self.agree('[[route]]\nprefix = "a"\nstore = "main"\n', "")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_rights_of_another_user(self):
        nobody = {"user": 65534, "group": 65534, "extra_groups": [12]}
        try:
            subprocess.run([PROGRAM, "--version"], check=True, stdout=subprocess.DEVNULL, **nobody)
        except (PermissionError, subprocess.CalledProcessError):
            self.skipTest("the program is where nobody else may read it")
        os.chmod(self.folder, 0o777)
        os.mkdir(self.folder + "/closed", 0o700)
        os.mkdir(self.folder + "/open")
        os.chmod(self.folder + "/open", 0o777)
        self.file("mine")
        self.file("open/x.db.lock")
        os.chmod(self.folder + "/mine", 0o600)
        privileged = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) > 81
        self.table([
            ('[server]\nlisten = "unix:{folder}/a.sock?group=12"\n', ""),
            ('[server]\nlisten = "unix:{folder}/b.sock?group=65534"\n', ""),
            ('[server]\nlisten = "unix:{folder}/c.sock?group=0"\n', "SupplementaryGroups=0"),
            ('[server]\nlisten = "unix:{folder}/closed/x.sock"\n', "permission denied"),
            ('[server]\nlisten = "127.0.0.1:81"\n', "permission denied" if privileged else None),
            ('[queue.q]\nurl = "journal:{folder}/open/y.db"\n', ""),
            ('[queue.q]\nurl = "journal:{folder}/open/x.db"\n', "x.db.lock is not writable"),
            ('[queue.q]\nurl = "journal:{folder}/closed/x.db"\n', "is not writable"),
            ('[queue.q]\nurl = "journal:{folder}/mine"\n', "it is not writable"),
            (AMQPS + 'ca_file = "{folder}/mine"\n', "cannot be read: Permission denied"),
        ], **nobody)
        self.state = self.folder + "/closed/state"
        self.agree("[queue.q]\n", "cannot be used: Permission denied", **nobody)

    def test_properties_of_librdkafka(self):
        def table(line):
            return f"{KAFKA}[queue.k.kafka]\n{line}\n"
        self.table([
            (KAFKA, ""),
            (table('"compression.type" = "lz4"'), ""),
            (table('"compression.type" = "lz5"'), "kafka.compression.type"),
            (table('"no.such.thing" = "1"'), "No such configuration property"),
            (table('"acks" = "1"'), "what is promised of a queue rests on it"),
            (table('"max.in.flight" = "1000"'), "max.in.flight"),
            (table('"session.timeout.ms" = "many"'), "session.timeout.ms"),
            (table('"security.protocol" = "ssl"\n"ssl.ca.location" = "/no/such"'), "ssl.ca.location"),
            (table('"security.protocol" = "sasl_ssl"\n"sasl.mechanism" = "${SECRET}"'), "${SECRET}"),
            (table('"compression.type" = "${SECRET}"'), "${SECRET}"),
            (KAFKA + 'linger = "1s"\npublish_timeout = "100ms"\n', "ms"),
        ])

    def test_files_of_tls(self):
        made = Certificates(self.folder)
        self.file("text", "no PEM")
        self.table([
            (AMQPS + f'ca_file = "{made.ca}"\ncertificate_file = "{made.client}"\nkey_file = "{made.client_key}"\n', ""),
            (AMQPS + f'certificate_file = "{made.client_pem}"\n', ""),
            (AMQPS + 'ca_file = "/no/such"\n', "No such file"),
            (AMQPS + 'ca_file = "{folder}"\n', "it is a folder"),
            (AMQPS + 'ca_file = "{folder}/text"\n', "holds no certificate"),
            (AMQPS + f'certificate_file = "{made.client}"\n', "holds no key"),
            (AMQPS + f'certificate_file = "{made.client}"\nkey_file = "{made.server_key}"\n', "is the key of another certificate"),
            (AMQPS + f'key_file = "{made.server_key}"\n', "is of no use without certificate_file"),
            (FLOW + f'call = {{ http = "https://h/", ca_file = "{made.ca}" }}\n', ""),
            (FLOW + 'call = { http = "https://h/", ca_file = "{folder}/text" }\n', "holds no certificate"),
            (FLOW + 'call = { http = "https://h/", ca_file = "/no/${SECRET}" }\n', "'/no/${SECRET}' cannot be read"),
        ])

    def test_calls(self):
        self.file("script", "#!/bin/sh\n")
        self.table([
            (FLOW + 'call = "http://h/x"\n', ""),
            (FLOW + 'call = "http://h/\u00fc"\n', "ASCII"),
            (FLOW + 'call = "http://\u00fc/"\n', "ASCII"),
            (FLOW + 'call = "http://h/\u20ac?x"\n', "ASCII"),
            (FLOW + 'call = "http://h/a b"\n', "no blanks"),
            (FLOW + 'call = "http://h:70000/"\n', "'70000' is no port"),
            (FLOW + 'call = "http://me:word@h/"\n', "not in this version"),
            (FLOW + 'call = "http://h/?t=${SECRET}"\n', ""),
            (EXEC + 'call = { exec = ["/bin/true", "${SECRET}"] }\n', ""),
            (EXEC + 'call = { exec = ["/no/such"] }\n', "No such file"),
            (EXEC + 'call = { exec = ["{folder}"] }\n', "it is no file"),
            (EXEC + 'call = { exec = ["{folder}/script"] }\n', "Permission denied"),
            (EXEC + 'call = { exec = ["/bin/true"], env = ["SECRET"] }\n', ""),
            (EXEC + 'call = { exec = ["/bin/true"], env = ["FRESH_NONE"] }\n', "warning: env: the environment variable 'FRESH_NONE'"),
            (FLOW + 'call = "http://h/"\ninto = "main"\n[[route]]\nprefix = "r"\nqueue = "q"\n', "warning: key: a get of a result"),
            ('[queue.q]\n[[route]]\nprefix = "q#"\nqueue = "q"\n', "warning: prefix: 'q#' ends as"),
        ])

    def test_every_option_with_every_kind_of_value(self):
        """What the check accepts can be served, whatever it is."""
        values = ["0", "65536", "true", '"x"', '"1s"', '"1s..5m"', '"64TiB"', '"/no/such"', '"\u00fc"', '"${SECRET}"']
        heads = {
            "[server]": ["[server]\n"],
            "[store.NAME]": ["[store.a]\n", '[store.a]\nurl = "memcached://127.0.0.1:9"\n'],
            "[queue.NAME]": ["[queue.a]\n", '[queue.a]\nurl = "amqp://127.0.0.1:9"\n', '[queue.a]\nurl = "kafka://127.0.0.1:9"\n'],
            "[[route]]": ['[queue.a]\n[[route]]\nprefix = "a"\nqueue = "a"\n', '[[route]]\nprefix = "a"\nstore = "main"\n'],
            "[[flow]]": ['[queue.a]\n[[flow]]\nfrom = "a"\ncall = "http://127.0.0.1:9/"\ninto = "main"\n'],
        }
        texts, section = [], ""
        for line in REFERENCE.read_text().splitlines():
            if header := re.match(r"## `(.*)`$", line):
                section = header[1]
            option = re.match(r"\| `(\w+)` \|", line)
            for head in heads.get(section, []) if option else []:
                kept = "".join(one for one in head.splitlines(True) if not one.startswith(option[1] + " ="))
                texts += [f"{kept}{option[1]} = {value}\n" for value in values]
        with ThreadPoolExecutor(4) as several:
            trials = list(several.map(try_in_a_folder_of_its_own, texts))
        self.assertEqual([trial.mistake() for trial in trials if trial.mistake()], [])
        self.assertGreater(len(trials), 500)
        self.assertGreater(sum(trial.right for trial in trials), 50)


def listing(folder):
    return sorted(str(path) for path in Path(folder).rglob("*"))


if __name__ == "__main__":
    unittest.main()
