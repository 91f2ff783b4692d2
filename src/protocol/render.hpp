// A reply as a server writes it: the last step of a call, in front of the socket's output. No sockets here.
#pragma once

#include <freshet/error.hpp>

#include "base/bytes.hpp"
#include "protocol/form.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "shard/output.hpp"

namespace freshet {

/// Appends the answer to `out` in the form asked for; nothing where the form hides it. A lent value is lent on.
void render(const request& r, const form& f, const reply& a, output& out);

/// Appends "SERVER_ERROR <subject> <why>, not_done\r\n".
void render(const failure& f, bytes& out);

}  // namespace freshet
