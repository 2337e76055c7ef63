// Streams that stand between a raw one and its user.
#pragma once

#include <memory>
#include <string>

#include "reference/base/completion.h"
#include "reference/runtime/env.h"
#include "reference/transport/guard.h"
#include "reference/wire/tls.h"

namespace kp::transport {

// Passes everything on to an inner stream; what arrives goes through Receive first.
class LayeredStream : public runtime::Stream, protected runtime::StreamHandler {
 public:
  LayeredStream(runtime::Env& env, std::unique_ptr<runtime::Stream> inner);

  void SetHandler(runtime::StreamHandler* handler) override;
  size_t BufferedBytes() const override { return inner_->BufferedBytes(); }
  void PauseReading(bool paused) override;
  std::string PeerAddress() const override { return inner_->PeerAddress(); }
  std::string LocalAddress() const override { return inner_->LocalAddress(); }

 protected:
  void OnData(std::string_view bytes) final;
  void OnClose(const Status& reason) final;
  void OnWritable() final;

  // Takes in what came from the inner stream.
  virtual void Receive(std::string_view bytes) = 0;
  // One piece of what is to be delivered; the view is good until the next call. Empty: nothing for now.
  virtual std::string_view Next() = 0;
  // After everything was delivered: the layer itself has ended (peer's close, or an error).
  virtual bool Ended(Status*) const { return false; }
  virtual void AfterDelivery() {}

  runtime::Env& env_;
  std::unique_ptr<runtime::Stream> inner_;

 private:
  void Deliver();
  void ScheduleDelivery();

  runtime::StreamHandler* handler_ = nullptr;
  bool attached_ = false;
  bool paused_ = false;
  bool inner_closed_ = false;
  bool close_told_ = false;
  Status close_reason_;
  Alive alive_;
  Life life_;
};

// TLS over `inner`; the handshake is done.
std::unique_ptr<runtime::Stream> MakeTlsStream(runtime::Env& env, std::unique_ptr<runtime::Stream> inner,
                                               std::unique_ptr<wire::TlsSession> session);
// The bytes as they are, after `first`, which had been read too far.
std::unique_ptr<runtime::Stream> MakeStreamWithPrefix(runtime::Env& env, std::unique_ptr<runtime::Stream> inner,
                                                      std::string first);

}  // namespace kp::transport
