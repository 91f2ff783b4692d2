// Who is told when a call is answered.
#pragma once

namespace freshet {

struct call;

/// Who is told when a call is answered.
class step {
public:
    /// True: the call is answered, go on to the next step. False: it was submitted again, or is kept.
    virtual bool on_reply(call& c) = 0;

protected:
    ~step() = default;
};

}  // namespace freshet
