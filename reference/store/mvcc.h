// The state machine: every version of every key since the last compaction, the events that made them,
// leases with the keys attached to them, and alarms. Pure: same commands, same state, on every member.
//
// Values are stored once and shared by the index, the event log, replies and watchers.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/store/kv.h"
#include "reference/store/requests.h"

namespace kp::store {

struct LeaseRecord {
  int64_t ttl = 0;  // seconds, as granted
  std::set<std::string> keys;
  bool operator==(const LeaseRecord&) const = default;
};

// The state as a flat list, the form in which etcd's backend holds it.
struct VersionedState {
  Revision revision = 1;  // at least this
  Revision compacted = -1;
  std::vector<KeyValuePtr> versions;  // ascending by revision
  std::map<LeaseId, int64_t> leases;  // granted seconds
  std::set<AlarmMember> alarms;
};

// etcd's backend key of a version, "<8 bytes>_<8 bytes>" and a 't' for tombstones, and its value, a KeyValue message.
std::string RevisionKey(const KeyValue& version);
std::string RevisionValue(const KeyValue& version);

class Mvcc {
 public:
  // Carries out a command of the log. A command that fails or finds nothing to change leaves the state,
  // revision included, as it was.
  Result<Response> Apply(const Command& command);
  // The same; what a put holds moves into the store.
  Result<Response> Apply(Command&& command);

  // Reads. `request` has passed Validate.
  Result<RangeResponse> Range(const RangeRequest& request) const;
  Result<TxnResponse> ReadOnlyTxn(const TxnRequest& txn) const;

  Revision revision() const { return revision_; }
  // Revisions below this one are gone; -1 before the first compaction, as etcd reports it.
  Revision compacted() const { return compacted_; }

  // All events of revisions >= max(compacted, 1), ascending: the source of every watch.
  const std::deque<Event>& events() const { return events_; }
  // Position in events() of the first event of revision >= `from`.
  size_t EventsFrom(Revision from) const;

  const std::map<LeaseId, LeaseRecord>& leases() const { return leases_; }
  const std::set<AlarmMember>& alarms() const { return alarms_; }
  bool HasAlarm(AlarmType type) const;

  // All versions that compaction left, ascending by revision and place in it.
  std::vector<KeyValuePtr> Versions() const;
  // kDataLoss when a key has two versions at one revision.
  static Result<Mvcc> FromVersions(const VersionedState& state);

  // A digest of all versions up to `revision` (0: the current one) that compaction left; etcd's.
  Result<uint32_t> HashKv(Revision revision) const;
  // Bytes of keys and values held, all versions counted.
  int64_t size_bytes() const { return size_bytes_; }
  int64_t size_in_use_bytes() const { return live_bytes_; }
  size_t keys() const { return index_.size(); }

  std::string Serialize() const;
  class Serializer;
  // kDataLoss "snapshot: ..." when the bytes are not what Serialize made.
  static Result<Mvcc> Restore(std::string_view bytes);

  void CheckInvariants() const;

 private:
  // The versions of one key, ascending by mod_revision.
  using History = std::vector<KeyValuePtr>;
  using Index = std::map<std::string, History, std::less<>>;
  using Path = std::vector<bool>;
  class Writer;

  Result<Response> ApplyOne(const PutRequest& request);
  Result<Response> ApplyOne(const DeleteRangeRequest& request);
  Result<Response> ApplyOne(const TxnRequest& request);
  Result<Response> ApplyOne(const CompactRequest& request);
  Result<Response> ApplyOne(const LeaseGrantRequest& request);
  Result<Response> ApplyOne(const LeaseRevokeRequest& request);
  Result<Response> ApplyOne(const AlarmRequest& request);
  // Users and roles are kept beside this state, by Auth.
  Result<Response> ApplyOne(const AuthCommand&) { return Response(PlainResponse{revision_}); }

  // The version of a key as of `revision`; null when there was none.
  static const KeyValuePtr* VersionAt(const History& history, Revision revision);
  const KeyValuePtr* Latest(std::string_view key) const;
  template <typename Visit>
  void ForRange(const KeyRange& range, Revision revision, Visit visit) const;
  Status CheckRevision(Revision revision) const;
  RangeResponse DoRange(const RangeRequest& request) const;

  bool Holds(const Compare& compare) const;
  Status CheckPut(const PutRequest& put) const;
  void ChoosePath(const TxnRequest& txn, Path& path) const;
  Status CheckPath(const TxnRequest& txn, const Path& path, size_t& step) const;
  TxnResponse RunTxn(const TxnRequest& txn, const Path& path, size_t& step, Writer* writer) const;

  void DropEventsBelow(Revision revision);
  void TrimHistory(const std::string& key, Revision revision);
  void RebuildEvents();
  static int64_t Cost(const KeyValue& kv) { return static_cast<int64_t>(kv.key.size() + kv.value.size()) + 64; }

  friend class Serializer;

  Revision revision_ = 1;
  Revision compacted_ = -1;
  Index index_;
  std::deque<Event> events_;
  std::map<LeaseId, LeaseRecord> leases_;
  std::set<AlarmMember> alarms_;
  int64_t size_bytes_ = 0;
  int64_t live_bytes_ = 0;
};

// The state as it was when this was made, piece by piece, while the store goes on: versions never change, and newer
// ones are left out. A compaction, or a store that is replaced, ends it: then it must not be asked again.
class Mvcc::Serializer {
 public:
  explicit Serializer(const Mvcc& store);
  // Appends about `size` bytes. True: that was the last piece.
  bool Next(size_t size, std::string& out);

 private:
  const Mvcc& store_;
  const Revision at_;
  std::string head_;
  Index::const_iterator next_;
  size_t keys_left_;
  uint32_t crc_ = 0;
};

}  // namespace kp::store
