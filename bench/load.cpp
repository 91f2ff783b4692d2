// A load generator for anything that speaks the memcached protocol: one thread, whole pipelines, every reply checked.
#include "connection.hpp"
#include "histogram.hpp"
#include "meter.hpp"
#include "options.hpp"
#include "traffic.hpp"

#include <cinttypes>
#include <deque>
#include <optional>

namespace {

using namespace bench;

const char usage[] =
    R"(load: drives a server that speaks the memcached protocol and checks every reply.

  --address A       HOST:PORT or unix:PATH (127.0.0.1:11311)
  --connections N   (50)
  --depth N         requests a connection sends at once; it waits for all replies before the next (1)
  --protocol P      classic or meta (classic)
  --value N         bytes of a value (100)
  --keys N          number of keys (100000)
  --key-size N      bytes of a key (30)
  --ratio G:S       gets to sets (9:1)
  --skew K          uniform or zipf:EXPONENT (uniform)
  --one-hit X       share of the requests that go to a key never asked for again (0)
  --set-on-miss     a get that misses is followed by a set of its key
  --fill            set every key once before the run
  --warm-up N       requests before the run (0)
  --requests N      length of the run; or
  --seconds X       (5)
  --seed N          (1)
  --pid N           the server: its processor time per request
  --calls FILE      the counters of the preloaded count_calls.c in the server: heap calls per request
  --json            one object instead of text
  --hold            keep the connections open after the run until standard input ends
)";

struct settings {
    std::string address;
    std::size_t connections, depth, value_bytes, keys, key_bytes;
    bool meta = false;
    std::uint64_t gets = 9, sets = 1;
    std::optional<double> zipf_exponent;
    double one_hit_share = 0;
    bool set_on_miss = false, fill = false, json = false, hold = false;
    std::uint64_t warm_up, requests, seed;
    double seconds;
    int pid;
    std::string calls_file;
};

settings read_settings(int argc, char** argv) {
    options given(argc, argv, usage);
    settings s;
    s.address = given.text("--address", "127.0.0.1:11311");
    s.connections = given.number<std::size_t>("--connections", 50);
    s.depth = given.number<std::size_t>("--depth", 1);
    s.value_bytes = given.number<std::size_t>("--value", 100);
    s.keys = given.number<std::size_t>("--keys", 100'000);
    s.key_bytes = given.number<std::size_t>("--key-size", 30);
    s.one_hit_share = given.number("--one-hit", 0.0);
    s.set_on_miss = given.flag("--set-on-miss");
    s.fill = given.flag("--fill");
    s.json = given.flag("--json");
    s.hold = given.flag("--hold");
    s.warm_up = given.number<std::uint64_t>("--warm-up", 0);
    s.requests = given.number<std::uint64_t>("--requests", 0);
    s.seconds = given.number("--seconds", 5.0);
    s.seed = given.number<std::uint64_t>("--seed", 1);
    s.pid = given.number("--pid", 0);
    s.calls_file = given.text("--calls", "");

    const std::string protocol = given.text("--protocol", "classic");
    if (protocol != "classic" && protocol != "meta") fail("--protocol is classic or meta");
    s.meta = protocol == "meta";
    const std::string ratio = given.text("--ratio", "9:1");
    if (std::sscanf(ratio.c_str(), "%" SCNu64 ":%" SCNu64, &s.gets, &s.sets) != 2 || s.gets + s.sets == 0) {
        fail("--ratio is GETS:SETS");
    }
    const std::string skew = given.text("--skew", "uniform");
    double exponent = 0;
    if (std::sscanf(skew.c_str(), "zipf:%lf", &exponent) == 1) {
        s.zipf_exponent = exponent;
    } else if (skew != "uniform") {
        fail("--skew is uniform or zipf:EXPONENT");
    }
    given.finish();
    if (s.connections == 0 || s.depth == 0 || s.keys == 0) fail("connections, depth and keys are at least 1");
    return s;
}

// The fixed texts around keys and values.
struct dialect {
    std::string get, get_end;               // get KEY get_end
    std::string set, set_end;               // set KEY set_end VALUE \r\n
    std::string hit, hit_key_end, hit_end;  // hit KEY hit_key_end VALUE hit_end
    std::string miss;                       // miss [KEY] \r\n
    bool miss_repeats_key;
    std::string stored;
};

dialect make_dialect(bool meta, std::size_t value_bytes) {
    const std::string size = std::to_string(value_bytes);
    if (meta) {
        return {.get = "mg ",
                .get_end = " k v\r\n",
                .set = "ms ",
                .set_end = " " + size + "\r\n",
                .hit = "VA " + size + " k",
                .hit_key_end = "\r\n",
                .hit_end = "\r\n",
                .miss = "EN k",
                .miss_repeats_key = true,
                .stored = "HD\r\n"};
    }
    return {.get = "get ",
            .get_end = "\r\n",
            .set = "set ",
            .set_end = " 0 0 " + size + "\r\n",
            .hit = "VALUE ",
            .hit_key_end = " 0 " + size + "\r\n",
            .hit_end = "\r\nEND\r\n",
            .miss = "END",
            .miss_repeats_key = false,
            .stored = "STORED\r\n"};
}

struct request {
    std::uint64_t key;
    bool is_set;
};

struct client : connection {
    std::vector<request> waiting;  // sent together, answered in this order
    std::size_t answered = 0;
    std::vector<std::uint64_t> missed;  // keys to be set next
    std::int64_t sent_at = 0;
};

struct counts {
    std::uint64_t requests = 0, hits = 0, misses = 0, sets = 0, errors = 0;
    histogram times;
};

class load {
public:
    explicit load(settings s)
        : settings_(std::move(s)),
          contents_(settings_.key_bytes, settings_.value_bytes),
          dialect_(make_dialect(settings_.meta, settings_.value_bytes)),
          random_(settings_.seed),
          next_one_hit_((settings_.seed << 40) | (std::uint64_t{1} << 63)) {
        if (settings_.zipf_exponent)
            zipf_.emplace(static_cast<std::uint32_t>(settings_.keys), *settings_.zipf_exponent);
        for (std::size_t i = 0; i < settings_.connections; ++i) {
            client& c = clients_.emplace_back();
            c.waiting.reserve(settings_.depth);
            c.missed.reserve(settings_.depth);
            loop_.add(c, settings_.address);
        }
    }

    bool run() {
        if (settings_.fill) {
            filling_ = true;
            drive(settings_.keys, {});
            filling_ = false;
        }
        if (settings_.warm_up != 0) drive(settings_.warm_up, {});
        const std::uint64_t failed_before = counts_.errors;
        counts_ = {};

        const meter cost(settings_.pid, settings_.calls_file);
        const reading before = cost.read();
        if (settings_.requests != 0) {
            drive(settings_.requests, {});
        } else {
            drive(UINT64_MAX, before.wall_ns + static_cast<std::int64_t>(settings_.seconds * 1e9));
        }
        report(cost, cost.read() - before);
        return failed_before + counts_.errors == 0;
    }

private:
    // Sends up to `limit` requests, none after `end_ns`, and returns when all are answered.
    void drive(std::uint64_t limit, std::optional<std::int64_t> end_ns) {
        left_ = limit;
        fill_next_ = 0;
        for (client& c : clients_) send_pipeline(c, now_ns());
        while (busy_clients_ != 0) {
            const bool arrived = loop_.turn(no_answer_ms, [this, end_ns](connection& c, std::string_view bytes) {
                const std::int64_t now = now_ns();
                if (end_ns && now > *end_ns) left_ = 0;
                return on_bytes(static_cast<client&>(c), bytes, now);
            });
            if (!arrived) fail("no reply for 20 seconds");
        }
    }

    void send_pipeline(client& c, std::int64_t now) {
        c.waiting.clear();
        c.answered = 0;
        while (left_ != 0 && c.waiting.size() < settings_.depth) {
            c.waiting.push_back(next_request(c));
            append(c, c.waiting.back());
            --left_;
        }
        if (c.waiting.empty()) return;
        ++busy_clients_;
        c.sent_at = now;
        loop_.flush(c);
    }

    request next_request(client& c) {
        if (filling_) return {fill_next_++, true};
        if (!c.missed.empty()) {
            const std::uint64_t key = c.missed.back();
            c.missed.pop_back();
            return {key, true};
        }
        if (settings_.one_hit_share > 0 && random_.share() < settings_.one_hit_share) return {next_one_hit_++, false};
        const bool is_set = random_.below(settings_.gets + settings_.sets) >= settings_.gets;
        return {zipf_ ? zipf_->draw(random_) : random_.below(settings_.keys), is_set};
    }

    void append(client& c, request r) const {
        c.out += r.is_set ? dialect_.set : dialect_.get;
        contents_.append_key(c.out, r.key);
        if (r.is_set) {
            c.out += dialect_.set_end;
            contents_.append_value(c.out, r.key);
            c.out += "\r\n";
        } else {
            c.out += dialect_.get_end;
        }
    }

    std::size_t on_bytes(client& c, std::string_view bytes, std::int64_t now) {
        std::size_t used = 0;
        while (used < bytes.size()) {
            if (c.answered == c.waiting.size()) fail("a reply that nobody asked for");
            const std::size_t size = take_reply(c, bytes.substr(used), c.waiting[c.answered]);
            if (size == 0) break;
            used += size;
            ++c.answered;
            ++counts_.requests;
            counts_.times.add(now - c.sent_at);
        }
        if (c.answered == c.waiting.size()) {
            --busy_clients_;
            send_pipeline(c, now);
        }
        return used;
    }

    // The size of the reply that `bytes` begins with; 0: it is not whole yet.
    std::size_t take_reply(client& c, std::string_view bytes, request r) {
        if (r.is_set && bytes.starts_with(dialect_.stored)) {
            ++counts_.sets;
            return dialect_.stored.size();
        }
        if (!r.is_set && bytes.starts_with(dialect_.hit)) return take_hit(bytes, r.key);
        if (!r.is_set && bytes.starts_with(dialect_.miss)) return take_miss(c, bytes, r.key);
        const std::size_t line_end = bytes.find("\r\n");
        if (line_end == std::string_view::npos) return 0;
        const std::string line(bytes.substr(0, line_end));
        if (!line.starts_with("SERVER_ERROR") && !line.starts_with("CLIENT_ERROR") && line != "ERROR") {
            fail("a reply that does not fit the request: " + line);
        }
        if (counts_.errors++ == 0) std::fprintf(stderr, "load: first error: %s\n", line.c_str());
        return line_end + 2;
    }

    std::size_t take_hit(std::string_view bytes, std::uint64_t key) {
        const std::size_t key_at = dialect_.hit.size();
        const std::size_t value_at = key_at + contents_.key_bytes() + dialect_.hit_key_end.size();
        const std::size_t end_at = value_at + contents_.value_bytes();
        const std::size_t size = end_at + dialect_.hit_end.size();
        if (bytes.size() < size) return 0;
        const std::string_view key_end = bytes.substr(key_at + contents_.key_bytes());
        if (!contents_.is_key(bytes.substr(key_at, contents_.key_bytes()), key)) fail("a reply with the wrong key");
        if (!key_end.starts_with(dialect_.hit_key_end)) fail("a reply with the wrong flags or length");
        if (!contents_.is_value(bytes.substr(value_at, contents_.value_bytes()), key))
            fail("a reply with a wrong value");
        if (!bytes.substr(end_at).starts_with(dialect_.hit_end)) fail("a reply that does not end as it should");
        ++counts_.hits;
        return size;
    }

    std::size_t take_miss(client& c, std::string_view bytes, std::uint64_t key) {
        const std::size_t key_at = dialect_.miss.size();
        const std::size_t end_at = key_at + (dialect_.miss_repeats_key ? contents_.key_bytes() : 0);
        const std::size_t size = end_at + 2;
        if (bytes.size() < size) return 0;
        if (dialect_.miss_repeats_key && !contents_.is_key(bytes.substr(key_at, contents_.key_bytes()), key)) {
            fail("a miss with the wrong key");
        }
        if (!bytes.substr(end_at).starts_with("\r\n")) fail("a miss that does not end as it should");
        ++counts_.misses;
        if (settings_.set_on_miss) c.missed.push_back(key);
        return size;
    }

    void report(const meter& cost, const reading& spent) const {
        const auto total = static_cast<double>(counts_.requests);
        const double bytes =
            static_cast<double>(counts_.hits + counts_.sets) * static_cast<double>(settings_.value_bytes);
        const double hit_rate = static_cast<double>(counts_.hits) / static_cast<double>(counts_.hits + counts_.misses);
        const double throughput = total / spent.seconds();
        const double cpu_us = static_cast<double>(spent.server_cpu_ns) / 1e3 / total;
        const double heap = static_cast<double>(spent.heap_calls) / total;
        if (settings_.json) {
            std::printf("{\"S_bytes_per_s\": %.0f, \"T_per_s\": %.1f, ", bytes / spent.seconds(), throughput);
            counts_.times.print_json("D_us");
            std::printf(", \"requests\": %" PRIu64 ", \"hits\": %" PRIu64 ", \"misses\": %" PRIu64
                        ", \"sets\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"seconds\": %.3f, \"own_cpu\": %.3f",
                        counts_.requests, counts_.hits, counts_.misses, counts_.sets, counts_.errors, spent.seconds(),
                        spent.own_cpu_share());
            if (cost.watches_server()) std::printf(", \"server_cpu_us\": %.4f", cpu_us);
            if (cost.counts_calls())
                std::printf(", \"heap_calls\": %" PRIu64 ", \"heap_per_request\": %.5f", spent.heap_calls, heap);
            std::printf("}\n");
        } else {
            std::printf("S            %.1f MB/s of values\n", bytes / spent.seconds() / 1e6);
            std::printf("T            %.0f requests/s\n", throughput);
            counts_.times.print("D");
            std::printf("requests     %" PRIu64 " in %.2f s: %" PRIu64 " hits, %" PRIu64 " misses, %" PRIu64
                        " sets, %" PRIu64 " errors\n",
                        counts_.requests, spent.seconds(), counts_.hits, counts_.misses, counts_.sets, counts_.errors);
            if (counts_.hits + counts_.misses != 0) std::printf("hit rate     %.2f %%\n", hit_rate * 100);
            std::printf("generator    %.0f %% busy\n", spent.own_cpu_share() * 100);
            if (cost.watches_server()) std::printf("server       %.3f us of CPU a request\n", cpu_us);
            if (cost.counts_calls()) std::printf("heap calls   %.5f a request\n", heap);
        }
        std::fflush(stdout);
    }

    static constexpr int no_answer_ms = 20'000;

    settings settings_;
    contents contents_;
    dialect dialect_;
    random_source random_;
    std::optional<zipf_source> zipf_;
    std::uint64_t next_one_hit_;
    std::deque<client> clients_;
    loop loop_;
    counts counts_;
    std::uint64_t left_ = 0;       // requests still to be sent
    std::uint64_t fill_next_ = 0;  // next key of a fill
    std::size_t busy_clients_ = 0;
    bool filling_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    const settings given = read_settings(argc, argv);
    load generator(given);
    const bool good = generator.run();
    if (given.hold) {
        while (std::getchar() != EOF) {}
    }
    return good ? 0 : 1;
}
