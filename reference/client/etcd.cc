#include "reference/client/etcd.h"

#include <utility>

#include "reference/client/etcd_messages.h"
#include "reference/client/etcd_watch.h"
#include "reference/store/etcd.pb.h"
#include "reference/transport/grpc.h"

namespace kp::client {
namespace {

// Hands the decoded reply, or why there is none, to `done`.
template <typename Reply, typename Out, typename Convert>
Completion<Result<std::string>> Decoded(Completion<Out> done, Convert convert) {
  return [done = std::move(done), convert = std::move(convert)](Result<std::string> bytes) {
    if (!bytes.ok()) return done(bytes.error());
    Reply reply;
    if (!reply.ParseFromString(*bytes)) return done(Status(Code::kInternal, "etcd: malformed reply"));
    done(convert(std::move(reply)));
  };
}

class Client final : public EtcdClient {
 public:
  Client(std::unique_ptr<transport::GrpcChannel> channel, Duration timeout)
      : channel_(std::move(channel)), timeout_(timeout) {}

  void Range(const EtcdRange& request, Completion<Result<EtcdRangeResult>> done) override {
    Call("KV/Range", ToMessage(request),
         Decoded<etcdserverpb::RangeResponse>(std::move(done), [](etcdserverpb::RangeResponse reply) {
           return Result<EtcdRangeResult>(FromMessage(std::move(reply)));
         }));
  }

  void Write(const EtcdGuardedWrite& request, Completion<Result<EtcdWriteResult>> done) override {
    Call("KV/Txn", ToMessage(request),
         Decoded<etcdserverpb::TxnResponse>(std::move(done), [](etcdserverpb::TxnResponse reply) {
           return Result<EtcdWriteResult>(FromMessage(std::move(reply)));
         }));
  }

  void Put(std::string key, std::string value, int64_t lease, Completion<Result<int64_t>> done) override {
    etcdserverpb::PutRequest request;
    request.set_key(std::move(key));
    request.set_value(std::move(value));
    request.set_lease(lease);
    Call("KV/Put", request, Revision<etcdserverpb::PutResponse>(std::move(done)));
  }

  void DeleteRange(std::string key, std::string range_end, Completion<Result<int64_t>> done) override {
    etcdserverpb::DeleteRangeRequest request;
    request.set_key(std::move(key));
    request.set_range_end(std::move(range_end));
    Call("KV/DeleteRange", request, Revision<etcdserverpb::DeleteRangeResponse>(std::move(done)));
  }

  std::unique_ptr<EtcdWatch> Watch(const EtcdWatchOptions& options, EtcdWatchHandler* handler) override {
    return OpenWatch(*channel_, options, handler);
  }

  void LeaseGrant(int64_t ttl_seconds, Completion<Result<int64_t>> done) override {
    etcdserverpb::LeaseGrantRequest request;
    request.set_ttl(ttl_seconds);
    Call("Lease/LeaseGrant", request,
         Decoded<etcdserverpb::LeaseGrantResponse>(std::move(done), [](const etcdserverpb::LeaseGrantResponse& reply) {
           return Result<int64_t>(reply.id());
         }));
  }

  void Compact(int64_t revision, Completion<Status> done) override {
    etcdserverpb::CompactionRequest request;
    request.set_revision(revision);
    Call("KV/Compact", request, [done = std::move(done)](const Result<std::string>& reply) { done(reply.status()); });
  }

  transport::GrpcChannel& channel() override { return *channel_; }

 private:
  template <typename Reply>
  static Completion<Result<std::string>> Revision(Completion<Result<int64_t>> done) {
    return Decoded<Reply>(std::move(done),
                          [](const Reply& reply) { return Result<int64_t>(reply.header().revision()); });
  }

  template <typename Request>
  void Call(const std::string& method, const Request& request, Completion<Result<std::string>> reply) {
    channel_->Unary("/etcdserverpb." + method, request.SerializeAsString(), {}, timeout_, std::move(reply));
  }

  std::unique_ptr<transport::GrpcChannel> channel_;
  Duration timeout_;
};

}  // namespace

Result<std::unique_ptr<EtcdClient>> EtcdClient::Create(runtime::Env& env, const EtcdClientOptions& options) {
  transport::GrpcChannelOptions channel_options;
  channel_options.http.endpoints = options.endpoints;
  channel_options.http.tls = options.tls;
  // A list of whole objects has no small bound; 2 GiB is what stock clients accept.
  channel_options.max_message = size_t{1} << 31;
  Result<std::unique_ptr<transport::GrpcChannel>> channel = transport::GrpcChannel::Create(env, channel_options);
  if (!channel.ok()) return channel.error();
  return std::unique_ptr<EtcdClient>(std::make_unique<Client>(std::move(*channel), options.timeout));
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');
  prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace kp::client
