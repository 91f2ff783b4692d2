#include "store/pool/placement/md5.hpp"

#include <boost/endian/conversion.hpp>
#include <boost/uuid/detail/md5.hpp>

#include <cstddef>
#include <cstring>

namespace freshet {

namespace {

constexpr std::size_t block_size = 64;

/// Up to Boost 1.85 a digest is four words that begin with their highest byte, since then sixteen bytes.
std::uint32_t word_of(const unsigned int (&digest)[4], std::size_t i) {
    return boost::endian::endian_reverse(digest[i]);
}
[[maybe_unused]] std::uint32_t word_of(const unsigned char (&digest)[16], std::size_t i) {
    return boost::endian::load_little_u32(digest + 4 * i);
}

}  // namespace

md5_digest md5(std::string_view message) noexcept {
    boost::uuids::detail::md5 hash;
    for (; message.size() >= block_size; message.remove_prefix(block_size)) {
        alignas(std::uint32_t) unsigned char block[block_size];  // it reads whole blocks as words, where they are
        std::memcpy(block, message.data(), block_size);
        hash.process_bytes(block, block_size);
    }
    if (!message.empty()) hash.process_bytes(message.data(), message.size());

    boost::uuids::detail::md5::digest_type digest;
    hash.get_digest(digest);
    return {word_of(digest, 0), word_of(digest, 1), word_of(digest, 2), word_of(digest, 3)};
}

}  // namespace freshet
