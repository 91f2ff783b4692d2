"""What a queue on any broker promises while that broker fails. A test derives from BrokerCases (or from BrokerTest, for what is its
broker's alone) and unittest.TestCase, and says how its broker starts and what its URLs are."""
import contextlib
import json
import os
import subprocess
import tempfile
import threading
import time

import servers

CONFIRMED = b"STORED\r\n"
MAYBE = b"SERVER_ERROR queue thumbs did not answer in time, maybe_done\r\n"
LATE = b"SERVER_ERROR queue thumbs did not answer in time, not_done\r\n"
UNREACHABLE = b"SERVER_ERROR queue thumbs is unreachable, not_done\r\n"
PATIENCE = 120      # seconds for what a busy machine does late
PATIENT = 'confirm_within = "30s"\n'    # of a queue whose test is not about a broker that is late
IN_TIME = 'confirm_within = "1s"\n'     # of one whose test is: who sets it counts on MAYBE and LATE at any time


class Client:
    def __init__(self, server):
        self.socket = server.connect()
        self.socket.settimeout(PATIENCE)
        self.input = self.socket.makefile("rb")

    def ask(self, command):
        self.socket.sendall(command)
        return self.input.readline()

    def publish(self, body, key=b"task:thumbs"):
        return self.ask(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(body), body))

    def get(self, key):
        """The value, or None; what is no VALUE and no END is a failure that is raised."""
        line = self.ask(b"get %s\r\n" % key)
        if line == b"END\r\n":
            return None
        if not line.startswith(b"VALUE"):
            raise RuntimeError(line.decode())
        value = self.input.read(int(line.split()[3]) + 2)[:-2]
        self.input.readline()
        return value

    def close(self):
        self.input.close()
        self.socket.close()


def until(answer, wanted, seconds=PATIENCE):
    """Asks until it is the wanted one."""
    deadline = time.monotonic() + seconds
    while (last := answer()) != wanted:
        if time.monotonic() > deadline:
            raise AssertionError(f"in {seconds} s there was no {wanted!r}; last came {last!r}")
        time.sleep(0.01)


class BrokerTest:
    """`url(name, declare)` is a queue's."""
    patience = PATIENCE

    def queue(self, name, declare="create", more=""):
        patient = "" if "confirm_within" in more else PATIENT
        return f'[queue.thumbs]\nurl = {json.dumps(self.url(name, declare))}\n{patient}{more}[[route]]\nprefix = "task:thumbs"\nqueue = "thumbs"\n'

    def serve(self, name, flow="", more="", declare="create"):
        server = self.enterContext(servers.freshet("[server]\nallow_exec = true\n[store.main]\n" +
                                                   self.queue(name, declare, more) + flow))
        return server, self.client(server)

    def client(self, server):
        client = Client(server)
        self.addCleanup(client.close)
        return client

    def publish(self, client, body):
        """Until it is confirmed. Returns how many of it the broker has then."""
        told = []
        until(lambda: told.append(client.publish(body)) or told[-1], CONFIRMED, self.patience)
        return told.count(MAYBE) + 1

    def ready(self, client):
        for _ in range(self.publish(client, b"first")):
            until(lambda: self.take(client), b"first", self.patience)

    def open_one(self, client):
        """Publishes b"open", which is open then, and the only one."""
        for _ in range(self.publish(client, b"open") - 1):
            until(lambda: self.take(client), b"open", self.patience)
        until(lambda: self.take(client, b"task:thumbs/open"), b"open", self.patience)

    def take(self, client, key=b"task:thumbs"):
        try:
            return client.get(key)
        except RuntimeError:
            return None

    def drain(self, client, wanted):
        """All bodies until those that are wanted have come."""
        missing, came = set(wanted), []
        deadline = time.monotonic() + self.patience
        while missing and time.monotonic() < deadline:
            body = self.take(client)
            if body is None:
                time.sleep(0.01)
                continue
            came.append(body)
            missing.discard(body)
        self.assertEqual(len(missing), 0, f"confirmed messages were lost: {sorted(missing)[:20]}")
        return came

    @contextlib.contextmanager
    def under_load(self, server, publishers=4):
        """Publishers without a pause; yields the list of what was confirmed, which grows."""
        confirmed, ended = [], threading.Event()

        def publish(number):
            mine = Client(server)
            for i in range(1_000_000):
                body = b"%d-%d" % (number, i)
                if mine.publish(body) == CONFIRMED:
                    confirmed.append(body)
                if ended.is_set():
                    break
            mine.close()

        threads = [threading.Thread(target=publish, args=(number,)) for number in range(publishers)]
        for thread in threads:
            thread.start()
        try:
            yield confirmed
        finally:
            ended.set()
            for thread in threads:
                thread.join()

    def more(self, confirmed, count=500):
        """So many more are confirmed when this returns."""
        before = len(confirmed)
        until(lambda: len(confirmed) >= before + count, True, self.patience)

    def cut_between_publish_and_confirm(self, proxy, name):
        """The queue's URLs lead through the proxy. The broker has the message; that it has it is said to nobody."""
        _, client = self.serve(name)
        until(lambda: client.publish(b"first"), CONFIRMED, self.patience)
        proxy.cut_at_next_answer()
        self.assertIn(client.publish(b"once"), (CONFIRMED, MAYBE))
        self.assertTrue(proxy.was_cut.wait(self.patience))
        until(lambda: client.publish(b"after"), CONFIRMED, self.patience)
        came = self.drain(client, [b"first", b"once", b"after"])
        self.assertEqual(came.count(b"once"), 1, came)

    def run_example(self, *urls):
        program = os.path.join(os.environ["FRESHET_BUILD_DIR"], "examples/article")
        folder = self.enterContext(tempfile.TemporaryDirectory())
        run = lambda: subprocess.run([program, *urls], cwd=folder, capture_output=True, text=True, timeout=self.patience)   # noqa: E731
        done = run()
        for _ in range(3):      # it gives a broker 300 ms to confirm and 10 s until the result, whatever the machine
            if "did not answer in time" not in done.stderr and "no result in time" not in done.stdout:
                break
            done = run()
        self.assertEqual((done.returncode, done.stdout), (0, "value\nHello World, received\n"), done.stderr)


class BrokerCases(BrokerTest):
    """`broker` has kill(), restart(), stop_process(), continue_process()."""
    in_order = False    # also what has no key, or another one

    def test_what_is_published_is_worked_off(self):
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/usr/bin/tr", "a-z", "A-Z"] }\ninto = "main"\nkey = "result:{id}"\n'
        _, client = self.serve("worked-off", flow)
        until(lambda: client.publish(b"hello", b"task:thumbs#1"), CONFIRMED, self.patience)
        until(lambda: client.get(b"result:1"), b"HELLO", self.patience)

    def test_the_example_runs_on_real_servers_by_url_alone(self):
        with servers.memcached_of_the_system() as memcached:
            self.run_example(f"memcached://127.0.0.1:{memcached.port}", self.url("article"))

    def test_absent_at_start_is_said_and_ends(self):
        self.broker.shut_down()
        try:
            server, client = self.serve("absent")
            self.assertEqual(client.publish(b"a"), UNREACHABLE)
            self.assertEqual(client.ask(b"get task:thumbs\r\n"), UNREACHABLE)
            self.assertEqual(client.ask(b"set k 0 0 1\r\nx\r\n"), b"STORED\r\n")
            self.assertEqual(client.get(b"k"), b"x")
        finally:
            self.broker.start()
        until(lambda: client.publish(b"b"), CONFIRMED, self.patience)
        self.assertEqual(self.drain(client, [b"b"]), [b"b"])
        self.assertEqual(server.output().count("connecting again"), server.output().count("queue thumbs") - 1, server.output())

    def test_what_is_published_right_after_the_start_waits_for_the_first_connection(self):
        _, client = self.serve("early")
        self.assertEqual(client.publish(b"a"), CONFIRMED)
        self.assertEqual(self.drain(client, [b"a"]), [b"a"])

    def test_add_needs_a_journal(self):
        _, client = self.serve("add")
        self.ready(client)
        self.assertEqual(client.ask(b"add task:thumbs#7 0 0 1\r\nx\r\n"), b"SERVER_ERROR add needs a journal queue, not_done\r\n")

    def test_killed_under_load_loses_nothing_confirmed(self):
        server, client = self.serve("killed", more=IN_TIME)
        self.ready(client)
        with self.under_load(server) as confirmed:
            self.more(confirmed)
            self.broker.kill()
            until(lambda: client.publish(b"while it is away"), UNREACHABLE, self.patience)
            self.broker.restart()
            self.more(confirmed)
        self.drain(client, confirmed)

    def test_killed_while_tasks_are_worked_off_loses_no_result(self):
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/usr/bin/tr", "a-z", "A-Z"] }\ninto = "main"\nkey = "result:{id}"\n'
        server, client = self.serve("flow", flow + "concurrency = 4\n")
        until(lambda: client.publish(b"first"), CONFIRMED, self.patience)
        tasks = [b"t%d" % number for number in range(200)]
        for task in tasks[:100]:
            self.assertEqual(client.publish(task, b"task:thumbs#" + task), CONFIRMED)
        self.broker.kill()
        self.broker.restart()
        for task in tasks[100:]:
            until(lambda: client.publish(task, b"task:thumbs#" + task), CONFIRMED, self.patience)
        for task in tasks:
            until(lambda: client.get(b"result:" + task), task.upper(), self.patience)

    def test_hung_holds_nobody_past_the_deadline(self):
        server, client = self.serve("hung", more=IN_TIME + 'ack_timeout = "10m"\n')
        self.open_one(client)
        self.broker.stop_process()
        try:
            self.assertEqual(client.publish(b"a"), MAYBE)
            self.assertEqual(client.ask(b"set k 0 0 1\r\nx\r\n"), b"STORED\r\n")
            for key in (b"task:thumbs", b"task:thumbs/t=1", b"task:thumbs/open/t=1"):
                self.assertEqual(client.ask(b"get %s\r\n" % key), LATE)
            self.assertIsNone(client.get(b"task:thumbs/close"))
        finally:
            self.broker.continue_process()
        until(lambda: client.publish(b"b"), CONFIRMED, self.patience)
        self.assertNotIn(b"open", self.drain(client, [b"a", b"b"]))

    def test_killed_while_a_message_is_open_hands_it_out_no_second_time(self):
        server, client = self.serve("open", more=IN_TIME + 'ack_timeout = "10m"\n')
        self.open_one(client)
        self.broker.kill()
        until(lambda: client.publish(b"while it is away"), UNREACHABLE, self.patience)
        for key in (b"task:thumbs/t=1", b"task:thumbs/open/t=1"):
            self.assertEqual(client.ask(b"get %s\r\n" % key), UNREACHABLE)
        self.broker.restart()
        until(lambda: client.publish(b"after"), CONFIRMED, self.patience)
        self.assertNotIn(b"open", self.drain(client, [b"after"]))
        self.assertIsNone(client.get(b"task:thumbs/close"))
        self.publish(client, b"last")
        self.assertNotIn(b"open", self.drain(client, [b"last"]))

    def test_more_than_the_window_comes_whole(self):
        _, client = self.serve("window", more="prefetch = 20\n")
        self.ready(client)
        bodies = [b"w%d" % number for number in range(200)]
        for body in bodies:
            self.assertEqual(client.publish(body), CONFIRMED)
        self.drain(client, bodies)

    def test_what_nobody_asks_for_goes_to_another_process(self):
        _, one = self.serve("idle", more='idle = "1s"\n')
        self.ready(one)
        bodies = [b"i%d " % number + b"x" * 80_000 for number in range(60)]      # more than is read ahead
        for body in bodies:
            self.assertEqual(one.publish(body), CONFIRMED)
        taken = []      # any of them: without a key there is no order among partitions
        until(lambda: taken.append(self.take(one)) or taken[-1] is not None, True, self.patience)     # the others have come, too
        _, two = self.serve("idle", more='idle = "1s"\n')
        self.drain(two, [body for body in bodies if body not in taken])
        self.assertEqual(one.publish(b"again"), CONFIRMED)
        self.assertEqual(self.drain(one, [b"again"]), [b"again"])

    def test_a_crash_of_freshet_redelivers_what_was_open(self):
        server, client = self.serve("crash")
        self.ready(client)
        for body in (b"a", b"b", b"c"):
            self.assertEqual(client.publish(body), CONFIRMED)
        opened = []
        until(lambda: opened.append(client.get(b"task:thumbs/open")) or opened[-1] is not None, True, self.patience)
        self.assertIn(opened[-1], (b"a", b"b", b"c"))      # on Kafka there is no order without a key
        server.process.kill()
        server.process.wait()
        _, again = self.serve("crash")
        self.drain(again, [b"a", b"b", b"c"])

    def test_a_pause_and_attempts_outlive_a_crash_of_freshet(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        log = os.path.join(folder, "attempts")
        more = f'later = "journal:{folder}/later.db"\nallow_tmpfs = true\nmax_attempts = 4\nbackoff = "500ms..500ms"\n'
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/bin/sh", "-c", "echo $FRESHET_ATTEMPT >> %s; exit 1"] }\n' % log

        def attempts():
            with open(log, "a+") as file:
                file.seek(0)
                return file.read().split()

        server, client = self.serve("pause", flow, more)
        until(lambda: client.publish(b"never"), CONFIRMED, self.patience)
        until(lambda: "2" in attempts(), True, self.patience)
        server.process.kill()
        server.process.wait()
        before = len(attempts())
        self.serve("pause", flow, more)
        until(lambda: attempts()[-1:], ["4"], self.patience)
        self.assertNotIn("1", attempts()[before:])

    def outbox(self, more=""):
        """In a folder that outlives the server. Returns the queue's options."""
        folder = self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp"))
        return f'outbox = "journal:{folder}/outbox.db"\nallow_tmpfs = true\n{more}'

    def figure(self, client, name):
        client.socket.sendall(b"stats queues\r\n")
        lines = iter(client.input.readline, b"END\r\n")
        found = dict(line.split()[1:] for line in lines)
        return int(found.get(b"thumbs:" + name, b"-1"))

    def test_an_outbox_takes_what_is_published_while_the_broker_is_away_and_sends_it_in_order(self):
        more = self.outbox()
        server, client = self.serve("outbox", more=more)
        self.ready(client)
        self.broker.kill()
        bodies = [b"o%d" % number for number in range(3_000)]      # more than is in hand at a time
        for body in bodies[:1_500]:
            self.assertEqual(client.publish(body, b"task:thumbs#" + body), CONFIRMED)
        self.assertEqual(self.figure(client, b"outbox"), 1_500)
        server.process.kill()
        server.process.wait()
        server, client = self.serve("outbox", more=more)
        for body in bodies[1_500:]:
            self.assertEqual(client.publish(body, b"task:thumbs#" + body), CONFIRMED)
        self.assertEqual(self.figure(client, b"outbox"), 3_000)
        self.assertGreaterEqual(self.figure(client, b"outbox_oldest"), 0)
        self.broker.restart()
        came = self.drain(client, bodies)
        until(lambda: self.figure(client, b"outbox"), 0, self.patience)
        self.assertEqual(self.figure(client, b"outbox_oldest"), -1)
        self.assertGreater(server.output().count("queue thumbs: takes messages again"), 0, server.output())
        if self.in_order:
            first = [body for body in dict.fromkeys(came) if body in bodies]
            self.assertEqual(first, bodies)

    def test_an_outbox_that_is_full_refuses_by_name(self):
        self.broker.shut_down()
        try:
            server, client = self.serve("full-outbox", more=self.outbox("length_max = 3\n"))
            for _ in range(3):
                self.assertEqual(client.publish(b"a"), CONFIRMED)
            self.assertEqual(client.publish(b"b"), b"SERVER_ERROR queue thumbs/outbox is full (length_max), not_done\r\n")
        finally:
            self.broker.start()
        self.drain(client, [b"a"])
        until(lambda: client.publish(b"b"), CONFIRMED, self.patience)

    def test_an_outbox_under_load_loses_nothing_when_both_are_killed(self):
        more = self.outbox()
        server, client = self.serve("both", more=more)
        self.ready(client)
        with self.under_load(server) as confirmed:
            self.more(confirmed)
            self.broker.kill()
            self.more(confirmed)
            self.broker.restart()
            self.more(confirmed)
        server.process.kill()
        server.process.wait()
        _, again = self.serve("both", more=more)
        self.drain(again, confirmed)
