#include "base/owned_descriptor.hpp"

#include <unistd.h>

#include <utility>

namespace freshet {

owned_descriptor& owned_descriptor::operator=(owned_descriptor&& other) noexcept {
    if (this == &other) return *this;
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = other.release();
    return *this;
}

owned_descriptor::~owned_descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

int owned_descriptor::release() noexcept { return std::exchange(descriptor_, -1); }

}  // namespace freshet
