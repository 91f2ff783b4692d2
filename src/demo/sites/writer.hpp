// A client that overwrites and deletes the same keys at a site again and again, as another does at the other site.
#pragma once

#include "demo/server/client.hpp"
#include "demo/sites/ledger.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace freshet::demonstration {

struct writing_setting {
    std::size_t keys;  ///< the first so many subjects
    std::chrono::steady_clock::time_point end;
    std::chrono::microseconds pause{0};  ///< from one write to the next; 0: as many as are answered
    bool awaits_answers{true};           ///< false: it is over at `end`, whatever is under way
};

class site_writer final : public conversation {
public:
    site_writer(ledger& books, writing_setting setting);

    bool ask(asking& to, std::uint32_t& subject) override;
    void answered(std::uint32_t subject, const reply& answer, std::chrono::nanoseconds took) override;
    bool over() const override;
    bool later() const override { return !ended(); }

    /// What is under way will not be answered: how many.
    std::size_t abandon();

    std::size_t answers{0};
    std::size_t not_done{0};
    std::size_t maybe_done{0};

private:
    bool ended() const { return std::chrono::steady_clock::now() >= setting_.end; }

    ledger& books_;
    writing_setting setting_;
    std::chrono::steady_clock::time_point next_{};
    std::vector<site_write> under_way_;  ///< one of a key at a time
    std::mt19937 random_{1};             ///< as the other site's: they write the same keys at the same time
};

}  // namespace freshet::demonstration
