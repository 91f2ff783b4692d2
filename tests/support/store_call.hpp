// Asks a store one thing and shows the answer. Time is the caller's.
#pragma once

#include <freshet/time.hpp>

#include "call/call.hpp"
#include "protocol/render.hpp"
#include "protocol/request_parser.hpp"
#include "shard/output.hpp"
#include "store/memory/memory_store.hpp"
#include "store/statistics.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace freshet::test {

/// A store that answers at once, asked in the protocol's own words at a time that only advance() changes.
class asked_store {
public:
    explicit asked_store(memory_options options = {})
        : store(make_memory_store(options)), parser_(options.item_size_max_bytes) {}

    /// The answers to the commands, as a client reads them, without the last line end.
    std::string operator()(std::string_view commands) {
        output out;
        for (auto s = request_parser::status::call; true;) {
            c.reply.reset();
            s = parser_.next(commands, c.request, c.wanted);
            if (s == request_parser::status::more) break;
            EXPECT_EQ(s, request_parser::status::call) << parser_.text();
            if (s != request_parser::status::call) break;
            c.now = now;
            EXPECT_TRUE(store->submit(c));
            render(c.request, c.wanted, c.reply, out);
        }
        EXPECT_EQ(commands, "");
        std::string text(out.text().view());
        if (text.ends_with("\r\n")) text.resize(text.size() - 2);
        return text;
    }
    std::string set(const std::string& key, std::string_view value, int exptime = 0) {
        return (*this)("set " + key + " 0 " + std::to_string(exptime) + " " + std::to_string(value.size()) + "\r\n" +
                       std::string(value) + "\r\n");
    }
    /// The value, or "miss".
    std::string get(const std::string& key) {
        const std::string text = (*this)("mg " + key + " v\r\n");
        return text == "EN" ? "miss" : text.substr(text.find('\n') + 1);
    }
    void advance(seconds by) { now += by; }
    /// A figure of "stats" or "stats GROUP"; empty: not among them.
    std::string figure(std::string_view name, std::string_view group = {}) {
        std::vector<statistic> all;
        store->add_statistics(all, group, now);
        for (const auto& s : all) {
            if (s.name == name) return s.value;
        }
        return {};
    }

    std::unique_ptr<memory_store> store;
    steady::time_point now{steady::now()};
    client_call c;

private:
    request_parser parser_;
};

}  // namespace freshet::test
