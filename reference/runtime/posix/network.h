// TCP and unix-domain sockets.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "reference/runtime/posix/address.h"
#include "reference/runtime/posix/io_thread.h"

namespace kp::runtime::posix {

class PosixNetwork : public Network {
 public:
  // Names are looked up on `thread`, because the resolver blocks.
  PosixNetwork(EventLoop& loop, IoThread& thread);
  ~PosixNetwork() override;

  Result<std::unique_ptr<Listener>> Listen(const std::string& address,
                                           std::function<void(std::unique_ptr<Stream>)> on_accept) override;
  void Dial(const std::string& address, Duration timeout, Completion<Result<std::unique_ptr<Stream>>> done) override;

 private:
  class Attempt;

  void Connect(uint64_t id, const SocketAddress& address);
  void Finish(uint64_t id, Status failure);
  void Succeed(uint64_t id);

  EventLoop& loop_;
  IoThread& thread_;
  uint64_t last_attempt_ = 0;
  std::map<uint64_t, std::unique_ptr<Attempt>> attempts_;
};

}  // namespace kp::runtime::posix
