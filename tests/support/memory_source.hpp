// What a line's messages are stored in, in memory.
#pragma once

#include <freshet/message.hpp>

#include "queue/line/message_source.hpp"
#include "queue/line/queue_line.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>

namespace freshet::test {

class memory_source final : public message_source {
public:
    void read(std::uint64_t, std::uint64_t after, std::uint64_t upto, std::size_t rows, std::size_t bytes,
              std::deque<stored_message>& to) override {
        ++reads;
        std::size_t taken = 0;
        for (auto at = rows_.upper_bound(after); at != rows_.end() && at->first <= upto; ++at) {
            to.push_back(at->second);
            taken += queue_line::size_of(at->second.message);
            if (to.size() >= rows || taken >= bytes) return;
        }
    }
    std::optional<stored_message> read_one(std::uint64_t, std::uint64_t number) override {
        const auto at = rows_.find(number);
        return at != rows_.end() ? std::optional(at->second) : std::nullopt;
    }
    bool failed() const noexcept override { return failing; }
    void mark_damaged(std::string_view) override { failing = true; }

    void put(std::uint64_t number, const message& m, bool handed = false) { rows_[number] = {number, m, handed}; }
    void change(std::uint64_t number, unsigned attempts) { rows_.at(number).message.attempt = attempts; }
    void erase(std::uint64_t number) { rows_.erase(number); }

    int reads{0};
    bool failing{false};

private:
    std::map<std::uint64_t, stored_message> rows_;
};

}  // namespace freshet::test
