// A certificate and its key, and a key of another one, as PEM files have them. Nobody asks whether they are still
// valid.
#pragma once

#include <string_view>

namespace freshet::test {

inline constexpr std::string_view certificate_pem = R"(-----BEGIN CERTIFICATE-----
MIIBgzCCASmgAwIBAgIUGDIvtYviXYGNH2d7zamuvYN7g+IwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMZnJlc2hldC10ZXN0MB4XDTI2MTEyOTIzNDM1M1oXDTM2MTEy
NjIzNDM1M1owFzEVMBMGA1UEAwwMZnJlc2hldC10ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEW97gUIQLB8YKIZc2lR7+HKozV8nSp3e1ktleSKiV4pjjEH6q
LJI9495tazI9Vn7EI2tijnIxBWh3CIvATv/UQaNTMFEwHQYDVR0OBBYEFJXatjfY
Kyw8IQUzcIezqNcExplNMB8GA1UdIwQYMBaAFJXatjfYKyw8IQUzcIezqNcExplN
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAItHnovnGCAW5YoW
/oOxDXJ3Xjjmxt48aOtq4RB69WOjAiAbelrMZvE3KtvaglCBWqhbfdGXgU5l11zR
OKWNG6bLlQ==
-----END CERTIFICATE-----
)";

inline constexpr std::string_view key_pem = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDeJGrICSXtphK1hW
aSx3Q3PBDas/7CiYTd2MdF2REyChRANCAARb3uBQhAsHxgohlzaVHv4cqjNXydKn
d7WS2V5IqJXimOMQfqoskj3j3m1rMj1WfsQja2KOcjEFaHcIi8BO/9RB
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view other_key_pem = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg96dfDDdtTVVyEFpf
ZdRYZdJuToaFk6hsvL/bVhhrxOmhRANCAAQTPKq7Y3GVLsJxSIjqD9+uybpMesOg
DS2lVk0TUfa6NXPriA1/wAddljEz1F7Ga8dsCWcmC86zTKS/frPkFPHB
-----END PRIVATE KEY-----
)";

}  // namespace freshet::test
