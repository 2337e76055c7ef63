#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>
#include <utility>

#include "reference/base/crc32c.h"
#include "reference/base/mutant.h"
#include "reference/base/random.h"
#include "reference/store/binary.h"
#include "reference/store/errors.h"
#include "reference/store/mvcc.h"

namespace kp::store {
namespace {

// Changed with every change of the layout below.
constexpr std::string_view kMagic = "kpmvcc1";

void Write(BinaryWriter& out, const KeyValue& kv) {
  out.Signed(kv.version);
  out.Signed(kv.mod_revision);
  out.Number(kv.sub);
  if (kv.tombstone()) return;
  out.Signed(kv.create_revision);
  out.Signed(kv.lease);
  out.Text(kv.value);
}

KeyValuePtr Read(BinaryReader& in, const std::string& key) {
  auto kv = std::make_shared<KeyValue>();
  kv->key = key;
  kv->version = in.Signed();
  kv->mod_revision = in.Signed();
  kv->sub = static_cast<uint32_t>(in.Number());
  if (kv->tombstone()) return kv;
  kv->create_revision = in.Signed();
  kv->lease = in.Signed();
  kv->value = in.Text();
  return kv;
}

Status Damaged(std::string_view what) { return {Code::kDataLoss, "snapshot: " + std::string(what)}; }

}  // namespace

// Attached keys are not written: the pairs name their lease.
Mvcc::Serializer::Serializer(const Mvcc& store)
    : store_(store), at_(store.revision_), next_(store.index_.begin()), keys_left_(store.index_.size()) {
  BinaryWriter out;
  out.bytes().append(kMagic);
  out.Signed(store.revision_);
  out.Signed(store.compacted_);
  out.Number(store.leases_.size());
  for (const auto& [id, lease] : store.leases_) {
    out.Signed(id);
    out.Signed(lease.ttl);
  }
  out.Number(store.alarms_.size());
  for (const AlarmMember& alarm : store.alarms_) {
    out.Number(alarm.member);
    out.Number(static_cast<uint64_t>(alarm.alarm));
  }
  out.Number(keys_left_);
  head_ = std::move(out.bytes());
}

bool Mvcc::Serializer::Next(size_t size, std::string& out) {
  BinaryWriter piece;
  piece.bytes() = std::move(out);
  const size_t begin = piece.bytes().size();
  piece.bytes().append(std::exchange(head_, ""));
  for (; keys_left_ > 0 && piece.bytes().size() - begin < size; ++next_) {
    const auto& [key, history] = *next_;
    if (history.front()->mod_revision > at_) continue;  // it has come since
    const auto end = std::upper_bound(history.begin(), history.end(), at_,
                                      [](Revision r, const KeyValuePtr& kv) { return r < kv->mod_revision; });
    piece.Text(key);
    piece.Number(static_cast<uint64_t>(end - history.begin()));
    for (auto kv = history.begin(); kv != end; ++kv) Write(piece, **kv);
    --keys_left_;
  }
  crc_ = Crc32c(std::string_view(piece.bytes()).substr(begin), crc_);
  if (keys_left_ == 0) piece.Number(crc_);
  out = std::move(piece.bytes());
  return keys_left_ == 0;
}

std::string Mvcc::Serialize() const {
  std::string out;
  out.reserve(static_cast<size_t>(size_bytes_) + 1024);
  Serializer(*this).Next(SIZE_MAX, out);
  return out;
}

Result<Mvcc> Mvcc::Restore(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) return Damaged("not a snapshot of this store");
  BinaryReader in(bytes.substr(kMagic.size()));
  Mvcc store;
  store.revision_ = in.Signed();
  store.compacted_ = in.Signed();
  for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) {
    const LeaseId id = in.Signed();
    store.leases_[id].ttl = in.Signed();
  }
  for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) {
    const uint64_t member = in.Number();
    store.alarms_.insert({member, static_cast<AlarmType>(in.Number())});
  }
  Revision versions = 0;
  for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) {
    const std::string key(in.Text());
    History history;
    Revision before = 0;
    for (uint64_t left_here = in.Number(); left_here > 0 && in.ok(); --left_here) {
      history.push_back(Read(in, key));
      const KeyValue& kv = *history.back();
      if (kv.mod_revision <= before || kv.mod_revision > store.revision_) return Damaged("a version out of order");
      before = kv.mod_revision;
      store.size_bytes_ += Cost(kv);
      ++versions;
    }
    if (history.empty()) return Damaged("a key without versions");
    const KeyValue& latest = *history.back();
    if (!latest.tombstone()) {
      store.live_bytes_ += Cost(latest);
      if (auto lease = store.leases_.find(latest.lease); lease != store.leases_.end()) lease->second.keys.insert(key);
    }
    store.index_.emplace_hint(store.index_.end(), key, std::move(history));
  }
  const uint64_t expected = Crc32c(bytes.substr(0, bytes.size() - in.rest().size()));
  if (in.Number() != expected || !in.AtEnd()) return Damaged("checksum does not match");
  // A revision is a change, so each since the compaction has left a version.
  if (store.revision_ < 1 || store.revision_ - std::max<Revision>(store.compacted_, 1) > versions) {
    return Damaged("revisions without changes");
  }
  store.RebuildEvents();
  return store;
}

// A restored member answers watches as the others do: the log is made again from the versions. Every revision since
// the compaction has events, so each has its place by number, and only those of one revision need sorting.
void Mvcc::RebuildEvents() {
  const Revision first = std::max<Revision>(compacted_, 1);
  std::vector<uint32_t> end(static_cast<size_t>(std::max<Revision>(revision_ - first, 0)) + 2);
  const auto slot = [&](const KeyValue& kv) { return static_cast<size_t>(kv.mod_revision - first); };
  for (const auto& [key, history] : index_) {
    for (const KeyValuePtr& kv : history) {
      if (kv->mod_revision >= first) ++end[slot(*kv) + 1];
    }
  }
  std::partial_sum(end.begin(), end.end(), end.begin());
  std::vector<uint32_t> next(end.begin(), end.end() - 1);
  std::vector<Event> events(end.back());
  for (const auto& [key, history] : index_) {
    for (size_t i = 0; i < history.size(); ++i) {
      if (history[i]->mod_revision < first) continue;
      const bool has_previous = i > 0 && !history[i - 1]->tombstone() && history[i]->mod_revision > compacted_;
      events[next[slot(*history[i])]++] = {history[i], has_previous ? history[i - 1] : nullptr};
    }
  }
  for (size_t i = 0; i + 1 < end.size(); ++i) {
    if (end[i + 1] - end[i] < 2) continue;
    std::sort(events.begin() + end[i], events.begin() + end[i + 1],
              [](const Event& a, const Event& b) { return a.kv->sub < b.kv->sub; });
  }
  events_.assign(std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
}

}  // namespace kp::store
