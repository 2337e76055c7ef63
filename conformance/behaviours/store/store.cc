#include "conformance/behaviours/store/store.h"

#include <set>
#include <utility>

namespace kp::conformance {

using client::EtcdEvent;
using client::EtcdRange;
using client::EtcdRangeResult;

namespace {

constexpr Duration kCallBudget = 30s;

std::unique_ptr<client::EtcdClient> Connect(Context& t, std::optional<int> member) {
  auto client = member ? t.cluster().StoreClientOf(*member) : t.cluster().StoreClient();
  if (!client.ok()) t.NotApplicable("no client of the store: " + client.status().message());
  return std::move(*client);
}

}  // namespace

void StoreWatch::CheckAlive() const {
  if (ended_ && compact_revision_ == 0 && t_.UnderFaults()) t_.Inconclusive("watch: " + reason_.ToString());
}

const std::vector<EtcdEvent>& StoreWatch::events() const {
  CheckAlive();
  return events_;
}

int64_t StoreWatch::progress() const {
  CheckAlive();
  return progress_;
}

void StoreWatch::OnCreated(int64_t) { created_ = true; }

void StoreWatch::OnEvents(int64_t revision, const std::vector<EtcdEvent>& events) {
  std::set<int64_t> revisions;
  for (const EtcdEvent& event : events) revisions.insert(event.kv.mod_revision);
  for (int64_t r : revisions) ++pieces_[r];
  events_.insert(events_.end(), events.begin(), events.end());
  if (!events.empty()) return;
  progress_ = revision;
  events_before_progress_ = events_.size();
}

void StoreWatch::OnEnd(const Status& reason, int64_t compact_revision) {
  ended_ = true;
  reason_ = reason;
  compact_revision_ = compact_revision;
}

Store::Store(Context& t)
    : t_(t), client_(Connect(t, std::nullopt)), prefix_("/kubeproof-test/" + t.UniqueName("s") + "/") {}

Store::Store(const Store& other, int member)
    : t_(other.t_), client_(Connect(other.t_, member)), prefix_(other.prefix_), owns_keys_(false) {}

Store::~Store() {
  if (!owns_keys_) return;
  // Best effort: what stays behind has names of its own.
  auto done = std::make_shared<bool>(false);
  client_->DeleteRange(prefix_, client::PrefixEnd(prefix_), [done](const Result<int64_t>&) { *done = true; });
  t_.cluster().Pump([done] { return *done; }, 1s);
}

template <typename T>
Result<T> Store::Await(const std::function<void(Completion<Result<T>>)>& call) {
  auto answer = std::make_shared<std::optional<Result<T>>>();
  call([answer](Result<T> result) { *answer = std::move(result); });
  if (!t_.cluster().Pump([&] { return answer->has_value(); }, kCallBudget)) {
    return Status(Code::kDeadlineExceeded, "no answer");
  }
  return std::move(**answer);
}

template <typename T>
T Store::Must(Result<T> result, const std::string& what) {
  if (result.ok()) return std::move(*result);
  bool unknown = result.status().code() == Code::kUnavailable || result.status().code() == Code::kDeadlineExceeded;
  std::string text = what + ": " + result.status().ToString();
  if (unknown && t_.UnderFaults()) t_.Inconclusive(text);
  t_.Fail(text);
}

EtcdRange Store::All() const { return {.key = prefix_, .range_end = client::PrefixEnd(prefix_)}; }

Result<int64_t> Store::TryPut(const std::string& name, const std::string& value, int64_t lease) {
  return Await<int64_t>([&](auto done) { client_->Put(Key(name), value, lease, std::move(done)); });
}

Result<EtcdRangeResult> Store::TryRange(const EtcdRange& range) {
  return Await<EtcdRangeResult>([&](auto done) { client_->Range(range, std::move(done)); });
}

Status Store::Compact(int64_t revision) {
  auto answer = std::make_shared<std::optional<Status>>();
  client_->Compact(revision, [answer](const Status& status) { *answer = status; });
  if (!t_.cluster().Pump([&] { return answer->has_value(); }, kCallBudget)) {
    return {Code::kDeadlineExceeded, "no answer"};
  }
  return **answer;
}

int64_t Store::Put(const std::string& name, const std::string& value, int64_t lease) {
  return Must(TryPut(name, value, lease), "put " + name);
}

int64_t Store::Delete(const std::string& name, const std::string& end) {
  std::string range_end = end.empty() ? "" : Key(end);
  return Must(Await<int64_t>([&](auto done) { client_->DeleteRange(Key(name), range_end, std::move(done)); }),
              "delete " + name);
}

client::EtcdWriteResult Store::Write(const std::string& name, int64_t expected, std::optional<std::string> value) {
  client::EtcdGuardedWrite write{.key = Key(name), .expected_revision = expected, .value = std::move(value)};
  return Must(Await<client::EtcdWriteResult>([&](auto done) { client_->Write(write, std::move(done)); }),
              "write " + name);
}

EtcdRangeResult Store::Range(const EtcdRange& range) { return Must(TryRange(range), "range " + range.key); }

std::optional<client::EtcdKeyValue> Store::Get(const std::string& name, int64_t revision) {
  EtcdRangeResult result = Range({.key = Key(name), .revision = revision});
  if (result.kvs.empty()) return std::nullopt;
  return result.kvs[0];
}

int64_t Store::Grant(int64_t ttl_seconds) {
  return Must(Await<int64_t>([&](auto done) { client_->LeaseGrant(ttl_seconds, std::move(done)); }), "grant a lease");
}

std::unique_ptr<StoreWatch> Store::Watch(client::EtcdWatchOptions options) {
  if (options.key.empty()) {
    options.key = prefix_;
    options.range_end = client::PrefixEnd(prefix_);
  }
  auto watch = std::make_unique<StoreWatch>(t_, *client_, options);
  t_.Eventually("the watch is open", [&] { return watch->created() || watch->ended(); });
  return watch;
}

std::unique_ptr<StoreWatch> Store::WatchAll(int64_t from) {
  std::string all(1, '\0');
  return Watch({.key = all, .range_end = all, .start_revision = from});
}

int64_t Store::Revision() { return Range({.key = prefix_}).revision; }

void ExpectRefused(Context& t, const Status& status, Code code, std::string_view text) {
  if (status.code() == code && status.message() == text) return;
  t.Fail("expected " + Status(code, std::string(text)).ToString() + ", got " + status.ToString());
}

}  // namespace kp::conformance
