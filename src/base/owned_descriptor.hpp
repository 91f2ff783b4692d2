// Who closes a descriptor: sockets, pipes and pidfds of tools, workers and listeners lie in one of these.
#pragma once

namespace freshet {

/// A descriptor that is closed when its owner goes.
class owned_descriptor {
public:
    owned_descriptor() = default;
    explicit owned_descriptor(int descriptor) noexcept : descriptor_(descriptor) {}
    owned_descriptor(owned_descriptor&& other) noexcept : descriptor_(other.release()) {}
    owned_descriptor& operator=(owned_descriptor&& other) noexcept;
    ~owned_descriptor();

    int get() const noexcept { return descriptor_; }
    int release() noexcept;

private:
    int descriptor_{-1};
};

}  // namespace freshet
