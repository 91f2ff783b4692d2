// libcurl's multi handle on a shard: Asio watches its sockets and is its clock. It knows transfers, not what they say.
// Own thread only; nothing here waits.
#pragma once

#include <freshet/time.hpp>

#include "shard/shard.hpp"

#include <curl/curl.h>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace freshet {

struct easy_cleanup {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using easy_handle = std::unique_ptr<CURL, easy_cleanup>;

class curl_loop;

/// One use of an easy handle. Whoever owns it keeps it until it has ended or was removed.
class curl_transfer {
public:
    CURL* easy() const noexcept { return easy_.get(); }
    /// The loop has forgotten it. Comes inside of curl_loop::add(), or later; nothing may be resumed inside of it.
    virtual void ended(CURLcode how) = 0;
    /// The header of the final answer has come, over HTTP/1. When libcurl stops to read then, the answer is complete.
    virtual bool has_header() const noexcept = 0;

protected:
    explicit curl_transfer(easy_handle handle) : easy_(std::move(handle)) {}
    ~curl_transfer() = default;
    /// A connection that was used for it has been closed, and had brought something since.
    bool lost_an_answer() const noexcept { return lost_an_answer_; }
    /// Why there is no socket; 0: there was one.
    int socket_error() const noexcept { return socket_error_; }

    easy_handle easy_;

private:
    friend class curl_loop;
    int socket_{-1};  ///< the last one that libcurl used for it
    int socket_error_{0};
    bool lost_an_answer_{false};
    curl_loop* loop_{nullptr};
};

class curl_loop : public std::enable_shared_from_this<curl_loop> {
public:
    /// At most so many connections to one host, and as many kept in all.
    static std::shared_ptr<curl_loop> make(shard& home, unsigned connections_max);
    ~curl_loop();
    curl_loop(const curl_loop&) = delete;

    void add(curl_transfer& who);
    /// It is about to send its request. What libcurl closes before it tells of a socket was closed for this one.
    void sends(curl_transfer& who) noexcept { sender_ = &who; }
    /// Ends it without a word, and closes its connection. Not running: does nothing.
    void remove(curl_transfer& who);
    /// Ends everything and closes all connections. On the shard's thread, or when that has ended.
    void close();

private:
    struct watch;
    using watch_pointer = std::shared_ptr<watch>;

    explicit curl_loop(shard& home);

    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* of_socket) noexcept;
    static int on_timer(CURLM* multi, long after_ms, void* self) noexcept;
    static curl_socket_t open_socket(void* transfer, curlsocktype why, curl_sockaddr* to) noexcept;
    static int close_socket(void* self, curl_socket_t socket) noexcept;

    watch_pointer add_watch(curl_socket_t socket, bool made_here);
    void forget_watch(curl_socket_t socket);
    void want(curl_transfer* who, curl_socket_t socket, int what);
    void wait(const watch_pointer& w);
    void wait(const watch_pointer& w, int direction);
    void ready(const watch_pointer& w, int direction);
    void note_received(const curl_transfer& who);
    void note_lost(watch& w);
    void act(curl_socket_t socket, int directions);
    void drive();
    void report();
    void end(curl_transfer& who, CURLcode how);
    void arm();

    boost::asio::io_context& context_;
    CURLM* multi_;
    boost::asio::steady_timer timer_;
    steady::time_point due_{steady::time_point::max()};    ///< when libcurl wants to be asked again
    steady::time_point armed_{steady::time_point::max()};  ///< when the timer rings, never later than `due_`
    std::unordered_map<curl_socket_t, watch_pointer> watches_;
    std::unordered_set<curl_transfer*> running_;
    curl_transfer* sender_{nullptr};        ///< it sends, and its socket is not known yet
    std::vector<curl_transfer*> answered_;  ///< all has come, and not all was sent
};

}  // namespace freshet
