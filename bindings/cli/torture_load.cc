#include "bindings/cli/torture_load.h"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace kp::cli {
namespace {

constexpr std::string_view kPrefix = "torture/";

std::string KeyOf(int64_t number) {
  char key[32];
  std::snprintf(key, sizeof key, "torture/%010lld", static_cast<long long>(number));
  return key;
}

// The endpoints with another one first, so that all members get some of the load.
std::vector<std::string> Rotated(std::vector<std::string> endpoints, size_t by) {
  std::ranges::rotate(endpoints, endpoints.begin() + static_cast<std::ptrdiff_t>(by % endpoints.size()));
  return endpoints;
}

}  // namespace

class TortureLoad::Writer {
 public:
  Writer(TortureLoad& load, std::unique_ptr<client::EtcdClient> client)
      : load_(load), client_(std::move(client)), pause_(load.env_) {}

  void Next() {
    if (load_.paused_ || writing_) return;
    writing_ = true;
    ++load_.busy_;
    const std::string key = KeyOf(load_.next_key_++);
    client_->Put(key, "value of " + key, 0, alive_.Wrap([this, key](const Result<int64_t>& revision) {
      writing_ = false;
      --load_.busy_;
      if (revision.ok()) {
        load_.acknowledged_[key] = *revision;
        ++load_.acknowledged_total_;
        return Next();
      }
      ++load_.unknown_total_;
      pause_.Start(5ms, [this] { Next(); });
    }));
  }

 private:
  TortureLoad& load_;
  std::unique_ptr<client::EtcdClient> client_;
  runtime::Timer pause_;
  bool writing_ = false;
  Alive alive_;
};

// Goes on after each loss of its stream where it was.
class TortureLoad::Watcher : public client::EtcdWatchHandler {
 public:
  Watcher(TortureLoad& load, std::unique_ptr<client::EtcdClient> client)
      : load_(load), client_(std::move(client)), again_(load.env_) {}

  void Open() {
    watch_ = client_->Watch({.key = std::string(kPrefix),
                             .range_end = client::PrefixEnd(std::string(kPrefix)),
                             .start_revision = seen_ + 1},
                            this);
  }
  void OnEvents(int64_t, const std::vector<client::EtcdEvent>& events) override {
    for (const client::EtcdEvent& event : events) {
      if (event.is_delete) wrong_ = "a delete of " + event.kv.key + " that nobody asked for";
      if (event.kv.mod_revision <= seen_) {
        wrong_ = "revision " + std::to_string(event.kv.mod_revision) + " after " + std::to_string(seen_);
      }
      if (!events_.emplace(event.kv.key, event.kv.mod_revision).second) wrong_ = event.kv.key + " came twice";
      seen_ = std::max(seen_, event.kv.mod_revision);
      ++total_;
    }
  }
  void OnEnd(const Status& reason, int64_t compact_revision) override {
    if (compact_revision > 0) wrong_ = "compacted at " + std::to_string(compact_revision);
    (void)reason;
    again_.Start(10ms, [this] { Open(); });
  }

  const std::map<std::string, int64_t>& events() const { return events_; }
  const std::string& wrong() const { return wrong_; }
  void Forget() { events_.clear(); }
  int64_t total() const { return total_; }

 private:
  TortureLoad& load_;
  std::unique_ptr<client::EtcdClient> client_;
  runtime::Timer again_;
  std::map<std::string, int64_t> events_;  // of keys that are not judged yet
  int64_t seen_ = 1;
  int64_t total_ = 0;
  std::string wrong_;
  std::unique_ptr<client::EtcdWatch> watch_;
};

TortureLoad::TortureLoad(runtime::posix::PosixEnv& env, std::vector<std::string> endpoints, int writers, int watchers)
    : env_(env), endpoints_(std::move(endpoints)) {
  writers_.resize(static_cast<size_t>(writers));
  watchers_.resize(static_cast<size_t>(watchers));
}

TortureLoad::~TortureLoad() = default;

Status TortureLoad::Start() {
  const auto client = [this](size_t rotation) {
    return client::EtcdClient::Create(env_, {.endpoints = Rotated(endpoints_, rotation), .tls = {}, .timeout = 8s});
  };
  auto reader = client(0);
  if (!reader.ok()) return reader.status();
  reader_ = std::move(*reader);
  for (size_t i = 0; i < watchers_.size(); ++i) {
    auto made = client(i);
    if (!made.ok()) return made.status();
    watchers_[i] = std::make_unique<Watcher>(*this, std::move(*made));
    watchers_[i]->Open();
  }
  for (size_t i = 0; i < writers_.size(); ++i) {
    auto made = client(i);
    if (!made.ok()) return made.status();
    writers_[i] = std::make_unique<Writer>(*this, std::move(*made));
    writers_[i]->Next();
  }
  return {};
}

void TortureLoad::Resume() {
  paused_ = false;
  for (const auto& writer : writers_) writer->Next();
}

int64_t TortureLoad::events() const {
  int64_t total = 0;
  for (const auto& watcher : watchers_) total += watcher->total();
  return total;
}

// All keys since the last judgement.
Result<std::map<std::string, int64_t>> TortureLoad::ReadBack() {
  std::map<std::string, int64_t> found;
  std::string from = KeyOf(judged_from_);
  for (;;) {
    auto answer = std::make_shared<std::optional<Result<client::EtcdRangeResult>>>();
    reader_->Range({.key = from, .range_end = client::PrefixEnd(std::string(kPrefix)), .limit = 2000},
                   [answer](Result<client::EtcdRangeResult> result) { answer->emplace(std::move(result)); });
    if (!env_.RunUntil([&] { return answer->has_value(); }, 20s).ok()) {
      return Status(Code::kDeadlineExceeded, "no answer to a read");
    }
    if (!(*answer)->ok()) return (*answer)->status();
    for (const auto& kv : (**answer)->kvs) {
      found[kv.key] = kv.mod_revision;
      from = kv.key + '\0';
    }
    if (!(**answer)->more) return found;
  }
}

Result<std::string> TortureLoad::Judge() {
  auto found = ReadBack();
  if (!found.ok()) return found.status();
  for (const auto& [key, revision] : acknowledged_) {
    const auto there = found->find(key);
    if (there == found->end())
      return key + " was acknowledged at revision " + std::to_string(revision) + " and is lost";
    if (there->second != revision) {
      return key + " was acknowledged at revision " + std::to_string(revision) + " and is at " +
             std::to_string(there->second);
    }
  }
  for (size_t i = 0; i < watchers_.size(); ++i) {
    Watcher& watcher = *watchers_[i];
    const std::string name = "watcher " + std::to_string(i) + ": ";
    (void)env_.RunUntil([&] { return watcher.events().size() >= found->size() || !watcher.wrong().empty(); }, 20s);
    if (!watcher.wrong().empty()) return name + watcher.wrong();
    if (watcher.events() != *found) {
      return name + "saw " + std::to_string(watcher.events().size()) + " of " + std::to_string(found->size()) +
             " writes, or others";
    }
    watcher.Forget();
  }
  acknowledged_.clear();
  judged_from_ = next_key_;
  return std::string();
}

}  // namespace kp::cli
