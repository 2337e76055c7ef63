#include "reference/runtime/posix/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "reference/base/strings.h"

namespace kp::runtime::posix {
namespace {

struct HostPort {
  std::string host;
  uint16_t port;
};

Result<HostPort> SplitHostPort(const std::string& text) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos) return Status(Code::kInvalidArgument, "address " + text + ": missing port");
  std::string host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return Status(Code::kInvalidArgument, "address " + text + ": too many colons");
  }
  auto port = ParseInt(std::string_view(text).substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return Status(Code::kInvalidArgument, "address " + text + ": invalid port");
  return HostPort{host, static_cast<uint16_t>(*port)};
}

Result<SocketAddress> UnixAddress(const std::string& path, const std::string& text) {
  SocketAddress address;
  auto* unix_address = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof(unix_address->sun_path)) {
    return Status(Code::kInvalidArgument, "address " + text + ": a socket path has 1 to 107 bytes");
  }
  unix_address->sun_family = AF_UNIX;
  std::memcpy(unix_address->sun_path, path.c_str(), path.size() + 1);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

}  // namespace

Result<SocketAddress> ParseAddress(const std::string& text) {
  std::string_view rest = text;
  if (ConsumePrefix(rest, "unix:")) return UnixAddress(std::string(rest), text);
  auto parts = SplitHostPort(text);
  if (!parts.ok()) return parts.error();
  std::string host = parts->host;
  if (host.empty()) host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(parts->port);
    address.size = sizeof(sockaddr_in);
    return address;
  }
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(parts->port);
    address.size = sizeof(sockaddr_in6);
    return address;
  }
  return Status(Code::kNotFound, "address " + text + ": not numeric");
}

Result<SocketAddress> ResolveAddress(const std::string& text) {
  auto parts = SplitHostPort(text);
  if (!parts.ok()) return parts.error();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int error = getaddrinfo(parts->host.c_str(), std::to_string(parts->port).c_str(), &hints, &found);
  if (error != 0 || found == nullptr) {
    return Status(Code::kUnavailable, "lookup " + parts->host + ": " + gai_strerror(error));
  }
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

std::string FormatAddress(const SocketAddress& address) {
  char host[INET6_ADDRSTRLEN] = "";
  switch (address.family()) {
    case AF_INET: {
      auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
      inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
      return std::string(host) + ":" + std::to_string(ntohs(v4->sin_port));
    }
    case AF_INET6: {
      auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
      inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
      return "[" + std::string(host) + "]:" + std::to_string(ntohs(v6->sin6_port));
    }
    case AF_UNIX: return "unix:" + std::string(reinterpret_cast<const sockaddr_un*>(&address.storage)->sun_path);
    default: return "unknown";
  }
}

}  // namespace kp::runtime::posix
