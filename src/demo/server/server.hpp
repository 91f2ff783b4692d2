// The server that the demo drives: a child process in a fresh folder, which can be killed and started again.
#pragma once

#include "demo/server/program.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace freshet::demonstration {

/// A new folder under /var/tmp, removed with all that is in it when its owner goes.
class own_folder {
public:
    own_folder();
    ~own_folder();
    own_folder(const own_folder&) = delete;
    own_folder& operator=(const own_folder&) = delete;

    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

struct server_setting {
    std::size_t cache_bytes;         ///< of the store behind "package:"
    std::size_t bulk_bytes;          ///< of the store behind "record:"
    std::size_t calls;               ///< of tasks at a time
    std::vector<std::string> pool;   ///< URLs of servers that are all these stores; none: they are in memory
    std::vector<std::string> queue;  ///< URLs of the broker that has the tasks; none: a journal
};

/// Behind key_prefix(), "package:NAME" is a cache, "record:NAME" a store with room for everything, "task:verify#NAME" a
/// task that checks an installed package, "result:NAME" what it found.
class demo_server {
public:
    /// Starts it and waits until it listens. Throws std::runtime_error with its own sentence where it does not.
    explicit demo_server(const server_setting& setting);

    const std::string& folder() const noexcept { return folder_.path(); }
    const std::string& socket_path() const noexcept { return socket_path_; }
    /// Of every key, and of this server's alone: what lies in a pool already is not met.
    const std::string& key_prefix() const noexcept { return key_prefix_; }

    /// Halts it and looks for the programs its flow has running: the ids of their tasks.
    std::vector<std::string> halt();
    void go_on();
    /// SIGKILL.
    void kill();
    /// Again on the same state.
    void start();
    /// As an administrator does. False: it ended with an error or had to be killed.
    bool stop();

private:
    own_folder folder_;
    std::string socket_path_;
    std::string key_prefix_;
    bool on_broker_;
    std::unique_ptr<running_program> program_;
};

/// The path of this program.
std::string own_path();

}  // namespace freshet::demonstration
