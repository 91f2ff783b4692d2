// `freshet serve` as a child process in a fresh folder, which can be killed and started again.
#pragma once

#include "demo/server/program.hpp"

#include <memory>
#include <string>
#include <string_view>

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

class child_server {
public:
    child_server();

    /// Where it listens, as its configuration has to say.
    const std::string& socket_path() const noexcept { return socket_path_; }
    /// Of every key, and of this server's alone: what lies in a pool already is not met.
    const std::string& key_prefix() const noexcept { return key_prefix_; }
    running_program& program() noexcept { return *program_; }

    void configure(std::string_view text) const;
    /// On the state that is there, and waits until it listens. Throws std::runtime_error with its own sentence where it
    /// does not.
    void start();
    /// SIGKILL.
    void kill() { program_->kill(); }
    /// As an administrator does. False: it ended with an error or had to be killed.
    bool stop();

private:
    own_folder folder_;
    std::string socket_path_;
    std::string key_prefix_;
    std::unique_ptr<running_program> program_;
};

/// The path of this program.
std::string own_path();

}  // namespace freshet::demonstration
