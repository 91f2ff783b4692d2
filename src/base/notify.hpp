// Tells a service manager how the process is doing (systemd's Type=notify).
#pragma once

#include <string_view>

namespace freshet {

/// Sends `state` ("READY=1", "STOPPING=1") to $NOTIFY_SOCKET; nothing without it.
void notify(std::string_view state) noexcept;

}  // namespace freshet
