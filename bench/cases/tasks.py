"""Tasks from their set to the result readable in memcached: through Freshet and eight HTTP workers, and through Celery with eight
processes. The work is the same line of Python. CPU is that of all processes but the broker and memcached: the client that begins
the tasks and looks for results, Freshet, the workers."""

import json
import os
import subprocess
from pathlib import Path

from fronts import attempted
from real_brokers import DEBIAN_PYTHON, kafka, kafka_topic, rabbitmq, rabbitmq_queue
from servers import PLACES, CannotRun, Server, every_core, memcached, pinned, place, program
from table import Row

TASKS = Path(__file__).resolve().parents[1] / "tasks"
PYTHON = "/usr/bin/python3"     # Debian's, which has Celery
WORKERS = 8
RATE = 1000
CELERY_RATES = (100, 300, 1000)
SUSTAINED_P99_MS = 1000
CPU_GOAL = 0.5
CONFIG = """[server]
threads = 1
[store.main]
url = "memcached://{results}"
[queue.thumbs]
url = "{url}"
[[route]]
prefix = "task:thumbs"
queue = "thumbs"
[[route]]
prefix = ""
store = "main"
[[flow]]
from = "thumbs"
call = "http://127.0.0.1:{workers}/"
concurrency = 8
into = "main"
key = "result:{{id}}"
ttl = "1m"
"""


def run(bench):
    yield from attempted("tasks, journal", lambda: [through_freshet(bench, "journal", "journal:", where) for where in PLACES])
    yield from attempted("tasks, RabbitMQ", lambda: on_rabbitmq(bench))
    yield from attempted("tasks, Kafka", lambda: on_kafka(bench))


def on_kafka(bench):
    with kafka() as broker:
        yield through_freshet(bench, "Kafka, linger 5 ms", kafka_topic(broker, "tasks"))


def on_rabbitmq(bench):
    with rabbitmq() as broker:
        yield through_freshet(bench, "RabbitMQ", rabbitmq_queue(broker, "tasks"))
        yield from against_celery(bench, broker)


def through_freshet(bench, kind, url, where="free"):
    bench.say(f"tasks: {kind}, {RATE}/s, {where}")
    figures = freshet_tasks(bench, url, RATE, where)
    return Row(f"tasks, {kind}, {RATE}/s, {where}: p50 / p99", cell(figures), "", f"{figures['cpu_us']:.0f} us CPU a task")


def against_celery(bench, broker):
    sustained = None
    for rate in CELERY_RATES:
        bench.say(f"tasks: Celery, {rate}/s")
        figures = celery_tasks(bench, broker, rate)
        if figures["missing"] or figures["p99_ms"] > SUSTAINED_P99_MS:
            break
        sustained = rate, figures
    if sustained is None:
        raise CannotRun(f"Celery does not sustain {CELERY_RATES[0]} tasks/s")
    rate, theirs = sustained
    bench.say(f"tasks: RabbitMQ, {rate}/s")
    ours = freshet_tasks(bench, rabbitmq_queue(broker, "tasks-beside-celery"), rate)
    ratio = ours["cpu_us"] / theirs["cpu_us"]
    yield Row(f"tasks, RabbitMQ, {rate}/s, free, the most that Celery sustains: p50 / p99", cell(ours), f"Celery {cell(theirs)}",
              f"p99 {ours['p99_ms'] / theirs['p99_ms']:.2f}, CPU {ratio:.2f}", f"p99 < 1, CPU < {CPU_GOAL}",
              ours["p99_ms"] < theirs["p99_ms"] and ratio < CPU_GOAL, f"{ours['cpu_us']:.0f} and {theirs['cpu_us']:.0f} us CPU a task")


def freshet_tasks(bench, url, rate, where="free"):
    def serve(port, folder):
        config = folder / "freshet.toml"
        config.write_text(CONFIG.format(results=results.address, url=url, workers=workers.port))
        return [program(str(bench.freshet)), "serve", "-c", str(config), "--state", str(folder / "state"),
                "--listen", f"127.0.0.1:{port}"]

    with memcached() as results, Server("workers", lambda port, _: [PYTHON, str(TASKS / "http_workers.py"), str(port), str(WORKERS)]) as workers:
        with Server("freshet", serve) as front:
            return client(bench, ["freshet", front.address], results, rate, [front, workers], {}, where)


def celery_tasks(bench, broker, rate):
    with memcached() as results:
        environment = {"CELERY_BROKER": broker.url, "CELERY_RESULTS": f"cache+memcached://{results.address}/", "PYTHONPATH": f"{TASKS}:{DEBIAN_PYTHON}"}
        with Celery(environment) as worker:
            return client(bench, ["celery", broker.url], results, rate, [worker], environment)


class Celery:
    """A worker with its processes; it serves at some time after the constructor has returned, and the client waits for it."""

    def __init__(self, environment):
        self.process = subprocess.Popen(
            [PYTHON, "-m", "celery", "-A", "celery_work", "worker", "--concurrency", str(WORKERS), "--loglevel", "ERROR"],
            env={**os.environ, "C_FORCE_ROOT": "1", **environment}, cwd=TASKS, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, preexec_fn=pinned(*every_core()))
        self.pid = self.process.pid

    def move(self, *_):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def client(bench, words, results, rate, servers, environment, where="free"):
    """Pinned: the first of the servers to a core of its own."""
    cores = place(where, *servers, results)
    run = lambda at, seconds: client_once([*words, results.address, str(at), str(seconds)], environment, cores)
    run(10, 1)      # until all is ready
    before = sum(cpu_seconds(server.pid) for server in servers)
    figures = run(rate, 2 * bench.seconds)
    if figures["refused"]:
        raise CannotRun(f"{words[0]} answered {figures['refused'][0]}")
    spent = sum(cpu_seconds(server.pid) for server in servers) - before
    figures["cpu_us"] += spent / figures["tasks"] * 1e6
    return figures


def client_once(words, environment, cores):
    done = subprocess.run([PYTHON, str(TASKS / "client.py"), *words], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment}, preexec_fn=pinned(*cores))
    if done.returncode != 0:
        raise CannotRun(f"the client of {words[0]}: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    return json.loads(done.stdout)


def cpu_seconds(pid):
    """Of the process, its threads and its children that live."""
    ticks = 0
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    children = 0.0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            children += sum(cpu_seconds(int(child)) for child in file.read().split())
    return ticks / os.sysconf("SC_CLK_TCK") + children


def cell(figures):
    missing = f", {figures['missing']} missing" if figures["missing"] else ""
    return f"{figures['p50_ms']:.1f} / {figures['p99_ms']:.1f} ms{missing}"
