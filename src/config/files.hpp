// Files that options name: can they be used as they are? Nothing of them is kept.
#pragma once

#include <string>
#include <string_view>

namespace freshet::reading {

// Each gives a sentence that says what is wrong, or an empty one. `shown`: the path as the sentence has it.

/// A program that is run by its whole path.
std::string wrong_program(const std::string& path, std::string_view shown);
/// PEM, of who may have signed certificates.
std::string wrong_authorities(const std::string& path, std::string_view shown);
/// PEM, of a certificate and those that lead to who signed it.
std::string wrong_certificate(const std::string& path, std::string_view shown);
/// PEM, the key of a certificate, which is right.
std::string wrong_key_file(const std::string& path, std::string_view shown, const std::string& of_certificate);

}  // namespace freshet::reading
