// The requests that one connection sends at once, and the check of their replies. No sockets.
#pragma once

#include "bench/load/contents.hpp"
#include "bench/options.hpp"
#include "bench/tally.hpp"
#include "protocol/ask.hpp"
#include "protocol/form.hpp"
#include "protocol/request.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace freshet::load {

/// The fixed texts around keys and values.
struct dialect {
    std::string get, get_end;  ///< get KEY get_end; classic: " KEY" once more for each further key
    std::string set, set_end;  ///< set KEY set_end VALUE \r\n
    std::string hit, hit_end;  ///< hit [KEY] hit_end VALUE \r\n
    std::string miss;          ///< miss [KEY] \r\n
    std::string stored;        ///< with its \r\n
    load::protocol protocol;

    bool has_multi_gets() const { return protocol == load::protocol::classic; }
    bool repeats_keys() const { return protocol != load::protocol::resp; }  ///< in its replies
    bool is_error(std::string_view line) const;
};

dialect make_dialect(protocol spoken, const contents& of);

struct request {
    std::uint64_t key;
    bool is_set;
    bool is_last;           ///< key of its command
    std::int64_t begin_ns;  ///< when it was sent, or was to be sent
};

class pipeline {
public:
    pipeline(const dialect& said, const contents& of) : dialect_(&said), contents_(&of) {}

    /// Before the first request of a turn.
    void begin() {
        requests_.clear();
        answered_ = group_end_ = 0;
    }
    /// Writes the request behind the others.
    void ask(request r, std::string& to);

    bool answered() const { return answered_ == requests_.size() && group_end_ == 0; }
    std::size_t unanswered() const { return requests_.size() - answered_; }
    const request& unanswered(std::size_t i) const { return requests_[answered_ + i]; }

    /// Takes the replies that are whole and returns how many bytes they have. `missed`: where the keys of gets that
    /// missed go; may be null. Throws wrong_reply.
    std::size_t take(std::string_view bytes, std::int64_t now_ns, tally& to, std::vector<std::uint64_t>* missed);

private:
    std::size_t take_line(std::string_view line, std::string_view bytes, tally& to);
    std::size_t take_hit(std::string_view line, std::string_view bytes, tally& to);
    void miss_until(std::size_t end, tally& to);
    bool is_miss(std::string_view line, std::uint64_t key) const;
    std::size_t find_key(std::string_view line) const;
    std::size_t key_bytes_in_reply() const { return dialect_->repeats_keys() ? contents_->key_bytes() : 0; }
    void finish(std::size_t end, tally& to);
    [[noreturn]] void refuse(const char* what, std::string_view line) const;

    const dialect* dialect_;
    const contents* contents_;
    std::vector<request> requests_{};
    std::size_t answered_{0};
    std::size_t group_end_{0};  ///< behind the last key of the classic get whose reply has begun; 0: none has
    std::int64_t now_ns_{0};
    std::vector<std::uint64_t>* missed_{nullptr};
};

}  // namespace freshet::load
