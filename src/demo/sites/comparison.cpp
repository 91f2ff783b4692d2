#include "demo/sites/comparison.hpp"

#include "base/bytes.hpp"
#include "base/interrupt.hpp"
#include "demo/server/client.hpp"
#include "demo/sites/ledger.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace freshet::demonstration {

namespace {

constexpr crowd comparison_readers{2, 16};
constexpr std::chrono::milliseconds pause_before_comparing{20};

class reading_everything final : public conversation {
public:
    reading_everything(const ledger& books, const std::vector<std::uint32_t>& subjects)
        : books_(books), subjects_(subjects), found(subjects.size()) {}

    bool ask(asking& to, std::uint32_t& subject) override {
        if (next_ == subjects_.size()) return false;
        subject = next_++;
        to.get(books_.key(subjects_[subject]));
        return true;
    }
    /// What is no value is one that fits nothing.
    void answered(std::uint32_t subject, const reply& answer, std::chrono::nanoseconds) override {
        if (answer.outcome != outcome::miss) found[subject] = answer.value.view();
    }

private:
    const ledger& books_;
    const std::vector<std::uint32_t>& subjects_;
    std::uint32_t next_{0};

public:
    std::vector<std::optional<std::string>> found;
};

}  // namespace

comparison compare(booked_site one, booked_site other, std::size_t subjects) {
    std::vector<std::uint32_t> written;
    for (std::uint32_t subject = 0; subject < subjects; ++subject) {
        if (one.books.knows(subject) || other.books.knows(subject)) written.push_back(subject);
    }
    reading_everything at_one(one.books, written), at_other(other.books, written);
    const std::array<party, 2> parties{{{at_one, one.site.socket_path(), comparison_readers},
                                        {at_other, other.site.socket_path(), comparison_readers}}};
    hold(parties);
    comparison c{written.size()};
    for (std::size_t i = 0; i < written.size(); ++i) {
        if (at_one.found[i] != at_other.found[i]) ++c.differing;
        if (!is_allowed(one.books, other.books, written[i], at_one.found[i]) ||
            !is_allowed(one.books, other.books, written[i], at_other.found[i]))
            ++c.wrong;
    }
    return c;
}

comparison compare_until_equal(booked_site one, booked_site other, std::size_t subjects, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const comparison c = compare(one, other, subjects);
        if (c.differing == 0 || std::chrono::steady_clock::now() >= end) return c;
        wait_for({}, pause_before_comparing);
    }
}

}  // namespace freshet::demonstration
