// One end of a stream in tests: keeps what it is told.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "reference/runtime/env.h"

namespace kp::runtime::sim {

struct TestPeer : StreamHandler {
  explicit TestPeer(std::unique_ptr<Stream> s) : stream(std::move(s)) { stream->SetHandler(this); }
  void OnData(std::string_view bytes) override { received += bytes; }
  void OnClose(const Status& status) override { closed = status; }
  void OnWritable() override { ++writable; }

  std::unique_ptr<Stream> stream;
  std::string received;
  std::optional<Status> closed;
  int writable = 0;
};

}  // namespace kp::runtime::sim
