// The etcd v3 wire forms of the requests and answers. Decoding is protobuf's; answers are written field
// by field, so that a value goes from the store's one copy to the wire without one in between.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/store/requests.h"
#include "reference/store/watch_messages.h"

namespace kp::store {

struct ReplyHeader {
  uint64_t cluster = 0;
  uint64_t member = 0;
  Revision revision = 0;
  uint64_t term = 0;
};

struct LeaseTimeToLiveRequest {
  LeaseId id = 0;
  bool keys = false;
};

struct LeaseTimeToLiveResponse {
  LeaseId id = 0;
  int64_t ttl = -1;  // unknown lease
  int64_t granted_ttl = 0;
  std::vector<std::string> keys;
};

struct MemberDescription {
  uint64_t id = 0;
  std::string name;
  std::vector<std::string> peer_urls;
  std::vector<std::string> client_urls;
  bool learner = false;
  bool operator==(const MemberDescription&) const = default;
};

struct StatusResponse {
  std::string version;
  int64_t size = 0;
  int64_t size_in_use = 0;
  uint64_t leader = 0;
  uint64_t raft_index = 0;
  uint64_t raft_term = 0;
  uint64_t applied_index = 0;
  std::vector<std::string> errors;
  bool learner = false;
};

// Decode<RangeRequest>(bytes) and so on, for every request there is. kInternal "grpc: error
// unmarshalling request: ..." for bytes that are no such message, as stock servers word it.
template <typename Request>
Result<Request> Decode(std::string_view bytes);

std::string Encode(const ReplyHeader& header, const PlainResponse& response);
std::string Encode(const ReplyHeader& header, const RangeResponse& response);
// A part of an answer, whose header comes with the last one.
std::string EncodePart(const RangeResponse& response);
std::string Encode(const ReplyHeader& header, const PutResponse& response);
std::string Encode(const ReplyHeader& header, const DeleteRangeResponse& response);
std::string Encode(const ReplyHeader& header, const TxnResponse& response);
std::string Encode(const ReplyHeader& header, const LeaseGrantResponse& response);
std::string Encode(const ReplyHeader& header, const AlarmResponse& response);
std::string Encode(const ReplyHeader& header, const LeaseTimeToLiveResponse& response);
std::string Encode(const ReplyHeader& header, const StatusResponse& response);
std::string Encode(const ReplyHeader& header, const std::vector<MemberDescription>& members);
std::string EncodeLeases(const ReplyHeader& header, const std::vector<LeaseId>& leases);
std::string EncodeKeepAlive(const ReplyHeader& header, LeaseId id, int64_t ttl);
std::string EncodeHashKv(const ReplyHeader& header, uint32_t hash, Revision compacted);
std::string EncodeHash(const ReplyHeader& header, uint32_t hash);
// One message, or several fragments of at most about `max_bytes` when the watcher allows it.
std::vector<std::string> Encode(const ReplyHeader& header, const WatchReply& reply, size_t max_bytes);
// The same in two parts, the second of which all watchers of a batch share: its own fields, then the events.
std::string EncodeHead(const ReplyHeader& header, const WatchReply& reply);
std::shared_ptr<const std::string> EncodeEvents(const EventBatch& batch, bool prev_kv);

// Requests that a member makes itself, and those that it completes (a chosen lease id).
std::string EncodeRequest(const LeaseGrantRequest& request);
std::string EncodeRequest(const LeaseRevokeRequest& request);
std::string EncodeRequest(const CompactRequest& request);
std::string EncodeRequest(const AlarmRequest& request);
std::string EncodeRequest(const DeleteRangeRequest& request);
// Of ranges, puts and deletes under compares of creation.
std::string EncodeRequest(const TxnRequest& request);
// Our own layout: etcd's requests carry passwords.
std::string EncodeRequest(const AuthCommand& request);
Result<AuthCommand> DecodeAuthCommand(std::string_view bytes);

// A command as it stands in the log: its kind and the bytes of its request.
enum class CommandKind : uint8_t {
  kPut = 1,
  kDeleteRange = 2,
  kTxn = 3,
  kCompact = 4,
  kLeaseGrant = 5,
  kLeaseRevoke = 6,
  kAlarm = 7,
  kAuth = 16,
  kMembers = 24,  // EncodeMemberChange; for the member, not for the state machine
};
Result<Command> DecodeCommand(CommandKind kind, std::string_view bytes);

}  // namespace kp::store
