"""The program's face: help, version, check, mistakes and exit statuses."""
import os
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["FRESHET"]


def freshet(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, **options)


class Cli(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir="/var/tmp")
        self.addCleanup(folder.cleanup)
        self.folder = os.environ["STATE_DIRECTORY"] = folder.name

    def file(self, text):
        path = os.path.join(self.folder, "freshet.toml")
        with open(path, "wb") as to:
            to.write(text if isinstance(text, bytes) else text.encode())
        return path

    def expect(self, result, status, out=None, err=None):
        self.assertEqual(result.returncode, status, result)
        if out is not None:
            self.assertEqual(result.stdout, out)
        if err is not None:
            self.assertEqual(result.stderr, err)

    def test_version(self):
        result = freshet("--version")
        self.expect(result, 0, err="")
        self.assertRegex(result.stdout, r"\Afreshet \d+\.\d+\.\d+\n\Z")

    def test_help_names_every_command(self):
        result = freshet("--help")
        self.expect(result, 0, err="")
        for command in ("serve", "check", "dead", "queue", "demo", "bench"):
            self.assertRegex(result.stdout, rf"(?m)^  {command} ")
            self.expect(freshet(command, "--help"), 0, err="")
        for option in ("-c", "--listen", "--state", "--log-level"):
            self.assertIn(option, freshet("serve", "--help").stdout)
        for verb in ("list", "replay", "drop"):
            self.expect(freshet("dead", verb, "--help"), 0, err="")
        self.expect(freshet("queue", "drop", "--help"), 0, err="")

    def test_wrong_usage_is_2_with_one_line(self):
        for arguments, words in [
            ([], "subcommand is required"),
            (["serv"], "there is no command 'serv', did you mean 'serve'?"),
            (["serve", "--lisen", "x"], "freshet serve has no option '--lisen', did you mean '--listen'? freshet serve --help says more"),
            (["serve", "--lisen=amqp://me:word@h"], "did you mean '--listen'?"),
            (["--versoin"], "freshet has no option '--versoin', did you mean '--version'? freshet --help says more"),
            (["dead", "lst"], "freshet dead has no command 'lst', did you mean 'list'? freshet dead --help says more"),
            (["dead", "purge"], "freshet dead has no command 'purge'; there are list, replay, drop"),
            (["dead", "list", "--jsn"], "freshet dead list has no option '--jsn', did you mean '--json'?"),
            (["check", "--sate", "x"], "did you mean '--state'?"),
            (["demo", "--stroe", "x"], "did you mean '--store'?"),
            (["serve", "extra"], "extra"),
            (["serve", "--listen", "11311"], "'11311' is no address"),
            (["serve", "--listen", "::1:11311"], "in brackets"),
            (["serve", "--log-level", "loud"], "there is no log level 'loud'"),
            (["serve", "-c"], "--config"),
            (["check", "a", "b"], "a"),
            (["dead"], "subcommand is required"),
            (["dead", "replay"], "name one QUEUE, or say --all"),
            (["dead", "replay", "a", "--all"], "name one QUEUE, or say --all"),
            (["dead", "drop", "a", "x"], "'x' is no number of a dead letter"),
            (["dead", "list", "--max", "-1"], "-1"),
            (["dead", "drop", "a", "--", "-1"], "-1"),
            (["queue"], "subcommand is required"),
            (["queue", "drp"], "freshet queue has no command 'drp', did you mean 'drop'?"),
            (["queue", "drop"], "NAME is required"),
            (["queue", "drop", "a", "--forc"], "freshet queue drop has no option '--forc', did you mean '--force'?"),
            (["queue", "drop", "a b"], "'a b' is no name of a queue"),
            (["queue", "drop", "\x1b[31m\n"], "'\\x1b[31m\\n' is no name of a queue"),
            (["queue", "drop", ""], "'' is no name of a queue"),
            (["bench"], "name the server"),
            (["bench", "11311"], "'11311' is no address"),
            (["bench", "*:1"], "names no host to connect to"),
            (["bench", "h:1", "--depth", "0"], "--depth: '0' is no whole number from 1 to 65536"),
            (["bench", "h:1", "--rate", "fast"], "--rate: 'fast' is no number from 0.01"),
            (["bench", "h:1", "--ratio", "9"], "write GETS:SETS"),
            (["bench", "h:1", "--skew", "zipf"], 'write "uniform" or "zipf:0.99"'),
            (["bench", "h:1", "--protocol", "binary"], "write classic, meta or resp"),
            (["bench", "h:1", "--dept", "2"], "freshet bench has no option '--dept', did you mean '--depth'? freshet bench --help says more"),
            (["bench", "h:1", "--xyz", "2"], "freshet bench has no option '--xyz'; freshet bench --help says more"),
            (["bench", "h:1", "--threads", "3", "--connections", "2"], "3 threads have no use for 2 connections"),
            (["bench", "queue"], "name the server"),
            (["bench", "queue", "--outstandin", "9"], "freshet bench queue has no option '--outstandin', did you mean '--outstanding'?"),
            (["bench", "queue", "h:1", "--value", "15"], "--value: '15' is no whole number from 16"),
            (["bench", "queue", "h:1", "--key", "a b"], "'a b' is no key of a queue"),
            (["\x1b[31m\n"], "\\x1b[31m\\n"),
        ]:
            with self.subTest(arguments):
                result = freshet(*arguments)
                self.expect(result, 2, out="")
                self.assertRegex(result.stderr, r"\Afreshet: [^\n]+\n\Z")
                self.assertIn(words, result.stderr)
                self.assertNotIn("word@", result.stderr)

    def test_check_takes_what_serve_takes(self):
        path = self.file("[queue.q]\n")
        said = f"{path} is right: 1 store, 1 queue, 2 routes, 0 flows\n"
        for arguments in ([path], ["-c", path], [path, "--state", self.folder + "/state", "--listen", "127.0.0.1:0"]):
            self.expect(freshet("check", *arguments), 0, said, "")
        result = freshet("check", path, "--listen", "192.0.2.1:0")
        self.expect(result, 1, "", "freshet: --listen: cannot listen on 192.0.2.1:0: this machine has no such address\n")
        self.expect(freshet("check", path, "--state", path), 1, "")
        self.assertFalse(os.path.exists(self.folder + "/state"))

    def test_check_says_what_a_right_file_holds(self):
        path = self.file('[store.a]\n[store.b]\n[queue.q]\n[[route]]\nprefix="x"\nstore="a"\n')
        self.expect(freshet("check", "-c", path), 0, f"{path} is right: 2 stores, 1 queue, 1 route, 0 flows\n", "")
        self.expect(freshet("check", "-c", self.file("")), 0, err="")
        self.expect(freshet("check"), 0, "the default configuration is right: 1 store, 0 queues, 2 routes, 0 flows\n", "")

    def test_all_mistakes_are_told_in_order_with_line_and_column(self):
        path = self.file(
            "[server]\n"
            'listen = ["127.0.0.1:99999", "x"]\n'
            "threds = 2\n"
            "stop_timeout = 10\n"
            "[site]\n"
            "[store.main]\n"
            'url = "memcached://10.0.0.1:x"\n'
            "[queue.thumbs]\n"
            'backoff = "5m..1s"\n'
            "  [[route]]\n"
            '  prefix = "task:"\n'
            '  queue = "thumb"\n'
            "[[flow]]\n"
            'from = "thumbs"\n'
            'call = { exec = ["convert"], timeout = "30" }\n'
            'key = "r:{id}"\n'
        )
        expected = (
            f"{path}:2:11: listen: '99999' is no port; ports are 0 to 65535\n"
            f"{path}:2:30: listen: 'x' is no address; write \"HOST:PORT\", \"[IPV6]:PORT\" or \"unix:/PATH\"\n"
            f"{path}:3:1: unknown key 'threds' in [server], did you mean 'threads'?\n"
            f'{path}:4:16: stop_timeout: 10 has no unit; write "10ms", "10s", "10m", "10h" or "10d"\n'
            f"{path}:5:1: this [site] has no name\n"
            f"{path}:5:1: this [site] has no node\n"
            f"{path}:7:7: url: what stands behind its ':' is no port; ports are 1 to 65535; write \"memcached://HOST[:PORT]\" or \"unix:/PATH\"\n"
            f'{path}:9:11: backoff: the first time is longer than the second; write "1s..5m"\n'
            f"{path}:12:11: there is no queue 'thumb', did you mean 'thumbs'?\n"
            f"{path}:15:17: exec: runs a program, which [server] must allow: allow_exec = true\n"
            f"{path}:15:17: exec: 'convert' is not a whole path; no PATH is searched, write \"/usr/bin/...\"\n"
            f"{path}:15:40: timeout: '30' is no time; write a whole number with ms, s, m, h or d, as in \"300ms\"\n"
            f'{path}:16:7: key: is about a result, and this flow puts its results nowhere; into = "STORE" says where\n'
        )
        for command in (["check"], ["serve", "--state", self.folder], ["dead", "list", "--state", self.folder]):
            with self.subTest(command):
                self.expect(freshet(*command, "-c", path), 1, "", expected)

    def test_broken_toml_is_one_mistake_with_its_place(self):
        for text, place in [("[server]\nthreads = \n", "2:"), ("a = 1\na = 2\n", "2:"), (b"a = '\xff'\n", "1:"), ("[[[a]]]\n", "1:"), ("\0", "1:")]:
            with self.subTest(text):
                path = self.file(text)
                result = freshet("check", "-c", path)
                self.expect(result, 1, "")
                self.assertTrue(result.stderr.startswith(f"{path}:{place}"), result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1)

    def test_a_file_that_cannot_be_read(self):
        self.expect(freshet("check", "-c", "/no/such/file"), 1, "", "/no/such/file: cannot be read: No such file or directory\n")
        self.expect(freshet("check", "-c", self.folder), 1, "", f"{self.folder}: cannot be read: Is a directory\n")

    def test_a_file_in_the_folder_is_not_read_unasked(self):
        self.file("broken")
        self.expect(freshet("check", cwd=self.folder), 0)

    def test_variables_are_filled_in_and_not_shown(self):
        path = self.file('[queue.q]\n[[flow]]\nfrom = "q"\ncall = "ftp://h/${SECRET}"\n')
        result = freshet("check", "-c", path, env={"SECRET": "xyzzy"})
        self.expect(result, 1, "")
        self.assertNotIn("xyzzy", result.stderr)
        self.assertIn("SECRET is not set", freshet("check", "-c", path, env={}).stderr)

    def test_a_journal_s_path_is_shown_as_the_file_has_it(self):
        with open(os.path.join(self.folder, "xyzzy.db"), "w") as other:
            other.write("no journal, whatever it is")
        path = self.file('[queue.q]\nurl = "journal:${SECRET}.db"\n')
        for command in (["dead", "list"], ["check"], ["serve"]):
            result = freshet(*command, "-c", path, "--state", self.folder, env={"SECRET": "xyzzy"})
            self.expect(result, 1, "")
            self.assertIn("${SECRET}.db is damaged: it is not a journal", result.stderr)

    def test_without_a_home_the_state_folder_must_be_named(self):
        result = freshet("dead", "list", env={})
        self.expect(result, 2, "")
        self.assertIn("--state", result.stderr)

    def test_a_reader_that_has_gone_is_no_signal(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([PROGRAM, "check"], stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(result.returncode, 1)
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as gone:
            result = subprocess.run([PROGRAM, "check"], stdout=gone, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(result.returncode, 1)


if __name__ == "__main__":
    unittest.main()
