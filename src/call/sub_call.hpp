// A call for another call's sake, as its maker keeps it.
#pragma once

#include "call/call.hpp"

namespace freshet {

/// It has its own key and form, so that it may be asked again, and may outlive what it was made from.
struct sub_call : client_call {
    void copy(const call& of) noexcept {
        request = of.request;
        request.value = {};
        request.source = nullptr;
        wanted = *of.form;
        home = of.home;
        now = of.now;
        deadline = of.deadline;
        keep_key();
    }
};

}  // namespace freshet
