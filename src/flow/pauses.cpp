#include "flow/pauses.hpp"

#include <utility>

namespace freshet {

namespace asio = boost::asio;

asio::awaitable<void> pauses::pause(milliseconds time) {
    if (over_) co_return;
    gate ended(home_);
    auto end = ended.wait(time);
    const auto here = under_way_.insert(&ended).first;
    co_await std::move(end);
    under_way_.erase(here);
}

void pauses::end() {
    for (gate* g : under_way_) g->open();
}

void pauses::end_for_good() {
    over_ = true;
    end();
}

}  // namespace freshet
