// tidy: allow-file third-party-header, because these tests are written in the messages of the etcd v3 API
//
// The API of a store request by request: what a client library would hide can be sent, and what it would read into
// an answer can be seen.
//
//   Api api(t);
//   api.Put("a", "1");
//   auto request = api.PutOf("a", "2");
//   request.set_ignore_value(true);
//   api.Refused(request, Code::kInvalidArgument, "etcdserver: value is provided");
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/behaviour.h"
#include "conformance/context.h"
#include "reference/client/etcd.h"
#include "reference/store/auth.pb.h"
#include "reference/store/election.pb.h"
#include "reference/store/etcd.pb.h"
#include "reference/store/lock.pb.h"

namespace kp::conformance {

namespace pb = etcdserverpb;

// The method that takes a request, and its answer.
template <typename Request>
struct MethodOf;
#define KP_STORE_METHOD(request, response, method)   \
  template <>                                        \
  struct MethodOf<request> {                         \
    using Reply = response;                          \
    static constexpr const char* kName = "/" method; \
  }
#define KP_ETCD_METHOD(service, name, stem) \
  KP_STORE_METHOD(etcdserverpb::stem##Request, etcdserverpb::stem##Response, "etcdserverpb." service "/" name)
KP_ETCD_METHOD("KV", "Range", Range);
KP_ETCD_METHOD("KV", "Put", Put);
KP_ETCD_METHOD("KV", "DeleteRange", DeleteRange);
KP_ETCD_METHOD("KV", "Txn", Txn);
KP_ETCD_METHOD("KV", "Compact", Compaction);
KP_ETCD_METHOD("Lease", "LeaseGrant", LeaseGrant);
KP_ETCD_METHOD("Lease", "LeaseRevoke", LeaseRevoke);
KP_ETCD_METHOD("Lease", "LeaseTimeToLive", LeaseTimeToLive);
KP_ETCD_METHOD("Lease", "LeaseLeases", LeaseLeases);
KP_ETCD_METHOD("Cluster", "MemberList", MemberList);
KP_ETCD_METHOD("Maintenance", "Alarm", Alarm);
KP_ETCD_METHOD("Maintenance", "Status", Status);
KP_ETCD_METHOD("Maintenance", "Defragment", Defragment);
KP_ETCD_METHOD("Maintenance", "Hash", Hash);
KP_ETCD_METHOD("Maintenance", "HashKV", HashKV);
KP_ETCD_METHOD("Auth", "AuthEnable", AuthEnable);
KP_ETCD_METHOD("Auth", "AuthDisable", AuthDisable);
KP_ETCD_METHOD("Auth", "AuthStatus", AuthStatus);
KP_ETCD_METHOD("Auth", "Authenticate", Authenticate);
KP_ETCD_METHOD("Auth", "UserAdd", AuthUserAdd);
KP_ETCD_METHOD("Auth", "UserGet", AuthUserGet);
KP_ETCD_METHOD("Auth", "UserList", AuthUserList);
KP_ETCD_METHOD("Auth", "UserDelete", AuthUserDelete);
KP_ETCD_METHOD("Auth", "UserChangePassword", AuthUserChangePassword);
KP_ETCD_METHOD("Auth", "UserGrantRole", AuthUserGrantRole);
KP_ETCD_METHOD("Auth", "UserRevokeRole", AuthUserRevokeRole);
KP_ETCD_METHOD("Auth", "RoleAdd", AuthRoleAdd);
KP_ETCD_METHOD("Auth", "RoleGet", AuthRoleGet);
KP_ETCD_METHOD("Auth", "RoleList", AuthRoleList);
KP_ETCD_METHOD("Auth", "RoleDelete", AuthRoleDelete);
KP_ETCD_METHOD("Auth", "RoleGrantPermission", AuthRoleGrantPermission);
KP_ETCD_METHOD("Auth", "RoleRevokePermission", AuthRoleRevokePermission);
KP_STORE_METHOD(v3lockpb::LockRequest, v3lockpb::LockResponse, "v3lockpb.Lock/Lock");
KP_STORE_METHOD(v3lockpb::UnlockRequest, v3lockpb::UnlockResponse, "v3lockpb.Lock/Unlock");
KP_STORE_METHOD(v3electionpb::CampaignRequest, v3electionpb::CampaignResponse, "v3electionpb.Election/Campaign");
KP_STORE_METHOD(v3electionpb::ProclaimRequest, v3electionpb::ProclaimResponse, "v3electionpb.Election/Proclaim");
KP_STORE_METHOD(v3electionpb::LeaderRequest, v3electionpb::LeaderResponse, "v3electionpb.Election/Leader");
KP_STORE_METHOD(v3electionpb::ResignRequest, v3electionpb::ResignResponse, "v3electionpb.Election/Resign");
#undef KP_ETCD_METHOD
#undef KP_STORE_METHOD

inline constexpr std::string_view kEmptyKey = "etcdserver: key is not provided";
inline constexpr std::string_view kKeyNotFound = "etcdserver: key not found";
inline constexpr std::string_view kLeaseNotFound = "etcdserver: requested lease not found";
inline constexpr std::string_view kCompactedText = "etcdserver: mvcc: required revision has been compacted";
inline constexpr std::string_view kFutureText = "etcdserver: mvcc: required revision is a future revision";
inline constexpr std::string_view kDuplicateKey = "etcdserver: duplicate key given in txn request";

using Answer = std::shared_ptr<std::optional<Result<std::string>>>;

class Api {
 public:
  // With keys of this test's own; `member` counts from 0, -1 is any.
  explicit Api(Context& t, int member = -1);
  // The same keys through another member.
  Api(const Api& other, int member);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  Context& t() { return t_; }
  std::string Key(std::string_view name) const { return prefix_ + std::string(name); }
  const std::string& prefix() const { return prefix_; }
  std::string end() const { return client::PrefixEnd(prefix_); }

  // Sent with every call: the token of a user, "hasleader".
  void SetMetadata(const std::string& name, const std::string& value);
  void ClearMetadata() { metadata_ = {}; }
  const transport::Headers& metadata() const { return metadata_; }
  transport::GrpcChannel& channel() { return client_->channel(); }

  // ---- calls ----
  // The answer or the refusal; ends the test as inconclusive where a fault may have taken the answer.
  template <typename Request>
  Result<typename MethodOf<Request>::Reply> Try(const Request& request) {
    const Result<std::string> bytes = Await(Begin(MethodOf<Request>::kName, request.SerializeAsString()));
    if (!bytes.ok()) return bytes.status();
    typename MethodOf<Request>::Reply reply;
    if (!reply.ParseFromString(*bytes)) t_.Fail(std::string(MethodOf<Request>::kName) + ": the answer is malformed");
    return reply;
  }
  template <typename Request>
  typename MethodOf<Request>::Reply Do(const Request& request) {
    auto reply = Try(request);
    if (!reply.ok()) t_.Fail(std::string(MethodOf<Request>::kName) + ": " + reply.status().ToString());
    return std::move(*reply);
  }
  template <typename Request>
  void Refused(const Request& request, Code code, std::string_view text) {
    const auto reply = Try(request);
    if (reply.ok())
      t_.Fail(std::string(MethodOf<Request>::kName) + ": expected \"" + std::string(text) + "\", it succeeded");
    ExpectText(reply.status(), code, text);
  }
  // Started and not waited for.
  Answer Begin(const std::string& method, std::string request);
  Result<std::string> Await(const Answer& answer);
  void ExpectText(const Status& status, Code code, std::string_view text);

  // ---- the usual requests, by names under this test's prefix ----
  pb::PutRequest PutOf(std::string_view name, std::string value, int64_t lease = 0) const;
  pb::RangeRequest RangeOf(std::string_view name) const;
  pb::RangeRequest AllOf() const;
  pb::DeleteRangeRequest DeleteOf(std::string_view name) const;
  pb::Compare VersionIs(std::string_view name, int64_t version) const;

  int64_t Put(std::string_view name, std::string value, int64_t lease = 0);
  int64_t Delete(std::string_view name);
  std::optional<mvccpb::KeyValue> Get(std::string_view name);
  std::string Value(std::string_view name);
  int64_t Revision();
  int64_t Grant(int64_t seconds, int64_t id = 0);

 private:
  Context& t_;
  std::unique_ptr<client::EtcdClient> client_;
  transport::Headers metadata_;
  std::string prefix_;
  bool owns_keys_ = true;
};

// The names under the prefix, in the order of the answer.
std::vector<std::string> NamesOf(const Api& api, const pb::RangeResponse& answer);

// Any streaming call; what came is kept.
template <typename Reply>
class ApiStream : private transport::GrpcClientStreamHandler {
 public:
  ApiStream(Api& api, const std::string& method)
      : api_(api), stream_(api.channel().OpenStream(method, api.metadata(), this)) {}

  template <typename Request>
  void Send(const Request& request) {
    stream_->Send(request.SerializeAsString());
  }
  void CloseSend() { stream_->CloseSend(); }
  const std::vector<Reply>& replies() const { return replies_; }
  const std::optional<Status>& end() const { return end_; }
  // The next reply that was not taken yet.
  Reply Next(std::string_view what) {
    api_.t().Eventually(what, [&] { return replies_.size() > taken_ || end_; });
    if (replies_.size() <= taken_) {
      if (api_.t().UnderFaults()) api_.t().Inconclusive("the stream ended: " + end_->ToString());
      api_.t().Fail(std::string(what) + ": the stream ended: " + end_->ToString());
    }
    return replies_[taken_++];
  }
  Status AwaitEnd() {
    api_.t().Eventually("the stream ends", [&] { return end_.has_value(); });
    return *end_;
  }

 private:
  void OnMessage(std::string_view bytes) override {
    Reply reply;
    if (reply.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) replies_.push_back(std::move(reply));
  }
  void OnEnd(const Status& status) override { end_ = status; }

  Api& api_;
  std::vector<Reply> replies_;
  size_t taken_ = 0;
  std::optional<Status> end_;
  std::unique_ptr<transport::GrpcClientStream> stream_;
};

class Watches : public ApiStream<pb::WatchResponse> {
 public:
  explicit Watches(Api& api) : ApiStream(api, "/etcdserverpb.Watch/Watch") {}
  void Create(const pb::WatchCreateRequest& create);
  void Cancel(int64_t id);
  void AskProgress();
  // Creates a watch and takes the reply that says so; its id.
  int64_t Open(const pb::WatchCreateRequest& create);
  // Of all replies so far.
  std::vector<mvccpb::Event> EventsOf(int64_t id) const;
};

pb::WatchCreateRequest WatchOf(const Api& api, std::string_view name);
pb::WatchCreateRequest WatchAllOf(const Api& api);

}  // namespace kp::conformance
