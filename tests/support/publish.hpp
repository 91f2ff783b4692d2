// Publishes and looks at dead letters, and waits for the answer.
#pragma once

#include "protocol/reply.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "shard/shard.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

namespace freshet::test {

/// An operation that another thread waits for.
template <class Operation>
struct awaited final : Operation {
    explicit awaited(shard& at) { this->home = &at; }
    void finish() override { done.set_value(); }
    void wait_home() { done.get_future().wait(); }

    std::promise<void> done;
};

/// Not from the home shard.
inline void publish(shard& home, queue& to, std::string id, std::string body) {
    awaited<publication> p(home);
    p.message.id = std::move(id);
    p.message.key = p.message.id;
    p.message.body = std::move(body);
    to.publish(p);
    p.wait_home();
    EXPECT_EQ(p.outcome, publication::outcome::confirmed);
}

inline std::vector<dead_letter> dead_letters(shard& home, journal& of, std::size_t max = 100) {
    awaited<dead_request> r(home);
    r.max = max;
    of.dead_letters(r);
    r.wait_home();
    EXPECT_FALSE(r.why);
    return std::move(r.letters);
}

}  // namespace freshet::test
