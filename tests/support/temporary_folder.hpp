// A folder of its own, gone with its contents at the end: in memory where there is such a place, for a test that has no
// use for a disk, since a shared disk's syncs take as long as they like.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace freshet::test {

class temporary_folder {
public:
    enum class on { disk, memory };

    explicit temporary_folder(on place = on::memory) {
        if (place == on::memory && ::access("/dev/shm", W_OK) == 0) path_ = "/dev/shm/freshet-test-XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no folder can be made: " + path_);
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;

    const std::string& path() const noexcept { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_{"/var/tmp/freshet-test-XXXXXX"};
};

}  // namespace freshet::test
