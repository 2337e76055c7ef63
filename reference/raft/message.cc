#include "reference/raft/message.h"

#include "reference/raft/varint.h"

namespace kp::raft {
namespace {

constexpr uint8_t kReject = 1;
constexpr uint8_t kForced = 2;
constexpr uint8_t kHasSnapshot = 4;

constexpr bool CarriesEntries(MessageType type) {
  return type == MessageType::kAppend || type == MessageType::kPropose;
}

Status Malformed(std::string_view what) {
  return Status(Code::kInvalidArgument, "raft: malformed message: " + std::string(what));
}

// Entries of an append are numbered from message.index + 1, those of a proposal not at all, so
// that no number is sent twice.
Status ConsumeEntries(std::string_view& bytes, Message& message) {
  const auto count = ConsumeVarint(bytes);
  // Every entry takes three bytes or more, which bounds what a lying count can reserve.
  if (!count || *count > bytes.size() / 3) return Malformed("entry count");
  if (*count > 0 && !CarriesEntries(message.type)) return Malformed("entries in a message without");
  message.entries.reserve(*count);
  Term term = message.type == MessageType::kAppend ? message.log_term : 0;
  for (uint64_t i = 0; i < *count; ++i) {
    Entry entry;
    const auto entry_term = ConsumeVarint(bytes);
    if (!entry_term || *entry_term < term || *entry_term > message.term) return Malformed("entry term");
    term = entry.term = *entry_term;
    if (bytes.empty() || static_cast<unsigned char>(bytes[0]) > 1) return Malformed("entry type");
    entry.type = static_cast<EntryType>(bytes[0]);
    bytes.remove_prefix(1);
    const auto data = ConsumeBytes(bytes);
    if (!data) return Malformed("entry data");
    if (!data->empty()) entry.data = MakeBuffer(std::string(*data));
    if (message.type == MessageType::kAppend) {
      if (entry.term == 0) return Malformed("entry term");
      entry.index = message.index + 1 + i;
    }
    message.entries.push_back(std::move(entry));
  }
  return Status::Ok();
}

Status ConsumeSnapshot(std::string_view& bytes, Message& message) {
  Snapshot snapshot;
  const auto index = ConsumeVarint(bytes);
  if (!index || *index == 0) return Malformed("snapshot index");
  const auto term = ConsumeVarint(bytes);
  if (!term || *term == 0 || *term > message.term) return Malformed("snapshot term");
  auto configuration = ConsumeConfiguration(bytes);
  if (!configuration || configuration->voters.empty()) return Malformed("snapshot configuration");
  const auto data = ConsumeBytes(bytes);
  if (!data) return Malformed("snapshot data");
  message.snapshot = Snapshot{{*index, *term, std::move(*configuration)}, MakeBuffer(std::string(*data))};
  return Status::Ok();
}

}  // namespace

std::string_view MessageTypeName(MessageType type) {
  static constexpr std::string_view kNames[] = {
      "?",         "PreVote",        "PreVoteReply", "Vote",       "VoteReply", "Append",         "AppendReply",
      "Heartbeat", "HeartbeatReply", "Snapshot",     "TimeoutNow", "ReadIndex", "ReadIndexReply", "Propose"};
  return kNames[static_cast<size_t>(type)];
}

std::string Message::ToString() const {
  std::string text = std::to_string(from) + "->" + std::to_string(to) + " " + std::string(MessageTypeName(type)) +
                     " term=" + std::to_string(term) + " index=" + std::to_string(index) +
                     " log_term=" + std::to_string(log_term) + " commit=" + std::to_string(commit);
  if (reject) text += " reject hint=" + std::to_string(hint);
  if (context != 0) text += " context=" + std::to_string(context);
  if (!entries.empty()) text += " entries=" + std::to_string(entries.size());
  if (snapshot) text += " snapshot=" + std::to_string(snapshot->meta.index);
  return text;
}

std::string EncodeMessage(const Message& message) {
  std::string out;
  size_t size = 64;
  for (const Entry& entry : message.entries) size += entry.size() + 16;
  if (message.snapshot && message.snapshot->data) size += message.snapshot->data->size();
  out.reserve(size);
  out.push_back(static_cast<char>(message.type));
  out.push_back(static_cast<char>((message.reject ? kReject : 0) | (message.forced ? kForced : 0) |
                                  (message.snapshot ? kHasSnapshot : 0)));
  for (const uint64_t number : {message.from, message.to, message.term, message.index, message.log_term, message.hint,
                                message.commit, message.context}) {
    AppendVarint(out, number);
  }
  AppendVarint(out, message.entries.size());
  for (const Entry& entry : message.entries) {
    AppendVarint(out, entry.term);
    out.push_back(static_cast<char>(entry.type));
    AppendBytes(out, entry.bytes());
  }
  if (message.snapshot) {
    AppendVarint(out, message.snapshot->meta.index);
    AppendVarint(out, message.snapshot->meta.term);
    AppendConfiguration(out, message.snapshot->meta.configuration);
    AppendBytes(out, message.snapshot->data ? std::string_view(*message.snapshot->data) : std::string_view());
  }
  return out;
}

Result<Message> DecodeMessage(std::string_view bytes) {
  if (bytes.size() < 2) return Malformed("too short");
  const auto type = static_cast<unsigned char>(bytes[0]);
  const auto flags = static_cast<unsigned char>(bytes[1]);
  if (type == 0 || type > static_cast<unsigned char>(MessageType::kPropose)) return Malformed("type");
  if (flags & ~(kReject | kForced | kHasSnapshot)) return Malformed("flags");
  bytes.remove_prefix(2);
  Message message;
  message.type = static_cast<MessageType>(type);
  message.reject = flags & kReject;
  message.forced = flags & kForced;
  for (uint64_t* number : {&message.from, &message.to, &message.term, &message.index, &message.log_term, &message.hint,
                           &message.commit, &message.context}) {
    const auto value = ConsumeVarint(bytes);
    if (!value) return Malformed("number");
    *number = *value;
  }
  if (message.from == kNoNode || message.to == kNoNode) return Malformed("no sender or receiver");
  if ((message.index == 0) != (message.log_term == 0) && message.type == MessageType::kAppend) {
    return Malformed("log position");
  }
  if (Status status = ConsumeEntries(bytes, message); !status.ok()) return status;
  if (static_cast<bool>(flags & kHasSnapshot) != (message.type == MessageType::kSnapshot)) {
    return Malformed("snapshot");
  }
  if (flags & kHasSnapshot) {
    if (Status status = ConsumeSnapshot(bytes, message); !status.ok()) return status;
  }
  if (!bytes.empty()) return Malformed("trailing bytes");
  return message;
}

}  // namespace kp::raft
