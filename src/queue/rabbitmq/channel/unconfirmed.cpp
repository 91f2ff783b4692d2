#include "queue/rabbitmq/channel/unconfirmed.hpp"

#include <algorithm>

namespace freshet {

void tell_published(link_owner& owner, publication& p, std::optional<failure> why) {
    p.outcome = why ? publication::outcome::failed : publication::outcome::confirmed;
    if (why) p.why = *why;
    owner.published(p);
}

/// The record may be all that is left of it: the publication is the owner's again.
void rabbitmq_unconfirmed::tell(record& r, std::optional<failure> why) {
    r.standing = record::standing::told;
    --open_;
    tell_published(owner_, *r.who, why);
}

void rabbitmq_unconfirmed::add(publication& p, lane to, std::string_view reason, std::uint64_t serial,
                               steady::time_point since) {
    records_.push_back({&p, to, std::string(reason), serial, since});
    ++open_;
}

void rabbitmq_unconfirmed::drop_newest() {
    records_.pop_back();
    --open_;
}

void rabbitmq_unconfirmed::confirm(std::uint64_t tag, bool multiple, std::optional<errc> refusal) {
    if (tag < first_tag_ || tag >= first_tag_ + records_.size()) return;
    const auto last = static_cast<std::size_t>(tag - first_tag_);
    for (std::size_t i = multiple ? 0 : last; i <= last; ++i) {
        record& r = records_[i];
        if (r.standing == record::standing::told) continue;
        std::optional<failure> why;
        if (refusal) why = failure{*refusal, of_refusal_, {}};
        else if (r.standing == record::standing::returned) why = failure{errc::unroutable, effect::not_done, {}};
        tell(r, why);
    }
    while (!records_.empty() && records_.front().standing == record::standing::told) {
        records_.pop_front();
        ++first_tag_;
    }
}

void rabbitmq_unconfirmed::returned(std::uint64_t serial) {
    const auto is_it = [serial](const record& r) { return r.serial == serial; };
    const auto at = std::find_if(records_.begin(), records_.end(), is_it);
    if (at != records_.end() && at->standing == record::standing::sent) at->standing = record::standing::returned;
}

void rabbitmq_unconfirmed::send_again(const std::function<bool(const record&)>& send) {
    forget_told();
    for (record& r : records_) {
        r.standing = record::standing::sent;
        ++r.sendings;
        if (!send(r)) tell(r, failure{errc::message_too_large, effect::maybe_done, {}});
    }
    forget_told();
    first_tag_ = 1;
}

void rabbitmq_unconfirmed::forget_told() {
    std::erase_if(records_, [](const record& r) { return r.standing == record::standing::told; });
}

void rabbitmq_unconfirmed::fail_all(errc why) {
    for (record& r : records_) {
        if (r.standing != record::standing::told) tell(r, failure{why, effect::maybe_done, {}});
    }
    first_tag_ += records_.size();
    records_.clear();
}

/// The channel goes on counting them.
bool rabbitmq_unconfirmed::time_out(steady::time_point before) {
    bool any = false;
    for (record& r : records_) {
        if (r.since > before) break;
        if (r.standing == record::standing::told) continue;
        tell(r, failure{errc::timed_out, effect::maybe_done, {}});
        any = true;
    }
    return any;
}

}  // namespace freshet
