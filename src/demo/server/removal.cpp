#include "demo/server/removal.hpp"

#include "demo/server/client.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"

#include <utility>

namespace freshet::demonstration {

namespace {

constexpr crowd pipelines{4, 16};

class removing final : public conversation {
public:
    explicit removing(std::vector<std::string> keys) : keys_(std::move(keys)) {}

    bool ask(asking& to, std::uint32_t& subject) override {
        if (next_ == keys_.size()) return false;
        subject = next_++;
        to.remove(keys_[subject]);
        return true;
    }
    void answered(std::uint32_t, const reply&, std::chrono::nanoseconds) override {}

private:
    std::vector<std::string> keys_;
    std::uint32_t next_{0};
};

}  // namespace

void remove_keys(const std::string& socket_path, std::vector<std::string> keys) {
    removing talk(std::move(keys));
    hold(talk, socket_path, pipelines);
}

void run_removal(const demo_server& server, const package_database& packages, const std::vector<std::string>& tasks,
                 const progress& shown) {
    shown.show("removing what was written");
    std::vector<std::string> keys;
    for (const package_record& r : packages.records) {
        keys.push_back((server.key_prefix() + "package:").append(r.name));
        keys.push_back((server.key_prefix() + "record:").append(r.name));
    }
    for (const std::string& name : tasks) keys.push_back(server.key_prefix() + "result:" + name);
    remove_keys(server.socket_path(), std::move(keys));
}

}  // namespace freshet::demonstration
