// The walk over versions that ranges, compares and deletes share. Internal to Mvcc.
#pragma once

#include <algorithm>

#include "reference/store/mvcc.h"

namespace kp::store {

inline const KeyValuePtr* Mvcc::VersionAt(const History& history, Revision revision) {
  if (history.back()->mod_revision <= revision) return history.back()->tombstone() ? nullptr : &history.back();
  auto after = std::upper_bound(history.begin(), history.end(), revision,
                                [](Revision r, const KeyValuePtr& kv) { return r < kv->mod_revision; });
  if (after == history.begin()) return nullptr;
  const KeyValuePtr& version = *(after - 1);
  return version->tombstone() ? nullptr : &version;
}

// Calls visit(KeyValuePtr) for every key of the range that was there at `revision`, in key order.
template <typename Visit>
void Mvcc::ForRange(const KeyRange& range, Revision revision, Visit visit) const {
  if (range.empty()) return;
  auto end = range.unbounded ? index_.end() : index_.lower_bound(range.end);
  for (auto entry = index_.lower_bound(range.begin); entry != end; ++entry) {
    if (const KeyValuePtr* kv = VersionAt(entry->second, revision)) visit(*kv);
  }
}

}  // namespace kp::store
