// A message: what a program publishes, what waits in a queue, and what a worker is given. A plain value.
#pragma once

#include <freshet/time.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace freshet {

struct message {
    std::string id;    ///< unique in its queue while it or its result lives; empty: the queue makes one
    std::string key;   ///< messages of one key are handed out in order, one at a time; empty: no order among others
    std::string body;  ///< raw bytes, never wrapped
    std::uint32_t flags{0};  ///< the memcached client's
    /// Names and values, for workers and other programs; names that begin with "freshet-" are this project's own.
    std::vector<std::pair<std::string, std::string>> headers;
    /// What its broker said of it beyond all this (properties, types of headers), in that broker's own form: nothing to
    /// read, it goes along where a message is passed on. Empty: it did not come from a broker, or that said nothing.
    std::string origin;
    wall::time_point time{};        ///< when it was published; set by the queue
    wall::time_point not_before{};  ///< not handed out before; 1970: at once
    wall::time_point expires{};     ///< dead-lettered after; 1970: never
    unsigned attempt{0};            ///< of a delivery: 1 the first time, counted on retry and when a lease ran out
};

}  // namespace freshet
