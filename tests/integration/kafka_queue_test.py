"""A queue on a real Kafka that fails, and other programs at the same topic."""
import subprocess
import unittest

from broker_cases import CONFIRMED, IN_TIME, UNREACHABLE, BrokerCases, BrokerTest, until
from cutting_proxy import CuttingProxy
from kafka import PASSWORD, USER, Kafka


class KafkaQueue(BrokerCases, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Kafka(config="num.partitions=3\nmessage.max.bytes=100000"))

    def url(self, name, declare="create"):
        return f"kafka://{self.broker.address}?topic={name}&declare={declare}"

    def kcat(self, *arguments, stdin=None):
        return subprocess.run(["kcat", "-b", self.broker.address, *arguments], input=stdin, check=True, capture_output=True,
                              timeout=self.patience).stdout

    def test_other_programs_publish_and_freshet_works_off(self):
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/usr/bin/tr", "a-z", "A-Z"] }\ninto = "main"\nkey = "result:{id}"\n'
        _, client = self.serve("others", flow)
        until(lambda: client.publish(b"x"), CONFIRMED, self.patience)
        self.kcat("-P", "-t", "others", "-k", "k", "-H", "ce_id=k1", stdin=b"by kcat")
        until(lambda: client.get(b"result:k1"), b"BY KCAT", self.patience)

    def test_other_programs_receive_what_freshet_publishes(self):
        _, client = self.serve("theirs")
        until(lambda: client.ask(b"set task:thumbs#t1 9 0 4\r\nbody\r\n"), CONFIRMED, self.patience)
        told = self.kcat("-C", "-t", "theirs", "-o", "beginning", "-e", "-f", "%k|%s|%h|%T\n").decode()
        key, body, headers, time = told.strip().split("|")
        self.assertEqual((key, body), ("t1", "body"))
        headers = dict(pair.split("=", 1) for pair in headers.split(","))
        self.assertEqual((headers["ce_id"], headers["ce_specversion"], headers["freshet-flags"]), ("t1", "1.0", "9"))
        self.assertGreater(int(time), 0)

    def test_dead_letters_are_in_a_topic_of_their_own(self):
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/bin/false"] }\n'
        _, client = self.serve("failing", flow, 'max_attempts = 2\nbackoff = "10ms..10ms"\n')
        until(lambda: client.publish(b"hopeless", b"task:thumbs#h1"), CONFIRMED, self.patience)
        read = lambda: self.kcat("-C", "-t", "failing.dead", "-o", "beginning", "-e", "-f", "%k|%s|%h\n").decode()
        until(lambda: read() != "", True, self.patience)
        self.assertRegex(read(), r"^h1\|hopeless\|.*freshet-attempt=2,.*freshet-reason=.*1")

    def test_a_dead_letter_is_what_another_program_published_as_it_came(self):
        flow = '[[flow]]\nfrom = "thumbs"\ncall = { exec = ["/bin/false"] }\n'
        _, client = self.serve("rich", flow, "max_attempts = 1\n")
        until(lambda: client.publish(b"x", b"task:thumbs#x"), CONFIRMED, self.patience)
        headers = ("-H", "n=7", "-H", "nothing", "-H", "empty=", "-H", "n=8", "-H", "ce_subject=s")
        self.kcat("-P", "-t", "rich", "-K", ":", "-Z", *headers, stdin=b"theirs:\n")     # a tombstone
        # a length of -1: there is no value
        read = lambda topic: self.kcat("-C", "-t", topic, "-o", "beginning", "-e", "-f", "%k|%S|%h\n").decode()
        until(lambda: "theirs" in read("rich.dead"), True, self.patience)
        came, = (line for line in read("rich").splitlines() if line.startswith("theirs"))
        dead, = (line for line in read("rich.dead").splitlines() if line.startswith("theirs"))
        self.assertTrue(came.startswith("theirs|-1|n=7,nothing=NULL,empty=,n=8,ce_subject=s"), came)
        self.assertTrue(dead.startswith(came + ",ce_id="), (came, dead))

    def test_what_is_wrong_is_said_in_words(self):
        server, client = self.serve("nobody-made-it", declare="check")
        until(lambda: "there is no topic nobody-made-it" in server.output(), True, self.patience)
        self.assertEqual(client.publish(b"x"), b"SERVER_ERROR queue thumbs is unreachable, not_done\r\n")

    def test_a_message_over_the_broker_s_limit_fails_alone(self):
        _, client = self.serve("large")
        self.ready(client)
        self.assertEqual(client.publish(b"x" * 200_000), b"SERVER_ERROR queue thumbs takes no message as large as that, not_done\r\n")
        self.assertEqual(client.publish(b"y"), CONFIRMED)

    def test_two_processes_share_the_partitions(self):
        _, one = self.serve("shared")
        self.ready(one)
        tasks = [b"t%d" % number for number in range(300)]
        for task in tasks[:150]:
            self.assertEqual(one.publish(task, b"task:thumbs#" + task), CONFIRMED)
        _, two = self.serve("shared")
        until(lambda: self.take(two) is not None or self.take(one) is not None, True, self.patience)
        for task in tasks[150:]:
            self.assertEqual(one.publish(task, b"task:thumbs#" + task), CONFIRMED)
        came = set()

        def all_came():
            for client in (one, two):
                body = self.take(client)
                if body is not None:
                    came.add(body)
            return len(came) >= 299     # one was taken before
        until(all_came, True, self.patience)

    def test_a_process_that_is_held_back_shares_the_partitions(self):
        """All that the first one may have is open there: it takes nothing, and still hears that a second one has come."""
        few = "prefetch = 2\n"
        _, one = self.serve("held", more=few)
        self.ready(one)
        for number in range(60):
            self.assertEqual(one.publish(b"%d" % number, b"task:thumbs#t%d" % number), CONFIRMED)
        for _ in range(2):
            until(lambda: one.get(b"task:thumbs/open") is not None, True, self.patience)
        _, two = self.serve("held", more=few)
        until(lambda: self.take(two) is not None, True, self.patience)

    def test_rebalances_under_load_keep_the_order_of_a_key(self):
        """A second process comes and is killed while messages of ten keys are published and received."""
        server, one = self.serve("rebalanced")
        self.ready(one)
        keys, each = 10, 60
        places = {key: [] for key in range(keys)}       # where each message came first, by key
        taker = self.client(server)
        takers = [taker]

        def take_some():
            for client in takers:
                body = self.take(client)
                if body is not None and b"-" in body:
                    key, number = map(int, body.split(b"-"))
                    if number not in places[key]:
                        places[key].append(number)

        for number in range(each):
            for key in range(keys):
                until(lambda: one.publish(b"%d-%d" % (key, number), b"task:thumbs#key%d" % key), CONFIRMED, self.patience)
            take_some()
            if number == each // 3:
                second, second_client = self.serve("rebalanced")
                takers.append(second_client)
            if number == 2 * each // 3:
                second.process.kill()
                second.process.wait()
                takers.remove(second_client)

        def all_came():
            take_some()
            return all(len(numbers) == each for numbers in places.values())
        until(all_came, True, self.patience)
        for key, numbers in places.items():
            self.assertEqual(numbers, sorted(numbers), f"key {key}")


class KafkaBehindAProxy(BrokerTest, unittest.TestCase):
    def test_cut_between_publish_and_confirm_comes_once(self):
        proxy = CuttingProxy()
        self.addCleanup(proxy.close)
        broker = self.enterContext(Kafka(config=f"num.partitions=1\nadvertised.listeners=PLAINTEXT://127.0.0.1:{proxy.port}"))
        proxy.target = broker.port
        self.url = lambda name, declare: f"kafka://127.0.0.1:{proxy.port}?topic={name}&declare={declare}"
        self.cut_between_publish_and_confirm(proxy, "cut")


class KafkaOfThree(BrokerTest, unittest.TestCase):
    """Every partition has a leader and two that follow it."""

    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Kafka(brokers=3))

    def url(self, name, declare="check"):
        return [f"kafka://{place}?topic={name}&declare={declare}" for place in self.broker.address.split(",")]

    def test_a_leader_that_is_gone_loses_nothing_confirmed(self):
        for topic in ("led", "led.dead"):
            self.broker.create_topic(topic, partitions=3, min_insync_replicas=2)
        server, client = self.serve("led", more=IN_TIME, declare="check")
        self.ready(client)
        with self.under_load(server) as confirmed:
            self.more(confirmed)
            leader = self.broker.metadata().topics["led"][0].leader
            self.broker.kill(leader)
            self.more(confirmed)
            self.assertEqual(client.ask(b"set k 0 0 1\r\nx\r\n"), b"STORED\r\n")
            self.broker.start(leader)
            self.broker.wait_until_in_sync("led")
            self.more(confirmed)
        self.drain(client, confirmed)


class KafkaWithCredentials(BrokerTest, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = cls.enterClassContext(Kafka(tls=True, verify_peer=True, sasl=True))

    def check(self, port, properties, words):
        """`words`: why there is no connection; none: there is one."""
        self.url = lambda name, declare: f"kafka://127.0.0.1:{port}?topic=secret&declare=create"
        lines = "".join(f'"{name}" = "{value}"\n' for name, value in properties.items())
        server, client = self.serve("secret", more="[queue.thumbs.kafka]\n" + lines)
        if words is None:
            until(lambda: client.publish(b"x"), CONFIRMED, self.patience)
            return
        until(lambda: words in server.output(), True, self.patience)
        self.assertEqual(client.publish(b"x"), UNREACHABLE)
        self.assertNotIn(PASSWORD, server.output())

    def test_a_password_is_checked(self):
        for password, words in ((PASSWORD, None), ("wrong", "Authentication failed")):
            self.check(self.broker.sasl_port, {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
                                               "sasl.username": USER, "sasl.password": password}, words)

    def test_certificates_are_checked(self):
        files = self.broker.certificates
        ours = {"ssl.certificate.location": files.client, "ssl.key.location": files.client_key}
        for ca, words in ((files.ca, None), (files.other_ca, "certificate verify failed")):
            self.check(self.broker.tls_port, {"security.protocol": "SSL", "ssl.ca.location": ca, **ours}, words)


if __name__ == "__main__":
    unittest.main()
