#include "flow/apply/flush.hpp"

#include <freshet/error.hpp>

#include "protocol/request.hpp"

#include <new>
#include <utility>

namespace freshet {

flush::flush(shard& home, store& what, std::string server, std::function<void(bool emptied)> answered)
    : home_(home), what_(what), server_(std::move(server)), answered_(std::move(answered)) {
    asked_.home = &home_;
}

void flush::ask() {
    asked_.request = {};
    asked_.request.command = command::flush_all;
    asked_.request.key = server_;
    asked_.reply.reset();
    asked_.now = home_.now();
    asking_ = true;
    try {
        start(what_, asked_, *this);
    } catch (const std::bad_alloc&) {
        if (!asking_) throw;  // of what its answer made
        asked_.pop();         // nobody has it
        asking_ = false;
        asked_.reply.fail(errc::busy, effect::not_done, "this process");
        answered_(false);
    }
}

bool flush::on_reply(call&) {
    asking_ = false;
    answered_(said().outcome == outcome::text && said().data() == "OK\r\n");
    return false;
}

}  // namespace freshet
