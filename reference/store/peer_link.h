// The connection to one peer, dialled and kept. Sends only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/runtime/env.h"
#include "reference/store/peer_frames.h"
#include "reference/transport/secure.h"

namespace kp::store {

class PeerLink : private runtime::StreamHandler {
 public:
  // `tls` is for https URLs. Several URLs are tried in turn.
  PeerLink(runtime::Env& env, std::shared_ptr<transport::TlsContext> tls, std::vector<Url> urls, PeerHello hello,
           PeerHandler* handler);
  ~PeerLink() override;

  void Dial();
  const std::vector<Url>& urls() const { return urls_; }
  bool connected() const { return stream_ != nullptr; }
  Time connected_since() const { return connected_since_; }
  uint64_t sent_bytes() const { return sent_bytes_; }
  bool Send(FrameType type, std::string_view payload);
  bool SendBulk(std::string payload);

 private:
  void OnData(std::string_view bytes) override;  // a refusal; else the peer says nothing here
  void OnClose(const Status& reason) override;
  void OnWritable() override { PumpBulk(); }

  bool OnGoAway(FrameType type, std::string_view payload);
  const Url& url() const { return urls_[next_url_ % urls_.size()]; }
  void OnDialled(Result<std::unique_ptr<runtime::Stream>> stream);
  void OnConnected(std::unique_ptr<runtime::Stream> stream);
  void DialLater(const Status& reason);
  void PumpBulk();
  void EndBulk(const Status& outcome);
  void Watch();

  runtime::Env& env_;
  std::shared_ptr<transport::TlsContext> tls_;
  std::vector<Url> urls_;
  size_t next_url_ = 0;
  PeerHello hello_;
  PeerHandler* handler_;
  std::unique_ptr<runtime::Stream> stream_;
  Time connected_since_{};
  FrameReader reader_;
  uint64_t sent_bytes_ = 0;
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
