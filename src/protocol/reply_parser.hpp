// What a server says, read as a client reads it: a pool's connections, the demo and the tests. No sockets here.
#pragma once

#include "protocol/form.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "shard/slice.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace freshet {

/// For each request asked, in their order, what became of it.
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
    /// The flags that stood in the last meta answer, a bit_of() each.
    std::uint32_t returned() const noexcept { return returned_; }
    static constexpr std::uint32_t bit_of(char flag) noexcept { return 1U << (static_cast<unsigned char>(flag) % 32U); }

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
    std::size_t lines_read_{0};  ///< bytes of statistics that are whole lines, and not their last
    std::uint32_t returned_{0};
    std::string_view text_{};
    chunk* source_{nullptr};
};

}  // namespace freshet
