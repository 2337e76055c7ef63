#include "conformance/behaviours/store/store.h"

#include <algorithm>
#include <set>
#include <utility>

namespace kp::conformance {

using client::EtcdEvent;
using client::EtcdRange;
using client::EtcdRangeResult;

namespace {

constexpr Duration kCallBudget = 30s;
// For a call that is repeated under faults: longer than a change of leader and the restart of a member.
constexpr Duration kRepeatBudget = 60s;
constexpr Duration kRetryPause = 200ms;

// Whether it was carried out cannot be told.
bool IsUnknown(const Status& status) {
  return status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded;
}

std::unique_ptr<client::EtcdClient> Connect(Context& t, std::optional<int> member) {
  auto client = member ? t.cluster().StoreClientOf(*member) : t.cluster().StoreClient();
  if (!client.ok()) t.NotApplicable("no client of the store: " + client.status().message());
  return std::move(*client);
}

}  // namespace

StoreWatch::StoreWatch(Context& t, client::EtcdClient& client, client::EtcdWatchOptions options)
    : client_(client), options_(std::move(options)), resumes_(t.UnderFaults()), retry_(t.cluster().env()) {
  Open();
}

// One from now on begins at what was the present when it was opened, wherever it is opened again.
void StoreWatch::OnCreated(int64_t revision) {
  created_ = true;
  if (options_.start_revision == 0) options_.start_revision = revision + 1;
}

void StoreWatch::OnEvents(int64_t revision, const std::vector<EtcdEvent>& events) {
  std::set<int64_t> revisions;
  for (const EtcdEvent& event : events) revisions.insert(event.kv.mod_revision);
  for (int64_t r : revisions) ++pieces_[r];
  events_.insert(events_.end(), events.begin(), events.end());
  if (!events.empty()) options_.start_revision = std::max(options_.start_revision, events.back().kv.mod_revision + 1);
  if (!events.empty()) return;
  progress_ = revision;
  events_before_progress_ = events_.size();
}

void StoreWatch::OnEnd(const Status& reason, int64_t compact_revision) {
  if (resumes_ && compact_revision == 0) return retry_.Start(kRetryPause, [this] { Open(); });
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
Result<T> Store::Repeat(const std::function<void(Completion<Result<T>>)>& call) {
  const Time deadline = t_.cluster().env().Now() + kRepeatBudget;
  for (;;) {
    Result<T> result = Await<T>(call);
    if (!t_.UnderFaults() || result.ok() || !IsUnknown(result.status())) return result;
    if (t_.cluster().env().Now() >= deadline) return result;
    t_.Sleep(kRetryPause);
  }
}

template <typename T>
T Store::Must(Result<T> result, const std::string& what) {
  if (result.ok()) return std::move(*result);
  std::string text = what + ": " + result.status().ToString();
  if (IsUnknown(result.status()) && t_.UnderFaults()) t_.Inconclusive(text);
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
  if (!t_.UnderFaults()) return Must(TryPut(name, value, lease), "put " + name);
  // A put that is repeated would be a second write. With a guard it is done once.
  return WriteOnce({.key = Key(name), .expected_revision = VersionOf(name), .value = value, .lease = lease}).revision;
}

int64_t Store::Delete(const std::string& name, const std::string& end) {
  const int64_t version = t_.UnderFaults() && end.empty() ? VersionOf(name) : 0;
  if (version > 0) {
    return WriteOnce({.key = Key(name), .expected_revision = version, .value = std::nullopt}).revision;
  }
  std::string range_end = end.empty() ? "" : Key(end);
  return Must(Await<int64_t>([&](auto done) { client_->DeleteRange(Key(name), range_end, std::move(done)); }),
              "delete " + name);
}

client::EtcdWriteResult Store::Write(const std::string& name, int64_t expected, std::optional<std::string> value) {
  return WriteOnce({.key = Key(name), .expected_revision = expected, .value = std::move(value)});
}

client::EtcdWriteResult Store::WriteOnce(const client::EtcdGuardedWrite& write) {
  int calls = 0;
  auto result = Must(Repeat<client::EtcdWriteResult>([&](auto done) {
                       ++calls;
                       client_->Write(write, std::move(done));
                     }),
                     "write " + write.key);
  if (result.succeeded || calls == 1) return result;
  // The guard may have failed because an earlier try of ours was carried out: nobody else writes these keys.
  if (!write.value && !result.current) t_.Inconclusive("the revision of a deletion is not known: its answer was lost");
  const bool ours = write.value && result.current && result.current->mod_revision > write.expected_revision &&
                    result.current->value == *write.value;
  if (ours) return {.succeeded = true, .revision = result.current->mod_revision, .current = std::nullopt};
  return result;
}

int64_t Store::VersionOf(const std::string& name) {
  const auto now = Get(name);
  return now ? now->mod_revision : 0;
}

EtcdRangeResult Store::Range(const EtcdRange& range) {
  return Must(Repeat<EtcdRangeResult>([&](auto done) { client_->Range(range, std::move(done)); }),
              "range " + range.key);
}

std::optional<client::EtcdKeyValue> Store::Get(const std::string& name, int64_t revision) {
  EtcdRangeResult result = Range({.key = Key(name), .revision = revision});
  if (result.kvs.empty()) return std::nullopt;
  return result.kvs[0];
}

int64_t Store::Grant(int64_t ttl_seconds) {
  return Must(Repeat<int64_t>([&](auto done) { client_->LeaseGrant(ttl_seconds, std::move(done)); }), "grant a lease");
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
