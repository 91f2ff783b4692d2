// Accepts connections on one socket and hands them to the shards in turn.
#pragma once

#include "server/address.hpp"
#include "server/front.hpp"

namespace freshet {

class listener final : public endpoint, public ticker {
public:
    /// Of the first front's shard; takes the socket.
    listener(server_state& server, listening_socket socket);
    ~listener() override;

    void readable() override;
    void flush() override {}
    void dead() override {}
    /// After descriptors had run out.
    void tick(steady::time_point now) override;

private:
    void admit(int descriptor);
    void rest();

    server_state& server_;
    listening_socket socket_;
    std::size_t next_front_{0};
    bool resting_{false};
};

}  // namespace freshet
