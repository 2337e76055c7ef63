// A listening socket.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reference/runtime/posix/address.h"
#include "reference/runtime/posix/event_loop.h"

namespace kp::runtime::posix {

// `text` is the address as the caller wrote it, for errors.
Result<std::unique_ptr<Listener>> OpenListener(EventLoop& loop, const std::string& text, const SocketAddress& address,
                                               std::function<void(std::unique_ptr<Stream>)> on_accept);

}  // namespace kp::runtime::posix
