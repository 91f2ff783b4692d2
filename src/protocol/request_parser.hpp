// Bytes of a client to requests: classic and meta commands, from whatever a session has received. No sockets here.
// classic.cpp and meta.cpp hold its two halves.
#pragma once

#include "protocol/form.hpp"
#include "protocol/request.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace freshet {

/// One per connection; remembers only what spans reads.
class request_parser {
public:
    enum class status : std::uint8_t {
        more,     ///< nothing whole yet; wanted() says how long the input must become at least (0: unknown)
        call,     ///< request and form are filled: submit to a store
        local,    ///< request and form are filled: version, stats, flush_all ..., arguments(); a get without a key is
                  ///< the end of one whose keys were all told as not the last
        error,    ///< say text() (a whole line) and go on, unless form.noreply
        closing,  ///< say text() if any, then close
    };

    explicit request_parser(std::size_t item_size_max) noexcept : item_size_max_(item_size_max) {}

    /// Consumes one request (of a multi-key get: one key) from the front of `input`.
    status next(std::string_view& input, request& r, form& f);

    /// From now on, until it is said otherwise: what is longer than this and has not come whole is dropped unread.
    void wait_for_values_up_to(std::size_t bytes) noexcept { awaited_max_ = bytes; }

    std::size_t wanted() const noexcept { return wanted_; }
    std::string_view text() const noexcept { return text_; }
    /// Keys of a line have been told whose end may not be here yet.
    bool is_in_line() const noexcept { return long_get_ != long_get::none; }
    /// Of a local command: what stands behind its name, for instance "items" of "stats items".
    std::string_view arguments() const noexcept { return arguments_; }

private:
    struct line;
    status binary(std::string_view input);
    status next_key(std::string_view& input, request& r, form& f);
    void begin_long_get(std::string_view& input);
    status next_key_of_long(std::string_view& input, request& r, form& f);
    status skip_line(std::string_view& input, request& r, form& f);
    void key_of_get(std::string_view key, request& r, form& f) const noexcept;
    status command_line(std::string_view& input, const line& l, request& r, form& f);
    status classic_store(std::string_view& input, const line& l, request& r, form& f);
    status classic_get(std::string_view& input, const line& l, request& r, form& f);
    status classic_line(const line& l, request& r, form& f);
    static std::string_view other_statistics(const line& l) noexcept;
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
    /// Of a get whose line is longer than others may be: its keys are taken as they come.
    enum class long_get : std::uint8_t { none, first_key, more_keys, skipped };

    std::size_t awaited_max_{std::numeric_limits<std::size_t>::max()};
    std::size_t swallow_{0};    ///< bytes still to be dropped, of a value that was refused
    std::size_t line_left_{0};  ///< bytes of the line of a multi-key get that is not finished, its end included
    std::size_t keys_left_{0};  ///< of them, those with keys: to a NUL or the line's end
    std::size_t wanted_{0};
    std::string_view text_{};
    std::string_view arguments_{};
    std::int64_t keys_exptime_{0};  ///< of the rest of a multi-key gat
    dialect keys_dialect_{dialect::classic_get};
    bool keys_touch_{false};
    long_get long_get_{long_get::none};
    bool seen_input_{false};
};

}  // namespace freshet
