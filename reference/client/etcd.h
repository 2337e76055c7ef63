// A client of the etcd v3 API, the part an apiserver needs. Works on the bundled store and on a stock
// etcd alike.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/base/completion.h"
#include "reference/runtime/env.h"
#include "reference/transport/grpc.h"
#include "reference/transport/secure.h"

namespace kp::client {

struct EtcdKeyValue {
  std::string key;
  std::string value;
  int64_t create_revision = 0;
  int64_t mod_revision = 0;
  int64_t version = 0;  // 1 after creation
  int64_t lease = 0;
};

struct EtcdRange {
  std::string key;
  std::string range_end;  // "": the one key
  int64_t limit = 0;      // 0: none
  int64_t revision = 0;   // 0: latest
  bool serializable = false;
  bool count_only = false;
  bool keys_only = false;
};

struct EtcdRangeResult {
  int64_t revision = 0;  // the store's, from the header
  std::vector<EtcdKeyValue> kvs;
  bool more = false;
  int64_t count = 0;  // matches, whatever the limit
};

// "if `key` has mod_revision == `expected` (0: absent) then put or delete, else read it".
struct EtcdGuardedWrite {
  std::string key;
  int64_t expected_revision = 0;
  std::optional<std::string> value;  // nothing: delete
  int64_t lease = 0;
};

struct EtcdWriteResult {
  bool succeeded = false;
  int64_t revision = 0;                 // of this write, when it succeeded
  std::optional<EtcdKeyValue> current;  // when it did not: the key as it is, if it is there
};

struct EtcdEvent {
  bool is_delete = false;
  EtcdKeyValue kv;                       // of a delete: key and mod_revision only
  std::optional<EtcdKeyValue> previous;  // with prev_kv, unless compacted
};

class EtcdWatchHandler {
 public:
  virtual ~EtcdWatchHandler() = default;
  virtual void OnCreated(int64_t revision) { (void)revision; }
  // Events of whole revisions, ascending. An empty list is a progress notice: all up to `revision` was sent.
  virtual void OnEvents(int64_t revision, const std::vector<EtcdEvent>& events) = 0;
  // The last call. kOutOfRange: compacted (`compact_revision` > 0); else the connection was lost.
  virtual void OnEnd(const Status& reason, int64_t compact_revision) = 0;
};

class EtcdWatch {
 public:
  virtual ~EtcdWatch() = default;  // cancels
  virtual void RequestProgress() = 0;
};

struct EtcdWatchOptions {
  std::string key;
  std::string range_end;
  int64_t start_revision = 0;  // 0: from now
  bool prev_kv = true;
  bool progress_notify = true;
};

struct EtcdClientOptions {
  std::vector<std::string> endpoints;  // "127.0.0.1:2379"
  transport::TlsOptions tls;
  Duration timeout = 10s;
};

// Errors are the server's code and text; kUnavailable and kDeadlineExceeded leave the outcome of a
// write unknown.
class EtcdClient {
 public:
  static Result<std::unique_ptr<EtcdClient>> Create(runtime::Env& env, const EtcdClientOptions& options);
  virtual ~EtcdClient() = default;
  virtual void Range(const EtcdRange& request, Completion<Result<EtcdRangeResult>> done) = 0;
  virtual void Write(const EtcdGuardedWrite& request, Completion<Result<EtcdWriteResult>> done) = 0;
  // Unconditional; revision of the write.
  virtual void Put(std::string key, std::string value, int64_t lease, Completion<Result<int64_t>> done) = 0;
  virtual void DeleteRange(std::string key, std::string range_end, Completion<Result<int64_t>> done) = 0;
  virtual std::unique_ptr<EtcdWatch> Watch(const EtcdWatchOptions& options, EtcdWatchHandler* handler) = 0;
  virtual void LeaseGrant(int64_t ttl_seconds, Completion<Result<int64_t>> done) = 0;  // the lease's id
  virtual void Compact(int64_t revision, Completion<Status> done) = 0;
  // For what is not above: any method of the API by its full name, messages as bytes.
  virtual transport::GrpcChannel& channel() = 0;
};

// The end of the range of all keys that start with `prefix`.
std::string PrefixEnd(std::string prefix);

}  // namespace kp::client
