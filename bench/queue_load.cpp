// A load generator for durable queues: the whole life of messages (publish, receive, settle), through the memcached
// protocol or beanstalkd's, with a bounded number of messages on their way. Every body must come exactly once.
#include "connection.hpp"
#include "histogram.hpp"
#include "meter.hpp"
#include "options.hpp"
#include "traffic.hpp"

#include <charconv>
#include <cinttypes>
#include <deque>
#include <memory>
#include <optional>

namespace {

using namespace bench;

const char usage[] =
    R"(queue_load: publishes, receives and settles messages and checks that each comes exactly once.

  --address A       HOST:PORT or unix:PATH (127.0.0.1:11311)
  --protocol P      memcached or beanstalk (memcached)
  --queue NAME      (bench)
  --connections N   of producers, and as many of consumers (10)
  --outstanding N   messages published and not yet settled (1000)
  --value N         bytes of a message (100)
  --stored N        messages put into the queue before the run; they stay its length (0)
  --messages N      length of the run; or
  --seconds X       (5)
  --pid N           the server: its processor time per message
  --calls FILE      the counters of the preloaded count_calls.c in the server: syncs per message
  --json            one object instead of text
)";

struct settings {
    std::string address, queue, calls_file;
    std::size_t connections, outstanding, value_bytes;
    std::uint64_t stored, messages;
    double seconds;
    int pid;
    bool beanstalk = false, json = false;
};

settings read_settings(int argc, char** argv) {
    options given(argc, argv, usage);
    settings s;
    s.address = given.text("--address", "127.0.0.1:11311");
    s.queue = given.text("--queue", "bench");
    s.calls_file = given.text("--calls", "");
    s.connections = given.number<std::size_t>("--connections", 10);
    s.outstanding = given.number<std::size_t>("--outstanding", 1000);
    s.value_bytes = given.number<std::size_t>("--value", 100);
    s.stored = given.number<std::uint64_t>("--stored", 0);
    s.messages = given.number<std::uint64_t>("--messages", 0);
    s.seconds = given.number("--seconds", 5.0);
    s.pid = given.number("--pid", 0);
    s.json = given.flag("--json");
    const std::string protocol = given.text("--protocol", "memcached");
    if (protocol != "memcached" && protocol != "beanstalk") fail("--protocol is memcached or beanstalk");
    s.beanstalk = protocol == "beanstalk";
    given.finish();
    if (s.value_bytes < 16) fail("a message has 16 bytes at least: its number");
    if (s.connections == 0 || s.outstanding == 0) fail("connections and outstanding are at least 1");
    s.connections = std::min(s.connections, s.outstanding);
    return s;
}

struct delivery {
    std::uint64_t number;  // what settles it
    std::string_view body;
};

// What is said to the server and how its replies are read. A reader takes the bytes that have come and returns how
// many of them the reply has; 0: it is not whole yet.
class wire {
public:
    virtual ~wire() = default;
    virtual void append_publish(std::string& to, std::uint64_t message) const = 0;
    virtual void append_receive(std::string& to) const = 0;
    virtual void append_settle(std::string& to, std::uint64_t number) const = 0;
    virtual std::size_t read_published(std::string_view bytes) const = 0;
    virtual std::size_t read_delivery(std::string_view bytes, std::optional<delivery>& got) const = 0;
    virtual std::size_t read_settled(std::string_view bytes) const = 0;
};

// The size of the line with its end, 0 when it is not whole.
std::size_t line_size(std::string_view bytes) {
    const std::size_t end = bytes.find("\r\n");
    return end == std::string_view::npos ? 0 : end + 2;
}

std::size_t expect_line(std::string_view bytes, std::string_view beginning) {
    const std::size_t size = line_size(bytes);
    if (size != 0 && !bytes.starts_with(beginning)) {
        fail("expected " + std::string(beginning) + ", got " + std::string(bytes.substr(0, size - 2)));
    }
    return size;
}

// The number behind `bytes`' last blank, or at its beginning.
std::uint64_t number_in(std::string_view bytes) {
    std::uint64_t number = 0;
    if (std::from_chars(bytes.data(), bytes.data() + bytes.size(), number).ec != std::errc{}) {
        fail("expected a number, got " + std::string(bytes));
    }
    return number;
}

void append_number(std::string& to, std::uint64_t number) {
    char text[20];
    to.append(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

class memcached_wire : public wire {
public:
    memcached_wire(const std::string& queue, const contents& bodies)
        : bodies_(bodies),
          publish_("set queue/" + queue + " 0 0 " + std::to_string(bodies.value_bytes()) + "\r\n"),
          receive_("gets queue/" + queue + "/open\r\n"),
          settle_("delete queue/" + queue + "/"),
          delivery_("VALUE queue/" + queue + "/open 0 " + std::to_string(bodies.value_bytes()) + " ") {}

    void append_publish(std::string& to, std::uint64_t message) const override {
        to += publish_;
        bodies_.append_value(to, message);
        to += "\r\n";
    }
    void append_receive(std::string& to) const override { to += receive_; }
    void append_settle(std::string& to, std::uint64_t number) const override {
        to += settle_;
        append_number(to, number);
        to += "\r\n";
    }
    std::size_t read_published(std::string_view bytes) const override { return expect_line(bytes, "STORED\r\n"); }
    std::size_t read_settled(std::string_view bytes) const override { return expect_line(bytes, "DELETED\r\n"); }
    std::size_t read_delivery(std::string_view bytes, std::optional<delivery>& got) const override {
        if (bytes.starts_with("END\r\n")) return 5;
        const std::size_t line = expect_line(bytes, delivery_);
        const std::size_t size = line + bodies_.value_bytes() + 7;  // \r\nEND\r\n
        if (line == 0 || bytes.size() < size) return 0;
        got = delivery{number_in(bytes.substr(delivery_.size())), bytes.substr(line, bodies_.value_bytes())};
        return size;
    }

private:
    const contents& bodies_;
    std::string publish_, receive_, settle_, delivery_;
};

class beanstalk_wire : public wire {
public:
    explicit beanstalk_wire(const contents& bodies)
        : bodies_(bodies), publish_("put 0 0 120 " + std::to_string(bodies.value_bytes()) + "\r\n") {}

    void append_publish(std::string& to, std::uint64_t message) const override {
        to += publish_;
        bodies_.append_value(to, message);
        to += "\r\n";
    }
    void append_receive(std::string& to) const override { to += "reserve-with-timeout 0\r\n"; }
    void append_settle(std::string& to, std::uint64_t number) const override {
        to += "delete ";
        append_number(to, number);
        to += "\r\n";
    }
    std::size_t read_published(std::string_view bytes) const override { return expect_line(bytes, "INSERTED "); }
    std::size_t read_settled(std::string_view bytes) const override { return expect_line(bytes, "DELETED\r\n"); }
    std::size_t read_delivery(std::string_view bytes, std::optional<delivery>& got) const override {
        if (bytes.starts_with("TIMED_OUT\r\n")) return 11;
        const std::size_t line = expect_line(bytes, "RESERVED ");
        const std::size_t size = line + bodies_.value_bytes() + 2;
        if (line == 0 || bytes.size() < size) return 0;
        got = delivery{number_in(bytes.substr(9)), bytes.substr(line, bodies_.value_bytes())};
        return size;
    }

private:
    const contents& bodies_;
    std::string publish_;
};

enum class question : std::uint8_t { publish, receive, settle };

struct asked {
    question what;
    std::int64_t sent_at;
};

struct client : connection {
    std::deque<asked> waiting;  // in the order of the replies
    bool is_producer = false;
};

class queue_load {
public:
    explicit queue_load(settings s)
        : settings_(std::move(s)),
          bodies_(16, settings_.value_bytes),
          share_((settings_.outstanding + settings_.connections - 1) / settings_.connections) {
        if (settings_.beanstalk) {
            wire_ = std::make_unique<beanstalk_wire>(bodies_);
        } else {
            wire_ = std::make_unique<memcached_wire>(settings_.queue, bodies_);
        }
        for (std::size_t i = 0; i < 2 * settings_.connections; ++i) {
            client& c = clients_.emplace_back();
            c.is_producer = i < settings_.connections;
            loop_.add(c, settings_.address);
        }
    }

    void run() {
        store(settings_.stored);
        confirm_times_ = {};

        const meter cost(settings_.pid, settings_.calls_file);
        const reading before = cost.read();
        const bool counted = settings_.messages != 0;
        pass(counted ? settings_.messages : UINT64_MAX,
             counted ? INT64_MAX : before.wall_ns + static_cast<std::int64_t>(settings_.seconds * 1e9));
        const reading spent = cost.read() - before;
        check_all_came();
        report(cost, spent);
    }

private:
    // Publishes without receiving.
    void store(std::uint64_t count) {
        while (confirmed_ < count) {
            while (published_ < count && publish_one(published_ - confirmed_)) {}
            turn();
        }
    }

    // The run: a message is published for each one that was settled, until `limit` or `end_ns`.
    void pass(std::uint64_t limit, std::int64_t end_ns) {
        while (true) {
            const bool more = published_ - settings_.stored < limit && now_ns() < end_ns;
            const std::uint64_t total = published_ - settings_.stored;
            if (!more && settled_ == total) return;
            if (more) {
                while (published_ - settings_.stored < limit && publish_one(published_ - settings_.stored - settled_)) {
                }
            }
            while (opened_ < confirmed_ && opened_ < published_ - settings_.stored && receive_one()) {}
            turn();
        }
    }

    bool publish_one(std::uint64_t on_their_way) {
        client* c = on_their_way < settings_.outstanding ? client_with_room(next_producer_, 0) : nullptr;
        if (c == nullptr) return false;
        wire_->append_publish(c->out, published_++);
        seen_.push_back(false);
        c->waiting.push_back({question::publish, turn_began_});
        return true;
    }

    bool receive_one() {
        client* c = client_with_room(next_consumer_, settings_.connections);
        if (c == nullptr) return false;
        wire_->append_receive(c->out);
        ++opened_;
        c->waiting.push_back({question::receive, turn_began_});
        return true;
    }

    // The next connection, in turn, that has not got its share of questions on the way.
    client* client_with_room(std::size_t& next, std::size_t first) {
        for (std::size_t i = 0; i < settings_.connections; ++i) {
            client& c = clients_[first + next];
            if (c.waiting.size() < share_) return &c;
            next = (next + 1) % settings_.connections;
        }
        return nullptr;
    }

    void turn() {
        for (client& c : clients_) {
            if (!c.out.empty() && !c.wants_write) loop_.flush(c);
        }
        const bool arrived = loop_.turn(no_answer_ms, [this](connection& c, std::string_view bytes) {
            turn_began_ = now_ns();
            std::size_t used = 0;
            while (const std::size_t size = take_reply(static_cast<client&>(c), bytes.substr(used))) used += size;
            return used;
        });
        if (!arrived) fail("no reply for 20 seconds");
        if (now_ns() - progress_ns_ > no_progress_ns) fail("no message confirmed, received or settled for 20 seconds");
    }

    std::size_t take_reply(client& c, std::string_view bytes) {
        if (bytes.empty()) return 0;
        if (c.waiting.empty()) fail("a reply that nobody asked for");
        const asked first = c.waiting.front();
        std::size_t size = 0;
        bool progress = true;
        if (first.what == question::publish) {
            if ((size = wire_->read_published(bytes)) == 0) return 0;
            ++confirmed_;
            confirm_times_.add(turn_began_ - first.sent_at);
        } else if (first.what == question::settle) {
            if ((size = wire_->read_settled(bytes)) == 0) return 0;
            ++settled_;
            settle_times_.add(turn_began_ - first.sent_at);
        } else {
            std::optional<delivery> got;
            if ((size = wire_->read_delivery(bytes, got)) == 0) return 0;
            progress = on_delivery(c, got, turn_began_ - first.sent_at);
        }
        if (progress) progress_ns_ = turn_began_;
        c.waiting.pop_front();
        return size;
    }

    // False: nothing came.
    bool on_delivery(client& c, const std::optional<delivery>& got, std::int64_t took) {
        if (!got) {  // the queue had none to give although some were confirmed: asked again
            ++empty_;
            --opened_;
            return false;
        }
        std::uint64_t message = 0;
        std::from_chars(got->body.data(), got->body.data() + 16, message, 16);
        if (message >= published_ || !bodies_.is_value(got->body, message)) fail("a message that was never published");
        if (seen_[message]) fail("message " + std::to_string(message) + " came twice");
        seen_[message] = true;
        delivery_times_.add(took);
        wire_->append_settle(c.out, got->number);
        c.waiting.push_back({question::settle, turn_began_});
        return true;
    }

    // As many are left as were stored before the run, and they are the last ones, save for what overtook on the way in.
    void check_all_came() const {
        const std::uint64_t left = settings_.stored == 0 ? 0 : settings_.stored + settings_.outstanding;
        for (std::uint64_t i = 0; i + left < published_; ++i) {
            if (!seen_[i]) fail("message " + std::to_string(i) + " never came");
        }
    }

    void report(const meter& cost, const reading& spent) const {
        const auto total = static_cast<double>(settled_);
        const double rate = total / spent.seconds();
        const double cpu_us = static_cast<double>(spent.server_cpu_ns) / 1e3 / total;
        const double syncs = static_cast<double>(spent.sync_calls) / total;
        if (settings_.json) {
            std::printf("{\"P_per_s\": %.1f, \"messages\": %" PRIu64 ", \"seconds\": %.3f, \"empty\": %" PRIu64 ", ",
                        rate, settled_, spent.seconds(), empty_);
            confirm_times_.print_json("D_confirm_us");
            std::printf(", ");
            delivery_times_.print_json("D_delivery_us");
            std::printf(", ");
            settle_times_.print_json("D_settle_us");
            std::printf(", \"own_cpu\": %.3f", spent.own_cpu_share());
            if (cost.watches_server()) std::printf(", \"server_cpu_us\": %.4f", cpu_us);
            if (cost.counts_calls()) std::printf(", \"syncs_per_message\": %.4f", syncs);
            std::printf("}\n");
        } else {
            std::printf("P            %.0f messages/s published, received and settled\n", rate);
            std::printf("messages     %" PRIu64 " in %.2f s, %" PRIu64 " receives found nothing\n", settled_,
                        spent.seconds(), empty_);
            confirm_times_.print("D confirm");
            delivery_times_.print("D delivery");
            settle_times_.print("D settle");
            std::printf("generator    %.0f %% busy\n", spent.own_cpu_share() * 100);
            if (cost.watches_server()) std::printf("server       %.2f us of CPU a message\n", cpu_us);
            if (cost.counts_calls()) std::printf("syncs        %.3f a message\n", syncs);
        }
    }

    static constexpr int no_answer_ms = 20'000;
    static constexpr std::int64_t no_progress_ns = 20'000'000'000;

    settings settings_;
    contents bodies_;
    std::size_t share_;  // of the outstanding ones, for each connection
    std::unique_ptr<wire> wire_;
    std::deque<client> clients_;  // producers, then consumers
    std::size_t next_producer_ = 0, next_consumer_ = 0;
    loop loop_;
    std::int64_t turn_began_ = now_ns();
    std::int64_t progress_ns_ = turn_began_;
    std::uint64_t published_ = 0, confirmed_ = 0, opened_ = 0, settled_ = 0, empty_ = 0;
    std::vector<bool> seen_;  // by message
    histogram confirm_times_, delivery_times_, settle_times_;
};

}  // namespace

int main(int argc, char** argv) {
    queue_load(read_settings(argc, argv)).run();
    return 0;
}
