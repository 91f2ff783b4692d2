"""A queue on a real RabbitMQ that fails, and other programs at the same queue."""
import contextlib
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import pika
except ImportError:     # another Python than Debian's; it is pure Python
    sys.path.append("/usr/lib/python3/dist-packages")
    import pika

from broker_cases import CONFIRMED, IN_TIME, LATE, MAYBE, UNREACHABLE, BrokerCases, BrokerTest, until
from cutting_proxy import CuttingProxy
from rabbitmq import RabbitMQ

MESSAGE_BYTES_MAX = 500_000
TOO_LARGE = b"SERVER_ERROR queue thumbs takes no message as large as that"
BUSY = b"SERVER_ERROR queue thumbs is busy, not_done\r\n"


class RabbitMQQueue(BrokerCases, unittest.TestCase):
    in_order = True

    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(RabbitMQ(config=f"max_message_size = {MESSAGE_BYTES_MAX}"))

    def url(self, name, declare="create"):
        return f"{self.broker.url}?queue={name}&declare={declare}"

    def pika(self):
        connection = pika.BlockingConnection(pika.URLParameters(self.broker.url))
        self.addCleanup(connection.close)
        return connection.channel()

    def test_other_programs_publish_and_freshet_works_off(self):
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/usr/bin/tr", "a-z", "A-Z"] }\ninto = "main"\nkey = "result:{id}"\n'
        _, client = self.serve("others", flow)
        until(lambda: client.publish(b"x"), CONFIRMED, self.patience)
        self.pika().basic_publish("", "others", b"by pika", pika.BasicProperties(message_id="p1", headers={"n": 7}))
        until(lambda: client.get(b"result:p1"), b"BY PIKA", self.patience)
        # it gives no message id: who works it off sees the body
        subprocess.run(["amqp-publish", "--url", self.broker.url, "-r", "others", "-p", "-b", "by amqp-publish"], check=True)

    def test_other_programs_receive_what_freshet_publishes(self):
        _, client = self.serve("theirs")
        until(lambda: client.ask(b"set task:thumbs#t1 9 0 4\r\nbody\r\n"), CONFIRMED, self.patience)
        method, properties, body = self.pika().basic_get("theirs", auto_ack=True)
        self.assertEqual(body, b"body")
        self.assertEqual((properties.message_id, properties.delivery_mode), ("t1", 2))
        self.assertEqual(properties.headers["freshet-flags"], 9)
        self.assertEqual(properties.headers["cloudEvents_specversion"], "1.0")
        self.assertEqual(properties.headers["cloudEvents_id"], "t1")
        self.assertIsNotNone(properties.timestamp)
        self.assertEqual(client.publish(b"once more"), CONFIRMED)
        taken = subprocess.run(["amqp-consume", "--url", self.broker.url, "-q", "theirs", "-c", "1", "cat"], check=True,
                               capture_output=True, timeout=self.patience)
        self.assertEqual(taken.stdout, b"once more")

    def ready_on_the_broker(self, channel, name):
        return channel.queue_declare(name, passive=True).method.message_count

    def test_slow_tasks_are_left_to_who_is_free(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        held = os.path.join(folder, "held")
        Path(held).touch()
        work = f"mktemp {folder}/begun.XXXXXX; while [ -e {held} ]; do sleep 0.01; done"
        flow = f'[[flow]]\nfrom = "thumbs"\nconcurrency = 1\ncall = {{ exec = ["/bin/sh", "-c", "{work}"] }}\ninto = "main"\nkey = "result:{{id}}"\n'
        tasks = [b"s%d" % number for number in range(8)]
        _, one = self.serve("slow", flow)
        for task in tasks:
            until(lambda: one.publish(b"x", b"task:thumbs#" + task), CONFIRMED, self.patience)
        begun = lambda: len([name for name in os.listdir(folder) if name.startswith("begun")])      # noqa: E731
        until(begun, 1, self.patience)
        channel = self.pika()
        until(lambda: self.ready_on_the_broker(channel, "slow"), 7, self.patience)
        _, two = self.serve("slow", flow)
        until(begun, 2, self.patience)
        until(lambda: self.ready_on_the_broker(channel, "slow"), 6, self.patience)
        os.unlink(held)
        for task in tasks:
            until(lambda: one.get(b"result:" + task) is not None or two.get(b"result:" + task) is not None, True, self.patience)

    def test_what_a_burst_has_taken_goes_to_who_is_free(self):
        _, one = self.serve("burst")
        self.ready(one)
        bodies = [b"b%d" % number for number in range(800)]
        for body in bodies:
            self.assertEqual(one.publish(body), CONFIRMED)
        taken = []
        channel = self.pika()
        while self.ready_on_the_broker(channel, "burst") > 300:
            taken += filter(None, [self.take(one) for _ in range(50)])
        opened = []
        until(lambda: opened.append(one.get(b"task:thumbs/open")) or opened[-1] is not None, True, self.patience)
        _, two = self.serve("burst")
        left = set(bodies) - {*taken, *opened}

        def all_but_one():      # which the first may have taken ahead
            left.discard(self.take(two))
            return len(left) <= 1
        until(all_but_one, True, self.patience)
        self.assertIsNone(one.get(b"task:thumbs/close"))
        self.drain(one, left)

    def test_dead_letters_are_in_a_queue_of_their_own(self):
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/bin/false"] }\n'
        _, client = self.serve("failing", flow, 'max_attempts = 2\nbackoff = "10ms..10ms"\n')
        until(lambda: client.publish(b"hopeless", b"task:thumbs#h1"), CONFIRMED, self.patience)
        channel = self.pika()
        letters = []

        def dead():
            method, properties, body = channel.basic_get("failing.dead", auto_ack=True)
            if method is not None:
                letters.append((properties, body))
            return bool(letters)
        until(dead, True, self.patience)
        properties, body = letters[0]
        self.assertEqual((body, properties.message_id, properties.headers["freshet-attempt"]), (b"hopeless", "h1", 2))
        self.assertIn("1", properties.headers["freshet-reason"])

    def publish_richly(self, channel, name):
        """Returns the properties, which say more than a message of Freshet has places for."""
        rich = pika.BasicProperties(content_type="text/plain", content_encoding="gzip", priority=7, correlation_id="c-1", reply_to="answers",
                                    expiration="3600000", message_id="theirs", timestamp=1_700_000_000, type="order", user_id="guest",
                                    app_id="shop", headers={"zero": 0, "nothing": None, "text": "t", "nested": {"a": [1, None, {"b": True}]}})
        channel.basic_publish("", name, b"hopeless", rich)
        return rich

    def dead_letter(self, channel, name):
        letters = []

        def dead():
            method, properties, body = channel.basic_get(name + ".dead", auto_ack=True)
            if method is not None:
                letters.append((properties, body))
            return bool(letters)
        until(dead, True, self.patience)
        return letters[0]

    def assert_as_it_came(self, properties, rich):
        for name in ("content_type", "content_encoding", "priority", "correlation_id", "reply_to", "message_id", "timestamp", "type",
                     "user_id", "app_id"):
            self.assertEqual(getattr(properties, name), getattr(rich, name), name)
        for name, value in rich.headers.items():
            self.assertIn(name, properties.headers)
            self.assertEqual((type(properties.headers[name]), properties.headers[name]), (type(value), value))
        added = {"freshet-serial", "freshet-attempt", "freshet-queue", "freshet-reason", "freshet-died", "freshet-expiration"}
        self.assertEqual(set(properties.headers) - set(rich.headers), added)
        self.assertEqual((properties.expiration, properties.headers["freshet-expiration"]), (None, rich.expiration))

    def test_a_dead_letter_is_what_another_program_published_as_it_came(self):
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/bin/false"] }\n'
        _, client = self.serve("rich", flow, "max_attempts = 1\n")
        until(lambda: client.publish(b"x"), CONFIRMED, self.patience)
        channel = self.pika()
        self.assertEqual(self.dead_letter(channel, "rich")[1], b"x")
        rich = self.publish_richly(channel, "rich")
        properties, body = self.dead_letter(channel, "rich")
        self.assertEqual(body, b"hopeless")
        self.assert_as_it_came(properties, rich)

    def test_what_waited_in_a_journal_is_what_another_program_published_as_it_came(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/bin/false"] }\n'
        more = f'later = "journal:{folder}/later.db"\nallow_tmpfs = true\nmax_attempts = 3\nbackoff = "20ms..20ms"\n'
        _, client = self.serve("rich-later", flow, more)
        until(lambda: client.publish(b"x"), CONFIRMED, self.patience)
        channel = self.pika()
        self.assertEqual(self.dead_letter(channel, "rich-later")[1], b"x")
        rich = self.publish_richly(channel, "rich-later")
        properties, _ = self.dead_letter(channel, "rich-later")
        self.assertEqual(properties.headers["freshet-attempt"], 3)
        self.assert_as_it_came(properties, rich)

    def test_a_dead_letter_goes_nowhere_but_to_the_dead_letters(self):
        """The broker takes a message to the queues that its header CC names, and refuses what is published in another's name."""
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/bin/false"] }\n'
        self.broker.ctl("add_user", "somebody", "secret")
        self.broker.ctl("set_permissions", "somebody", ".*", ".*", ".*")
        _, client = self.serve("copied", flow, "max_attempts = 1\n")
        until(lambda: client.publish(b"x"), CONFIRMED, self.patience)
        channel = self.pika()
        channel.queue_declare("copies", durable=True)
        connection = pika.BlockingConnection(pika.URLParameters(self.broker.url.replace("guest:guest", "somebody:secret")))
        self.addCleanup(connection.close)
        connection.channel().basic_publish("", "copied", b"y", pika.BasicProperties(user_id="somebody", headers={"CC": ["copies"]}))
        until(lambda: self.dead_letter(channel, "copied")[1], b"y", self.patience)
        self.assertEqual(channel.queue_declare("copies", durable=True, passive=True).method.message_count, 1)

    def test_a_dead_letter_keeps_headers_as_large_as_a_frame_and_larger_ones_stop_nobody(self):
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/bin/sh", "-c", "read line; test $line = good"] }\n'
        server, client = self.serve("wide", flow, 'max_attempts = 1\nbackoff = "10ms..10ms"\n')
        until(lambda: client.publish(b"good"), CONFIRMED, self.patience)
        channel = self.pika()
        # the second fill a frame of 131,072 bytes but for 100: what a dead letter says beside them has no room
        for body, headers in ((b"wide", {f"h{n}": "x" * 10_000 for n in range(7)}),
                              (b"wider", {**{f"h{n}": "x" * 10_000 for n in range(12)}, "filling": "x" * 10_800})):
            channel.basic_publish("", "wide", body, pika.BasicProperties(headers=headers))
        letters = []

        def dead():
            method, properties, body = channel.basic_get("wide.dead", auto_ack=True)
            if method is not None:
                letters.append((len(properties.headers["h6"]), body))
            return bool(letters)
        until(dead, True, self.patience)
        self.assertEqual(letters, [(10_000, b"wide")])
        until(lambda: "takes no dead letter as large as that" in server.output(), True, self.patience)
        self.assertEqual(client.publish(b"bad"), CONFIRMED)
        until(lambda: channel.basic_get("wide.dead", auto_ack=True)[2], b"bad", self.patience)

    def test_a_message_over_the_broker_s_limit_is_refused_and_no_other(self):
        server, client = self.serve("limit", more='confirm_within = "60s"\n')
        self.ready(client)
        others = [self.client(server) for _ in range(8)]
        large = b"x" * (MESSAGE_BYTES_MAX + 1)
        for n, other in enumerate(others):
            other.socket.sendall(b"".join(b"set task:thumbs 0 0 6\r\n%d-%04d\r\n" % (n, i) for i in range(100)))
        answer = client.publish(large)
        self.assertTrue(answer.startswith(TOO_LARGE), answer)
        for other in others:
            for _ in range(100):
                self.assertEqual(other.input.readline(), CONFIRMED)
        self.assertEqual(client.publish(large), TOO_LARGE + b", not_done\r\n")      # it is known now

    def test_a_broker_without_memory_or_disk_is_busy(self):
        server, client = self.serve("alarm", more=IN_TIME)
        self.ready(client)
        for limit, none, enough, words in (("set_vm_memory_high_watermark", "0.0001", "0.4", "low on memory"),
                                           ("set_disk_free_limit", "900000GB", "50MB", "low on disk")):
            self.broker.ctl(limit, none)
            try:
                until(lambda: client.publish(b"x"), BUSY, self.patience)
                self.assertEqual(client.ask(b"set k 0 0 1\r\nx\r\n"), b"STORED\r\n")
                self.assertIn(words, server.output())
            finally:
                self.broker.ctl(limit, enough)
            until(lambda: client.publish(b"y"), CONFIRMED, self.patience)

    @contextlib.contextmanager
    def blocked(self, client):
        """A memory alarm of the broker, which the queue knows of. Yields what was told to those who published until it knew."""
        self.broker.ctl("set_vm_memory_high_watermark", "0.0001")
        try:
            told = []
            while not told or told[-1] != BUSY:
                told.append(client.publish(b"between"))
            yield told
        finally:
            self.broker.ctl("set_vm_memory_high_watermark", "0.4")

    def kept(self, name):
        """How many messages the broker keeps, those that were handed out among them."""
        return dict(line.split() for line in self.broker.ctl("list_queues", "--no-table-headers", "name", "messages").splitlines())[name]

    def test_while_the_broker_blocks_what_is_here_can_be_had_and_what_is_there_is_waited_for(self):
        server, client = self.serve("blocked", more=IN_TIME)
        self.open_one(client)
        here = self.publish(client, b"here")
        with self.blocked(client) as told:
            self.assertLessEqual(set(told), {CONFIRMED, MAYBE, BUSY})
            for body in here * [b"here"] + told.count(CONFIRMED) * [b"between"]:
                until(lambda: self.take(client), body, self.patience)
            for key in (b"task:thumbs", b"task:thumbs/t=1", b"task:thumbs/open/t=1"):      # behind what went out before
                self.assertEqual(client.ask(b"get %s\r\n" % key), LATE if MAYBE in told else b"END\r\n")
            self.assertEqual(client.ask(b"get task:thumbs/close\r\n"), b"END\r\n")
            until(lambda: self.kept("blocked"), "0", self.patience)
            waiting = self.client(server)
            waiting.socket.sendall(b"get task:thumbs/t=60000\r\n")
        if MAYBE in told:   # it went out before the broker said that it takes none
            self.assertEqual(waiting.input.readline(), b"VALUE task:thumbs/t=60000 0 7\r\n")
        self.publish(client, b"after")
        self.drain(client, [b"after"] if MAYBE in told else [])
        until(lambda: self.take(client) or self.kept("blocked"), "0", self.patience)

    def test_calls_that_end_while_the_broker_blocks_have_their_results_and_are_acknowledged_at_once(self):
        go = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "go")
        os.mkfifo(go)
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/bin/sh", "-c", "if [ $FRESHET_ID = c1 ]; then exec cat %s; fi"] }\n' \
            'into = "main"\nkey = "result:{id}"\n' % go
        _, client = self.serve("called", flow, IN_TIME)
        self.publish(client, b"x")
        self.assertEqual(client.publish(b"x", b"task:thumbs#c1"), CONFIRMED)
        for number in range(2, 30):
            until(lambda: client.publish(b"x", b"task:thumbs#c%d" % number), CONFIRMED, self.patience)
        with open(go, "w") as call:     # there is somebody who reads: it runs
            with self.blocked(client):
                call.write("done")
                call.close()
                until(lambda: client.get(b"result:c1"), b"done", self.patience)
                until(lambda: self.kept("called"), "0", self.patience)

    def test_a_connection_without_confirms_is_replaced(self):
        proxy = CuttingProxy(self.broker.port)
        self.addCleanup(proxy.close)
        url = self.url
        self.url = lambda name, declare: url(name, declare).replace(f":{self.broker.port}/", f":{proxy.port}/")
        server, client = self.serve("mute", more='confirm_within = "300ms"\npublish_timeout = "1s"\n')
        self.ready(client)
        proxy.mute_who_says(b"unheard")
        self.assertEqual(client.publish(b"unheard"), MAYBE)
        until(lambda: "it has not confirmed for 1000 ms what was published" in server.output(), True, self.patience)
        self.publish(client, b"heard")
        self.assertEqual(self.drain(client, [b"unheard", b"heard"]).count(b"unheard"), 1)

    def test_a_copy_that_another_program_makes_of_a_message_is_a_message(self):
        _, client = self.serve("copies-of", more='ack_timeout = "10m"\n')
        until(lambda: client.publish(b"original"), CONFIRMED, self.patience)
        channel = self.pika()
        method, properties, body = channel.basic_get("copies-of")
        for copy in (body, body, b"changed"):
            channel.basic_publish("", "copies-of", copy, properties)
        channel.basic_nack(method.delivery_tag, requeue=True)
        until(lambda: self.ready_on_the_broker(channel, "copies-of"), 4, self.patience)
        came = [client.get(b"task:thumbs/open")]
        until(lambda: came.append(client.get(b"task:thumbs/close/open")) or came[-1], None, self.patience)
        self.assertEqual(sorted(came[:-1]), [b"changed", b"original", b"original", b"original"])
        until(lambda: self.kept("copies-of"), "0", self.patience)

    def test_credentials_that_are_revoked_are_said_and_may_come_back(self):
        self.broker.ctl("add_user", "app", "first")
        self.broker.ctl("set_permissions", "app", ".*", ".*", ".*")
        url = self.url
        self.url = lambda name, declare: url(name, declare).replace("guest:guest", "app:first")
        server, client = self.serve("revoked", more=IN_TIME)
        self.ready(client)
        self.broker.ctl("change_password", "app", "second")
        self.broker.ctl("close_all_connections", "revoked")
        until(lambda: "ACCESS_REFUSED" in server.output(), True, self.patience)
        until(lambda: client.publish(b"x"), UNREACHABLE, self.patience)     # the connection that publishes is closed, too
        self.assertEqual(client.ask(b"set k 0 0 1\r\nx\r\n"), b"STORED\r\n")
        self.broker.ctl("change_password", "app", "first")
        until(lambda: client.publish(b"y"), CONFIRMED, self.patience)
        self.drain(client, [b"y"])

    def test_cut_between_publish_and_confirm_comes_once(self):
        proxy = CuttingProxy(self.broker.port)
        self.addCleanup(proxy.close)
        url = self.url
        self.url = lambda name, declare: url(name, declare).replace(f":{self.broker.port}/", f":{proxy.port}/")
        self.cut_between_publish_and_confirm(proxy, "cut")

    def test_a_queue_that_is_deleted_is_said_and_made_again(self):
        server, client = self.serve("deleted")
        self.ready(client)
        self.pika().queue_delete("deleted")
        until(lambda: "as it does when the queue is deleted" in server.output(), True, self.patience)
        until(lambda: client.publish(b"x"), CONFIRMED, self.patience)
        self.drain(client, [b"x"])

    def test_what_is_wrong_is_said_in_words(self):
        for url, words in ((f"amqp://guest:wrong@127.0.0.1:{self.broker.port}/%2F?queue=q", "ACCESS_REFUSED"),
                           (f"{self.broker.url}?queue=nobody-made-it", "NOT_FOUND - no queue 'nobody-made-it'"),
                           (f"amqp://guest:guest@127.0.0.1:{self.broker.port}/nowhere?queue=q", "nowhere")):
            self.url = lambda name, declare, url=url: url
            server, client = self.serve("any")
            until(lambda: words in server.output(), True, self.patience)
            self.assertEqual(client.publish(b"x"), b"SERVER_ERROR queue thumbs is unreachable, not_done\r\n")
            self.assertNotIn("wrong@", server.output())

    def test_a_queue_with_other_arguments_is_said_in_words(self):
        self.pika().queue_declare("other-arguments", durable=True, arguments={"x-max-priority": 3})
        server, client = self.serve("other-arguments")
        until(lambda: "PRECONDITION_FAILED - inequivalent arg" in server.output(), True, self.patience)

    def test_a_full_queue_refuses(self):
        _, client = self.serve("full", more="length_max = 3\n")
        until(lambda: client.publish(b"x"), CONFIRMED, self.patience)
        until(lambda: client.publish(b"x"), b"SERVER_ERROR queue thumbs is full (length_max), not_done\r\n", self.patience)

    def test_quorum_queues_work_too(self):
        _, client = self.serve("quorum", more='queue_type = "quorum"\n')
        self.ready(client)
        for body in (b"a", b"b"):
            self.assertEqual(client.publish(body), CONFIRMED)
        self.assertEqual(self.drain(client, [b"a", b"b"]), [b"a", b"b"])

    def test_a_quorum_queue_keeps_its_order_while_it_goes_faster(self):
        """Each larger window is another subscription."""
        _, client = self.serve("faster", more='queue_type = "quorum"\n')
        self.ready(client)
        channel = self.pika()
        channel.confirm_delivery()
        bodies = [b"f%d" % number for number in range(2_000)]
        for body in bodies:
            channel.basic_publish("", "faster", body)
        self.assertEqual(self.drain(client, bodies), bodies)

    def test_a_fanout_exchange_reaches_every_queue(self):
        _, one = self.serve("fan-one", more='exchange = "fan"\n')
        self.ready(one)
        _, two = self.serve("fan-two", more='exchange = "fan"\n')
        until(lambda: two.publish(b"to all"), CONFIRMED, self.patience)
        self.drain(one, [b"to all"])
        self.drain(two, [b"to all"])


class RabbitMQOfThree(BrokerTest, unittest.TestCase):
    """A quorum queue has a leader and two that follow it."""

    @classmethod
    def setUpClass(cls):
        first = cls.enterClassContext(RabbitMQ())
        cls.brokers = [first, *(cls.enterClassContext(RabbitMQ(peer=first)) for _ in range(2))]

    def url(self, name, declare="create"):
        return [f"{broker.url}?queue={name}&declare={declare}" for broker in self.brokers]

    def test_a_machine_that_is_gone_loses_nothing_confirmed(self):
        server, client = self.serve("of-three", more=IN_TIME + 'queue_type = "quorum"\n')
        self.ready(client)
        with self.under_load(server) as confirmed:
            self.more(confirmed)
            leader = self.brokers[0]    # who connects there first makes the queue there
            leader.kill()
            self.more(confirmed)
            self.assertEqual(client.ask(b"set k 0 0 1\r\nx\r\n"), b"STORED\r\n")
            leader.start()
            self.more(confirmed)
        self.drain(client, confirmed)


class RabbitMQOverTLS(BrokerTest, unittest.TestCase):
    def test_certificates_and_names_are_checked(self):
        broker = self.enterContext(RabbitMQ(tls=True, verify_peer=True))
        files = broker.certificates
        right = f'ca_file = "{files.ca}"\ncertificate_file = "{files.client}"\nkey_file = "{files.client_key}"\n'
        for more, words in ((right, None),
                            (right.replace(files.ca, files.other_ca), "certificate verify failed"),
                            (f'ca_file = "{files.ca}"\n', "")):
            self.url = lambda name, declare: f"{broker.tls_url}?queue=secret&declare=create"
            server, client = self.serve("secret", more=more)
            if words is None:
                until(lambda: client.publish(b"x"), CONFIRMED)
            else:
                until(lambda: "connecting again" in server.output() and words in server.output(), True)
                self.assertEqual(client.publish(b"x"), UNREACHABLE)


if __name__ == "__main__":
    unittest.main()
