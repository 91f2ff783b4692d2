// The addresses of one host: looked up when they are needed, and again after a while. Own thread only.
#pragma once

#include <freshet/time.hpp>

#include "shard/resolver.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace freshet {

/// "127.0.0.1", "::1": no name, it needs no looking up.
bool is_literal_address(const std::string& host);

class host_addresses {
public:
    static constexpr seconds fresh_for{60};   ///< then they are looked up again, while the old ones are used
    static constexpr seconds doubt_after{1};  ///< no failed connection makes younger ones be looked up again

    /// `changed` is called when a look-up has ended, never after this is gone. `by` lives as long.
    host_addresses(resolver& by, std::string host, std::uint16_t port, std::function<void()> changed);

    /// Looks them up, if there are none or old ones and no look-up is under way.
    void need(steady::time_point now);
    bool is_looking() const noexcept { return looking_; }
    /// Nobody answered there.
    void doubt(steady::time_point now);
    /// "HOST:PORT:ADDRESS,ADDRESS...", as libcurl takes them; empty: none is known, trouble() says why.
    const std::string& list() const noexcept { return list_; }
    const std::string& trouble() const noexcept { return trouble_; }

private:
    void found(const resolved& there);

    resolver& resolver_;
    std::string host_;
    std::uint16_t port_;
    std::function<void()> changed_;
    bool looking_{false};
    steady::time_point asked_{};
    std::string list_{};
    std::string trouble_{};
    std::shared_ptr<host_addresses*> self_{std::make_shared<host_addresses*>(this)};  ///< look-ups may outlive it
};

}  // namespace freshet
