// Events for a TraceSink. Fields are read by a specification: their names and order are etcd's.
#include "reference/raft/node.h"

namespace kp::raft {
namespace {

std::string Quoted(uint64_t id) { return '"' + std::to_string(id) + '"'; }

std::string List(const std::set<NodeId>& ids) {
  std::string text;
  for (const NodeId id : ids) text += (text.empty() ? "" : ",") + Quoted(id);
  return '[' + text + ']';
}

// Null for what is not traced.
const char* EtcdType(MessageType type) {
  switch (type) {
    case MessageType::kAppend: return "MsgApp";
    case MessageType::kAppendReply: return "MsgAppResp";
    case MessageType::kHeartbeat: return "MsgHeartbeat";
    case MessageType::kHeartbeatReply: return "MsgHeartbeatResp";
    case MessageType::kVote: return "MsgVote";
    case MessageType::kVoteReply: return "MsgVoteResp";
    case MessageType::kSnapshot: return "MsgSnap";
    default: return nullptr;
  }
}

const char* EtcdEvent(MessageType type) {
  switch (type) {
    case MessageType::kVote: return "RequestVoteRequest";
    case MessageType::kVoteReply: return "RequestVoteResponse";
    case MessageType::kAppendReply:
    case MessageType::kHeartbeatReply: return "AppendEntriesResponse";
    default: return "AppendEntriesRequest";
  }
}

const char* EtcdRole(Role role) {
  switch (role) {
    case Role::kFollower: return "StateFollower";
    case Role::kPreCandidate: return "StatePreCandidate";
    case Role::kCandidate: return "StateCandidate";
    case Role::kLeader: return "StateLeader";
  }
  return "?";
}

const char* EtcdAction(ChangeType type) {
  switch (type) {
    case ChangeType::kAddVoter: return "AddNewServer";
    case ChangeType::kAddLearner: return "AddLearner";
    case ChangeType::kRemove: return "RemoveServer";
    case ChangeType::kUpdate: return nullptr;
  }
  return nullptr;
}

}  // namespace

// `more` are further fields of the event, each with a comma before it.
void Node::Trace(const std::string& name, const std::string& more) {
  if (options_.trace == nullptr) return;
  std::string text = R"({"tag":"trace","event":{"name":")" + name + R"(","nid":)" + Quoted(options_.id);
  text += R"(,"state":{"term":)" + std::to_string(term_ + 1) + R"(,"vote":)" + Quoted(vote_) + R"(,"commit":)" +
          std::to_string(log_.commit() + trace_shift_) + "}";
  text += R"(,"role":")" + std::string(EtcdRole(role_)) + R"(","log":)" + std::to_string(log_.last() + trace_shift_) +
          R"(,"applied":)" + std::to_string(log_.applied() + trace_shift_);
  text += R"(,"conf":[)" + List(configuration_.voters) + "," + List(configuration_.outgoing) + "]" + more + "}}";
  options_.trace->OnEvent(text);
}

// Member by member, as etcd applies its first entries.
void Node::TraceStart() {
  if (options_.trace == nullptr) return;
  if (log_.offset() == 0) trace_shift_ = configuration_.voters.size();
  Trace("InitState");
  const bool first_boot = term_ == 0 && log_.last() == 0;
  if (!first_boot) return;
  Configuration whole;
  std::swap(whole, configuration_);
  for (const NodeId id : whole.voters) {
    std::set<NodeId> next = configuration_.voters;
    next.insert(id);
    Trace("ApplyConfChange", R"(,"prop":{"cc":{"newconf":)" + List(next) + "}}");
    configuration_.voters = next;
  }
  configuration_ = std::move(whole);
  Trace("Bootstrap");
}

void Node::TraceMessage(const char* verb, const Message& message) {
  if (options_.trace == nullptr) return;
  const char* type = EtcdType(message.type);
  if (type == nullptr) return;
  const bool positions = message.type == MessageType::kAppend || message.type == MessageType::kVote;
  Index index = positions || message.type == MessageType::kAppendReply ? message.index + trace_shift_ : 0;
  size_t entries = message.entries.size();
  if (message.snapshot) entries = message.snapshot->meta.index + trace_shift_;
  const bool commits = message.type == MessageType::kAppend || message.type == MessageType::kHeartbeat;
  std::string more = R"(,"msg":{"type":")" + std::string(type) + R"(","term":)" + std::to_string(message.term + 1) +
                     R"(,"from":)" + Quoted(message.from) + R"(,"to":)" + Quoted(message.to) + R"(,"entries":)" +
                     std::to_string(entries);
  more += R"(,"logTerm":)" + std::to_string(positions ? message.log_term + 1 : 0) + R"(,"index":)" +
          std::to_string(index) + R"(,"commit":)" + std::to_string(commits ? message.commit + trace_shift_ : 0);
  more += R"(,"vote":"0","reject":)" + std::string(message.reject ? "true" : "false") + R"(,"rejectHint":)" +
          std::to_string(message.reject ? message.hint + trace_shift_ : 0) + "}";
  Trace(std::string(verb) + EtcdEvent(message.type), more);
}

void Node::TraceProposal(EntryType type, const Buffer& data) {
  if (options_.trace == nullptr) return;
  if (type == EntryType::kNormal) return Trace("Replicate");
  const auto change = DecodeChange(*data);
  std::string changes;
  for (const ChangeStep& step : change->steps) {
    const char* action = EtcdAction(step.type);
    if (action == nullptr) continue;
    changes += std::string(changes.empty() ? "" : ",") + R"({"nid":)" + Quoted(step.node) + R"(,"action":")" + action +
               R"("})";
  }
  if (!changes.empty()) Trace("ChangeConf", R"(,"prop":{"cc":{"changes":[)" + changes + "]}}");
}

void Node::TraceApplyChange(const Configuration& next) {
  if (options_.trace == nullptr) return;
  Trace("ApplyConfChange", R"(,"prop":{"cc":{"newconf":)" + List(next.voters) + "}}");
}

// In etcd a leader acknowledges its own appends by messages to itself.
void Node::TraceOwnAppend(const char* verb, Index index) {
  if (options_.trace == nullptr) return;
  TraceMessage(
      verb, {.type = MessageType::kAppendReply, .from = options_.id, .to = options_.id, .term = term_, .index = index});
}

}  // namespace kp::raft
