// A request as a client writes it: what the client's side (pools, demo, bench) sends to a memcached server. The other
// way round is request_parser.hpp; the answers are read by reply_parser.hpp. No sockets here.
#pragma once

#include "base/bytes.hpp"
#include "protocol/form.hpp"
#include "protocol/request.hpp"

namespace freshet {

/// Appends the command that asks for `r` in the form `f`, as a client writes it. A classic get asks for its one key, on
/// a line of its own. The key must be one that can travel: 1..250 bytes, blanks and control characters as base64 only.
void ask(const request& r, const form& f, bytes& out);
/// The command's line alone: the data block of a store, with its own line end, is the caller's to append.
void ask_line(const request& r, const form& f, bytes& out);

}  // namespace freshet
