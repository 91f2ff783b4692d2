"""The brokers of the long form, a real RabbitMQ and a real Kafka, each behind a proxy that cuts its answers."""
from cutting_proxy import CuttingProxy
from kafka import Kafka
from rabbitmq import RabbitMQ

TEXT = """
[queue.rabbit]
url = "amqp://guest:guest@127.0.0.1:{rabbit}/%2F?declare=create"
heartbeat = "2s"
queue_type = "{queue_type}"
{rabbit_options}
[queue.kafka]
url = "kafka://127.0.0.1:{kafka}?declare=create"
{kafka_options}
[[route]]
prefix = "rabbit"
queue = "rabbit"
[[route]]
prefix = "kafka"
queue = "kafka"
"""


class Brokers:
    def __init__(self):
        self.rabbitmq = RabbitMQ()
        self.rabbit_proxy = CuttingProxy(self.rabbitmq.port)
        self.kafka_proxy = CuttingProxy()
        self.kafka = Kafka(config=f"num.partitions=2\nadvertised.listeners=PLAINTEXT://127.0.0.1:{self.kafka_proxy.port}")
        self.kafka_proxy.target = self.kafka.port
        self.all = [self.rabbitmq, self.kafka]
        self.proxies = [self.rabbit_proxy, self.kafka_proxy]

    def text(self, random, lease):
        def options():
            later = random.choice(["", 'later = "journal:"'])
            return f'max_attempts = 0\nbackoff = "100ms..2s"\nack_timeout = "{lease}s"\nprefetch = {random.choice([10, 500])}\n{later}'

        return TEXT.format(rabbit=self.rabbit_proxy.port, kafka=self.kafka_proxy.port, queue_type=random.choice(["classic", "quorum"]),
                           rabbit_options=options(), kafka_options=options())

    def stop(self):
        for broker in self.all:
            broker.stop()
        for proxy in self.proxies:
            proxy.close()
