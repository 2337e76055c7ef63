// Socket addresses as text: "127.0.0.1:80", "[::1]:80", "localhost:80", "unix:/run/x.sock".
#pragma once

#include <sys/socket.h>

#include <string>

#include "reference/base/status.h"

namespace kp::runtime::posix {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// Numeric addresses, "localhost", ":port" (all addresses) and unix paths: never blocks.
// kNotFound when the host is a name that only a resolver knows.
Result<SocketAddress> ParseAddress(const std::string& text);
// Asks the system's resolver; may block for seconds.
Result<SocketAddress> ResolveAddress(const std::string& text);
std::string FormatAddress(const SocketAddress& address);

}  // namespace kp::runtime::posix
