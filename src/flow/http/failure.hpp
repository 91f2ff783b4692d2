// Why there is no answer of a worker, in words.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

namespace freshet {

struct http_trouble {
    CURLcode how{CURLE_OK};   ///< CURLE_OK: the answer ended before its header did
    std::string_view text{};  ///< libcurl's words
    bool began{false};        ///< the request was sent, or part of it
    bool partial{false};      ///< part of an answer came
    int system_error{0};      ///< why there is no connection; 0: for another reason
};

/// A sentence without its subject: "no connection: Connection refused".
std::string explain(const http_trouble& t);

}  // namespace freshet
