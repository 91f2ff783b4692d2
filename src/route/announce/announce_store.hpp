// The announce store's parts: announce.cpp reads and keeps the order of a connection, write.cpp
// writes, key.cpp keeps the order of a key.
#pragma once

#include "call/sub_call.hpp"
#include "queue/operations.hpp"
#include "route/announce/announce.hpp"
#include "route/announce/conditional.hpp"
#include "shard/deadlines.hpp"
#include "shard/free_list.hpp"
#include "store/applying.hpp"
#include "version/writing.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace freshet {

class announce_store;

/// Set as long as it lives, whatever is thrown meanwhile.
class flag_while {
public:
    explicit flag_while(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    ~flag_while() { flag_ = false; }
    flag_while(const flag_while&) = delete;
    flag_while& operator=(const flag_while&) = delete;

private:
    bool& flag_;
};

/// One command that is not answered at once: a write, or what has to wait for one.
struct errand final : publication, applying, call_holder, waits_until {
    enum class kind : std::uint8_t {
        write,
        checked,  ///< touch and me: only if the key is there, and at this site only
        read,     ///< behind an earlier write of its connection
    };
    using link = boost::intrusive::link_mode<boost::intrusive::auto_unlink>;
    struct asker final : freshet::step {
        explicit asker(errand& e) : of(e) {}
        bool on_reply(call&) override;
        errand& of;
    };

    errand() : store_step(*this) {}
    void finish() override;
    void on_applied() override;
    void abandon(call&) override;

    std::string_view key() const noexcept { return asked.key; }
    /// A set or delete that is to be applied.
    bool is_told() const noexcept { return rules.step() == writing_step::apply; }
    /// For another one, or for a version, so that nothing of it has begun.
    bool waits() const noexcept { return given == 0 && (list_hook.is_linked() || key_wait_hook.is_linked()); }
    /// Something of it is somebody else's.
    bool in_use() const noexcept { return asking || lent || applying::is() == applying::state::under_way; }
    std::size_t kept_bytes() const noexcept {
        return own.kept_bytes() + applying::kept_bytes() + operand.capacity() + message.body.capacity();
    }
    void release_memory() noexcept {
        own.release_memory();
        applying::release_memory();
        std::string().swap(operand);
        std::string().swap(message.body);
    }

    announce_store* owner{nullptr};  ///< null: it is gone; this deletes itself once all of it is back
    call* of{nullptr};               ///< the client's; null: it is answered
    errand::kind what{kind::write};
    request asked{};  ///< as the client did; its key is own's
    form wanted{};
    std::size_t asked_size{0};  ///< of the value that the client gave
    std::string operand{};      ///< the value, of a conditional command
    sub_call own;               ///< what is asked of the store
    asker store_step;
    writing rules{writing_kind::blind};
    becoming becomes{};  ///< what is written; the value is in the message's body
    freshet::version seen{0}, given{0}, put_over{0};
    freshet::outcome said{freshet::outcome::stored};  ///< what the client is told in the end
    bool asking{false};                               ///< `own` is under way
    bool submitting{false};                           ///< and in submit(), whose caller looks at the answer
    bool unsure{false};                               ///< whether `given` was put
    bool changed_here{false};                         ///< this site is ahead of the others until it is told
    bool lent{false};                                 ///< to the queue
    bool* answered_at_once{nullptr};  ///< while announce_store::submit() is under way, whose caller looks at the answer
    bool noreply{false};
    std::size_t counted_bytes{0};  ///< of what the shard holds for its clients

    boost::intrusive::set_member_hook<link> write_hook;  ///< of client_writes
    boost::intrusive::list_member_hook<link> list_hook;  ///< of one of these lists
    using list = boost::intrusive::list<
        errand, boost::intrusive::member_hook<errand, boost::intrusive::list_member_hook<link>, &errand::list_hook>,
        boost::intrusive::constant_time_size<false>>;
    list behind;                 ///< that wait for this write
    errand* waits_for{nullptr};  ///< in whose `behind` this stands
    boost::intrusive::list_member_hook<link> all_hook;

    boost::intrusive::set_member_hook<link> key_hook;        ///< of those that have their key for themselves
    boost::intrusive::list_member_hook<link> key_wait_hook;  ///< of those that wait for it
    boost::intrusive::list<
        errand, boost::intrusive::member_hook<errand, boost::intrusive::list_member_hook<link>, &errand::key_wait_hook>,
        boost::intrusive::constant_time_size<false>>
        key_waiters;
};

struct by_key {
    bool operator()(const errand& a, const errand& b) const noexcept { return a.key() < b.key(); }
    bool operator()(const errand& a, std::string_view b) const noexcept { return a.key() < b; }
    bool operator()(std::string_view a, const errand& b) const noexcept { return a < b.key(); }
};

/// A client's writes that are under way, by key, in their order.
struct client_writes final : client_slot {
    /// The last of this key, or null.
    errand* last(std::string_view key) noexcept;

    boost::intrusive::multiset<
        errand,
        boost::intrusive::member_hook<errand, boost::intrusive::set_member_hook<errand::link>, &errand::write_hook>,
        boost::intrusive::compare<by_key>, boost::intrusive::constant_time_size<false>>
        writes;
};

class announce_store final : public store, public ticker {
public:
    announce_store(shard& home, store& behind, queue& to, kept_clock& clock, announce_options options);
    ~announce_store() override;

    bool submit(call& c) override;
    unsigned steps() const noexcept override { return behind_.steps() + 1; }
    bool watch(watcher& w) override { return behind_.watch(w); }
    bool unwatch(watcher& w) override { return behind_.unwatch(w); }
    void tick(steady::time_point now) override;

    // An errand's parts have come back.
    void replied(errand& e);
    void published(errand& e);
    void applied(errand& e);
    void abandoned(errand& e);

private:
    // announce.cpp
    bool read(call& c);
    bool begin(call& c, errand::kind what);
    errand& make_errand(call& c, errand::kind what);
    void start_ready();
    void run(errand& e);
    void pass(errand& e);
    bool ask_as_client(errand& e);
    void passed(errand& e);
    void give(errand& e);
    bool bury_what_is_over(errand& e);
    void answer(errand& e);
    void fail(errand& e, errc code, effect effect, std::string_view subject);
    void end(errand& e);
    void let_go(errand& of);
    void let_sets_go(errand& of);
    void free_if_unused(errand& e);
    void wake();

    // write.cpp: false: it goes on later, or it is over
    void write(errand& e);
    bool look(errand& e);
    bool looked(errand& e);
    bool number(errand& e);
    void count_bytes(errand& e);
    void tell(errand& e);
    // key.cpp: one errand at a time writes a key, so that a thousand do not fight for it
    bool take_key(errand& e);
    void release_key(errand& e, bool applied);
    void end_superseded(errand& by);
    bool apply(errand& e);
    bool has_applied(errand& e);
    bool put(errand& e);
    bool has_put(errand& e);
    void was_put(errand& e);
    void succeed(errand& e);
    bool ask(errand& e);
    bool store_failed(errand& e);
    told_change change_of(const errand& e) const noexcept;

    shard& home_;
    store& behind_;
    queue& to_;
    kept_clock& clock_;
    announce_options options_;
    deadlines<errand> waiting_;  ///< whose clients wait
    boost::intrusive::set<
        errand,
        boost::intrusive::member_hook<errand, boost::intrusive::set_member_hook<errand::link>, &errand::key_hook>,
        boost::intrusive::compare<by_key>, boost::intrusive::constant_time_size<false>>
        key_holders_;
    errand::list ready_;       ///< what they waited for is over
    errand::list numberless_;  ///< the clock's mark has to move first
    boost::intrusive::list<
        errand,
        boost::intrusive::member_hook<errand, boost::intrusive::list_member_hook<errand::link>, &errand::all_hook>,
        boost::intrusive::constant_time_size<false>>
        all_;
    free_list<errand> free_;
    bool starting_{false}, ticking_{false};
};

}  // namespace freshet
