// The connection to one peer, dialled and kept. Sends only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "reference/runtime/env.h"
#include "reference/store/peer_frames.h"
#include "reference/transport/secure.h"

namespace kp::store {

class PeerLink : private runtime::StreamHandler {
 public:
  // `tls` is null in cleartext.
  PeerLink(runtime::Env& env, std::shared_ptr<transport::TlsContext> tls, std::string address, PeerHello hello,
           PeerHandler* handler);

  void Dial();
  bool connected() const { return stream_ != nullptr; }
  bool Send(FrameType type, std::string_view payload);
  bool SendBulk(std::string payload);

 private:
  void OnData(std::string_view) override {}  // the peer says nothing here
  void OnClose(const Status& reason) override;
  void OnWritable() override { PumpBulk(); }

  void OnDialled(Result<std::unique_ptr<runtime::Stream>> stream);
  void OnConnected(std::unique_ptr<runtime::Stream> stream);
  void DialLater(const Status& reason);
  void PumpBulk();
  void EndBulk(const Status& outcome);
  void Watch();

  runtime::Env& env_;
  std::shared_ptr<transport::TlsContext> tls_;
  std::string address_;
  PeerHello hello_;
  PeerHandler* handler_;
  std::unique_ptr<runtime::Stream> stream_;
  runtime::Timer redial_;
  runtime::Timer stall_;
  Duration backoff_;
  std::string last_error_;
  size_t stalled_bytes_ = 0;

  bool bulk_active_ = false;
  std::string bulk_;
  size_t bulk_sent_ = 0;
  Alive alive_;
};

}  // namespace kp::store
