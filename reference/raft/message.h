// What members say to each other, and its bytes on the wire.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/base/status.h"
#include "reference/raft/types.h"

namespace kp::raft {

enum class MessageType : uint8_t {
  kPreVote = 1,
  kPreVoteReply = 2,
  kVote = 3,
  kVoteReply = 4,
  kAppend = 5,
  kAppendReply = 6,
  kHeartbeat = 7,
  kHeartbeatReply = 8,
  kSnapshot = 9,
  kTimeoutNow = 10,  // leader to its chosen successor: campaign at once
  kReadIndex = 11,   // follower to leader
  kReadIndexReply = 12,
  kPropose = 13,  // follower to leader, when forwarding is on
};
std::string_view MessageTypeName(MessageType type);

struct Message {
  MessageType type = MessageType::kHeartbeat;
  NodeId from = kNoNode;
  NodeId to = kNoNode;
  Term term = 0;  // 0 in kReadIndex and kPropose: they hold in any term

  // kAppend: the entry before `entries`. kVote, kPreVote: the candidate's last entry; there and in
  // the replies `commit` is the sender's, and `hint` the term of that entry.
  // kAppendReply: the last entry known equal; when rejected, the `index` of the refused kAppend,
  // and `hint` with `log_term` the best place to try next. kReadIndexReply: the index to wait for.
  Index index = 0;
  Term log_term = 0;
  Index hint = 0;
  Index commit = 0;
  bool reject = false;
  // kVote, kPreVote: part of a leader transfer, ignores the leader's lease. A rejecting kAppendReply:
  // the log will not do, since the sender knows no configuration; it needs a snapshot.
  bool forced = false;
  uint64_t context = 0;  // heartbeats: the read round; kReadIndex and its reply: the request
  std::vector<Entry> entries;
  std::optional<Snapshot> snapshot;

  bool operator==(const Message&) const = default;
  std::string ToString() const;
};

std::string EncodeMessage(const Message& message);
// kInvalidArgument "raft: malformed message: <what>" unless the bytes are exactly one sound message.
Result<Message> DecodeMessage(std::string_view bytes);

}  // namespace kp::raft
