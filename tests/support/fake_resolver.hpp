// A resolver that answers what the test says, on the shard.
#pragma once

#include "shard/resolver.hpp"
#include "shard/shard.hpp"

#include <functional>
#include <string>
#include <vector>

namespace freshet::test {

/// Of the shard's thread, as soon as it is used.
class fake_resolver final : public resolver {
public:
    void look_up(const std::string& host, std::uint16_t, std::function<void(resolved)> then) override {
        asked.push_back(host);
        if (silent) return;
        home->run([this, then = std::move(then)] { then(answer); });
    }
    shard* home{nullptr};
    resolved answer{};
    bool silent{false};  ///< no answer ever comes
    std::vector<std::string> asked{};
};

}  // namespace freshet::test
