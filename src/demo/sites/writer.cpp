#include "demo/sites/writer.hpp"

#include "base/bytes.hpp"
#include "protocol/ask.hpp"
#include "protocol/reply.hpp"

#include <utility>

namespace freshet::demonstration {

namespace {

constexpr unsigned writes_a_removal = 8;

bool says_not_done(const reply& r) { return r.outcome == outcome::text && r.value.view().ends_with(", not_done\r\n"); }

}  // namespace

site_writer::site_writer(ledger& books, writing_setting setting)
    : books_(books), setting_(setting), under_way_(setting.keys) {}

bool site_writer::ask(asking& to, std::uint32_t& subject) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= setting_.end || now < next_) return false;
    subject = static_cast<std::uint32_t>(random_() % setting_.keys);
    if (under_way_[subject].number != 0) return false;
    next_ = now + setting_.pause;
    site_write& w = under_way_[subject];
    w = {books_.next_number(), random_() % writes_a_removal == 0};
    if (w.removal) to.remove(books_.key(subject));
    else to.set(books_.key(subject), books_.value(subject, w.number));
    return true;
}

void site_writer::answered(std::uint32_t subject, const reply& answer, std::chrono::nanoseconds) {
    const site_write w = std::exchange(under_way_[subject], {});
    switch (answer.outcome) {
        case outcome::stored:
        case outcome::deleted: ++answers; return books_.answered(subject, w);
        case outcome::not_found: ++answers; return;  // there was nothing to delete
        default: break;
    }
    if (says_not_done(answer)) {
        ++not_done;
        return;
    }
    ++maybe_done;
    books_.unsure(subject, w);
}

bool site_writer::over() const { return !setting_.awaits_answers && ended(); }

std::size_t site_writer::abandon() {
    std::size_t n = 0;
    for (std::uint32_t subject = 0; subject < under_way_.size(); ++subject) {
        const site_write w = std::exchange(under_way_[subject], {});
        if (w.number == 0) continue;
        books_.unsure(subject, w);
        ++n;
    }
    return n;
}

}  // namespace freshet::demonstration
