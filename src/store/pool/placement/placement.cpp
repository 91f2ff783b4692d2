#include "store/pool/placement/placement.hpp"

#include "store/pool/placement/ketama.hpp"
#include "store/pool/placement/md5.hpp"

#include <cassert>

namespace freshet {

namespace {

/// Bob Jenkins' one-at-a-time hash. libmemcached adds plain chars, so where these have a sign so do bytes above 127.
std::uint32_t one_at_a_time(std::string_view key) noexcept {
    std::uint32_t hash = 0;
    for (const char c : key) {
        hash += static_cast<std::uint32_t>(c);
        hash += hash << 10;
        hash ^= hash >> 6;
    }
    hash += hash << 3;
    hash ^= hash >> 11;
    hash += hash << 15;
    return hash;
}

class tag {
public:
    explicit tag(std::string_view characters) : given_{!characters.empty()} {
        assert(characters.empty() || characters.size() == 2);
        if (!given_) return;
        open_ = characters[0];
        close_ = characters[1];
    }

    std::string_view part_of(std::string_view key) const noexcept {
        if (!given_) return key;
        const auto open = key.find(open_);
        if (open == key.npos) return key;
        const auto close = key.find(close_, open + 1);
        if (close == key.npos || close == open + 1) return key;
        return key.substr(open + 1, close - open - 1);
    }

private:
    bool given_;
    char open_{};
    char close_{};
};

class ketama_placement final : public placement {
public:
    ketama_placement(const std::vector<server_address>& servers, tag t) : tag_{t}, continuum_{servers} {}

    std::size_t server_of(std::string_view key) const noexcept override {
        return continuum_.server_at(md5(tag_.part_of(key))[0]);
    }

private:
    tag tag_;
    continuum continuum_;
};

class modula_placement final : public placement {
public:
    modula_placement(std::size_t servers, tag t) : tag_{t}, servers_{static_cast<std::uint32_t>(servers)} {}

    std::size_t server_of(std::string_view key) const noexcept override {
        return one_at_a_time(tag_.part_of(key)) % servers_;
    }

private:
    tag tag_;
    std::uint32_t servers_;
};

/// A pool of one asks no hash.
class single_placement final : public placement {
public:
    std::size_t server_of(std::string_view) const noexcept override { return 0; }
};

}  // namespace

std::unique_ptr<placement> make_placement(placement_kind kind, const std::vector<server_address>& servers,
                                          std::string_view hash_tag) {
    assert(!servers.empty());
    const tag t{hash_tag};
    if (servers.size() == 1) return std::make_unique<single_placement>();
    if (kind == placement_kind::ketama) return std::make_unique<ketama_placement>(servers, t);
    return std::make_unique<modula_placement>(servers.size(), t);
}

}  // namespace freshet
