"""An Apache Kafka 4.1.1 of the test's own, of one broker or more, each of which is a controller, too."""
import base64
import os
import shutil
import unittest
import uuid

import kafka_calls
from broker import READY_SECONDS, Broker, wait_until
from certificates import Certificates
from kafka_calls import NO_LEADER, Metadata
from ports import held_port

FETCHED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/tools/kafka-4.1.1")
USER, PASSWORD = "freshet", "secret"
ANSWER_SECONDS = 5
HEAP = "-Xmx512m"


def kafka_folder():
    folder = os.environ.get("KAFKA_JARS") or FETCHED
    if not os.path.exists(os.path.join(folder, "formatted")):
        raise unittest.SkipTest(f"no Apache Kafka 4.1.1 at {folder}: scripts/kafka-jars fetches it, KAFKA_JARS names it")
    return folder


class KafkaBroker(Broker):
    """One of a Kafka's; `number` begins with 1."""

    def __init__(self, number, tls, sasl, linked):
        super().__init__(f"Kafka broker {number}")
        self.number = number
        self.port = held_port()
        self.controller_port = held_port()
        self.tls_port = held_port() if tls else None
        self.sasl_port = held_port() if sasl else None
        self.linked_port, self.advertised_port = (held_port(), linked) if linked else (None, None)

    def prepare(self, voters, certificates, verify_peer, replicas, config):
        """Its configuration, and an empty log as `StorageTool format` makes it."""
        listeners = {"PLAINTEXT": ("PLAINTEXT", self.port), "CONTROLLER": ("PLAINTEXT", self.controller_port)}
        lines = [
            "process.roles=broker,controller",
            f"node.id={self.number}",
            f"controller.quorum.voters={voters}",
            "controller.listener.names=CONTROLLER",
            "inter.broker.listener.name=PLAINTEXT",
            f"log.dirs={self._data()}",
            f"default.replication.factor={replicas}",
            f"offsets.topic.replication.factor={replicas}",
            "offsets.topic.num.partitions=1",
            f"transaction.state.log.replication.factor={replicas}",
            "transaction.state.log.min.isr=1",
            "group.initial.rebalance.delay.ms=0",
            "auto.create.topics.enable=false",
            # or a broker that was killed would be waited for, 15 s
            "broker.session.timeout.ms=2000",
            "broker.heartbeat.interval.ms=200",
        ]
        if self.tls_port:
            listeners["TLS"] = ("SSL", self.tls_port)
            lines += ["ssl.keystore.type=PEM", f"ssl.keystore.location={certificates.server_pem}",
                      "ssl.truststore.type=PEM", f"ssl.truststore.location={certificates.ca}",
                      f"ssl.client.auth={'required' if verify_peer else 'none'}"]
        if self.sasl_port:
            listeners["SASL"] = ("SASL_PLAINTEXT", self.sasl_port)
            lines += ["sasl.enabled.mechanisms=PLAIN",
                      "listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule "
                      f'required user_{USER}="{PASSWORD}";']
        if self.linked_port:
            listeners["LINKED"] = ("PLAINTEXT", self.linked_port)

        def places(ports):
            return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
        ports = {name: port for name, (_, port) in listeners.items()}
        advertised = {name: port for name, port in ports.items() if name != "CONTROLLER"}
        if self.linked_port:
            advertised["LINKED"] = self.advertised_port
        lines += [
            "listeners=" + places(ports),
            "advertised.listeners=" + places(advertised),
            "listener.security.protocol.map=" + ",".join(f"{name}:{protocol}" for name, (protocol, _) in listeners.items()),
            config,
        ]
        with open(self._properties(), "w") as file:
            file.write("\n".join(lines) + "\n")
        self._format()

    def _format(self):
        formatted = os.path.join(kafka_folder(), "formatted")
        with open(os.path.join(formatted, "meta.properties")) as file:
            lines = [line for line in file.read().splitlines() if not line.startswith(("#", "node.id=", "directory.id="))]
        directory = base64.urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        os.mkdir(self._data())
        with open(os.path.join(self._data(), "meta.properties"), "w") as file:
            file.write("\n".join([*lines, f"node.id={self.number}", f"directory.id={directory}"]) + "\n")
        shutil.copy(os.path.join(formatted, "bootstrap.checkpoint"), self._data())

    def _data(self):
        return os.path.join(self.folder, "data")

    def _properties(self):
        return os.path.join(self.folder, "server.properties")

    def _arguments(self):
        return ["java", HEAP, "-XX:TieredStopAtLevel=1", "-XX:SharedArchiveFile=classes.jsa", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                f"-XX:ErrorFile={self.folder}/crash", "-cp", "lib/*", "kafka.Kafka", self._properties()]

    def _spawn(self, arguments, environment, folder=None):
        return super()._spawn(arguments, environment, kafka_folder())     # the archive holds for these names of the jars

    def _answers(self):
        """It is one of the living, and leads what only it can lead."""
        known = Metadata(self.port, ANSWER_SECONDS)
        waiting = (partition for partitions in known.topics.values() for partition in partitions
                   if partition.leader == NO_LEADER and self.number in partition.in_sync)
        return self.number in known.brokers and not any(waiting)


class Kafka:
    """Serves when the constructor returns. `brokers`: how many; topics have a replica on each of up to three. `config`: more lines
    of each server.properties. `tls`: listens on `tls_port`, too, with `certificates`; `verify_peer`: only for clients with a
    certificate of that authority. `sasl`: listens on `sasl_port` for USER with PASSWORD (PLAIN).
    `linked`: one broker listens on `linked_port`, too, which it says is that port: somebody passes bytes on from there.
    A broker's `number` begins with 1; without one, kill() and the like mean all of them."""

    def __init__(self, brokers=1, config="", tls=False, verify_peer=False, sasl=False, linked=None):
        kafka_folder()
        self.replicas = min(brokers, 3)
        self.brokers = []
        self.certificates = None
        try:
            self.brokers = [KafkaBroker(number, tls, sasl, linked) for number in range(1, brokers + 1)]
            if tls:
                self.certificates = Certificates(self.brokers[0].folder)
            voters = ",".join(f"{broker.number}@127.0.0.1:{broker.controller_port}" for broker in self.brokers)
            for broker in self.brokers:
                broker.prepare(voters, self.certificates, verify_peer, self.replicas, config)
            self.start()
        except BaseException:
            self.stop()
            raise

    @property
    def port(self):
        return self.brokers[0].port

    @property
    def tls_port(self):
        return self.brokers[0].tls_port

    @property
    def linked_port(self):
        return self.brokers[0].linked_port

    @property
    def sasl_port(self):
        return self.brokers[0].sasl_port

    @property
    def address(self):
        """For bootstrap.servers: every broker."""
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)

    def broker(self, number):
        if not 1 <= number <= len(self.brokers):
            raise ValueError(f"there is no broker {number}")
        return self.brokers[number - 1]

    def _meant(self, number):
        return self.brokers if number is None else [self.broker(number)]

    def start(self, number=None):
        for broker in self._meant(number):
            broker.start_soon()
        for broker in self._meant(number):
            broker.wait_until_ready()

    def kill(self, number=None):
        for broker in self._meant(number):
            broker.kill()

    def shut_down(self, number=None):
        for broker in self._meant(number):      # at once: the last of them needs the others
            broker.ask_to_end()
        for broker in self._meant(number):
            broker.wait_until_ended()

    def restart(self, number=None):
        self.kill(number)
        self.start(number)

    def stop_process(self, number=None):
        for broker in self._meant(number):
            broker.stop_process()

    def continue_process(self, number=None):
        for broker in self._meant(number):
            broker.continue_process()

    def metadata(self):
        """As the first broker that answers knows it."""
        failure = RuntimeError("no broker runs")
        for broker in self.brokers:
            try:
                if broker.alive():
                    return Metadata(broker.port, ANSWER_SECONDS)
            except OSError as error:
                failure = error
        raise failure

    def create_topic(self, name, partitions=1, replicas=None, **config):
        """Returns when every partition has a leader that all living brokers know. `config`: settings of the topic, with _ for a dot."""
        living = [broker for broker in self.brokers if broker.alive()]
        if not living:
            raise RuntimeError("no broker runs")
        settings = {key.replace("_", "."): value for key, value in config.items()}
        kafka_calls.create_topic(living[0].port, name, partitions, replicas or self.replicas, settings)

        def led():
            for broker in living:
                found = Metadata(broker.port, ANSWER_SECONDS).topics.get(name, [])
                if len(found) != partitions or any(partition.leader == NO_LEADER for partition in found):
                    return False
            return True

        wait_until(led, READY_SECONDS, lambda: f"topic {name} has no leader after {READY_SECONDS} s")

    def delete_records(self, name):
        """All that the topic has now."""
        for partition in self.metadata().topics[name]:
            kafka_calls.delete_records(self.broker(partition.leader).port, name, [partition.number])

    def wait_until_in_sync(self, name):
        """Every replica of the topic follows its leader."""
        def in_sync():
            found = self.metadata().topics.get(name, [])
            return found and all(sorted(partition.in_sync) == sorted(partition.replicas) for partition in found)

        wait_until(in_sync, READY_SECONDS, lambda: f"replicas of topic {name} are behind after {READY_SECONDS} s")

    def stop(self):
        """Nothing is left of it. May be called more than once."""
        for broker in self.brokers:
            broker.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
