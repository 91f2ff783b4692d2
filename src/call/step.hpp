// Who is told when a call is answered, and who has it until then.
#pragma once

namespace freshet {

struct call;

/// Who is told when a call is answered.
class step {
public:
    /// True: the call is answered, go on to the next step. False: it is kept, or it is somebody else's by now.
    virtual bool on_reply(call& c) = 0;

protected:
    ~step() = default;
};

/// Who has a call that is not answered, and can give it back early.
class call_holder {
public:
    /// Nobody wants the answer any more: the call completes now, or as soon as what was lent for its sake is back.
    virtual void abandon(call& c) = 0;
    /// The client has sent its last, and may have left: what waits for something that has not come yet ends soon, and
    /// is handed nothing any more that somebody else could have.
    virtual void client_sent_last(call& c) { (void)c; }

protected:
    ~call_holder() = default;
};

}  // namespace freshet
