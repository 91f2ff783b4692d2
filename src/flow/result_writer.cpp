#include "flow/result_writer.hpp"

#include "base/escape.hpp"
#include "flow/runner.hpp"
#include "protocol/request.hpp"
#include "version/version.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace freshet {

namespace asio = boost::asio;

namespace {

bool is_it(const reply& found, const kept_result& what) noexcept {
    return found.outcome == outcome::hit && found.data() == what.value && found.flags == what.flags;
}

bool is_too_large(const reply& said) noexcept {
    return said.outcome == outcome::too_large || (said.outcome == outcome::failed && said.why.code == errc::too_large);
}

}  // namespace

asio::awaitable<result_writer::stored> result_writer::put(kept_result& what, seconds ttl) {
    milliseconds trouble{0};
    std::uint64_t over = 0;  // the CAS of the same error
    while (!rests_.are_over()) {
        request r;
        r.command = command::store;
        r.mode = what.error && over == 0 ? store_mode::add : store_mode::set;
        r.compare = over != 0;
        r.compare_cas = over;
        r.key = what.key;
        r.value = what.value;
        r.flags = what.flags;
        r.exptime = exptime(ttl, wall::now());
        r.kept = marked_;
        reply said = co_await execute(home_, behind_, r, &writes_);
        if (said.outcome == outcome::stored) {
            what.version = said.cas >= lowest_version ? said.cas : 0;
            co_return stored::done;
        }
        if (is_too_large(said)) co_return stored::too_large;
        if (said.outcome == outcome::not_stored) {
            said = co_await look(what);
            if (said.outcome != outcome::failed) {
                over = is_it(said, what) ? said.cas : 0;
                if (over == 0) co_return stored::not_needed;
                continue;
            }
        }
        over = 0;
        if (said.outcome == outcome::exists || said.outcome == outcome::not_found)
            continue;  // it was changed meanwhile
        if (trouble.count() == 0 && !rests_.are_over()) say_why_it_waits(said);
        trouble = std::clamp(trouble * 2, trouble_delay_min, trouble_delay_max);
        co_await rests_.pause(trouble);
    }
    co_return stored::given_up;
}

asio::awaitable<bool> result_writer::has(const kept_result& what) {
    const reply found = co_await look(what);
    co_return is_it(found, what);
}

asio::awaitable<reply> result_writer::look(const kept_result& what) {
    request r;
    r.command = command::get;
    r.key = what.key;
    r.kept = marked_;
    r.compare_cas = what.version;
    r.want_value = r.no_bump = r.no_guess = true;
    reply found = co_await execute(home_, behind_, r, &writes_);
    co_return found;
}

void result_writer::say_why_it_waits(const reply& said) const {
    if (said.outcome == outcome::failed)
        spdlog::warn("{}: a result waits, {} {}", of_, said.why.subject, explain(said.why.code));
    else spdlog::warn("{}: a result waits, the store said {}", of_, escaped(said.data()));
}

}  // namespace freshet
