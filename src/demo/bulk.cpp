#include "demo/bulk.hpp"

#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "demo/server/client.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"

#include <utility>

namespace freshet::demonstration {

namespace {

constexpr crowd pipelines{4, 16};

class bulk_talk final : public conversation {
public:
    enum class verb : std::uint8_t { write, read };

    bulk_talk(const demo_server& server, const package_database& packages, verb v, std::string name)
        : server_(server), records_(packages.records), verb_(v) {
        result.name = std::move(name);
    }

    void run() {
        result.seconds = std::chrono::duration<double>(hold(*this, server_.socket_path(), pipelines)).count();
        result.requests = result.times.count();
        result.bytes = bytes_;
        result.concurrency = pipelines.concurrency();
    }

    bool ask(asking& to, std::uint32_t& subject) override {
        if (next_ == records_.size()) return false;
        subject = next_++;
        const package_record& r = records_[subject];
        const std::string key = (server_.key_prefix() + "record:").append(r.name);
        if (verb_ == verb::write) to.set(key, r.text);
        else to.get(key);
        return true;
    }
    void answered(std::uint32_t subject, const reply& answer, std::chrono::nanoseconds took) override {
        const std::string_view text = records_[subject].text;
        const bool right = verb_ == verb::write ? answer.outcome == outcome::stored
                                                : answer.outcome == outcome::hit && answer.value.view() == text;
        if (right) bytes_ += text.size();
        else if (answer.outcome == outcome::miss) ++missing;
        else ++wrong;
        result.times.add(took);
    }

    figures result{};
    std::size_t missing{0};
    std::size_t wrong{0};

private:
    const demo_server& server_;
    const std::vector<package_record>& records_;
    verb verb_;
    std::uint32_t next_{0};
    std::size_t bytes_{0};
};

}  // namespace

bulk_outcome run_bulk(const demo_server& server, const package_database& packages, const progress& shown) {
    shown.show("3 large data: writing");
    bulk_talk write(server, packages, bulk_talk::verb::write, "3 large data, written");
    write.run();
    shown.show("3 large data: reading it back");
    bulk_talk read(server, packages, bulk_talk::verb::read, "  read back and compared");
    read.run();
    return {write.wrong, read.missing, read.wrong, std::move(write.result), std::move(read.result)};
}

}  // namespace freshet::demonstration
