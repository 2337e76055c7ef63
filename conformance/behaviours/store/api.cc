#include "conformance/behaviours/store/api.h"

namespace kp::conformance {

namespace {

constexpr Duration kCallTimeout = 20s;
constexpr Duration kCallBudget = 30s;

std::unique_ptr<client::EtcdClient> Connect(Context& t, int member) {
  auto client = member < 0 ? t.cluster().StoreClient() : t.cluster().StoreClientOf(member);
  if (!client.ok()) t.NotApplicable("no client of the store: " + client.status().message());
  return std::move(*client);
}

}  // namespace

Api::Api(Context& t, int member)
    : t_(t), client_(Connect(t, member)), prefix_("/kubeproof-test/" + t.UniqueName("s") + "/") {}

Api::Api(const Api& other, int member)
    : t_(other.t_),
      client_(Connect(other.t_, member)),
      metadata_(other.metadata_),
      prefix_(other.prefix_),
      owns_keys_(false) {}

Api::~Api() {
  if (!owns_keys_) return;
  pb::DeleteRangeRequest all;
  all.set_key(prefix_);
  all.set_range_end(end());
  const Answer done = Begin(MethodOf<pb::DeleteRangeRequest>::kName, all.SerializeAsString());
  t_.cluster().Pump([&] { return done->has_value(); }, 1s);
}

void Api::SetMetadata(const std::string& name, const std::string& value) {
  metadata_ = {};
  metadata_.Add(name, value);
}

Answer Api::Begin(const std::string& method, std::string request) {
  auto answer = std::make_shared<std::optional<Result<std::string>>>();
  client_->channel().Unary(method, std::move(request), metadata_, kCallTimeout,
                           [answer](Result<std::string> bytes) { *answer = std::move(bytes); });
  return answer;
}

Result<std::string> Api::Await(const Answer& answer) {
  Result<std::string> result = Status(Code::kDeadlineExceeded, "no answer");
  if (t_.cluster().Pump([&] { return answer->has_value(); }, kCallBudget)) result = **answer;
  const bool unknown =
      result.status().code() == Code::kUnavailable || result.status().code() == Code::kDeadlineExceeded;
  if (unknown && t_.UnderFaults()) t_.Inconclusive(result.status().ToString());
  return result;
}

void Api::ExpectText(const Status& status, Code code, std::string_view text) {
  if (status.code() == code && status.message() == text) return;
  t_.Fail("expected " + Status(code, std::string(text)).ToString() + ", got " + status.ToString());
}

pb::PutRequest Api::PutOf(std::string_view name, std::string value, int64_t lease) const {
  pb::PutRequest request;
  request.set_key(Key(name));
  request.set_value(std::move(value));
  request.set_lease(lease);
  return request;
}

pb::RangeRequest Api::RangeOf(std::string_view name) const {
  pb::RangeRequest request;
  request.set_key(Key(name));
  return request;
}

pb::RangeRequest Api::AllOf() const {
  pb::RangeRequest request;
  request.set_key(prefix_);
  request.set_range_end(end());
  return request;
}

pb::DeleteRangeRequest Api::DeleteOf(std::string_view name) const {
  pb::DeleteRangeRequest request;
  request.set_key(Key(name));
  return request;
}

pb::Compare Api::VersionIs(std::string_view name, int64_t version) const {
  pb::Compare compare;
  compare.set_key(Key(name));
  compare.set_target(pb::Compare::VERSION);
  compare.set_version(version);
  return compare;
}

int64_t Api::Put(std::string_view name, std::string value, int64_t lease) {
  return Do(PutOf(name, std::move(value), lease)).header().revision();
}

int64_t Api::Delete(std::string_view name) { return Do(DeleteOf(name)).header().revision(); }

std::optional<mvccpb::KeyValue> Api::Get(std::string_view name) {
  const pb::RangeResponse answer = Do(RangeOf(name));
  if (answer.kvs().empty()) return std::nullopt;
  return answer.kvs(0);
}

std::string Api::Value(std::string_view name) {
  const auto kv = Get(name);
  return kv ? kv->value() : "(no such key)";
}

int64_t Api::Revision() { return Do(RangeOf("none")).header().revision(); }

int64_t Api::Grant(int64_t seconds, int64_t id) {
  pb::LeaseGrantRequest request;
  request.set_ttl(seconds);
  request.set_id(id);
  return Do(request).id();
}

std::vector<std::string> NamesOf(const Api& api, const pb::RangeResponse& answer) {
  std::vector<std::string> names;
  for (const mvccpb::KeyValue& kv : answer.kvs()) names.push_back(kv.key().substr(api.prefix().size()));
  return names;
}

void Watches::Create(const pb::WatchCreateRequest& create) {
  pb::WatchRequest request;
  *request.mutable_create_request() = create;
  Send(request);
}

void Watches::Cancel(int64_t id) {
  pb::WatchRequest request;
  request.mutable_cancel_request()->set_watch_id(id);
  Send(request);
}

void Watches::AskProgress() {
  pb::WatchRequest request;
  request.mutable_progress_request();
  Send(request);
}

int64_t Watches::Open(const pb::WatchCreateRequest& create) {
  Create(create);
  return Next("the watch is created").watch_id();
}

std::vector<mvccpb::Event> Watches::EventsOf(int64_t id) const {
  std::vector<mvccpb::Event> events;
  for (const pb::WatchResponse& reply : replies()) {
    if (reply.watch_id() == id) events.insert(events.end(), reply.events().begin(), reply.events().end());
  }
  return events;
}

pb::WatchCreateRequest WatchOf(const Api& api, std::string_view name) {
  pb::WatchCreateRequest create;
  create.set_key(api.Key(name));
  return create;
}

pb::WatchCreateRequest WatchAllOf(const Api& api) {
  pb::WatchCreateRequest create;
  create.set_key(api.prefix());
  create.set_range_end(api.end());
  return create;
}

}  // namespace kp::conformance
