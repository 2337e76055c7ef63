#include <map>
#include <utility>

#include "reference/transport/client_core.h"

namespace kp::transport {

namespace {

// Gathers a whole response.
class WholeCall final : public ClientCallEvents {
 public:
  WholeCall(std::function<void(WholeCall*)> forget, Completion<Result<HttpResponse>> done)
      : forget_(std::move(forget)), done_(std::move(done)) {}
  void OnHeaders(int status, Headers headers) override {
    response_.status = status;
    response_.headers = std::move(headers);
  }
  void OnData(std::string_view bytes) override { response_.body.append(bytes); }
  void OnEnd(const Status& status, Headers, uint32_t) override {
    // Everything is moved out first: forgetting destroys this.
    const auto done = std::move(done_);
    Result<HttpResponse> result = std::move(response_);
    if (!status.ok()) result = status;
    const auto forget = std::move(forget_);
    forget(this);
    done(std::move(result));
  }

 private:
  std::function<void(WholeCall*)> forget_;
  Completion<Result<HttpResponse>> done_;
  HttpResponse response_;
};

// Passes a response on as it comes.
class StreamCall final : public HttpCall, public ClientCallEvents {
 public:
  explicit StreamCall(HttpStreamHandler* handler) : handler_(handler) {}
  ~StreamCall() override {
    if (cancel_) cancel_();
  }
  void OnHeaders(int status, Headers headers) override { handler_->OnHeaders(status, headers); }
  void OnData(std::string_view bytes) override { handler_->OnData(bytes); }
  void OnEnd(const Status& status, Headers, uint32_t) override {
    cancel_ = nullptr;
    handler_->OnEnd(status);
  }
  void set_cancel(std::function<void()> cancel) { cancel_ = std::move(cancel); }

 private:
  HttpStreamHandler* handler_;
  std::function<void()> cancel_;
};

class Client final : public HttpClient {
 public:
  explicit Client(std::unique_ptr<ClientCore> core) : core_(std::move(core)) {}

  void Send(HttpClientRequest request, Completion<Result<HttpResponse>> done) override {
    auto call = std::make_unique<WholeCall>([this](WholeCall* ended) { whole_.erase(ended); }, std::move(done));
    WholeCall* events = call.get();
    whole_[events] = std::move(call);
    core_->Start(std::move(request), false, false, events);
  }

  std::unique_ptr<HttpCall> Stream(HttpClientRequest request, HttpStreamHandler* handler) override {
    auto call = std::make_unique<StreamCall>(handler);
    const uint64_t id = core_->Start(std::move(request), false, true, call.get());
    call->set_cancel(alive_.Wrap([this, id] { core_->Cancel(id); }));
    return call;
  }

  void Reset() override { core_->Reset(); }

 private:
  // For ownership only: never walked, so the order of addresses does not show.
  std::map<WholeCall*, std::unique_ptr<WholeCall>> whole_;
  std::unique_ptr<ClientCore> core_;
  Alive alive_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::Create(runtime::Env& env, const HttpClientOptions& options) {
  auto core = ClientCore::Create(env, options);
  if (!core) return core.status();
  return std::unique_ptr<HttpClient>(std::make_unique<Client>(std::move(*core)));
}

}  // namespace kp::transport
