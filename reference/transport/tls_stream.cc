#include "reference/transport/tls_stream.h"

#include <utility>

namespace kp::transport {

LayeredStream::LayeredStream(runtime::Env& env, std::unique_ptr<runtime::Stream> inner)
    : env_(env), inner_(std::move(inner)) {}

void LayeredStream::SetHandler(runtime::StreamHandler* handler) {
  handler_ = handler;
  if (!handler) return;
  if (!std::exchange(attached_, true)) inner_->SetHandler(this);
  ScheduleDelivery();
}

void LayeredStream::PauseReading(bool paused) {
  paused_ = paused;
  inner_->PauseReading(paused);
  if (!paused) ScheduleDelivery();
}

// Posted: nothing is delivered from inside the user's own calls.
void LayeredStream::ScheduleDelivery() {
  env_.Post(alive_.Wrap([this] { Deliver(); }));
}

void LayeredStream::OnData(std::string_view bytes) {
  Receive(bytes);
  Deliver();
}

void LayeredStream::OnClose(const Status& reason) {
  inner_closed_ = true;
  close_reason_ = reason;
  Deliver();
}

void LayeredStream::OnWritable() {
  if (handler_) handler_->OnWritable();
}

void LayeredStream::Deliver() {
  const auto here = life_.Watch();
  while (handler_ && !paused_ && !close_told_) {
    const std::string_view piece = Next();
    if (piece.empty()) break;
    handler_->OnData(piece);
    if (!here) return;
  }
  AfterDelivery();
  if (!handler_ || paused_ || close_told_) return;
  Status reason = close_reason_;
  if (!Ended(&reason) && !inner_closed_) return;
  close_told_ = true;
  handler_->OnClose(reason);
}

namespace {

class TlsStream final : public LayeredStream {
 public:
  TlsStream(runtime::Env& env, std::unique_ptr<runtime::Stream> inner, std::unique_ptr<wire::TlsSession> session)
      : LayeredStream(env, std::move(inner)), session_(std::move(session)) {}

  bool Write(std::string_view bytes) override {
    session_->Write(bytes);
    return Flush();
  }

  void Close() override {
    session_->SendCloseNotify();
    Flush();
    inner_->Close();
  }

 private:
  bool Flush() {
    const std::string_view out = session_->Output();
    if (out.empty()) return true;
    const bool more = inner_->Write(out);
    session_->ClearOutput();
    return more;
  }

  void Receive(std::string_view bytes) override { session_->Feed(bytes); }
  std::string_view Next() override { return {buffer_, session_->Read(buffer_, sizeof buffer_)}; }
  void AfterDelivery() override { Flush(); }
  bool Ended(Status* reason) const override {
    if (!session_->status().ok()) *reason = session_->status();
    return session_->closed() || !session_->status().ok();
  }

  std::unique_ptr<wire::TlsSession> session_;
  char buffer_[16 * 1024];  // one TLS record
};

class StreamWithPrefix final : public LayeredStream {
 public:
  StreamWithPrefix(runtime::Env& env, std::unique_ptr<runtime::Stream> inner, std::string first)
      : LayeredStream(env, std::move(inner)), waiting_(std::move(first)) {}

  bool Write(std::string_view bytes) override { return inner_->Write(bytes); }
  void Close() override { inner_->Close(); }

 private:
  // Usually nothing waits, and the bytes go on as they are.
  void Receive(std::string_view bytes) override {
    if (waiting_.empty()) {
      direct_ = bytes;
    } else {
      waiting_.append(bytes);
    }
  }
  std::string_view Next() override {
    if (waiting_.empty()) return std::exchange(direct_, {});
    delivered_ = std::exchange(waiting_, {});
    return delivered_;
  }
  void AfterDelivery() override { waiting_.append(std::exchange(direct_, {})); }

  std::string waiting_;
  std::string delivered_;
  std::string_view direct_;  // good during OnData only
};

}  // namespace

std::unique_ptr<runtime::Stream> MakeTlsStream(runtime::Env& env, std::unique_ptr<runtime::Stream> inner,
                                               std::unique_ptr<wire::TlsSession> session) {
  return std::make_unique<TlsStream>(env, std::move(inner), std::move(session));
}

std::unique_ptr<runtime::Stream> MakeStreamWithPrefix(runtime::Env& env, std::unique_ptr<runtime::Stream> inner,
                                                      std::string first) {
  return std::make_unique<StreamWithPrefix>(env, std::move(inner), std::move(first));
}

}  // namespace kp::transport
