"""What waits in the real program, and what ends it: clients that have sent their last, that leave, that are reset, and a stop."""
import os
import signal
import socket
import struct
import tempfile
import unittest

import servers
from scripted import wait_until

LONG = b"t=60000"    # no test waits for it
CONFIG = """
[server]
threads = 1
stop_timeout = "%s"
allow_exec = true
[queue.jobs]
url = "journal:"
confirm_within = "60s"
[[route]]
prefix = "job"
queue = "jobs"
[[route]]
prefix = "result:"
store = "main"
wait = "60s"
[store.main]
"""


class Client:
    def __init__(self, server):
        self.socket = server.connect()
        self.socket.settimeout(60)
        self.input = self.socket.makefile("rb")

    def ask(self, command):
        self.socket.sendall(command + b"\r\n")
        return self.input.readline()

    def begin(self, command):
        """Returns when it waits: what was asked with it, and before it, is answered at the end of the turn that took in both."""
        answer = self.ask(b"version\r\n" + command)
        assert answer.startswith(b"VERSION"), answer

    def get(self, key):
        """(value, CAS), or None: a miss."""
        line = self.ask(b"gets " + key)
        if line == b"END\r\n":
            return None
        assert line.startswith(b"VALUE "), line
        words = line.split()
        value = self.input.read(int(words[3]) + 2)[:-2]
        assert self.input.readline() == b"END\r\n"
        return value, words[4]

    def publish(self, body):
        return self.ask(b"set job 0 0 %d\r\n%s" % (len(body), body))

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def leave(self):
        self.input.close()
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.leave()

    def rest(self):
        """To the end of what the server says."""
        return self.input.read()


class Waits(unittest.TestCase):
    def serve(self, more="", stop_timeout="10s"):
        self.server = self.enterContext(servers.freshet(CONFIG % stop_timeout + more))
        return self.client()

    def client(self):
        client = Client(self.server)
        self.addCleanup(client.leave)
        return client

    def wait_for_connections(self, client, count):
        def counted():
            client.socket.sendall(b"stats\r\n")
            lines = iter(client.input.readline, b"END\r\n")
            return dict(line.split()[1:3] for line in list(lines))[b"curr_connections"] == b"%d" % count

        wait_until(counted)

    def terminate(self):
        self.server.process.send_signal(signal.SIGTERM)

    def wait_for_end(self):
        self.assertEqual(self.server.process.wait(60), 0, self.server.output())


class GetThatWaits(Waits):
    """On a route with `wait`, of a store in memory."""

    def test_of_a_client_that_has_sent_its_last_ends_soon(self):
        other = self.serve()
        client = self.client()
        client.begin(b"get result:1")
        client.finish_sending()
        self.assertEqual(client.rest(), b"END\r\n")    # long before its time
        self.wait_for_connections(other, 1)

    def test_of_a_client_that_is_reset_ends(self):
        other = self.serve()
        client = self.client()
        client.begin(b"get result:1")
        client.reset()
        self.wait_for_connections(other, 1)
        self.assertEqual(other.ask(b"set result:1 0 0 1\r\nx"), b"STORED\r\n")

    def test_has_the_result_that_a_flow_makes_while_the_server_stops(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        go = os.path.join(folder, "go")
        os.mkfifo(go)
        client = self.serve('[[flow]]\nfrom = "jobs"\ncall = { exec = ["/bin/cat", "%s"] }\ninto = "main"\nkey = "result:{id}"\n' % go, "60s")
        self.assertEqual(client.ask(b"set job#1 0 0 1\r\nx"), b"STORED\r\n")
        client.begin(b"get result:1")
        self.terminate()
        wait_until(lambda: "stopping" in self.server.output())
        with open(go, "w") as to:
            to.write("late")
        self.assertEqual(client.rest(), b"VALUE result:1 0 4\r\nlate\r\nEND\r\n")
        self.wait_for_end()

    def test_is_told_nothing_when_a_stop_may_take_no_longer(self):
        client = self.serve(stop_timeout="100ms")
        client.begin(b"get result:1")
        self.terminate()
        self.assertEqual(client.rest(), b"")
        self.wait_for_end()


class GetOfAQueue(Waits):
    """`get job/t=` takes and acknowledges at once, `get job/open/t=` takes."""

    def test_of_a_client_that_has_sent_its_last_ends_and_takes_no_message(self):
        other = self.serve()
        for end in (Client.finish_sending, Client.leave):
            for key in (b"job/" + LONG, b"job/open/" + LONG):
                client = self.client()
                client.begin(b"get " + key)
                end(client)
                if end is Client.finish_sending:
                    self.assertEqual(client.rest(), b"END\r\n")
                self.wait_for_connections(other, 1)
                self.assertEqual(other.publish(b"x"), b"STORED\r\n")
                self.assertEqual(other.get(b"job")[0], b"x")

    def test_of_a_client_that_has_left_with_more_calls_than_are_worked_on_at_once_takes_no_message_either(self):
        other = self.serve()
        client = self.client()
        client.begin(b"get job/" + LONG)
        client.socket.sendall(b"get job/" + LONG + b"\r\n" + (b"get job/" + LONG + b"\r\n") * 1100)
        client.leave()
        self.wait_for_connections(other, 1)
        self.assertEqual(other.publish(b"x"), b"STORED\r\n")
        self.assertEqual(other.get(b"job")[0], b"x")

    def test_that_waits_for_nothing_is_answered_to_a_client_that_has_sent_its_last(self):
        self.serve()
        client = self.client()
        client.socket.sendall(b"set job 0 0 1\r\nx\r\nget job\r\n")
        client.finish_sending()
        self.assertEqual(client.rest(), b"STORED\r\nVALUE job 0 1\r\nx\r\nEND\r\n")

    def test_to_open_without_its_number_goes_back_when_its_client_leaves(self):
        other = self.serve()
        for end in (Client.leave, Client.reset):
            client = self.client()
            self.assertEqual(other.publish(b"x"), b"STORED\r\n")
            self.assertEqual(client.ask(b"get job/open"), b"VALUE job/open 0 1\r\n")
            end(client)
            self.assertEqual(other.get(b"job/" + LONG)[0], b"x")

    def test_of_a_client_that_is_reset_leaves_the_message_where_it_is(self):
        other = self.serve()
        for key in (b"job/" + LONG, b"job/open/" + LONG):
            client = self.client()
            client.begin(b"get " + key)
            client.reset()
            self.wait_for_connections(other, 1)
            self.assertEqual(other.publish(b"kept"), b"STORED\r\n")
            self.assertEqual(other.get(b"job")[0], b"kept")

    def test_is_told_nothing_when_a_stop_may_take_no_longer(self):
        client = self.serve(stop_timeout="100ms")
        opening = self.client()
        client.begin(b"get job/" + LONG)
        opening.begin(b"get job/open/" + LONG)
        self.terminate()
        self.assertEqual(client.rest(), b"")
        self.assertEqual(opening.rest(), b"")
        self.wait_for_end()

    def test_as_many_as_a_connection_may_have_make_the_server_read_no_more_of_it(self):
        other = self.serve()
        client = self.client()
        client.begin(b"get job/" + LONG + b"\r\n" + (b"get job/" + LONG + b"\r\n") * 1023 + b"set k 0 0 1\r\nx")
        self.assertEqual(other.get(b"k"), None)
        for _ in range(1024):
            self.assertEqual(other.publish(b"m"), b"STORED\r\n")
        for _ in range(1024):
            self.assertEqual(client.input.readline(), b"VALUE job/t=60000 0 1\r\n")
            self.assertEqual((client.input.readline(), client.input.readline()), (b"m\r\n", b"END\r\n"))
        self.assertEqual(client.input.readline(), b"STORED\r\n")


class Publish(Waits):
    def test_of_a_client_that_has_sent_its_last_is_confirmed(self):
        self.serve()
        client = self.client()
        client.socket.sendall(b"set job 0 0 1\r\nx\r\n")
        client.finish_sending()
        self.assertEqual(client.rest(), b"STORED\r\n")


class Call(Waits):
    """A flow's, to its worker."""

    def test_goes_on_whatever_becomes_of_the_client_that_published(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        go = os.path.join(folder, "go")
        os.mkfifo(go)
        other = self.serve('[[flow]]\nfrom = "jobs"\ncall = { exec = ["/bin/cat", "%s"] }\ninto = "main"\nkey = "result:{id}"\n' % go)
        for number, end in enumerate((Client.leave, Client.finish_sending, Client.reset)):
            client = self.client()
            self.assertEqual(client.ask(b"set job#%d 0 0 1\r\nx" % number), b"STORED\r\n")
            end(client)
            self.wait_for_connections(other, 1)
            with open(go, "w") as call:     # there is somebody who reads: it runs
                call.write("done")
            self.assertEqual(other.get(b"result:%d" % number)[0], b"done")


class Lease(Waits):
    """A delivery that was handed out belongs to nobody's connection."""

    def test_outlives_its_client_and_anybody_may_end_it(self):
        other = self.serve()
        for end in (Client.leave, Client.finish_sending, Client.reset):
            self.assertEqual(other.publish(b"x"), b"STORED\r\n")
            client = self.client()
            value, number = client.get(b"job/open/" + LONG)
            self.assertEqual(value, b"x")
            end(client)
            self.wait_for_connections(other, 1)
            self.assertEqual(other.get(b"job/open"), None)
            self.assertEqual(other.ask(b"delete job/" + number), b"DELETED\r\n")
            self.assertEqual(other.ask(b"delete job/" + number), b"NOT_FOUND\r\n")


if __name__ == "__main__":
    unittest.main()
