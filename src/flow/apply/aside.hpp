// A server for which more changes came than its box takes: it is set aside, those changes and what comes behind them
// are dropped, and it is emptied before it is used again. Known behind a restart. Back shard only.
#pragma once

#include "flow/apply/emptying.hpp"
#include "shard/shard.hpp"
#include "store/pool/set_aside.hpp"
#include "store/store.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace freshet {

class server_aside {
public:
    /// Of which server this is, and where it is written down.
    struct place {
        std::shared_ptr<servers_set_aside> of{};
        std::size_t at{0};
        std::string name{};  ///< "10.0.0.1:11211"
        std::string file{};
    };
    /// Where the file is there it is aside from the beginning.
    server_aside(shard& home, store& pool, place where);
    ~server_aside();

    /// False: that cannot be written down, so it is not.
    bool put_aside(const std::string& label);
    /// Nothing of it is left in the box. It is asked until it answers.
    void empty();
    void stop();

    bool is_aside() const noexcept { return aside_; }
    /// What comes for it is dropped; not while it may be being emptied, since that may come behind.
    bool drops() const noexcept { return aside_ && !emptying_.is_asking(); }
    bool is_being_emptied() const noexcept { return emptying_.is_under_way(); }

private:
    void emptied();

    const place where_;
    emptying emptying_;
    bool aside_{false}, stopping_{false};
    bool said_{false};  ///< that the file cannot be written, or removed
};

}  // namespace freshet
