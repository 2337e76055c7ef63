#include <algorithm>
#include <optional>

#include "reference/base/crc32c.h"
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
std::string Mvcc::Serialize() const {
  BinaryWriter out;
  out.bytes().reserve(static_cast<size_t>(size_bytes_) + 1024);
  out.bytes().append(kMagic);
  out.Signed(revision_);
  out.Signed(compacted_);
  out.Number(leases_.size());
  for (const auto& [id, lease] : leases_) {
    out.Signed(id);
    out.Signed(lease.ttl);
  }
  out.Number(alarms_.size());
  for (const AlarmMember& alarm : alarms_) {
    out.Number(alarm.member);
    out.Number(static_cast<uint64_t>(alarm.alarm));
  }
  out.Number(index_.size());
  for (const auto& [key, history] : index_) {
    out.Text(key);
    out.Number(history.size());
    for (const KeyValuePtr& kv : history) Write(out, *kv);
  }
  out.Number(Crc32c(out.bytes()));
  return std::move(out.bytes());
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
  for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) {
    const std::string key(in.Text());
    History history;
    for (uint64_t versions = in.Number(); versions > 0 && in.ok(); --versions) {
      history.push_back(Read(in, key));
      store.size_bytes_ += Cost(*history.back());
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
  store.RebuildEvents();
  return store;
}

// A restored member answers watches as the others do: the log is made again from the versions.
void Mvcc::RebuildEvents() {
  std::vector<Event> events;
  for (const auto& [key, history] : index_) {
    for (size_t i = 0; i < history.size(); ++i) {
      if (history[i]->mod_revision < compacted_) continue;
      const bool has_previous = i > 0 && !history[i - 1]->tombstone() && history[i]->mod_revision > compacted_;
      events.push_back({history[i], has_previous ? history[i - 1] : nullptr});
    }
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::pair(a.revision(), a.kv->sub) < std::pair(b.revision(), b.kv->sub);
  });
  events_.assign(events.begin(), events.end());
}

}  // namespace kp::store
