// The requests of the etcd v3 API and their answers, as plain data: what the pure cores take and give.
// Meanings: https://etcd.io/docs/v3.4/learning/api/. Wire forms: codec.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reference/base/mutant.h"
#include "reference/store/kv.h"

namespace kp::store {

// [begin, end) of keys. Wire convention: end "" is the one key, "\0" everything from `key` on.
struct KeyRange {
  std::string begin;
  std::string end;
  bool unbounded = false;

  static KeyRange From(std::string_view key, std::string_view range_end) {
    if (range_end.empty()) {
      return {std::string(key), std::string(key) + (KP_MUTANT("store-one-key-means-its-prefix") ? '\x7f' : '\0'),
              false};
    }
    const bool unbounded = range_end.size() == 1 && range_end[0] == '\0';
    if (unbounded && !KP_MUTANT("store-ranges-have-an-end")) return {std::string(key), "", true};
    if (range_end < key && KP_MUTANT("store-swaps-reversed-ranges")) return From(range_end, key);
    return {std::string(key), std::string(range_end), false};
  }
  bool Contains(std::string_view key) const { return key >= begin && (unbounded || key < end); }
  bool empty() const { return !unbounded && begin >= end; }
};

struct RangeRequest {
  enum class Order : int { kNone = 0, kAscend = 1, kDescend = 2 };
  enum class Target : int { kKey = 0, kVersion = 1, kCreate = 2, kMod = 3, kValue = 4 };

  std::string key;
  std::string range_end;
  int64_t limit = 0;
  Revision revision = 0;
  Order order = Order::kNone;
  Target target = Target::kKey;
  bool serializable = false;
  bool keys_only = false;
  bool count_only = false;
  Revision min_mod_revision = 0;
  Revision max_mod_revision = 0;
  Revision min_create_revision = 0;
  Revision max_create_revision = 0;
};

// `revision` of an answer is the header's: the store's when the request was carried out.
struct RangeResponse {
  Revision revision = 0;
  std::vector<KeyValuePtr> kvs;
  bool keys_only = false;  // the encoder leaves the values out
  bool more = false;
  int64_t count = 0;
};

struct PutRequest {
  std::string key;
  std::string value;
  LeaseId lease = 0;
  bool prev_kv = false;
  bool ignore_value = false;
  bool ignore_lease = false;
};

struct PutResponse {
  Revision revision = 0;
  KeyValuePtr previous;
};

struct DeleteRangeRequest {
  std::string key;
  std::string range_end;
  bool prev_kv = false;
};

struct DeleteRangeResponse {
  Revision revision = 0;
  int64_t deleted = 0;
  std::vector<KeyValuePtr> previous;
};

struct Compare {
  enum class Result : int { kEqual = 0, kGreater = 1, kLess = 2, kNotEqual = 3 };
  enum class Target : int { kVersion = 0, kCreate = 1, kMod = 2, kValue = 3, kLease = 4 };

  Result result = Result::kEqual;
  Target target = Target::kVersion;
  std::string key;
  std::string range_end;
  int64_t number = 0;  // of all targets but kValue
  std::string value;
};

struct TxnRequest;
// monostate: a union that was left unset on the wire; such a request is refused.
using RequestOp =
    std::variant<std::monostate, RangeRequest, PutRequest, DeleteRangeRequest, std::shared_ptr<const TxnRequest>>;

struct TxnRequest {
  std::vector<Compare> compares;
  std::vector<RequestOp> success;
  std::vector<RequestOp> failure;
};

struct TxnResponse;
using ResponseOp = std::variant<RangeResponse, PutResponse, DeleteRangeResponse, std::shared_ptr<const TxnResponse>>;

struct TxnResponse {
  Revision revision = 0;
  bool succeeded = false;
  std::vector<ResponseOp> responses;
};

struct CompactRequest {
  Revision revision = 0;
  bool physical = false;  // our compaction is always physical when it is answered
};

struct LeaseGrantRequest {
  LeaseId id = 0;
  int64_t ttl = 0;  // seconds
};

struct LeaseRevokeRequest {
  LeaseId id = 0;
};

enum class AlarmType : int { kNone = 0, kNoSpace = 1, kCorrupt = 2 };

struct AlarmRequest {
  enum class Action : int { kGet = 0, kActivate = 1, kDeactivate = 2 };
  Action action = Action::kGet;
  uint64_t member = 0;
  AlarmType alarm = AlarmType::kNone;
};

struct AlarmMember {
  uint64_t member = 0;
  AlarmType alarm = AlarmType::kNone;
  auto operator<=>(const AlarmMember&) const = default;
};

struct Permission {
  enum class Type : int { kRead = 0, kWrite = 1, kReadWrite = 2 };
  Type type = Type::kRead;
  std::string key;
  std::string range_end;
};

// A change of users and roles, or a token given out. Passwords come as their hashes: the log never sees one.
struct AuthCommand {
  enum class Verb : uint8_t {
    kEnable = 1,
    kDisable = 2,
    kAuthenticate = 3,
    kUserAdd = 4,
    kUserDelete = 5,
    kUserChangePassword = 6,
    kUserGrantRole = 7,
    kUserRevokeRole = 8,
    kRoleAdd = 9,
    kRoleDelete = 10,
    kRoleGrantPermission = 11,
    kRoleRevokePermission = 12,
  };
  Verb verb = Verb::kEnable;
  std::string user;
  std::string password_hash;
  std::string role;
  Permission permission;
  std::string token;           // of kAuthenticate
  uint64_t auth_revision = 0;  // of kAuthenticate: when the password was looked at
};

// The answer of Compact, LeaseGrant, LeaseRevoke: the header says it all.
struct PlainResponse {
  Revision revision = 0;
};

struct LeaseGrantResponse {
  Revision revision = 0;
  LeaseId id = 0;
  int64_t ttl = 0;
};

struct AlarmResponse {
  Revision revision = 0;
  std::vector<AlarmMember> alarms;
};

// What goes through the log. Everything that changes the state machine is one of these.
using Command = std::variant<PutRequest, DeleteRangeRequest, TxnRequest, CompactRequest, LeaseGrantRequest,
                             LeaseRevokeRequest, AlarmRequest, AuthCommand>;
using Response = std::variant<PlainResponse, RangeResponse, PutResponse, DeleteRangeResponse, TxnResponse,
                              LeaseGrantResponse, AlarmResponse>;

}  // namespace kp::store
