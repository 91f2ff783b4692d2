// Accepts connections on one socket and hands them to the shards in turn.
#pragma once

#include <freshet/time.hpp>

#include "server/listen/listen_address.hpp"
#include "server/server_shard.hpp"
#include "shard/shard.hpp"

#include <unistd.h>

namespace freshet {

class listener final : public endpoint, public ticker {
public:
    /// Of the first shard's shard; takes the socket.
    listener(server_state& server, listening_socket socket);
    ~listener() override { ::close(socket_.descriptor); }

    void readable() override;
    void flush() override {}
    void dead() override {}
    /// After descriptors had run out.
    void tick(steady::time_point now) override;
    /// No more connections; to be disposed of after this. On its shard.
    void close();

private:
    void admit(int descriptor);
    void rest();

    server_state& server_;
    listening_socket socket_;
    std::size_t next_shard_{0};
    bool resting_{false};
};

}  // namespace freshet
