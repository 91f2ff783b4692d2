// A server for which more changes came than its box takes: it is set aside, those changes and what comes behind them
// are dropped, and it is emptied before it is used again. Known behind a restart. Back shard only.
#pragma once

#include <freshet/time.hpp>

#include "flow/apply/flush.hpp"
#include "shard/shard.hpp"
#include "store/pool/set_aside.hpp"
#include "store/store.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace freshet {

class server_aside final {
public:
    /// Of which server this is, and where it is written down.
    struct place {
        std::shared_ptr<servers_set_aside> of{};  ///< null: it cannot be set aside
        std::size_t at{0};
        std::string name{};  ///< "10.0.0.1:11211"
        std::string file{};
        milliseconds over_after{0};  ///< a write that began before is over so long after it was set aside
    };
    /// Where the file is there it is aside from the beginning.
    server_aside(shard& home, store& pool, place where);
    ~server_aside();
    server_aside(const server_aside&) = delete;
    server_aside& operator=(const server_aside&) = delete;

    /// False: that cannot be written down, so it is not. `label`: of what is full.
    bool put_aside(const std::string& label);
    /// It may be asked now to empty itself, if nothing is left that was to be put in before.
    bool is_due(steady::time_point now) const noexcept { return drops() && now >= ask_at_; }
    /// Once; what comes from now on may come behind that. If it fails it is due again after a pause.
    void empty();
    void stop() { stopping_ = true; }

    /// It is of the pool, and not of one that it had before.
    bool is_possible() const noexcept { return where_.of != nullptr; }
    bool is_aside() const noexcept { return aside_; }
    /// It is being emptied, as far as is known.
    bool is_asking() const noexcept { return flush_.is_asking(); }
    /// What comes for it is dropped.
    bool drops() const noexcept { return aside_ && !is_asking(); }

private:
    void answered(bool emptied);
    void ask_later();
    bool write_down(const std::string& label);
    bool cross_out();
    /// What `change` does to the file, which gives 0 or errno, is done. Else the log says so: `who` `is_what`.
    template <class Change>
    bool is_on_disk(Change change, std::string_view who, std::string_view is_what);
    bool can_say_again();

    shard& home_;
    const place where_;
    flush flush_;
    milliseconds pause_{0};  ///< that was made last because it was not emptied; 0: none
    steady::time_point ask_at_{}, say_at_{}, write_at_{};
    bool aside_{false}, stopping_{false};
};

}  // namespace freshet
