#include "reference/transport/client_core.h"

#include <algorithm>
#include <utility>

#include "reference/transport/handshake.h"

namespace kp::transport {

ClientCore::ClientCore(runtime::Env& env, HttpClientOptions options, std::shared_ptr<TlsContext> tls)
    : env_(env), options_(std::move(options)), tls_(std::move(tls)) {}

Result<std::unique_ptr<ClientCore>> ClientCore::Create(runtime::Env& env, HttpClientOptions options) {
  if (options.endpoints.empty()) return Status(Code::kInvalidArgument, "client: no endpoint");
  if (options.tls.alpn.empty()) {
    options.tls.alpn =
        options.http2 ? std::vector<std::string>{"h2", "http/1.1"} : std::vector<std::string>{"http/1.1"};
  }
  auto tls = TlsContext::Client(options.tls);
  if (!tls) return tls.status();
  return std::unique_ptr<ClientCore>(new ClientCore(env, std::move(options), std::move(*tls)));
}

ClientCore::~ClientCore() {
  // One of them may be in the middle of a callback: it sees itself shut down.
  for (const auto& connection : std::exchange(connections_, {})) connection->Shutdown();
}

uint64_t ClientCore::Start(HttpClientRequest request, bool more, bool until_headers, ClientCallEvents* events) {
  const uint64_t id = next_call_++;
  auto call = std::make_unique<ClientCall>(env_, id);
  call->request = std::move(request);
  call->events = events;
  call->more = more;
  call->until_headers = until_headers;
  if (call->request.timeout > Duration::zero() && call->request.timeout < Duration::max()) {
    const char* what = until_headers ? "no response headers within " : "no response within ";
    call->timer.Start(call->request.timeout, [this, id, what] {
      ClientCall* late = Find(id);
      if (late->connection) late->connection->Cancel(*late);
      OnCallEnd(id, Status(Code::kDeadlineExceeded, what + FormatDuration(late->request.timeout)), {});
    });
  }
  calls_[id] = std::move(call);
  Assign(id);
  return id;
}

void ClientCore::Assign(uint64_t id) {
  ClientCall& call = *calls_[id];
  for (const auto& connection : connections_) {
    if (!connection->CanTake()) continue;
    call.connection = connection;
    connection->Begin(call);
    return;
  }
  waiting_.push_back(id);
  DialForWaiting();
}

void ClientCore::DialForWaiting() {
  std::erase_if(waiting_, [this](uint64_t id) { return !calls_.contains(id); });
  const size_t wanted = multiplexed() ? std::min<size_t>(waiting_.size(), 1) : waiting_.size();
  while (dialing_ < wanted) Dial();
}

void ClientCore::Dial() {
  ++dialing_;
  const std::string endpoint = options_.endpoints[endpoint_];
  env_.network().Dial(endpoint, options_.dial_timeout,
                      alive_.Wrap([this, endpoint](Result<std::unique_ptr<runtime::Stream>> stream) {
                        OnDialed(endpoint, std::move(stream));
                      }));
}

void ClientCore::OnDialed(const std::string& endpoint, Result<std::unique_ptr<runtime::Stream>> stream) {
  if (!stream) return OnDialFailed(endpoint, stream.status());
  tls_->Connect(env_, std::move(*stream), HostOfAddress(endpoint), options_.dial_timeout,
                alive_.Wrap([this, endpoint](Result<SecureStream> secure) { OnSecure(endpoint, std::move(secure)); }));
}

void ClientCore::OnSecure(const std::string& endpoint, Result<SecureStream> secure) {
  if (!secure) return OnDialFailed(endpoint, secure.status());
  --dialing_;
  failures_ = 0;
  const bool prior_knowledge = options_.tls.mode == TlsOptions::Mode::kNone && options_.http2;
  const bool http2 = prior_knowledge || secure->alpn == "h2";
  http1_only_ = !http2;
  connections_.push_back(http2 ? MakeHttp2ClientConnection(this, std::move(*secure), endpoint)
                               : MakeHttp1ClientConnection(this, std::move(*secure), endpoint));
  GiveWaitingCalls();
}

void ClientCore::GiveWaitingCalls() {
  std::deque<uint64_t> waiting = std::exchange(waiting_, {});
  for (uint64_t id : waiting) {
    if (calls_.contains(id)) Assign(id);
  }
}

void ClientCore::OnFree() {
  if (!waiting_.empty()) GiveWaitingCalls();
}

void ClientCore::OnDialFailed(const std::string& endpoint, const Status& status) {
  --dialing_;
  ++failures_;
  endpoint_ = (endpoint_ + 1) % options_.endpoints.size();
  if (failures_ < options_.endpoints.size()) return DialForWaiting();
  failures_ = 0;
  const Code code = status.code() == Code::kUnauthenticated ? status.code() : Code::kUnavailable;
  const std::string prefix = "dial " + endpoint + ": ";
  const bool named = status.message().starts_with("dial ");
  const Status failure(code, (named ? "" : prefix) + status.message());
  // Wrapped: one of the calls may end the client.
  auto end = alive_.Wrap([this, failure](uint64_t id) { OnCallEnd(id, failure, {}); });
  for (uint64_t id : std::exchange(waiting_, {})) end(id);
}

ClientCall* ClientCore::Find(uint64_t call) {
  const auto found = calls_.find(call);
  return found == calls_.end() ? nullptr : found->second.get();
}

void ClientCore::SendData(uint64_t id, SharedBytes bytes) {
  ClientCall* call = Find(id);
  if (!call) return;
  if (call->connection) return call->connection->SendData(*call, std::move(bytes));
  call->early.push_back(std::move(bytes));
}

void ClientCore::CloseSend(uint64_t id) {
  ClientCall* call = Find(id);
  if (!call || !std::exchange(call->more, false)) return;
  if (call->connection) call->connection->SendEnd(*call);
}

void ClientCore::Cancel(uint64_t id) {
  auto node = calls_.extract(id);
  if (!node || !node.mapped()->connection) return;
  const auto connection = node.mapped()->connection;
  connection->Cancel(*node.mapped());
}

void ClientCore::Reset() {
  // New calls dial anew; the calls of the dropped connections fail on the next turn.
  std::vector<uint64_t> lost;
  for (const auto& [id, call] : calls_) {
    if (std::exchange(call->connection, nullptr)) lost.push_back(id);
  }
  for (const auto& connection : std::exchange(connections_, {})) connection->Shutdown();
  for (uint64_t id : lost) EndLater(id, Status(Code::kUnavailable, "connection lost: the client was reset"));
}

void ClientCore::EndLater(uint64_t id, const Status& status) {
  env_.Post(alive_.Wrap([this, id, status] { OnCallEnd(id, status, {}); }));
}

void ClientCore::OnCallHeaders(uint64_t id, int status, Headers headers) {
  ClientCall* call = Find(id);
  if (!call) return;
  if (call->until_headers) call->timer.Stop();
  call->events->OnHeaders(status, std::move(headers));
}

void ClientCore::OnCallData(uint64_t id, std::string_view bytes) {
  ClientCall* call = Find(id);
  if (call) call->events->OnData(bytes);
}

void ClientCore::OnCallEnd(uint64_t id, const Status& status, Headers trailers, uint32_t reset_code) {
  const auto node = calls_.extract(id);
  if (node) node.mapped()->events->OnEnd(status, std::move(trailers), reset_code);
}

void ClientCore::OnConnectionGone(ClientConnection* connection, bool failed) {
  std::erase_if(connections_, [connection](const auto& held) { return held.get() == connection; });
  // The endpoint may be the trouble: the next dial starts with another one.
  if (failed) endpoint_ = (endpoint_ + 1) % options_.endpoints.size();
  DialForWaiting();
}

}  // namespace kp::transport
