// Freshet inside a program: a session without a socket. The same configuration, routes and limits as a server's; calls
// go through the same routes to the same stores and queues, on a thread of the client's own.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace freshet {

/// What a get found.
struct value {
    std::string data;
    std::uint32_t flags{0};  ///< as they were stored; memcached clients keep the data's type there
    std::uint64_t cas{0};    ///< differs after every change of the item
};

/// Every function may be called from any thread, waits for its answer, and throws nothing: a failure is a problem with
/// a sentence and an effect. Keys are memcached's: 1 to 250 bytes without blanks and control characters.
class client {
public:
    /// What a server would serve with this configuration; [server] listen is not looked at, flows run in this process.
    static result<std::unique_ptr<client>> open(const config& c);
    /// One store and one queue by URL: "memory:" or "memcached://HOST:PORT"; "journal:PATH",
    /// "amqp://HOST/%2F?queue=NAME&declare=create" or "kafka://HOST?topic=NAME&declare=create". Every key goes to the
    /// store, but "queue" to the queue. Waits up to 10 s for a broker; without it calls say that it is unreachable.
    static result<std::unique_ptr<client>> open(const std::string& store_url, const std::string& queue_url);

    virtual ~client() = default;  ///< stops the workers, then the queues

    /// Nothing: a miss.
    virtual result<std::optional<value>> get(std::string_view key) = 0;
    /// ttl 0: never expires. True: stored.
    virtual result<bool> set(std::string_view key, std::string_view data, seconds ttl = {},
                             std::uint32_t flags = 0) = 0;
    /// False: there is a value already.
    virtual result<bool> add(std::string_view key, std::string_view data, seconds ttl = {},
                             std::uint32_t flags = 0) = 0;
    /// False: there was none.
    virtual result<bool> remove(std::string_view key) = 0;
    /// Puts a message on the queue behind `key` and waits until it is confirmed. The answer is its id; give one to have
    /// the same message accepted again under the same name.
    virtual result<std::string> publish(std::string_view key, std::string_view body, std::string_view id = {}) = 0;
    /// As get, but a miss waits up to `time` for the value.
    virtual result<std::optional<value>> wait(std::string_view key, milliseconds time) = 0;

    /// Works off the messages of a queue, by its name, in threads of this process. What `work` returns is the result,
    /// found under "result:{id}" in the first store for an hour; what it throws is tried again as the queue says, and
    /// is the error result in the end. `work` is called by `concurrency` threads at a time.
    using worker = std::function<std::string(const message&)>;
    virtual result<void> work(std::string_view queue, worker work, unsigned concurrency = 1) = 0;
};

}  // namespace freshet
