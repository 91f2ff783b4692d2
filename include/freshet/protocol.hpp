// What a client asks and what it is told, as values: classic and meta commands become one request each, and one reply
// is rendered in the form the client asked for. No sockets here. On the path: session -> protocol -> route -> store.
#pragma once

#include <freshet/error.hpp>
#include <freshet/item.hpp>
#include <freshet/slice.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace freshet {

class output;

/// What is to be done. The first row goes to a store, the second is answered by the session itself.
enum class command : std::uint8_t {
    get,
    touch,
    store,
    remove,
    arithmetic,
    inspect,
    version,
    verbosity,
    flush_all,
    stats,
    noop,
    quit,
};

enum class store_mode : std::uint8_t { set, add, replace, append, prepend };

/// One command on one key. Every field that a command does not use keeps its default.
/// Views point into the reader's buffer and live until submit() returns; only the key is kept by the call.
struct request {
    freshet::command command{command::get};
    store_mode mode{store_mode::set};
    bool want_value{false};  ///< get: the value is asked for (classic always; meta `v`)
    bool touch{false};       ///< get, arithmetic: `exptime` replaces the item's (gat, meta T)
    bool compare{false};     ///< act only if the item's CAS is `compare_cas` (cas, meta C)
    bool assign{false};      ///< the item's CAS becomes `assign_cas` (meta E)
    bool invalidate{false};  ///< remove: mark stale instead; store: an older compare_cas stores as stale (meta I)
    bool vivify{false};      ///< a miss creates (meta N)
    bool may_win{false};     ///< get: this client can be told to recache (mg)
    bool recache{false};     ///< get: win if the TTL is below `recache_ttl` (meta R)
    bool drop_value{false};  ///< remove: keep the item, drop value and flags (meta x)
    bool decrement{false};
    bool too_large{false};   ///< store: the value was larger than item_size_max and was dropped unread
    bool keep_item{false};   ///< store, too_large: the item that is there stays (classic commands but set)
    bool binary_key{false};  ///< the key came as base64; an item remembers it (meta b)
    bool no_bump{false};     ///< get: counts as no access (meta u)
    /// Meta flags act from left to right: the places of N, T, R and t, 1-based; 0: absent, or classic.
    std::uint8_t vivify_place{0}, touch_place{0}, recache_place{0}, ttl_place{0};
    std::string_view key{};    ///< decoded, 1..250 bytes
    std::string_view value{};  ///< store: the data block without its line end
    chunk* source{nullptr};    ///< what the value lies in, where it may be lent; null: it is to be copied
    std::uint32_t flags{0};
    std::int64_t exptime{0};  ///< as the client gave it: 0 never, <0 at once, <= 30 days relative, else since 1970
    std::uint64_t compare_cas{0};
    std::uint64_t assign_cas{0};
    std::uint64_t delta{1};
    std::uint64_t initial{0};
    std::int64_t vivify_exptime{0};
    std::int64_t recache_ttl{0};
};

/// The form the answer takes.
enum class dialect : std::uint8_t {
    classic_get,   ///< VALUE key flags bytes, END behind the last key
    classic_gets,  ///< with the CAS
    classic_line,  ///< one line: STORED, DELETED, TOUCHED, a number ...
    meta,          ///< HD, VA, EN, NF, NS, EX with return flags
    meta_inspect,  ///< ME
};

struct form {
    freshet::dialect dialect{dialect::classic_line};
    char verb{'g'};       ///< meta: the letter behind m
    bool noreply{false};  ///< classic noreply
    bool quiet{false};    ///< meta q
    bool base64{false};   ///< meta b: the key travels as base64, in both directions
    bool last{true};      ///< classic get: END comes behind this one
    bool single{true};    ///< classic get: the command's only key
    std::uint8_t return_count{0};
    std::uint8_t opaque_size{0};
    std::array<char, 24> returns;  ///< meta flags to be answered, in the order asked
    std::array<char, opaque_size_max + 1> opaque;

    std::string_view opaque_view() const noexcept { return {opaque.data(), opaque_size}; }
    std::string_view returns_view() const noexcept { return {returns.data(), return_count}; }
};

/// What a store answers.
enum class outcome : std::uint8_t {
    hit,
    miss,
    stored,
    not_stored,
    exists,
    not_found,
    deleted,
    touched,
    number,
    inspected,
    failed,       ///< SERVER_ERROR, see reply::why
    refused,      ///< CLIENT_ERROR, see reply::text
    too_large,    ///< SERVER_ERROR object too large for cache
    non_numeric,  ///< CLIENT_ERROR cannot increment or decrement non-numeric value
    text,         ///< reply::value holds whole lines, sent as they are
};

struct reply {
    freshet::outcome outcome{outcome::miss};
    bool won{false};         ///< W: this client shall recache
    bool stale{false};       ///< X
    bool win_sent{false};    ///< Z: somebody else was told to recache
    bool fetched{false};     ///< h
    bool created{false};     ///< the command made the item (N)
    bool binary_key{false};  ///< the item's key is shown as base64
    std::uint32_t flags{0};
    std::uint64_t cas{0};
    std::uint64_t number{0};
    std::int64_t ttl{-1};   ///< seconds left, -1: never expires
    std::int64_t idle{0};   ///< seconds since the last access (l, la=)
    std::uint64_t size{0};  ///< of the value, also when the value itself was not asked for
    std::uint64_t size_in_memory{0};
    freshet::failure why{};
    std::string_view text{};  ///< static
    bytes value;              ///< keeps its memory from call to call
    slice lent{};             ///< the value instead, where it is one of a chunk of the call's home shard

    std::string_view data() const noexcept { return lent ? lent.view() : value.view(); }
    /// Copies a lent value, so that the reply may leave its shard.
    void keep_value() {
        if (!lent) return;
        value.clear();
        value.append(lent.view());
        lent.reset();
    }
    /// As new, but for the memory of `value`.
    void reset() noexcept {
        outcome = freshet::outcome::miss;
        won = stale = win_sent = fetched = created = binary_key = false;
        flags = 0;
        cas = number = size = 0;
        ttl = -1;
        value.clear();
        lent.reset();
    }
    void fail(errc code, freshet::effect e, std::string_view subject) noexcept {
        outcome = freshet::outcome::failed;
        why = {code, e, subject};
    }
    void refuse(std::string_view static_text) noexcept {
        outcome = freshet::outcome::refused;
        text = static_text;
    }
};

/// Turns a client's bytes into requests. One per connection; remembers only what spans reads.
class request_parser {
public:
    enum class status : std::uint8_t {
        more,     ///< nothing whole yet; wanted() says how long the input must become at least (0: unknown)
        call,     ///< request and form are filled: submit to a store
        local,    ///< request and form are filled: version, stats, flush_all ..., arguments()
        error,    ///< say text() (a whole line) and go on, unless form.noreply
        closing,  ///< say text() if any, then close
        nothing,  ///< something was consumed that needs no answer
    };

    explicit request_parser(std::size_t item_size_max) noexcept : item_size_max_(item_size_max) {}

    /// Consumes one request (of a multi-key get: one key) from the front of `input`.
    status next(std::string_view& input, request& r, form& f);

    std::size_t wanted() const noexcept { return wanted_; }
    std::string_view text() const noexcept { return text_; }
    /// Of a local command: what stands behind its name, for instance "items" of "stats items".
    std::string_view arguments() const noexcept { return arguments_; }

private:
    struct line;
    status binary(std::string_view input);
    status next_key(std::string_view& input, request& r, form& f);
    status command_line(std::string_view& input, const line& l, request& r, form& f);
    status classic_store(std::string_view& input, const line& l, request& r, form& f);
    status classic_get(std::string_view& input, const line& l, request& r, form& f);
    status classic_line(const line& l, request& r, form& f);
    status local(const line& l, request& r, form& f);
    status meta(std::string_view& input, const line& l, request& r, form& f);
    status inspect(const line& l, request& r, form& f);
    status value(std::string_view& input, std::size_t line_size, std::size_t value_size, request& r);
    bool too_large(std::size_t key_size, std::uint32_t flags, std::size_t value_size) const noexcept;
    status fail(std::string_view text) noexcept {
        text_ = text;
        return status::error;
    }

    std::size_t item_size_max_;
    std::size_t swallow_{0};    ///< bytes still to be dropped, of a value that was refused
    std::size_t line_left_{0};  ///< bytes of the line of a multi-key get that is not finished, its end included
    std::size_t keys_left_{0};  ///< of them, those with keys: to a NUL or the line's end
    std::size_t wanted_{0};
    std::string_view text_{};
    std::string_view arguments_{};
    std::int64_t keys_exptime_{0};  ///< of the rest of a multi-key gat
    dialect keys_dialect_{dialect::classic_get};
    bool keys_touch_{false};
    bool seen_input_{false};
};

/// Appends the command that asks for `r` in the form `f`, as a client writes it. A classic get asks for its one key, on
/// a line of its own. The key must be one that can travel: 1..250 bytes, blanks and control characters as base64 only.
void ask(const request& r, const form& f, bytes& out);
/// The command's line alone: the data block of a store, with its own line end, is the caller's to append.
void ask_line(const request& r, const form& f, bytes& out);

/// Reads what a server says, as a client does: for each request asked, in their order, what became of it.
class reply_parser {
public:
    enum class status : std::uint8_t {
        more,    ///< no whole answer yet; wanted() says how long the input must become at least (0: unknown)
        reply,   ///< the reply is filled; an error the server tells of is outcome::text with its line, where it has no
                 ///< outcome of its own
        silent,  ///< nothing will be said to this request (noreply; quiet, and the next answer is another's by its
                 ///< opaque or is MN)
        error,   ///< text() is no answer to this request: close the connection
    };

    /// Values of `lend_min_bytes` and more are lent from this chunk, in which `input` lies, from now on; null: none is.
    void lend_from(chunk* source) noexcept { source_ = source; }
    static constexpr std::size_t lend_min_bytes = 1024;

    /// Consumes the answer to `r`, asked in the form `f`, from the front of `input`.
    /// Of a multi-key get (form::single false) each key is asked for in turn; END goes with the last one (form::last).
    status next(std::string_view& input, const request& r, const form& f, reply& a);

    std::size_t wanted() const noexcept { return wanted_; }
    std::string_view text() const noexcept { return text_; }

private:
    status server_error(std::string_view& input, std::string_view line, std::size_t size, reply& a);
    status classic_get(std::string_view& input, std::string_view line, std::size_t size, const request& r,
                       const form& f, reply& a);
    status classic_line(std::string_view& input, std::string_view line, std::size_t size, const request& r, reply& a);
    status lines(std::string_view& input, reply& a);
    status meta(std::string_view& input, std::string_view line, std::size_t size, const request& r, const form& f,
                reply& a);
    status inspect(std::string_view& input, std::string_view line, std::size_t size, reply& a);
    status value(std::string_view& input, std::string_view line, std::size_t size, std::uint64_t value_size,
                 std::string_view behind, reply& a);
    status fail(std::string_view text) noexcept {
        text_ = text;
        return status::error;
    }

    std::size_t wanted_{0};
    std::string_view text_{};
    chunk* source_{nullptr};
};

/// Appends the answer to `out` in the form asked for; nothing where the form hides it. A lent value is lent on.
void render(const request& r, const form& f, const reply& a, output& out);

/// Appends "SERVER_ERROR <subject> <why>, not_done\r\n".
void render(const failure& f, bytes& out);

}  // namespace freshet
