// A queue as its link sees it, that wants nothing of it.
#pragma once

#include "queue/broker/link.hpp"

namespace freshet::test {

class silent_owner : public link_owner {
public:
    virtual ~silent_owner() = default;
    void connected() override {}
    void history_lost() override {}
    void disconnected() override {}
    void publishable(bool) override {}
    void revoked() override {}
    void arrived(arrival&&) override {}
    void arrivals_over() override {}
    void published(publication&) override {}
    void levelled(std::uint64_t) override {}
    void others_wait() override {}
};

}  // namespace freshet::test
