// The versions of all keys in the order in which they were made, which is how etcd's backend holds them.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "reference/base/crc32c.h"
#include "reference/base/mutant.h"
#include "reference/store/errors.h"
#include "reference/store/mvcc.h"
#include "reference/store/mvcc_range.h"
#include "reference/store/proto_writer.h"

namespace kp::store {
namespace {

void AppendBigEndian(std::string& out, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
}

}  // namespace

std::string RevisionKey(const KeyValue& version) {
  std::string key;
  AppendBigEndian(key, static_cast<uint64_t>(version.mod_revision));
  key.push_back('_');
  AppendBigEndian(key, version.sub);
  if (version.tombstone()) key.push_back('t');
  return key;
}

std::string RevisionValue(const KeyValue& version) {
  ProtoWriter out;
  if (version.tombstone()) {
    out.Bytes(1, version.key);
  } else {
    out.Fields(version);
  }
  return out.Take();
}

std::vector<KeyValuePtr> Mvcc::Versions() const {
  std::vector<KeyValuePtr> versions;
  for (const auto& [key, history] : index_) versions.insert(versions.end(), history.begin(), history.end());
  std::sort(versions.begin(), versions.end(), [](const KeyValuePtr& a, const KeyValuePtr& b) {
    return std::pair(a->mod_revision, a->sub) < std::pair(b->mod_revision, b->sub);
  });
  return versions;
}

// etcd's own digest, so that a member of ours can be compared with one of etcd's: CRC-32C over the "key" bucket up
// to `revision`; what is not younger than the compaction counts only if it is still alive at `revision`.
// Source: mvcc/kvstore.go, hashByRev.
Result<uint32_t> Mvcc::HashKv(Revision revision) const {
  if (revision <= 0) {
    revision = revision_;
  } else if (revision <= compacted_) {
    return ErrorCompacted();
  }
  if (revision > revision_) return ErrorFutureRevision();
  std::set<const KeyValue*> alive;
  for (const auto& [key, history] : index_) {
    const KeyValuePtr* latest = VersionAt(history, revision);
    if (latest != nullptr && !(*latest)->tombstone()) alive.insert(latest->get());
  }
  uint32_t hash = Crc32c("key");
  for (const KeyValuePtr& version : Versions()) {
    if (version->mod_revision > revision) break;
    if (version->mod_revision <= compacted_ && !alive.empty() && !alive.contains(version.get())) continue;
    hash = Crc32c(RevisionKey(*version), hash);
    hash = Crc32c(RevisionValue(*version), hash);
  }
  return hash;
}

Result<Mvcc> Mvcc::FromVersions(const VersionedState& state) {
  Mvcc store;
  store.compacted_ = state.compacted;
  store.revision_ = std::max<Revision>({1, state.compacted, state.revision});
  for (const auto& [id, ttl] : state.leases) store.leases_[id].ttl = ttl;
  store.alarms_ = state.alarms;
  for (const KeyValuePtr& version : state.versions) {
    History& history = store.index_[version->key];
    if (!history.empty() && history.back()->mod_revision >= version->mod_revision) {
      return Status(Code::kDataLoss,
                    "backend: two versions of a key at revision " + std::to_string(version->mod_revision));
    }
    history.push_back(version);
    store.revision_ = std::max(store.revision_, version->mod_revision);
  }
  std::vector<std::string> keys;
  for (const auto& [key, history] : store.index_) {
    keys.push_back(key);
    for (const KeyValuePtr& version : history) store.size_bytes_ += Cost(*version);
    const KeyValue& latest = *history.back();
    if (latest.tombstone()) continue;
    store.live_bytes_ += Cost(latest);
    if (auto lease = store.leases_.find(latest.lease); lease != store.leases_.end()) lease->second.keys.insert(key);
  }
  // A compaction that its server did not finish is finished here.
  for (const std::string& key : keys) store.TrimHistory(key, store.compacted_);
  store.RebuildEvents();
  return store;
}

}  // namespace kp::store
