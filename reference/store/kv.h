// What the store keeps: versions of keys, and the events that made them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace kp::store {

// Counts the store's mutating requests, from 1 (the empty store). Signed as on the wire, where 0 asks
// for the latest.
using Revision = int64_t;
using LeaseId = int64_t;  // 0: none

// One version of a key. Shared by the index, the event log and every reply, never changed.
// version 0 marks a tombstone: it then holds the key and mod_revision only.
struct KeyValue {
  std::string key;
  std::string value;
  Revision create_revision = 0;
  Revision mod_revision = 0;
  int64_t version = 0;  // 1 after creation
  LeaseId lease = 0;
  // Place among the changes of its revision; not on the wire.
  uint32_t sub = 0;

  bool tombstone() const { return version == 0; }
  bool operator==(const KeyValue&) const = default;
};
using KeyValuePtr = std::shared_ptr<const KeyValue>;

struct Event {
  KeyValuePtr kv;
  KeyValuePtr previous;  // null: created by this event, or compacted away

  bool is_delete() const { return kv->tombstone(); }
  Revision revision() const { return kv->mod_revision; }
};

}  // namespace kp::store
