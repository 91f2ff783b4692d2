"""What sites tell one another over: for a test case, a broker that all tests of its class share."""
import datetime
import subprocess
import sys
import time

try:
    import pika
except ImportError:     # another Python than Debian's; it is pure Python
    sys.path.append("/usr/lib/python3/dist-packages")
    import pika

from cutting_proxy import CuttingProxy
from kafka import Kafka
from rabbitmq import RabbitMQ

OUTBOX = 'outbox = "journal:"\n'


class OverRabbitMQ:
    """Each test has an exchange of its own. `link`: a way to the broker that can be cut."""
    remembers_what_was_told = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = cls.enterClassContext(RabbitMQ())
        cls.link = CuttingProxy(cls.broker.port)
        cls.addClassCleanup(cls.link.close)

    def setUp(self):
        super().setUp()
        self.exchange = f"changes-{self._testMethodName}"

    def changes(self, site=None, outbox=False, linked=False):
        """The lines of [queue.changes] of a site; none: each has a queue of the usual name."""
        queue = f'queue = "{self._testMethodName}.{site}"\n' if site else ""
        url = self.broker.url.replace(str(self.broker.port), str(self.link.port)) if linked else self.broker.url
        return (f'url = "{url}"\nexchange = "{self.exchange}"\n{queue}queue_type = "quorum"\n'
                f'declare = "create"\n{OUTBOX if outbox else ""}')

    def listen(self):
        """From now on `told` knows what is told; the exchange is there."""
        self._listener = f"{self._testMethodName}.listener"
        with pika.BlockingConnection(pika.URLParameters(self.broker.url)) as connection:
            channel = connection.channel()
            channel.queue_declare(self._listener, durable=True)
            channel.queue_bind(self._listener, self.exchange)

    def told(self):
        """Every value."""
        return set(self._take(self._listener))

    def told_messages(self):
        """Key, value and what a CloudEvent says of itself, without the broker's way to say it."""
        for properties, body in self._take_whole(self._listener):
            headers = {name.removeprefix("cloudEvents_"): str(value) for name, value in properties.headers.items()}
            yield headers.pop("partitionkey"), body, headers

    def read_by_command(self):
        """The first value, as a command line has it."""
        return subprocess.run(["amqp-consume", "--url", self.broker.url, "-q", self._listener, "-c", "1", "cat"], check=True,
                              stdout=subprocess.PIPE).stdout

    def dead_letters(self, site):
        return self._take(f"{self._testMethodName}.{site}.dead")

    def _take(self, queue):
        return [body for _, body in self._take_whole(queue)]

    def _take_whole(self, queue):
        with pika.BlockingConnection(pika.URLParameters(self.broker.url)) as connection:
            channel = connection.channel()
            count = channel.queue_declare(queue, passive=True).method.message_count
            taken = channel.consume(queue, auto_ack=True) if count else ()
            return [(properties, body) for _, (_, properties, body) in zip(range(count), taken)]

    def delete_queue(self, name):
        with pika.BlockingConnection(pika.URLParameters(self.broker.url)) as connection:
            connection.channel().queue_delete(name)

    def delete_exchange(self):
        with pika.BlockingConnection(pika.URLParameters(self.broker.url)) as connection:
            connection.channel().exchange_delete(self.exchange)

    def publish(self, kind, key, body, when, **more):
        headers = {**more, "cloudEvents_specversion": "1.0", "cloudEvents_type": kind, "cloudEvents_source": "test", "cloudEvents_id": "1",
                   "cloudEvents_partitionkey": key,
                   "cloudEvents_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))}
        with pika.BlockingConnection(pika.URLParameters(self.broker.url)) as connection:
            connection.channel().basic_publish(self.exchange, "", body, pika.BasicProperties(headers=headers))


class OverKafka:
    """Each test has a topic of its own. `link`: a way to the broker that can be cut."""
    remembers_what_was_told = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.link = CuttingProxy()
        cls.addClassCleanup(cls.link.close)
        cls.broker = cls.enterClassContext(Kafka(linked=cls.link.port))
        cls.link.target = cls.broker.linked_port

    def setUp(self):
        super().setUp()
        self.topic = f"changes-{self._testMethodName}"
        self.broker.create_topic(self.topic, 3)

    def changes(self, site=None, outbox=False, linked=False):
        """The lines of [queue.changes] of a site."""
        address = f"127.0.0.1:{self.link.port}" if linked else self.broker.address
        return f'url = "kafka://{address}"\ntopic = "{self.topic}"\ndeclare = "create"\n{OUTBOX if outbox else ""}'

    def listen(self):
        """A topic remembers what is told."""

    def told(self):
        """Every value."""
        return set(self._read(self.topic))

    def told_messages(self):
        for line in self._read(self.topic, "%k|%s|%h|%T\n"):
            key, value, headers, ms = line.decode().split("|")
            told = (header.split("=", 1) for header in headers.split(","))
            of_record = datetime.datetime.fromtimestamp(int(ms) / 1000, datetime.timezone.utc).isoformat()
            yield key, value.encode(), {"time": of_record, **{name.removeprefix("ce_"): text for name, text in told}}

    def read_by_command(self):
        return self._read(self.topic)[0]

    def dead_letters(self, _):
        return self._read(f"{self.topic}.dead")

    def _read(self, topic, form="%s\n"):
        read = ["kcat", "-C", "-e", "-q", "-b", self.broker.address, "-t", topic, "-o", "beginning", "-f", form]
        return subprocess.run(read, stdout=subprocess.PIPE, check=True).stdout.splitlines()

    def publish(self, kind, key, body, when, **more):
        headers = [word for name, value in more.items() for word in ("-H", f"{name}={value}")]
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))
        subprocess.run(["kcat", "-P", "-b", self.broker.address, "-t", self.topic, "-k", key, "-H", f"ce_type={kind}", "-H", f"ce_time={moment}",
                        "-H", "ce_specversion=1.0", "-H", "ce_source=test", "-H", "ce_id=1", *headers], input=body, check=True)
