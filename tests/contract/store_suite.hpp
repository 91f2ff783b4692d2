// The suite that every kind of store passes. A new kind is a class and a line in store_kinds().
#pragma once

#include <freshet/time.hpp>

#include "protocol/ask.hpp"
#include "shard/shard.hpp"
#include "store/store.hpp"
#include "support/store_user.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace freshet::test {

class store_house {
public:
    virtual ~store_house() = default;
    virtual store& get() = 0;
};

struct store_kind {
    const char* name;
    std::unique_ptr<store_house> (*make)();
};
std::vector<store_kind> store_kinds();
inline void PrintTo(const store_kind& k, std::ostream* to) { *to << k.name; }

class every_store : public testing::TestWithParam<store_kind> {
protected:
    std::string ask(std::string_view commands) { return user_.ask(commands); }
    /// The value of a key, or "a miss".
    std::string value(const std::string& key) {
        const std::string a = ask("mg " + key + " v\r\n");
        const auto begin = a.find("\r\n");
        return a.starts_with("VA ") ? a.substr(begin + 2, a.size() - begin - 4) : "a miss";
    }
    std::string cas(const std::string& key) {
        const std::string a = ask("mg " + key + " c\r\n");
        return a.substr(4, a.size() - 6);
    }
    void pass(milliseconds time) { user_.pass(time); }
    store& of() { return house_->get(); }

    shard home_{"test"};
    std::unique_ptr<store_house> house_{GetParam().make()};
    store_user user_{home_, house_->get()};
};

}  // namespace freshet::test
