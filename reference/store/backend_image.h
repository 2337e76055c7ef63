// The replicated state in etcd's backend form: a bbolt file with the buckets that etcd 3.4 has. A snapshot of ours
// restores into an etcd by its etcdctl, and one of etcd's into a member of ours.
// Source: etcd's mvcc/kvstore.go, lease/lessor.go, etcdserver/api/v3alarm, membership/store.go, auth/store.go.
#pragma once

#include <string>
#include <string_view>

#include "reference/base/status.h"
#include "reference/store/bolt_writer.h"
#include "reference/store/membership.h"
#include "reference/store/mvcc.h"

namespace kp::store {

struct BackendMeta {
  uint64_t consistent_index = 0;
  std::string cluster_version = "3.4.0";
};

// Holds the versions of `state` as they are now; later changes do not show.
BoltWriter WriteBackend(const Mvcc& state, const Membership& members, const BackendMeta& meta);

// The keys, leases and alarms of a backend. kDataLoss "bolt: ..." or "backend: ..." for a file that is none.
Result<VersionedState> ReadBackend(std::string_view file);

// The file without its checksum, if that is right: a snapshot ends with the SHA-256 of what is before it. A file of
// whole pages has none, as when it was copied from a data folder: kInvalidArgument, etcdctl's words.
enum class HashCheck : uint8_t { kRequired, kSkipped };
Result<std::string_view> CheckSnapshot(std::string_view file, HashCheck check);

}  // namespace kp::store
